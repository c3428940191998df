"""Files that the operator names: one line with the cause, and 125."""
import os
import pathlib
import socket
import subprocess
import time

from dindtest.case import CliCase
from dindtest.program import LIMIT, program

COMMANDS = (("run", "p.py"), ("doctor",), ("history", "list"), ("lsp",), ("rpc",), ("gc", "--dry-run"), ("serve", "--socket", "s"))


class OperatorFiles(CliCase):
    def setUp(self):
        super().setUp()
        self.file("p.py", "print('ran')")

    def refused(self, *arguments, env, said):
        begun = time.monotonic()
        done = subprocess.run([program(), *arguments], cwd=self.folder, env=self.environment(**env), stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)
        errors = done.stderr.decode()
        self.assertEqual((done.returncode, done.stdout, errors.count("\n")), (125, b"", 1), (arguments, done))
        for part in said:
            self.assertIn(part, errors)
        self.assertLess(time.monotonic() - begun, 10)

    def not_files(self):
        """(path, part of the message) for each kind of path that is not a readable text file."""
        place = self.folder / "odd"
        place.mkdir()
        (place / "folder").mkdir()
        os.mkfifo(place / "fifo")
        (place / "loop").symlink_to("loop")
        (place / "huge").touch()
        os.truncate(place / "huge", 1 << 40)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(place / "socket"))
        return [(place / "folder", "directory"), (place / "fifo", "pipe"), (place / "loop", "symbolic links"), (place / "huge", "larger than 4 MiB"), (place / "socket", "can't be read"),
                (place / "none", "No such file"), (pathlib.Path("/dev/zero"), "larger than 4 MiB"), (pathlib.Path("/proc/self/mem"), "can't be read")]

    def test_a_configuration_that_is_no_file(self):  # R07
        for path, said in self.not_files():
            for command in COMMANDS if said == "directory" else COMMANDS[:1]:
                with self.subTest(path=path, command=command):
                    self.refused(*command, env={"DIND_CONFIG": str(path)}, said=[str(path), said])

    def test_the_configuration_at_its_usual_place(self):  # R07
        place = self.folder / ".config/dind-executor/config.json"
        place.mkdir(parents=True)
        for command in COMMANDS[:4]:
            self.refused(*command, env={}, said=[str(place), "directory"])

    def test_a_configuration_of_other_bytes(self):  # R07, S03
        for text, said in ((b"", "is empty"), (b"\0\0\0", "not JSON"), (b"\xff\xfe{\0}\0", "not JSON"), (b"[" * 1_000_000, "nested more than 64"), (b'{"queuedRuns": 1, "queuedRuns": 1}', 'duplicate key "queuedRuns"'),
                           (b'{"queuedRuns": 1e999}', "1e999"), (b'{"dependencies": {"env": {"A": "hunter2', "line 1"), (b'{"caBundle": "/etc\\u0000/x"}', "NUL")):
            path = self.folder / "c.json"
            path.write_bytes(text)
            with self.subTest(text=text[:30]):
                self.refused("run", "p.py", env={"DIND_CONFIG": str(path)}, said=[said])

    def test_tokens_and_authorities_that_are_no_file(self):  # R07
        for path, said in self.not_files():
            with self.subTest(path):
                self.refused("serve", "--listen", "127.0.0.1:0", "--token-file", str(path), env={}, said=[str(path), said])
                self.refused("run", "p.py", env={"DIND_CA_BUNDLE": str(path)}, said=[str(path), said])

    def test_a_configuration_from_a_command(self):  # R07: <(command) is a pipe
        script = f"""DIND_CONFIG=<(sleep 0.1; echo '{{"limits": {{"defaults": {{"pids": 7}}}}}}') {program()} run p.py"""
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, env=self.environment(), capture_output=True, timeout=LIMIT, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"ran\n"), done)

    def test_docker_files_that_are_no_file_do_not_stop_a_run(self):  # R07
        for name in ("folder", "fifo"):
            config = self.folder / f"docker-{name}"
            config.mkdir()
            (config / "config.json").mkdir() if name == "folder" else os.mkfifo(config / "config.json")
            with self.subTest(name):
                self.assert_run(self.call("run", str(self.folder / "p.py"), env=self.environment(DOCKER_CONFIG=str(config))), 0, b"ran\n")
