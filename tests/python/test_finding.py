"""How the client finds its server, what it says if there is no server, and what a fork or an exit leaves."""
import concurrent.futures
import logging
import os
import pathlib
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from case import LIMIT, SOURCES, ClientTest
import dind_executor
from dind_executor import link
from dind_executor.deadline import Deadline
from dind_executor.streams import SocketStream
from fake_server import INFO, result

# A stand-in for `dind-executor rpc`: answers with its process id in stdout, and does what a code says.
PROGRAM = '''#!{python}
import os, sys
sys.path.insert(0, {tests!r})
from fake_server import INFO, framed, messages_of, result
assert sys.argv[1:] == ["rpc"], sys.argv
open(os.path.join({folder!r}, "started"), "a").write(f"{{os.getpid()}}\\n")
def say(message):
    sys.stdout.buffer.write(framed(message)); sys.stdout.buffer.flush()
for request in messages_of(sys.stdin.buffer):
    params, answer = request["params"], None
    code = params.get("code")
    if request["method"] == "server/info":
        answer = INFO
    elif request["method"] == "engine/status":
        answer = {{"enabled": True, "available": True, "address": "unix:///x", "version": "20.10"}}
    elif code == "die":
        print("2026-01-01T00:00:00.000+0000 error my last words", file=sys.stderr, flush=True)
        os._exit(3)
    elif code == "log":
        print("2026-01-01T00:00:00.000+0000 warning careful", file=sys.stderr)
        print("2026-01-01T00:00:00.000+0000 info all is well", file=sys.stderr)
        print("Segmentation fault", file=sys.stderr, flush=True)
        answer = result()
    elif code != "wait":
        answer = result(stdout=str(os.getpid()))
    if answer is not None:
        say({{"jsonrpc": "2.0", "id": request["id"], "result": answer}})
open(os.path.join({folder!r}, "ended"), "a").write(f"{{os.getpid()}}\\n")
'''


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # before it is opened, before it is read
        return False


class FindingTest(ClientTest):
    """A test with its own default sockets, and a program in place of the server."""

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, link, "default_sockets", link.default_sockets)
        link.default_sockets = lambda: [str(self.folder / "dind-executor.sock"), str(self.folder / "run.sock")]

    def program(self, name="dind-executor", text=PROGRAM):
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(python=sys.executable, tests=str(pathlib.Path(__file__).parent),
                                    folder=str(self.folder)))
        path.chmod(stat.S_IRWXU)
        return str(path)

    def lines(self, name):
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def answering(self, text, **more):
        return self.server(lambda peer, request: peer.answer(request, result(stdout=text)), **more)

    def who_answers(self, **where):
        return self.executor(**where).run_python_code("who").stdout

    def wait_until(self, true):
        until = time.monotonic() + LIMIT
        while not true():
            self.assertLess(time.monotonic(), until, "it did not come to pass")
            time.sleep(0.02)


class Finding(FindingTest):
    def test_the_order_is_argument_then_environment_then_usual_socket_then_program(self):
        program = self.program()
        self.set_environment(PATH=f"{self.folder}/bin:/usr/bin:/bin")
        self.assertEqual(self.who_answers(), self.lines("started")[-1])
        self.answering("machine's", path=str(self.folder / "run.sock"))
        self.assertEqual(self.who_answers(), "machine's")
        self.answering("user's", path=str(self.folder / "dind-executor.sock"))
        self.assertEqual(self.who_answers(), "user's")
        self.set_environment(DIND_EXECUTOR_SOCKET=self.answering("environment's").path)
        self.assertEqual(self.who_answers(), "environment's")
        self.assertEqual(self.who_answers(socket=pathlib.Path(self.answering("argument's").path)), "argument's")
        self.assertEqual(len(self.lines("started")), 1)
        self.assertEqual(self.who_answers(program=program), self.lines("started")[-1])
        self.assertEqual(len(self.lines("started")), 2)

    def test_the_usual_sockets_are_the_users_and_the_machines(self):
        self.doCleanups()
        self.set_environment(XDG_RUNTIME_DIR="/run/user/7")
        self.assertEqual(link.default_sockets(),
                         ["/run/user/7/dind-executor.sock", "/run/dind-executor/dind-executor.sock"])
        self.set_environment(XDG_RUNTIME_DIR=None)
        self.assertEqual(link.default_sockets(), ["/run/dind-executor/dind-executor.sock"])

    def test_a_usual_socket_where_nothing_answers_is_passed_over(self):
        self.set_environment(DIND_EXECUTOR=self.program())
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(self.folder / "dind-executor.sock"))
        dead.close()
        self.server(lambda peer, request: None, path=str(self.folder / "run.sock"), info=None)
        self.assertEqual(self.who_answers(), self.lines("started")[-1])

    def test_a_server_too_busy_to_accept_is_waited_for_until_the_deadline(self):
        path = str(self.folder / "busy.sock")
        with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
            busy.bind(path)
            busy.listen(0)   # one client may wait, and `first` does
            first.connect(path)
            begun = time.monotonic()
            with self.assert_raises(dind_executor.ServerUnavailable, path, "temporarily unavailable"):
                SocketStream(path, Deadline(0.3))
            self.assertGreaterEqual(time.monotonic() - begun, 0.3)
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(SocketStream, path, Deadline(LIMIT))
                with self.assertRaises(concurrent.futures.TimeoutError):
                    waiting.result(0.1)
                busy.accept()[0].close()
                waiting.result(LIMIT).close(0)

    def test_a_named_socket_where_nothing_answers_is_an_error_and_nothing_else_is_tried(self):
        self.set_environment(DIND_EXECUTOR=self.program(), DIND_EXECUTOR_SOCKET=str(self.folder / "none"))
        client = self.executor()
        self.assertIs(client.is_available(), False)
        with self.assert_raises(dind_executor.ServerUnavailable, str(self.folder / "none"), "serve --socket"):
            client.run_python_code("x")
        self.set_environment(DIND_EXECUTOR_SOCKET="/" + "x" * 200)
        with self.assert_raises(dind_executor.ServerUnavailable, "too long"):
            client.run_python_code("x")
        self.assertEqual(self.lines("started"), [])

    def test_no_program_is_an_error_that_says_how_to_mend_it(self):
        self.set_environment(PATH=str(self.folder))
        with self.assert_raises(dind_executor.ServerUnavailable, "dind-executor", "DIND_EXECUTOR"):
            self.executor().run_python_code("x")
        self.assertIs(self.executor().is_available(), False)
        self.set_environment(DIND_EXECUTOR=str(self.folder / "nothing"))
        with self.assert_raises(dind_executor.ServerUnavailable, str(self.folder / "nothing")):
            self.executor().run_python_code("x")

    def test_a_program_that_is_not_a_server_is_an_error_with_its_last_output(self):
        broken = self.program("broken", "#!/bin/sh\necho no such option: $1 >&2; exit 2\n")
        with self.assertLogs("dind_executor", "WARNING"), \
                self.assert_raises(dind_executor.ServerUnavailable, "exit code 2", "no such option: rpc"):
            self.executor(program=broken).run_python_code("x")
        missing = self.program("missing", "#!/no/such/interpreter\n")
        with self.assert_raises(dind_executor.ServerUnavailable, "could not be started"):
            self.executor(program=missing).run_python_code("x")

    def test_a_server_of_another_protocol_is_refused(self):
        for info in (INFO | {"protocol": 2}, {}, [], {"protocol": "1"}):
            with self.subTest(info=info):
                server = self.answering("", info=info)
                with self.assert_raises(dind_executor.ServerUnavailable, "protocol", "same version"):
                    self.executor(server).run_python_code("x")

    def test_switched_off_nothing_is_started(self):
        self.set_environment(DIND_EXECUTOR=self.program())
        client = self.executor()
        for value in ("false", "0", "no", "off", "False", "OFF"):
            with self.subTest(value):
                self.set_environment(DIND_ENABLED=value)
                self.assertIs(client.is_available(), False)
                with self.assert_raises(dind_executor.Disabled, "DIND_ENABLED"):
                    client.run_python_code("x")
        self.assertEqual(self.lines("started"), [])
        for value in ("true", "1", ""):
            self.set_environment(DIND_ENABLED=value)
            self.assertIs(client.is_available(), True)

    def test_a_server_that_is_switched_off_is_asked_for_no_run(self):
        server = self.answering("", info=INFO | {"enabled": False})
        with self.assert_raises(dind_executor.Disabled, server.path, "DIND_ENABLED"):
            self.executor(server).run_python_code("x")
        self.assertEqual(server.requests, [])

    def test_a_server_says_that_the_engine_is_not_there(self):
        for status in ({"enabled": True, "available": False, "address": "tcp://dind:2375", "message": "refused"},
                       {"enabled": False, "available": True}, {"available": True}, {"enabled": True}, {}, None,
                       {"enabled": True, "available": "yes"}):
            with self.subTest(status=status):
                server = self.server(lambda peer, request, status=status: peer.answer(request, status))
                client = self.executor(server)
                self.assertIs(client.is_available(), False)
        self.assertEqual(client.engine_status()["message"], None)


class Child(FindingTest):
    """The program that we start."""

    def test_one_program_serves_all_threads_and_ends_with_close(self):
        client = self.executor(program=self.program())
        with ThreadPoolExecutor(20) as pool:
            pids = {each.stdout for each in pool.map(client.run_python_code, ["who"] * 60)}
        self.assertEqual([*pids], self.lines("started"))
        client.close()
        self.assertEqual(self.lines("ended"), self.lines("started"))

    def test_a_server_that_dies_is_started_again_and_its_last_output_is_in_the_error(self):
        client = self.executor(program=self.program())
        with self.assertLogs("dind_executor", "ERROR") as logged, \
                self.assert_raises(dind_executor.ServerGone, "exit code 3", "my last words"):
            client.run_python_code("die")
        self.assertEqual(logged.output, ["ERROR:dind_executor:server: my last words"])
        first, second = self.lines("started")[0], client.run_python_code("who").stdout
        self.assertNotEqual(first, second)

    def test_a_program_that_is_killed_between_calls_is_not_missed(self):
        client = self.executor(program=self.program())
        for _ in range(3):
            pid = int(client.run_python_code("who").stdout)
            os.kill(pid, 9)
            self.wait_until(lambda pid=pid: not alive(pid))
        self.assertEqual(len(self.lines("started")), 3)

    def test_its_log_is_ours(self):
        client = self.executor(program=self.program())
        with self.assertLogs("dind_executor", logging.DEBUG) as logged:
            client.run_python_code("log")
            client.close()
        said = [each for each in logged.output if "server: " in each]
        self.assertEqual(said, ["WARNING:dind_executor:server: careful", "INFO:dind_executor:server: all is well",
                                "WARNING:dind_executor:server: Segmentation fault"])

    def test_a_program_that_does_not_end_is_killed(self):
        text = PROGRAM.replace("open(os.path.join({folder!r}, \"ended\")", "import time; time.sleep(99); open(os.path.join({folder!r}, \"ended\")")
        client = self.executor(program=self.program(text=text))
        pid = int(client.run_python_code("who").stdout)
        connection = client._link._connection
        client._link._connection = None
        with self.assertLogs("dind_executor", "WARNING"):
            connection.close(0.2)
        self.assertFalse(alive(pid))

    def test_it_ends_when_no_one_has_the_executor_any_more(self):
        client = dind_executor.Executor(program=self.program())
        pid = int(client.run_python_code("who").stdout)
        del client
        self.wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists())
        self.assertEqual(self.lines("ended"), [str(pid)])

    def test_it_ends_when_our_process_is_killed(self):
        script = f"""
            import sys, os; sys.path.insert(0, {str(SOURCES)!r})
            import dind_executor
            print(dind_executor.Executor(program={self.program()!r}).run_python_code("who").stdout, flush=True)
            os.kill(os.getpid(), 9)
        """
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, timeout=LIMIT)
        self.wait_until(lambda: self.lines("ended") == [done.stdout.decode().strip()])

    def test_it_ends_with_the_interpreter_while_a_daemon_thread_waits(self):
        script = f"""
            import sys, os, threading; sys.path.insert(0, {str(SOURCES)!r})
            import dind_executor
            client = dind_executor.get_executor(program={self.program()!r})
            print(client.run_python_code("who").stdout, flush=True)
            threading.Thread(target=client.run_python_code, args=["wait"], daemon=True).start()
        """
        done = subprocess.run([sys.executable, "-X", "dev", "-c", textwrap.dedent(script)], capture_output=True,
                              timeout=LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.lines("ended"), [done.stdout.decode().strip()])

    def test_a_forked_child_makes_its_own_connection_and_does_not_touch_the_parents(self):
        client = self.executor(program=self.program())
        ours = client.run_python_code("who").stdout
        lock_held = threading.Event()
        over = threading.Event()

        def hold():  # a thread connects while another one forks
            with client._link._lock:
                lock_held.set()
                over.wait(LIMIT)
        holder = threading.Thread(target=hold)
        holder.start()
        self.assertTrue(lock_held.wait(LIMIT))
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.write(writing, client.run_python_code("who", timeout=10).stdout.encode())
                client.close()
                code = 0
            finally:
                os._exit(code)
        over.set()
        holder.join()
        os.close(writing)
        with os.fdopen(reading) as pipe:
            theirs = pipe.read()
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertNotIn(theirs, ("", ours))
        self.assertEqual(client.run_python_code("who").stdout, ours)
        self.assertEqual(self.lines("ended"), [theirs])

    def test_the_server_ends_with_us_although_a_forked_child_lives_on(self):
        client = self.executor(program=self.program())
        ours = client.run_python_code("who").stdout
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(writing)
                os.read(reading, 1)  # until the parent process is done
            finally:
                os._exit(0)
        client.close()
        self.assertEqual(self.lines("ended"), [ours])
        os.close(reading)
        os.close(writing)
        os.waitpid(pid, 0)


class Shared(ClientTest):
    def test_everybody_who_asks_for_the_same_server_gets_the_same_executor(self):
        self.assertIs(dind_executor.get_executor(), dind_executor.get_executor())
        self.assertIs(dind_executor.get_executor(socket="/a"), dind_executor.get_executor("/a"))
        self.assertIsNot(dind_executor.get_executor(socket="/a"), dind_executor.get_executor())
        self.assertIs(dind_executor.get_async_executor(), dind_executor.get_async_executor())

    def test_the_backends_name_for_it_is_the_same_function(self):
        code = "import app.utils.dind_executor as a, dind_executor as b; assert a.get_executor is b.get_executor; " \
               "assert set(b.__all__) <= set(dir(a)); import app.own; print(app.own.word)"
        (self.folder / "app").mkdir()
        (self.folder / "app" / "own.py").write_text("word = 'mine'")
        path = os.pathsep.join(map(str, (SOURCES, SOURCES.parent / "compat", self.folder)))
        done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path},
                              capture_output=True, timeout=LIMIT)
        self.assertEqual((done.returncode, done.stdout), (0, b"mine\n"), done.stderr)
