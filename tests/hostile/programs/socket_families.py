# Tries every socket family, and raw sockets. It prints the families that exist and the raw sockets that
# were possible.
#
# verdict: ok
# output: "[1, 2, 10, 16] []\n"
# gvisor: the same

import socket

found = set()
for family in range(46):
    for kind in (1, 2, 3, 4, 5, 10):
        try:
            socket.socket(family, kind).close()
            found.add(family)
        except OSError:
            pass
raw = []
for family in (socket.AF_INET, socket.AF_INET6):
    for protocol in (1, 6, 17, 58, 255):
        try:
            socket.socket(family, socket.SOCK_RAW, protocol).close()
            raw.append(protocol)
        except OSError:
            pass
print(sorted(found), raw)
