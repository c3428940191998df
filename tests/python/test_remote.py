"""A server with an address and a token (I14): the real program, and one that misbehaves on purpose."""
import asyncio
import http.client
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from unittest import mock

from case import LIMIT, SOURCES, ClientTest
import dind_executor
from dind_executor import (AsyncExecutor, Cancellation, Executor, InvalidRequest, Output, ServerGone, ServerUnavailable,
                           Unauthorized)
from dind_executor.http_connection import read_events, run_params
from fake_http import FakeHttp
from fake_server import result
from dindtest import engine, wait
from dindtest.program import program

TOKEN = "t0123456789abcdef"


class Remote(ClientTest):
    def fake(self, script=None, **more):
        server = FakeHttp(script, **more)
        self.addCleanup(server.close)
        return server

    def client(self, server, **more):
        executor = Executor(url=server.url, **more)
        self.addCleanup(executor.close)
        return executor

    def test_a_run_with_its_output_and_the_token(self):
        def script(handler, body):
            handler.begin_events()
            handler.wfile.write(b": a comment\n\n")
            handler.event("started", {"runId": body["runId"]})
            handler.event("output", {"channel": "stdout", "text": "one \u2028", "runId": "r"})
            handler.event("output", {"channel": "stderr", "text": "two", "runId": "r"})
            handler.event("finished", result(stdout="one", notes=["n"]))
        server = self.fake(script, token=TOKEN)
        seen = []
        made = self.client(server, token=TOKEN).run_python_code("x", timeout=5, on_output=lambda *each: seen.append(each))
        self.assertEqual((made.stdout, made.notes, seen), ("one", ["n"], [("stdout", "one \u2028"), ("stderr", "two")]))
        method, path, headers, body = server.requests[-1]
        self.assertEqual((method, path, headers["Authorization"]), ("POST", "/runs", "Bearer " + TOKEN))
        self.assertEqual((body["code"], body["language"], body["totalTimeout"], body["limits"]), ("x", "python", 5, {"timeout": 5}))

    def test_the_address_and_the_token_of_the_environment(self):
        server = self.fake(lambda handler, _: (handler.begin_events(), handler.event("finished", result(stdout="env"))), token=TOKEN)
        self.set_environment(DIND_EXECUTOR_URL=server.url + "/prefix/", DIND_EXECUTOR_TOKEN=TOKEN)
        self.assertEqual(self.executor().run_shell_script("x").stdout, "env")
        self.assertEqual(server.requests[-1][1], "/prefix/runs")

    def test_a_wrong_token_a_missing_server_and_another_server_are_distinguished(self):
        server = self.fake(token=TOKEN)
        with self.assert_raises(Unauthorized, server.url, "does not accept the token", "DIND_EXECUTOR_TOKEN"):
            self.client(server, token="wrong-0123456789").run_python_code("x")
        self.assertIs(self.client(server, token="wrong-0123456789").is_available(), False)
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        client = Executor(url=f"http://127.0.0.1:{port}")
        with self.assert_raises(ServerUnavailable, f"127.0.0.1:{port}", "refused", "DIND_EXECUTOR_URL"):
            client.run_python_code("x")
        with self.assert_raises(ServerUnavailable, "is not dind-executor"):
            self.client(self.fake(openapi={"paths": {"/other": {}}})).run_python_code("x")

    def test_invalid_addresses(self):
        for url in ("", "localhost:8000", "ftp://x", "http://", "http://h:99999", "http://u:p@h", "http://h/?q=1", "unix:///x"):
            with self.subTest(url), self.assert_raises(InvalidRequest):
                Executor(url=url)
        for more in ({"socket": "/a"}, {"program": "/b"}):
            with self.assert_raises(InvalidRequest, "only one of"):
                Executor(url="http://h", **more)
        with self.assert_raises(InvalidRequest, "newline"):
            Executor(url="http://h", token="abc\n")

    def test_refusals_keep_their_kind_status_and_what_was_written(self):
        data = {"kind": "engine_unavailable", "message": "The engine went away", "httpStatus": 503, "runId": "r1",
                "stdout": "before", "stderr": "E", "began": True}
        for body, kind in (({"detail": "full"}, "busy"), ({"detail": "x", "error": data}, "engine_unavailable"), (b"<html>", "busy")):
            with self.subTest(kind):
                server = self.fake(lambda handler, _, body=body: handler.reply(429 if body != {"detail": "x", "error": data} else 503,
                                                                              body, Retry_After="7"))
                with self.assertRaises(dind_executor.DindExecutorError) as caught:
                    self.client(server).run_python_code("x")
                self.assertEqual((caught.exception.kind, caught.exception.retry_after), (kind, 7.0))
        server = self.fake(lambda handler, _: (handler.begin_events(), handler.event("error", data)))
        with self.assertRaises(dind_executor.EngineUnavailable) as caught:   # I16
            self.client(server).run_python_code("x")
        error = caught.exception
        self.assertEqual((error.run_id, error.stdout, error.stderr, error.http_status), ("r1", "before", "E", 503))

    def test_a_stream_that_ends_early_or_says_nonsense_is_a_server_that_is_gone(self):
        def early(handler, _):
            handler.begin_events()
            handler.event("output", {"channel": "stdout", "text": "x"})

        def nonsense(handler, _):
            handler.begin_events()
            handler.wfile.write(b"event: finished\ndata: {\n\n")
        for script in (early, nonsense, lambda handler, _: handler.connection.shutdown(socket.SHUT_RDWR)):
            with self.subTest(script), self.assert_raises(ServerGone, "ended during the call"):
                self.client(self.fake(script)).run_python_code("x")

    def test_a_cancellation_deletes_the_run_and_its_result_is_the_answer(self):
        begun, server = threading.Event(), None

        def script(handler, _):
            handler.begin_events()
            handler.event("started", {})
            begun.set()
            server.deleted.wait(LIMIT)
            handler.event("finished", result(verdict="cancelled", returncode=130))
        server = self.fake(script)
        cancel = Cancellation()
        threading.Thread(target=lambda: (begun.wait(LIMIT), cancel.cancel())).start()
        made = self.client(server).run_python_code("x", run_id="my-run", cancel=cancel)
        self.assertEqual((made.verdict, [each[1] for each in server.requests if each[0] == "DELETE"]), ("cancelled", ["/runs/my-run"]))

    def test_closing_ends_the_calls_that_are_under_way(self):
        begun, left = threading.Event(), threading.Event()

        def script(handler, _):
            handler.begin_events()
            handler.event("started", {})
            begun.set()
            handler.connection.settimeout(LIMIT)
            if handler.connection.recv(1) == b"":
                left.set()
        client = self.client(self.fake(script))
        threading.Thread(target=lambda: (begun.wait(LIMIT), client.close())).start()
        with self.assert_raises(ServerGone, "closed"):
            client.run_python_code("x")
        self.assertTrue(left.wait(LIMIT))

    def test_closing_ends_a_call_that_is_just_being_sent(self):
        """At each step. What was not sent before is not sent afterwards."""
        for step, before, sent in (("connect", True, False), ("connect", False, False), ("request", True, False), ("request", False, True),
                                   ("getresponse", True, True)):
            with self.subTest(step=step, before=before):
                released = threading.Event()
                server = self.fake(lambda handler, _, released=released: released.wait(LIMIT))
                self.addCleanup(released.set)
                client = self.client(server)
                self.assertIs(client.is_available(), True)
                original = getattr(http.client.HTTPConnection, step)

                def closing(connection, *more, original=original, client=client, before=before, **named):
                    def close():
                        closer = threading.Thread(target=client.close)
                        closer.start()
                        closer.join(LIMIT)
                    if before:
                        close()
                    made = original(connection, *more, **named)
                    if not before:
                        close()
                    return made
                with mock.patch.object(http.client.HTTPConnection, step, closing), self.assert_raises(ServerGone, "closed"):
                    client.run_python_code("x")
                released.set()
                server.close()
                self.assertEqual([each[0] for each in server.requests if each[0] == "POST"], ["POST"] if sent else [])

    def test_every_pattern_is_the_run_that_the_server_makes_of_it(self):
        for method, params, expected in (
            ("runPythonCode", {"code": "c", "pythonVersion": "3.11", "timeout": 3, "limits": {"memory": "1m"}},
             {"code": "c", "language": "python", "fileName": "main.py", "image": "python:3.11-slim", "totalTimeout": 3,
              "limits": {"timeout": 3, "memory": "1m"}}),
            ("runPythonCode", {"code": "c", "pythonVersion": "latest"},   # I31
             {"code": "c", "language": "python", "fileName": "main.py", "image": "python:slim"}),
            *[("runPythonCode", {"code": "c", "pythonVersion": version},
               {"code": "c", "language": "python", "fileName": "main.py", "image": image})
              for version, image in (("slim", "python:slim"), ("3.12-slim", "python:3.12-slim"), ("3.12-slim-bookworm", "python:3.12-slim-bookworm"))],
            ("runShellScript", {"script": "s", "shell": "/bin/bash"}, {"code": "s", "language": "shell", "fileName": "script.sh"}),
            ("runShellScript", {"script": "s", "shell": "/bin/dash"}, {"command": ["/bin/dash", "-c", "s"], "image": "debian:bookworm-slim"}),
            ("runCommand", {"image": "i", "command": "c", "mountWorkspace": True}, {"image": "i", "command": "c", "workspace": "readWrite", "workingDir": "/workspaces"}),
            ("runCommand", {"image": "i", "command": ["c"], "mountWorkspace": False, "workingDir": "/w"}, {"image": "i", "command": ["c"], "workingDir": "/w"}),
            ("buildAndRun", {"dockerfileContent": "FROM x", "contextPath": "p"}, {"dockerfile": "FROM x", "contextPath": "p"}),
            ("run", {"code": "c", "stream": True, "totalTimeout": 2}, {"code": "c", "totalTimeout": 2}),
        ):
            with self.subTest(method=method, params=params):
                self.assertEqual(run_params(method, params), expected)

    def test_events_are_read_as_the_standard_says(self):
        class Lines:
            def __init__(self, text):
                self.lines = [each + b"\n" for each in text.split(b"\n")[:-1]]

            def readline(self, _):
                return self.lines.pop(0) if self.lines else b""
        text = b": c\n\nevent: a\ndata: 1\r\ndata:2\n\r\nid: 4\nretry: 1\ndata:  x\n\nevent: without data\n\nevent: cut\ndata: 1\n"
        self.assertEqual(list(read_events(Lines(text))), [("a", "1\n2"), ("", " x")])


class Elsewhere(ClientTest):
    """Python on macOS and Windows, simulated by the removal of names (I14)."""

    def run_python(self, taken_away, code, **environment):
        text = f"import asyncio, os, select, socket, sys\n{taken_away}\nsys.path.insert(0, {str(SOURCES)!r})\nimport dind_executor as d\n" + textwrap.dedent(code)
        return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=LIMIT, env={**os.environ, **environment})

    def test_without_msg_nosignal_a_socket_works(self):
        server = self.server(lambda peer, request: peer.answer(request, result(stdout="fine")))
        done = self.run_python("del socket.MSG_NOSIGNAL", f"print(d.get_executor({server.path!r}).run_python_code('x').stdout)")
        self.assertEqual((done.stdout, done.stderr), ("fine\n", ""))

    def test_a_program_that_sets_up_no_logging_has_nothing_printed(self):   # I30
        done = self.run_python("", "import logging; logging.getLogger('dind_executor').warning('server: not run: busy')")
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("", "", 0))

    WINDOWS = "del socket.AF_UNIX, socket.MSG_NOSIGNAL, socket.MSG_DONTWAIT, select.poll, os.register_at_fork\nsys.platform = 'win32'"

    def test_without_unix_sockets_a_local_server_is_unavailable_and_a_remote_one_works(self):
        code = """
        for more in ({}, {"socket": "/x.sock"}, {"program": sys.executable}):
            client = d.Executor(**more)
            print(client.is_available())
            try: client.run_python_code("x")
            except d.ServerUnavailable as error: print("url=" in str(error), "DIND_EXECUTOR_URL" in str(error))
        """
        done = self.run_python(self.WINDOWS, code, PATH=self.folder.as_posix(), DIND_EXECUTOR_SOCKET="")
        self.assertEqual((done.stdout, done.stderr), ("False\nTrue True\n" * 3, ""))
        server = FakeHttp(lambda handler, _: (handler.begin_events(), handler.event("finished", result(stdout="far"))))
        self.addCleanup(server.close)
        done = self.run_python(self.WINDOWS, "print(d.get_executor().is_available(), d.get_executor().run_python_code('x').stdout)", DIND_EXECUTOR_URL=server.url)
        self.assertEqual((done.stdout, done.stderr), ("True far\n", ""))


class RealServer(ClientTest):
    """`dind-executor serve` on a loopback port, with a token."""

    @classmethod
    def setUpClass(cls):
        import pathlib
        import re
        import shutil
        import tempfile
        folder = pathlib.Path(tempfile.mkdtemp(prefix="dind-remote-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "tokens").write_text(TOKEN + "\n")
        (folder / "tokens").chmod(0o600)
        environment = {**os.environ, "HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        cls.child = subprocess.Popen([program(), "serve", "--listen", "127.0.0.1:0", "--token-file", str(folder / "tokens")],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        cls.addClassCleanup(cls.end)
        cls.url = re.search(r"http://127\.0\.0\.1:\d+", cls.child.stdout.readline())[0]
        cls.executor_ = Executor(url=cls.url, token=TOKEN)
        cls.addClassCleanup(cls.executor_.close)

    @classmethod
    def end(cls):
        cls.child.terminate()
        cls.child.wait(LIMIT)
        cls.child.stdout.close()

    def setUp(self):
        super().setUp()
        self.before = engine.containers(warm=False)

    def assert_nothing_left(self):
        wait.until(lambda: not engine.containers(warm=False) - self.before, LIMIT)

    def test_each_pattern(self):
        client = self.executor_
        self.assertIs(client.is_available(), True)
        made = client.run_python_code("import sys; print('out 世界'); print(input()); sys.exit(3)", stdin="fed\n")
        self.assertEqual((made["returncode"], made["stdout"], made.verdict), (3, "out 世界\nfed\n", "failed"))
        self.assertEqual(client.run_shell_script("echo $((6 * 7))", timeout=30)["stdout"], "42\n")
        self.assertEqual(client.run_command("dind-executor/runtime-shell:bookworm", ["echo", "a b"])["stdout"], "a b\n")
        self.assertEqual(client.build_and_run("FROM dind-executor/runtime-shell:bookworm\nCMD [\"echo\", \"built\"]\n")["stdout"], "built\n")
        self.assertEqual(client.run_python_code("while True: pass", timeout=1).verdict, "timeout")
        with self.assertRaises(InvalidRequest):
            client.run_python_code("x", env={"": "x"})
        self.assert_nothing_left()

    def test_output_comes_while_it_runs_and_leaving_the_stream_ends_the_run(self):
        async def main():
            async with AsyncExecutor(url=self.url, token=TOKEN) as client:
                seen = [each async for each in client.stream(client.run_python_code, "print(6 * 7)", timeout=LIMIT)]
                self.assertEqual("".join(each.text for each in seen if isinstance(each, Output)), "42\n")
                self.assertEqual(seen[-1].verdict, "ok")
                pieces = client.stream(client.run_shell_script, "echo up; sleep 1000")
                self.assertEqual(await pieces.__anext__(), ("stdout", "up\n"))
                await pieces.aclose()
        asyncio.run(asyncio.wait_for(main(), LIMIT))
        self.assert_nothing_left()

    def test_a_cancelled_call_has_its_verdict_at_once(self):
        cancel, begun = Cancellation(), time.monotonic()
        made = self.executor_.run_shell_script("echo up; sleep 1000", cancel=cancel, on_output=lambda *_: cancel.cancel())
        self.assertEqual((made.verdict, made.stdout), ("cancelled", "up\n"))
        self.assertLess(time.monotonic() - begun, LIMIT)
        self.assert_nothing_left()
