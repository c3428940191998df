"""How much one client of the JSON-RPC service can use of it, and what happens to frames that never end."""
import json
import os
import subprocess
import time

from jsonrpc_case import INVALID_PARAMS, NOT_RUN, JsonRpcCase

from dindtest.jsonrpc import connected, frame
from dindtest.program import LIMIT, SMALL_QUARANTINE, program

SERVED = 20  # seconds in which a server answers that is not blocked, on a busy machine


class Frames(JsonRpcCase):
    def ended(self, data, command="rpc"):
        done = subprocess.run([program(), command], input=data, capture_output=True, timeout=LIMIT, check=False,
                              env={"HOME": str(self.folder), "PATH": os.environ["PATH"], "DOCKER_HOST": os.environ.get("DOCKER_HOST", "")})
        return done.returncode, done.stdout, done.stderr.decode()

    def test_what_is_no_frame_ends_with_one_line_and_one(self):  # I12
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server/info"}).encode()
        for command in ("rpc", "lsp"):
            for data, said in ((body + b"\n", "where a frame begins"), (b"Content-Length: %d\n\n" % len(body) + body, "LF alone"), (b"Content-Length: 500\r\n\r\n" + body, "of the 500 bytes"),
                               (b"Content-Length: 5", "within a header"), (b"[]", "where a frame begins"), (b"\x16\x03\x01", "where a frame begins"), (b"Content-Length: x\r\n\r\n", "Content-Length")):
                with self.subTest(command=command, data=data[:30]):
                    code, out, errors = self.ended(data, command)
                    self.assertEqual((code, out), (1, b""))
                    self.assertEqual(errors.count("\n"), 1, errors)
                    self.assertIn(said, errors)

    def test_the_error_comes_at_once_while_the_client_waits(self):  # I12
        for data in (b'{"jsonrpc": "2.0"}\n', b"Content-Length: 4\n\n{}{}"):
            child = subprocess.Popen([program(), "rpc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"HOME": str(self.folder)})
            child.stdin.write(data)
            child.stdin.flush()
            self.assertEqual(child.wait(LIMIT), 1)
            child.communicate()

    def test_an_end_between_frames_is_not_an_error(self):  # I12
        ask = frame({"jsonrpc": "2.0", "id": 1, "method": "server/info"})
        for data in (b"", ask, ask + b"\n"):
            code, out, errors = self.ended(data)
            self.assertEqual((code, errors), (0, ""), data)
            self.assertEqual(out.count(b'"dind-executor"'), 1 if data else 0)


class Requests(JsonRpcCase):
    def test_messages_that_take_long_to_read_elsewhere(self):  # S03
        client = self.stdio()
        begun = time.monotonic()
        for params, said in (('{"code":"1","args":[' + "{}," * 350_000 + "{}]}", "200,000 values"), ('{"code":"1","args":' + "[" * 300_000 + "]" * 300_000 + "}", "nested more than 256"),
                             ('{"code":"1","code":"2"}', 'duplicate key "code"'), ('{"a":{"timeout":1,"timeout":2}}', 'duplicate key "timeout"')):
            client.next_id += 1
            client.write(frame(('{"jsonrpc":"2.0","method":"run","params":%s,"id":%d}' % (params, client.next_id)).encode()))
            answer = client.reply(client.next_id, SERVED)  # with its id, so that the client does not wait
            self.assertEqual(answer["error"]["code"], -32600)
            self.assertIn(said, answer["error"]["message"])
        self.assertLess(time.monotonic() - begun, 2 * SERVED)
        client.write(frame(b'[{"jsonrpc":"2.0","id":1,"method":"server/info"}]'))
        answer = client.wait(lambda m: "error" in m and m.get("id") is None, SERVED)
        self.assertNotIn("LSP", answer["error"]["message"])  # I27
        self.assertIn("one message in each frame", answer["error"]["message"])

    def test_a_number_that_is_too_large_is_answered_under_the_id_of_its_request(self):  # I13
        client = self.stdio()
        large = b"1" + b"0" * 400
        for body in (b'{"jsonrpc":"2.0","id":71,"method":"runPythonCode","params":{"code":"1","limits":{"timeout":%s}}}' % large,
                     b'{"params":{"code":"1","timeout":%s},"method":"runPythonCode","id":71,"jsonrpc":"2.0"}' % large):
            del client.messages[:]
            client.write(frame(body))
            answer = client.wait(lambda m: "error" in m, SERVED)
            self.assertEqual((answer["id"], answer["error"]["code"]), (71, -32600))
            self.assertIn("a number that is too large", answer["error"]["message"])

    def test_methods_without_params_accept_no_params(self):  # I26
        client = self.stdio()
        for method in ("server/info", "engine/status"):
            for params in ({"x": 1}, {"limit": 1}, [1]):
                answer = client.call(method, params)
                self.assertEqual(answer["error"]["code"], INVALID_PARAMS, answer)
            self.assertEqual(client.call(method, {"x": 1})["error"]["message"], 'unknown field "x"; no fields are supported here')
            for params in ({}, []):
                self.assertIn("result", client.call(method, params))

    def test_answers_that_nobody_reads(self):  # S11
        server = self.serve_socket(env=SMALL_QUARANTINE)
        first = self.connect(server)
        for n in range(30):
            self.result(first, "runPythonCode", code=f"print({n})")
        before = server.resident_kilobytes()
        greedy = connected(server.socket)
        self.addCleanup(greedy.close)
        greedy.settimeout(1)
        sent = 0
        try:
            for method in ("history/list", "engine/status", "history/get"):
                params = {"limit": 1000} if method == "history/list" else {"id": "none"} if method == "history/get" else {}
                sent += greedy.send(frame({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
            for n in range(2, 100_000):
                method = ("history/list", "engine/status")[n % 2]
                greedy.sendall(frame({"jsonrpc": "2.0", "id": n, "method": method, "params": {"limit": 1000} if n % 2 == 0 else {}}))
        except TimeoutError:
            pass  # the server reads no more
        begun = time.monotonic()
        self.assertTrue(self.result(first, "server/info")["enabled"])
        self.assertEqual(self.result(first, "runPythonCode", code="print(1)")["stdout"], "1\n")
        self.assertLess(time.monotonic() - begun, 2 * SERVED)
        self.assertLess(server.resident_kilobytes() - before, 150_000)
        self.assertLess(len(os.listdir(f"/proc/{server.child.pid}/fd")), 200)

    def test_bodies_that_arrive_share_a_budget(self):  # S11
        server = self.serve_socket(env=SMALL_QUARANTINE)
        working = self.connect(server)
        self.assertTrue(self.result(working, "server/info")["enabled"])
        before = server.resident_kilobytes()
        holders = []
        for _ in range(4):  # all but the last byte of the largest message each
            holder = connected(server.socket)
            self.addCleanup(holder.close)
            holder.sendall(b"Content-Length: %d\r\n\r\n" % (64 << 20) + b"x" * ((64 << 20) - 1))
            holders.append(holder)
        until = time.monotonic() + LIMIT
        while server.resident_kilobytes() < before + 255_000:  # what it has read of them
            self.assertLess(time.monotonic(), until)
        params = {"x": "y" * (8 << 20)}
        self.assert_error(working.call("server/info", params), NOT_RUN, "busy", "other requests use all 256 MiB")
        data = working.call("server/info", params)["error"]["data"]
        self.assertEqual((data["httpStatus"], data["retryAfter"] > 0), (503, True))
        self.assertTrue(self.result(working, "server/info")["enabled"])  # small requests are answered, and the connection goes on
        for holder in holders:
            holder.close()
        until = time.monotonic() + LIMIT
        while (answer := working.call("server/info", params))["error"]["code"] == NOT_RUN:  # until the server has noticed that
            self.assertLess(time.monotonic(), until)
        self.assertEqual(answer["error"]["code"], INVALID_PARAMS)

    def test_each_of_many_questions_is_answered(self):  # S11
        client = self.stdio()
        ids = [client.ask(("engine/status", "history/list", "server/info")[n % 3], {}) for n in range(1500)]
        for each in ids:
            self.assertIn("result", client.reply(each, LIMIT))

    def test_runs_of_one_client_have_a_bound_and_can_be_cancelled(self):  # S11
        client = self.stdio(env={"DIND_CONFIG": self.file_of({"concurrentRuns": 1, "queuedRuns": 1000, "queuedRunsPerClient": 1000})})
        asked = [client.ask("runPythonCode", {"code": "import time; time.sleep(1000)"}) for _ in range(300)]
        refused = client.reply(asked[-1], LIMIT)
        self.assert_error(refused, NOT_RUN, "busy", "256 runs")
        self.assertEqual(self.result(client, "run/cancel")["cancelled"], 256)
        data = client.reply(asked[255], LIMIT)["error"]["data"]  # it waited
        self.assertEqual((data["kind"], data["httpStatus"], data["began"]), ("cancelled", 409, False))
        for each in asked:
            client.reply(each, LIMIT)

    def file_of(self, config):
        path = self.folder / "config.json"
        path.write_text(json.dumps(config))
        return str(path)

    def test_silent_clients_of_the_socket_block_no_other_client(self):  # S17
        server = self.serve_socket()
        working = self.connect(server)
        self.endless(working, "busy")
        quiet = self.connect(server)
        self.result(quiet, "server/info")
        for _ in range(400):
            self.addCleanup(connected(server.socket).close)
        begun = time.monotonic()
        for _ in range(3):
            self.assertTrue(self.result(self.connect(server), "server/info")["enabled"])
        self.assertLess(time.monotonic() - begun, 4 * SERVED)
        self.assertTrue(self.result(quiet, "server/info")["enabled"])  # silent connections are closed first
        self.assertEqual(self.result(working, "run/cancel")["cancelled"], 1)
