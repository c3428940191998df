"""A JSON-RPC client: frames over the program's stdin and stdout, or over a Unix socket. Standard library only."""
import json
import queue
import socket
import struct
import subprocess
import threading
import time

from dindtest.program import LIMIT, clean_environment, program


def frame(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class JsonRpcClient:
    """Reads in a thread of its own. `read=False`: never reads, for tests of such a client."""

    COMMAND = ("rpc",)

    def __init__(self, *arguments, env=None, read=True, command=None):
        self.child = subprocess.Popen([program(), *arguments, *(self.COMMAND if command is None else command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env=clean_environment() | (env or {}))
        self.messages = []       # every message received, in order
        self.arrived = queue.Queue()
        self.next_id = 0
        self.errors = b""
        self.threads = [threading.Thread(target=self._read_errors, daemon=True)]
        if read:
            self.threads.append(threading.Thread(target=self._read, daemon=True))
        for thread in self.threads:
            thread.start()

    def _read_errors(self):
        self.errors = self.child.stderr.read()

    def _read(self):
        self._read_from(self.child.stdout)

    def _read_from(self, stream):
        while True:
            length = None
            while (line := stream.readline()) not in (b"", b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if length is None:
                self.arrived.put(None)
                return
            self.arrived.put((time.monotonic(), json.loads(stream.read(length))))

    def write(self, data):
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def notify(self, method, params=None):
        self.write(frame({"jsonrpc": "2.0", "method": method, "params": params}))

    def ask(self, method, params=None, id=None):
        """Sends a request; returns its id."""
        if id is None:
            self.next_id += 1
            id = self.next_id
        self.write(frame({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
        return id

    def answer(self, id, result=None):
        self.write(frame({"jsonrpc": "2.0", "id": id, "result": result}))

    def wait(self, wanted, within=LIMIT):
        """The first message, received already or later, for which `wanted` holds."""
        for message in self.messages:
            if wanted(message):
                return message
        until = time.monotonic() + within
        while True:
            try:
                item = self.arrived.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no such message within {within} s; came: {self.messages[-20:]}") from None
            if item is None:
                self.arrived.put(None)
                raise AssertionError(f"the server closed its stdout; came: {self.messages[-20:]}; stderr: {self.errors!r}")
            at, message = item
            message["_at"] = at
            self.messages.append(message)
            if wanted(message):
                return message

    def reply(self, id, within=LIMIT):
        return self.wait(lambda m: m.get("id") == id and "method" not in m, within)

    def call(self, method, params=None, within=LIMIT):
        return self.reply(self.ask(method, params), within)

    def notification(self, method, within=LIMIT, **fields):
        return self.wait(lambda m: m.get("method") == method and all(m["params"].get(k) == v for k, v in fields.items()), within)["params"]

    def drain(self, seconds=0.0):
        """Reads what arrives in that time; every message received so far."""
        try:
            self.wait(lambda _: False, seconds)
        except AssertionError:
            pass
        return self.messages

    def sent(self, method):
        return [m["params"] for m in self.messages if m.get("method") == method]

    def ended(self, within=LIMIT):
        code = self.child.wait(within)
        self.threads[0].join(5)
        return code

    def close(self):
        """Closes stdin: the server then ends by itself and removes its warm sandboxes."""
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.child.kill()
        self.child.wait()
        for thread in self.threads:
            thread.join(5)
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass


def connected(path, limit=LIMIT):
    """A socket that is connected to a server. Waits for room among the clients that the server has not accepted yet: a socket with
    a timeout fails at once instead (EAGAIN)."""
    sock = socket.socket(socket.AF_UNIX)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", limit, 0))
    sock.connect(path)
    sock.settimeout(limit)
    return sock


class SocketClient(JsonRpcClient):
    """The same client on a Unix socket."""

    def __init__(self, path, read=True):
        self.sock = connected(path)
        self.stream = self.sock.makefile("rb")
        self.messages, self.arrived, self.next_id, self.errors = [], queue.Queue(), 0, b""
        self.threads = []
        if read:
            self.threads.append(threading.Thread(target=self._read_socket, daemon=True))
            self.threads[0].start()

    def _read_socket(self):
        try:
            self._read_from(self.stream)
        except (OSError, ValueError):
            self.arrived.put(None)

    def write(self, data):
        self.sock.sendall(data)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        for thread in self.threads:
            thread.join(5)
        self.stream.close()
        self.sock.close()
