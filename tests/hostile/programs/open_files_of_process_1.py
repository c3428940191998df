# Tries to freeze process 1 by its limit of open files, then runs without end.
#
# options: --timeout 2
# verdict: timeout
# exit code: 124
# output: ""
# gvisor verdict: ok or signalled or timeout
# gvisor exit code: any
# gvisor output: any
# gvisor output may be lost: yes

import resource, time

for limit in (0, 1, 3, 7):
    try:
        resource.prlimit(1, resource.RLIMIT_NOFILE, (limit, limit))
        print("done")
    except PermissionError:
        pass
while True:
    time.sleep(1)
