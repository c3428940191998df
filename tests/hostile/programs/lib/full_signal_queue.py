# Fills the queue of signals that the kernel grants to a user. One more signal then has no sender, as if it came from outside.
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
while libc.sigqueue(os.getpid(), int(signal.SIGRTMIN), None) == 0:
    pass
