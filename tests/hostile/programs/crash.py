# Crashes, and a child of it too. Neither may leave a core file.
#
# verdict: signalled
# exit code: 134
# output: "6 False ['program.py']\n"
# gvisor: the same

import os, signal

if os.fork() == 0:
    os.abort()
_, status = os.wait()
print(
    os.WTERMSIG(status),
    os.WCOREDUMP(status),
    sorted((n for f in ("/sandbox", "/tmp", "/dev/shm") for n in os.listdir(f))),
)
os.abort()
