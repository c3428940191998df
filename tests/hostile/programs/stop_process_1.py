# Stops process 1 and runs without end. The timeout must hold.
#
# options: --timeout 1
# verdict: timeout
# exit code: 124
# output: ""
# gvisor options: --timeout 3

import os, signal, time

os.kill(1, signal.SIGSTOP)
while True:
    time.sleep(1)
