# Tries to change the volume that has the supervisor. It prints what was possible.
#
# verdict: ok
# output: ""
# gvisor: the same

import os

for what in (
    lambda: open("/.dind/new", "w"),
    lambda: os.remove("/.dind/supervisor"),
    lambda: os.rename("/.dind", "/tmp/x"),
    lambda: open("/.dind/supervisor", "r+b"),
):
    try:
        what()
        print("done")
    except OSError:
        pass
