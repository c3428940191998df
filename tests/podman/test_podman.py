"""Podman's Docker-compatible socket (N02): what runs there, in the same sandbox as on Docker, and what is refused."""
import json
import os
import re
import signal
import subprocess

from dindtest import engine
from dindtest.case import CliCase
from dindtest.other_engine import SCRIPT, engine_other
from dindtest.program import LIMIT, PYTHON, SHELL, program

KIND = f"podman-5-{os.environ.get('DIND_ENGINE_NAME', 'test')}"
LISTEN = """
import http.server, sys
server = http.server.ThreadingHTTPServer((sys.argv[1], 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port, flush=True)
server.serve_forever()
"""
REACH = """
import socket, sys
for host in sys.argv[2:]:
    try: socket.create_connection((host, int(sys.argv[1])), 3); print(host, 'open')
    except OSError: print(host, 'closed')
try: socket.getaddrinfo('pypi.org', 443); print('names resolve')
except OSError as e: print('no names', e)
"""
LOOK = """
import os
status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines())
print(status['Seccomp'].strip(), status['NoNewPrivs'].strip(), int(status['CapEff'], 16), int(status['CapBnd'], 16), os.getuid() > 0)
for path in ('/x', '/etc/x', '/.dind/x'):
    try: open(path, 'w'); print('wrote', path)
    except OSError: pass
import socket
print(socket.gethostbyname('localhost'), os.path.expanduser('~'))
try: socket.create_connection(('10.255.0.1', 80), 3); print('reached')
except OSError as e: print('no network')
"""


class Podman(CliCase):
    END_TIME = 15.0  # Podman takes longer to remove a container than Docker

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        started = engine_other("start", KIND)
        cls.addClassCleanup(engine_other, "stop", KIND)
        engine_other("load", KIND, PYTHON, SHELL)
        docker = os.environ.get("DOCKER_HOST")
        cls.addClassCleanup(lambda: os.environ.__setitem__("DOCKER_HOST", docker) if docker else os.environ.pop("DOCKER_HOST"))
        os.environ["DOCKER_HOST"] = re.search(r"DOCKER_HOST=(unix://[^\s;']+)", started)[1]

    def run_here(self, *arguments, **more):
        return self.call("run", "--quiet", *arguments, **more)

    def test_a_program_runs_in_the_same_sandbox(self):
        done = self.run_here(self.python(LOOK))
        self.assertEqual((done.returncode, done.stdout), (0, b"2 1 0 0 True\n127.0.0.1 /tmp\nno network\n"), done.stderr)
        done = self.run_here("--image", SHELL, "--", "sh", "-c", "cat; exit 7", input=b"a line\n")
        self.assertEqual((done.returncode, done.stdout), (7, b"a line\n"), done.stderr)

    def test_limits(self):
        for arguments, code, verdict in (
                (("--timeout", "1", self.python("import time; time.sleep(50)")), 124, "timeout"),
                (("--memory", "64m", self.python("x = bytearray(300 << 20)", "m.py")), 137, "out_of_memory"),
                (("--image", SHELL, "--", "sh", "-c", "head -c 2000000000 /dev/zero > /tmp/x"), None, "disk_limit")):
            with self.subTest(verdict):
                done = self.call("run", "--json", *arguments)
                result = json.loads(done.stdout.splitlines()[-1])["result"]
                self.assertEqual(result["verdict"], verdict, result)
                if code:
                    self.assertEqual(done.returncode, code)

    def test_a_workspace_and_what_is_written_there(self):
        folder = self.folder / "project"
        folder.mkdir()
        (folder / "main.py").write_text("open('made', 'w').write('here')\n")
        (folder / ".git").mkdir()
        os.chmod(self.folder, 0o755)
        for each in (folder, *folder.iterdir()):
            os.chown(each, 1000, 1000)
        done = self.run_here("--workspace", str(folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((folder / "made").stat().st_uid, 1000)
        done = self.run_here("--workspace", str(folder), "--", "sh", "-c", "touch .git/x")
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((folder / ".git/x").exists())

    def test_public_addresses_and_no_private_ones(self):
        address = "10.255.0.1"   # of the engine's own namespace
        listener = subprocess.Popen([SCRIPT, "in", KIND, "python3", "-c", LISTEN, "0.0.0.0"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (listener.kill(), listener.wait(), listener.stdout.close()))
        port = listener.stdout.readline().strip()
        gateway = self.network_gateway()
        done = self.run_here("--network", "internet", "--image", PYTHON, "--", "python3", "-c", REACH, port, address, gateway)
        self.assertEqual(done.stdout.decode().split("\n")[:3], [f"{address} closed", f"{gateway} closed", "names resolve"], done.stderr)
        # Without the egress filter it is open: so the test has seen the filter.
        probe = subprocess.run([SCRIPT, "in", KIND, "python3", "-c", REACH, port, address], capture_output=True, text=True, check=True, timeout=LIMIT)
        self.assertEqual(probe.stdout.split("\n")[0], f"{address} open")

    def network_gateway(self):
        self.run_here("--network", "internet", "--image", SHELL, "--", "true")   # which makes the network
        return engine.internet_networks()[0]["IPAM"]["Config"][0]["Gateway"]

    def test_an_end_by_force_leaves_nothing(self):
        for how in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(how):
                child = self.start("run", "--quiet", "--image", SHELL, "--", "sh", "-c", "echo up; sleep 1000")
                self.assertEqual(child.stdout.readline(), b"up\n")
                child.send_signal(how)
                child.wait(LIMIT)
                self.assert_nothing_left(20)

    def test_a_profile_that_was_removed_is_created_again(self):
        config = self.file("config.json", json.dumps({"warmPool": {"max": 0}}))
        child = subprocess.Popen([program(), "rpc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment(DIND_CONFIG=config))
        self.addCleanup(lambda: (child.stdin.close(), child.wait(LIMIT), child.stdout.close()))
        for again in (False, True):
            if again:
                volumes = [each["Name"] for each in engine.call("GET", "/volumes")["Volumes"] if each["Name"].startswith("dind-seccomp-")]
                self.assertEqual(len(volumes), 1)
                engine.call("DELETE", f"/volumes/{volumes[0]}")
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "runPythonCode", "params": {"code": "print(1)"}}).encode()
            child.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            child.stdin.flush()
            length = int(child.stdout.readline().split(b":")[1])
            child.stdout.readline()
            result = json.loads(child.stdout.read(length))["result"]
            self.assertEqual((result["verdict"], result["stdout"]), ("ok", "1\n"))

    def test_builds_are_refused_before_anything_is_done(self):
        (self.folder / "Dockerfile").write_text(f"FROM {SHELL}\nRUN touch /x\n")
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                config = self.file("config.json", json.dumps({"build": {"builder": builder}}))
                done = self.run_here("--dockerfile", str(self.folder / "Dockerfile"), env=self.environment(DIND_CONFIG=config))
                self.assertEqual(done.returncode, 125)
                self.assertRegex(done.stderr.decode(), r"is Podman 5\.\S+, on which dind-executor builds no image")
        self.assertEqual(engine.containers(), self.before)

    def test_gvisor_is_refused_with_what_to_do(self):
        done = self.run_here("--isolation", "gvisor", self.python("print(1)"))
        self.assertEqual(done.returncode, 125)
        self.assertIn("run with isolation runc, or use a Docker engine", done.stderr.decode())

    def test_doctor_says_what_is_different(self):
        text = self.call("doctor").stdout.decode()
        self.assertRegex(text, r"warning +podman +the engine is Podman 5\.")
        for right in ("test sandbox", "memory limit", "capabilities", "seccomp", "network", "network internet", "gVisor"):
            self.assertRegex(text, rf"ok +{right} ")
