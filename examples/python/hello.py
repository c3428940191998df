"""Says where it runs and what it can't reach. Try: dind-executor run examples/python/hello.py -- your name"""
import os
import platform
import socket
import sys

print(f"Hello, {' '.join(sys.argv[1:]) or 'sandbox'}!")
print(f"Python {platform.python_version()} on {platform.machine()}, in {os.getcwd()}, as user {os.getuid()}")

interfaces = [name for _, name in socket.if_nameindex() if name != "lo"]
print(f"network: {', '.join(interfaces) or 'none (only loopback)'}")

try:
    open("/etc/hello", "w").close()
    print("root file system: writable")
except OSError as error:
    print(f"root file system: {error.strerror.lower()}")
