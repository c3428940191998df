"""The base class of the tests of `rpc`, and of `serve` on a Unix socket."""
from dindtest.client_case import ClientCase
from dindtest.jsonrpc import JsonRpcClient, SocketClient

NOT_RUN, INVALID_PARAMS, UNKNOWN_METHOD, CANCELLED = -32000, -32602, -32601, -32800

ENDLESS = "import sys, time\nsys.stdout.write('up\\n')\ntime.sleep(1000)"  # print would write the line's end by itself


class JsonRpcCase(ClientCase):
    def stdio(self, *arguments, env=None, **more):
        client = JsonRpcClient(*arguments, env={"HOME": str(self.folder)} | (env or {}), **more)
        self.addCleanup(client.close)
        return client

    def serve_socket(self, *arguments, env=None):
        return self.start_server("--socket", str(self.folder / "s"), *arguments, env=env)

    def connect(self, server, read=True):
        client = SocketClient(server.socket, read)
        self.addCleanup(client.close)
        return client

    def result(self, client, method, **params):
        answer = client.call(method, params)
        self.assertIn("result", answer, answer)
        return answer["result"]

    def endless(self, client, run_id="r", **more):
        """Starts a run without end and waits for its output; the id of its request."""
        asked = client.ask("runPythonCode", {"code": ENDLESS, "runId": run_id, "stream": True, **more})
        client.notification("run/output", runId=run_id)
        return asked
