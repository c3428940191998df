"""A server on a Unix socket that does what a test says, also what the real server never does.

It has its own framing and parsing, and shares no code with the client.
"""
import json
import os
import shutil
import socket
import tempfile
import threading

INFO = {"name": "dind-executor", "version": "9.9.9", "protocol": 1, "enabled": True}


def result(**more):
    """The answer to a run request, as the server writes it."""
    return {"runId": "r", "returncode": 0, "stdout": "", "stderr": "", "stdoutTruncatedBytes": 0,
            "stderrTruncatedBytes": 0, "verdict": "ok", "exitCode": 0, "signal": None, "durationMs": 12, "cpuMs": 3,
            "peakMemoryBytes": 4096, "oomSeen": False, "stdoutBytes": 0, "stderrBytes": 0, "droppedBytes": 0,
            "image": "python:3.11-slim", "imageId": "sha256:1", "imageDigest": None, "isolation": "runc",
            "stage": "program", "builder": "", "cancelReason": None, "ending": "", "notes": []} | more


def framed(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def messages_of(stream):
    """The messages of a file-like object, until its end."""
    while True:
        length = None
        while True:
            line = stream.readline()
            if not line:
                return
            if line == b"\r\n":
                break
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        yield json.loads(stream.read(length))


class Peer:
    """One connection, as the server sees it."""

    def __init__(self, connection):
        self._connection = connection
        self._sending = threading.Lock()

    def raw(self, data):
        with self._sending:
            try:
                self._connection.sendall(data)
            except OSError:
                pass  # the client is gone, as some tests intend

    def send(self, message):
        self.raw(framed(message))

    def answer(self, request, value):
        self.send({"jsonrpc": "2.0", "id": request["id"], "result": value})

    def refuse(self, request, kind, message="no", status=500, code=-32000):
        self.send({"jsonrpc": "2.0", "id": request["id"],
                   "error": {"code": code, "message": message,
                             "data": {"kind": kind, "message": message, "httpStatus": status}}})

    def output(self, run_id, channel, text):
        self.send({"jsonrpc": "2.0", "method": "run/output",
                   "params": {"runId": run_id, "channel": channel, "text": text}})

    def close(self):
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class FakeServer:
    """Listens at `path`; `script(peer, request)` is called for each message but server/info, in its connection's thread.

    `requests` holds what came (server/info apart), `connections` counts, `gone` is set when a connection ended.
    """

    def __init__(self, script, info=INFO, path=None):
        self.script, self.info = script, info
        self.requests, self.connections, self.gone = [], 0, threading.Event()
        self._came = threading.Condition()
        self._peers, self._threads = [], []
        self._folder = tempfile.mkdtemp(prefix="dind-fake-")
        self.path = path or os.path.join(self._folder, "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def wait_for(self, method, count=1, seconds=10):
        """The first `count` requests of a method, once they have come."""
        def found():
            return [each for each in self.requests if each.get("method") == method]
        with self._came:
            if not self._came.wait_for(lambda: len(found()) >= count, seconds):
                raise AssertionError(f"{count} × {method} did not come; there were {self.requests}")
            return found()[:count]

    def wait_for_end(self, seconds=10):
        """Waits until a run is cancelled, by a message or by the end of its connection."""
        with self._came:
            if not self._came.wait_for(lambda: self.gone.is_set() or self.requests[-1]["method"] == "run/cancel", seconds):
                raise AssertionError(f"no run was told to end; there were {self.requests}")

    def drop(self):
        """Closes every connection, as a server that dies."""
        for each in list(self._peers):
            each.close()

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.drop()
        self._thread.join()
        for each in self._threads:
            each.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            peer = Peer(connection)
            self._peers.append(peer)
            thread = threading.Thread(target=self._serve, args=(connection, peer))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection, peer):
        with connection, connection.makefile("rb") as stream:
            try:
                for message in messages_of(stream):
                    if message.get("method") == "server/info" and self.info is not None:
                        peer.answer(message, self.info)
                        continue
                    with self._came:
                        self.requests.append(message)
                        self._came.notify_all()
                    self.script(peer, message)
            except (OSError, ValueError):
                pass  # the connection broke: `gone` says so
            finally:
                with self._came:
                    self.gone.set()
                    self._came.notify_all()
