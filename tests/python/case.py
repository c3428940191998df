"""The base class of the Python client's tests: the package from its sources (PYTHONPATH), and servers that end with the test."""
import contextlib
import logging
import os
import pathlib
import shutil
import tempfile
import unittest

import dind_executor
from dindtest.program import ROOT
from fake_server import FakeServer

SOURCES = ROOT / "python" / "src"

# Tests read warnings of the client with assertLogs; they are not printed.
logging.getLogger("dind_executor").addHandler(logging.NullHandler())

LIMIT = 30  # seconds; nothing here may take longer


class ClientTest(unittest.TestCase):
    """A test whose environment names no server, with servers and executors that end with it."""

    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dind-python-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.set_environment(DIND_EXECUTOR_SOCKET=None, DIND_EXECUTOR=None, DIND_ENABLED=None,
                             XDG_RUNTIME_DIR=str(self.folder))

    def set_environment(self, **values):
        """Sets variables (None: removes them) until the test's end."""
        for name, value in values.items():
            self.addCleanup(self._put, name, os.environ.get(name))
            self._put(name, value)

    @staticmethod
    def _put(name, value):
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

    def server(self, script, **more):
        server = FakeServer(script, **more)
        self.addCleanup(server.close)
        return server

    def executor(self, server=None, **more):
        executor = dind_executor.Executor(socket=server.path, **more) if server else dind_executor.Executor(**more)
        self.addCleanup(executor.close)
        return executor

    @contextlib.contextmanager
    def assert_raises(self, kind, *said):
        """An error of exactly that class whose message says all of `said`."""
        with self.assertRaises(kind) as caught:
            yield caught
        self.assertIs(type(caught.exception), kind)
        for part in said:
            self.assertIn(part, str(caught.exception))
