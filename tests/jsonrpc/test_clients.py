"""Clients that come and go: stdin and stdout, and many on a unix socket."""
import os
import signal
import socket
import stat
import subprocess
import sys
import time

from jsonrpc_case import ENDLESS, NOT_RUN, JsonRpcCase

from dindtest import engine
from dindtest.alone import alone
from dindtest.jsonrpc import frame
from dindtest.program import LIMIT, program


class Stdio(JsonRpcCase):
    def test_the_end_of_stdin_ends_it_with_0_and_cancels_the_runs(self):
        client = self.stdio()
        self.endless(client)
        begun = time.monotonic()
        client.child.stdin.close()
        self.assertEqual(client.ended(10), 0)
        self.assertLess(time.monotonic() - begun, 5)
        self.assert_nothing_left(0.5)

    def test_sigterm_ends_it_with_0_and_the_run_is_answered(self):
        client = self.stdio()
        asked = self.endless(client)
        client.child.send_signal(signal.SIGTERM)
        result = client.reply(asked, 5)["result"]
        self.assertEqual((result["verdict"], result["cancelReason"]), ("cancelled", "shutdown"))
        self.assertEqual(client.ended(10), 0)
        self.assert_nothing_left(0.5)

    def test_frames_that_break_the_stream_end_it_with_1(self):
        client = self.stdio()
        client.write(b"Content-Length: x\r\n\r\n")
        self.assertEqual(client.ended(), 1)
        self.assertIn(b"connection is closed", client.errors)

    def test_a_client_that_never_reads_slows_its_program_and_nothing_else(self):
        client = self.stdio(read=False)
        client.write(frame({"jsonrpc": "2.0", "id": 1, "method": "runPythonCode",
                            "params": {"code": "while True: print('x' * 100)", "stream": True, "keepOutputBytes": 0, "timeout": 3}}))
        self.wait_for_container(warm=False)
        self.until(lambda: not self.new_containers(warm=False), 8)
        rss = int(next(line for line in open(f"/proc/{client.child.pid}/status") if line.startswith("VmRSS")).split()[1])
        self.assertLess(rss, 400_000)  # with ASan's shadow; the window is 1 MiB
        client.child.stdout.close()
        self.assertEqual(client.ended(15), 0)


class Socket(JsonRpcCase):
    def test_each_of_many_clients_gets_only_messages_of_its_own_runs(self):
        server = self.serve_socket()
        clients = [self.connect(server) for _ in range(6)]
        asked = [client.ask("runPythonCode", {"code": f"print({n})", "stream": True, "runId": f"c{n}"}) for n, client in enumerate(clients)]
        for n, client in enumerate(clients):
            self.assertEqual(client.reply(asked[n])["result"]["stdout"], f"{n}\n")
            self.assertEqual({each["runId"] for each in client.sent("run/output")}, {f"c{n}"})

    def test_a_client_can_not_cancel_another_ones_run(self):
        server = self.serve_socket()
        one, other = self.connect(server), self.connect(server)
        asked = self.endless(one)
        self.assertEqual(self.result(other, "run/cancel", runId="r"), {"cancelled": 0})
        self.assertEqual(self.result(other, "run/cancel"), {"cancelled": 0})
        self.assert_error(other.call("runPythonCode", {"code": "1", "runId": "r"}), NOT_RUN, "invalid_request", "under way")
        self.assertEqual(self.result(one, "run/cancel"), {"cancelled": 1})
        self.assertEqual(one.reply(asked)["result"]["verdict"], "cancelled")

    @alone
    def test_a_disconnect_cancels_its_runs_and_no_others(self):
        server = self.serve_socket()
        one, other = self.connect(server), self.connect(server)
        self.endless(one, "gone")
        kept = self.endless(other, "kept")
        containers = engine.containers(warm=False)
        one.close()
        self.assertLess(self.until(lambda: len(engine.containers(warm=False) & containers) <= 1, 3), 1)
        self.assertEqual(self.result(other, "run/cancel"), {"cancelled": 1})
        self.assertEqual(other.reply(kept)["result"]["verdict"], "cancelled")

    def test_a_client_that_is_killed(self):
        server = self.serve_socket()
        script = ("import socket, sys, time\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.sendall(sys.argv[2].encode())\n"
                  "print(s.recv(100), flush=True)\ntime.sleep(1000)")
        run = frame({"jsonrpc": "2.0", "id": 1, "method": "runPythonCode", "params": {"code": ENDLESS, "stream": True}})
        child = subprocess.Popen([sys.executable, "-c", script, server.socket, run.decode()], stdout=subprocess.PIPE)
        self.addCleanup(child.stdout.close)
        child.stdout.readline()
        self.wait_for_container(warm=False)
        child.kill()
        child.wait()
        self.until(lambda: not self.new_containers(warm=False), 3)

    def test_only_the_user_can_open_the_socket_unless_configured_otherwise(self):
        for arguments, mode in (((), 0o600), (("--socket-mode", "0660"), 0o660)):
            with self.subTest(mode=oct(mode)):
                server = self.serve_socket(*arguments)
                self.assertEqual(stat.S_IMODE(os.stat(server.socket).st_mode), mode)
                self.assertEqual(server.stop()[0], 0)
                self.assertFalse(os.path.lexists(server.socket))

    def refused(self, *arguments, env=None):
        base = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")}
        done = subprocess.run([program(), "serve", *arguments], capture_output=True, timeout=LIMIT, check=False, cwd=self.folder,
                              env=base | {"HOME": str(self.folder)} | (env or {}))
        self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (125, b"", 1), done)
        return done.stderr.decode()

    def test_what_is_at_the_path_already(self):
        path = str(self.folder / "s")
        first = self.serve_socket()
        self.assertIn("is served by another process", self.refused("--socket", path))
        self.assertTrue(self.result(self.connect(first), "server/info"))  # the first server is still there
        first.child.kill()
        first.child.wait()
        self.assertTrue(os.path.exists(path))  # stale
        second = self.serve_socket()
        self.assertTrue(self.result(self.connect(second), "server/info"))
        self.assertEqual(second.stop()[0], 0)
        with open(path, "w") as file:
            file.write("mine")
        self.assertIn("a file of another kind is there", self.refused("--socket", path))
        self.assertEqual(open(path).read(), "mine")

    def test_invalid_paths(self):
        self.assertIn("a folder that exists", self.refused("--socket", str(self.folder / "no/s")))
        self.assertIn("107", self.refused("--socket", "x" * 200))
        self.assertIn("is empty", self.refused("--socket", ""))
        self.assertIn("name --listen", self.refused())
        self.assertIn("mode", self.refused("--socket", "s", "--socket-mode", "rw"))

    def test_one_that_was_replaced_is_not_removed(self):
        server = self.serve_socket()
        os.unlink(server.socket)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(server.socket)
            self.assertEqual(server.stop()[0], 0)
            self.assertTrue(os.path.exists(server.socket))

    def test_two_signals_cancel_answer_and_remove(self):  # K05, I16
        server = self.serve_socket()
        client = self.connect(server)
        asked = self.endless(client)
        code, seconds = server.stop_now()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 10)
        self.assertEqual(self.new_containers(warm=False), set())
        data = client.reply(asked)["error"]["data"]
        self.assertEqual((data["kind"], data["httpStatus"], data["runId"], data["began"], data["stdout"]), ("shutting_down", 503, "r", True, "up\n"))
        self.assertGreater(data["retryAfter"], 0)
        self.assertFalse(os.path.exists(server.socket))

    def test_one_signal_lets_what_runs_end_and_takes_nothing_new(self):  # K05
        server = self.serve_socket()
        client, idle = self.connect(server), self.connect(server)
        asked = client.ask("runPythonCode", {"code": "import time\nprint('up', flush=True)\ntime.sleep(3)\nprint('done')", "runId": "r", "stream": True})
        client.notification("run/output", runId="r")
        server.child.send_signal(signal.SIGTERM)
        until = time.monotonic() + LIMIT
        while "result" in (answer := idle.call("runPythonCode", {"code": "1"})):
            self.assertLess(time.monotonic(), until)
        self.assert_error(answer, NOT_RUN, "shutting_down", "to another server")
        result = client.reply(asked)["result"]
        self.assertEqual((result["verdict"], result["stdout"]), ("ok", "up\ndone\n"))
        self.assertEqual(server.child.wait(LIMIT), 0)

    def test_broken_frames_end_only_that_client(self):
        server = self.serve_socket()
        one, other = self.connect(server), self.connect(server)
        one.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with self.assertRaisesRegex(AssertionError, "closed"):
            one.wait(lambda _: False, 10)
        self.assertTrue(self.result(other, "server/info"))

    def test_a_hundred_clients_that_come_and_go_leave_nothing_open(self):
        server = self.serve_socket()
        self.assertTrue(self.result(self.connect(server), "server/info"))
        def count():
            return len(os.listdir(f"/proc/{server.child.pid}/fd")), len(os.listdir(f"/proc/{server.child.pid}/task"))
        before = count()
        for _ in range(100):
            client = self.connect(server)
            self.result(client, "server/info")
            client.close()
        # The server may have called the engine meanwhile, which takes a connection or two.
        most = sum(before) + 10
        until = time.monotonic() + 5
        while sum(count()) > most and time.monotonic() < until:
            time.sleep(0.02)
        self.assertLessEqual(sum(count()), most)

    def test_one_client_that_never_reads_does_not_hold_another(self):
        server = self.serve_socket()
        deaf = self.connect(server, read=False)
        deaf.write(frame({"jsonrpc": "2.0", "id": 1, "method": "runPythonCode", "params": {"code": "while True: print('x' * 1000)", "stream": True, "timeout": 20}}))
        self.wait_for_container(warm=False)
        other = self.connect(server)
        begun = time.monotonic()
        self.assertEqual(self.result(other, "runPythonCode", code="print(1)")["stdout"], "1\n")
        self.assertLess(time.monotonic() - begun, 10)
        self.assertLess(server.resident_kilobytes(), 400_000)
        deaf.close()
        self.assert_nothing_left(warm=False)
