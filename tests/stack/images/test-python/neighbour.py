"""Runs in a container beside the stack's engine, with addresses that no real network uses, and a listener that reports who connected."""
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
        connection.recv(65536)  # a close with unread bytes would reset the connection
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhere\n")
    connection.close()
