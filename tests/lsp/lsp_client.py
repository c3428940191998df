"""A plain LSP client for the tests: frames over the real program's stdin and stdout. Standard library only."""
import json
import os
import pathlib
import queue
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 60  # seconds that nothing in these tests may take


def program():
    return os.environ.get("DIND_EXECUTOR") or str(ROOT / "build/dev/dind-executor")


def frame(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class Client:
    """Reads in a thread of its own. `read=False`: never reads, for tests of a client that doesn't."""

    def __init__(self, *arguments, env=None, read=True, command=("lsp",)):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")} | (env or {})
        self.child = subprocess.Popen([program(), *arguments, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self.messages = []       # everything that came, in order
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
        stream = self.child.stdout
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
        """The first message, of those that came and those that come, for which `wanted` holds."""
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
        """Takes in what has arrived."""
        try:
            self.wait(lambda _: False, seconds)
        except AssertionError:
            pass
        return self.messages

    def sent(self, method):
        return [m["params"] for m in self.messages if m.get("method") == method]

    def initialize(self, own=True, capabilities=None, **params):
        wanted = capabilities or {}
        if own:
            wanted = wanted | {"experimental": {"dind": {"output": True, "ownCommands": True}}}
        answer = self.call("initialize", {"processId": None, "capabilities": wanted, **params})
        self.notify("initialized", {})
        return answer["result"]

    def open(self, uri, text, language="python"):
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}})

    def run(self, uri, id=None, token=None, **more):
        params = {"command": "dind.runFile", "arguments": [{"uri": uri, **more}]}
        if token is not None:
            params["workDoneToken"] = token
        return self.ask("workspace/executeCommand", params, id)

    def stop(self, **which):
        return self.call("workspace/executeCommand", {"command": "dind.stop", "arguments": [which] if which else []})

    def output(self, run_id, channel="stdout"):
        return "".join(p["text"] for p in self.sent("dind/output") if p["runId"] == run_id and p["channel"] == channel)

    def ended(self, within=LIMIT):
        code = self.child.wait(within)
        self.threads[0].join(5)
        return code

    def close(self):
        """The client is gone: the server ends by itself, and takes along what waits for a next run."""
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
