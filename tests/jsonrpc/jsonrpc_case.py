"""What the JSON-RPC service's tests stand on: clients over stdin and stdout, and over a unix socket."""
import pathlib
import queue
import socket
import sys
import threading

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "lsp"))
from lsp_client import LIMIT, Client, frame  # noqa: E402,F401
from lsp_case import LspCase, engine_api  # noqa: E402,F401
from server import SMALL_QUARANTINE, Server  # noqa: E402,F401

NOT_RUN, INVALID_PARAMS, UNKNOWN_METHOD, CANCELLED = -32000, -32602, -32601, -32800

ENDLESS = "import sys, time\nsys.stdout.write('up\\n')\ntime.sleep(1000)"  # print writes the line's end apart


class SocketClient(Client):
    """The same client on a unix socket."""

    def __init__(self, path, read=True):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(path)
        self.stream = self.sock.makefile("rb")
        self.messages, self.arrived, self.next_id, self.errors = [], queue.Queue(), 0, b""
        self.threads = []
        if read:
            self.threads.append(threading.Thread(target=self._read_socket, daemon=True))
            self.threads[0].start()

    def _read_socket(self):
        class Child:
            stdout = self.stream
        self.child = Child
        try:
            self._read()
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


class JsonRpcCase(LspCase):
    def stdio(self, *arguments, **more):
        return self.client(*arguments, initialize=False, command=("rpc",), **more)

    def serve(self, *arguments, env=None):
        server = Server(self.folder, *arguments, env=env)
        self.addCleanup(server.close)
        return server

    def serve_socket(self, *arguments, env=None):
        return self.serve("--socket", str(self.folder / "s"), *arguments, env=env)

    def connect(self, server, read=True):
        client = SocketClient(server.socket, read)
        self.addCleanup(client.close)
        return client

    def result(self, client, method, **params):
        answer = client.call(method, params)
        self.assertIn("result", answer, answer)
        return answer["result"]

    def endless(self, client, run_id="r", **more):
        """Asks for a run that has begun when this returns; its request's id."""
        asked = client.ask("runPythonCode", {"code": ENDLESS, "runId": run_id, "stream": True, **more})
        client.notification("run/output", runId=run_id)
        return asked
