"""What the CLI's tests stand on: the real program as a child, folders of their own, and a check that nothing is left behind."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import engine_api

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGE = os.environ.get("DIND_TEST_IMAGE", "dind-executor/runtime-shell:bookworm")
LIMIT = 60  # seconds that no run of these tests may take


def program():
    named = os.environ.get("DIND_EXECUTOR")
    places = [named] if named else [ROOT / "build/dev/dind-executor", ROOT / "build/release/dind-executor"]
    for place in places:
        if place and os.access(place, os.X_OK):
            return str(place)
    raise SystemExit(f"no program at {' or '.join(map(str, places))}: build it (scripts/build dev), or set DIND_EXECUTOR")


class CliTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dind-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.before = engine_api.our_containers()
        self.addCleanup(self.assert_nothing_left)

    def assert_nothing_left(self, seconds=5.0, waiting=True):
        until = time.monotonic() + seconds
        while (left := engine_api.our_containers(waiting) - self.before) and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(left, set(), "containers are left behind")

    def wait_for_container(self):
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            if new := engine_api.our_containers() - self.before:
                return new
            time.sleep(0.02)
        self.fail("no container appeared")

    def file(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def python(self, text, name="program.py"):
        return self.file(name, text)

    def environment(self, **more):
        # The configuration of whoever runs the tests is not theirs.
        base = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")}
        return base | {"HOME": str(self.folder)} | more

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
        done = subprocess.run([program(), *arguments], input=input, capture_output=True, timeout=LIMIT, cwd=cwd or self.folder,
                              env=env or self.environment(), check=False)
        return done

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
