"""Warm sandboxes on the real engine: each is used for one run, is as restricted as any other, and ends with the server."""
import json
import os
import re
import signal
import time
import urllib.parse

from jsonrpc_case import JsonRpcCase

from dindtest import engine, wait
from dindtest.alone import alone
from dindtest.program import LIMIT

SHELL = "dind-executor/runtime-shell:bookworm"
PYTHON = "dind-executor/runtime-python:bookworm"


class WarmPool(JsonRpcCase):
    def setUp(self):
        super().setUp()
        self.seen = set()

    def warm(self, **config):
        path = self.folder / "config.json"
        path.write_text(json.dumps(config))
        return self.stdio("--log-level", "debug", env={"DIND_CONFIG": str(path)})

    def listed(self, client):
        filters = urllib.parse.quote(json.dumps({"label": ["dind-executor.run=warm"]}))
        return [each for each in engine.call("GET", f"/containers/json?all=1&filters={filters}")
                if each["Labels"]["dind-executor.owner"].split(".")[-2] == str(client.child.pid) and each["Names"][0].startswith("/dind-warm-")]

    def waiting(self, client, count=1):
        """Waits until there are `count` new warm sandboxes and nothing else of this client's runs. Returns their ids."""
        def ready():
            found = {each["Id"] for each in self.listed(client) if each["State"] == "running"} - self.seen
            return found if len(found) == count and len(self.new_containers()) == count else None
        found = wait.until(ready)
        self.seen |= found
        return found

    def run_code(self, client, code, **more):
        return self.result(client, "runPythonCode", code=code, **more)

    def taken(self, client):
        """(run, sandbox) of each warm sandbox that was used, as the log says after the end of the server."""
        client.child.stdin.close()
        client.child.wait(LIMIT)
        for thread in client.threads:
            thread.join(LIMIT)
        return re.findall(r"run=(\S+) Uses the warm sandbox (\S+)", client.errors.decode())

    def test_every_run_has_a_sandbox_of_its_own_and_finds_nothing_of_another(self):
        client = self.warm()
        leave = ("import os, subprocess\nprint(sorted(os.listdir('/tmp')), len([each for each in os.listdir('/proc') if each.isdigit()]), os.listdir('/sandbox'))\n"
                 "open('/tmp/left', 'w').close(); open('/sandbox/left', 'w').close(); open('/dev/shm/left', 'w').close()\n"
                 "subprocess.Popen(['sleep', '1000'], start_new_session=True)\n")
        said = []
        for number in range(5):
            if number:
                self.waiting(client)
            result = self.run_code(client, leave, runId=f"own-{number}")
            self.assertEqual(result["verdict"], "ok", result)
            said.append(result["stdout"])
        self.assertEqual(len(set(said)), 1, said)
        self.assertEqual(len(self.seen), 4)
        taken = self.taken(client)
        self.assertEqual([run for run, _ in taken], [f"own-{number}" for number in range(1, 5)])
        self.assertEqual(len({sandbox for _, sandbox in taken}), 4)
        self.assert_nothing_left(2)

    def test_limits_hold_in_one_that_waited(self):
        client = self.warm()
        spec = {"language": "python", "limits": {"memory": "64m", "pids": 20, "timeout": 2}}
        for code, verdict in (("print('fits')", "ok"), ("x = bytearray(200 << 20)", "out_of_memory"),
                              ("import os\nfor _ in range(100): os.fork() or __import__('time').sleep(60)", "process_limit"),
                              ("while True: pass", "timeout"), ("for n in range(30_000): open(f'/tmp/{n}', 'w').close()", "disk_limit")):
            if verdict != "ok":
                self.waiting(client)
            with self.subTest(verdict):
                result = self.result(client, "run", code=code, **spec)
                self.assertEqual(result["verdict"], verdict, result)
        self.assertEqual(len(self.taken(client)), 4)

    def test_another_image_memory_or_network_has_its_own(self):
        client = self.warm()
        self.run_code(client, "print(1)")
        waiting = self.waiting(client)
        for more in ({"limits": {"memory": "65m"}}, {"image": SHELL, "language": "shell"}, {"limits": {"cpus": 0.5}}):
            result = self.result(client, "run", code="echo 1" if "image" in more else "print(1)", **({"language": "python"} | more))
            self.assertEqual((result["verdict"], result["stdout"]), ("ok", "1\n"))
        self.assertTrue(waiting <= {each["Id"] for each in self.listed(client)})
        self.assertEqual(self.taken(client), [])

    def test_an_image_with_a_new_tag_is_the_one_that_runs(self):
        connection = engine.connection()
        def tag(image):
            connection.request("POST", f"/images/{image}/tag?repo=dind-test-again&tag=1")
            self.assertEqual(connection.getresponse().read(), b"")
        def remove():
            connection.request("DELETE", "/images/dind-test-again:1?force=1")
            connection.getresponse().read()
        self.addCleanup(connection.close)
        self.addCleanup(remove)
        tag(SHELL)
        client = self.warm()
        def where():
            return self.result(client, "run", command="command -v python3 || echo none", image="dind-test-again:1")["stdout"]
        self.assertEqual(where(), "none\n")
        self.waiting(client)
        self.assertEqual(where(), "none\n")
        tag(PYTHON)
        wait.until(lambda: where() == "/usr/bin/python3\n", 5)
        tag(SHELL)
        wait.until(lambda: where() == "none\n", 5)

    @alone
    def test_cancel_input_and_output_of_one_that_waited(self):
        client = self.warm()
        self.run_code(client, "print(1)")
        self.waiting(client)
        asked = self.endless(client, "stopped")
        begun = time.monotonic()
        self.assertEqual(self.result(client, "run/cancel", runId="stopped"), {"cancelled": 1})
        self.assertEqual(client.reply(asked)["result"]["verdict"], "cancelled")
        self.assertLess(time.monotonic() - begun, 0.6)
        self.waiting(client)
        result = self.result(client, "run", code="import sys; print(len(sys.stdin.read()))", language="python", stdin="x" * 500_000)
        self.assertEqual(result["stdout"], "500000\n")
        self.waiting(client)
        result = self.run_code(client, "print('y' * 300_000)")
        self.assertEqual((result["verdict"], result["stdoutBytes"]), ("ok", 300_001))
        self.assertEqual(len(self.taken(client)), 3)

    def test_the_servers_end_takes_them_along_however_it_comes(self):
        for how in (signal.SIGTERM, signal.SIGKILL, None):
            with self.subTest(how):
                client = self.warm()
                self.run_code(client, "print(1)")
                self.waiting(client)
                begun = time.monotonic()
                if how is None:
                    client.child.stdin.close()
                else:
                    client.child.send_signal(how)
                client.child.wait(LIMIT)
                self.assert_nothing_left(2)
                self.assertLess(time.monotonic() - begun, 3)

    def test_one_that_is_removed_by_somebody_is_no_runs_problem(self):
        client = self.warm()
        self.run_code(client, "print(1)")
        for each in self.waiting(client):
            connection = engine.connection()
            connection.request("DELETE", f"/containers/{each}?force=1")
            connection.getresponse().read()
            connection.close()
        self.assertEqual(self.run_code(client, "print(2)")["stdout"], "2\n")

    def test_languages_of_the_configuration_wait_before_the_first_run(self):
        client = self.warm(warmPool={"languages": ["python"]})
        self.waiting(client)
        self.assertEqual(self.run_code(client, "print(1)", runId="first")["stdout"], "1\n")
        self.assertEqual([run for run, _ in self.taken(client)], ["first"])

    def test_none_where_the_operator_wants_none_and_idle_ones_go(self):
        client = self.warm(warmPool={"max": 0})
        self.run_code(client, "print(1)")
        self.run_code(client, "print(1)")
        self.assertEqual(self.listed(client), [])
        self.assertEqual(self.taken(client), [])
        client = self.warm(warmPool={"maxIdle": "1s"})
        self.run_code(client, "print(1)")
        self.waiting(client)
        wait.until(lambda: not self.listed(client), 5)

    def test_a_burst_beyond_what_waits_is_answered_whole(self):
        client = self.warm(warmPool={"max": 2})
        self.run_code(client, "print(1)")
        self.waiting(client)
        asked = [client.ask("runPythonCode", {"code": f"print({number})"}) for number in range(16)]
        for number, each in enumerate(asked):
            self.assertEqual(client.reply(each)["result"]["stdout"], f"{number}\n")
        self.waiting(client, 2)

    def test_an_endless_run_has_the_next_one_waiting_beside_it(self):
        client = self.warm()
        asked = self.endless(client, "long")
        wait.until(lambda: [each for each in self.listed(client) if each["State"] == "running"])
        self.result(client, "run/cancel", runId="long")
        client.reply(asked)

    def test_the_workspace_is_that_of_now(self):
        workspace = self.folder / "workspace"
        workspace.mkdir()
        os.chown(workspace, 1234, 1234)
        client = self.warm(workspace={"path": str(workspace)})
        command = {"command": "cat /workspaces/file; id -u", "image": SHELL, "workspace": "readWrite"}
        (workspace / "file").write_text("before\n")
        self.assertEqual(self.result(client, "run", **command)["stdout"], "before\n1234\n")
        self.waiting(client)
        (workspace / "file").write_text("after\n")
        self.assertEqual(self.result(client, "run", **command)["stdout"], "after\n1234\n")
        self.assertEqual(self.result(client, "run", **(command | {"workspace": "readOnly", "command": "touch /workspaces/x || echo refused"}))["stdout"], "refused\n")
        self.assertEqual(len(self.taken(client)), 1)

