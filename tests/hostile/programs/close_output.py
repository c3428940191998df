# Closes stdin, stdout and stderr, and goes on without end.
#
# options: --timeout 1
# verdict: timeout
# exit code: 124
# output: ""
# gvisor options: --timeout 3

import os, time

for fd in range(3):
    os.close(fd)
while True:
    time.sleep(1)
