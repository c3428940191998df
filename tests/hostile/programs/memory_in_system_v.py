# Fills shared memory of System V. It must count as memory.
#
# with: libc
# options: --memory 64m
# verdict: out_of_memory
# exit code: 137

libc.shmat.restype = ctypes.c_void_p
while True:
    at = libc.shmat(libc.shmget(0, 16 << 20, 0o1600), None, 0)
    ctypes.memset(at, 1, 16 << 20)
