"""The calls of the guide as requests, and what the client refuses before it sends anything."""
import asyncio
import math
import time

from case import ClientTest
from dind_executor import AsyncExecutor, Executor, InvalidRequest, get_async_executor, get_executor
from dind_executor.wire_types import Limits
from fake_server import result


class Requests(ClientTest):
    def setUp(self):
        super().setUp()
        self.fake = self.server(lambda peer, request: peer.answer(request, result()))
        self.client = self.executor(self.fake)

    def sent(self, call, *arguments, **keywords):
        """The method and params of the request that a call sends, without the generated run id."""
        call(*arguments, **keywords)
        request = self.fake.requests[-1]
        params = dict(request["params"])
        self.assertRegex(params.pop("runId"), r"\A[A-Za-z0-9_-]{1,64}\Z")
        return request["method"], params

    def test_python_code(self):
        self.assertEqual(self.sent(self.client.run_python_code, code="print()", python_version="3.11"),
                         ("runPythonCode", {"code": "print()", "pythonVersion": "3.11", "timeout": 60}))
        self.assertEqual(self.sent(self.client.run_python_code, "import requests", "3.11", ["requests"], 30),
                         ("runPythonCode", {"code": "import requests", "pythonVersion": "3.11",
                                            "dependencies": ["requests"], "timeout": 30}))

    def test_shell_script(self):
        self.assertEqual(self.sent(self.client.run_shell_script, script="ls", shell="/bin/bash", timeout=30),
                         ("runShellScript", {"script": "ls", "shell": "/bin/bash", "timeout": 30}))
        self.assertEqual(self.sent(self.client.run_shell_script, "ls", "/bin/sh", 2.5, image="busybox"),
                         ("runShellScript", {"script": "ls", "shell": "/bin/sh", "image": "busybox", "timeout": 2.5}))

    def test_command(self):
        self.assertEqual(
            self.sent(self.client.run_command, image="node:20-alpine", command="node --version && npm --version",
                      mount_workspace=True, timeout=30),
            ("runCommand", {"image": "node:20-alpine", "command": "node --version && npm --version",
                            "mountWorkspace": True, "timeout": 30}))
        self.assertEqual(
            self.sent(self.client.run_command, "python:3.11", ("python", "script.py"), True, "/workspaces/a"),
            ("runCommand", {"image": "python:3.11", "command": ["python", "script.py"], "mountWorkspace": True,
                            "workingDir": "/workspaces/a", "timeout": 60}))

    def test_build_and_run(self):
        self.assertEqual(
            self.sent(self.client.build_and_run, dockerfile_content="FROM a", context_path="s/p", timeout=300),
            ("buildAndRun", {"dockerfileContent": "FROM a", "contextPath": "s/p", "timeout": 300}))
        self.assertEqual(self.sent(self.client.build_and_run, "FROM a"),
                         ("buildAndRun", {"dockerfileContent": "FROM a", "timeout": 300}))
        # B08
        self.assertEqual(self.sent(self.client.build_and_run, "FROM a", build_args={"V": "1"}, target="test"),
                         ("buildAndRun", {"dockerfileContent": "FROM a", "timeout": 300, "buildArgs": {"V": "1"}, "target": "test"}))
        self.assertEqual(self.sent(self.client.run, dockerfile="FROM a", build_args={"V": "1"}, target="test"),
                         ("run", {"dockerfile": "FROM a", "buildArgs": {"V": "1"}, "target": "test"}))
        for wrong in ({"V": 1}, ["V=1"], {1: "x"}):
            with self.assertRaises(InvalidRequest):
                self.client.build_and_run("FROM a", build_args=wrong)

    def test_the_keywords_of_every_run(self):
        options = dict(stdin="in", env={"A": "b"}, limits={"memory": "64m", "pids": 9, "timeout": 1, "cpus": .5, "tmp": None},
                       network="none", isolation="runc", keep_output_bytes=10, record=False)
        wanted = {"stdin": "in", "env": {"A": "b"}, "limits": {"memory": "64m", "pids": 9, "timeout": 1, "cpus": .5},
                  "network": "none", "isolation": "runc", "keepOutputBytes": 10, "record": False, "stream": True}
        for call, first in ((self.client.run_python_code, ["x"]), (self.client.run_shell_script, ["x"]),
                            (self.client.run_command, ["image", "x"]), (self.client.build_and_run, ["x"]),
                            (self.client.run, ["x"])):
            with self.subTest(call=call.__name__):
                _, params = self.sent(call, *first, **options, on_output=lambda channel, text: None)
                self.assertEqual({key: params[key] for key in wanted}, wanted)

    def test_the_whole_run(self):
        self.assertEqual(
            self.sent(self.client.run, "x", language="javascript", file_name="a.js", image="node", args=["1"],
                      dependencies=["left-pad"], workspace="read_only", working_dir="/w", pull="never", timeout=9),
            ("run", {"code": "x", "language": "javascript", "fileName": "a.js", "image": "node", "args": ["1"],
                     "dependencies": ["left-pad"], "workspace": "readOnly", "workingDir": "/w", "pull": "never",
                     "totalTimeout": 9}))
        self.assertEqual(self.sent(self.client.run, dockerfile="FROM a", command=["b"], context_path="c"),
                         ("run", {"dockerfile": "FROM a", "command": ["b"], "contextPath": "c"}))

    def test_a_run_id_of_the_caller_is_sent_as_it_is(self):
        self.client.run_python_code("x", run_id="mine-1")
        self.assertEqual(self.fake.requests[-1]["params"]["runId"], "mine-1")

    def test_what_can_not_be_meant_is_refused_before_it_is_sent(self):
        client = self.client
        for said, call in {
            "code": lambda: client.run_python_code(b"x"),
            "python_version": lambda: client.run_python_code("x", 3.11),
            "requirements is a list": lambda: client.run_python_code("x", requirements="requests"),
            "requirements[1]": lambda: client.run_python_code("x", requirements=["a", 1]),
            "command": lambda: client.run_command("image", ["a", None]),
            "command is": lambda: client.run_command("image", None),
            "env['A']": lambda: client.run_python_code("x", env={"A": 1}),
            "env is": lambda: client.run_python_code("x", env=["A=1"]),
            "limits has no 'memry'": lambda: client.run_python_code("x", limits={"memry": 1}),
            "stdin": lambda: client.run_python_code("x", stdin=b"x"),
            "workspace": lambda: client.run("x", workspace="write"),
            "JSON": lambda: client.run_python_code("\ud800"),
        }.items():
            with self.subTest(said), self.assert_raises(InvalidRequest, said) as caught:
                call()
            self.assertIsInstance(caught.exception, ValueError)
            self.assertEqual((caught.exception.kind, caught.exception.http_status), ("invalid_request", 400))
        for timeout in (0, -1, math.nan, math.inf, "60", True, 1e9 + 1, 1e10, 1e308, 10**30, -10**400):   # I13
            with self.subTest(timeout=timeout), self.assert_raises(InvalidRequest, "timeout"):
                client.run_python_code("x", timeout=timeout)
        with self.assert_raises(InvalidRequest, "only one of"):
            get_executor(socket="/a", program="/b")
        self.assertEqual(self.fake.requests, [])

    def test_i13_a_number_that_no_server_can_read_is_refused_at_once_by_name(self):
        begun = time.monotonic()
        fields = [("timeout", lambda value: {"timeout": value}), ("keep_output_bytes", lambda value: {"keep_output_bytes": value})]
        fields += [(f"limits['{name}']", lambda value, name=name: {"limits": {name: value}}) for name in Limits.__annotations__]
        client = AsyncExecutor(executor=self.client)
        for said, keywords in fields:
            for value in (10**400, -10**400, 10**5000, math.inf, -math.inf, math.nan, True, [1], {}):   # 10**5000: no repr
                with self.subTest(said, value=str(type(value))):
                    with self.assert_raises(InvalidRequest, said) as caught:
                        self.client.run_python_code("x", **keywords(value))
                    self.assertLess(len(str(caught.exception)), 200)
                    with self.assert_raises(InvalidRequest, said):
                        asyncio.run(client.run_python_code("x", **keywords(value)))
        with self.assert_raises(InvalidRequest, "timeout"):
            self.client.engine_status(timeout=10**400)
        self.assertEqual(self.fake.requests, [])
        self.assertLess(time.monotonic() - begun, 10)

    def test_i17_an_argument_of_another_type_is_refused_by_name(self):
        for said, call in {
            "record": lambda: self.client.run_python_code("x", record="no"),
            "mount_workspace": lambda: self.client.run_command("i", "x", mount_workspace="false"),
            "on_output": lambda: self.client.run_python_code("x", on_output=5),
            "cancel": lambda: self.client.run_python_code("x", cancel=5),
            "url is a str, not int": lambda: Executor(url=5),
            "url is a str, not list": lambda: get_executor(url=[]),
            "token is a str, not int": lambda: Executor(url="http://127.0.0.1:1", token=5),
            "token is a str, not bytes": lambda: get_async_executor(url="http://127.0.0.1:1", token=b"t"),
            "socket is a path": lambda: Executor(socket=5),
            "program is a path": lambda: AsyncExecutor(program=["dind-executor"]),
        }.items():
            with self.subTest(said), self.assert_raises(InvalidRequest, said):
                call()
        with self.assert_raises(InvalidRequest, "cancel"):
            asyncio.run(AsyncExecutor(executor=self.client).run_python_code("x", cancel=5))
        self.assertEqual(self.fake.requests, [])
