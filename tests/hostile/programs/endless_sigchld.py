# Tells process 1 without end that a child has ended. The timeout must hold.
#
# options: --timeout 2 --cpus 2
# verdict: timeout
# exit code: 124
# output: ""
# measures time: yes
# gvisor: the same

import os, signal, time

for _ in range(6):
    if os.fork() == 0:
        while True:
            os.kill(1, signal.SIGCHLD)
while True:
    time.sleep(1)
