"""What a program can reach, without a network and with `--network internet`: public addresses and nothing private. No packet of these tests leaves the machine."""
import io
import json
import os
import subprocess
import tarfile
import uuid

from dindtest import engine
from dindtest.jsonrpc import JsonRpcClient
from dindtest.program import PYTHON

from hostile_case import HostileTest, source
from knocks import Bridge, kind_of



class Internet(HostileTest):
    def look(self, *near):
        done = self.call("run", "--quiet", "--network", "internet", self.python(source("look_at_network.py")), "--", self.gateway(), *near)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def gateway(self):
        """The address of the engine's machine in a sandbox's network."""
        if not engine.internet_networks():
            self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python("print('ran')", "first.py")), 0, b"ran\n")
        return engine.internet_networks()[0]["IPAM"]["Config"][0]["Gateway"]

    def test_what_is_near_is_unreachable_and_what_is_far_is_not(self):
        seen = self.look("10.0.0.1", "192.168.1.1")
        for host, answers in seen["tcp"].items():
            # Not ECONNREFUSED: that would be an answer of the engine's machine.
            self.assertEqual(set(answers), {"EHOSTUNREACH"}, host)
        self.assertEqual(set(seen["private"].values()), {"EHOSTUNREACH"}, seen["private"])
        self.assertEqual((seen["public"], seen["dns"], seen["loopback"]), ("way", "way", "way"))
        self.assertEqual([name for name in seen["ipv6"] if name != "lo"], [])

    def test_the_program_can_not_undo_it(self):
        self.assertEqual(self.look()["route"], -1)  # EPERM

    def test_a_socket_bound_to_the_device_does_not_bypass_it(self):
        """If a bound socket finds no route, the kernel treats every address as one on the link."""
        done = self.call("run", "--quiet", "--network", "internet", self.python(source("bind_to_device.py")), "--", self.gateway())
        self.assert_run(done, 0, b"EPERM EHOSTUNREACH\n" * 3)

    def test_sandboxes_with_a_network_do_not_see_each_other(self):
        other = self.start("run", "--quiet", "--network", "internet", self.python("print('up', flush=True)\nimport time; time.sleep(60)", "other.py"))
        self.assertEqual(other.stdout.readline(), b"up\n")
        # One listing gives all addresses, because a helper container of the run may be removed at any moment.
        listed = [each for each in engine.call("GET", "/containers/json") if each["Id"] in self.new_containers()]
        addresses = [network["IPAddress"] for each in listed for network in each["NetworkSettings"]["Networks"].values() if network["IPAddress"]]
        self.assertEqual(len(addresses), 1)
        self.assertEqual(set(self.look(*addresses)["tcp"][addresses[0]]), {"EHOSTUNREACH"})
        other.terminate()
        other.wait()

    def test_many_at_once_and_stopped_at_once_leave_nothing(self):
        self.many_at_once()

    def test_many_at_once_agree_on_one_network_that_none_of_them_finds(self):
        engine.remove_internet_networks()
        self.many_at_once()
        # Two may be left for as long as runs use them; the next run removes one.
        self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python("print('ran')")), 0, b"ran\n")
        self.assertEqual(len(engine.internet_networks()), 1)

    def many_at_once(self):
        path = self.python("print(1)")
        children = [self.start("run", "--quiet", "--network", "internet", path) for _ in range(4)]
        stopped = [self.start("run", "--quiet", "--network", "internet", path) for _ in range(2)]
        for child in stopped:
            child.terminate()
        for child in children:
            said, errors = child.communicate()
            self.assertEqual((child.returncode, said), (0, b"1\n"), errors)
        for child in stopped:
            child.communicate()

    def test_networks_of_one_name_are_replaced(self):
        """The engine refuses a name that several networks have. Older versions created such networks."""
        engine.remove_internet_networks()
        for _ in range(2):
            engine.call("POST", "/networks/create", {"Name": "dind-executor-internet", "CheckDuplicate": False, "Labels": {"dind-executor.cache": "internet"}}, allow=(409,))
        self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python("print('ran')")), 0, b"ran\n")
        self.assertEqual(len(engine.internet_networks()), 1)

    def test_a_network_that_someone_removes_is_created_again(self):
        config = self.file("config.json", json.dumps({"warmPool": {"max": 0}}))
        client = JsonRpcClient(env=self.environment(DIND_CONFIG=config))
        self.addCleanup(client.close)
        for _ in range(3):
            answer = client.call("runPythonCode", {"code": "print('ran')", "network": "internet"})
            self.assertEqual(answer.get("result", answer).get("stdout"), "ran\n", answer)
            engine.remove_internet_networks()

    def test_an_operator_can_forbid_it(self):
        config = self.file("config.json", '{"limits": {"allowInternet": false}}')
        self.assert_refused(self.call("run", "--network", "internet", self.python("print(1)"), env=self.environment(DIND_CONFIG=config)), "not allowed")


# Addresses of the metadata services of clouds, of engines and of their networks.
NEAR = ("168.63.129.16", "169.254.169.254", "169.254.170.2", "100.100.100.200", "10.0.0.1", "10.96.0.1", "172.17.0.1", "172.31.255.254", "192.168.0.1", "192.0.0.192", "224.0.0.1", "255.255.255.255")


class PacketsAtHome(HostileTest):
    """Records at the engine's bridge what leaves the network `internet`, and drops it there."""

    def setUp(self):
        super().setUp()
        self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python("print('ran')")), 0, b"ran\n")  # creates the network
        network, = engine.internet_networks()
        self.network = network["Name"]
        self.near = (network["IPAM"]["Config"][0]["Gateway"], *NEAR)
        self.bridge = network.get("Options", {}).get("com.docker.network.bridge.name") or "br-" + network["Id"][:12]
        iptables = next(each for each in ("iptables", "iptables-nft", "iptables-legacy") if self.bridge in self.tables(each, "-S"))
        for entry in ("INPUT", "FORWARD"):
            for rule in ((entry, "-i", self.bridge, "-j", "DROP"), (entry, "-i", self.bridge, "-p", "udp", "--dport", "53", "-j", "RETURN")):  # the engine's own DNS questions
                self.tables(iptables, "-I", *rule)
                self.addCleanup(self.tables, iptables, "-D", *rule)

    def tables(self, program, *arguments):
        try:
            done = subprocess.run([program, "-w", *arguments], capture_output=True, text=True, env=os.environ | {"PATH": "/usr/sbin:/sbin:" + os.environ["PATH"]})
        except FileNotFoundError:
            return ""
        return done.stdout

    def image(self, changes, files):
        """Makes an image for the test: the image of Python with more `files` (path: text)."""
        made = engine.call("POST", "/containers/create", {"Image": PYTHON, "Cmd": ["true"]})["Id"]
        tag = f"dind-test-{os.getpid()}:knocks"
        try:
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as tar:
                for path, text in files.items():
                    info = tarfile.TarInfo(path)
                    info.size, info.mode = len(text), 0o755
                    tar.addfile(info, io.BytesIO(text.encode()))
            engine.call("PUT", f"/containers/{made}/archive?path=/", tar=packed.getvalue())
            engine.call("POST", f"/commit?container={made}&repo={tag.replace(':', '&tag=')}", changes)
        finally:
            engine.call("DELETE", f"/containers/{made}?force=1")
        self.addCleanup(engine.call, "DELETE", f"/images/{tag}?force=1", allow=(404, 409))
        return tag

    def assert_nothing_near(self, bridge, said):
        """Only these may arrive: answers to the bridge's questions, the question for the gateway before the filter is up, and the engine's questions for names."""
        self.assertEqual(set(bridge.kinds) - {"answer", "announcement", "question", "dns"}, set(), said)
        asked = {(frame[28:32], frame[38:42]) for frame in bridge.frames if kind_of(frame) == "question"}  # (sender, address): a kernel may repeat its question
        self.assertEqual(len(asked), 1, (asked, said))

    def test_without_a_filter_the_packets_are_seen(self):
        made = engine.call("POST", "/containers/create", {"Image": PYTHON, "Cmd": ["python3", "-c", source("knock.py"), *self.near[:2]], "HostConfig": {"NetworkMode": self.network}})["Id"]
        self.addCleanup(engine.call, "DELETE", f"/containers/{made}?force=1", allow=(404,))
        with Bridge(self.bridge) as bridge:
            engine.call("POST", f"/containers/{made}/start")
            engine.call("POST", f"/containers/{made}/wait")
        for kind in (f"protocol 17 to {self.near[0]}", f"protocol 6 to {self.near[0]}", f"protocol 1 to {self.near[0]}", "protocol 17 to 255.255.255.255"):
            self.assertIn(kind, bridge.kinds)
        self.assertGreater(bridge.kinds["question"], 10)

    def test_nothing_for_the_engine_metadata_or_a_private_address_leaves_the_sandbox(self):
        with Bridge(self.bridge) as bridge:
            done = self.call("run", "--quiet", "--network", "internet", self.python(source("knock.py")), "--", *self.near)
        self.assertEqual((done.returncode, done.stdout), (0, b"{}\n"), done.stderr)
        self.assert_nothing_near(bridge, done.stderr)

    def test_nothing_private_leaves_the_sandbox_of_an_installer(self):
        """The caller chooses the image of an installer, and so the code that runs in it."""
        knocking = source("knock.py").replace("sys.argv", repr(["", *self.near])) + "\nsys.exit(9)\n"
        image = self.image({}, {"usr/lib/python3/dist-packages/pip/__main__.py": knocking})
        with Bridge(self.bridge) as bridge:
            done = self.call("run", "--quiet", "--image", image, "--with", "six", self.python("print('never')"))
        self.assertEqual((done.returncode, done.stdout), (9, b""), done.stderr)
        self.assertIn(b"frames, said to be 0800", done.stderr)
        self.assert_nothing_near(bridge, done.stderr)

    def test_nothing_private_leaves_a_build_step_with_raw_sockets(self):
        image = self.image({}, {"knocks.py": source("knock.py")})
        dockerfile = self.file("Dockerfile", f"FROM {image}\nRUN python3 /knocks.py {' '.join(self.near)} 2>&1 && false # {uuid.uuid4().hex}\n")
        with Bridge(self.bridge) as bridge:
            done = self.call("run", "--quiet", "--dockerfile", dockerfile, env=self.environment(DOCKER_BUILDKIT="0"))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, rb'"packets without a frame": \["(?!EPERM)')  # it had raw sockets
        self.assert_nothing_near(bridge, done.stderr)

    def test_there_is_no_socket_of_the_engine_with_a_network_either(self):
        self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python(source("find_engine_sockets.py"))), 0, b"[]\n")


class NoNetwork(HostileTest):
    def test_there_is_no_interface_but_loopback_and_no_way_to_the_engine(self):
        bridge = engine.call("GET", "/networks/bridge")["IPAM"]["Config"] or []
        gateways = [each["Gateway"] for each in bridge if "Gateway" in each]
        targets = [(host, port) for host in gateways + ["127.0.0.1", "169.254.169.254", "203.0.113.7"] for port in (2375, 2376, 80)]
        path = self.python(f"TARGETS = {targets!r}\n" + source("reach_without_network.py"))
        _, text, _ = self.attack(path)
        self.assertEqual(text, "['lo']\n")


class NoNetworkUnderGvisor(NoNetwork):
    isolation = "gvisor"
