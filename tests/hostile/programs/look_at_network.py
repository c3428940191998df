# Tries what is near a sandbox with a network: TCP to the addresses of its arguments (the first is the gateway), routes to
# private, public and local addresses, and a new default route. Connecting a datagram socket asks the routes and sends nothing.

import errno, json, os, socket, struct, sys
gateway = sys.argv[1]
def tcp(host, port):
    with socket.socket() as s:
        s.settimeout(3)
        try:
            s.connect((host, port))
            return "connected"
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))
def way(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect((host, port))
            return "way"
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))
near = sys.argv[1:]
def add_route():
    # RTM_NEWROUTE of a default route: which would undo the egress filter
    message = struct.pack("=IHHII", 28, 24, 0x405, 1, 0) + struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 4, 0, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.send(message)
        return struct.unpack("=i", s.recv(4096)[16:20])[0]
print(json.dumps({
    "gateway": gateway,
    "tcp": {host: [tcp(host, port) for port in (22, 80, 2375, 2376)] for host in near},
    "private": {host: way(host, 80) for host in ("10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254", "168.63.129.16", "100.64.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "0.1.2.3")},
    "public": way("203.0.113.7", 443),
    "dns": way(gateway, 53),
    "loopback": way("127.0.0.1", 80),
    "ipv6": [line.split()[-1] for line in open("/proc/net/if_inet6")] if os.path.exists("/proc/net/if_inet6") else [],
    "route": add_route(),
}))
