# Sends signals to process 1 that seem to come from outside of the sandbox. They must mean nothing.
#
# with: calls full_signal_queue
# verdict: ok
# output: "alive 1\n"
# gvisor verdict: ok or signalled or timeout
# gvisor exit code: any
# gvisor output: any
# gvisor note: any
# gvisor output may be lost: yes

import time

for n in range(1, 65):
    for _ in range(3):
        call(234, 1, 1, n)
        call(62, 1, n)
        call(200, 1, n)
time.sleep(0.5)
print("alive", os.getppid())
