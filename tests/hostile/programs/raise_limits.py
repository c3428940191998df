# Tries to raise its own limits. It prints what was possible.
#
# verdict: ok
# output: ""
# gvisor: the same

import resource

for name in ("CORE", "NOFILE", "FSIZE"):
    which = getattr(resource, "RLIMIT_" + name)
    try:
        resource.setrlimit(which, (1 << 30, 1 << 30))
        print("raised", name)
    except (ValueError, PermissionError):
        pass
