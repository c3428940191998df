"""Runs and how they are stopped, on the real engine."""
import json
import time

from lsp_case import ENDLESS

from dindtest import engine
from dindtest.alone import alone
from dindtest.client_case import ClientCase
from dindtest.jsonrpc import frame

FAILED, CANCELLED, INVALID_PARAMS = -32803, -32800, -32602


class Runs(ClientCase):
    def test_states_output_and_answer_come_in_order(self):
        client = self.client()
        uri = self.file("a.py", "import sys\nsys.stdout.write('out\\n')\nsys.stderr.write('err\\n')\nsys.exit(3)\n")
        id = client.run(uri, runId="r")
        result = client.reply(id)["result"]
        self.assertEqual((result["verdict"], result["exitCode"], result["signal"], result["runId"]), ("failed", 3, None, "r"))
        self.assertEqual((result["stdoutBytes"], result["stderrBytes"], result["droppedBytes"]), (4, 4, 0))
        kinds = [m["params"]["state"] if m["method"] == "dind/run" else m["params"]["channel"] for m in client.messages if m.get("method") in ("dind/run", "dind/output")]
        self.assertEqual(kinds, ["preparing", "started", "stdout", "stderr", "finished"])
        started = client.notification("dind/run", state="started")
        self.assertEqual((started["name"], started["language"], started["uri"]), ("a.py", "python", uri))
        self.assertEqual(started["limits"], {"timeoutMs": 60000, "memoryBytes": 512 << 20, "cpus": 1.0, "pids": 256, "network": "none"})
        self.assertEqual(client.notification("dind/run", state="finished")["result"], result)

    def test_the_request_beats_the_options_and_both_beat_the_defaults(self):
        client = self.client(initializationOptions={"timeout": 7, "memory": "256m", "cpus": 0.5, "pids": 100})
        client.reply(client.run(self.file("a.py", "print(1)"), runId="r", memory=128 << 20))
        limits = client.notification("dind/run", state="started", runId="r")["limits"]
        self.assertEqual(limits, {"timeoutMs": 7000, "memoryBytes": 128 << 20, "cpus": 0.5, "pids": 100, "network": "none"})

    def test_arguments_environment_and_stdin(self):
        client = self.client()
        uri = self.file("a.py", "import sys, os\nprint(sys.argv[1:], os.environ['NAME'], sys.stdin.read())")
        client.reply(client.run(uri, runId="r", args=["a b", "--x"], env={"NAME": "v=1\n"}, stdin="über"))
        self.assertEqual(client.output("r"), "['a b', '--x'] v=1\n über\n")

    def test_without_stdin_the_program_reads_an_end(self):
        client = self.client()
        client.reply(client.run(self.file("a.py", "import sys; print(repr(sys.stdin.read()))"), runId="r"))
        self.assertEqual(client.output("r"), "''\n")

    def test_timeout(self):
        client = self.client()
        id = client.run(self.file("endless.py", ENDLESS), timeout=1)
        result = client.reply(id)["result"]
        self.assertEqual(result["verdict"], "timeout")
        self.assertTrue(900 <= result["durationMs"] <= 1500, result["durationMs"])

    def test_two_clients_and_two_runs_at_once(self):
        clients = [self.client(), self.client()]
        uri = self.file("a.py", "import time; time.sleep(0.5); print('done')")
        ids = [(client, client.run(uri, runId=f"r{n}{i}")) for i, client in enumerate(clients) for n in range(2)]
        for client, id in ids:
            self.assertEqual(client.reply(id)["result"]["verdict"], "ok")

    def test_p15_an_open_document_is_unicode_with_any_declaration(self):
        client = self.client()
        text = "# -*- coding: shift_jis -*-\nprint(len('日本語'))\n"
        uri = self.file("open.py", "x")
        client.open(uri, text)
        client.reply(client.run(uri, runId="open"))
        self.assertEqual(client.output("open"), "3\n")
        (self.folder / "closed.py").write_bytes(text.encode("shift_jis"))
        client.reply(client.run((self.folder / "closed.py").as_uri(), runId="closed"))
        self.assertEqual(client.output("closed"), "3\n")

    def test_p21_notes_are_in_the_answer_and_in_the_end(self):
        self.file("helper.py", "x = 1\n")
        client = self.client()
        result = client.reply(client.run(self.file("app.py", "import helper\n"), runId="r"))["result"]
        self.assertIn("Run Workspace in DinD", " ".join(result["notes"]))
        self.assertNotIn(" --", " ".join(result["notes"]))
        self.assertEqual(client.notification("dind/run", state="finished", runId="r")["result"]["notes"], result["notes"])
        plain = self.client(own=False)
        plain.reply(plain.run(self.file("ask.py", "input()\n")))
        texts = [p["message"] for p in plain.sent("window/logMessage")]
        self.assertTrue(any("stdin" in text and text.startswith("Note: ") for text in texts), texts)

    def test_p05_a_shebang_line_has_its_effect(self):
        client = self.client()
        uri = self.file("strict.sh", "#!/bin/bash -e\ncd /no/such/place\necho no\n")
        self.assertEqual(client.reply(client.run(uri, runId="r"))["result"]["exitCode"], 1)
        client.reply(client.run(self.file("a.py", "#!/usr/bin/env pypy3\nprint(1)\n"), runId="pypy"))
        self.assertIn("pypy3", " ".join(client.notification("dind/run", state="started", runId="pypy")["notes"]))

    def test_a_plain_client_gets_log_messages(self):
        client = self.client(own=False)
        result = client.reply(client.run(self.file("a.py", "print('plain')")))["result"]
        self.assertEqual(result["verdict"], "ok")
        texts = [p["message"] for p in client.sent("window/logMessage")]
        self.assertTrue(texts[0].startswith("Running a.py in "), texts)
        self.assertIn("plain", texts)
        self.assertNotIn("", texts)
        self.assertTrue(texts[-1].startswith("Ended: ok, exit code 0"), texts)
        self.assertEqual(client.sent("dind/output") + client.sent("dind/run") + client.sent("dind/engine"), [])

    def test_a_plain_client_sees_errors_as_messages(self):
        client = self.client(own=False)
        self.assert_error(client.reply(client.run("file:///none/none.py")), FAILED, "not_found")
        shown = client.notification("window/showMessage")
        self.assertEqual(shown["type"], 1)
        self.assertIn("/none/none.py", shown["message"])


class Output(ClientCase):
    def rate(self, client, run_id):
        at = [m["_at"] for m in client.messages if m.get("method") == "dind/output" and m["params"]["runId"] == run_id]
        return max(sum(1 for b in at if a <= b < a + 1.0) for a in at), len(at)

    def test_the_first_line_comes_while_it_runs(self):
        client = self.client()
        id = client.run(self.file("a.py", "import time\nfor n in range(20):\n  print(n, flush=True)\n  time.sleep(0.1)\n"), runId="r")
        client.notification("dind/output", runId="r")
        self.assertIn(client.output("r"), ("0", "0\n"))  # an unbuffered print makes two writes
        client.reply(id)
        self.assertEqual(client.output("r"), "".join(f"{n}\n" for n in range(20)))

    def test_at_most_30_messages_a_second_and_nothing_lost(self):
        client = self.client()
        client.reply(client.run(self.file("a.py", "import time\nend = time.time() + 3\nn = 0\nwhile time.time() < end:\n  print(n, flush=True); n += 1\n"), runId="r"))
        lines = client.output("r").splitlines()
        self.assertEqual(lines, [str(n) for n in range(len(lines))])
        most, all = self.rate(client, "r")
        self.assertLessEqual(most, 33)  # 30, and a few more, since this reader may be scheduled late
        self.assertGreater(all, 30)

    def test_alternating_channels_keep_the_rate(self):
        client = self.client()
        client.reply(client.run(self.file("a.py", "import sys\nfor n in range(20000):\n  print(n, file=(sys.stdout, sys.stderr)[n % 2], flush=True)\n"), runId="r"))
        self.assertEqual(client.output("r").split(), [str(n) for n in range(0, 20000, 2)])
        self.assertEqual(client.output("r", "stderr").split(), [str(n) for n in range(1, 20000, 2)])
        self.assertLessEqual(self.rate(client, "r")[0], 33)

    def test_utf8_is_never_split_and_invalid_bytes_are_replaced(self):
        client = self.client()
        text = "aé€😀" * 50
        program = (f"import sys, time\nfor b in {text!r}.encode():\n  sys.stdout.buffer.write(bytes([b])); sys.stdout.buffer.flush(); time.sleep(0.001)\n"
                   "sys.stdout.buffer.write(b'\\xff|\\xe2\\x82|\\xed\\xa0\\x80|\\xf0\\x9f\\x98')\n")
        client.reply(client.run(self.file("a.py", program), runId="r"))
        self.assertEqual(client.output("r"), text + "\ufffd|\ufffd|\ufffd\ufffd\ufffd|\ufffd")

    def test_ten_megabytes_arrive_whole(self):
        client = self.client()
        client.reply(client.run(self.file("a.py", "for n in range(160): print(chr(65 + n % 26) * 65535)"), runId="r"))
        self.assertEqual(client.output("r"), "".join(chr(65 + n % 26) * 65535 + "\n" for n in range(160)))


class Stopping(ClientCase):
    def started(self, client, run_id="r", **more):
        uri = self.file(f"{run_id}.py", ENDLESS)
        id = client.run(uri, runId=run_id, **more)
        client.notification("dind/output", runId=run_id)
        return uri, id

    @alone
    def test_stop_by_uri_by_run_id_and_all(self):
        for which in ("uri", "runId", None):
            with self.subTest(which):
                client = self.client()
                uri, id = self.started(client)
                begun = time.monotonic()
                self.assertEqual(client.stop(**({} if which is None else {which: uri if which == "uri" else "r"}))["result"], {"stopped": 1})
                result = client.reply(id)["result"]
                self.assertEqual(result["verdict"], "cancelled")
                self.assertLess(time.monotonic() - begun, 1.0)
                self.assertEqual(client.notification("dind/run", state="finished")["result"]["verdict"], "cancelled")
                self.assert_nothing_left(5, warm=False)

    def test_stop_of_nothing_is_0(self):
        client = self.client()
        self.assertEqual(client.stop()["result"], {"stopped": 0})
        self.assertEqual(client.stop(runId="none")["result"], {"stopped": 0})

    def test_stop_with_a_wrong_argument_stops_nothing(self):
        client = self.client()
        _, id = self.started(client)
        for argument in ({}, "x", 5, {"runId": 5}, {"uri": None}):
            self.assert_error(client.call("workspace/executeCommand", {"command": "dind.stop", "arguments": [argument]}), INVALID_PARAMS)
        self.assertEqual(client.stop()["result"], {"stopped": 1})
        client.reply(id)

    def test_stop_leaves_the_others(self):
        client = self.client()
        _, first = self.started(client, "one")
        _, second = self.started(client, "two")
        self.assertEqual(client.stop(runId="one")["result"], {"stopped": 1})
        client.reply(first)
        client.drain(0.3)
        self.assertFalse([m for m in client.messages if m.get("id") == second and "result" in m])
        client.stop()
        client.reply(second)

    @alone
    def test_cancel_request_is_answered_once_and_at_once(self):
        client = self.client()
        _, id = self.started(client)
        begun = time.monotonic()
        client.notify("$/cancelRequest", {"id": id})
        self.assert_error(client.reply(id, 5), CANCELLED)
        self.assertLess(time.monotonic() - begun, 0.3)
        client.notification("dind/run", state="finished")
        client.notify("$/cancelRequest", {"id": id})
        client.drain(0.3)
        self.assertEqual(len([m for m in client.messages if m.get("id") == id and "method" not in m]), 1)
        self.assert_nothing_left(5, warm=False)

    @alone
    def test_cancel_at_every_moment(self):
        client = self.client()
        uri = self.file("a.py", ENDLESS)
        for milliseconds in (0, 1, 5, 20, 40, 60, 80, 100, 120, 150, 200):
            with self.subTest(milliseconds):
                id = client.run(uri)
                client.drain(milliseconds / 1000)
                begun = time.monotonic()
                client.notify("$/cancelRequest", {"id": id})
                self.assert_error(client.reply(id, 5), CANCELLED)
                self.assertLess(time.monotonic() - begun, 0.3)
        client.call("shutdown", within=15)
        self.assert_nothing_left(1)

    def test_stop_before_the_program_began_is_a_cancelled_run(self):
        client = self.client()
        id = client.run(self.file("a.py", ENDLESS), runId="r")
        self.assertEqual(client.stop()["result"], {"stopped": 1})
        self.assertEqual(client.reply(id)["result"]["verdict"], "cancelled")


class Progress(ClientCase):
    def values(self, client, token):
        return [p["value"] for p in client.sent("$/progress") if p["token"] == token]

    def test_with_a_token(self):
        client = self.client()
        client.reply(client.run(self.file("a.py", "print(1)"), token="t"))
        values = self.values(client, "t")
        self.assertEqual(values[0], {"kind": "begin", "title": "Run a.py in sandbox", "cancellable": True})
        self.assertEqual([v["kind"] for v in values].count("end"), 1)
        self.assertEqual(values[-1]["kind"], "end")
        self.assertIn("Running", [v.get("message") for v in values])

    def test_a_token_is_asked_for_and_waited_for(self):
        client = self.client(own=False, capabilities={"window": {"workDoneProgress": True}})
        id = client.run(self.file("a.py", "import time; time.sleep(1)"))
        asked = client.wait(lambda m: m.get("method") == "window/workDoneProgress/create")
        client.answer(asked["id"])
        client.reply(id)
        values = self.values(client, asked["params"]["token"])
        self.assertEqual((values[0]["kind"], values[-1]["kind"]), ("begin", "end"))

    def test_a_token_that_is_refused_is_not_used(self):
        client = self.client(own=False, capabilities={"window": {"workDoneProgress": True}})
        id = client.run(self.file("a.py", "print(1)"))
        asked = client.wait(lambda m: m.get("method") == "window/workDoneProgress/create")
        client.write(frame({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32603, "message": "no"}}))
        client.reply(id)
        self.assertEqual(client.sent("$/progress"), [])

    def test_a_token_that_is_granted_after_the_end_is_begun_and_ended(self):
        client = self.client(own=False, capabilities={"window": {"workDoneProgress": True}})
        id = client.run(self.file("a.py", "print(1)"))
        asked = client.wait(lambda m: m.get("method") == "window/workDoneProgress/create")
        client.reply(id)
        client.answer(asked["id"])
        client.wait(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end")
        self.assertEqual([v["kind"] for v in self.values(client, asked["params"]["token"])], ["begin", "end"])

    def test_cancel_of_the_progress_stops_the_run(self):
        client = self.client()
        id = client.run(self.file("a.py", ENDLESS), runId="r", token=5)
        client.notification("dind/output", runId="r")
        client.notify("window/workDoneProgress/cancel", {"token": 5})
        self.assertEqual(client.reply(id)["result"]["verdict"], "cancelled")


class Refusals(ClientCase):
    def test_wrong_shapes(self):
        client = self.client()
        for argument in (None, 7, {}, {"uri": 7}, {"uri": "file:///a.py", "args": "x"}, {"uri": "file:///a.py", "args": [1]}, {"uri": "file:///a.py", "env": {"A": 1}}, {"uri": "file:///a.py", "stdin": 1}):
            with self.subTest(argument):
                self.assert_error(client.call("workspace/executeCommand", {"command": "dind.runFile", "arguments": [argument]}), INVALID_PARAMS)
        self.assert_error(client.call("workspace/executeCommand", {"command": "dind.runFile"}), INVALID_PARAMS)

    def test_what_can_not_run(self):
        client = self.client()
        (self.folder / "folder.py").mkdir()
        cases = (("file:///none/none.py", {}, "not_found", "none.py"), ((self.folder / "folder.py").as_uri(), {}, "invalid_request", "folder"),
                 (self.file("empty.py", ""), {}, "invalid_request", "empty"), (self.file("a.xyz", "hm"), {}, "unsupported_language", "python"),
                 (self.file("a.py", "1"), {"languageId": "cobol"}, "unsupported_language", "cobol"), ("untitled:Untitled-1", {}, "invalid_request", "open"),
                 (self.file("a.py", "1"), {"timeout": 0}, "invalid_request", "timeout"), (self.file("a.py", "1"), {"timeout": -1}, "invalid_request", "timeout"),
                 (self.file("a.py", "1"), {"memory": "lots"}, "invalid_request", "memory"), (self.file("a.py", "1"), {"pids": 1.5}, "invalid_request", "pids"),
                 (self.file("a.py", "1"), {"network": "host"}, "invalid_request", "network"), (self.file("a.py", "1"), {"pull": "sometimes"}, "invalid_request", "pull"), (self.file("a.py", "1"), {"runId": "../x"}, "invalid_request", "run id"),
                 (self.file("a.py", "1"), {"image": "UPPER CASE"}, "invalid_request", "UPPER"), (self.file("a.py", "1"), {"image": "localhost:1/none:1"}, "image_unavailable", "none"))
        for uri, more, kind, said in cases:
            with self.subTest(uri=uri, **more):
                self.assert_error(client.reply(client.run(uri, **more)), FAILED, kind, said)

    def test_settings_of_a_wrong_type_are_named_and_not_used(self):
        client = self.client(initializationOptions={"timeout": "soon", "memory": [], "cpus": -1, "pids": 0, "network": "all", "pull": 7, "images": {"python": 3}, "codeLens": 1, "unknown": {}})
        for setting in ("timeout", "memory", "cpus", "pids", "network", "pull", "images.python", "codeLens"):
            client.wait(lambda m: m.get("method") == "window/showMessage" and f"dind.{setting} " in m["params"]["message"])
        self.assertEqual(client.reply(client.run(self.file("a.py", "print(1)")))["result"]["verdict"], "ok")

    def test_pull_of_the_request_before_that_of_the_options(self):
        client = self.client(initializationOptions={"pull": "never"})
        uri = self.file("a.py", "print(1)")
        tries = []
        for run, more in (("never", {}), ("missing", {"pull": "missing"})):
            self.assert_error(client.reply(client.run(uri, runId=run, image="127.0.0.1:1/none:1", **more)), FAILED, "image_unavailable", "127.0.0.1:1/none:1")
            client.notification("dind/run", runId=run, state="finished")
            tries.append([p["stage"] for p in client.sent("dind/run") if p["runId"] == run and p["state"] == "preparing"])
        self.assertEqual(tries, [[], ["image"]])
        client.notify("workspace/didChangeConfiguration", {"settings": {"dind": {}}})
        self.assertEqual(client.reply(client.run(uri, pull="never"))["result"]["verdict"], "ok")

    def test_packages_workspace_and_folder_of_a_request(self):
        client = self.client()
        uri = self.file("a.py", "import os; print(os.getcwd())")
        for more, words in (({"dependencies": ["--index-url=x"]}, ("name a package",)), ({"workspace": "readOnly"}, ("DIND_WORKSPACE",)),
                            ({"workspace": "all"}, ("readOnly", "readWrite")), ({"workingDir": "../x"}, ("absolute path",))):
            with self.subTest(more):
                self.assert_error(client.reply(client.run(uri, **more)), FAILED, "invalid_request", *words)
        for more in ({"dependencies": "six"}, {"dependencies": [1]}, {"workingDir": 1}):
            with self.subTest(more):
                self.assertEqual(client.reply(client.run(uri, **more))["error"]["code"], -32602)
        self.assertEqual(client.reply(client.run(uri, workingDir="/tmp", runId="there"))["result"]["verdict"], "ok")
        self.assertEqual("".join(p["text"] for p in client.sent("dind/output") if p["runId"] == "there"), "/tmp\n")

    def test_a_limit_above_the_maximum_is_lowered_and_reported(self):
        config = self.folder / "config.json"
        config.write_text('{"limits": {"max": {"timeout": 5}}}')
        client = self.client(env={"DIND_CONFIG": str(config)})
        client.reply(client.run(self.file("a.py", "print(1)"), runId="r", timeout=100))
        started = client.notification("dind/run", state="started")
        self.assertEqual(started["limits"]["timeoutMs"], 5000)
        self.assertIn("maximum", started["notes"][0])


class Log(ClientCase):
    def test_the_log_is_on_stderr_and_each_line_of_a_run_has_its_id(self):
        client = self.client(command=("lsp", "--log-level", "debug", "--log-format", "json"))
        uri = self.file("a.py", "import os; print(os.environ['API_TOKEN'])")
        ids = [client.run(uri, runId=run, env={"API_TOKEN": "supersecretvalue"}) for run in ("one", "two")]
        for id in ids:
            self.assertEqual(client.reply(id)["result"]["verdict"], "ok")
        client.call("shutdown")
        client.notify("exit")
        self.assertEqual(client.ended(), 0)
        lines = [json.loads(line) for line in client.errors.decode().splitlines()]
        for run in ("one", "two"):
            said = [line["message"] for line in lines if line.get("run") == run]
            kinds = [message.split(":")[0].split(" ")[0] for message in said]
            self.assertEqual([kind for kind in kinds if kind != "queued"], ["asked", "accepted", "preparing", "started", "ended", "Removed"])
            self.assertRegex(said[0], r"^asked: a\.py, by lsp, client lsp:[0-9a-f]+$")
        self.assertNotIn(b"supersecretvalue", client.errors)
        self.assertEqual({line.get("run") for line in lines if "a.py" in line["message"]}, {"one", "two"})


class Engine(ClientCase):
    def test_an_engine_that_answers(self):
        engine = self.client().notification("dind/engine")
        self.assertTrue(engine["reachable"])
        self.assertRegex(engine["version"], r"^\d+\.")

    def test_an_engine_that_is_away(self):
        client = self.client(env={"DOCKER_HOST": "unix:///none/docker.sock"})
        engine = client.notification("dind/engine")
        self.assertFalse(engine["reachable"])
        self.assertIn("unix:///none/docker.sock", engine["message"])
        begun = time.monotonic()
        self.assert_error(client.reply(client.run(self.file("a.py", "print(1)"))), FAILED, "engine_unavailable", "unix:///none/docker.sock")
        self.assertLess(time.monotonic() - begun, 2.0)

    def test_a_supervisor_volume_that_vanished_is_created_again_with_our_label(self):
        client = self.client(initializationOptions={"warmPool": False})
        id = client.run(self.file("endless.py", ENDLESS), runId="first")
        client.notification("dind/output", runId="first")
        sandbox, = self.new_containers(warm=False)
        volume = next(each["Source"] for each in engine.call("GET", f"/containers/{sandbox}/json")["HostConfig"]["Mounts"] if each["Target"] == "/.dind")
        client.stop()
        client.reply(id)
        self.assert_nothing_left(warm=False)
        connection = engine.connection()
        connection.request("DELETE", f"/volumes/{volume}")
        self.assertEqual(connection.getresponse().status, 204)
        connection.close()
        self.assertEqual(client.reply(client.run(self.file("a.py", "print(1)")))["result"]["verdict"], "ok")
        # The engine creates missing volumes of a container, without our label; `gc` would never find such a volume.
        self.assertEqual(engine.call("GET", f"/volumes/{volume}")["Labels"], {"dind-executor.cache": "supervisor"})
