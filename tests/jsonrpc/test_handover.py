"""`dind-executor run` with a server of the same user and the same settings: the server does the run, and the terminal shows the same as without it."""
import json
import os
import signal
import subprocess
import sys
import time

from jsonrpc_case import JsonRpcCase

from dindtest import engine, wait
from dindtest.program import LIMIT, program
from dindtest.server import Server

SHELL = "dind-executor/runtime-shell:bookworm"


class Handover(JsonRpcCase):
    def setUp(self):
        super().setUp()
        self.runtime = self.folder / "runtime"
        self.runtime.mkdir(mode=0o700)
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")} | {
            "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.runtime)}

    def sockets(self):
        """The sockets that take runs. The control socket of a server is in the same folder and is not one of them."""
        return sorted(each for each in (self.runtime / "dind-executor").glob("*.sock") if not each.name.startswith("control-"))

    def editor(self, **env):
        """An `lsp` server that takes runs of a terminal."""
        client = self.client(env={"XDG_RUNTIME_DIR": str(self.runtime)} | env)
        self.until(self.sockets, LIMIT)
        return client

    def terminal(self, *arguments, env=None, **more):
        before = engine.containers()   # some of them may be removed soon
        child = subprocess.Popen([program(), "run", *arguments], stdin=more.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=self.environment | (env or {}), cwd=self.folder, **more)
        self.addCleanup(self.end, child)
        child.before = before
        return child

    def end(self, child):
        if child.poll() is None:
            child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream:
                stream.close()

    def call(self, *arguments, **more):
        child = self.terminal(*arguments, **more)
        out, err = child.communicate(timeout=LIMIT)
        return child.returncode, out, err.decode()

    def owner_of(self, child):
        """The PID of the process that does the run, from the label of its container."""
        def find():
            for each in engine.containers(warm=False) - child.before:
                try:
                    return int(engine.call("GET", f"/containers/{each}/json")["Config"]["Labels"][engine.OWNER].split(".")[-2])
                except engine.EngineError:  # it was removed in between
                    pass
            return None
        return wait.until(find, LIMIT)

    def test_the_server_runs_it_and_the_terminal_sees_what_it_always_sees(self):
        path = self.folder / "a.py"
        path.write_text("import os, sys\nos.write(1, bytes(range(256)))\nprint('err', file=sys.stderr)\nsys.exit(7)\n")
        alone = self.call("--quiet", str(path))
        server = self.editor()
        child = self.terminal("--quiet", "--image", SHELL, "--", "sh", "-c", "echo here; sleep 1")
        self.assertEqual(self.owner_of(child), server.child.pid)
        self.assertEqual(child.communicate(timeout=LIMIT)[0], b"here\n")
        self.assertEqual(self.call("--quiet", str(path)), alone)
        self.assertEqual(alone, (7, bytes(range(256)), "err\n"))
        code, out, err = self.call("--json", str(path))
        events = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((code, events[-1]["result"]["exitCode"], err), (7, 7, ""))
        self.assertEqual([each["event"] for each in events if each["event"] != "output"][-2:], ["started", "finished"])
        listed = subprocess.run([program(), "history", "list", "--json"], env=self.environment, capture_output=True, check=True, timeout=LIMIT)
        self.assertIn(b'"cli"', listed.stdout)

    def test_a_second_run_finds_a_sandbox_that_waits(self):
        self.editor()
        path = self.folder / "a.py"
        path.write_text("print(1)")
        self.assertEqual(self.call("--quiet", str(path))[:2], (0, b"1\n"))
        self.until(lambda: len(self.new_containers()) == 1 and not self.new_containers(warm=False), LIMIT)
        code, out, _ = self.call("--json", str(path))
        self.assertEqual(code, 0)
        self.assertIn("Taking a warm sandbox", out.decode())

    def test_input_of_a_terminal_is_read_no_faster_than_the_program_takes_it(self):
        self.editor()
        path = self.folder / "a.py"
        path.write_text("import sys\nprint(sum(len(line) for line in sys.stdin))")
        child = self.terminal("--quiet", str(path), stdin=subprocess.PIPE)
        out, _ = child.communicate(b"x" * 99_999 + b"\n" + b"y" * 3_000_000, timeout=LIMIT)
        self.assertEqual(out, b"3100000\n")

    def test_a_flood_arrives_complete_and_an_unread_one_delays_no_other(self):
        self.editor()
        path = self.folder / "a.py"
        path.write_text("import os\nfor _ in range(300): os.write(1, b'x' * 100_000)")
        deaf = self.terminal("--quiet", "--timeout", "20", "--image", SHELL, "--", "yes")
        code, out, err = self.call("--quiet", str(path))
        self.assertEqual((code, len(out), err), (0, 30_000_000, ""))
        deaf.stdout.close()
        self.assertEqual(deaf.wait(LIMIT), 141)

    def test_ctrl_c_a_second_one_and_the_clients_end(self):
        self.editor()
        for how, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)):
            with self.subTest(how):
                child = self.terminal("--quiet", "--image", SHELL, "--", "sh", "-c", "echo up; sleep 100")
                self.assertEqual(child.stdout.readline(), b"up\n")
                begun = time.monotonic()
                child.send_signal(how)
                self.assertEqual(child.wait(LIMIT), expected)
                while self.new_containers(warm=False):
                    self.assertLess(time.monotonic() - begun, 3)
                    time.sleep(0.01)

    def test_the_sudden_end_of_a_server_is_reported(self):
        server = self.editor()
        child = self.terminal("--image", SHELL, "--", "sh", "-c", "echo up; sleep 100")
        self.assertEqual(child.stdout.readline(), b"up\n")
        server.child.kill()
        server.child.wait()
        _, err = child.communicate(timeout=LIMIT)
        self.assertIn("--no-handover", err.decode())
        self.assertEqual(child.returncode, 125)

    def leave(self, server, how):
        """An editor ends: in each possible way."""
        if how == "shutdown":
            server.call("shutdown")
            server.notify("exit")
        elif how == "end of input":
            server.child.stdin.close()
        else:
            server.child.send_signal(how)

    def test_what_has_begun_goes_on_when_its_editor_ends(self):  # R10
        for how in ("end of input", "shutdown", signal.SIGTERM, signal.SIGHUP):
            with self.subTest(how):
                server = self.editor()
                child = self.terminal("--stdin", "-", "--image", SHELL, "--", "sh", "-c", "echo up; read line; echo $line; exit 7", stdin=subprocess.PIPE)
                self.assertEqual(child.stdout.readline(), b"up\n")
                begun = time.monotonic()
                self.leave(server, how)
                server.threads[1].join(LIMIT)  # its stdin has ended, although the process goes on
                self.assertLess(time.monotonic() - begun, 5)
                listed = subprocess.run([program(), "ps", "--json"], env=self.environment, capture_output=True, check=True, timeout=LIMIT)
                self.assertEqual(len(json.loads(listed.stdout)["runs"]), 1)
                later = self.terminal("--quiet", "--image", SHELL, "--", "sh", "-c", "sleep 1")   # the server takes no more runs
                self.assertEqual(self.owner_of(later), later.pid)
                self.assertEqual(later.wait(LIMIT), 0)
                out, err = child.communicate(b"to its end\n", timeout=LIMIT)
                self.assertEqual((child.returncode, out), (7, b"to its end\n"), err)
                server.child.wait(LIMIT)
                self.assertEqual(self.new_containers(), set())

    def test_the_time_of_a_stop_ends_no_run_of_a_terminal(self):  # R10
        config = self.folder / "short.json"
        config.write_text(json.dumps({"serve": {"drainTimeout": "1s"}}))
        env = {"DIND_CONFIG": str(config)}
        server = Server(self.folder, "--socket", str(self.folder / "s"), env=env | {"XDG_RUNTIME_DIR": str(self.runtime)})
        self.addCleanup(server.close)
        child = self.terminal("--stdin", "-", "--image", SHELL, "--", "sh", "-c", "echo up; read line; echo $line; exit 7", stdin=subprocess.PIPE, env=env)
        self.assertEqual(child.stdout.readline(), b"up\n")
        client = self.connect(server)
        asked = self.endless(client)
        server.child.send_signal(signal.SIGTERM)
        self.assertEqual(client.reply(asked)["error"]["data"]["kind"], "shutting_down")  # the clients of the server have that time too
        client.threads[0].join(LIMIT)
        self.assertFalse(client.threads[0].is_alive())
        listed = subprocess.run([program(), "ps", "--json"], env=self.environment, capture_output=True, check=True, timeout=LIMIT)
        self.assertEqual([run["frontend"] for run in json.loads(listed.stdout)["runs"]], ["cli"])
        out, err = child.communicate(b"to its end\n", timeout=LIMIT)
        self.assertEqual((child.returncode, out), (7, b"to its end\n"), err)
        self.assertEqual(server.child.wait(LIMIT), 0)

    def test_a_second_signal_ends_what_has_begun_and_so_does_its_terminal(self):
        for how in ("a signal", "the terminal"):
            with self.subTest(how):
                server = self.editor()
                child = self.terminal("--image", SHELL, "--", "sh", "-c", "echo up; sleep 100")
                self.assertEqual(child.stdout.readline(), b"up\n")
                self.leave(server, signal.SIGTERM)
                server.threads[1].join(LIMIT)
                if how == "a signal":
                    server.child.send_signal(signal.SIGTERM)
                    _, err = child.communicate(timeout=LIMIT)
                    self.assertIn("the server that ran it was stopped", err.decode())
                    self.assertEqual(child.returncode, 125)
                else:
                    child.kill()
                server.child.wait(LIMIT)
                self.assertEqual(self.new_containers(), set())

    def test_what_has_not_begun_when_the_server_ends_is_run_by_the_terminal(self):  # R10
        config = self.folder / "one.json"
        config.write_text(json.dumps({"concurrentRuns": 1}))
        env = {"DIND_CONFIG": str(config)}
        for signals in ((), (signal.SIGTERM,), (signal.SIGTERM, signal.SIGINT)):  # the end of an editor, a stop that lets runs end, a stop that does not
            with self.subTest(signals):
                if signals:
                    server = Server(self.folder, "--socket", str(self.folder / "s"), env=env | {"XDG_RUNTIME_DIR": str(self.runtime)})
                    self.addCleanup(server.close)
                else:
                    server = self.editor(**env)
                first = self.terminal("--stdin", "-", "--image", SHELL, "--", "sh", "-c", "echo up; read line", env=env, stdin=subprocess.PIPE)
                self.assertEqual(first.stdout.readline(), b"up\n")
                waiting = self.terminal("--json", "--image", SHELL, "--", "sh", "-c", "echo ran", env=env)
                self.assertEqual(json.loads(waiting.stdout.readline())["event"], "queued")
                if signals:
                    for each in signals:
                        server.child.send_signal(each)
                else:
                    server.child.stdin.close()
                out, err = waiting.communicate(timeout=LIMIT)
                self.assertEqual((waiting.returncode, json.loads(out.splitlines()[-1])["event"]), (0, "finished"), (out[-600:], err))
                self.assertIn(b"ran", out)
                first.communicate(b"to its end\n", timeout=LIMIT)
                server.child.wait(LIMIT)

    def test_a_run_without_a_server_is_listed_and_stopped_too(self):  # K06
        child = self.terminal("--image", SHELL, "--", "sh", "-c", "echo up; sleep 100")
        self.assertEqual(child.stdout.readline(), b"up\n")
        listed = subprocess.run([program(), "ps", "--json"], env=self.environment, capture_output=True, check=True, timeout=LIMIT)
        (run,) = json.loads(listed.stdout)["runs"]
        self.assertEqual((run["phase"], run["frontend"], run["what"]), ("running", "cli", "sh -c echo up; sleep 100"))
        self.assertGreater(run["usedMemoryBytes"], 0)
        subprocess.run([program(), "stop", run["runId"]], env=self.environment, capture_output=True, check=True, timeout=LIMIT)
        _, err = child.communicate(timeout=LIMIT)
        self.assertIn("stopped on request", err.decode())
        self.assertEqual(list((self.runtime / "dind-executor").glob("control-*")), [])

    def test_other_settings_do_not_meet(self):
        server = self.editor()
        for arguments, env in ((("--no-handover",), {}), ((), {"DIND_CA_BUNDLE": ""}), (("--log-level", "info"), {})):
            with self.subTest((arguments, env)):
                child = self.terminal("--quiet", *arguments, "--image", SHELL, "--", "sh", "-c", "sleep 1", env=env)
                self.assertEqual(self.owner_of(child), child.pid)
                self.assertNotEqual(child.pid, server.child.pid)
                self.assertEqual(child.wait(LIMIT), 0)
        config = self.folder / "config.json"
        config.write_text('{"handover": {"enabled": false}}')
        child = self.terminal("--image", SHELL, "--", "sh", "-c", "sleep 1", env={"DIND_CONFIG": str(config)})
        self.assertEqual(self.owner_of(child), child.pid)
        self.assertEqual(child.wait(LIMIT), 0)

    def test_a_server_that_does_not_answer_is_not_used(self):
        server = self.editor()
        server.child.send_signal(signal.SIGSTOP)
        try:
            begun = time.monotonic()
            child = self.terminal("--quiet", "--image", SHELL, "--", "sh", "-c", "echo here; sleep 1")
            self.assertEqual(self.owner_of(child), child.pid)
            self.assertEqual(child.communicate(timeout=LIMIT)[0], b"here\n")
            self.assertLess(time.monotonic() - begun, 8)
        finally:
            server.child.send_signal(signal.SIGCONT)

    def test_a_program_that_is_typed_slowly_is_waited_for(self):
        server = self.editor()
        child = self.terminal("--quiet", "-l", "shell", "-", stdin=subprocess.PIPE)
        time.sleep(1)   # a person's
        child.stdin.write(b"echo typed; sleep 1")
        child.stdin.close()
        self.assertEqual(self.owner_of(child), server.child.pid)
        self.assertEqual(child.stdout.read(), b"typed\n")
        self.assertEqual(child.wait(LIMIT), 0)

    def test_what_an_editor_took_for_its_workspace_is_not_a_terminals(self):
        folder = self.folder / "project"
        folder.mkdir()
        client = self.client(env={"XDG_RUNTIME_DIR": str(self.runtime)}, workspaceFolders=[{"uri": folder.as_uri(), "name": "project"}], rootUri=folder.as_uri())
        client.notification("dind/engine")
        until = time.monotonic() + LIMIT
        while not self.sockets():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)
        code, _, err = self.call("--mount-workspace", "rw", "--image", SHELL, "--", "touch", "/workspaces/x")
        self.assertEqual(code, 125)
        self.assertIn("No workspace is set", err)
        self.assertFalse((folder / "x").exists())

    def test_another_server_takes_over(self):
        first, second = self.editor(), self.editor()
        child = self.terminal("--image", SHELL, "--", "sh", "-c", "sleep 1")
        self.assertEqual(self.owner_of(child), first.child.pid)
        child.wait(LIMIT)
        first.child.stdin.close()
        first.child.wait(LIMIT)
        until = time.monotonic() + LIMIT
        while not self.sockets():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        child = self.terminal("--image", SHELL, "--", "sh", "-c", "sleep 1")
        self.assertEqual(self.owner_of(child), second.child.pid)
        child.wait(LIMIT)

    def test_a_folder_that_others_can_enter_is_not_used(self):
        self.runtime.chmod(0o755)
        client = self.client(env={"XDG_RUNTIME_DIR": str(self.runtime)})
        client.notification("dind/engine")
        child = self.terminal("--image", SHELL, "--", "sh", "-c", "sleep 1")
        self.assertEqual(self.owner_of(child), client.child.pid)   # they use a folder in /tmp that only this user can enter
        self.assertEqual(child.wait(LIMIT), 0)
        self.assertFalse((self.runtime / "dind-executor").exists())
        self.assertEqual(os.stat(f"/tmp/dind-executor-{os.geteuid()}").st_mode & 0o777, 0o700)

    def test_a_pseudo_terminal_is_one_for_the_server_too(self):
        self.editor()
        script = self.folder / "a.py"
        script.write_text("import sys\nprint(sys.stdin.readline().strip().upper())")
        child = subprocess.run([sys.executable, "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)", program(), "run", str(script)],
                               input=b"typed\n", capture_output=True, env=self.environment | {"TERM": "xterm"}, timeout=LIMIT, check=False)
        self.assertEqual(child.returncode, 0, child.stdout)
        self.assertIn(b"TYPED", child.stdout)
