# Sets limits, priority, policy and processors of itself and of a child. All of this must work.
#
# verdict: ok
# output: "(0, 0) 6 3\n"

import os, resource

child = os.fork()
if child == 0:
    import time

    time.sleep(50)
for who in (0, os.getpid(), child):
    resource.prlimit(who, resource.RLIMIT_NOFILE, (64, 64))
    os.sched_setaffinity(who, os.sched_getaffinity(0))
    os.sched_setscheduler(who, os.SCHED_BATCH, os.sched_param(0))
    os.setpriority(os.PRIO_PROCESS, who, 5)
os.setpriority(os.PRIO_PGRP, 0, 6)
print(
    resource.prlimit(1, resource.RLIMIT_CORE),
    os.getpriority(os.PRIO_PROCESS, child),
    os.sched_getscheduler(child),
)
