"""Reads the frames that arrive at a bridge from a sandbox, and classifies them. programs/knock.py sends them."""
import collections
import pathlib
import socket
import struct
import threading
import time

SO_RCVBUFFORCE, SOL_PACKET, PACKET_STATISTICS = 33, 263, 6  # not in Python's socket

NEAR_BLOCKS = ((0x00000000, 8), (0x0A000000, 8), (0x64400000, 10), (0xA83F8110, 32), (0xA9FE0000, 16), (0xAC100000, 12), (0xC0000000, 24), (0xC0A80000, 16), (0xC6120000, 15), (0xE0000000, 4), (0xF0000000, 4))


def is_near(address):
    number = int.from_bytes(address, "big")
    return any(number >> (32 - bits) == block >> (32 - bits) for block, bits in NEAR_BLOCKS)


def kind_of(frame):
    """The kind of a frame from a sandbox: for ARP 'answer', 'announcement' or 'question'; 'far'; 'dns'; or a text that describes an unexpected frame."""
    if frame[12:14] == b"\x08\x06":
        asks, sender, own, wanted = frame[20:22] == b"\0\1", frame[6:12], frame[28:32], frame[38:42]
        if sender == frame[22:28] and asks:
            return "announcement" if own == wanted else "question"
        return "answer" if sender == frame[22:28] and frame[0] != 255 else f"ARP {frame[14:42].hex()}"
    if frame[12:14] != b"\x08\0":
        return f"frame of {frame[12:14].hex()} to {frame[:6].hex(':')}"
    head = 4 * (frame[14] & 15)
    if frame[23] in (6, 17) and int.from_bytes(frame[14 + head + 2:14 + head + 4], "big") == 53:
        return "dns"
    return f"protocol {frame[23]} to {socket.inet_ntoa(frame[30:34])}" if is_near(frame[30:34]) else "far"


class Bridge(threading.Thread):
    """Records every frame from a sandbox that arrives at the machine of a bridge; `kinds` counts their kinds. It does not see what the bridge drops."""
    END = b"the end of the knocking"

    def __init__(self, bridge):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)  # the default size is soon full
        self.socket.bind((bridge, 3))
        self.socket.settimeout(0.2)
        self.carrier = pathlib.Path("/sys/class/net", bridge, "carrier")
        self.frames, self.ending = [], False

    def run(self):
        while True:
            ending = self.ending  # after this, no more frames come
            try:
                frame, (_, _, kind, _, _) = self.socket.recvfrom(2048)
            except TimeoutError:
                if ending and self.carrier.read_text() == "0\n":
                    return  # the bridge has no members any more, so it takes no frame
                continue
            except OSError:
                return
            if kind != 4:  # PACKET_OUTGOING: sent by the machine itself
                self.frames.append(frame)
            if self.END in frame:
                return

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Frames keep their order. So when a frame of this machine arrives, all earlier frames have arrived."""
        bridge = self.socket.getsockname()[0]
        self.ending = True
        until = time.monotonic() + 10
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            while self.is_alive() and time.monotonic() < until:  # the kernel may drop one
                s.sendto(b"\x02" * 12 + b"\x88\xb5" + self.END, (bridge, 0))
                self.join(0.2)
        dropped = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        self.socket.close()
        if self.is_alive() or dropped:
            raise RuntimeError(f"not every frame was seen: {dropped} were dropped" if dropped else "the bridge shows no frame any more")

    @property
    def kinds(self):
        return collections.Counter(map(kind_of, self.frames))
