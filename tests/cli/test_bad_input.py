"""Bad input: one line that says what happened and what to do, exit 125, nothing left behind."""
import json
import socket
import time

from dindtest.case import CliCase
from dindtest.program import IMAGE


class BadInput(CliCase):
    def test_an_unreachable_engine(self):
        path = self.python("print(1)")
        for host in ("unix:///nonexistent/engine.sock", "tcp://127.0.0.1:1"):
            with self.subTest(host):
                begun = time.monotonic()
                self.assert_refused(self.call("run", "--host", host, path), host)
                self.assertLess(time.monotonic() - begun, 5)
                env = self.environment(DOCKER_HOST=host)
                self.assert_refused(self.call("run", path, env=env), host)

    def test_an_invalid_address(self):
        self.assert_refused(self.call("run", "--host", "gopher://x", self.python("print(1)")), "gopher")

    def test_an_unknown_language(self):
        self.assert_refused(self.call("run", "--language", "cobol", self.python("print(1)")), "cobol", "python")
        self.assert_refused(self.call("run", self.file("x.rb", "puts 1")), ".rb", "python")
        self.assert_refused(self.call("run", "-", input=b"print(1)"), "python")

    def test_a_missing_file(self):
        self.assert_refused(self.call("run", "none.py"), "none.py")

    def test_a_directory(self):
        self.assert_refused(self.call("run", str(self.folder)), str(self.folder), "directory")

    def test_an_empty_file(self):
        self.assert_refused(self.call("run", self.python("")), "empty")
        self.assert_refused(self.call("run", "-l", "python", "-"), "empty")

    def test_a_file_that_is_too_large(self):
        self.assert_refused(self.call("run", self.python(b"#" * ((16 << 20) + 1))), "16 MiB")

    def test_an_image_that_does_not_exist(self):
        # Loopback: no registry is asked.
        done = self.call("run", "--quiet", "--image", "127.0.0.1:1/none:latest", "--", "true")
        self.assert_refused(done, "127.0.0.1:1/none:latest")

    def test_an_invalid_image_name(self):
        for image in ("a b", "UPPER", "x;id", "-x", "../x"):
            with self.subTest(image):
                self.assert_refused(self.call("run", f"--image={image}", "--", "true"))

    def test_a_command_that_is_not_in_the_image(self):
        done = self.call("run", "--image", IMAGE, "--", "no-such-command")
        self.assertIn(done.returncode, (125, 127))

    def test_missing_input(self):
        self.assert_refused(self.call("run", "--stdin", "none.txt", self.python("print(1)")), "none.txt")
        self.assert_refused(self.call("run", "--stdin", str(self.folder), self.python("print(1)")), "directory")

    def test_options_that_are_wrong(self):
        path = self.python("print(1)")
        for arguments, said in ([(["run"], "FILE"), (["fly"], "fly"), ([], "run"), (["run", path, "more"], "--"),
                                 (["run", "--tiemout", "3", path], "--tiemout"), (["run", "--timeout", "0", path], "--timeout"),
                                 (["run", "--timeout", "nan", path], "--timeout"), (["run", "--memory", "-1", path], "--memory"),
                                 (["run", "--memory", "1k", path], "memory"), (["run", "--cpus", "0", path], "--cpus"),
                                 (["run", "--tmp", "1023k", path], "tmp must be at least 1 MiB"), (["run", "--tmp", "0", path], "--tmp"),
                                 (["run", "--pids", "x", path], "--pids"), (["run", "--network", "host", path], "--network"),
                                 (["run", "--env", "A", path], "--env"), (["run", "--", "ls"], "image")]):
            with self.subTest(arguments):
                self.assert_refused(self.call(*arguments), said)

    def test_a_broken_configuration(self):
        for text, said in (("{", "JSON"), ('{"limits": {"max": {"timout": 3}}}', "timout")):
            with self.subTest(text):
                env = self.environment(DIND_CONFIG=self.file("config.json", text))
                self.assert_refused(self.call("run", self.python("print(1)"), env=env), "config.json", said)

    def test_switched_off(self):
        self.assert_refused(self.call("run", self.python("print(1)"), env=self.environment(DIND_ENABLED="false")), "DIND_ENABLED")
        done = self.call("run", "--json", self.python("print(1)"), env=self.environment(DIND_ENABLED="false"))
        error = json.loads(done.stdout)["error"]
        self.assertEqual((done.returncode, error["kind"], error["httpStatus"]), (125, "disabled", 503))


class Others(CliCase):
    def test_languages(self):
        done = self.call("languages")
        self.assert_run(done, 0)
        self.assertIn(b"python", done.stdout)
        self.assertTrue({"python", "javascript", "shell"} <= {each["id"] for each in json.loads(self.call("languages", "--json").stdout)})

    def test_version_and_help(self):
        self.assertRegex(self.call("--version").stdout.decode(), r"^dind-executor \d+\.\d+\.\d+\n$")
        for arguments in (["--help"], ["run", "--help"], ["doctor", "--help"], ["gc", "--help"], ["lsp", "--help"]):
            self.assert_run(self.call(*arguments), 0)
        for command in ("languages", "doctor", "gc", "history", "serve", "rpc"):
            text = self.call(command, "--help").stdout.decode()
            self.assertRegex(text.split("Example", 1)[1], rf"dind-executor( --host \S+)? {command}\b|\| dind-executor {command}", "examples of its own")
            self.assertNotIn("hello.py", text)

    def test_doctor_finds_this_engine_good(self):
        done = self.call("doctor", "--json")
        self.assert_run(done, 0)
        report = json.loads(done.stdout)
        self.assertTrue(report["ok"])
        self.assertTrue(report["checks"])
        self.assertEqual({"name", "status", "seen", "remedy"}, set(report["checks"][0]))
        self.assert_run(self.call("doctor"), 0)

    def test_doctor_says_that_the_engine_is_away(self):
        done = self.call("--host", "unix:///nonexistent/engine.sock", "doctor")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"failed", done.stdout)
        self.assertIn(b"/nonexistent/engine.sock", done.stdout)

    def test_an_engine_that_is_there_and_says_nothing_is_known_within_eight_seconds(self):
        path = str(self.folder / "engine.sock")
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(path)
            silent.listen(64)  # and takes none of them, as a stopped dockerd
            begun = time.monotonic()
            children = {self.start("--host", f"unix://{path}", *what): code for what, code in ((("run", self.python("print(1)")), 125), (("doctor",), 1))}
            for child, code in children.items():
                out, err = child.communicate(timeout=30)
                self.assertEqual(child.returncode, code, err)
                self.assertIn(b"does not answer", out + err)
            self.assertLess(time.monotonic() - begun, 8)
