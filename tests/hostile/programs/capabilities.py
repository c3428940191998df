# Prints its capabilities, whether it can get new ones, the seccomp mode, and its user and group.
#
# verdict: ok
# output: "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 1 2 True 65534\n"

import os

status = dict((l.split(":\t", 1) for l in open("/proc/self/status").read().splitlines() if ":\t" in l))
print(
    *(status[k] for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")),
    os.getuid() >= 2_000_000_000,
    os.getgid(),
)
