"""The HTTP routes: /execute as in the guide, runs, events, history, health, metrics, the OpenAPI document."""
import json
import os
import socket
import stat
import time
import urllib.request

from metrics import parse_metrics

from dindtest.http_case import ENDLESS, JSON, HttpCase
from dindtest.program import LIMIT

SHELL = "dind-executor/runtime-shell:bookworm"


class Execute(HttpCase):
    def test_the_guides_request_and_reply(self):
        server = self.serve()
        reply = self.ask(server, "POST", "/execute", {"code": "print('Hello, World!')"})
        self.assertEqual((reply.status, reply.json()), (200, {"success": True, "output": "Hello, World!\n", "error": ""}))
        reply = self.ask(server, "POST", "/execute", {"code": "import sys; print('a'); print('b', file=sys.stderr); sys.exit(2)", "language": "python", "timeout": 30})
        self.assertEqual(reply.json(), {"success": False, "output": "a\n", "error": "b\ndind-executor: exit 2\n"})

    def test_other_languages_that_have_a_recipe(self):
        server = self.serve()
        self.assertEqual(self.ask(server, "POST", "/execute", {"code": "echo $((6 * 7))", "language": "shell"}).json()["output"], "42\n")
        self.assertEqual(self.ask(server, "POST", "/execute", {"code": "console.log(6 * 7)", "language": "javascript"}).json()["output"], "42\n")
        reply = self.ask(server, "POST", "/execute", {"code": "x", "language": "klingon"})
        self.assert_detail(reply, 400, "Unsupported language: klingon", "python")
        self.assertEqual(reply.json()["error"]["kind"], "unsupported_language")

    def test_p15_text_that_declares_another_encoding_runs(self):
        server = self.serve()
        for first in ("# -*- coding: shift_jis -*-", "#!/usr/bin/python3\n# coding: latin-1", "# coding: gbk"):
            with self.subTest(first):
                code = first + "\nprint(len('日本語'))"
                self.assertEqual(self.ask(server, "POST", "/execute", {"code": code}).json(), {"success": True, "output": "3\n", "error": ""})
                self.assertEqual(self.ask(server, "POST", "/runs", {"code": code, "fileName": "a.py"}).json()["stdout"], "3\n")

    def test_p21_a_failure_is_reported_with_its_cause(self):
        server = self.serve()
        self.assertIn('"dependencies": ["PyYAML"]', self.ask(server, "POST", "/execute", {"code": "import yaml"}).json()["error"])
        self.assertIn('"dependencies": ["PyYAML"]', " ".join(self.ask(server, "POST", "/runs", {"code": "import yaml", "language": "python"}).json()["notes"]))
        self.assertIn("stdin", " ".join(self.ask(server, "POST", "/runs", {"code": "input()", "language": "python"}).json()["notes"]))

    def test_p05_a_shebang_line_has_its_effect(self):
        server = self.serve()
        reply = self.ask(server, "POST", "/execute", {"code": "#!/bin/bash -e\nfalse\necho no", "language": "shell"}).json()
        self.assertEqual((reply["success"], reply["output"]), (False, ""))
        reply = self.ask(server, "POST", "/runs", {"code": "#!/usr/bin/env -S python3 -O\nassert False\nprint('ok')"}).json()
        self.assertEqual((reply["returncode"], reply["stdout"]), (0, "ok\n"))

    def test_a_timeout_is_no_success_and_says_why(self):
        reply = self.ask(self.serve(), "POST", "/execute", {"code": "import time; print('up', flush=True); time.sleep(60)", "timeout": 1})
        self.assertEqual(reply.status, 200)
        self.assertEqual((reply.json()["success"], reply.json()["output"]), (False, "up\n"))
        self.assertIn("timeout", reply.json()["error"])

    def test_without_an_engine_or_switched_off_it_is_503(self):
        for arguments, env in ((("--host", "unix:///nowhere.sock"), {}), ((), {"DIND_ENABLED": "false"})):
            server = self.serve(*self.ARGUMENTS, *arguments, env=env)
            reply = self.ask(server, "POST", "/execute", {"code": "print(1)"})
            self.assertEqual((reply.status, reply.json()["detail"]), (503, "Code execution service is not available"))
            self.assertEqual(reply.json()["error"]["kind"], "disabled" if env else "engine_unavailable")  # I24
            self.assertEqual(self.ask(server, "GET", "/healthz").status, 503)
            reply = self.run_code(server, "print(1)")
            self.assertEqual((reply.status, reply.json()["error"]["kind"], reply.json()["error"]["httpStatus"]),
                             (503, "disabled" if env else "engine_unavailable", 503))

    def test_other_shapes_are_refused(self):
        server = self.serve()
        for body in ({}, {"code": 1}, {"code": "x", "timeout": "60"}, {"code": "x", "timeout": 0}, {"code": "x", "spam": 1}, [], b"{", b"\xff", b"", b"[" * 100000,
                     b'{"code": "x", "timeout": NaN}', b'{"code": "x", "timeout": 1e999}'):
            with self.subTest(body=body[:40] if isinstance(body, bytes) else body):
                self.assert_detail(self.ask(server, "POST", "/execute", body), 422)
        self.assert_detail(self.ask(server, "POST", "/execute", {"code": ""}), 400, "empty")


class Runs(HttpCase):
    def test_the_result_has_everything(self):
        server = self.serve()
        reply = self.run_code(server, "import sys; print('ü', sys.argv[1:]); sys.exit(3)", args=["a b"], runId="one")
        self.assertEqual(reply.status, 200)
        result = reply.json()
        self.assertEqual((result["runId"], result["returncode"], result["verdict"], result["stdout"]), ("one", 3, "failed", "ü ['a b']\n"))
        self.assertEqual(self.ask(server, "POST", "/runs", {"command": ["cat"], "image": SHELL, "stdin": "fed"}).json()["stdout"], "fed")

    def test_each_error_has_its_status(self):
        server = self.serve(config={"pull": "never"})
        for body, status, kind in (({"code": "x", "limits": {"cpus": -1}}, 400, "invalid_request"), ({"code": "x", "language": "klingon"}, 400, "unsupported_language"),
                                   ({"command": "true #" + "a" * 200000, "image": SHELL}, 400, "invalid_request"),  # P17
                                   ({"code": "x", "language": "python", "dependencies": ["six", "-r more.txt"]}, 400, "invalid_request"),  # P06
                                   ({"command": "x", "image": "no/such:image"}, 424, "image_unavailable"), (b"{", 400, "invalid_request")):
            with self.subTest(body=body):
                reply = self.ask(server, "POST", "/runs", body)
                self.assert_detail(reply, status)
                self.assertEqual(reply.json()["error"]["kind"], kind)
                self.assertEqual(reply.json()["error"]["httpStatus"], status)

    def test_events(self):
        server = self.serve()
        _, reply = self.events(server, "import sys\nprint('ä', flush=True)\nprint('e', file=sys.stderr)\nsys.exit(4)", runId="e1")
        events = []
        while (each := self.event(reply)) is not None:
            events.append(each)
        names = [name for name, _ in events]
        self.assertEqual(names[-1], "finished")
        self.assertIn("started", names)
        self.assertLess(names.index("started"), names.index("output"))
        self.assertEqual({data["runId"] for _, data in events}, {"e1"})
        self.assertEqual("".join(d["text"] for n, d in events if n == "output" and d["channel"] == "stdout"), "ä\n")
        self.assertEqual((events[-1][1]["returncode"], events[-1][1]["stderr"]), (4, "e\n"))

    def test_an_error_is_the_last_event(self):
        server = self.serve(config={"pull": "never"})
        _, reply = self.events(server, "x", image="no/such:image")
        last = None
        while (each := self.event(reply)) is not None:
            last = each
        self.assertEqual((last[0], last[1]["kind"]), ("error", "image_unavailable"))

    def test_events_for_http_1_0_end_with_the_connection(self):
        server = self.serve()
        body = b'{"code": "print(1)", "language": "python"}'
        answer = self.raw(server, self.head(server, "POST", "/runs", "Content-Type: application/json", "Accept: text/event-stream", f"Content-Length: {len(body)}", version="1.0") + body)
        self.assertIn(b"event: finished\ndata: {", answer)
        self.assertNotIn(b"chunked", answer)

    def test_several_accept_fields_are_one_list(self):  # I21
        server = self.serve()
        body = b'{"code": "print(1)", "language": "python"}'
        events, json_ = "Accept: text/event-stream", "Accept: application/json"
        for fields, wanted in (((events, json_), True), ((json_, events), True), ((json_, "Accept: text/plain"), False),
                               ((json_, "Accept: text/event-stream;q=0.5"), False), (("Accept: text/event-stream;q=0.5", "Accept: application/json;q=0.1"), True)):
            with self.subTest(fields):
                answer = self.raw(server, self.head(server, "POST", "/runs", "Content-Type: application/json", "Connection: close", *fields, f"Content-Length: {len(body)}") + body)
                self.assertEqual(b"event: finished" in answer, wanted, answer)

    def test_a_connection_goes_on_after_events(self):
        server = self.serve()
        connection, reply = self.events(server, "print(1)")
        reply.read()
        self.assertEqual(self.ask(server, "GET", "/healthz", connection=connection).status, 200)

    def test_runs_under_way_are_listed_shown_and_cancelled(self):
        for history in (True, False):
            with self.subTest(history=history):
                server = self.serve(config={"history": {"enabled": history}})
                _, reply = self.events(server, ENDLESS, runId="r1")
                self.until_event(reply, "output")
                listed = self.ask(server, "GET", "/runs").json()["runs"][0]
                self.assertEqual((listed["runId"], listed["state"], listed["phase"], listed["verdict"]), ("r1", "running", "running", None))
                shown = self.ask(server, "GET", "/runs/r1").json()
                self.assertEqual((shown["runId"], shown["state"], shown["phase"]), ("r1", "running", "running"))
                cancelled = self.ask(server, "DELETE", "/runs/r1")
                self.assertEqual((cancelled.status, cancelled.json()), (200, {"cancelled": 1}))
                result = self.until_event(reply, "finished")
                self.assertEqual((result["verdict"], result["cancelReason"], result["stdout"]), ("cancelled", "user", "up\n"))
                self.assert_detail(self.ask(server, "DELETE", "/runs/r1"), 404, "r1")
                self.assertEqual(server.stop()[0], 0)

    def test_a_cancelled_run_is_answered(self):
        server = self.serve()
        connection = self.connect(server)
        connection.request("POST", "/runs", json.dumps({"code": ENDLESS, "language": "python", "runId": "r1"}).encode(), JSON | {"Authorization": f"Bearer {server.token}"})
        while self.ask(server, "GET", "/runs/r1").json().get("phase") != "running":
            pass
        self.assertEqual(self.ask(server, "DELETE", "/runs/r1").status, 200)
        reply = connection.getresponse()
        result = json.load(reply)
        self.assertEqual((reply.status, result["verdict"], result["cancelReason"], result["returncode"]), (200, "cancelled", "user", 130))

    def test_the_history_is_listed_newest_first_and_shown_whole(self):
        server = self.serve()
        self.assertEqual(self.ask(server, "GET", "/runs").json(), {"runs": []})
        for n in range(3):
            self.run_code(server, f"print({n})", runId=f"h{n}")
        self.assertEqual([each["runId"] for each in self.ask(server, "GET", "/runs").json()["runs"]], ["h2", "h1", "h0"])
        self.assertEqual([each["runId"] for each in self.ask(server, "GET", "/runs?limit=1").json()["runs"]], ["h2"])
        shown = self.ask(server, "GET", "/runs/h1").json()
        self.assertEqual((shown["frontend"], shown["stdout"]["head"]["text"], shown["result"]["verdict"]), ("http", "1\n", "ok"))
        self.assert_detail(self.ask(server, "GET", "/runs/none"), 404)
        for query in ("limit=0", "limit=x", "limit=1001", "limit=", "spam=1"):
            self.assert_detail(self.ask(server, "GET", f"/runs?{query}"), 400)

    def test_a_full_queue_is_429(self):
        server = self.serve(config={"concurrentRuns": 1, "queuedRuns": 0})
        _, reply = self.events(server, ENDLESS, runId="r1")
        self.until_event(reply, "output")
        refused = self.run_code(server, "print(1)")
        self.assert_detail(refused, 429)
        self.assertEqual(refused.headers["Retry-After"], "1")
        self.ask(server, "DELETE", "/runs/r1")
        self.until_event(reply, "finished")


class About(HttpCase):
    def test_health_needs_no_token_and_tells_nothing_else(self):
        server = self.serve()
        reply = self.ask(server, "GET", "/healthz", headers={"Authorization": None})
        self.assertEqual((reply.status, reply.json()), (200, {"status": "ok"}))

    def test_health_of_an_engine_that_never_answers_is_503_soon(self):
        path = str(self.folder / "mute.sock")
        with socket.socket(socket.AF_UNIX) as mute:
            mute.bind(path)
            mute.listen()
            server = self.serve(*self.ARGUMENTS, "--host", "unix://" + path)
            begun = time.monotonic()
            self.assertEqual(self.ask(server, "GET", "/healthz").status, 503)
            self.assertLess(time.monotonic() - begun, 3)

    def test_metrics(self):
        server = self.serve()
        self.run_code(server, "print('12345', end='')")
        self.run_code(server, "import sys; sys.exit(1)")
        self.run_code(server, "x", image="no/such:image", pull="never")
        _, reply = self.events(server, ENDLESS, runId="r1")
        self.until_event(reply, "output")
        answer = self.ask(server, "GET", "/metrics")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        families = parse_metrics(answer.body.decode())
        def value(name, labels="", suffix=""):
            return families["dind_executor_" + name][1]["dind_executor_" + name + suffix, labels]
        self.assertEqual((value("runs_total", 'verdict="ok"'), value("runs_total", 'verdict="failed"'), value("run_errors_total", 'kind="image_unavailable"')), (1, 1, 1))
        self.assertEqual((value("runs_running"), value("runs_queued"), value("engine_up")), (1, 0, 1))
        self.assertEqual((value("output_bytes_total", 'channel="stdout"'), value("run_duration_seconds", "", "_count")), (5 + 3, 2))
        self.ask(server, "DELETE", "/runs/r1")
        self.until_event(reply, "finished")
        families = parse_metrics(self.ask(server, "GET", "/metrics").body.decode())
        self.assertEqual((value("runs_total", 'verdict="cancelled"'), value("runs_running")), (1, 0))

    def test_metrics_count_the_sandboxes_that_wait(self):
        server = self.serve(config={"warmPool": {"languages": ["python"]}})
        def waiting():
            families = parse_metrics(self.ask(server, "GET", "/metrics").body.decode())
            return families["dind_executor_sandboxes_warm"][1]["dind_executor_sandboxes_warm", ""]
        until = time.monotonic() + LIMIT
        while waiting() != 1 and time.monotonic() < until:
            time.sleep(0.02)
        self.assertEqual(waiting(), 1)

    def test_the_reader_of_metrics_refuses_invalid_text(self):
        good = "# HELP a_total x\n# TYPE a_total counter\na_total 1\n"
        parse_metrics(good)
        for wrong in (good[:-1], good.replace("# HELP a_total x\n", ""), good + good, good.replace("counter", "meter"), good.replace("a_total 1", "b 1"), good + 'a_total{x=1} 1\n'):
            with self.assertRaises((ValueError, KeyError)):
                parse_metrics(wrong)

    def test_the_description_is_whole(self):
        server = self.serve()
        document = self.ask(server, "GET", "/openapi.json").json()
        self.assertTrue(document["openapi"].startswith("3.1."))
        self.assertRegex(document["info"]["version"], r"^\d+\.\d+\.\d+$")
        def references(value):
            if isinstance(value, dict):
                if "$ref" in value:
                    yield value["$ref"]
                for each in value.values():
                    yield from references(each)
            elif isinstance(value, list):
                for each in value:
                    yield from references(each)
        for reference in references(document):
            at = document
            for part in reference.removeprefix("#/").split("/"):
                at = at[part]
        # The server has every path and method of the document, and no other method.
        for path, item in document["paths"].items():
            allowed = self.ask(server, "OPTIONS", path.replace("{id}", "x")).headers["Allow"].split(", ")
            methods = {each.upper() for each in item if each != "parameters"}
            self.assertEqual(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()), set(allowed), path)
        self.assertEqual(set(document["paths"]), {"/execute", "/runs", "/runs/{id}", "/livez", "/readyz", "/healthz", "/metrics", "/openapi.json"})
        result = self.run_code(server, "print(1)").json()
        self.assertEqual(set(result), set(document["components"]["schemas"]["ExecutionResult"]["properties"]))


class Life(HttpCase):
    def test_only_the_user_can_read_the_generated_token_and_it_is_removed_with_the_server(self):
        server = self.serve()
        self.assertEqual(stat.S_IMODE(os.stat(server.token_path).st_mode), 0o600)
        self.assertEqual(len(server.token), 64)
        self.assertEqual(server.stop()[0], 0)
        self.assertFalse(os.path.exists(server.token_path))

    def test_both_doors_at_once(self):
        server = self.serve(*self.ARGUMENTS, "--socket", str(self.folder / "s"))
        self.assertTrue(server.port and os.path.exists(server.socket))
        self.assertEqual(server.stop()[0], 0)

    def test_the_configuration_opens_them_too(self):
        token = self.folder / "token"
        token.write_text("# for tests\nfirst-token\nsecond-token\n")
        server = self.serve("--listen", "127.0.0.1:0", config={"serve": {"listen": "127.0.0.1:1", "tokenFile": str(token), "hosts": ["executor.internal"],
                                                                         "origins": ["https://app.example"], "maxBody": 1000}})
        self.assertIsNone(server.token_path)
        for given, status in (("first-token", 200), ("second-token", 200), ("third-token", 401)):
            server.token = given
            self.assertEqual(self.ask(server, "GET", "/runs", headers={"Host": "executor.internal"}).status, status)
        server.token = "first-token"
        self.assert_detail(self.ask(server, "POST", "/runs", {"code": "x" * 1000}), 413, "1000")
        reply = self.ask(server, "GET", "/runs", headers={"Origin": "https://app.example"})
        self.assertEqual((reply.status, reply.headers["Access-Control-Allow-Origin"], reply.headers["Vary"]), (200, "https://app.example", "Origin"))
        reply = self.ask(server, "OPTIONS", "/runs", headers={"Origin": "https://app.example", "Authorization": None, "Access-Control-Request-Method": "POST"})
        self.assertEqual((reply.status, reply.headers["Access-Control-Allow-Headers"]), (204, "Authorization, Content-Type"))

    def test_a_client_of_the_standard_library(self):
        server = self.serve(*self.ARGUMENTS, env={"DIND_TOKEN": "a-token-of-mine"})
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/execute", json.dumps({"code": "print(6 * 7)"}).encode(),
                                         {"Content-Type": "application/json; charset=utf-8", "Authorization": "Bearer a-token-of-mine"})
        with urllib.request.urlopen(request, timeout=LIMIT) as reply:
            self.assertEqual(json.load(reply)["output"], "42\n")
