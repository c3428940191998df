"""The engine of DOCKER_HOST as the tests see it: which containers of ours it has. Standard library only."""
import http.client
import json
import os
import socket
import urllib.parse

LABEL = "dind-executor.owner"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection():
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    scheme, _, rest = host.partition("://")
    if scheme == "unix":
        return UnixConnection(rest)
    return http.client.HTTPConnection(rest, timeout=30)


def get(path):
    engine = connection()
    try:
        engine.request("GET", path)
        reply = engine.getresponse()
        body = reply.read()
    finally:
        engine.close()
    if reply.status != 200:
        raise RuntimeError(f"GET {path}: {reply.status} {body[:200]!r}")
    return json.loads(body)


def remove(container):
    """Ends a container as somebody else would."""
    engine = connection()
    try:
        engine.request("DELETE", f"/containers/{container}?force=1")
        status = engine.getresponse().status
    finally:
        engine.close()
    if status != 204:
        raise RuntimeError(f"the container {container} is not removed: {status}")


def our_containers(waiting=True):
    """The ids of all containers that carry our label, in every state; without `waiting` not those that wait for a next run."""
    filters = urllib.parse.quote(json.dumps({"label": [LABEL]}))
    return {each["Id"] for each in get(f"/containers/json?all=1&filters={filters}")
            if waiting or not each["Names"] or not each["Names"][0].startswith("/dind-prestarted-")}
