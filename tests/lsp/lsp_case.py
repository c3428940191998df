"""What the protocol's tests stand on: a client that is ended, and a check that no container is left."""
import pathlib
import sys
import tempfile
import time
import unittest

from lsp_client import Client

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import engine_api  # noqa: E402

ENDLESS = "import time\nprint('up', flush=True)\ntime.sleep(1000)\n"


class LspCase(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.before = engine_api.our_containers()
        self.addCleanup(self.assert_nothing_left)
        folder = tempfile.TemporaryDirectory(prefix="dind-lsp-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def client(self, *arguments, initialize=True, own=True, capabilities=None, env=None, read=True, command=("lsp",), **params):
        client = Client(*arguments, env={"HOME": str(self.folder)} | (env or {}), read=read, command=command)
        self.addCleanup(client.close)
        if initialize:
            client.initialize(own, capabilities, **params)
        return client

    def assert_nothing_left(self, within=10.0, waiting=True):
        until = time.monotonic() + within
        while (left := engine_api.our_containers(waiting) - self.before) and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(left, set(), "containers are left behind")

    def file(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path.as_uri()

    def assert_error(self, answer, code, kind=None, *said):
        self.assertIn("error", answer, answer)
        self.assertEqual(answer["error"]["code"], code, answer)
        if kind:
            self.assertEqual(answer["error"]["data"]["kind"], kind)
            self.assertEqual(answer["error"]["data"]["message"], answer["error"]["message"])
            self.assertNotIn("\n", answer["error"]["message"])
        for part in said:
            self.assertIn(part, answer["error"]["message"])
