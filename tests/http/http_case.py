"""What the HTTP face's tests stand on: a server, requests with and without a library, events, a reader of metrics."""
import http.client
import json
import pathlib
import re
import socket
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "lsp"))
from lsp_client import LIMIT, program  # noqa: E402,F401
from lsp_case import LspCase, engine_api  # noqa: E402
from server import SMALL_QUARANTINE, Server  # noqa: E402,F401

JSON = {"Content-Type": "application/json"}
ENDLESS = "import sys, time\nsys.stdout.write('up\\n')\ntime.sleep(1000)"  # print writes the line's end apart


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class HttpCase(LspCase):
    ARGUMENTS = ("--listen", "127.0.0.1:0")

    def serve(self, *arguments, env=None, config=None):
        env = dict(env or {})
        if config is not None:
            path = self.folder / "config.json"
            path.write_text(json.dumps(config))
            env["DIND_CONFIG"] = str(path)
        server = Server(self.folder, *(arguments or self.ARGUMENTS), env=env)
        self.addCleanup(server.close)
        return server

    def connect(self, server):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
        self.addCleanup(connection.close)
        return connection

    def ask(self, server, method, path, body=None, headers=None, connection=None):
        """One request with the token; `body` may be JSON or bytes."""
        connection = connection or self.connect(server)
        fields = {"Authorization": f"Bearer {server.token}"} if server.token else {}
        if body is not None:
            fields |= JSON
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, data, {k: v for k, v in (fields | (headers or {})).items() if v is not None})
        reply = connection.getresponse()
        return Reply(reply.status, reply.headers, reply.read())

    def run_code(self, server, code, **more):
        return self.ask(server, "POST", "/runs", {"code": code, "language": "python", **more})

    def events(self, server, code, headers=None, **more):
        """A connection on which a run's events come; read them with `event`."""
        connection = self.connect(server)
        connection.request("POST", "/runs", json.dumps({"code": code, "language": "python", **more}).encode(),
                           JSON | {"Accept": "text/event-stream", "Authorization": f"Bearer {server.token}"} | (headers or {}))
        reply = connection.getresponse()
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, "text/event-stream; charset=utf-8"))
        return connection, reply

    def event(self, reply):
        """(name, data) of the next event; None at the end."""
        name = data = None
        while line := reply.readline():
            line = line.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif line == "" and name:
                return name, data
        return None

    def until_event(self, reply, wanted):
        while (each := self.event(reply)) is not None:
            if each[0] == wanted:
                return each[1]
        return self.fail(f"no event {wanted}")

    def raw(self, server, data, within=LIMIT, shut=False):
        """Sends bytes as they are; everything that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", server.port), timeout=within) as sock:
            try:
                sock.sendall(data)
                if shut:
                    sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it may have answered and closed already
            answer = b""
            try:
                while part := sock.recv(65536):
                    answer += part
            except ConnectionResetError:
                pass
            return answer

    def head(self, server, method="GET", path="/runs", *fields, token=True, host="localhost", version="1.1"):
        """The bytes of a request's header."""
        lines = [f"{method} {path} HTTP/{version}"] + ([f"Host: {host}"] if host is not None else [])
        if token and server.token:
            lines.append(f"Authorization: Bearer {server.token}")
        return ("\r\n".join([*lines, *fields]) + "\r\n\r\n").encode("latin-1")

    def assert_detail(self, reply, status, *said):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["Content-Type"], "application/json")
        for part in said:
            self.assertIn(part, reply.json()["detail"])

    def assert_status(self, answer, *statuses):
        """Of bytes that came back: the statuses of all replies in them."""
        found = tuple(int(each) for each in re.findall(rb"(?m)^HTTP/1\.[01] (\d+) ", answer))
        self.assertEqual(found, statuses, answer[:2000])

    def container_within(self, seconds=LIMIT):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if new := engine_api.our_containers(waiting=False) - self.before:
                return new
            time.sleep(0.01)
        return self.fail("no container appeared")

    def gone_within(self, seconds):
        """How long it takes until no container of ours is left."""
        begun = time.monotonic()
        while engine_api.our_containers(waiting=False) - self.before:
            if time.monotonic() - begun > seconds:
                self.fail(f"a container is there after {seconds} s")
            time.sleep(0.01)
        return time.monotonic() - begun


SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*)\})? (\S+)")


def parse_metrics(text):
    """Prometheus' text format 0.0.4, strictly: {family: (type, {(name, labels): value})}. Raises where it isn't that."""
    families, current = {}, None
    if not text.endswith("\n"):
        raise ValueError("the last line does not end")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, help_text = line[7:].partition(" ")
            if name in families or not help_text:
                raise ValueError(f"HELP of {name} twice, or without a text")
            current, families[name] = name, [None, {}]
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            if name != current or families[name][0] or families[name][1] or kind not in ("counter", "gauge", "histogram"):
                raise ValueError(f"TYPE out of place: {line}")
            families[name][0] = kind
        else:
            found = SAMPLE.fullmatch(line)
            if not found:
                raise ValueError(f"no sample: {line}")
            name, labels, value = found[1], found[2] or "", float(found[3])
            kind = families[current][0]
            allowed = {current + s for s in ("_bucket", "_sum", "_count")} if kind == "histogram" else {current}
            if name not in allowed or (name, labels) in families[current][1]:
                raise ValueError(f"sample out of place or twice: {line}")
            if kind == "counter" and (not name.endswith("_total") or value < 0):
                raise ValueError(f"no counter: {line}")
            families[current][1][name, labels] = value
    for name, (kind, samples) in families.items():
        if not kind or not samples:
            raise ValueError(f"{name} has no type or no sample")
        if kind == "histogram":
            buckets = [(float(re.search(r'le="([^"]+)"', labels)[1]), value) for (each, labels), value in samples.items() if each.endswith("_bucket")]
            if buckets != sorted(buckets) or [v for _, v in buckets] != sorted(v for _, v in buckets):
                raise ValueError(f"the buckets of {name} are not cumulative")
            if buckets[-1] != (float("inf"), samples[name + "_count", ""]):
                raise ValueError(f"+Inf of {name} is not its count")
    return families
