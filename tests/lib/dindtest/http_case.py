"""The base class of tests of `serve --listen`: a server, requests with and without a library, and events."""
import http.client
import json
import re
import socket
import time

from dindtest import wait
from dindtest.client_case import ClientCase
from dindtest.program import LIMIT

JSON = {"Content-Type": "application/json"}
ENDLESS = "import sys, time\nsys.stdout.write('up\\n')\ntime.sleep(1000)"  # print writes the line's end apart


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class HttpCase(ClientCase):
    ARGUMENTS = ("--listen", "127.0.0.1:0")

    def serve(self, *arguments, env=None, config=None):
        env = dict(env or {})
        if config is not None:
            path = self.folder / "config.json"
            path.write_text(json.dumps(config))
            env["DIND_CONFIG"] = str(path)
        return self.start_server(*(arguments or self.ARGUMENTS), env=env)

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
        """(connection, reply) of a run whose events the reply carries; read them with `event`."""
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
        """Sends bytes as they are; all that the server sends until it closes."""
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
        """Compares the statuses of all replies in the bytes of an answer."""
        found = tuple(int(each) for each in re.findall(rb"(?m)^HTTP/1\.[01] (\d+) ", answer))
        self.assertEqual(found, statuses, answer[:2000])

    def gone_within(self, seconds):
        """Waits until no container of the test is left but warm sandboxes; how many seconds it took."""
        begun = time.monotonic()
        wait.until(lambda: not self.new_containers(warm=False), seconds)
        return time.monotonic() - begun
