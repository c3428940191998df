# A child takes memory without end. The kernel ends the child, and the program's own end counts. gVisor has
# one kernel for all processes: there the program ends with the child.
#
# options: --memory 64m
# verdict: ok
# output: "9\n"
# result: {"oomSeen": true}
# gvisor options: --memory 128m
# gvisor verdict: out_of_memory
# gvisor output: ""

import os

if os.fork() == 0:
    b = []
    while True:
        b.append(bytearray(8_000_000))
_, status = os.wait()
print(os.WTERMSIG(status))
