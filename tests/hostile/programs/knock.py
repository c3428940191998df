# Tries every way to reach what is near its sandbox. It prints the ways that were answered, and on stderr how each way ended.
# Arguments: addresses near the sandbox, its gateway first; far=ADDRESS, an address that it must reach; unprivileged=1, no raw
# sockets.

import errno, fcntl, json, os, socket, struct, sys
far = [each[4:] for each in sys.argv[1:] if each.startswith("far=")]
near = [each for each in sys.argv[1:] if "=" not in each]
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def asked(code):
    return fcntl.ioctl(probe, code, struct.pack("256s", b"eth0"))
own, mask, hardware = asked(0x8915)[20:24], asked(0x891B)[20:24], asked(0x8927)[18:24]
index = socket.if_nametoindex("eth0")
everybody = socket.inet_ntoa(bytes(a | ~m & 255 for a, m in zip(own, mask)))
own = socket.inet_ntoa(own)
PKTINFO = [(socket.IPPROTO_IP, 8, struct.pack("i4s4s", index, bytes(4), bytes(4)))]
PKTINFO6 = [(socket.IPPROTO_IPV6, 50, struct.pack("16si", bytes(16), index))]
DONTROUTE = 4
ended = {}

def way(name):
    def run(what):
        for host in [None] if "to" not in what.__code__.co_varnames[:1] else near:
            try:
                outcome = what(host) if host else what()
            except OSError as error:
                outcome = errno.errorcode.get(error.errno, str(error))
            if str(outcome) not in ended.setdefault(name, []):
                ended[name].append(str(outcome))
    return run

def udp(family=socket.AF_INET, kind=socket.SOCK_DGRAM, protocol=0, bound=False, *options):
    s = socket.socket(family, kind, protocol)
    s.settimeout(0.3)
    if family == socket.AF_INET:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if bound:
        s.bind((own, 0))
    return s

@way("TCP")
def _(to):
    with socket.socket() as s:
        s.settimeout(0.3)
        return s.connect_ex((to, 2375)) and "none" or "connected"
@way("connected UDP")
def _(to):
    with udp() as s:
        s.connect((to, 2375)); return s.send(b"knock")
@way("UDP")
def _(to):
    with udp(bound=True) as s:
        return s.sendto(b"knock", (to, 2375))
@way("UDP, DONTROUTE")
def _(to):
    with udp() as s:
        return s.sendto(b"knock", DONTROUTE, (to, 2375))
@way("UDP that names its device")
def _(to):
    with udp() as s:
        return [s.sendmsg([b"knock"], PKTINFO, 0, (to, port)) for port in (2375, 2376, 111, 161)]
@way("UDP that names its device, DONTROUTE")
def _(to):
    with udp() as s:
        return s.sendmsg([b"knock"], PKTINFO, DONTROUTE, (to, 2375))
@way("UDP of IPv6's sockets that names its device")
def _(to):
    with udp(socket.AF_INET6) as s:
        return s.sendmsg([b"knock"], PKTINFO6, 0, ("::ffff:" + to, 2375))
@way("UDP by a source route")
def _(to):
    with udp() as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x83\x07\x04" + socket.inet_aton(to) + b"\0")
        return s.sendmsg([b"knock"], PKTINFO, 0, (to, 2375))
@way("ICMP that names its device")
def _(to):
    with udp(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as s:
        return s.sendmsg([b"\x08\0\0\0\0\1\0\1knock"], PKTINFO, 0, (to, 0))
for group in ("255.255.255.255", everybody, "224.0.0.1", "239.255.255.250"):
    @way("UDP to " + group)
    def _():
        with udp(bound=True) as s:
            return s.sendto(b"knock", (group, 2375))
    @way("UDP that names its device to " + group)
    def _():
        with udp() as s:
            return s.sendmsg([b"knock"], PKTINFO, 0, (group, 2375))
    @way("UDP by the device of groups to " + group)
    def _():
        with udp() as s:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), index))
            return s.sendto(b"knock", (group, 2375))
for host in ("ff02::1", "fe80::1", "fd00::1", "::ffff:169.254.169.254"):
    @way("IPv6 to " + host)
    def _():
        with udp(socket.AF_INET6) as s:
            return s.sendmsg([b"knock"], PKTINFO6, 0, (host, 2375, 0, index if host[:2] in ("ff", "fe") else 0))

# What a build's steps may, and a program may not: raw sockets, sockets that are bound to a device.
if "unprivileged=1" in sys.argv:
    def way(name):
        return lambda what: None
def header(to, protocol=17, payload=struct.pack("!HHHH", 1000, 2375, 13, 0) + b"knock"):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, socket.inet_aton(own), socket.inet_aton(to))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack("!H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + head[12:] + payload
known = [bytes.fromhex(line.split()[3].replace(":", "")) for line in open("/proc/net/arp").read().splitlines()[1:]]
known = [each for each in known if each not in (hardware, bytes(6))] + [b"\xff" * 6, b"\x01\0\x5e\0\0\1"]
@way("TCP bound to the device")
def _(to):
    with socket.socket() as s:
        s.settimeout(0.3)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        return s.connect_ex((to, 2375)) and "none" or "connected"
@way("UDP bound to the device")
def _(to):
    with udp() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        return s.sendto(b"knock", (to, 2375))
@way("raw IP that names its device")
def _(to):
    with udp(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        return s.sendmsg([header(to)], PKTINFO, 0, (to, 0))
for bypass in (0, 1):
    for said in (0x0800, 0x0806, 0x86dd, 3):  # what the socket says of its frame
        @way(f"frames, said to be {said:04x}, bypass {bypass}")
        def _(to):
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
                if bypass:
                    s.setsockopt(263, 20, 1)
                for mac in known:
                    for inner in (b"\x08\0" + header(to), b"\x81\0\0\0\x08\0" + header(to), b"\x86\xdd" + header(to), b"\x08\0\x46" + header(to)[1:20] + bytes(4) + header(to)[20:],
                                  b"\x08\x06" + struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, hardware, socket.inet_aton(own), bytes(6), socket.inet_aton(to)),
                                  b"\x08\x06" + struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 2, hardware, socket.inet_aton(to), mac, socket.inet_aton(own))):
                        s.sendto(mac + hardware + inner, ("eth0", said))
            return len(known)
@way("packets without a frame")
def _(to):
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as s:
        for mac in known:
            s.sendto(header(to), ("eth0", 0x0800, 0, 0, mac))
        return len(known)
for host in far:
    with udp() as s:
        s.sendto(b"far", (host, 2375))
        s.sendmsg([b"far"], PKTINFO, 0, (host, 2375))
print(json.dumps(ended), file=sys.stderr)
print(json.dumps({name: outcomes for name, outcomes in ended.items() if "connected" in outcomes}))
