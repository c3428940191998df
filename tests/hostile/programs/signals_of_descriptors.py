# Makes process 1 the owner of a descriptor, so that the kernel sends signals for it. They must mean
# nothing.
#
# with: calls full_signal_queue
# verdict: ok
# output: "alive 1\n"
# gvisor verdict: ok or signalled or timeout
# gvisor exit code: any
# gvisor output: any
# gvisor output may be lost: yes

import fcntl, socket, time

a, b = socket.socketpair()
fcntl.fcntl(a, fcntl.F_SETOWN, 1)
fcntl.fcntl(a, fcntl.F_SETFL, fcntl.fcntl(a, fcntl.F_GETFL) | os.O_ASYNC)
for n in range(0, 65):
    fcntl.fcntl(a, 10, n)
    for _ in range(3):
        b.send(b"x")
        a.recv(1)
time.sleep(0.5)
print("alive", os.getppid())
