# Tries to set each limit of process 1, with each spelling of its number. `done` lists what was possible.
done = []
zero = (ctypes.c_ulong * 2)(0, 0)
for which in range(16):
    for one in (1, 1 | 1 << 32, 1 | 0xDEADBEEF << 32):
        if call(302, ctypes.c_ulong(one), which, ctypes.byref(zero), None) != "EPERM":
            done.append((which, hex(one)))
