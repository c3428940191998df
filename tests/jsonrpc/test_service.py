"""JSON-RPC for programs: methods, results, streams, cancels, errors."""
import json
import socket
import time

from jsonrpc_case import CANCELLED, INVALID_PARAMS, NOT_RUN, UNKNOWN_METHOD, JsonRpcCase

from dindtest.jsonrpc import frame

SHELL = "dind-executor/runtime-shell:bookworm"
FIELDS = {"runId", "returncode", "stdout", "stderr", "stdoutTruncatedBytes", "stderrTruncatedBytes", "verdict", "exitCode", "signal", "durationMs", "cpuMs",
          "peakMemoryBytes", "oomSeen", "stdoutBytes", "stderrBytes", "droppedBytes", "image", "imageId", "imageDigest", "isolation", "stage",
          "builder", "cancelReason", "ending", "notes"}


class Methods(JsonRpcCase):
    def test_who_is_there(self):
        client = self.stdio()
        info = self.result(client, "server/info")
        self.assertEqual((info["name"], info["protocol"], info["enabled"]), ("dind-executor", 1, True))
        self.assertRegex(info["version"], r"^\d+\.\d+\.\d+$")
        status = self.result(client, "engine/status")
        self.assertTrue(status["enabled"] and status["available"])
        self.assertTrue(status["version"] and status["address"])

    def test_an_engine_that_is_away_is_a_status_and_no_error(self):
        begun = time.monotonic()
        client = self.stdio("--host", "unix:///nowhere/docker.sock", env={"DIND_ENABLED": "false"})
        status = self.result(client, "engine/status")
        self.assertLess(time.monotonic() - begun, 2)
        self.assertEqual((status["enabled"], status["available"], status["address"]), (False, False, "unix:///nowhere/docker.sock"))
        self.assertNotIn("\n", status["message"])
        self.assertFalse(self.result(client, "server/info")["enabled"])
        switched_off = self.result(self.stdio(env={"DIND_ENABLED": "false"}), "engine/status")
        self.assertEqual((switched_off["enabled"], switched_off["available"]), (False, False))
        self.assertIn("DIND_ENABLED", switched_off["message"])
        self.assert_error(client.call("runPythonCode", {"code": "1"}), NOT_RUN, "disabled", "switched off")

    def test_an_engine_that_never_answers_is_reported_within_two_seconds(self):
        path = str(self.folder / "mute.sock")
        with socket.socket(socket.AF_UNIX) as mute:
            mute.bind(path)
            mute.listen()
            client = self.stdio("--host", "unix://" + path)
            self.result(client, "server/info")
            begun = time.monotonic()
            self.assertFalse(self.result(client, "engine/status")["available"])
            self.assertLess(time.monotonic() - begun, 2)

    def test_python_code(self):
        result = self.result(self.stdio(), "runPythonCode", code="import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)", timeout=30)
        self.assertEqual(set(result), FIELDS)
        self.assertEqual((result["returncode"], result["exitCode"], result["verdict"], result["stage"]), (3, 3, "failed", "program"))
        self.assertEqual((result["stdout"], result["stderr"]), ("out\n", "err\n"))
        self.assertEqual((result["stdoutBytes"], result["stdoutTruncatedBytes"], result["cancelReason"]), (4, 0, None))

    def test_i02_the_ending_says_what_ended_a_run_with_its_figure(self):
        client = self.stdio()
        for code, limits, said in (("print(1)", {}, ""), ("raise SystemExit(3)", {}, "exit 3"), ("import os; os.kill(os.getpid(), 9)", {}, "killed by SIGKILL"),
                                   ("while True: pass", {"timeout": 1}, "timeout: the limit is 1 s"),
                                   ("b = bytearray(900 << 20)", {"memory": "64m"}, "out of memory: the limit is 64 MiB")):
            with self.subTest(code):
                result = self.result(client, "run", code=code, language="python", limits=limits)
                self.assertTrue(result["ending"].startswith(said) if said else result["ending"] == "", result)
        result = self.result(client, "run", code="print('x' * 4096)", language="python", keepOutputBytes=1000)
        self.assertRegex(result["ending"], r"^3(\.\d)? KiB of output was left out$")
        for keep in (0, 1000):  # streamed output is not counted as missing
            result = self.result(client, "run", code="print('x' * 4096)", language="python", keepOutputBytes=keep, stream=True)
            self.assertEqual((result["ending"], result["stdoutTruncatedBytes"]), ("", 4097 - keep))

    def test_shell_script(self):
        result = self.result(self.stdio(), "runShellScript", script='\n#!/bin/bash\necho "Current directory: $(pwd)"\ncat', shell="/bin/bash", stdin="fed")
        self.assertEqual((result["returncode"], result["stdout"]), (0, "Current directory: /sandbox\nfed"))
        result = self.result(self.stdio(), "runShellScript", script="echo $0", shell="/bin/sh", image=SHELL)
        self.assertEqual(result["stdout"], "/bin/sh\n")

    def test_p05_the_options_of_a_scripts_shebang_line(self):
        client = self.stdio()
        for shell in ("/bin/bash", "/bin/sh"):
            result = self.result(client, "runShellScript", script=f"#!{shell} -e\nfalse\necho no", shell=shell, image=SHELL)
            self.assertEqual((result["returncode"], result["stdout"]), (1, ""), shell)
        result = self.result(client, "runPythonCode", code="#!/usr/bin/env -S python3 -O\nassert False\nprint('ok')")
        self.assertEqual((result["returncode"], result["stdout"]), (0, "ok\n"))

    def test_p15_code_that_declares_another_encoding(self):
        self.assertEqual(self.result(self.stdio(), "runPythonCode", code="# coding: shift_jis\nprint(len('日本語'))")["stdout"], "3\n")

    def test_command(self):
        client = self.stdio()
        self.assertEqual(self.result(client, "runCommand", image=SHELL, command="echo a && echo b")["stdout"], "a\nb\n")
        self.assertEqual(self.result(client, "runCommand", image=SHELL, command=["printf", "%s|", "a b", "c"], env={"A": "1"})["stdout"], "a b|c|")

    def test_run_takes_the_whole_spec(self):
        client = self.stdio()
        result = self.result(client, "run", code="import sys, os\nprint(sys.argv[1:], os.environ['A'], sys.stdin.read())", fileName="it.py",
                             args=["x", "y z"], env={"A": "ä"}, stdin="in", limits={"timeout": 9, "memory": "64m", "pids": 20, "cpus": 0.5}, pull="never")
        self.assertEqual(result["stdout"], "['x', 'y z'] ä in\n")
        self.assertEqual(self.result(client, "run", command="exit 7", image=SHELL)["returncode"], 7)

    def test_a_timeout_is_a_verdict(self):
        result = self.result(self.stdio(), "runPythonCode", code="import time; print('up', flush=True); time.sleep(60)", timeout=1)
        self.assertEqual((result["verdict"], result["returncode"], result["stdout"]), ("timeout", 124, "up\n"))

    def test_unknown_methods_and_shapes(self):
        client = self.stdio()
        self.assert_error(client.call("textDocument/hover"), UNKNOWN_METHOD)
        for method, params, said in (("run", {}, "one of"), ("run", {"code": "x", "spam": 1}, '"spam"'), ("runPythonCode", {"code": 1}, '"code"'),
                                     ("runPythonCode", [1], "object"), ("runPythonCode", {"code": "x", "timeout": -1}, '"timeout"'),
                                     ("runPythonCode", {"code": "x", "limits": {"memory": 1e30}}, '"limits.memory"'),
                                     ("run/cancel", {"id": 1}, '"id"'), ("history/get", {}, '"id"'), ("history/list", {"limit": 0}, '"limit"')):
            with self.subTest(method=method, params=params):
                self.assert_error(client.call(method, params), INVALID_PARAMS, "invalid_request", said)
        client.write(frame(b'{"jsonrpc":"2.0","id":900,"method":"runPythonCode","params":{"code":"x","timeout":NaN}}'))
        self.assertEqual(client.wait(lambda m: m.get("id", 0) is None)["error"]["code"], -32700)
        self.assert_error(client.call("run", {"code": "x", "language": "klingon"}), NOT_RUN, "unsupported_language")
        self.assert_error(client.call("runPythonCode", {"code": "x", "runId": "not an id"}), NOT_RUN, "invalid_request")
        self.assert_error(client.call("runCommand", {"image": "no/such:image", "command": "x"}), NOT_RUN, "image_unavailable")

    def test_bytes_that_are_no_text_become_replacement_characters(self):
        result = self.result(self.stdio(), "runPythonCode", code="import sys; sys.stdout.buffer.write(b'a\\xff\\xc3z\\xe2\\x82')")
        self.assertEqual((result["stdout"], result["stdoutBytes"]), ("a\ufffd\ufffdz\ufffd", 6))

    def test_output_beyond_the_bound_is_counted_and_the_head_is_kept_whole(self):
        result = self.result(self.stdio(), "runPythonCode", code="import sys\nprint('aé' * 100000, end='')\nprint('x' * 9, end='', file=sys.stderr)", keepOutputBytes=5)
        self.assertEqual((result["stdout"], result["stdoutTruncatedBytes"]), ("aéa", 300000 - 4))  # not a part of the second é
        self.assertEqual((result["stderr"], result["stderrTruncatedBytes"]), ("xxxxx", 4))
        result = self.result(self.stdio(), "runPythonCode", code="print('x' * (11 << 20), end='')")
        self.assertEqual((len(result["stdout"]), result["stdoutTruncatedBytes"]), (10 << 20, 1 << 20))

    def test_an_error_has_the_status_that_http_answers(self):  # I05
        client = self.stdio()
        for params, kind, status in (({"command": ["nope"], "image": SHELL}, "not_found", 422), ({"command": "ls", "image": SHELL, "workingDir": "/no/such"}, "not_found", 422),
                                     ({"command": "true", "image": "no.such/image:1", "pull": "never"}, "image_unavailable", 424)):
            with self.subTest(params=params):
                data = client.call("run", params)["error"]["data"]
                self.assertEqual((data["kind"], data["httpStatus"], data["began"]), (kind, status, False))

    def test_the_history_has_the_runs(self):
        client = self.stdio()
        self.assertEqual(self.result(client, "history/list"), {"runs": []})
        for method, params in (("runPythonCode", {"code": "print(1)"}), ("runShellScript", {"script": "echo 1"}), ("run", {"command": "true", "image": SHELL})):
            self.assertEqual(self.result(client, method, record=False, **params)["returncode"], 0)  # K13
        self.assert_error(client.call("runPythonCode", {"code": "x", "record": "no"}), INVALID_PARAMS, "invalid_request", '"record"')
        self.assertEqual(self.result(client, "history/list"), {"runs": []})
        self.result(client, "runPythonCode", code="print('kept')", runId="kept-1")
        runs = self.result(client, "history/list", limit=5)["runs"]
        self.assertEqual([(each["runId"], each["frontend"], each["state"], each["verdict"]) for each in runs], [("kept-1", "jsonrpc", "finished", "ok")])
        run = self.result(client, "history/get", id="kept-1")
        self.assertEqual(run["stdout"]["head"]["text"], "kept\n")
        self.assert_error(client.call("history/get", {"id": "none"}), NOT_RUN, "not_found")


class Streams(JsonRpcCase):
    def test_states_and_output_come_in_order_before_the_answer(self):
        client = self.stdio()
        client.reply(client.ask("runPythonCode", {"code": "import sys\nfor i in range(3): print('ä', i, flush=True)\nprint('e', file=sys.stderr)", "runId": "s1", "stream": True}))
        states = [each for each in client.sent("run/state") if each["runId"] == "s1"]
        self.assertEqual(states[-1]["state"], "started")
        self.assertTrue({"queued", "preparing", "started"} >= {each["state"] for each in states})
        self.assertEqual(states[-1]["limits"]["network"], "none")
        text = {name: "".join(p["text"] for p in client.sent("run/output") if p["channel"] == name) for name in ("stdout", "stderr")}
        self.assertEqual(text, {"stdout": "ä 0\nä 1\nä 2\n", "stderr": "e\n"})
        self.assertEqual(client.messages[-1]["result"]["stdout"], text["stdout"])
        methods = [m.get("method", "answer") for m in client.messages]
        self.assertLess(methods.index("run/state"), methods.index("run/output"))
        self.assertEqual(methods[-1], "answer")

    def test_without_stream_nothing_is_told(self):
        client = self.stdio()
        self.result(client, "runPythonCode", code="print(1)")
        self.assertEqual(client.sent("run/state") + client.sent("run/output"), [])

    def test_output_comes_as_it_is_written(self):
        client = self.stdio()
        asked = self.endless(client)
        self.assertEqual(self.result(client, "run/cancel", runId="r"), {"cancelled": 1})
        self.assertEqual(client.reply(asked)["result"]["verdict"], "cancelled")


class Cancels(JsonRpcCase):
    def test_a_running_program(self):
        client = self.stdio()
        asked = self.endless(client)
        self.assertEqual(self.result(client, "run/cancel", runId="other"), {"cancelled": 0})
        self.assertEqual(self.result(client, "run/cancel", runId="r"), {"cancelled": 1})
        result = client.reply(asked)["result"]
        self.assertEqual((result["verdict"], result["cancelReason"], result["returncode"], result["stdout"]), ("cancelled", "user", 130, "up\n"))

    def test_every_run_of_the_client(self):
        client = self.stdio()
        asked = [self.endless(client, f"r{n}") for n in range(2)]
        self.assertEqual(self.result(client, "run/cancel"), {"cancelled": 2})
        for each in asked:
            self.assertEqual(client.reply(each)["result"]["verdict"], "cancelled")

    def test_a_cancelled_request_is_answered_once(self):
        client = self.stdio()
        asked = self.endless(client)
        client.notify("$/cancelRequest", {"id": asked})
        self.assert_error(client.reply(asked), CANCELLED)
        self.assert_nothing_left(warm=False)
        self.assertEqual(self.result(client, "run/cancel"), {"cancelled": 0})
        self.assertEqual(sum(m.get("id") == asked for m in client.messages), 1)

    def test_at_every_moment_of_a_run(self):
        client = self.stdio()
        for n in range(12):
            asked = client.ask("runPythonCode", {"code": "import time; time.sleep(100)", "runId": f"m{n}"})
            begun = time.monotonic()
            while time.monotonic() < begun + n * 0.03:
                pass
            self.assertEqual(self.result(client, "run/cancel", runId=f"m{n}"), {"cancelled": 1})
            answer = client.reply(asked, 5)
            if "result" in answer:
                self.assertEqual(answer["result"]["verdict"], "cancelled")
            else:
                self.assert_error(answer, NOT_RUN, "cancelled")
        self.assert_nothing_left(warm=False)

    def test_a_run_that_waits_for_its_turn(self):
        config = self.folder / "config.json"
        config.write_text(json.dumps({"concurrentRuns": 1, "queuedRuns": 1}))
        client = self.stdio(env={"DIND_CONFIG": str(config)})
        first = self.endless(client, "first")
        second = client.ask("runPythonCode", {"code": "print(2)", "runId": "second", "stream": True})
        self.assertEqual(client.notification("run/state", runId="second", state="queued")["position"], 0)
        self.assert_error(client.call("runPythonCode", {"code": "print(3)"}), NOT_RUN, "busy")
        self.result(client, "run/cancel", runId="second")
        self.assert_error(client.reply(second), NOT_RUN, "cancelled")
        self.result(client, "run/cancel", runId="first")
        self.assertEqual(client.reply(first)["result"]["verdict"], "cancelled")

    def test_an_id_that_is_under_way_is_refused(self):
        client = self.stdio()
        self.endless(client)
        self.assert_error(client.call("runPythonCode", {"code": "1", "runId": "r"}), NOT_RUN, "invalid_request", "under way")
        self.result(client, "run/cancel")
