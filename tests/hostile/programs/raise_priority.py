# Tries to run before others: priority, real-time policy, real-time input and output (ioprio_set). It prints
# what was possible.
#
# with: calls
# verdict: ok
# output: "EPERM\n"

for name, what in (
    ("nice", lambda: os.nice(-5)),
    ("fifo", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
):
    try:
        what()
        print(name)
    except OSError:
        pass
print(call(251, 1, 0, 1 << 13))
