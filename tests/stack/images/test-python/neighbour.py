"""Runs in a container beside the stack's engine: addresses that no real network gets a packet for, and a listener that says who came."""
import contextlib
import socket
import subprocess
import sys

for address in sys.argv[1:]:
    subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
server = socket.create_server(("0.0.0.0", 80), backlog=64)
print("ready", flush=True)
while True:
    connection, peer = server.accept()
    print("accepted", peer[0], "for", connection.getsockname()[0], flush=True)
    connection.settimeout(1)
    with contextlib.suppress(OSError):
        connection.recv(65536)  # one that is closed with a request unread is reset
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhere\n")
    connection.close()
