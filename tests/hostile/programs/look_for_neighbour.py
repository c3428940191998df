# Looks for what neighbour.py leaves in another sandbox, and counts the processes. It prints what it finds.

import ctypes, os, socket

for where in ("/tmp", "/dev/shm", "/sandbox"):
    print(sorted(os.listdir(where)))
for family, at in ((socket.AF_UNIX, "\0secret"), (socket.AF_INET, ("127.0.0.1", 9999))):
    try:
        s = socket.socket(family)
        s.settimeout(0.5)
        s.connect(at)
        print("reached", at)
    except OSError:
        pass
print(ctypes.CDLL(None).shmget(0x5EC2E7, 4096, 0o666), len([p for p in os.listdir("/proc") if p.isdigit()]))
