"""What an operator sees of a server: active runs (K06), refused requests (K07), metrics (K12)."""
import json
import os
import subprocess
import time

from metrics import parse_metrics

from dindtest.http_case import ENDLESS, HttpCase
from dindtest.program import LIMIT, program


class Operators(HttpCase):
    def command(self, *words, code=0, home=None):
        base = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")}
        done = subprocess.run([program(), *words], capture_output=True, text=True, timeout=LIMIT, check=False, cwd=self.folder, env=base | self.place() | {"HOME": str(home or self.folder)})
        self.assertEqual(done.returncode, code, done)
        return done.stdout if code == 0 else done.stderr

    def place(self):
        """A folder for the sockets of this test, so that it sees no other server of this user."""
        runtime = self.folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        return {"XDG_RUNTIME_DIR": str(runtime)}

    def ours(self):
        return [each for each in json.loads(self.command("ps", "--json"))["runs"] if each["runId"].startswith("op-")]

    def test_runs_of_every_way_in_are_listed_and_stopped(self):
        server = self.serve(env=self.place())
        _, reply = self.events(server, "# a comment\n" + ENDLESS, runId="op-http", limits={"memory": "64m"})
        self.until_event(reply, "output")
        child = subprocess.Popen([program(), "rpc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | self.place() | {"HOME": str(self.folder)})
        self.addCleanup(lambda: (child.stdin.close(), child.wait(LIMIT), child.stdout.close()))
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "runPythonCode", "params": {"code": ENDLESS, "runId": "op-rpc"}}).encode()
        child.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        child.stdin.flush()
        until = time.monotonic() + LIMIT
        while {each["runId"]: each["phase"] for each in self.ours()} != {"op-http": "running", "op-rpc": "running"}:
            self.assertLess(time.monotonic(), until, self.ours())
        runs = {each["runId"]: each for each in self.ours()}
        one = runs["op-http"]
        self.assertEqual((one["frontend"], one["what"], one["memoryBytes"], one["outputBytes"]), ("http", "import sys, time", 64 << 20, 3))
        self.assertGreater(one["forMs"], 0)
        self.assertEqual(runs["op-rpc"]["frontend"], "jsonrpc")
        text = self.command("ps")
        for said in ("op-http", "running", "64 MiB", "import sys, time", "http, token:", "MEMORY, CPU"):
            self.assertIn(said, text)
        self.assertIn("More than one run", self.command("stop", "op-", code=125))
        self.assertIn("op-rpc was told to end", self.command("stop", "op-r"))
        length = int(child.stdout.readline().split(b":")[1])
        child.stdout.readline()
        result = json.loads(child.stdout.read(length))["result"]
        self.assertEqual((result["verdict"], result["cancelReason"]), ("cancelled", "user"))
        self.command("stop", "op-http")
        self.assertEqual(self.until_event(reply, "finished")["cancelReason"], "user")
        self.assertIn("is under way", self.command("stop", "op-http", code=125))
        self.assertEqual(self.ours(), [])

    def test_the_resources_of_a_run_are_reported_while_it_runs(self):
        server = self.serve(env=self.place())
        busy = "held = bytearray(40 << 20)\nprint('up', flush=True)\nwhile True: pass"
        _, reply = self.events(server, busy, runId="op-busy", limits={"memory": "128m"})
        self.until_event(reply, "output")
        _, idle = self.events(server, ENDLESS, runId="op-idle")
        self.until_event(idle, "output")
        until = time.monotonic() + LIMIT
        while True:
            runs = {each["runId"]: each for each in self.ours()}
            if (runs["op-busy"]["cpuMs"] or 0) > 500 and runs["op-idle"]["cpuMs"] is not None:
                break
            self.assertLess(time.monotonic(), until, runs)
        self.assertTrue(40 << 20 <= runs["op-busy"]["usedMemoryBytes"] < 128 << 20, runs)
        self.assertLess(runs["op-idle"]["usedMemoryBytes"], 40 << 20)
        self.assertLess(runs["op-idle"]["cpuMs"], runs["op-busy"]["cpuMs"])
        for each in ("op-busy", "op-idle"):
            self.command("stop", each)

    def test_a_server_that_was_killed_leaves_nothing_to_list(self):
        server = self.serve(env=self.place())
        folder = self.folder / "runtime" / "dind-executor"
        self.assertEqual(len(list(folder.glob("control-*"))), 1)
        server.child.kill()
        server.child.wait()
        self.assertEqual(self.command("ps"), "No run is under way\n")
        self.assertEqual(list(folder.glob("control-*")), [])
        server = self.serve(env=self.place())
        self.assertEqual(server.stop()[0], 0)
        self.assertEqual(list(folder.glob("control-*")), [])

    def test_the_history_tells_programs_apart_by_their_first_line(self):
        server = self.serve()
        self.run_code(server, "#!/usr/bin/env python3\n# what it is\nprint('first of two')\nprint(2)")
        self.ask(server, "POST", "/runs", {"code": "print('named')", "fileName": "main.py"})
        self.ask(server, "POST", "/execute", {"code": "\n\n  import os\n"})
        text = self.command("history", "list")
        for said in ("print('first of two')", "main.py: print('named')", "main.py: import os"):
            self.assertIn(said, text)
        whats = [each["what"] for each in json.loads(self.command("history", "list", "--json"))]
        self.assertEqual(whats[2], "print('first of two')")

    def test_what_asks_for_it_is_not_kept(self):  # K13
        server = self.serve(*self.ARGUMENTS)
        for path, refused in (("/execute", 422), ("/runs", 400)):
            code = {"code": "print(1)", "language": "python"}
            self.assertEqual(self.ask(server, "POST", path, code | {"record": False}).status, 200)
            self.assertEqual(json.loads(self.command("history", "list", "--json")), [])
            self.assert_detail(self.ask(server, "POST", path, code | {"record": "no"}), refused, "record")
        self.assertEqual(self.ask(server, "POST", "/execute", {"code": "print(1)", "record": True}).status, 200)
        self.assertEqual(len(json.loads(self.command("history", "list", "--json"))), 1)

    def test_what_somebody_asks_to_have_removed_is_removed(self):  # K13
        tokens = self.folder / "tokens"
        tokens.write_text("alice-0123456789\nbob-0123456789\n")
        server = self.serve(*self.ARGUMENTS, "--token-file", str(tokens))
        for who, id in (("alice-0123456789", "a1"), ("bob-0123456789", "b1"), ("bob-0123456789", "b2"), ("bob-0123456789", "b3")):
            server.token = who
            self.run_code(server, "print(1)", runId=id)
        clients = {each["runId"]: json.loads(self.command("history", "show", each["id"], "--json"))["client"] for each in json.loads(self.command("history", "list", "--json"))}
        self.assertEqual(len(set(clients.values())), 2)
        left = lambda: {each["runId"] for each in json.loads(self.command("history", "list", "--json"))}  # noqa: E731
        self.assertIn("1 run would be forgotten", self.command("history", "prune", "--run", "b2", "--dry-run"))
        self.command("history", "prune", "--run", "b2")
        self.assertEqual(left(), {"a1", "b1", "b3"})
        self.command("history", "prune", "--client", clients["b1"])
        self.assertEqual(left(), {"a1"})
        self.command("history", "prune", "--user", "nobody-of-that-name")
        self.assertEqual(left(), {"a1"})


class Requests(HttpCase):
    """K07: the log has refused requests, and all requests if that is configured."""

    def log(self):
        return (self.folder / "log").read_text()

    def test_each_refusal_is_a_line_without_the_token(self):
        server = self.serve(*self.ARGUMENTS, "--log-file", str(self.folder / "log"))
        for token in ("guess-one", "guess-two", "guess-three"):
            self.assertEqual(self.ask(server, "GET", "/runs", headers={"Authorization": f"Bearer {token}"}).status, 401)
        self.ask(server, "POST", "/execute", {"code": "1"}, headers={"Origin": "http://evil.example"})
        self.assertEqual(server.stop()[0], 0)
        lines = [line for line in self.log().splitlines() if "refused" in line]
        self.assertEqual([sum(f" {status}," in line for line in lines) for status in (401, 403)], [3, 1], self.log())
        self.assertRegex(lines[0], r"127\.0\.0\.1:\d+ GET /runs 401")
        self.assertNotIn("guess", self.log())

    def test_a_flood_of_guesses_does_not_fill_the_log(self):
        server = self.serve(*self.ARGUMENTS, "--log-file", str(self.folder / "log"))
        connection = self.connect(server)
        for n in range(200):
            self.ask(server, "GET", f"/runs/{n}", headers={"Authorization": "Bearer guess"})
        lines = [line for line in self.log().splitlines() if "refused" in line]
        self.assertTrue(20 <= len(lines) < 100, len(lines))
        connection.close()

    def test_an_access_log_where_it_is_wanted(self):
        for arguments, config in ((("--access-log",), None), ((), {"serve": {"accessLog": True}}), ((), None)):
            (self.folder / "log").unlink(missing_ok=True)
            server = self.serve(*self.ARGUMENTS, *arguments, "--log-level", "info", "--log-file", str(self.folder / "log"), config=config or {})
            self.ask(server, "GET", "/runs?limit=3")
            _, reply = self.events(server, "print(1)")
            reply.read()
            self.assertEqual(server.stop()[0], 0)
            wanted = bool(arguments or config)
            self.assertEqual(("GET /runs 200," in self.log(), "POST /runs 200," in self.log()), (wanted, wanted), self.log())


class Figures(HttpCase):
    def test_what_an_autoscaler_and_an_alert_need_is_there(self):  # K12
        server = self.serve(config={"concurrentRuns": 1, "queuedRuns": 7})
        _, first = self.events(server, ENDLESS, runId="r1")
        self.until_event(first, "output")
        _, second = self.events(server, "print(1)")
        self.until_event(second, "queued")
        self.ask(server, "DELETE", "/runs/r1")
        self.until_event(second, "finished")
        families = parse_metrics(self.ask(server, "GET", "/metrics").body.decode())
        def value(name, labels="", suffix="", prefix="dind_executor_"):
            return families[prefix + name][1][prefix + name + suffix, labels]
        self.assertEqual((value("run_slots"), value("queue_slots"), value("accepting_runs")), (1, 7, 1))
        for name, count in (("run_total_seconds", 2), ("run_queue_seconds", 1), ("run_start_seconds", 2), ("run_first_output_seconds", 2)):
            self.assertEqual(value(name, "", "_count"), count, name)
            self.assertGreater(value(name, "", "_sum"), 0, name)
        self.assertEqual(value("sandboxes_taken_total", 'kind="cold"') + value("sandboxes_taken_total", 'kind="warm"'), 2)
        for kind in ("disabled", "shutting_down"):
            self.assertEqual(value("run_errors_total", f'kind="{kind}"'), 0)
        self.assertGreater(value("process_resident_memory_bytes", prefix=""), 1 << 20)
        self.assertGreater(value("process_open_fds", prefix=""), 3)
        self.assertGreater(value("process_cpu_seconds_total", prefix=""), 0)

    def test_runs_that_are_switched_off_are_counted(self):
        server = self.serve(env={"DIND_ENABLED": "false"})
        self.assertEqual(self.run_code(server, "print(1)").status, 503)
        self.assertIn(b'run_errors_total{kind="disabled"} 1', self.ask(server, "GET", "/metrics").body)
        self.assertEqual(self.ask(server, "POST", "/execute", {"code": "1"}).status, 503)
        self.assertIn(b'run_errors_total{kind="disabled"} 2', self.ask(server, "GET", "/metrics").body)

    def test_runs_without_an_engine_are_counted_and_have_an_id(self):  # K12
        server = self.serve(*self.ARGUMENTS, "--host", "unix:///nowhere.sock")
        for count, (path, body) in enumerate((("/runs", {"code": "1", "language": "python"}), ("/execute", {"code": "1"}), ("/execute", {"code": "1"})), 1):
            reply = self.ask(server, "POST", path, body)
            self.assertEqual((reply.status, reply.json()["error"]["kind"]), (503, "engine_unavailable"))
            self.assertRegex(reply.json()["error"]["runId"], r"\A[A-Za-z0-9_-]{1,64}\Z")
            self.assertIn(b'run_errors_total{kind="engine_unavailable"} %d' % count, self.ask(server, "GET", "/metrics").body)
