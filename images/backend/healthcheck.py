"""Healthy: the API and `dind-executor serve` take connections. An API that is busy with a run is healthy; the engine has a health of its own."""
import os
import socket

for family, address in ((socket.AF_INET, ("127.0.0.1", 8000)), (socket.AF_UNIX, os.environ["DIND_EXECUTOR_SOCKET"])):
    with socket.socket(family) as connection:
        connection.settimeout(5)
        connection.connect(address)
