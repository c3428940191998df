"""What a program with `--network internet` can reach: the way out, and nothing near. No packet of these tests leaves the machine."""
import json

from case import SandboxTest, engine

import engine_api

LOOK = r"""
import errno, json, socket, struct, sys
def routes():
    for line in open("/proc/net/route").read().splitlines()[1:]:
        fields = line.split()
        yield [fields[0]] + [socket.inet_ntoa(struct.pack("<I", int(fields[i], 16))) for i in (1, 2, 7)]
gateway = next(gateway for _, to, gateway, mask in routes() if to == "0.0.0.0" and gateway != "0.0.0.0")
def tcp(host, port):
    with socket.socket() as s:
        s.settimeout(3)
        try:
            s.connect((host, port))
            return "connected"
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))
def way(host, port):  # connecting a datagram socket asks the routes and sends nothing
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect((host, port))
            return "way"
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))
near = [gateway] + sys.argv[1:]
def add_route():
    # RTM_NEWROUTE of a default route: what would undo the fence
    message = struct.pack("=IHHII", 28, 24, 0x405, 1, 0) + struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 4, 0, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.send(message)
        return struct.unpack("=i", s.recv(4096)[16:20])[0]
print(json.dumps({
    "gateway": gateway,
    "tcp": {host: [tcp(host, port) for port in (22, 80, 2375, 2376)] for host in near},
    "private": {host: way(host, 80) for host in ("10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "0.1.2.3")},
    "public": way("203.0.113.7", 443),
    "dns": way(gateway, 53),
    "loopback": way("127.0.0.1", 80),
    "ipv6": [line.split()[-1] for line in open("/proc/net/if_inet6")] if __import__("os").path.exists("/proc/net/if_inet6") else [],
    "route": add_route(),
}))
"""


class Internet(SandboxTest):
    def look(self, *near):
        done = self.call("run", "--quiet", "--network", "internet", self.python(LOOK), "--", *near)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

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

    def test_sandboxes_with_a_network_do_not_see_each_other(self):
        other = self.start("run", "--quiet", "--network", "internet", self.python("print('up', flush=True)\nimport time; time.sleep(60)", "other.py"))
        self.assertEqual(other.stdout.readline(), b"up\n")
        inspected = [engine("GET", f"/containers/{each}/json") for each in engine_api.our_containers() - self.before]
        addresses = [network["IPAddress"] for each in inspected for network in each["NetworkSettings"]["Networks"].values() if network["IPAddress"]]
        self.assertEqual(len(addresses), 1)
        self.assertEqual(set(self.look(*addresses)["tcp"][addresses[0]]), {"EHOSTUNREACH"})
        other.terminate()
        other.wait()

    def test_many_at_once_and_stopped_at_once_leave_nothing(self):
        path = self.python("print(1)")
        children = [self.start("run", "--quiet", "--network", "internet", path) for _ in range(4)]
        stopped = [self.start("run", "--quiet", "--network", "internet", path) for _ in range(2)]
        for child in stopped:
            child.terminate()
        for child in children:
            self.assertEqual(child.stdout.read(), b"1\n")
            self.assertEqual(child.wait(), 0)
        for child in stopped:
            child.wait()

    def test_an_operator_can_forbid_it(self):
        config = self.file("config.json", '{"limits": {"allowInternet": false}}')
        self.assert_refused(self.call("run", "--network", "internet", self.python("print(1)"), env=self.environment(DIND_CONFIG=config)), "not allowed")
