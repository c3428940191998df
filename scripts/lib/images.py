"""Copies our images from one engine to another, if the first has them and the second has not.

usage: images.py FROM TO NAME...     FROM and TO as in DOCKER_HOST; a FROM that is empty or not a Unix socket has no images
"""
import http.client
import json
import socket
import sys
import urllib.parse


class Engine(http.client.HTTPConnection):
    def __init__(self, host):
        super().__init__("engine", timeout=300)
        self.path = host.removeprefix("unix://")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def call(self, method, path, body=None):
        self.request(method, path, body=body, headers={"Content-Type": "application/x-tar"})
        return self.getresponse()

    def tags(self, name):
        reply = self.call("GET", f"/images/dind-executor/{name}:bookworm/json")
        found = json.loads(reply.read())
        return found.get("RepoTags", []) if reply.status == 200 else []


def main():
    source, target, *names = sys.argv[1:]
    if not source.startswith("unix://") or source == target:
        return
    try:
        donor, taker = Engine(source), Engine(target)
        for name in names:
            if taker.tags(name) or not (tags := donor.tags(name)):
                continue
            image = donor.call("GET", "/images/get?" + urllib.parse.urlencode([("names", tag) for tag in tags]))
            if image.status == 200:
                taker.call("POST", "/images/load?quiet=1", iter(lambda: image.read(1 << 20), b"")).read()
    except OSError:
        pass  # it is a shortcut: what is missing is built


main()
