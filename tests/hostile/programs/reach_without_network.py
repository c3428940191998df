# Tries what a sandbox without a network must not have: interfaces, connections to the addresses in TARGETS, sockets of engines,
# names, and raw sockets. It prints what was possible. The test puts TARGETS in front.

import os, socket

print(os.listdir("/sys/class/net"))
for target in TARGETS:
    try:
        socket.create_connection(target, 0.3)
        print("reached", target)
    except OSError:
        pass
for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"):
    if os.path.exists(path):
        print("there is", path)
try:
    socket.getaddrinfo("example.com", 80)
    print("resolved")
except OSError:
    pass
try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    print("raw")
except OSError:
    pass
