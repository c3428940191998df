# Leaves something in every place that another sandbox might share: files, an abstract socket, a port, shared memory.

import ctypes, os, socket, time

open("/tmp/secret", "w").write("x")
open("/dev/shm/secret", "w").write("x")
abstract = socket.socket(socket.AF_UNIX)
abstract.bind("\0secret")
abstract.listen()
tcp = socket.create_server(("0.0.0.0", 9999))
ctypes.CDLL(None).shmget(0x5EC2E7, 4096, 0o1666)
print("up", flush=True)
time.sleep(30)
