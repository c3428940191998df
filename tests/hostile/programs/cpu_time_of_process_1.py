# Tries to have process 1 killed by its limit of CPU time.
#
# verdict: ok
# output: ""

import resource, time

try:
    resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))
    print("done")
except PermissionError:
    pass
time.sleep(1)
