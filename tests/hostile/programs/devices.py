# Tries to open and to make devices. It prints what was possible. Under gVisor two devices are gVisor's own:
# they lead to no file system and no network.
#
# verdict: ok
# output: ""
# gvisor output: "opened /dev/fuse\nopened /dev/net/tun\n"

import os

for path in (
    "/dev/mem",
    "/dev/kmem",
    "/dev/port",
    "/dev/kmsg",
    "/dev/sda",
    "/dev/vda",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/net/tun",
    "/dev/loop0",
    "/dev/mapper/control",
):
    try:
        os.close(os.open(path, os.O_RDWR))
        print("opened", path)
    except OSError:
        pass
for kind, number in ((0o60000, (8, 0)), (0o20000, (1, 1))):
    try:
        os.mknod("/tmp/node", kind | 0o666, os.makedev(*number))
        os.open("/tmp/node", os.O_RDWR)
        print("made", number)
    except OSError:
        pass
