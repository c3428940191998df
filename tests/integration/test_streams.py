"""Input and output on a real engine: every byte arrives, and no more memory is used than the window."""
import hashlib
import json
import subprocess
import time

from dindtest.case import CliCase
from dindtest.program import LIMIT

MIB = 1 << 20


class Output(CliCase):
    def memory_of(self, child, field="VmRSS"):
        with open(f"/proc/{child.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

    def test_a_hundred_megabytes_arrive_whole_and_are_not_held(self):
        path = self.python("import sys\nfor i in range(1600): sys.stdout.buffer.write(bytes([i % 251]) * 65536)\n")
        # The sanitizer keeps freed memory, up to 256 MiB. Without a sanitizer, the variable has no effect.
        env = self.environment(ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
        begun = time.monotonic()
        child = self.start("run", "--quiet", path, env=env)
        first = child.stdout.read(65536)
        baseline = self.memory_of(child)
        digest, size, most = hashlib.sha256(first), len(first), 0
        while chunk := child.stdout.read(MIB):
            digest.update(chunk)
            size += len(chunk)
            if child.poll() is None and size < 1590 * 65536:
                most = max(most, self.memory_of(child))
        self.assertEqual(child.wait(LIMIT), 0)
        self.assertEqual(size, 1600 * 65536)
        expected = hashlib.sha256(b"".join(bytes([i % 251]) * 65536 for i in range(1600)))
        self.assertEqual(digest.hexdigest(), expected.hexdigest())
        self.measured("100 MB: MiB above the baseline, MB/s", (round((most - baseline) / MIB, 1), round(105 / (time.monotonic() - begun))))
        self.assertLess(most - baseline, 32 * MIB)

    def test_an_unread_flood_is_not_kept_in_memory(self):
        child = self.start("run", "--quiet", "--timeout", "3", self.python("while True: print('x' * 4000)"),
                           env=self.environment(ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64"))
        self.assertEqual(child.stdout.read(1), b"x")
        baseline, most = self.memory_of(child), 0
        until = time.monotonic() + 2
        while time.monotonic() < until:
            most = max(most, self.memory_of(child))
            time.sleep(0.05)
        self.measured("unread flood: MiB above the baseline", round((most - baseline) / MIB, 1))
        self.assertLess(most - baseline, 32 * MIB)
        child.stdout.read()
        self.assertEqual(child.wait(LIMIT), 124)

    def test_output_at_the_very_end_is_not_lost(self):
        path = self.python("import os\nos.write(1, b'x' * 60000)\nos.write(2, b'y' * 60000)\nos.kill(os.getpid(), 9)\n")
        for _ in range(5):
            done = self.call("run", "--quiet", path)
            self.assert_run(done, 137, b"x" * 60000)
            self.assertEqual(done.stderr, b"y" * 60000)


class Input(CliCase):
    def test_five_megabytes_come_back_as_they_went(self):
        data = hashlib.shake_256(b"seed").digest(5_000_000)
        path = self.python("import shutil, sys\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)\n")
        done = self.call("run", "--quiet", path, input=data)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(hashlib.sha256(done.stdout).digest(), hashlib.sha256(data).digest())

    def test_a_program_that_closes_its_stdin_early_is_not_held_by_it(self):
        path = self.python("import os, sys, time\nos.read(0, 10)\nos.close(0)\ntime.sleep(0.3)\nprint('closed and done')\n")
        begun = time.monotonic()
        self.assert_run(self.call("run", "--quiet", path, input=b"x" * 5_000_000), 0, b"closed and done\n")
        self.assertLess(time.monotonic() - begun, 10)

    def test_the_end_of_our_stdin_is_the_end_of_the_programs_and_not_of_the_program(self):
        child = self.start("run", "--quiet", self.python("import sys, time\nprint('got', len(sys.stdin.read()), flush=True)\ntime.sleep(0.5)\nprint('and went on')\n"),
                           stdin=subprocess.PIPE)
        child.stdin.write(b"12345")
        child.stdin.close()
        self.assertEqual(child.stdout.read(), b"got 5\nand went on\n")
        self.assertEqual(child.wait(LIMIT), 0)

    def test_without_stdin_the_program_reads_an_end(self):
        self.assert_run(self.call("run", "--quiet", self.python("print(repr(input()) if False else len(__import__('sys').stdin.read()))")), 0, b"0\n")


class Arguments(CliCase):
    def test_ten_thousand_arguments(self):
        many = [f"argument number {i} --{'x' * 20}" for i in range(10_000)]
        path = self.python("import sys, hashlib\nprint(len(sys.argv) - 1, hashlib.sha256('\\0'.join(sys.argv[1:]).encode()).hexdigest())\n")
        expected = f"{len(many)} {hashlib.sha256(chr(0).join(many).encode()).hexdigest()}\n".encode()
        self.assert_run(self.call("run", "--quiet", path, "--", *many), 0, expected)

    def test_more_than_a_program_can_take_is_refused_with_a_remedy(self):
        done = self.call("run", self.python("print(1)"), "--", *(["x" * 100_000] * 12))
        self.assert_refused(done, "stdin")

    def test_variables_with_line_ends_quotes_and_other_peoples_scripts(self):
        values = {"LINES2": "a\nb\r\n\tc", "QUOTES": "'\"`$(id)\\", "EQUALS": "=x==", "UNICODE": "日本😀", "LD_PRELOAD": "/nonexistent.so", "BASH_ENV": "x"}
        path = self.python(f"import json, os\nprint(json.dumps({{k: os.environ[k] for k in {list(values)!r}}}))\n")
        arguments = [part for name, value in values.items() for part in ("--env", f"{name}={value}")]
        done = self.call("run", "--quiet", *arguments, path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), values)
