"""The life of a connection: framing, initialize to exit, and clients that break off."""
import os
import signal
import subprocess
import sys
import time

from dindtest.client_case import ClientCase
from dindtest.jsonrpc import frame
from dindtest.program import LIMIT

REQUEST_CANCELLED, NOT_INITIALIZED, INVALID_REQUEST, UNKNOWN_METHOD, PARSE_ERROR = -32800, -32002, -32600, -32601, -32700


class Life(ClientCase):
    def test_initialize_says_what_the_server_can(self):
        client = self.client(initialize=False)
        result = client.initialize(own=False)
        capabilities = result["capabilities"]
        self.assertEqual(result["serverInfo"]["name"], "dind-executor")
        self.assertRegex(result["serverInfo"]["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(capabilities["positionEncoding"], "utf-16")
        self.assertEqual(capabilities["textDocumentSync"], {"openClose": True, "change": 2, "save": False})
        self.assertEqual(capabilities["codeLensProvider"], {"resolveProvider": False})
        self.assertEqual(capabilities["executeCommandProvider"]["commands"],
                         ["dind.runFile", "dind.runWorkspace", "dind.workspacePrograms", "dind.chooseProgram", "dind.stop"])
        self.assertEqual(capabilities["experimental"], {"dind": {"protocol": 1}})

    def test_a_client_with_its_own_commands_gets_no_command(self):
        client = self.client(initialize=False)
        self.assertEqual(client.initialize(own=True)["capabilities"]["executeCommandProvider"]["commands"], [])

    def test_utf8_positions_where_the_client_offers_them(self):
        client = self.client(initialize=False)
        result = client.initialize(capabilities={"general": {"positionEncodings": ["utf-8", "utf-16"]}})
        self.assertEqual(result["capabilities"]["positionEncoding"], "utf-8")

    def test_before_initialize_requests_are_refused_and_notifications_dropped(self):
        client = self.client(initialize=False)
        self.assert_error(client.call("textDocument/codeLens", {}), NOT_INITIALIZED)
        self.assert_error(client.call("shutdown"), NOT_INITIALIZED)
        client.open("file:///a.py", "print(1)")
        client.initialize()
        self.assert_error(client.reply(client.run("file:///a.py")), -32803, "not_found")

    def test_a_second_initialize_is_refused(self):
        self.assert_error(self.client().call("initialize", {"capabilities": {}}), INVALID_REQUEST)

    def test_shutdown_then_exit_is_0(self):
        client = self.client()
        self.assertIsNone(client.call("shutdown")["result"])
        self.assert_error(client.call("textDocument/codeLens", {}), INVALID_REQUEST)
        client.notify("exit")
        self.assertEqual(client.ended(), 0)

    def test_exit_without_shutdown_is_1(self):
        client = self.client(initialize=False)
        client.notify("exit")
        self.assertEqual(client.ended(), 1)

    def test_the_end_of_stdin_is_1_and_after_shutdown_0(self):
        client = self.client()
        client.child.stdin.close()
        self.assertEqual(client.ended(), 1)
        client = self.client()
        client.call("shutdown")
        client.child.stdin.close()
        self.assertEqual(client.ended(), 0)

    def test_unknown_methods(self):
        client = self.client()
        self.assert_error(client.call("textDocument/hover", {}), UNKNOWN_METHOD)
        client.notify("telemetry/none", {})
        client.notify("$/cancelRequest", {"id": 4711})
        self.assert_error(client.call("workspace/executeCommand", {"command": "rm"}), -32602)

    def test_stdout_carries_frames_only(self):
        client = self.client("--log-level", "debug")
        client.reply(client.run(self.file("a.py", "print(1)")))
        client.call("shutdown")
        client.notify("exit")
        self.assertEqual(client.ended(), 0)  # the reader fails on anything but frames


class Framing(ClientCase):
    def test_every_split_point(self):
        data = frame({"jsonrpc": "2.0", "id": "ü", "method": "initialize", "params": {"capabilities": {}}})
        client = self.client(initialize=False)
        for byte in data:
            client.write(bytes([byte]))
        self.assertIn("result", client.reply("ü"))

    def test_many_messages_in_one_write_and_other_headers(self):
        client = self.client()
        many = b"".join(frame({"jsonrpc": "2.0", "id": 1000 + n, "method": "nothing"}) for n in range(500))
        client.write(b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n" + many)
        for n in range(500):
            self.assert_error(client.reply(1000 + n), UNKNOWN_METHOD)

    def test_what_is_not_json_is_answered_and_the_stream_goes_on(self):
        client = self.client()
        client.write(frame(b"{nonsense"))
        self.assert_error(client.wait(lambda m: m.get("id", 0) is None), PARSE_ERROR)
        self.assertEqual(client.call("textDocument/codeLens", {"textDocument": {"uri": "file:///a.py"}})["result"][0]["command"]["title"], "Run in sandbox")

    def test_invalid_messages(self):
        for body in (b"[]", b"17", b'"x"', b"null", b"[" * 100000, b'{"a":' * 100000, b'{"jsonrpc":"2.0","id":{},"method":"x"}',
                     b'{"jsonrpc":"2.0","method":7}', b'{"jsonrpc":"1.0","id":1,"method":"x"}', b"{}", b'{"jsonrpc":"2.0","id":null,"method":"x"}',
                     b'{"jsonrpc":"2.0","id":3,"method":"x","params":4}', b"\xff\xfe", b""):
            with self.subTest(body[:40]):
                client = self.client()
                client.write(frame(body))
                answer = client.wait(lambda m: "error" in m)
                self.assertIn(answer["error"]["code"], (PARSE_ERROR, INVALID_REQUEST))
                self.assert_error(client.call("nothing"), UNKNOWN_METHOD)
                client.close()

    def test_frames_that_break_the_stream_end_the_connection_with_1(self):
        for head in (b"Content-Length: -1\r\n\r\n", b"Content-Length: 99999999999999999999\r\n\r\n", b"Content-Length: x\r\n\r\n", b"Content-Length: \r\n\r\n",
                     b"X: 1\r\n\r\n", b"no colon\r\n\r\n", b"Content-Length: 70000000\r\n\r\n", b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
                     b"X: " + b"a" * 5000 + b"\r\n\r\n", b"\r\n\r\n", b"Content-Length: 0x2\r\n\r\n{}"):
            with self.subTest(head[:40]):
                client = self.client()
                client.write(head)
                self.assertEqual(client.ended(), 1)
                self.assertIn(b"connection is closed", client.errors)

    def test_an_id_that_is_open_is_refused_and_the_first_goes_on(self):
        client = self.client()
        uri = self.file("a.py", "import time; time.sleep(1); print('first')")
        client.run(uri, id=77, runId="one")
        client.run(uri, id=77, runId="two")
        self.assert_error(client.reply(77), INVALID_REQUEST)
        answer = client.wait(lambda m: m.get("id") == 77 and "result" in m)
        self.assertEqual(answer["result"]["runId"], "one")


class Clients(ClientCase):
    ENDLESS = "import time\nprint('up', flush=True)\ntime.sleep(1000)\n"

    def running(self, client, run_id="r"):
        client.run(self.file("endless.py", self.ENDLESS), runId=run_id)
        client.notification("dind/output", runId=run_id)

    def test_stdin_eof_with_a_run_in_flight(self):
        client = self.client()
        self.running(client)
        client.child.stdin.close()
        self.assertEqual(client.ended(15), 1)
        self.assert_nothing_left(1)

    def test_sigkill_of_the_server_ends_the_run(self):
        client = self.client()
        self.running(client)
        client.child.send_signal(signal.SIGKILL)
        client.child.wait(LIMIT)
        self.assert_nothing_left(2)

    def test_shutdown_ends_runs_and_answers_each_request(self):
        client = self.client()
        self.running(client)
        answer = client.call("shutdown", within=15)
        self.assertIsNone(answer["result"])
        self.assert_nothing_left(1)
        self.assertEqual(client.reply(1 + 1)["result"]["verdict"], "cancelled")

    def test_the_clients_process_is_watched(self):
        # A process that starts the server and dies while another one keeps the pipes open: only its PID shows it.
        other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            client = self.client(initialize=False)
            client.call("initialize", {"processId": other.pid, "capabilities": {"experimental": {"dind": {"output": True}}}})
            self.running(client)
            begun = time.monotonic()
            other.kill()
            other.wait()
            self.assertEqual(client.ended(15), 1)
            self.assertLess(time.monotonic() - begun, 5)
        finally:
            other.stdin.close()
            other.kill()
            other.wait()

    def test_the_command_lines_client_process_id(self):
        child = subprocess.run([os.environ["DIND_EXECUTOR"], "lsp", "--clientProcessId", "none"], capture_output=True, check=False)
        self.assertEqual(child.returncode, 125)
        self.assertEqual(child.stderr.count(b"\n"), 1)

    def test_a_client_process_id_that_is_gone_ends_the_server(self):
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        client = self.client("lsp", "--clientProcessId", str(gone.pid), initialize=False, command=())
        self.assertEqual(client.ended(5), 1)

    def test_a_client_that_never_reads_holds_neither_timeout_nor_removal(self):
        client = self.client(initialize=False, read=False)
        client.write(frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {"experimental": {"dind": {"output": True}}}}}))
        uri = self.file("flood.py", "while True: print('x' * 100)")
        client.run(uri, timeout=2)
        self.wait_for_container(warm=False)
        self.until(lambda: not self.new_containers(warm=False), 5)
        self.assertLess(self.resident(client), 400_000)  # with ASan's shadow; the window is 1 MiB
        client.child.stdout.close()
        self.assertEqual(client.ended(15), 1)

    @staticmethod
    def resident(client):
        """KiB."""
        with open(f"/proc/{client.child.pid}/status") as file:
            return int(next(line for line in file if line.startswith("VmRSS")).split()[1])

    def test_a_client_that_never_reads_can_stop_its_floods(self):
        client = self.client(initialize=False, read=False)
        client.write(frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {"experimental": {"dind": {"output": True}}}}}))
        uri = self.file("flood.py", "import os\nwhile True: os.write(1, b'\\x01' * 65536)")  # six bytes of JSON each
        for number in range(3):
            client.run(uri, timeout=50, runId=f"flood-{number}")
        # Each has filled its window of 1 MiB when 18 MiB wait for the client.
        until = time.monotonic() + LIMIT
        while not self.new_containers(warm=False) and time.monotonic() < until:
            time.sleep(0.02)
        base = self.resident(client)
        while self.resident(client) < base + (15 << 10) and time.monotonic() < until:
            time.sleep(0.02)
        self.assertEqual(len(self.new_containers(warm=False)), 3)
        for number in range(3):  # one after the other, since a server that is about to read takes one request in any case
            client.ask("workspace/executeCommand", {"command": "dind.stop", "arguments": [{"runId": f"flood-{number}"}]})
            stopped = time.monotonic() + 5
            while len(self.new_containers(warm=False)) > 2 - number and time.monotonic() < stopped:
                time.sleep(0.02)
            self.assertEqual(len(self.new_containers(warm=False)), 2 - number)
        client.child.stdout.close()
        self.assertEqual(client.ended(15), 1)

    def test_requests_without_end_to_a_server_that_is_not_read(self):
        client = self.client(initialize=False, read=False)
        client.write(frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}))
        os.set_blocking(client.child.stdin.fileno(), False)
        one = frame({"jsonrpc": "2.0", "id": 1, "method": "x" * 1000}) * 1000
        sent = 0
        stalled = time.monotonic()
        while time.monotonic() - stalled < 1.0 and sent < 1 << 30:
            try:
                sent += os.write(client.child.stdin.fileno(), one[sent % len(one):])
                stalled = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        self.assertLess(sent, 32 << 20)  # back-pressure, not memory
        client.child.stdout.close()
        self.assertEqual(client.ended(15), 1)

