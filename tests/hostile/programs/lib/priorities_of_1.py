# Tries to lower the priority of process 1 and to change its policy and processors. With the lowest of each, it would hardly
# run beside a program that takes all it can get. `done` lists what was possible.
param = (ctypes.c_int * 1)(0)
mask = (ctypes.c_ulong * 16)(1)
attributes = (ctypes.c_uint * 12)(48, 5)
HIGH = 0xDEADBEEF << 32
done = []
for one in (1, 1 | 1 << 32, 1 | HIGH):
    one = ctypes.c_ulong(one)
    for name, answer in (
        ("setpriority", call(141, 0, one, 19)),
        ("setpriority of a group", call(141, 1, one, 19)),
        ("sched_setscheduler", call(144, one, 5, param)),
        ("sched_setparam", call(142, one, param)),
        ("sched_setaffinity", call(203, one, 128, mask)),
        ("sched_setattr", call(314, one, attributes, 0)),
        ("ioprio_set", call(251, 1, one, 3 << 13)),
    ):
        if answer != "EPERM":
            done.append((name, hex(one.value), answer))
for who in (0, os.getuid()):
    for name, answer in (
        ("setpriority of a user", call(141, 2, who, 19)),
        ("the same", call(141, ctypes.c_ulong(2 | HIGH), who, 19)),
        ("ioprio_set of a user", call(251, 3, who, 3 << 13)),
    ):
        if answer != "EPERM":
            done.append((name, who, answer))
