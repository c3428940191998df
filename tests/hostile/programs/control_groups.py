# Tries to write to control groups and to make one. It prints what was possible.
#
# verdict: ok
# output: ""
# gvisor: the same

import os

root = "/sys/fs/cgroup"
for top, folders, files in os.walk(root):
    for name in files:
        try:
            os.close(os.open(top + "/" + name, os.O_WRONLY))
            print("writable", name)
        except OSError:
            pass
    try:
        os.mkdir(top + "/mine")
        print("made", top)
    except OSError:
        pass
