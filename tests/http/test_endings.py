"""What a client learns about the end of a run: over /execute, over /runs, and in the events."""
import json
import re

from dindtest import engine
from dindtest.http_case import ENDLESS, JSON, HttpCase

SHELL = "dind-executor/runtime-shell:bookworm"


class Execute(HttpCase):
    """I01: `error` says how a run ended, and what is missing."""

    def error_of(self, server, code, success=False, **more):
        reply = self.ask(server, "POST", "/execute", {"code": code, **more})
        self.assertEqual((reply.status, reply.json()["success"]), (200, success), reply.body[:500])
        self.assertEqual(set(reply.json()), {"success", "output", "error"})
        return reply.json()["error"]

    def test_the_end_of_a_program_is_reported_in_every_language(self):
        server = self.serve()
        for language, code, said in (("python", "import sys; print('half'); sys.exit(3)", "exit 3"), ("shell", "exit 77", "exit 77"), ("javascript", "process.exit(5)", "exit 5"),
                                     ("python", "import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"), ("shell", "kill -TERM $$", "killed by SIGTERM"),
                                     ("javascript", "process.kill(process.pid, 'SIGABRT'); setInterval(() => {}, 1e6)", "killed by SIGABRT")):
            with self.subTest(language=language, code=code):
                self.assertEqual(self.error_of(server, code, language=language), f"dind-executor: {said}\n")

    def test_the_line_comes_after_the_output_of_the_program(self):
        server = self.serve()
        self.assertEqual(self.error_of(server, "import sys; sys.stderr.write('no end of line'); sys.exit(1)"), "no end of line\ndind-executor: exit 1\n")
        self.assertEqual(self.error_of(server, "import sys; sys.stderr.write('fine')", success=True), "fine")

    def test_limits_are_named_with_their_figure(self):
        server = self.serve(config={"limits": {"defaults": {"memory": "64m", "output": "1m", "pids": 20}}})
        # The timeout of the program or the total timeout, the shorter one.
        self.assertRegex(self.error_of(server, "while True: pass", timeout=3), r"timeout.*\b3 s\b")
        self.assertRegex(self.error_of(server, "sleep 9", language="shell", timeout=3), r"timeout.*\b3 s\b")
        self.assertIn("out of memory: the limit is 64 MiB", self.error_of(server, "x = bytearray(500 << 20)"))
        self.assertIn("too much output: the limit is 1 MiB", self.error_of(server, "while True: print('x' * 1000)"))

    def test_output_that_is_not_there_is_counted(self):
        server = self.serve()
        reply = self.ask(server, "POST", "/execute", {"code": "import sys\nsys.stdout.write('x' * (11 << 20))"}).json()
        self.assertEqual((reply["success"], len(reply["output"])), (True, 10 << 20))
        self.assertIn("1 MiB of output was left out", reply["error"])
        self.assertIn("1 MiB of output was left out", self.error_of(server, "import sys\nsys.stderr.write('x' * (11 << 20))", success=True))

    def test_a_lowered_limit_is_reported_also_if_the_run_succeeds(self):
        self.assertIn("3600 s is in force", self.error_of(self.serve(), "print(1)", success=True, timeout=99999))

    def test_a_child_that_was_killed_for_memory_is_mentioned(self):
        server = self.serve(config={"limits": {"defaults": {"memory": "64m"}}})
        code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'x = bytearray(500 << 20)'])\nprint('on')"
        self.assertIn("one of its processes was killed for lack of memory", self.error_of(server, code, success=True))

    def test_waiting_for_a_turn_in_vain_is_no_timeout_of_the_program(self):  # K20
        server = self.serve(config={"concurrentRuns": 1})
        _, reply = self.events(server, ENDLESS, runId="first")
        self.until_event(reply, "output")
        refused = self.ask(server, "POST", "/execute", {"code": "print(1)", "timeout": 1})
        self.assert_detail(refused, 503, "did not begin", "Try again")
        self.assertTrue(int(refused.headers["Retry-After"]) > 0)
        self.assertEqual((refused.json()["error"]["kind"], refused.json()["error"]["httpStatus"]), ("busy", 503))
        self.ask(server, "DELETE", "/runs/first")

    def test_the_wait_for_a_turn_takes_nothing_of_the_programs_time(self):  # K20
        server = self.serve(config={"concurrentRuns": 1})
        _, reply = self.events(server, "import time\nprint('up', flush=True)\ntime.sleep(5)")
        self.until_event(reply, "output")
        done = self.ask(server, "POST", "/execute", {"code": "import time\ntime.sleep(4)\nprint('all')", "timeout": 8})
        self.assertEqual((done.status, done.json()["output"]), (200, "all\n"), done.body)
        self.until_event(reply, "finished")


class Lines(HttpCase):
    """I04: one JSON value is one line for every reader."""

    def test_what_ends_a_line_for_some_readers_is_escaped(self):
        server = self.serve()
        text = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg"
        _, reply = self.events(server, f"print({text!a})")
        body = reply.read().decode()
        for line in body.splitlines():  # str.splitlines knows all of them
            if line.startswith("data: "):
                json.loads(line[6:])
            else:
                self.assertTrue(line == "" or line.startswith(("event: ", ": ")), line)
        self.assertIn("\\u2028", body)
        reply = self.run_code(server, f"print({text!a})")
        self.assertEqual(len(reply.body.decode().splitlines()), 1)
        self.assertEqual(reply.json()["stdout"], text + "\n")


class Errors(HttpCase):
    """I16: an error has the id of the run, whether the program began, and its output so far."""

    def test_an_error_before_the_program(self):
        server = self.serve()
        error = self.run_code(server, "print(1)", image="no.such/image:1", pull="never", runId="mine").json()["error"]
        self.assertEqual((error["runId"], error["began"], error["stdout"], error["stderr"]), ("mine", False, "", ""))
        error = self.ask(server, "POST", "/runs", {"command": ["nope"], "image": SHELL}).json()["error"]
        self.assertEqual((error["kind"], error["httpStatus"], error["began"]), ("not_found", 422, False))
        self.assertRegex(error["runId"], "^[A-Za-z0-9_-]+$")

    def test_an_error_after_the_program_began(self):
        server = self.serve()
        for path in ("/runs", "/execute", "events"):
            with self.subTest(path):
                connection = self.connect(server)
                body = {"code": ENDLESS} if path == "/execute" else {"code": ENDLESS, "language": "python", "runId": "mine"}
                written = self.output_bytes(server)
                connection.request("POST", "/execute" if path == "/execute" else "/runs", json.dumps(body).encode(),
                                   JSON | {"Authorization": f"Bearer {server.token}"} | ({"Accept": "text/event-stream"} if path == "events" else {}))
                while self.output_bytes(server) < written + len("up\n"):
                    pass
                (container,) = self.wait_for_container(warm=False)
                engine.remove(container)
                reply = connection.getresponse()
                if path == "events":
                    error = self.until_event(reply, "error")
                else:
                    error = json.loads(reply.read())["error"]
                    self.assertEqual((reply.status, error["httpStatus"]), (500 if path == "/execute" else 502,) * 2)
                self.assertEqual((error["kind"], error["began"], error["stdout"], error["stderr"]), ("engine_error", True, "up\n", ""))
                self.assertIn("removed while the program ran", error["message"])
                self.assertRegex(error["runId"], "^mine$" if path != "/execute" else "^[A-Za-z0-9_-]+$")

    def output_bytes(self, server):
        return int(re.search(rb'output_bytes_total\{channel="stdout"\} (\d+)', self.ask(server, "GET", "/metrics").body)[1])

    def test_a_missing_program_or_folder_does_not_read_as_a_wrong_path(self):  # I05
        server = self.serve()
        for body in ({"command": ["nope"]}, {"command": ["ls"], "workingDir": "/no/such"}):
            reply = self.ask(server, "POST", "/runs", {"image": SHELL, **body})
            self.assert_detail(reply, 422)

    def test_a_run_that_is_cancelled_before_it_began_has_a_status_that_clients_know(self):  # I05
        server = self.serve(config={"concurrentRuns": 1})
        _, reply = self.events(server, ENDLESS, runId="first")
        self.until_event(reply, "output")
        connection = self.connect(server)
        connection.request("POST", "/runs", json.dumps({"code": "print(1)", "language": "python", "runId": "second"}).encode(),
                           JSON | {"Authorization": f"Bearer {server.token}"})
        while self.ask(server, "GET", "/runs/second").json().get("phase") != "queued":
            pass
        self.ask(server, "DELETE", "/runs/second")
        answer = connection.getresponse()
        self.assertEqual((answer.status, json.loads(answer.read())["error"]["kind"]), (409, "cancelled"))
        self.ask(server, "DELETE", "/runs/first")

    def test_execute_has_the_same_statuses_if_no_one_made_an_error(self):  # I05
        server = self.serve(config={"images": {"javascript": SHELL, "python": "no.such/image:1"}, "pull": "never"})
        for language, status, kind in (("javascript", 422, "not_found"), ("python", 424, "image_unavailable")):
            with self.subTest(language=language):
                reply = self.ask(server, "POST", "/execute", {"code": "1", "language": language})
                self.assert_detail(reply, status)
                error = reply.json()["error"]
                self.assertEqual((error["kind"], error["httpStatus"], error["began"], error["stdout"], error["stderr"]), (kind, status, False, "", ""))
                self.assertEqual(error["message"], reply.json()["detail"])
                self.assertEqual(self.ask(server, "POST", "/runs", {"code": "1", "language": language}).status, status)

    def test_an_execute_that_is_cancelled_before_it_began(self):  # I05
        server = self.serve(config={"concurrentRuns": 1})
        _, reply = self.events(server, ENDLESS, runId="first")
        self.until_event(reply, "output")
        connection = self.connect(server)
        connection.request("POST", "/execute", json.dumps({"code": "print(1)"}).encode(), JSON | {"Authorization": f"Bearer {server.token}"})
        while not (waiting := [each for each in self.ask(server, "GET", "/runs").json()["runs"] if each.get("phase") == "queued"]):
            pass
        self.ask(server, "DELETE", "/runs/" + waiting[0]["runId"])
        answer = connection.getresponse()
        error = json.loads(answer.read())["error"]
        self.assertEqual((answer.status, error["kind"], error["httpStatus"], error["began"]), (409, "cancelled", 409, False))
        self.ask(server, "DELETE", "/runs/first")

    def test_every_error_has_one_shape(self):  # I24
        server = self.serve()
        for method, path, body, headers in (("GET", "/nothing", None, {}), ("PUT", "/runs", None, {}), ("POST", "/runs", {}, {}), ("POST", "/execute", {}, {}),
                                            ("GET", "/runs", None, {"Authorization": None}), ("GET", "/runs", None, {"Origin": "http://x.example"}),
                                            ("POST", "/runs", {}, {"Content-Type": "text/plain"}), ("DELETE", "/runs/none", None, {})):
            with self.subTest(method=method, path=path):
                reply = self.ask(server, method, path, body, headers)
                error = reply.json()["error"]
                self.assertEqual(set(reply.json()), {"detail", "error"})
                self.assertEqual((error["httpStatus"], error["message"]), (reply.status, reply.json()["detail"]))
                self.assertIsInstance(error["kind"], str)


class Names(HttpCase):
    """I03: a name that no image can have is an error of the client, not of the engine."""

    def test_names_that_no_image_has(self):
        server = self.serve()
        for name in ("debian@sha256:abc", "a___b", "debian:book/worm", "x" * 300, "debian:bookworm-slim ", "UPPER", "a b", "-x", "debian:", "debian@sha256:" + "F" * 64, "host:port/a"):
            for body in ({"command": ["true"]}, {"code": "1", "language": "python"}):
                with self.subTest(name=name):
                    reply = self.ask(server, "POST", "/runs", body | {"image": name})
                    self.assert_detail(reply, 400, "is not the name of an image", name[:100])
                    self.assertEqual(reply.json()["error"]["kind"], "invalid_request")
        self.assertIn(b'run_errors_total{kind="engine_error"} 0', self.ask(server, "GET", "/metrics").body)
