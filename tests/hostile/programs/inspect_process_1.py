# Tries to read and to write the files of process 1 in /proc. It prints what was possible.
#
# verdict: ok
# output: ""

import os

for what in (
    "mem",
    "fd",
    "fd/0",
    "fd/1",
    "environ",
    "maps",
    "root",
    "cwd",
    "exe",
    "auxv",
    "syscall",
    "stack",
    "io",
    "pagemap",
    "ns/net",
    "map_files",
    "task/1/mem",
):
    path = "/proc/1/" + what
    try:
        if os.path.isdir(path):
            os.listdir(path)
        else:
            os.close(os.open(path, os.O_RDONLY))
        print("reached", what)
    except OSError:
        pass
for what in (
    "mem",
    "oom_score_adj",
    "comm",
    "clear_refs",
    "coredump_filter",
    "timerslack_ns",
    "attr/current",
):
    try:
        os.write(os.open("/proc/1/" + what, os.O_WRONLY), b"1")
        print("wrote", what)
    except OSError:
        pass
