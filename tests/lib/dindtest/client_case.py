"""The base class of the suites whose clients speak JSON-RPC to the program: lsp, jsonrpc and http."""
from dindtest.case import EngineCase
from dindtest.lsp import LspClient
from dindtest.server import Server


class ClientCase(EngineCase):
    """Clients and servers that end with the test."""

    END_TIME = 10.0

    def file(self, name, text):
        """The URI of a new file."""
        return self.write_file(name, text).as_uri()

    def client(self, *arguments, initialize=True, own=True, capabilities=None, env=None, read=True, command=None, **params):
        """A client of `dind-executor lsp`."""
        client = LspClient(*arguments, env={"HOME": str(self.folder)} | (env or {}), read=read, command=command)
        self.addCleanup(client.close)
        if initialize:
            client.initialize(own, capabilities, **params)
        return client

    def start_server(self, *arguments, env=None):
        server = Server(self.folder, *arguments, env=env)
        self.addCleanup(server.close)
        return server

    def assert_error(self, answer, code, kind=None, *said):
        self.assertIn("error", answer, answer)
        self.assertEqual(answer["error"]["code"], code, answer)
        if kind:
            self.assertEqual(answer["error"]["data"]["kind"], kind)
            self.assertEqual(answer["error"]["data"]["message"], answer["error"]["message"])
            self.assertNotIn("\n", answer["error"]["message"])
        for part in said:
            self.assertIn(part, answer["error"]["message"])
