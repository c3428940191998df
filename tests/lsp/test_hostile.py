"""Hostile or greedy clients: every request is answered exactly once, and nothing hangs, leaks or gets through."""
import json
import os
import socket
import statistics
import threading
import time

from lsp_case import ENDLESS

from dindtest.alone import alone
from dindtest.client_case import ClientCase
from dindtest.jsonrpc import frame

FAILED, CANCELLED, INVALID_REQUEST = -32803, -32800, -32600
AT_ONCE = 0.5  # seconds; a refusal comes at once


def answers(client, id):
    return [m for m in client.messages if m.get("id") == id and "method" not in m]


class Files(ClientCase):
    """Which files a URI can name."""

    def refused(self, client, uri, kind, *said):
        begun = time.monotonic()
        self.assert_error(client.reply(client.run(uri), 5), FAILED, kind, *said)
        self.assertLess(time.monotonic() - begun, AT_ONCE)

    def test_what_is_no_regular_file_is_refused_at_once(self):
        client = self.client()
        fifo = self.folder / "fifo.py"
        os.mkfifo(fifo)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.folder / "socket.py"))
            (self.folder / "zero.py").symlink_to("/dev/zero")
            (self.folder / "loop.py").symlink_to("loop.py")
            (self.folder / "nowhere.py").symlink_to("/none/none")
            for uri in (fifo.as_uri(), "file:///dev/zero", "file:///dev/stdin", "file:///dev/tty", "file://" + str(self.folder / "zero.py"), "file://" + str(self.folder / "socket.py")):
                with self.subTest(uri):
                    self.refused(client, uri, "invalid_request")
            for name in ("loop.py", "nowhere.py"):
                with self.subTest(name):
                    self.refused(client, "file://" + str(self.folder / name), "not_found")
        self.assertEqual(client.sent("dind/run"), [])

    def test_files_that_claim_no_size(self):
        client = self.client()
        for uri in ("file:///proc/self/environ", "file:///proc/kmsg", "file:///proc/self/mem"):
            with self.subTest(uri):
                begun = time.monotonic()
                self.assertIn("error", client.reply(client.run(uri, languageId="python"), 5))
                self.assertLess(time.monotonic() - begun, AT_ONCE)

    def test_a_link_to_a_program_runs(self):
        client = self.client()
        self.file("real.py", "print('real')")
        (self.folder / "link.py").symlink_to("real.py")
        client.reply(client.run("file://" + str(self.folder / "link.py"), runId="r"))
        self.assertEqual(client.output("r"), "real\n")

    def test_a_huge_file_is_refused_without_being_read(self):
        client = self.client()
        with open(self.folder / "huge.py", "wb") as file:
            file.truncate(1 << 40)
        self.refused(client, (self.folder / "huge.py").as_uri(), "invalid_request", "16 MiB")

    def test_uris_that_are_no_file_of_this_machine(self):
        client = self.client()
        for uri in ("", "file:", "file://", "file://other/x.py", "http://127.0.0.1/a.py", "/etc/passwd", "file:///a%00.py", "file:///a%zz.py", "file:///a%2", "file://" + "/a" * 100000 + ".py", "untitled:../../x"):
            with self.subTest(uri[:40]):
                begun = time.monotonic()
                self.assert_error(client.reply(client.run(uri), 5), FAILED)
                self.assertLess(time.monotonic() - begun, AT_ONCE)

    def test_names_reach_the_program_as_they_are(self):
        client = self.client()
        for n, name in enumerate(("$(touch x).py", "`id`.py", "-rf.py", "--version.py", "a'b\"c.py", "a\nb.py", "a;b&c|d.py", "日本 語.py", "%41.py", " .py", "..py", "{file}.py", "x" * 251 + ".py")):
            with self.subTest(name):
                uri = self.file(name, "import sys, os\nprint(repr(os.path.basename(sys.argv[0])), len(os.listdir(os.path.dirname(os.path.abspath(__file__)))))")
                answer = client.reply(client.run(uri, runId=f"r{n}"))
                self.assertEqual(answer.get("result", answer).get("verdict"), "ok", answer)
                self.assertEqual(client.output(f"r{n}"), f"{name!r} 1\n")

    def test_content_that_is_not_utf8_arrives_byte_for_byte(self):
        client = self.client()
        content = b"# -*- coding: latin-1 -*-\nprint(open(__file__, 'rb').read()[-4:])\n#\xff\xfe\x80"
        answer = client.reply(client.run(self.file("latin.py", content), runId="r"))
        self.assertEqual(answer["result"]["verdict"], "ok")
        self.assertEqual(client.output("r"), "b'#\\xff\\xfe\\x80'\n")

    def test_a_name_that_is_not_utf8(self):
        client = self.client()
        path = os.fsencode(self.folder) + b"/\xff\xfe.py"
        with open(path, "wb") as file:
            file.write(b"import sys, os\nprint(ascii(os.fsencode(os.path.basename(sys.argv[0]))))")
        id = client.run("file://" + str(self.folder) + "/%FF%FE.py", runId="r")
        answer = client.reply(id)
        if "result" in answer:
            self.assertEqual(client.output("r"), "b'\\xff\\xfe.py'\n")
        else:
            self.assert_error(answer, FAILED, "invalid_request")


class Fields(ClientCase):
    def test_limits_that_are_no_number_to_have(self):
        client = self.client()
        uri = self.file("a.py", "print(1)")
        for field in ("timeout", "memory", "cpus", "pids"):
            for value in ("NaN", "1e309", "-1e308", "-0.0", "0", "-1", "true", "[]", "{}", '""', '"-1"', '"1e308x"', '"\\u0000"'):
                with self.subTest(f"{field}: {value}"):
                    client.next_id += 1
                    body = '{"jsonrpc":"2.0","id":%d,"method":"workspace/executeCommand","params":{"command":"dind.runFile","arguments":[{"uri":%s,"%s":%s}]}}' % (client.next_id, json.dumps(uri), field, value)
                    client.write(frame(body.encode()))
                    if value in ("NaN", "1e309"):  # not JSON, or not a number that can be held
                        answer = client.wait(lambda m: "error" in m and "_seen" not in m, 5)
                        answer["_seen"] = True
                    else:
                        self.assert_error(client.reply(client.next_id, 5), FAILED, "invalid_request", field)
                        client.messages[-1]["_seen"] = True
        self.assertEqual(client.sent("dind/run"), [])

    def test_limits_beyond_everything_are_clamped(self):
        client = self.client()
        for n, (field, value) in enumerate((("timeout", 1e14), ("memory", 1 << 62), ("memory", "4000t"), ("cpus", 1e308), ("pids", (1 << 63) - 1))):
            with self.subTest(f"{field}: {value}"):
                answer = client.reply(client.run(self.file("a.py", "print(1)"), runId=f"r{n}", **{field: value}))
                self.assertEqual(answer["result"]["verdict"], "ok")
                self.assertIn("maximum", " ".join(client.notification("dind/run", state="started", runId=f"r{n}")["notes"]))

    def test_invalid_environment_names(self):
        client = self.client()
        uri = self.file("a.py", "import os; print(os.environ.get('A'))")
        for name in ("", "=", "A=B", "A\0B"):
            with self.subTest(name):
                self.assert_error(client.reply(client.run(uri, env={name: "1"}), 5), FAILED, "invalid_request")
        self.assert_error(client.reply(client.run(uri, env={"A": "x\0y"}), 5), FAILED, "invalid_request")
        self.assert_error(client.reply(client.run(uri, args=["x\0y"]), 5), FAILED, "invalid_request")

    def test_odd_environment_names_and_values_are_only_text(self):
        client = self.client()
        env = {"$(id)": "`id`", "A B": "\n;\t'\"", "LD_PRELOAD": "/none.so", "PATH": "/usr/local/bin:/usr/bin:/bin", "é": "日本"}
        uri = self.file("a.py", f"import os\nprint(all(os.environ.get(k) == v for k, v in {env!r}.items()))")
        self.assertEqual(client.reply(client.run(uri, runId="r", env=env))["result"]["verdict"], "ok")
        self.assertEqual(client.output("r"), "True\n")

    def test_more_arguments_than_a_job_may_have(self):
        client = self.client()
        uri = self.file("a.py", "print(1)")
        for more, code in (({"args": ["x" * (2 << 20)]}, FAILED), ({"args": ["x"] * 300000}, INVALID_REQUEST), ({"env": {"A": "x" * (2 << 20)}}, FAILED)):
            with self.subTest(list(more)[0]):
                self.assert_error(client.reply(client.run(uri, **more), 30), code)
        self.assertEqual(client.reply(client.run(uri))["result"]["verdict"], "ok")

    def test_unknown_fields_are_no_obstacle(self):
        client = self.client(unknown={"a": [1]}, trace="verbose")
        client.write(frame({"jsonrpc": "2.0", "id": 50, "method": "workspace/executeCommand", "extra": [[[]]], "params": {"command": "dind.runFile", "more": 1,
                            "arguments": [{"uri": self.file("a.py", "print(1)"), "Privileged": True, "HostConfig": {"Privileged": True}, "binds": ["/:/host"]}]}}))
        self.assertEqual(client.reply(50)["result"]["verdict"], "ok")

    def test_a_second_argument_is_refused(self):
        client = self.client()
        client.write(frame({"jsonrpc": "2.0", "id": 50, "method": "workspace/executeCommand",
                            "params": {"command": "dind.runFile", "arguments": [{"uri": self.file("a.py", "print(1)")}, {"uri": 5}]}}))
        self.assertIn("takes one argument, not 2", client.reply(50)["error"]["message"])

    def test_images_that_are_paths(self):
        client = self.client()
        for image in ("../../info", "a/../../x", "a?x=1", "a#b", "a b", "-v", "$(id)", "a@b/c", "a:b:c", "a\n", "", "x" * 10000, "%2e%2e/x"):
            with self.subTest(image[:20]):
                begun = time.monotonic()
                self.assert_error(client.reply(client.run(self.file("a.py", "print(1)"), image=image), 5), FAILED, "invalid_request")
                self.assertLess(time.monotonic() - begun, AT_ONCE)


class Documents(ClientCase):
    URI = "untitled:Untitled-1"

    def change(self, client, *changes):
        client.notify("textDocument/didChange", {"textDocument": {"uri": self.URI, "version": 2}, "contentChanges": list(changes)})

    def span(self, a, b, c, d, text):
        return {"range": {"start": {"line": a, "character": b}, "end": {"line": c, "character": d}}, "text": text}

    def test_invalid_ranges(self):
        client = self.client()
        client.open(self.URI, "print('a')\n")
        most, least = (1 << 63) - 1, -(1 << 63)
        self.change(client, self.span(most, most, least, least, "print('end')\n"), self.span(least, least, -1, -1, "print('begin')\n"), self.span(0, most, 0, most, " # x"),
                    self.span(1 << 31, 0, 1 << 32, 0, "print('last')\n"))
        client.reply(client.run(self.URI, runId="r", languageId="python"))
        self.assertEqual(client.output("r"), "begin\na\nend\nlast\n")

    def test_malformed_changes_have_no_effect(self):
        client = self.client()
        client.open(self.URI, "print('kept')\n")
        for params in (None, [], {}, {"textDocument": 5}, {"textDocument": {"uri": 5}}, {"textDocument": {"uri": self.URI}, "contentChanges": {}}, {"textDocument": {"uri": self.URI}, "contentChanges": [5, None, [], {}, {"text": 5}]},
                       {"textDocument": {"uri": "file:///not/open.py"}, "contentChanges": [{"text": "x"}]}):
            client.notify("textDocument/didChange", params)
            if not params or self.URI not in str(params):
                client.notify("textDocument/didOpen", params)
                client.notify("textDocument/didClose", params)
        client.reply(client.run(self.URI, runId="r", languageId="python"))
        self.assertEqual(client.output("r"), "kept\n")

    def test_a_huge_document_is_kept_changed_and_refused_or_run(self):
        client = self.client()
        client.open(self.URI, "#" * (16 << 20) + "\nprint('huge')\n")
        for n in range(20):
            self.change(client, self.span(1, 0, 1, 0, f"# {n}\n"))
        self.assert_error(client.reply(client.run(self.URI, languageId="python")), FAILED, "invalid_request")
        begun = time.monotonic()  # from now on the server has read it
        self.assert_error(client.reply(client.run(self.URI, languageId="python")), FAILED, "invalid_request")
        self.assertLess(time.monotonic() - begun, 10)
        self.change(client, {"text": "print('small')\n"})
        client.reply(client.run(self.URI, runId="r", languageId="python"))
        self.assertEqual(client.output("r"), "small\n")

    def test_ten_thousand_documents(self):
        client = self.client()
        for n in range(10000):
            client.open(f"file:///x/{n}.py", f"print({n})\n")
        client.reply(client.run("file:///x/9999.py", runId="r"))
        self.assertEqual(client.output("r"), "9999\n")


class Floods(ClientCase):
    @alone
    def test_a_thousand_runs_at_once_are_each_answered_once(self):
        client = self.client()
        uri = self.file("a.py", "print(1)")
        requests = {}
        def send():
            for n in range(1000):
                requests[10000 + n] = time.monotonic()
                client.run(uri, id=10000 + n, runId=f"r{n}", timeout=30)
        sender = threading.Thread(target=send)
        sender.start()
        for id in range(10000, 11000):
            client.reply(id, 240)
        sender.join()
        client.drain(0.3)
        counts = {"ok": 0, "busy": 0}
        waits = []
        for id, sent in requests.items():
            got = answers(client, id)
            self.assertEqual(len(got), 1, got)
            if "error" in got[0]:
                self.assert_error(got[0], FAILED, "busy")
                counts["busy"] += 1
                waits.append(got[0]["_at"] - sent)
            else:
                counts["ok"] += got[0]["result"]["verdict"] == "ok"
        self.assertEqual(sum(counts.values()), 1000, counts)
        self.assertGreater(counts["busy"], 0)
        # From the last byte of the request to the answer, with the queue of this reader. The program has ASan here.
        print(f"\n  1,000 at once: {counts}; busy after {statistics.median(waits) * 1000:.1f} ms (median), {max(waits) * 1000:.1f} ms (most)")
        self.assertLess(statistics.median(waits), 0.5)
        ended = [p["runId"] for p in client.sent("dind/run") if p["state"] == "finished"]
        self.assertEqual(len(ended), len(set(ended)))

    @alone
    def test_what_is_refused_as_busy_is_refused_in_50_ms(self):
        config = self.folder / "config.json"
        config.write_text(json.dumps({"concurrentRuns": 1, "queuedRuns": 1}))
        client = self.client(env={"DIND_CONFIG": str(config)})
        uri = self.file("endless.py", ENDLESS)
        ids = [client.run(uri) for _ in range(400)]  # more than can run and wait
        client.drain(2.0)
        waits = []
        for _ in range(20):
            begun = time.monotonic()
            answer = client.reply(client.run(uri), 5)
            if "error" in answer and answer["error"]["data"]["kind"] == "busy":
                waits.append(answer["_at"] - begun)
        self.assertEqual(len(waits), 20)
        print(f"\n  busy: {statistics.median(waits) * 1000:.1f} ms (median), {max(waits) * 1000:.1f} ms (most)")
        self.assertLess(statistics.median(waits), 0.05)
        client.stop()
        for id in ids:
            client.reply(id, 60)

    @alone
    def test_cancel_of_what_waits_in_the_queue(self):
        client = self.client()
        uri = self.file("endless.py", ENDLESS)
        ids = [client.run(uri, runId=f"r{n}") for n in range(40)]
        queued = client.notification("dind/run", 10, state="queued")
        id = ids[int(queued["runId"][1:])]
        begun = time.monotonic()
        client.notify("$/cancelRequest", {"id": id})
        self.assert_error(client.reply(id, 5), CANCELLED)
        self.assertLess(time.monotonic() - begun, 0.3)
        for each in ids:
            client.notify("$/cancelRequest", {"id": each})
        for each in ids:
            self.assertIn("error", client.reply(each, 30))
        client.drain(0.3)
        for each in ids:
            self.assertEqual(len(answers(client, each)), 1)
        self.assert_nothing_left(10)

    def test_cancels_of_everything_and_nothing(self):
        client = self.client()
        for id in (None, [], {}, True, 1.5, "x", -1, 1 << 63, "1" * 100000):
            client.notify("$/cancelRequest", {"id": id})
        client.notify("$/cancelRequest", None)
        client.notify("$/cancelRequest", [])
        client.write(frame({"jsonrpc": "2.0", "id": 77, "method": "$/cancelRequest", "params": {"id": 77}}))
        self.assertIn("error", client.reply(77, 5))
        for id in ("1", 1.0):  # an id of another type is another request
            running = client.run(self.file("a.py", "import time; time.sleep(0.3)"), id=1000 if id == "1" else 1001)
            client.notify("$/cancelRequest", {"id": str(running)})
            self.assertIn("result", client.reply(running))

    def test_answers_that_nobody_asked_for(self):
        client = self.client()
        for id in (1, "x", -1, 1 << 62):
            client.answer(id, {"a": 1})
            client.write(frame({"jsonrpc": "2.0", "id": id, "error": {"code": 1e300, "message": 5}}))
        self.assertEqual(client.reply(client.run(self.file("a.py", "print(1)")))["result"]["verdict"], "ok")

    def test_requests_after_shutdown_and_bytes_after_exit(self):
        client = self.client()
        running = client.run(self.file("a.py", ENDLESS))
        client.drain(0.5)
        client.ask("shutdown", id=500)
        late = [client.run(self.file("a.py", ENDLESS)) for _ in range(20)]
        client.reply(500, 15)
        for id in late:
            self.assert_error(client.reply(id, 5), INVALID_REQUEST)
        self.assertEqual(len(answers(client, running)), 1)
        exit_frame = frame({"jsonrpc": "2.0", "method": "exit"})
        client.write(exit_frame + frame({"jsonrpc": "2.0", "id": 501, "method": "initialize", "params": {"capabilities": {}}}) + b"\xff" * 10000)
        self.assertEqual(client.ended(10), 0)
        client.threads[-1].join(5)
        client.drain(0.1)
        self.assertEqual(answers(client, 501), [])
        self.assert_nothing_left(2)


class Output(ClientCase):
    def test_both_channels_arrive_whole_when_the_client_is_slow(self):
        # The window is used up while both pipes are full. The supervisor must not take this as the end of a pipe.
        client = self.client(initialize=False, read=False)
        client.write(frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {"experimental": {"dind": {"output": True, "clientCommands": True}}}}}))
        client.notify("initialized", {})
        client.next_id = 1
        program = ("import os, threading\ndef go(fd):\n  left = 1 << 22\n  while left: left -= os.write(fd, (b'x' if fd == 1 else b'y') * min(left, 30000))\n"
                   "threads = [threading.Thread(target=go, args=(n,)) for n in (1, 2)]\n[t.start() for t in threads]\n[t.join() for t in threads]\n")
        id = client.run(self.file("both.py", program), runId="r")
        time.sleep(1.5)
        reader = threading.Thread(target=client._read, daemon=True)
        client.threads.append(reader)
        reader.start()
        result = client.reply(id)["result"]
        self.assertEqual((result["verdict"], result["stdoutBytes"], result["stderrBytes"], result["droppedBytes"]), ("ok", 1 << 22, 1 << 22, 0))
        self.assertEqual((client.output("r").count("x"), client.output("r", "stderr").count("y")), (1 << 22, 1 << 22))
