# Sends signals to process 1 with all that a sender may add. They must mean nothing.
#
# with: calls full_signal_queue
# verdict: ok
# output: "alive 1\n"
# gvisor verdict: ok or signalled or timeout
# gvisor exit code: any
# gvisor output: any
# gvisor output may be lost: yes

import time

child = call(434, 1, 0)
for code in (-1, -2, -6, -60):
    for n in range(1, 65):
        info = (ctypes.c_int * 32)(n, 0, code)
        call(129, 1, n, info)
        call(297, 1, 1, n, info)
        call(424, child, n, info, 0)
        call(424, child, n, None, 0)
time.sleep(0.5)
print("alive", os.getppid())
