"""What the backend adds to the guide: messages of failed runs, HTTP with a token, the operator's certificates, copies of the history."""
import concurrent.futures
import http.client
import json
import re
import socket
import time

from stack import ROOT, StackTest

SIX = 'from app.utils.dind_executor import get_executor as g; r = g().run_python_code("import six; print(six.__name__)", requirements=["six"]); print(r["returncode"], r["stdout"], r["stderr"])'


def documented(page, before, count=1):
    """The lines of the first sh block behind a text of a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.search(r"```sh\n(.*?)```", text[text.index(before):], re.S)[1].strip().splitlines()


class Backend(StackTest):
    def ask(self, port, path, body=None, headers=None, timeout=90):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"} | (headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def execute(self, **body):
        status, text = self.ask(self.stack.backend_port, "/execute", body)
        return status, json.loads(text)

    def test_1_i02_a_run_that_fails_says_why(self):
        for code, timeout, said in (("import time; time.sleep(9)", 1, "timeout"), ("exit(3)", 60, "exit 3"),
                                    ("import os; os.kill(os.getpid(), 9)", 60, "SIGKILL"), ("b = bytearray(900 << 20)", 60, "out of memory: the limit is"),
                                    ("raise SystemExit('the reason')", 60, "the reason")):
            with self.subTest(code):
                status, body = self.execute(code=code, timeout=timeout)
                self.assertEqual((status, body["success"], sorted(body)), (200, False, ["error", "output", "success"]))
                self.assertIn(said, body["error"])
        self.assertEqual(self.execute(code="print(1)"), (200, {"success": True, "output": "1\n", "error": ""}))

    def test_1_i02_a_mistake_of_the_caller_is_a_400(self):
        for language in ("ruby", "cobol", ""):
            self.assertEqual(self.execute(code="1", language=language), (400, {"detail": f"Unsupported language: {language}"}))
        status, body = self.execute(code="1", timeout=0)
        self.assertEqual(status, 400)
        self.assertIn("timeout", body["detail"])

    def containers(self):
        names = self.stack.dind("docker", "ps", "--format", "{{.Names}}").out.split()
        return [each for each in names if "dind-warm-" not in each]

    def test_1_i02_a_client_that_leaves_ends_its_run(self):
        client = socket.create_connection(("127.0.0.1", self.stack.backend_port))
        body = json.dumps({"code": "import time; time.sleep(50)"}).encode()
        client.sendall(b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        # From the operator's list: over HTTP, a client sees only its own runs.
        under_way = lambda: json.loads(self.stack.inside("claude-backend", "dind-executor", "ps", "--json").stdout)["runs"]
        self.stack.wait_for(lambda: any(each["phase"] == "running" for each in under_way()), "the run has not begun", 30)
        client.close()
        self.stack.wait_for(lambda: not under_way(), "the run goes on without its client", 20)

    def test_1_i02_long_runs_hold_up_no_quick_one(self):
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            long = [pool.submit(self.execute, code="import time; time.sleep(8)") for _ in range(8)]
            self.stack.wait_for(lambda: sum(each.running() for each in long) == 8, "eight requests are not under way", 20)
            status, _ = self.ask(self.stack.backend_port, "/openapi.json", timeout=4)
            self.assertEqual((status, [each.done() for each in long]), (200, [False] * 8))
            self.assertEqual({each.result()[0] for each in long}, {200})

    def test_2_s16_another_host_than_the_stacks_own_is_refused(self):
        for host, status in (("evil.example", 400), ("evil.example:8000", 400), ("127.0.0.1.evil.example", 400), ("", 400),
                             ("backend:8000", 200), ("localhost", 200)):
            with self.subTest(host):
                self.assertEqual(self.ask(self.stack.backend_port, "/execute", {"code": "print(1)"}, {"Host": host})[0], status)

    def token(self):
        return self.stack.inside("claude-backend", "cat", "/tokens/executor").out.strip()

    def bearer(self):
        return {"Authorization": f"Bearer {self.token()}"}

    def test_3_k11_http_metrics_and_health_with_a_token_that_the_stack_has_made(self):
        port = self.stack.executor_port
        self.assertEqual(self.ask(port, "/healthz")[0], 200)
        for path in ("/runs", "/metrics"):
            self.assertEqual(self.ask(port, path)[0], 401)
            self.assertEqual(self.ask(port, path, headers={"Authorization": "Bearer " + "x" * 64})[0], 401)
            self.assertEqual(self.ask(port, path, headers=self.bearer())[0], 200)
        self.assertIn("# TYPE", self.ask(port, "/metrics", headers=self.bearer())[1])
        status, text = self.ask(port, "/execute", {"code": "print(6 * 7)"}, self.bearer())
        self.assertEqual((status, json.loads(text)["output"]), (200, "42\n"))
        self.assertRegex(self.token(), "^[0-9a-f]{64}$")
        self.assertEqual(self.stack.inside("claude-backend", "stat", "-c", "%a %u", "/tokens/executor").out, "400 1000\n")
        bound = self.stack.inspect("claude-backend")["NetworkSettings"]["Ports"]["9000/tcp"]
        self.assertEqual({each["HostIp"] for each in bound}, {"127.0.0.1"})

    def test_3_k11_a_container_beside_it_asks_by_the_services_name(self):
        """The scrape of docs/operations.md: the volume with the token, the network `default`."""
        project = self.stack.project.name
        program = ("import urllib.request as u; t = open('/tokens/executor').read().strip(); "
                   "print(u.urlopen(u.Request('http://backend:9000/metrics', headers={'Authorization': 'Bearer ' + t}), timeout=10).status)")
        done = self.stack.docker("run", "--rm", "--network", f"{project}_default", "--user", "1000:1000", "-v", f"{project}_executor-token:/tokens:ro",
                                 "dind-executor/runtime-python:bookworm", "python3", "-c", program)
        self.assertEqual(done.out.strip(), "200")

    def test_4_k04_the_operators_certificates_hold_beside_a_config_json(self):
        config = self.stack.project / "configuration/config.json"
        self.addCleanup(self.restarted)
        self.addCleanup(config.unlink)
        config.write_text('{ "concurrentRuns": 8 }\n')
        self.restarted()
        done = self.stack.inside("claude-backend", "python3", "-c", SIX)
        self.assertIn("0 six", done.out)
        for container in ("claude-backend", "claude-code-server"):  # what `docker exec` starts, without a server
            done = self.stack.inside(container, "dind-executor", "run", "--quiet", "--no-handover", "-l", "shell", "--network", "internet", "--image",
                                     "python:3.11", "-", input='echo "$SSL_CERT_FILE"; grep -c BEGIN "$SSL_CERT_FILE"')
            self.assertRegex(done.out, r"(?m)^/\S+\.pem$\n^[1-9]\d*$")
        # The API too: its requests use the same proxy.
        self.assertIn("SSL_CERT_FILE=/run/dind-executor/ca-bundle.pem", self.environment_of("uvicorn"))

    def restarted(self):
        self.stack.docker("restart", "-t", "20", "claude-backend", "claude-code-server", timeout=200)
        self.stack.wait_healthy("claude-backend", "claude-code-server")

    def environment_of(self, program):
        return self.stack.inside("claude-backend", "sh", "-c", rf"for each in /proc/[0-9]*; do tr '\0' ' ' <$each/cmdline | grep -q '[{program[0]}]{program[1:]}' "
                                 r"&& tr '\0' '\n' <$each/environ && break; done").out

    def runs(self, container):
        return [each["id"] for each in json.loads(self.stack.inside(container, "dind-executor", "history", "list", "--limit", "1000", "--json").stdout)]

    def some_runs(self, container, count):
        for _ in range(count):
            self.stack.inside(container, "dind-executor", "run", "-q", "--image", "dind-executor/runtime-shell:bookworm", "--", "true")

    def test_5_k03_the_history_is_copied_and_comes_back_as_the_documentation_says(self):
        (copy,) = documented("operations.md", "A copy that is whole, while runs go on")
        back, listing = documented("operations.md", "Back, while the backend runs")
        for container in ("claude-backend", "claude-code-server"):
            with self.subTest(container):
                self.some_runs(container, 2)
                kept = self.runs(container)
                self.typed(copy.replace("claude-backend", container))
                self.assertTrue((self.stack.project / "history.db").read_bytes().startswith(b"SQLite format 3\0"))
                self.some_runs(container, 3)
                self.assertEqual(len(self.runs(container)), len(kept) + 3)
                self.typed(back.replace("claude-backend", container))
                self.assertEqual(self.runs(container), kept)
                self.typed(listing.replace("claude-backend", container))
                self.some_runs(container, 1)
                self.assertEqual(self.runs(container)[1:], kept)
        self.assertNotIn("without a history", self.stack.docker("logs", "claude-backend").out)
        # The same after a restart, and as one file: what an orderly end leaves.
        kept = self.runs("claude-backend")
        self.stack.docker("stop", "claude-backend", timeout=120)
        self.stack.docker("cp", "claude-backend:/home/app/.local/state/dind-executor/.", str(self.stack.folder / "state"))
        wal = self.stack.folder / "state/history.db-wal"
        self.assertEqual(wal.stat().st_size if wal.exists() else 0, 0)
        self.stack.docker("start", "claude-backend")
        self.stack.wait_healthy("claude-backend")
        self.assertEqual(self.runs("claude-backend"), kept)

    def test_6_a_stop_lets_a_run_end(self):
        self.assertGreaterEqual(self.stack.inspect("claude-backend")["Config"]["StopTimeout"], 70)
        began = time.monotonic()
        self.stack.docker("restart", "claude-backend", timeout=200)  # nothing runs: it does not wait
        self.assertLess(time.monotonic() - began, 30)
        self.stack.wait_healthy("claude-backend")
        # A run over HTTP, while the API is idle and ends at once (K05).
        code = {"code": "import time\nprint('began', flush=True)\ntime.sleep(8)\nprint('whole')", "language": "python"}
        bearer = self.bearer()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            run = pool.submit(self.ask, self.stack.executor_port, "/runs", code, bearer)
            runs = lambda: json.loads(self.ask(self.stack.executor_port, "/runs", None, bearer)[1])["runs"]  # noqa: E731
            self.stack.wait_for(lambda: any(each.get("phase") == "running" for each in runs()), "the run has not begun", 30)
            self.stack.docker("stop", "claude-backend", timeout=200)
            status, text = run.result()
        self.assertEqual(status, 200, text)
        self.assertEqual(json.loads(text)["stdout"], "began\nwhole\n")
        self.stack.docker("start", "claude-backend")
        self.stack.wait_healthy("claude-backend")


class Words(StackTest):
    def test_what_ends_first_ends_the_container_with_its_code(self):
        """K14: the arguments are the command of the API, and `serve` runs beside it."""
        image = self.stack.inspect("claude-backend")["Config"]["Image"]
        program = "from dind_executor import Executor; print(Executor().engine_status(5)['available']); exit(7)"
        done = self.stack.run(["docker", "run", "--rm", "--network", "none", image, "python3", "-c", program])
        self.assertEqual((done.code, "False" in done.out), (7, True), done.out)
        self.assertIn("Listening on the socket /run/dind-executor/dind-executor.sock", done.out)
        self.assertIn("python3 has ended (7)", done.out)
        # A terminal in the container.
        done = self.stack.run(["docker", "run", "--rm", "-i", "--network", "none", image, "bash"], input="pip --version; id -un; exit 3\n")
        self.assertEqual(done.code, 3)
        self.assertRegex(done.out, r"pip \S+ from /opt/venv")
