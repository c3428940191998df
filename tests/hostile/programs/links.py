# Makes links to files of others, and tries to write or to change them through the links. It prints what was
# possible.
#
# verdict: ok
# output: ""
# gvisor: the same

import os

for make in (os.link, os.symlink):
    for target in ("/.dind/supervisor", "/etc/passwd", "/proc/1/root/etc/shadow", "/bin/sh"):
        name = "/tmp/" + make.__name__ + target.replace("/", "-")
        try:
            make(target, name)
        except OSError:
            continue
        try:
            os.close(os.open(name, os.O_WRONLY))
            print("opened", make.__name__, target)
        except OSError:
            pass
        try:
            os.chmod(name, 0o4777)
            print("changed", make.__name__, target)
        except OSError:
            pass
