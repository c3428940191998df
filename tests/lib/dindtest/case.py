"""The base classes of the suites that run on the real engine: folders of their own, children that end, and no container left behind."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from dindtest import engine, wait
from dindtest.program import LIMIT, clean_environment, program


class EngineCase(unittest.TestCase):
    """A folder of the test's own (`folder`), and a check at its end that no container of the test is left."""

    maxDiff = 4000
    END_TIME = 5.0  # seconds that the removal of the test's containers may take after its end

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dind-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.before = engine.containers()
        self.addCleanup(self.assert_nothing_left)

    def new_containers(self, warm=True):
        """The ids of the containers with our label that did not exist before the test. `warm=False`: without those that wait for a run."""
        return engine.containers(warm) - self.before

    def assert_nothing_left(self, seconds=None, warm=True):
        seconds = self.END_TIME if seconds is None else seconds
        deadline = time.monotonic() + seconds
        while (left := self.new_containers(warm)) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(left, set(), f"containers are left after {seconds} s")

    def wait_for_container(self, seconds=LIMIT, warm=True):
        """The ids of the new containers, as soon as there is one."""
        return wait.until(lambda: self.new_containers(warm), seconds)

    def until(self, condition, seconds=10.0, pause=0.01):
        """Waits until the condition holds, and returns how many seconds it took; fails if it took longer."""
        begun = time.monotonic()
        wait.until(condition, seconds, pause)
        return time.monotonic() - begun

    def write_file(self, name, content):
        """Writes a file of the test's folder and returns its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class CliCase(EngineCase):
    """Runs the program as a person does in a shell. HOME is the test's folder."""

    def file(self, name, text):
        return str(self.write_file(name, text))

    def python(self, text, name="program.py"):
        return self.file(name, text)

    def environment(self, **more):
        return clean_environment() | {"HOME": str(self.folder)} | more

    def start(self, *arguments, stdin=subprocess.DEVNULL, env=None, **more):
        child = subprocess.Popen([program(), *arguments], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 cwd=self.folder, env=env or self.environment(), **more)

        def end():
            if child.poll() is None:
                child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream and not stream.closed:
                    stream.close()
        self.addCleanup(end)
        return child

    def call(self, *arguments, input=b"", env=None, cwd=None):
        return subprocess.run([program(), *arguments], input=input, capture_output=True, timeout=LIMIT, cwd=cwd or self.folder,
                              env=env or self.environment(), check=False)

    def assert_run(self, done, code, out=None):
        self.assertEqual(done.returncode, code, f"stderr {done.stderr[:2000]!r} stdout {done.stdout[:500]!r}")
        if out is not None:
            self.assertEqual(done.stdout, out)

    def assert_refused(self, done, *said):
        """One line that says what is wrong, exit 125, nothing on stdout."""
        self.assert_run(done, 125, b"")
        text = done.stderr.decode()
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.endswith("\n"), text)
        for part in said:
            self.assertIn(part, text)

    def measured(self, what, value):
        print(f"  measured  {what}: {value}", flush=True)

    def sandbox_of(self, child):
        """The id of a child's container. Its owner label names the child, since others may use the engine at the same time."""
        def find():
            for each in engine.call("GET", "/containers/json?all=1&" + engine.label_filter(engine.OWNER)):
                if each["Labels"][engine.OWNER].split(".")[-2] == str(child.pid) and each["Labels"]["dind-executor.run"] != "carrier":
                    return each["Id"]
            return None
        return wait.until(find, LIMIT)

    def result_of(self, *arguments, **more):
        """(result of the finished run, text of its output, exit code). The notes of the run are in `notes`."""
        done = self.call("run", "--json", *arguments, **more)
        events = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.assertTrue(events and events[-1]["event"] == "finished", (done.stdout[-2000:], done.stderr))
        self.notes = " ".join(events[-1]["notes"])
        text = "".join(each.get("text", "") for each in events if each["event"] == "output")
        return events[-1]["result"], text, done.returncode
