# Tries to open every file of /proc and /sys for writing. /proc/pressure may be opened: a write there only
# asks for a notice of the own waiting.
#
# verdict: ok
# output matches: ^(/proc/pressure/(io|cpu|memory)\n)*$
# gvisor: the same

import os, stat

for root in ("/proc", "/sys"):
    for top, folders, files in os.walk(root):
        if top == "/proc":
            folders[:] = [f for f in folders if not f.isdigit() and f not in ("self", "thread-self")]
        for name in files:
            path = top + "/" + name
            try:
                fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                if not stat.S_ISCHR(os.fstat(fd).st_mode):
                    print(path)
                os.close(fd)
            except OSError:
                pass
