# Tries to read the memory and the folders of process 1 under gVisor. It prints what was possible.
#
# verdict: ok
# output: ""
# gvisor: only

import os

for what in ("mem", "root", "cwd", "exe", "task/1/mem"):
    try:
        os.close(os.open("/proc/1/" + what, os.O_RDONLY))
        print("reached", what)
    except OSError:
        pass
