# Binds a socket to the device, by each of three options, and connects it to the engine's port at the address of its argument.
# It prints how each ended.

import errno, socket, struct, sys
index = socket.if_nametoindex('eth0')
for level, option, value in ((1, 25, b'eth0'), (1, 62, struct.pack('i', index)), (0, 50, struct.pack('!i', index))):
    with socket.socket() as s:
        s.settimeout(3)
        try: s.setsockopt(level, option, value)
        except OSError as error: print(errno.errorcode[error.errno], end=' ')
        print(errno.errorcode.get(s.connect_ex((sys.argv[1], 2375))))
