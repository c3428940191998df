"""Healthy: the API on port 8000 and `dind-executor serve` take connections. An API that is busy with a run is healthy; the engine has a health of its own."""
import os
import socket

listen = os.environ.get("EXECUTOR_LISTEN") or "0.0.0.0:9000"
places = [(socket.AF_INET, ("127.0.0.1", 8000)), (socket.AF_UNIX, os.environ["DIND_EXECUTOR_SOCKET"])]
if listen != "off":
    places.append((socket.AF_INET, ("127.0.0.1", int(listen.rpartition(":")[2]))))
for family, address in places:
    with socket.socket(family) as connection:
        connection.settimeout(5)
        connection.connect(address)
