"""The compose files as they are shipped, with real `privileged: true`, on an engine that allows it (the test starts it).

The other files also run where a capability is missing, with an override. Here there is no override (K01).
"""
import json
import os
import re
import subprocess
import unittest

import test_1_start
import test_3_python
from dindtest.other_engine import engine_other
from stack import OURS, ROOT, UP, Stack, StackTest
from test_4_switches import COMPOSE

IMAGES = ("dind-executor/base:bookworm", "dind-executor/dind:bookworm", "dind-executor/backend:bookworm", "dind-executor/code-server:bookworm",
          "dind-executor/runtime-python:bookworm", "dind-executor/runtime-shell:bookworm", "dind-executor/test-python:bookworm", "dind-executor/test-node:bookworm")
CONNECT = """
import socket, sys
for port in (8000, 8001, 2375, 2376):
    probe = socket.socket(); probe.settimeout(2)
    try: probe.connect((sys.argv[1], port)); print(port, "open")
    except OSError: print(port, "closed")
"""
LISTEN = """
import socketserver, threading
for port in (8000, 8001):
    threading.Thread(target=socketserver.ThreadingTCPServer(("0.0.0.0", port), socketserver.BaseRequestHandler).serve_forever).start()
print("ready", flush=True)
"""
PING = """
import socket
probe = socket.socket(socket.AF_UNIX); probe.connect("/run/engine/docker.sock"); probe.sendall(b"GET /_ping HTTP/1.0\\r\\n\\r\\n"); print(probe.recv(15))
"""


class Privileged(StackTest):
    @classmethod
    def setUpClass(cls):
        kind = os.environ["DIND_PRIVILEGED_ENGINE"]
        started = engine_other("start", kind)
        cls.addClassCleanup(engine_other, "stop", kind)
        engine_other("load", kind, *IMAGES)
        host = re.search(r"DOCKER_HOST=(unix://[^\s;']+)", started)[1]
        cls.stack = Stack(host)
        cls.addClassCleanup(cls.stack.remove)

    def test_1_the_guides_command_starts_it_with_nothing_put_over_the_files(self):
        self.assertTrue(self.stack.privileged, "privileged containers don't start on this engine")
        self.assertIn("privileged: true", (self.stack.project / "docker-compose.dind.yml").read_text())
        self.typed(UP)
        self.stack.wait_healthy()
        self.assertTrue(self.stack.inspect("claude-dind")["HostConfig"]["Privileged"])
        self.assertNotIn("/proc/sys ", self.stack.dind("cat", "/proc/mounts").out)
        self.stack.load()

    def test_2_a_run_by_the_api(self):
        program = ("import urllib.request as u; print(u.urlopen(u.Request('http://127.0.0.1:8000/execute', b'{\"code\": \"print(6 * 7)\"}', "
                   "{'Content-Type': 'application/json'}), timeout=60).read().decode())")
        done = self.stack.inside("claude-backend", "python3", "-c", program)
        self.assertEqual(json.loads(done.stdout), {"success": True, "output": "42\n", "error": ""})

    def test_3_packages_and_a_network(self):
        program = ('from app.utils.dind_executor import get_executor as g; r = g().run_python_code("import six; print(six.__name__)", requirements=["six"]); '
                   'print(r["returncode"], r["stdout"], r["stderr"])')
        self.assertIn("0 six", self.stack.inside("claude-backend", "python3", "-c", program, timeout=200).out)

    def test_4_a_run_in_the_editors_container_and_its_folder_in_a_container(self):
        self.stack.inside("claude-code-server", "sh", "-c", "echo 'print(6 * 7)' > workspace/answer.py")
        done = self.stack.inside("claude-code-server", "dind-executor", "run", "--image", "python:3.11", "workspace/answer.py")
        self.assertIn("42", done.stdout.splitlines())
        seen = self.stack.inside("claude-code-server", "sh", "-c", f'cd workspace && docker run --rm -v "$PWD:/x" {OURS[1]} cat /x/answer.py')
        self.assertEqual(seen.out, "print(6 * 7)\n")

    def again(self, tests, *without):
        """These tests of the first engine's stack with this one, without those that can't hold here: a port is published in this engine's
        network namespace, where we are not, and the images come by one of their tags."""
        stack = self.stack

        class Here(tests):
            @classmethod
            def setUpClass(cls):
                cls.stack, cls.workspace = stack, stack.project / "workspace"

        for name in without:
            self.assertTrue(hasattr(Here, name))
            setattr(Here, name, None)
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Here).run(result)
        self.assertGreater(result.testsRun, 6)
        for test, why in result.failures + result.errors:
            with self.subTest(test.id()):
                self.fail(why)

    def test_5_every_python_block_of_the_guide(self):
        self.again(test_3_python.Python, "test_8_the_backends_own_api_answers_at_the_published_port")

    def test_5_the_guides_set_up_and_what_it_looks_at(self):
        self.again(test_1_start.Start, "test_05_the_editor_has_the_extension_and_is_reached_by_the_published_port",
                   "test_14_k08_k09_k23_logs_are_bounded_images_have_a_version_and_every_container_has_a_limit")

    def test_6_an_engine_in_a_pod_opens_the_ports_that_it_is_told_also_after_a_restart(self):
        """K02: a program that shares its network namespace can be reached from outside, and uses the engine through a socket."""
        self.addCleanup(self.stack.docker, "volume", "rm", "-f", "pod-run")
        self.addCleanup(self.stack.docker, "network", "rm", "pod")
        self.addCleanup(self.stack.docker, "rm", "-f", "-v", "pod-server", "pod-dind", "pod-holder", fine=True)
        self.stack.docker("network", "create", "pod")
        # As in a pod: the namespace outlives its containers.
        self.stack.docker("run", "-d", "--name", "pod-holder", "--network", "pod", OURS[1], "sleep", "infinity")
        self.stack.docker("run", "-d", "--privileged", "--name", "pod-dind", "--network", "container:pod-holder", "-v", "pod-run:/run/engine",
                          "-e", "DIND_SOCKET=/run/engine/docker.sock", "-e", "DIND_OPEN_PORTS=8000", "dind-executor/dind:bookworm")
        self.stack.docker("run", "-d", "--name", "pod-server", "--network", "container:pod-holder", "-v", "pod-run:/run/engine", OURS[0], "python3", "-c", LISTEN)
        address = self.stack.inspect("pod-holder")["NetworkSettings"]["Networks"]["pod"]["IPAddress"]
        for started in (1, 2):
            self.stack.wait_healthy("pod-dind")
            seen = self.stack.docker("run", "--rm", "--network", "pod", OURS[0], "python3", "-c", CONNECT, address).out
            self.assertEqual(seen.split("\n")[:4], ["8000 open", "8001 closed", "2375 closed", "2376 closed"], f"start {started}")
            self.assertIn("200 OK", self.stack.docker("exec", "--user", "1000:1000", "pod-server", "python3", "-c", PING).out)
            self.stack.docker("restart", "-t", "5", "pod-dind")
        # A sandbox of that engine can't reach the port.
        self.stack.wait_healthy("pod-dind")
        saved = subprocess.Popen(["docker", "save", OURS[0]], env=self.stack.environment, stdout=subprocess.PIPE)
        subprocess.run(["docker", "exec", "-i", "pod-dind", "docker", "load", "-q"], env=self.stack.environment, stdin=saved.stdout, check=True,
                       stdout=subprocess.DEVNULL, timeout=180)
        saved.wait()
        seen = self.stack.docker("exec", "pod-dind", "docker", "run", "--rm", OURS[0], "python3", "-c", CONNECT, address).out
        self.assertNotIn("open", seen)

    def test_7_it_stops_and_leaves_nothing(self):
        self.typed(f"{COMPOSE} down -v")
        label = f"label=com.docker.compose.project={self.stack.project.name}"
        for kind in ("container", "volume", "network"):
            self.assertEqual(self.stack.docker(kind, "ls", *(["-a"] if kind == "container" else []), "-q", "--filter", label).out, "", kind)
