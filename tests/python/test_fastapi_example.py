"""examples/fastapi, served by uvicorn on loopback, on the real program and engine."""
import ast
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from case import LIMIT, ROOT, SOURCES
from real import program

EXAMPLE = ROOT / "examples" / "fastapi"


def python_with_fastapi():
    """A python3 on PATH that has FastAPI: Debian's, where another one comes first."""
    for folder in os.get_exec_path():
        python = os.path.join(folder, "python3")
        if os.access(python, os.X_OK) and subprocess.run(
                [python, "-c", "import fastapi, uvicorn"], capture_output=True).returncode == 0:
            return python
    raise AssertionError("no python3 on PATH has fastapi and uvicorn: run scripts/setup --for python")


class Backend:
    """uvicorn with the example, at a free port of loopback."""

    def __init__(self, test, **environment):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        folder = tempfile.mkdtemp(prefix="dind-fastapi-")
        test.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        base = {name: value for name, value in os.environ.items() if not name.startswith("DIND_")}
        self.log = pathlib.Path(folder) / "log"
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [python_with_fastapi(), "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", str(self.port)],
                cwd=EXAMPLE, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**base, "PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1", "HOME": folder,
                     "XDG_RUNTIME_DIR": folder, "DIND_EXECUTOR": program(), **environment})
        test.addClassCleanup(self.end)
        until = time.monotonic() + LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > until or self.child.poll() is not None:
                    raise AssertionError(f"uvicorn does not listen: {self.log.read_text()}") from None
                time.sleep(0.05)

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise

    def execute(self, **body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        try:
            connection.request("POST", "/execute", json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.backend = Backend(cls)

    def test_a_program_that_ends_well(self):
        self.assertEqual(self.backend.execute(code="print('Hello, 世界')"),
                         (200, {"success": True, "output": "Hello, 世界\n", "error": ""}))

    def test_a_program_that_fails(self):
        status, body = self.backend.execute(code="print('before'); raise SystemExit('the reason')")
        self.assertEqual((status, body), (200, {"success": False, "output": "before\n", "error": "the reason\n"}))

    def test_a_program_that_takes_too_long(self):
        began = time.monotonic()
        status, body = self.backend.execute(code="print('before', flush=True)\nwhile True: pass", timeout=2)
        self.assertEqual((status, body["success"], body["output"]), (200, False, "before\n"))
        self.assertLess(time.monotonic() - began, 6)

    def test_another_language_is_a_500_since_the_guides_code_catches_its_own_400(self):
        # What FastAPI's HTTPException says of itself depends on its version: nothing, or status and detail.
        status, body = self.backend.execute(code="puts 1", language="ruby")
        self.assertEqual(status, 500)
        self.assertIn(body, ({"detail": ""}, {"detail": "400: Unsupported language: ruby"}))

    def test_what_can_not_be_run_is_a_500_that_says_why(self):
        status, body = self.backend.execute(code="print()", timeout=0)
        self.assertEqual(status, 500)
        self.assertIn("timeout is a number of seconds greater than 0", body["detail"])

    def test_a_request_that_is_none_is_refused_by_fastapi(self):
        self.assertEqual(self.backend.execute(language="python")[0], 422)

    def test_the_router_is_the_guides_and_has_nothing_but_its_parts(self):
        text = (EXAMPLE / "app" / "api" / "execute.py").read_text()
        names = [getattr(each, "name", type(each).__name__) for each in ast.parse(text).body]
        self.assertEqual(names, ["ImportFrom", "ImportFrom", "ImportFrom", "Assign", "CodeExecuteRequest",
                                 "execute_code"])
        self.assertTrue(re.search(r"^from app\.utils\.dind_executor import get_executor$", text, re.M))


class SwitchedOff(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.backend = Backend(cls, DIND_ENABLED="false")

    def test_running_code_that_is_switched_off_is_a_503(self):
        self.assertEqual(self.backend.execute(code="print()"),
                         (503, {"detail": "Code execution service is not available"}))


class NoEngine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.backend = Backend(cls, DOCKER_HOST="unix:///nonexistent/docker.sock")

    def test_an_engine_that_is_not_there_is_a_503_within_two_seconds(self):
        began = time.monotonic()
        self.assertEqual(self.backend.execute(code="print()")[0], 503)
        self.assertLess(time.monotonic() - began, 3)
