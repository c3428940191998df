"""Odd environments: closed descriptors, disks that are full or have small blocks, odd masks and log files."""
import contextlib
import itertools
import os
import pathlib
import socket
import sqlite3
import subprocess
import time

from dindtest.case import CliCase
from dindtest.program import LIMIT, program


class ClosedDescriptors(CliCase):
    """P14: a closed descriptor acts like /dev/null, and the exit code of the program stays the same."""

    def in_shell(self, line, env=None):
        return subprocess.run(["sh", "-c", line], capture_output=True, timeout=LIMIT, cwd=self.folder, env=env or self.environment(), check=False)

    ALL = [" ".join(each) for count in (1, 2, 3) for each in itertools.combinations(("<&-", ">&-", "2>&-"), count)]

    def test_each_combination_keeps_the_exit_code_of_the_program(self):
        path = self.python("import sys\ntext = sys.stdin.read()\nprint('out', len(text))\nprint('err', file=sys.stderr)\nsys.exit(3)\n")
        for closed in self.ALL:
            with self.subTest(closed):
                done = self.in_shell(f"{program()} run -t 20 {path} {closed}")
                self.assertEqual(done.returncode, 3, done)
                self.assertEqual(done.stdout, b"" if ">&-" in closed.split() else b"out 0\n")
                self.assertNotIn(b"124", done.stderr)

    def test_a_file_that_is_not_there_is_refused_with_each(self):
        for closed in self.ALL:
            with self.subTest(closed):
                self.assertEqual(self.in_shell(f"{program()} run missing.py {closed}").returncode, 125)

    def test_servers_on_stdio_end_at_once_where_there_is_no_input(self):
        for command, closed in itertools.product(("rpc", "lsp"), [each for each in self.ALL if "<&-" in each]):
            with self.subTest(command=command, closed=closed):
                done = self.in_shell(f"timeout 20 {program()} {command} {closed}")
                self.assertNotEqual(done.returncode, 124)

    def test_serve_answers_and_ends_by_a_signal_with_each(self):
        body = b'{"jsonrpc": "2.0", "id": 1, "method": "server/info", "params": {}}'
        for number, closed in enumerate(self.ALL):
            with self.subTest(closed):
                path = self.folder / str(number)
                child = subprocess.Popen(["sh", "-c", f"exec {program()} serve --socket {path} {closed}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, cwd=self.folder, env=self.environment())
                self.addCleanup(lambda child=child: (child.kill(), child.communicate()) if child.poll() is None else None)
                client = self.connected(child, path)
                with client:
                    client.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                    answer = b""
                    while b'"dind-executor"' not in answer:
                        self.assertTrue(part := client.recv(4096), answer)
                        answer += part
                for descriptor, word in enumerate(("<&-", ">&-", "2>&-")):
                    if word in closed.split():
                        self.assertEqual(os.readlink(f"/proc/{child.pid}/fd/{descriptor}"), "/dev/null")
                child.terminate()
                child.communicate(timeout=LIMIT)
                self.assertEqual(child.returncode, 0)

    def connected(self, child, path):
        """A connection to a server that can't announce itself, because its stdout may be closed."""
        until = time.monotonic() + LIMIT
        while True:
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(LIMIT)
            try:
                client.connect(str(path))
                return client
            except OSError:
                client.close()
                self.assertIsNone(child.poll(), "the server has ended")
                self.assertLess(time.monotonic(), until, "the server does not listen")
                time.sleep(0.02)

    def test_stderr_that_is_full_does_not_hide_how_the_program_ended(self):
        done = self.in_shell(f"{program()} run {self.python('import sys; print(1); sys.exit(4)')} 2>/dev/full")
        self.assertEqual((done.returncode, done.stdout), (4, b"1\n"))
        done = self.in_shell(f"{program()} run {self.python('print(1)')} >/dev/full")
        self.assertEqual(done.returncode, 125)
        self.assertIn(b"stdout can't be written", done.stderr)


class SmallDisks(CliCase):
    """R06: SIGBUS in the index of SQLite's log, if a page of it has holes and the disk is full."""

    def disk(self, name, *options, size="6M", kind="ext4"):
        """A small file system that holds the state folder."""
        folder = self.folder / name
        folder.mkdir()
        if kind == "tmpfs":
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
        else:
            image = self.folder / (name + ".img")
            subprocess.run(["truncate", "-s", size, image], check=True)
            subprocess.run(["mkfs.ext4", "-q", *options, image], check=True, env=os.environ | {"PATH": "/usr/sbin:/sbin:" + os.environ["PATH"]})
            subprocess.run(["mount", "-o", "loop", image, folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        return folder

    @staticmethod
    def fill(folder):
        with open(folder / "filler", "wb", buffering=0) as filler:
            size = 1 << 16
            while size:
                try:
                    while filler.write(bytes(size)):
                        pass
                except OSError:
                    pass
                size //= 2

    KINDS = {"small blocks": ("ext4", ("-b", "1024", "-O", "^has_journal")), "two KiB": ("ext4", ("-b", "2048")), "usual blocks": ("ext4", ("-b", "4096")), "tmpfs": ("tmpfs", ())}

    def test_runs_go_on_and_the_history_can_be_read_and_pruned(self):
        path = self.python("print(1)")
        for number, (name, (kind, options)) in enumerate(self.KINDS.items()):
            with self.subTest(name):
                folder = self.disk(f"disk{number}", *options, kind=kind)
                env = self.environment(XDG_STATE_HOME=str(folder))
                self.assert_run(self.call("run", "--no-handover", path, env=env), 0, b"1\n")
                self.fill(folder)
                done = self.call("run", "--no-handover", path, env=env)
                self.assert_run(done, 0, b"1\n")
                listed = self.call("history", "list", env=env)
                self.assertEqual(listed.returncode, 0, listed)
                self.assertIn(b"program.py", listed.stdout)
                pruned = self.call("history", "prune", "--keep", "0", env=env)
                if pruned.returncode:  # not even SQLite's log has space
                    self.assertEqual(pruned.returncode, 125)
                    self.assertIn(b"free some space on its disk, or remove " + os.fsencode(folder), pruned.stderr)
                (folder / "filler").unlink()
                self.assert_run(self.call("run", "--no-handover", path, env=env), 0, b"1\n")
                self.assertIn(b"program.py", self.call("history", "list", env=env).stdout)


    def test_a_history_that_can_not_be_written_is_read_and_runs_go_on(self):   # R12
        path = self.python("print(1)")
        for number, name in enumerate(("as a run leaves it", "as a copy has it", "none")):
            with self.subTest(name):
                folder = self.disk(f"read-only{number}", kind="tmpfs")
                env = self.environment(XDG_STATE_HOME=str(folder))
                file = folder / "dind-executor" / "history.db"
                if name != "none":
                    self.assert_run(self.call("run", "--no-handover", path, env=env), 0, b"1\n")
                if name == "as a copy has it":
                    with contextlib.closing(sqlite3.connect(file)) as database:
                        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    for more in ("-wal", "-shm"):
                        pathlib.Path(f"{file}{more}").unlink(missing_ok=True)
                subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
                done = self.call("run", "--no-handover", path, env=env)
                self.assert_run(done, 0, b"1\n")
                said = [line for line in done.stderr.decode().splitlines() if str(folder) in line]
                self.assertEqual(len(said), 1, done.stderr)
                self.assertIn("name another file (history.path)", said[0])
                self.assertNotIn("permissions", said[0])
                listed = self.call("history", "list", env=env)
                self.assert_run(listed, 0)
                self.assertIn(b"No runs yet" if name == "none" else b"program.py", listed.stdout)
                if name != "none":
                    self.assert_refused(self.call("history", "prune", "--keep", "0", env=env), "can be read and not written")


class OddFiles(CliCase):
    def test_a_file_where_a_folder_of_the_history_belongs(self):   # R12
        path = self.python("print(1)")
        file = self.folder / "state"
        file.write_text("text")
        for home in (file, file / "below"):
            with self.subTest(home=home):
                env = self.environment(XDG_STATE_HOME=str(home))
                done = self.call("run", "--no-handover", path, env=env)
                self.assert_run(done, 0, b"1\n")
                said = [line for line in done.stderr.decode().splitlines() if str(file) in line]
                self.assertEqual(len(said), 1, done.stderr)
                self.assertIn(f"{file} is a file where a folder belongs; move it away", said[0])
                self.assert_refused(self.call("history", "list", env=env), f"{file} is a file where a folder belongs")

    def test_a_mask_that_takes_every_right_leaves_the_history_readable_for_its_owner(self):   # R16
        path = self.python("print(1)")
        state = self.folder / "state"
        for mask in ("0777", "0277", "0700", "0400", "0000"):
            with self.subTest(mask):
                env = self.environment(XDG_STATE_HOME=str(state / mask))
                done = subprocess.run(["sh", "-c", f"umask {mask}; exec {program()} run --no-handover {path}"], capture_output=True, timeout=LIMIT, cwd=self.folder, env=env, check=False)
                self.assert_run(done, 0, b"1\n")
                database = pathlib.Path(state / mask / "dind-executor" / "history.db")
                self.assertEqual(database.stat().st_mode & 0o777, 0o600)
                self.assertEqual(database.parent.stat().st_mode & 0o777, 0o700)
                self.assertEqual(database.parent.parent.stat().st_mode & 0o700, 0o700)

    def test_a_history_of_a_newer_version_says_so(self):   # R12
        path = self.python("print(1)")
        self.assert_run(self.call("run", "--no-handover", path), 0)
        file = self.folder / ".local/state/dind-executor/history.db"
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA user_version=99")
        database.close()
        done = self.call("history", "list")
        self.assert_refused(done, "newer dind-executor", "use that version")
        self.assertNotIn(b"permissions", done.stderr)

    def test_a_log_that_can_not_be_written_is_reported_once(self):   # R15
        done = self.call("--log-file", "/dev/full", "--log-level", "debug", "run", "--no-handover", self.python("print(1)"))
        self.assert_run(done, 0, b"1\n")
        self.assertNotIn(b"LOG ERROR", done.stderr)
        self.assertEqual(done.stderr.count(b"/dev/full can't be written"), 1, done.stderr)

    def test_a_memory_wish_just_below_the_least_names_both_in_bytes(self):   # R13
        self.assert_refused(self.call("run", "--memory", "6291455", self.python("1")), "6291456 bytes", "6291455 bytes")


class FileSizeLimit(CliCase):
    """SIGXFSZ ends no command. The program reports what it can't write, and runs go on."""

    def limited(self, blocks, line, **more):
        return subprocess.run(["bash", "-c", f"ulimit -f {blocks}; {line}"], capture_output=True, timeout=LIMIT, cwd=self.folder,
                              env=self.environment(PROGRAM=program(), **more), check=False)

    def test_a_run_goes_on_with_one_warning(self):
        path = self.python("print(1)")
        for blocks in (0, 1, 4, 20, 40, 60):
            with self.subTest(blocks):
                done = self.limited(blocks, f'"$PROGRAM" run --no-handover {path}', XDG_STATE_HOME=str(self.folder / f"state{blocks}"))
                self.assert_run(done, 0, b"1\n")
                said = [line for line in done.stderr.decode().splitlines() if "history" in line]
                self.assertLessEqual(len(said), 1, done.stderr)
                if blocks <= 4:
                    self.assertEqual(len(said), 1, done.stderr)
                    self.assertIn("ulimit -f", said[0])

    def test_a_log_and_an_output_that_reach_the_limit(self):
        path = self.python("print('x' * 100000)")
        done = self.limited(4, f'"$PROGRAM" --log-file log --log-level debug run --no-handover {self.python("print(1)", "short.py")}')
        self.assert_run(done, 0, b"1\n")
        done = self.limited(4, f'"$PROGRAM" run --no-handover {path} > out')
        self.assertEqual(done.returncode, 125)
        self.assertIn(b"stdout can't be written (File too large)", done.stderr)
        self.assertEqual((self.folder / "out").stat().st_size, 4096)

    def test_serve_goes_on(self):
        child = subprocess.Popen(["bash", "-c", f"ulimit -f 4; exec {program()} serve --socket {self.folder}/s.sock"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, env=self.environment())
        self.addCleanup(lambda: (child.kill(), child.communicate()) if child.poll() is None else None)
        child.stdout.readline()
        for _ in range(2):
            self.assert_run(self.call("run", "-q", self.python("print(1)")), 0, b"1\n")
        self.assertIsNone(child.poll())
        child.terminate()
        _, errors = child.communicate(timeout=LIMIT)
        self.assertEqual(child.returncode, 0, errors)


class FewDescriptors(CliCase):
    def few(self, count, *arguments):
        return subprocess.run(["bash", "-c", f"ulimit -n {count}; exec {program()} " + " ".join(arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=LIMIT, cwd=self.folder, env=self.environment(), check=False)

    def test_what_lacks_one_names_the_limit(self):
        path = self.python("print(1)")
        for count in range(8, 22):
            for command in (("run", "--no-handover", path), ("lsp",), ("history", "list")):
                with self.subTest(count=count, command=command[0]):
                    done = self.few(count, *command)
                    for line in done.stderr.decode().splitlines():
                        self.assertNotIn("permissions and the space", line)
                        self.assertNotIn("a bug in dind-executor", line)
                        if "Too many open files" in line:
                            self.assertIn("ulimit -n", line)
