"""A real registry (Debian's docker-registry) on a loopback port, small images for it, and a relay that breaks connections."""
import base64
import io
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import urllib.request
import uuid

from dindtest import engine

USER, PASSWORD = "tester", "pass:word-s3cret"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def ask_engine(method, path, body=b"", headers=None):
    """(status, text of the reply)"""
    status, reply = engine.request(method, path, body, headers)
    return status, reply.decode()


def login(user=USER, password=PASSWORD):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


class Registry:
    def __init__(self, folder, protected=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.protected = protected
        config = {"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
                  "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}}, "http": {"addr": self.host}}
        if protected:
            lines = subprocess.run(["htpasswd", "-niB", USER], input=PASSWORD.encode(), capture_output=True, check=True).stdout
            (self.folder / "htpasswd").write_bytes(lines)
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(self.folder / "htpasswd")}}
        (self.folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
        with open(self.folder / "log", "wb") as log:
            self.child = subprocess.Popen(["docker-registry", "serve", str(self.folder / "config.yml")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.child.poll() is not None or time.monotonic() > until:
                    self.close()
                    raise RuntimeError("docker-registry does not start: " + (self.folder / "log").read_text()[-500:]) from None
                time.sleep(0.02)

    def close(self):
        self.child.kill()
        self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def digest(self, name):
        repository, tag = name.split("/", 1)[1].rsplit(":", 1)
        # An engine with containerd's image store pushes OCI manifests.
        kinds = ", ".join(("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
                           "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"))
        request = urllib.request.Request(f"http://{self.host}/v2/{repository}/manifests/{tag}", method="HEAD",
                                         headers={"Accept": kinds, "Authorization": "Basic " + login()})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as reply:
            return reply.headers["Docker-Content-Digest"]

    def push(self, name, says, size=1 << 16):
        """Puts an image into the registry, and removes it from the engine. `cat /says` prints `says` there."""
        make_image(name, says, size)
        try:
            repository, tag = name.rsplit(":", 1)
            auth = {"username": USER, "password": PASSWORD, "serveraddress": self.host} if self.protected else {}
            status, text = ask_engine("POST", f"/images/{repository}/push?tag={tag}",
                                       headers={"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(auth).encode()).decode()})
            if status != 200 or '"error"' in text:
                raise RuntimeError(f"push of {name}: {status} {text[-300:]}")
        finally:
            remove_image(name)
        return self.digest(name)


def make_image(name, says, size=1 << 16, labels=None):
    """An image with only busybox and `size` random bytes, so that no two images share a layer."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        def add(path, data, mode=0o644):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
        add("bin/busybox", pathlib.Path(shutil.which("busybox")).read_bytes(), 0o755)
        for link in ("sh", "cat", "true", "sleep"):
            entry = tarfile.TarInfo("bin/" + link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(entry)
        for path in ("tmp", "dev", "proc", "sys", "etc"):
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        add("bin/bash", b'#!/bin/sh\nexec /bin/sh "$@"\n', 0o755)
        add("says", says.encode())
        add("random", os.urandom(size))
    repository, tag = name.rsplit(":", 1)
    changes = "".join(f"&changes=LABEL%20{key}%3D{value}" for key, value in (labels or {}).items())
    status, text = ask_engine("POST", f"/images/create?fromSrc=-&repo={repository}&tag={tag}{changes}", tar.getvalue(), {"Content-Type": "application/x-tar"})
    if status != 200 or '"error"' in text:
        raise RuntimeError(f"import of {name}: {status} {text[-300:]}")


def remove_image(name):
    status, text = ask_engine("DELETE", f"/images/{name}?force=1")
    if status not in (200, 404):
        raise RuntimeError(f"DELETE {name}: {status} {text}")


def unique():
    return uuid.uuid4().hex[:12]


class Relay:
    """Relays each connection to `target`. After `after` bytes of large replies, it does what `then` says.

    cut    the connection is closed, and from then on all requests are answered 403
    stall  nothing more comes until `go_on` is set
    """

    def __init__(self, target, after=None, then="cut", unix=None):
        self.target, self.after, self.then = target, after, then
        self.broken = threading.Event()
        self.go_on = threading.Event()
        self.closed = False
        self.ends = []       # the sockets of both sides
        self.dropped = False
        self.requests = []   # "POST /v1.41/images/create?…" of every connection
        self.ended = []      # the last request of each connection that the client has ended
        if unix:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(unix)
            self.listener.listen(64)
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.closed = True  # what stalls is not to end well after the test
        self.drop_all()
        self.go_on.set()

    def drop_all(self):
        """Ends every connection, and takes no more."""
        self.dropped = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts; a close does not
        except OSError:
            pass
        self.listener.close()
        for each in list(self.ends):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.ends.append(client)
            if self.dropped:  # it was accepted while the others were closed
                client.close()
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            if self.broken.is_set() and self.then == "cut":
                client.recv(65536)
                body = b'{"errors":[{"code":"DENIED","message":"broken by the test"}]}'
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                return
            family = socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET
            with socket.socket(family) as server:
                server.connect(self.target)
                # An engine may still send to a client that is gone, for example about a container that was not started yet.
                self.ends.append(server)
                if self.dropped:
                    return
                threading.Thread(target=self._up, args=(client, server), daemon=True).start()
                self._down(server, client)
        except OSError:
            pass
        finally:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            client.close()

    def _up(self, client, server):
        last = b""
        try:
            while data := client.recv(65536):
                found = re.findall(rb"(?:GET|POST|PUT|DELETE|HEAD) (?:/\S*) HTTP/1.1", data)
                self.requests += found
                last = found[-1] if found else last
                self.before(data)
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            try:
                server.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.ended.append(last)

    def before(self, data):
        """Reads what a client sends, before it is relayed."""

    def _down(self, server, client):
        passed = 0
        while data := server.recv(65536):
            passed += len(data)
            if self.after is not None and passed > self.after:
                before = max(0, len(data) - (passed - self.after))
                client.sendall(data[:before])
                self.broken.set()
                if self.then == "cut":
                    return
                self.go_on.wait(120)
                if self.closed:
                    return
                self.after = None
                data = data[before:]
            client.sendall(data)
