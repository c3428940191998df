"""How much one client can use of the server: its thread, its memory, its connections, its descriptors."""
import concurrent.futures
import json
import os
import resource
import socket
import subprocess
import time

from dindtest.http_case import JSON, HttpCase
from dindtest.program import LIMIT, SMALL_QUARANTINE, program

SERVED = 20  # seconds in which others must be served; a server whose thread is blocked needs minutes


class Thread(HttpCase):
    def taken(self, server, body, path="/runs", status=400, *said):
        """Sends a request while another client asks for the health. Both must be answered soon."""
        connection = self.connect(server)
        connection.request("POST", path, body, JSON | {"Authorization": f"Bearer {server.token}"})
        begun = time.monotonic()
        self.assertEqual(self.ask(server, "GET", "/healthz").status, 200)
        reply = connection.getresponse()
        text = reply.read().decode()
        self.assertLess(time.monotonic() - begun, SERVED)
        self.assertEqual(reply.status, status, text[:500])
        for part in said:
            self.assertIn(part, text)

    def test_bodies_that_take_long_to_read_elsewhere(self):  # S03
        server = self.serve()
        many = 200_001  # one more than the limit of a body
        for name, body, said in (
                ("objects in a list", b'{"args":[' + b"{}," * many + b"{}]}", "more than 200,000 values"),
                ("numbers", b"[" + b"1," * many + b"1]", "more than 200,000 values"),
                ("an object of objects", b"{" + b",".join(b'"%d":{}' % n for n in range(many)) + b"}", "values"),
                ("unknown fields", b'{"code":"1",' + b",".join(b'"%d":1' % n for n in range(60_000)) + b"}", "unknown field"),
                ("objects within the bound", b'{"code":"1","args":[' + b"{}," * 190_000 + b"{}]}", "a list of texts"),
                ("lists in lists", b"[" * 500_000, "nested more than 64"),
                ("objects in objects", b'{"a":' * 100_000, "nested more than 64"),
                ("the same key", b"{" + b'"code":1,' * 60_000 + b'"code":1}', 'duplicate key \\"code\\"'),
                ("one long text that does not end", b'{"code":"' + b"\\u0000" * 100_000, "not JSON")):
            with self.subTest(name):
                self.taken(server, body, "/runs", 400, said)
        self.assertLess(server.resident_kilobytes(), 500_000)

    def test_missing_fields_of_a_body_are_named(self):  # I20, S03
        server = self.serve()
        for body, said in ((b"", "is empty"), (b" ", "is empty"), (b'{"timeout": 1e999}', "a number that is too large: 1e999"), (b"{'code': 1}", "line 1, column 2"),
                           (b'{"code": "\xff"}', "UTF-8"), (b'{"code": "a", "timeout": 1, "timeout": 2}', 'duplicate key "timeout"')):
            for path in ("/runs", "/execute"):
                with self.subTest(body=body, path=path):
                    self.assert_detail(self.ask(server, "POST", path, body), 400 if path == "/runs" else 422, said)

    def test_many_variables_that_hold_secrets(self):  # S05
        server = self.serve()
        for count, length in ((2000, 40), (1001, 1), (300, 5000), (30_000, 40)):
            with self.subTest(count=count, length=length):
                env = {f"K{n}KEY": "a" * length + str(n) for n in range(count)}
                self.taken(server, json.dumps({"code": "a" * 200_000, "language": "python", "env": env}).encode(), "/runs", 400, "environment variables")
        for many in ({f"K{n}KEY": f"aa{n}" for n in range(100_000)}, {f"H{n}": "harmless" for n in range(20_000)}, {"KKEY": "a" * 10_000_000}):
            self.taken(server, json.dumps({"dockerfile": "FROM scratch", "buildArgs": many, "contextPath": "a" * 1_000_000}).encode(), "/runs", 400, "build arguments")
        allowed = {f"K{n}KEY": "a" * 40 + str(n) for n in range(1000)}
        self.taken(server, json.dumps({"code": "x = '" + "a" * 200_000 + "'\nprint('a' * 100)", "language": "python", "env": allowed}).encode(), "/runs", 200)


class Memory(HttpCase):
    def test_names_of_images_are_not_kept(self):  # S07
        server = self.serve(env=SMALL_QUARANTINE)
        before = server.resident_kilobytes()
        for n in range(40):
            name = "a" * 2_000_000 + str(n)
            reply = self.ask(server, "POST", "/runs", {"command": ["true"], "pull": "always", "image": name})
            self.assert_detail(reply, 400, "is not the name of an image")
            self.assertLess(len(reply.body), 2000)
        self.assert_detail(self.ask(server, "POST", "/runs", {"command": ["true"], "image": "a" * 513}), 400, "is not the name of an image")
        self.assertLess(server.resident_kilobytes() - before, 40_000)

    def test_dockerfiles_that_grow_when_they_are_read(self):  # S06
        server = self.serve(env=SMALL_QUARANTINE)
        before = server.resident_kilobytes()
        value = "FROM scratch\nENV B=" + "x" * 65_000 + "\n"
        for name, text in (("variables", value + "".join(f"ENV a{n}=$B\n" for n in range(30_000))), ("one line", value + "ENV" + "".join(f" a{n}=$B" for n in range(30_000))),
                           ("stages", "FROM scratch AS b\nENV A=" + "x" * 900_000 + "\n" + "FROM b AS b\n" * 450), ("words", value + "ADD ./" + "$B" * 400_000 + " /x")):
            with self.subTest(name):
                begun = time.monotonic()
                reply = self.ask(server, "POST", "/runs", {"dockerfile": text + "\nADD $B /x\n", "totalTimeout": 20})
                self.assertEqual(reply.status, 400, reply.body[:300])
                self.assertLess(time.monotonic() - begun, 2 * SERVED)
        self.assert_detail(self.ask(server, "POST", "/runs", {"dockerfile": "FROM scratch\n#" + "x" * (1 << 20)}), 400, "may have 1 MiB")
        self.assertLess(server.resident_kilobytes() - before, 250_000)

    def test_replies_that_nobody_reads(self):  # S11; their common bound: tests/unit/frontends/http/unread_replies_test.cpp
        server = self.serve(config={"serve": {"listen": "127.0.0.1:0"}, "concurrentRuns": 2}, env=SMALL_QUARANTINE)
        self.assertEqual(self.run_code(server, "print(1)").json()["stdout"], "1\n")
        before = server.resident_kilobytes()
        body = json.dumps({"code": "import sys\nsys.stdout.write('\\0' * (2 << 20))", "language": "python"}).encode()
        held = []
        for n in range(2):  # 12 MiB each, more than the kernel takes
            sock = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)
            self.addCleanup(sock.close)
            accept = ("Accept: text/event-stream",) if n % 2 else ()
            sock.sendall(self.head(server, "POST", "/runs", "Content-Type: application/json", f"Content-Length: {len(body)}", *accept) + body)
            held.append(sock)
        for sock in held:
            self.assertTrue(sock.recv(1, socket.MSG_PEEK))
        self.assertEqual(self.run_code(server, "print(2)").json()["stdout"], "2\n")  # others are served meanwhile
        for sock in held:
            sock.close()
        until = time.monotonic() + LIMIT
        while server.resident_kilobytes() > before + 16_000 and time.monotonic() < until:
            time.sleep(0.1)
        self.assertLess(server.resident_kilobytes(), before + 16_000)  # the memory goes back to the system

    def test_bodies_that_arrive_share_a_budget(self):  # S11
        server = self.serve(config={"serve": {"listen": "127.0.0.1:0", "maxBody": "240m"}}, env=SMALL_QUARANTINE)
        self.assertEqual(self.run_code(server, "print(1)").json()["stdout"], "1\n")
        before = server.resident_kilobytes()
        mebibyte = b"x" * (1 << 20)
        for name, fields, piece in (("a length", (f"Content-Length: {224 << 20}",), mebibyte), ("chunks", ("Transfer-Encoding: chunked",), b"100000\r\n" + mebibyte + b"\r\n")):
            with self.subTest(name):
                held = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)
                self.addCleanup(held.close)
                held.sendall(self.head(server, "POST", "/runs", "Content-Type: application/json", *fields))
                for _ in range(223):
                    held.sendall(piece)
                until = time.monotonic() + LIMIT
                while server.resident_kilobytes() < before + 215_000:  # what the server has read
                    self.assertLess(time.monotonic(), until)
                large = self.head(server, "POST", "/execute", "Content-Type: application/json", "Connection: close", f"Content-Length: {48 << 20}") + mebibyte * 48
                refused = self.raw(server, large)
                self.assert_status(refused, 503)
                head, body = refused.split(b"\r\n\r\n", 1)
                error = json.loads(body)["error"]
                self.assertEqual((error["kind"], error["httpStatus"]), ("busy", 503))
                self.assertIn("other requests use all 256 MiB", error["message"])
                self.assertIn(b"Retry-After: %d" % error["retryAfter"], head)
                self.assertEqual(self.run_code(server, "print(2)").json()["stdout"], "2\n")  # small requests are answered
                held.close()
                until = time.monotonic() + LIMIT
                while b" 503 " in (answer := self.raw(server, large))[:20]:  # until the server has noticed that
                    self.assertLess(time.monotonic(), until)
                self.assert_status(answer, 422)  # it was received, and is not JSON

    def test_what_a_run_may_keep(self):  # S11
        server = self.serve()
        self.assert_detail(self.run_code(server, "print(1)", keepOutputBytes=(16 << 20) + 1), 400, "16777216")
        self.assertEqual(self.run_code(server, "print(1)", keepOutputBytes=16 << 20).json()["stdout"], "1\n")


class Connections(HttpCase):
    def silent(self, server, count, first=b""):
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)
            self.addCleanup(sock.close)
            if first:
                sock.sendall(first)

    def test_silent_connections_block_no_other_client(self):  # S17
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = min(limit[1], 8000)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit[0], wanted), limit[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
        server = self.serve()
        working, reply = self.events(server, "import time\nprint('up', flush=True)\ntime.sleep(20)\nprint('end')")
        self.until_event(reply, "output")
        for name, count, first in (("silent", min(5000, wanted - 200), b""), ("half a header", 600, b"GET /runs HTTP/1.1\r\nHost: localhost\r\n"), ("half a body without a token", 600,
                                   b"POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n1234")):
            with self.subTest(name):
                self.silent(server, count, first)
                begun = time.monotonic()
                for _ in range(20):
                    self.assertEqual(self.ask(server, "GET", "/healthz").status, 200)
                self.assertEqual(self.ask(server, "POST", "/execute", {"code": "print(1)"}).json()["output"], "1\n")
                self.assertLess(time.monotonic() - begun, 4 * SERVED)
        self.assertEqual(self.until_event(reply, "finished")["stdout"], "up\nend\n")  # a connection in use is not closed
        working.close()

    def small(self):
        """A server that can hold about 20 connections."""
        (self.folder / "token").write_text("t0123456789abcdef\n")
        command = f"ulimit -n 64; exec {program()} serve --listen 127.0.0.1:0 --token-file token"
        base = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")}
        child = subprocess.Popen(["bash", "-c", command], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=base | {"HOME": str(self.folder)})
        self.addCleanup(child.communicate)
        self.addCleanup(child.terminate)

        class Small:
            port = int(child.stdout.readline().rsplit(":", 1)[1])
            token = "t0123456789abcdef"
        return Small

    def test_probes_with_unread_replies_block_no_other_client(self):  # S17
        server = self.small()
        for path in ("/livez", "/healthz", "/readyz"):
            with self.subTest(path):
                for _ in range(60):  # three times as many as fit
                    sock = socket.socket()
                    self.addCleanup(sock.close)
                    sock.settimeout(LIMIT)
                    # With so few requests, the server soon waits before it reads on.
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
                    sock.connect(("127.0.0.1", server.port))
                    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 500)
                begun = time.monotonic()
                for _ in range(5):
                    self.assertEqual(self.ask(server, "GET", "/livez").status, 200)
                self.assertEqual(self.ask(server, "POST", "/execute", {"code": "print(1)"}).json()["output"], "1\n")
                self.assertLess(time.monotonic() - begun, 2 * SERVED)

    def test_with_few_descriptors_it_is_busy_and_says_why(self):  # R09
        server = self.small()

        def one(_):
            reply = self.ask(server, "POST", "/execute", {"code": "print(1)"})
            return reply.status, reply.body
        with concurrent.futures.ThreadPoolExecutor(40) as pool:  # twice as many as fit
            answers = list(pool.map(one, range(40)))
        self.assertEqual({status for status, _ in answers} - {200, 429}, set(), answers)
        self.assertGreater(sum(status == 200 for status, _ in answers), 5)
        for status, body in answers:
            if status == 429:
                self.assertNotIn(b"Is dockerd running", body)
        self.assertEqual(self.ask(server, "POST", "/execute", {"code": "print(2)"}).json()["output"], "2\n")  # it recovers

    def test_the_limit_of_descriptors_is_raised(self):  # R09
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit[1] <= 256:
            self.fail(f"the hard limit of descriptors is {limit[1]}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limit[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
        server = self.serve()
        line = next(line for line in open(f"/proc/{server.child.pid}/limits") if line.startswith("Max open files"))
        self.assertEqual(int(line.split()[3]), min(limit[1], 65536))


class Tokens(HttpCase):
    def test_a_token_that_can_be_guessed_or_read_is_warned_of(self):  # S20
        path = self.folder / "tokens"
        path.write_text("t0123456789abcdef\n")
        for mode, env, arguments, said in ((0o600, {"DIND_TOKEN": "x"}, (), ["DIND_TOKEN", "1 character"]), (0o644, {}, ("--token-file", str(path)), [str(path), "0644"]),
                                           (0o602, {}, ("--token-file", str(path)), ["0602"]), (0o600, {}, ("--token-file", str(path)), []), (0o440, {}, ("--token-file", str(path)), [])):
            with self.subTest(mode=oct(mode), env=env):
                path.chmod(mode)
                server = self.serve("--listen", "127.0.0.1:0", *arguments, env=env)
                errors = server.errors().decode()
                for part in said:
                    self.assertIn(part, errors)
                if not said:
                    self.assertEqual(errors, "")
                self.assertNotIn("t0123456789", errors)
