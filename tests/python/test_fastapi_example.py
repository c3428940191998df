"""examples/fastapi, served by uvicorn on loopback, on the real program and engine."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from case import LIMIT, ROOT, SOURCES
from dindtest import engine
from dindtest.program import program

EXAMPLE = ROOT / "examples" / "fastapi"


def python_with_fastapi():
    """A python3 on PATH that has FastAPI: Debian's, if another one comes first."""
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
        self.assertEqual((status, body), (200, {"success": False, "output": "before\n", "error": "the reason\ndind-executor: exit 1\n"}))

    def test_a_program_that_takes_too_long(self):
        began = time.monotonic()
        status, body = self.backend.execute(code="print('before', flush=True)\nwhile True: pass", timeout=2)
        self.assertEqual((status, body["success"], body["output"]), (200, False, "before\n"))
        self.assertLess(time.monotonic() - began, 6)

    def test_i02_a_run_that_fails_silently_has_its_reason_in_error(self):
        for code, said in (("exit(3)", "dind-executor: exit 3\n"), ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
                           ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"), ("b = bytearray(900 << 20)", "dind-executor: out of memory: the limit is 512 MiB"),
                           ("import sys; sys.stderr.write('no newline'); sys.stderr.flush(); import os; os.abort()", "no newline\ndind-executor: killed by SIGABRT")):
            with self.subTest(code):
                status, body = self.backend.execute(code=code)
                self.assertEqual((status, body["success"], body["output"]), (200, False, ""))
                self.assertIn(said, body["error"])
        status, body = self.backend.execute(code="while True: pass", timeout=1)
        # The total timeout and that of the program are equal here: one of them ends the run.
        self.assertRegex(body["error"], r"dind-executor: timeout(: the limit is 1 s|; .*1 s)")
        status, body = self.backend.execute(code="import sys\nsys.stdout.write('x' * (12 << 20))")
        self.assertEqual((body["success"], body["error"]), (True, "dind-executor: 2 MiB of output was left out\n"))

    def test_i02_another_language_is_a_400(self):
        for language in ("ruby", "cobol", "Python ", ""):
            self.assertEqual(self.backend.execute(code="puts 1", language=language), (400, {"detail": f"Unsupported language: {language}"}))

    def test_what_can_not_be_run_by_the_callers_mistake_is_a_400_that_says_why(self):
        status, body = self.backend.execute(code="print()", timeout=0)
        self.assertEqual(status, 400)
        self.assertIn("timeout is a number of seconds greater than 0", body["detail"])
        status, body = self.backend.execute(code="print()", timeout=10**400)
        self.assertEqual(status, 400, body)
        self.assertIn("timeout is at most 1000000000 seconds", body["detail"])

    def test_i02_long_runs_hold_up_no_other_request(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            long = [pool.submit(self.backend.execute, code="import time; time.sleep(6)") for _ in range(3)]
            began = time.monotonic()
            while time.monotonic() - began < 4 and not any(each.done() for each in long):
                self.assertEqual(self.backend.execute(code="1", language="ruby")[0], 400)
            self.assertFalse(any(each.done() for each in long), "the route answered only after a long run")
            self.assertEqual({each.result()[0] for each in long}, {200})

    def test_i02_a_client_that_leaves_ends_its_run(self):
        before = engine.containers(warm=False)
        body = json.dumps({"code": "import time; time.sleep(50)"}).encode()
        with socket.create_connection(("127.0.0.1", self.backend.port)) as client:
            client.sendall(b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            self.wait_for(lambda: engine.containers(warm=False) - before)
            new = engine.containers(warm=False) - before
        self.wait_for(lambda: not new & engine.containers(warm=False))
        self.assertEqual(self.backend.execute(code="print(1)")[0], 200)

    def wait_for(self, condition):
        until = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)

    def test_s16_another_host_is_refused(self):
        for host, status in (("evil.example", 400), ("evil.example:80", 400), ("localhost.evil.example", 400), ("localhost:1", 200), ("backend", 200)):
            with self.subTest(host):
                connection = http.client.HTTPConnection("127.0.0.1", self.backend.port, timeout=LIMIT)
                connection.request("POST", "/execute", '{"code": "print(1)"}', {"Content-Type": "application/json", "Host": host})
                self.assertEqual(connection.getresponse().status, status)
                connection.close()

    def test_an_invalid_request_is_refused_by_fastapi(self):
        self.assertEqual(self.backend.execute(language="python")[0], 422)


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
