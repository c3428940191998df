"""The client knows the fields of api/: each request has exactly those, and of a result each is read."""
from case import ClientTest
from dind_executor import wire, wire_types
from dind_executor.result import to_result

OPTIONS = wire.Options(timeout=5, stdin="in", env={"A": "1"}, limits={"pids": 5}, network="none", isolation="runc", run_id="r",
                       keep_output_bytes=1, record=False, stream=True)


class Asked(dict):
    """A result that remembers which of its fields were read."""

    def __init__(self, **fields):
        super().__init__(fields)
        self.read = set()

    def get(self, key, default=None):
        self.read.add(key)
        return super().get(key, default)


class WireTypes(ClientTest):
    def fields(self, *types):
        return {name for each in types for name in each.__annotations__}

    def test_each_method_can_send_every_field_and_no_other(self):
        for request, expected in (
                (wire.python_code("1", "3.12", ["a"], OPTIONS), wire_types.RunPythonCode),
                (wire.shell_script("ls", "/bin/sh", "busybox", OPTIONS), wire_types.RunShellScript),
                (wire.command("busybox", "ls", True, "/", OPTIONS), wire_types.RunCommandParams),
                (wire.build("FROM a", "context", {"A": "1"}, "stage", OPTIONS), wire_types.BuildAndRun)):
            with self.subTest(request.method):
                self.assertEqual(set(request.params), self.fields(expected))

    def test_run_can_send_every_field_of_the_three_kinds_and_no_other(self):
        request = wire.whole_run("1", "ls", "FROM a", "python", "a.py", "busybox", ["x"], ["a"], "context", {"A": "1"}, "stage",
                                 "read_only", "/", "never", OPTIONS)
        self.assertEqual(set(request.params), self.fields(wire_types.RunCode, wire_types.RunCommand, wire_types.RunDockerfile))

    def test_every_field_of_a_result_is_read_and_no_other(self):
        answer = Asked(returncode=0, verdict="ok")
        to_result(answer)
        self.assertEqual(answer.read, self.fields(wire_types.ExecutionResult))
