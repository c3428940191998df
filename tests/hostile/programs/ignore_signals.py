# Ignores every signal that can be ignored, and runs without end.
#
# options: --timeout 1
# verdict: timeout
# exit code: 124
# output: ""
# gvisor options: --timeout 3

import signal, time

for n in range(1, 65):
    try:
        signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    time.sleep(1)
