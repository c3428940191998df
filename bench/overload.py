"""`scripts/bench overload`: many requests at once. Each is answered once; what can't be queued is refused as `busy` at once; the rest run."""
import collections
import json
import os
import threading
import time

import engine
from restarts import all_gone
from processes import status
from server import Home, Server
from table import Table


class Raw:
    """Reads a server's stdout and records when each piece came. Messages are parsed later, so that parsing does not delay the answers."""

    def __init__(self, fd):
        self.fd, self.pieces = fd, []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while piece := os.read(self.fd, 1 << 20):
            self.pieces.append((time.monotonic(), piece))

    def messages(self):
        text, ends, total = b"".join(piece for _, piece in self.pieces), [], 0
        for at, piece in self.pieces:
            total += len(piece)
            ends.append((total, at))
        place, index = 0, 0
        while (head := text.find(b"\r\n\r\n", place)) >= 0:
            begin = head + 4
            end = begin + int(text[place:head].split(b":")[1])
            if end > len(text):
                return
            while ends[index][0] < end:
                index += 1
            yield ends[index][1], json.loads(text[begin:end])
            place = end


def frame(message):
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def measure(arguments, machine):
    count = arguments.requests
    table = Table(f"Overload: {count} requests at once to one server", machine)
    home = Home()
    server = Server(home, read=False, queuedRuns=min(128, count // 8))   # 128 is the default
    try:
        raw = Raw(server.child.stdout.fileno())
        program = home.file("print('here')\n").as_uri()

        def request(number):
            return frame({"jsonrpc": "2.0", "id": number, "method": "workspace/executeCommand",
                          "params": {"command": "dind.runFile", "arguments": [{"uri": program, "runId": f"over-{number}"}]}})

        first = [request(number) for number in range(10, 13)]
        for each in first:  # one-time work of the server is done
            server.child.stdin.write(each)
        server.child.stdin.flush()
        until = time.monotonic() + 30
        while sum(b'"id":%d,' % number in b"".join(piece for _, piece in raw.pieces) for number in range(10, 13)) < 3 and time.monotonic() < until:
            time.sleep(0.05)
        all_gone()
        memory = status(server.pid, "VmRSS")

        frames = [request(1000 + number) for number in range(count)]
        sent = {}
        fd = server.child.stdin.fileno()
        begun = time.monotonic()
        for number, each in enumerate(frames):
            sent[1000 + number] = time.monotonic()
            while each:
                each = each[os.write(fd, each):]
        written = time.monotonic() - begun
        answers = collections.defaultdict(list)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            time.sleep(0.5)
            answers.clear()
            for at, message in raw.messages():
                if "method" not in message and message.get("id", 0) >= 1000:
                    answers[message["id"]].append((at, message))
            if len(answers) == count:
                break
        time.sleep(0.5)  # a second answer would come now
        answers.clear()
        for at, message in raw.messages():
            if "method" not in message and message.get("id", 0) >= 1000:
                answers[message["id"]].append((at, message))

        ends = collections.Counter()
        busy, ran = [], []
        for number, given in answers.items():
            at, message = given[0]
            end = message["error"]["data"]["kind"] if "error" in message else message["result"]["verdict"]
            ends[end] += 1
            (busy if end == "busy" else ran).append(at - sent[number])
        table.say("requests written in", f"{written * 1000:.0f} ms")
        table.all_of("requests with exactly one answer", sum(len(given) == 1 for given in answers.values()), count)
        table.count("answers that are neither `ok` nor `busy`", count - ends["ok"] - ends["busy"])
        table.times("`busy`, from the request's sending", busy, 0.05)
        table.all_of("requests that were not refused and ran", ends["ok"], count - ends["busy"])
        if ran:
            table.say("those, until their answer", f"{min(ran):.2f} to {max(ran):.1f} s, {len(ran) / max(ran):.1f} runs a second")
        table.say("server memory", f"{memory / 2**20:.1f} MiB before, {status(server.pid, 'VmHWM') / 2**20:.1f} at most")
        all_gone()
        table.count("containers left", len(engine.containers()))
        table.note("ends: " + ", ".join(f"{end} {number}" for end, number in sorted(ends.items())))
    finally:
        server.kill()
        home.remove()
    return table
