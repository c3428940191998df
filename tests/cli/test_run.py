"""`dind-executor run` on a real engine: bytes, arguments, input, limits, and how runs end."""
import base64
import hashlib
import json
import signal
import subprocess
import time

from dindtest.case import CliCase
from dindtest.program import IMAGE, LIMIT, ROOT


class Output(CliCase):
    def test_bytes_arrive_as_the_program_wrote_them(self):
        path = self.python("import sys\nb = bytes(range(256)) * 300\nsys.stdout.buffer.write(b)\nsys.stderr.buffer.write(b[::-1])\n")
        done = self.call("run", "--quiet", path)
        self.assert_run(done, 0, bytes(range(256)) * 300)
        self.assertEqual(done.stderr, (bytes(range(256)) * 300)[::-1])

    def test_ten_megabytes_arrive_whole(self):
        path = self.python("import sys\nfor i in range(160): sys.stdout.write(chr(65 + i % 26) * 65536)\n")
        done = self.call("run", "--quiet", path)
        self.assertEqual(hashlib.sha256(done.stdout).hexdigest(),
                         hashlib.sha256(b"".join(bytes([65 + i % 26]) * 65536 for i in range(160))).hexdigest())
        self.assertEqual(done.returncode, 0)

    def test_the_first_line_comes_before_the_program_ends(self):
        child = self.start("run", str(ROOT / "examples/python/slow_count.py"))
        self.assertEqual(child.stdout.readline(), b"line 1 of 30\n")
        first = time.monotonic()
        rest = child.stdout.read()
        self.assertEqual(child.wait(LIMIT), 0)
        self.assertTrue(rest.endswith(b"line 30 of 30\n"))
        self.assertGreater(time.monotonic() - first, 2.0)

    def test_one_line_on_stderr_gives_verdict_time_memory_and_image(self):
        done = self.call("run", self.python("print(1)"))
        self.assert_run(done, 0, b"1\n")
        self.assertRegex(done.stderr.decode(), r"^ok · [\d.]+ m?s · peak [\d.]+ [KM]iB · \S+\n$")

    def test_quiet_leaves_stderr_to_the_program(self):
        done = self.call("run", "--quiet", self.python("import sys; print('mine', file=sys.stderr)"))
        self.assertEqual(done.stderr, b"mine\n")

    def test_a_slow_reader_loses_nothing(self):
        child = self.start("run", "--quiet", self.python("for i in range(400000): print(i)"))
        time.sleep(2)
        out = child.stdout.read()
        self.assertEqual(child.wait(LIMIT), 0)
        self.assertEqual(out, b"".join(b"%d\n" % i for i in range(400000)))

    def test_a_reader_that_goes_away_ends_the_run(self):
        child = self.start("run", self.python("while True: print('x' * 1000)"))
        child.stdout.readline()
        child.stdout.close()
        self.assertEqual(child.wait(LIMIT), 141)


class Programs(CliCase):
    def test_every_example_runs(self):
        for name in ("python/hello.py", "javascript/hello.js", "shell/hello.sh"):
            with self.subTest(name):
                done = self.call("run", str(ROOT / "examples" / name), "--", "Ada", "L.")
                self.assert_run(done, 0)
                self.assertIn(b"Hello, Ada L.!\n", done.stdout)
                self.assertIn(b"network: none", done.stdout)
                self.assertNotIn(b"as user 0", done.stdout)
                self.assertNotIn(b"file system: writable", done.stdout)

    def test_arguments_arrive_as_they_are(self):
        odd = ["", " ", "--timeout", "-h", "--", "$(id)", "a'b\"c", "é", "*", "a\nb", "\\"]
        done = self.call("run", self.python("import json, sys; print(json.dumps(sys.argv[1:]))"), "--", *odd)
        self.assert_run(done, 0)
        self.assertEqual(json.loads(done.stdout), odd)

    def test_the_environment_has_only_the_named_variables(self):
        path = self.python("import json, os; print(json.dumps(dict(os.environ)))")
        done = self.call("run", "--env", "A=1", "--env", "B=x=$y \n", "-e", "C=", path, env=self.environment(SECRET="s3cret"))
        self.assert_run(done, 0)
        seen = json.loads(done.stdout)
        self.assertEqual((seen["A"], seen["B"], seen["C"]), ("1", "x=$y \n", ""))
        self.assertNotIn("SECRET", seen)

    def test_a_program_comes_on_stdin(self):
        self.assert_run(self.call("run", "-l", "python", "-", "--", "7", input=b"import sys; print(6 * int(sys.argv[1]))"), 0, b"42\n")
        self.assert_run(self.call("run", "-", input=b"#!/bin/bash\necho $((6 * 7))\n"), 0, b"42\n")

    def test_a_command_runs_in_an_image(self):
        self.assert_run(self.call("run", "--image", IMAGE, "--", "printf", "%s-", "a b", "--quiet"), 0, b"a b---quiet-")

    def test_the_language_overrides_the_extension(self):
        self.assert_run(self.call("run", "--language", "sh", self.file("x.py", "echo shell")), 0, b"shell\n")

    def test_names_that_need_quoting(self):
        for name in ("a b.py", "-dash.py", "quote'\".py", "$(id).py", "日本.py"):
            with self.subTest(name):
                self.assert_run(self.call("run", self.python("print('ran')", name)), 0, b"ran\n")


class Input(CliCase):
    COUNT = "import sys, hashlib; b = sys.stdin.buffer.read(); print(len(b), hashlib.sha256(b).hexdigest())"

    def test_our_stdin_is_the_programs(self):
        data = bytes(range(256)) * 20000
        expected = b"%d %s\n" % (len(data), hashlib.sha256(data).hexdigest().encode())
        self.assert_run(self.call("run", self.python(self.COUNT), input=data), 0, expected)

    def test_a_file_is_the_programs_stdin(self):
        data = b"\0\xff" * 100000
        expected = b"%d %s\n" % (len(data), hashlib.sha256(data).hexdigest().encode())
        self.assert_run(self.call("run", "--stdin", self.file("data", data), self.python(self.COUNT)), 0, expected)
        # With a program on stdin the input comes from a file.
        self.assert_run(self.call("run", "-l", "py", "--stdin", self.file("data", data), "-", input=self.COUNT.encode()), 0, expected)

    def test_a_conversation(self):
        child = self.start("run", self.python("for line in iter(input, 'end'): print('got', line)"), stdin=subprocess.PIPE)
        for word in (b"one", b"two"):
            child.stdin.write(word + b"\n")
            child.stdin.flush()
            self.assertEqual(child.stdout.readline(), b"got " + word + b"\n")
        child.stdin.write(b"end\n")
        child.stdin.flush()  # the input stays open: the run ends with the program, not with its input
        self.assertEqual(child.wait(LIMIT), 0)

    def test_input_that_is_not_read_does_not_hold_the_run(self):
        endless = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
        try:
            child = self.start("run", self.python("print('done')"), stdin=endless.stdout)
            self.assertEqual(child.stdout.read(), b"done\n")
            self.assertEqual(child.wait(LIMIT), 0)
        finally:
            endless.kill()
            endless.wait()
            endless.stdout.close()


class Endings(CliCase):
    def test_the_programs_exit_code_is_ours(self):
        for code in (1, 7, 125, 255):
            with self.subTest(code):
                done = self.call("run", self.python(f"raise SystemExit({code})"))
                self.assert_run(done, code)
                self.assertIn(f"failed · exit {code}", done.stderr.decode())

    def test_a_signal_is_128_and_its_number(self):
        done = self.call("run", self.file("x.sh", "kill -SEGV $$"))
        self.assert_run(done, 139)
        self.assertIn("SIGSEGV", done.stderr.decode())

    def test_timeout_is_124_and_output_so_far_is_kept(self):
        begun = time.monotonic()
        done = self.call("run", "--timeout", "1", self.python("print('kept')\nwhile True: pass"))
        self.assert_run(done, 124, b"kept\n")
        self.assertLess(time.monotonic() - begun, 10)
        self.assertIn("timeout", done.stderr.decode())

    def test_memory_is_137(self):
        done = self.call("run", "--memory", "64m", self.python("b = bytearray()\nwhile True: b += b'x' * 10_000_000"))
        self.assert_run(done, 137)
        self.assertIn("out of memory", done.stderr.decode())

    def test_folders_in_memory_have_the_size_of_tmp(self):
        write = ("import os\nfor folder in ('/tmp', '/sandbox', '/dev/shm'):\n  s = os.statvfs(folder); print(folder, s.f_blocks * s.f_frsize >> 20)\n"
                 "with open('/tmp/x', 'wb') as file:\n  for _ in range(100): file.write(bytes(1 << 20))\n")
        done = self.call("run", "--tmp", "120m", self.python(write))
        self.assert_run(done, 0, b"/tmp 120\n/sandbox 120\n/dev/shm 120\n")
        done = self.call("run", "--tmp", "8m", self.python(write))
        self.assertEqual((done.returncode, done.stdout), (122, b"/tmp 8\n/sandbox 8\n/dev/shm 8\n"))
        self.assertIn("/tmp was full at its end (8 MiB in memory each): allow more (--tmp, at most the operator's limits.max.tmp)", done.stderr.decode())
        done = self.call("run", "--tmp", "8g", self.python("print(1)"))
        self.assert_run(done, 0, b"1\n")
        self.assertIn("tmp 8 GiB is more than the maximum; 4 GiB is in force", done.stderr.decode())

    def test_processes_are_limited(self):
        path = self.python("import os, time\nn = 0\ntry:\n  for n in range(100):\n    if os.fork() == 0: time.sleep(30); os._exit(0)\n"
                           "except OSError as e: print('refused', n < 20)\nelse: print('all')\n")
        self.assertEqual(self.call("run", "--pids", "16", path).stdout, b"refused True\n")

    def test_a_limit_above_the_maximum_is_lowered_and_reported(self):
        config = self.file("config.json", '{"limits": {"max": {"timeout": 5}}}')
        done = self.call("run", "--timeout", "60", self.python("print(1)"), env=self.environment(DIND_CONFIG=config))
        self.assert_run(done, 0, b"1\n")
        self.assertIn("more than the maximum", done.stderr.decode())

    def stopped_by(self, number, code):
        child = self.start("run", str(ROOT / "examples/python/endless.py"))
        self.assertEqual(child.stdout.readline(), b"still here after 0 s\n")
        child.send_signal(number)
        begun = time.monotonic()
        self.assertEqual(child.wait(LIMIT), code)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertIn("cancelled", child.stderr.read().decode())
        self.assert_nothing_left(1)

    def test_sigint_stops_the_run(self):
        self.stopped_by(signal.SIGINT, 130)

    def test_sigterm_stops_the_run(self):
        self.stopped_by(signal.SIGTERM, 143)

    def test_sigkill_of_ours_leaves_no_container(self):
        child = self.start("run", self.file("x.sh", "(setsid sleep 100 &)\necho up\nsleep 100"))
        self.assertEqual(child.stdout.readline(), b"up\n")
        self.assertEqual(len(self.wait_for_container()), 1)
        child.kill()
        self.assertEqual(child.wait(LIMIT), -signal.SIGKILL)
        self.assert_nothing_left(5)

    def test_a_background_process_does_not_hold_the_run(self):
        self.assert_run(self.call("run", self.file("x.sh", "sleep 50 &\necho done")), 0, b"done\n")


class Json(CliCase):
    def events(self, *arguments):
        done = self.call("run", "--json", *arguments)
        return done, [json.loads(line) for line in done.stdout.decode().splitlines()]

    def test_events_come_in_order_and_carry_the_result(self):
        done, events = self.events(self.python("import sys\nprint('é')\nprint('e', file=sys.stderr)\nsys.exit(3)"))
        self.assertEqual((done.returncode, done.stderr), (3, b""))
        kinds = [event["event"] for event in events]
        self.assertEqual(kinds[-1], "finished")
        self.assertEqual(kinds.count("started"), 1)
        self.assertLess(kinds.index("started"), kinds.index("output"))
        text = {channel: "".join(e["text"] for e in events if e["event"] == "output" and e["channel"] == channel)
                for channel in ("stdout", "stderr")}
        self.assertEqual(text, {"stdout": "é\n", "stderr": "e\n"})
        started = events[kinds.index("started")]
        self.assertEqual(started["language"], "python")
        self.assertEqual(started["limits"], {"timeoutMs": 60000, "memoryBytes": 512 << 20, "cpus": 1.0, "pids": 256, "network": "none"})
        result = events[-1]["result"]
        self.assertEqual((result["verdict"], result["exitCode"], result["signal"]), ("failed", 3, None))
        self.assertEqual((result["stdoutBytes"], result["stderrBytes"], result["droppedBytes"]), (3, 2, 0))
        self.assertEqual(result["runId"], started["runId"])

    def test_what_is_not_utf8_is_base64(self):
        _, events = self.events(self.python(r"import sys; sys.stdout.buffer.write(b'\xff\x00')"))
        data = b"".join(base64.b64decode(e["base64"]) if "base64" in e else e["text"].encode() for e in events if e["event"] == "output")
        self.assertEqual(data, b"\xff\0")

    def test_what_could_not_run_is_an_error_event(self):
        done, events = self.events("none.py")
        self.assertEqual(done.returncode, 125)
        self.assertEqual([event["event"] for event in events], ["error"])
        self.assertEqual((events[0]["error"]["kind"], events[0]["error"]["httpStatus"]), ("not_found", 422))
