# Changes the flags and the size of the pipes that process 1 reads and writes. The timeout must hold.
#
# options: --timeout 2
# verdict: timeout
# exit code: 124
# output: ""

import fcntl, os, time

for fd in (0, 1, 2):
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        try:
            other = os.open(f"/proc/self/fd/{fd}", flags | os.O_NONBLOCK)
        except OSError:
            continue
        for setting in (0, os.O_NONBLOCK, os.O_DIRECT, os.O_ASYNC):
            try:
                fcntl.fcntl(other, fcntl.F_SETFL, setting)
            except OSError:
                pass
        try:
            fcntl.fcntl(other, 1031, 4096)
        except OSError:
            pass
while True:
    time.sleep(1)
