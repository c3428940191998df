"""Builds by BuildKit. The bounds of their steps are set when the engine starts (images/dind/build_bounds.sh), here by scripts/engine."""
import json
import re
import socket
import uuid

from dindtest import engine
from dindtest.case import CliCase
from dindtest.engine import remove_built_images
from dindtest.program import PYTHON, SHELL

# Takes three quarters of the memory of all steps; after a byte from the test, more than the rest.
EATS = """
import socket, sys
bound = int(sys.argv[1])
held = [b"x" * (bound // 4 * 3)]
with socket.create_connection((sys.argv[2], int(sys.argv[3])), 20) as test:
    test.recv(1)
for _ in range(20):
    held.append(b"x" * (bound // 8))
print("nothing was in the way")
"""
FORKS = """
import os, sys, time
most, count = 3 * int(sys.argv[1]), 0
try:
    while count < most:
        if os.fork() == 0: time.sleep(60); os._exit(0)
        count += 1
except OSError: print("refused after", count)
sys.exit(9)
"""


class BuildKit(CliCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(remove_built_images)
        self.project = self.folder / "workspace/project"
        self.project.mkdir(parents=True)
        self.env = self.environment(DIND_WORKSPACE=str(self.folder / "workspace"), DOCKER_BUILDKIT="1")
        labels = dict(each.split("=", 1) for each in engine.call("GET", "/info")["Labels"])
        self.memory, self.pids = (int(labels[f"dind-executor.build.{name}"]) for name in ("memory", "pids"))

    def steps(self, text):
        """The path of a Dockerfile whose build uses no cache."""
        path = self.folder / "Dockerfile"
        path.write_text(f"{text} # {uuid.uuid4().hex}\nCMD echo built\n")
        return ["--dockerfile", str(path), "--context", "project"]

    def assert_goes_on(self):
        """The engine answers, and sandboxes run on it."""
        self.assertEqual(engine.call("GET", "/_ping"), b"OK")
        self.assert_run(self.call("run", self.python("print('runs')")), 0, b"runs\n")

    def test_a_step_that_takes_too_much_memory_is_killed_and_all_else_goes_on(self):
        gateway = next(each["Gateway"] for each in engine.call("GET", "/networks/bridge")["IPAM"]["Config"] if "Gateway" in each)
        (self.project / "eats.py").write_text(EATS)
        with socket.create_server((gateway, 0)) as server:
            server.settimeout(60)
            child = self.start("run", *self.steps(f"FROM {PYTHON}\nCOPY eats.py /\nRUN python /eats.py {self.memory} {gateway} {server.getsockname()[1]}"), env=self.env)
            with server.accept()[0] as step:
                self.assert_goes_on()
                self.assertIsNone(child.poll())
                step.sendall(b"x")
                _, stderr = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 137, stderr)
        self.assertIn(b"exit code: 137\n", stderr)
        self.assertIn(b"(DIND_BUILD_MEMORY of the engine)", stderr)
        self.assert_goes_on()
        # The next build has all of it again, and doctor does not mention a bound that is set.
        done = self.call("run", *self.steps(f"FROM {PYTHON}\nRUN python -c 'bytearray({self.memory // 4 * 3})'"), env=self.env)
        self.assert_run(done, 0, b"built\n")
        self.assertNotIn(b"no bounds", done.stderr)

    def test_a_step_that_forks_without_end_is_refused(self):
        (self.project / "forks.py").write_text(FORKS)
        done = self.call("run", *self.steps(f"FROM {PYTHON}\nCOPY forks.py /\nRUN python /forks.py {self.pids}"), env=self.env)
        self.assertEqual(done.returncode, 9, done.stderr)
        found = re.search(r"refused after (\d+)\n", done.stderr.decode())
        self.assertTrue(found, done.stderr)
        self.assertLess(int(found[1]), self.pids)
        self.assert_run(self.call("run", *self.steps(f"FROM {SHELL}\nRUN true"), env=self.env), 0, b"built\n")

    def test_doctor_knows_it(self):
        for builder, seen in (("1", f"and {self.pids} processes"), ("0", "not used")):
            done = self.call("doctor", "--json", env=self.environment(DOCKER_BUILDKIT=builder))
            check = next(each for each in json.loads(done.stdout)["checks"] if each["name"] == "BuildKit")
            self.assertEqual(check["status"], "ok", check)
            self.assertIn(seen, check["seen"])
