# Sends signals to process 1 while its queue of signals is full. Under gVisor a program can end its own
# sandbox in this way.
#
# with: calls full_signal_queue
# verdict: ok
# output: "alive\n"
# gvisor verdict: signalled
# gvisor exit code: 137
# gvisor output: ""
# gvisor note: under gVisor a program can end it

import time

for n in (9, 15, 19, 11):
    call(62, 1, n)
    call(234, 1, 1, n)
time.sleep(0.3)
print("alive")
