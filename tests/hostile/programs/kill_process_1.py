# Sends signals to process 1. Under gVisor a program can end its own sandbox in this way.
#
# verdict: ok
# output: "alive 1\n"
# gvisor verdict: signalled
# gvisor exit code: 137
# gvisor output: ""
# gvisor note: under gVisor a program can end it

import os, signal, time

for n in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGSEGV, signal.SIGHUP):
    try:
        os.kill(1, n)
    except PermissionError:
        pass
print("alive", os.getppid())
