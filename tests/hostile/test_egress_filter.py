"""The egress filter alone, in a temporary network: with its packet filter, and without it, as on a kernel without nf_tables. No packet leaves the machine."""
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

from hostile_case import source
from knocks import Bridge

SUPERVISOR = pathlib.Path(os.environ.get("DIND_EXECUTOR", pathlib.Path(__file__).resolve().parents[2] / "build/dev/dind-executor")).parent / "server/supervisor/supervisor"
GATEWAY, ANOTHER, FAR = "10.213.0.1", "192.168.213.1", "203.0.113.7"
OWN = ("203.0.113.50", "198.51.100.9")  # public addresses that the engine's machine also has
NETNS = 0x40000000  # CLONE_NEWNET
IPV4, DEVICES = 2, 5  # families of nf_tables


def without_filter():
    """Deletes the tables of the egress filter, as if the kernel had no nf_tables."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as s:
        for family in (IPV4, DEVICES):
            body = struct.pack("=BBH", family, 0, 0) + struct.pack("=HH5s3x", 9, 1, b"dind\0")
            message = struct.pack("=IHHII", 20, 0x10, 1, 1, 0) + struct.pack("=BBH", 0, 0, socket.htons(10))
            message += struct.pack("=IHHII", 16 + len(body), 10 << 8 | 2, 5, 2, 0) + body
            message += struct.pack("=IHHII", 20, 0x11, 1, 3, 0) + struct.pack("=BBH", 0, 0, socket.htons(10))
            s.send(message)
            error = struct.unpack("=i", s.recv(4096)[16:20])[0]
            if error:
                raise OSError(-error, os.strerror(-error))


class EgressFilterTest(unittest.TestCase):
    """A bridge with two addresses in one namespace, and the network of a sandbox in another. Threads enter the namespaces."""

    def setUp(self):
        self.names = [f"dind-test-{os.getpid()}-{side}" for side in ("engine", "sandbox")]
        for name in self.names:
            self.ip("netns", "add", name)
            self.addCleanup(self.ip, "netns", "delete", name)
        outer, inner = self.names
        self.ip("-n", outer, "link", "add", "bridge", "type", "bridge")
        self.ip("-n", outer, "address", "add", GATEWAY + "/24", "dev", "bridge")
        self.ip("-n", outer, "address", "add", ANOTHER + "/24", "dev", "bridge")
        self.ip("-n", outer, "link", "add", "peer", "type", "veth", "peer", "name", "eth0", "netns", inner)
        self.ip("-n", outer, "link", "set", "peer", "master", "bridge", "up")
        self.ip("-n", outer, "link", "set", "bridge", "up")
        self.ip("-n", outer, "link", "set", "lo", "up")
        self.ip("-n", inner, "address", "add", "10.213.0.2/24", "broadcast", "+", "dev", "eth0")
        for device in ("lo", "eth0"):
            self.ip("-n", inner, "link", "set", device, "up")
        self.ip("-n", inner, "route", "add", "default", "via", GATEWAY)
        self.within(lambda: pathlib.Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1"))

    def ip(self, *arguments):
        subprocess.run(["ip", *arguments], check=True, env=os.environ | {"PATH": "/usr/sbin:/sbin:" + os.environ["PATH"]})

    def within(self, what, side=1):
        """Calls `what` in the network of the sandbox, or of the engine (side 0), and returns its value."""
        result = []

        def run():
            import ctypes
            with open(f"/run/netns/{self.names[side]}") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), NETNS) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(what())
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return result[0]

    def install_filter(self, *arguments):
        return self.within(lambda: subprocess.run([SUPERVISOR, "--egress-filter", *arguments], capture_output=True, text=True, timeout=20))

    def switch(self, name, value=None):
        """Sets a switch of the sandbox's network, if a value is given, and returns its value."""
        path = pathlib.Path("/proc/sys/net") / name
        return self.within(lambda: (path.write_text(value) if value else None, path.read_text().strip())[1])

    def machine_routes(self):
        """A file with the routes to the addresses of the engine's machine."""
        for address in OWN:
            self.ip("-n", self.names[0], "address", "add", address + "/32", "dev", "lo")
        text = self.within(lambda: pathlib.Path("/proc/thread-self/net/fib_trie").read_text(), 0)
        file = tempfile.NamedTemporaryFile("w", prefix="dind-fib-")  # noqa: SIM115: it must exist until the test ends
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        return file.name

    def knock(self, *arguments):
        """Runs programs/knock.py in the sandbox's network. Returns the kinds of the frames that arrived at the bridge."""
        bridge = self.within(lambda: Bridge("bridge"), 0)
        self.within(bridge.start, 0)
        done = self.within(lambda: subprocess.run([sys.executable, "-c", source("knock.py"), GATEWAY, ANOTHER, "10.213.0.77", "169.254.169.254", "far=" + FAR, *arguments], capture_output=True, text=True, timeout=50))
        self.within(bridge.end, 0)
        self.addressed = {socket.inet_ntoa(frame[30:34]) for frame in bridge.frames if frame[12:14] == b"\x08\0"}
        self.assertEqual((done.returncode, done.stdout), (0, "{}\n"), done.stderr)
        self.said = done.stderr
        return bridge.kinds

    def test_without_a_filter_the_packets_arrive(self):
        arrived = self.knock()
        for host in (GATEWAY, ANOTHER, "255.255.255.255", "10.213.0.255", "224.0.0.1", "239.255.255.250"):
            self.assertIn(f"protocol 17 to {host}", arrived)
        self.assertIn("far", arrived)

    def test_with_the_filter_nothing_private_arrives_from_any_kind_of_socket(self):
        done = self.install_filter()
        self.assertEqual((done.returncode, done.stdout), (0, "filtered: routes, neighbours, packets, frames\n"))
        self.assertEqual(set(self.knock()) - {"answer"}, {"far"}, self.said)

    def test_without_the_packet_filter_a_program_reaches_no_address_of_the_engines_machine(self):
        """Only the filter stops raw sockets, which a program can't have, and multicast groups."""
        self.assertEqual(self.install_filter().returncode, 0)
        self.within(without_filter)
        arrived = self.knock("unprivileged=1")
        self.assertEqual(set(arrived) - {"answer"}, {"far", "protocol 17 to 239.255.255.250"}, self.said)

    def test_the_machines_own_public_addresses_are_as_near_as_its_gateway(self):
        """S08: This also holds without the packet filter, and for a datagram that names its device."""
        routes = self.machine_routes()
        for address in OWN:
            self.knock(address)
            self.assertIn(address, self.addressed, "without the filter it arrives")
        self.ip("-n", self.names[1], "neigh", "flush", "dev", "eth0")  # a new sandbox knows no neighbours
        done = self.install_filter(routes)
        self.assertEqual((done.returncode, done.stdout), (0, "filtered: routes, neighbours, packets, frames\n"))
        self.assertEqual(set(self.knock(*OWN)) - {"answer", "dns"}, {"far"}, self.said)
        self.assertEqual(self.addressed - {FAR}, set(), self.said)
        self.within(without_filter)
        self.knock("unprivileged=1", *OWN)
        self.assertEqual(self.addressed & set(OWN), set(), self.said)

    def test_the_filter_is_not_installed_if_it_can_not_read_the_machines_addresses(self):
        done = self.install_filter("/proc/self/mem")
        self.assertEqual((done.returncode, done.stdout[:44]), (1, "not filtered: the machine's own addresses: I"))

    def test_a_device_with_ipv6_is_not_filtered(self):
        """S08: no rule filters IPv6; only one switch turns it off."""
        for device in ("all", "eth0"):
            self.switch(f"ipv6/conf/{device}/disable_ipv6", "0")
        self.ip("-n", self.names[1], "address", "add", "2001:db8::2/64", "dev", "eth0", "nodad")
        done = self.install_filter()
        self.assertEqual((done.returncode, done.stdout), (1, "not filtered: IPv6 is on at eth0\n"))

    def test_the_filter_of_sources_is_turned_off(self):
        """N01: from API 1.46 on, an engine sets no switch of a device. With the filter of sources, the gateway's requests would be dropped."""
        self.switch("ipv4/conf/eth0/rp_filter", "1")
        done = self.install_filter()
        self.assertEqual((done.returncode, self.switch("ipv4/conf/eth0/rp_filter")), (0, "0"), done.stdout)

    def test_the_filter_is_not_installed_if_it_finds_no_gateway(self):
        self.ip("-n", self.names[0], "link", "set", "bridge", "down")
        done = self.install_filter()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"not filtered: the gateway's hardware address: .+\n")

    def test_without_the_right_to_change_the_network_no_filter_is_installed(self):
        done = self.within(lambda: subprocess.run(["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", SUPERVISOR, "--egress-filter"], capture_output=True, text=True, timeout=20))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("not filtered: ", done.stdout)


if __name__ == "__main__":
    unittest.main()
