"""Hostile and broken clients: wrong hosts, origins and tokens, smuggled and endless requests, floods, disconnects."""
import http.client
import json
import os
import socket
import struct
import subprocess
import threading
import time

from dindtest.alone import alone
from dindtest.http_case import ENDLESS, JSON, HttpCase
from dindtest.program import LIMIT, program


class Doors(HttpCase):
    def test_without_tokens_a_foreign_host_name_is_refused(self):
        server = self.serve(*self.ARGUMENTS, "--no-token")
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.example", "0.0.0.0"):
            self.assert_status(self.raw(server, self.head(server, "GET", "/runs", "Connection: close", host=host)), 403)
        for host in ("localhost", f"127.0.0.1:{server.port}", "[::1]"):
            self.assert_status(self.raw(server, self.head(server, "GET", "/runs", "Connection: close", host=host)), 200)
        self.assert_status(self.raw(server, self.head(server, "GET", "/runs", "Connection: close", "Host: localhost")), 400)
        self.assert_status(self.raw(server, self.head(server, "GET", "/runs", "Connection: close", host=None)), 400)
        self.assert_status(self.raw(server, self.head(server, "GET", "http://evil.example/runs", "Connection: close")), 403)
        self.assert_status(self.raw(server, self.head(server, "GET", "http://localhost/runs", "Connection: close")), 200)

    def test_with_tokens_any_name_will_do_since_a_page_has_no_token(self):  # K17
        server = self.serve()
        for host in ("10.244.1.7:8000", "executor.svc.cluster.local", "evil.example"):
            self.assert_status(self.raw(server, self.head(server, "GET", "/metrics", "Connection: close", host=host)), 200)
            self.assert_status(self.raw(server, self.head(server, "GET", "/metrics", "Connection: close", host=host, token=False)), 401)
            self.assert_status(self.raw(server, self.head(server, "GET", "/metrics", "Connection: close", f"Origin: http://{host}", host=host)), 403)

    def test_probes_are_answered_by_any_name_and_say_nothing_else(self):  # K17
        for arguments in ((), ("--no-token",)):
            server = self.serve(*self.ARGUMENTS, *arguments)
            for path in ("/livez", "/readyz", "/healthz"):
                for host in ("10.244.1.7:8000", "evil.example", "[fd00::1]:80"):
                    answer = self.raw(server, self.head(server, "GET", path, "Connection: close", host=host, token=False))
                    self.assert_status(answer, 200)
                    self.assertEqual(json.loads(answer.split(b"\r\n\r\n")[1]), {"status": "ok"})
                self.assert_status(self.raw(server, f"GET {path} HTTP/1.0\r\n\r\n".encode()), 200)
                self.assert_status(self.raw(server, f"HEAD {path} HTTP/1.0\r\n\r\n".encode()), 200)

    def test_pages_may_not_ask(self):
        server = self.serve()
        for origin in ("http://evil.example", "null", f"http://localhost:{server.port}", ""):
            reply = self.ask(server, "POST", "/execute", {"code": "print(1)"}, headers={"Origin": origin})
            self.assert_detail(reply, 403, "--allow-origin")
            self.assertNotIn("Access-Control-Allow-Origin", reply.headers)
        self.assert_detail(self.ask(server, "OPTIONS", "/execute", headers={"Origin": "http://evil.example"}), 403)

    def test_without_the_token_nothing_is_told(self):
        server = self.serve()
        right = server.token
        for wrong in ("", right[:-1], right + "0", right.upper(), "x" * 10000, right + " " + right):
            for method, path in (("GET", "/runs"), ("POST", "/execute"), ("DELETE", "/runs/x"), ("GET", "/metrics"), ("GET", "/openapi.json"), ("GET", "/nothing")):
                reply = self.ask(server, method, path, headers={"Authorization": f"Bearer {wrong}" if wrong else None})
                self.assert_detail(reply, 401)
                self.assertTrue(reply.headers["WWW-Authenticate"].startswith("Bearer"))
        self.assertEqual(self.ask(server, "GET", "/runs", headers={"Authorization": f"bearer {right}"}).status, 200)

    def test_where_it_would_not_be_safe_it_does_not_start(self):
        def refused(*arguments, env=None):
            base = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")}
            done = subprocess.run([program(), "serve", *arguments], capture_output=True, timeout=LIMIT, check=False, env=base | {"HOME": str(self.folder)} | (env or {}))
            self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (125, b"", 1), done)
            return done.stderr.decode()
        self.assertIn("DIND_TOKEN", refused("--listen", "0.0.0.0:0"))
        self.assertIn("loopback", refused("--listen", "0.0.0.0:0", "--no-token"))
        self.assertIn("not an address", refused("--listen", "8000"))
        self.assertIn("not both", refused("--listen", "127.0.0.1:0", "--no-token", "--token-file", "x"))
        self.assertIn("can't be read", refused("--listen", "127.0.0.1:0", "--token-file", str(self.folder / "none")))
        (self.folder / "empty").write_text("\n")
        (self.folder / "empty").chmod(0o600)
        self.assertIn("holds no token", refused("--listen", "127.0.0.1:0", "--token-file", str(self.folder / "empty")))
        self.assertNotIn("two words", refused("--listen", "127.0.0.1:0", env={"DIND_TOKEN": "two words"}))
        server = self.serve()
        self.assertIn("Can't listen", refused("--listen", f"127.0.0.1:{server.port}"))

    def test_without_tokens_on_the_loopback(self):
        server = self.serve(*self.ARGUMENTS, "--no-token")
        self.assertIsNone(server.token)
        self.assertEqual(self.ask(server, "POST", "/execute", {"code": "print(1)"}).status, 200)
        self.assertEqual(self.ask(server, "GET", "/runs", headers={"Host": "evil.example"}).status, 403)


class Shapes(HttpCase):
    def test_paths_and_methods_that_are_not_there(self):
        server = self.serve()
        for path in ("/", "/run", "/runs/", "/runs/a/b", "/execute/", "//runs", "/Runs", "/runs%2fx", "/../runs", "/healthz/x"):
            self.assert_detail(self.ask(server, "GET", path), 404)
        for method, path, allow in (("GET", "/execute", "OPTIONS, POST"), ("PUT", "/runs", "GET, HEAD, OPTIONS, POST"), ("POST", "/runs/x", "DELETE, GET, HEAD, OPTIONS"),
                                    ("POST", "/healthz", "GET, HEAD, OPTIONS"), ("BREW", "/runs", "GET, HEAD, OPTIONS, POST")):
            reply = self.ask(server, method, path)
            self.assert_detail(reply, 405)
            self.assertEqual(reply.headers["Allow"], allow)

    def test_head_is_get_without_the_body_and_options_says_what_there_is(self):
        server = self.serve()
        connection = self.connect(server)
        get = self.ask(server, "GET", "/openapi.json", connection=connection)
        head = self.ask(server, "HEAD", "/openapi.json", connection=connection)
        self.assertEqual((head.status, head.body, head.headers["Content-Length"]), (200, b"", str(len(get.body))))
        self.assertEqual(self.ask(server, "HEAD", "/nothing", connection=connection).status, 404)
        options = self.ask(server, "OPTIONS", "/runs", headers={"Authorization": None}, connection=connection)
        self.assertEqual((options.status, options.body, options.headers["Allow"]), (204, b"", "GET, HEAD, OPTIONS, POST"))
        self.assert_status(self.raw(server, self.head(server, "OPTIONS", "*", "Connection: close")), 204)

    def test_bodies_of_other_kinds(self):
        server = self.serve()
        for fields in ({"Content-Type": "text/plain"}, {"Content-Type": None}, {"Content-Type": "application/x-www-form-urlencoded"},
                       {"Content-Type": "application/jsonx"}, {"Content-Encoding": "gzip"}):
            self.assert_detail(self.ask(server, "POST", "/execute", {"code": "print(1)"}, headers=fields), 415)
        self.assertEqual(self.ask(server, "POST", "/execute", {"code": "print(1)"}, headers={"Content-Type": "Application/JSON ; charset=UTF-8"}).status, 200)

    def test_what_is_too_large(self):
        server = self.serve(config={"serve": {"maxBody": "1m"}})
        self.assert_detail(self.ask(server, "POST", "/runs", {"code": "x" * (1 << 20)}), 413)
        chunked = self.head(server, "POST", "/runs", "Content-Type: application/json", "Transfer-Encoding: chunked")
        self.assert_status(self.raw(server, chunked + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 20), 413)
        self.assert_status(self.raw(server, chunked + b"FFFFFFFFFFFFFFF\r\nx"), 413)
        self.assert_status(self.raw(server, self.head(server, "POST", "/runs", "Content-Type: application/json", "Content-Length: 99999999999999999")), 413)
        # The origin is checked first, then the token.
        self.assert_status(self.raw(server, self.head(server, "POST", "/runs", "Content-Length: 99999999999999999", "Origin: http://evil.example")), 403)
        self.assert_status(self.raw(server, self.head(server, "POST", "/runs", "Content-Length: 99999999999999999", token=False)), 401)
        for long in (self.head(server, "GET", "/runs", "X: " + "a" * 17000), self.head(server, "GET", "/" + "a" * 17000),
                     self.head(server, "GET", "/runs", *[f"X{n}: {n}" for n in range(3000)]), b"GET /" + b"a" * 100000):
            self.assert_status(self.raw(server, long), 431)
        self.assertLess(server.resident_kilobytes(), 400_000)

    def test_requests_that_can_be_read_in_two_ways(self):
        server = self.serve()
        smuggled = self.head(server, "DELETE", "/runs/victim")
        post = ("POST", "/runs", "Content-Type: application/json")
        for fields, body in ((("Content-Length: 5", "Transfer-Encoding: chunked"), b"0\r\n\r\n"), (("Transfer-Encoding: chunked", "Content-Length: 5"), b"0\r\n\r\n"),
                             (("Content-Length: 0", "Content-Length: 5"), b""), (("Content-Length: 5", "Content-Length: 5"), b"12345"), (("Content-Length: 5, 5",), b"12345"),
                             (("Content-Length: +5",), b"12345"), (("Content-Length: 0x5",), b"12345"), (("Content-Length: -1",), b""), (("Content-Length: 5 5",), b"12345"),
                             (("Transfer-Encoding: xchunked",), b""), (("Transfer-Encoding: chunked, identity",), b"0\r\n\r\n"), (("Transfer-Encoding: gzip, chunked",), b"0\r\n\r\n"),
                             (("Transfer-Encoding: identity", "Transfer-Encoding: chunked"), b"0\r\n\r\n"), (("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), b"0\r\n\r\n"),
                             (("Transfer-Encoding : chunked",), b"0\r\n\r\n"), (("Transfer-Encoding:\x0bchunked",), b"0\r\n\r\n"), (("Transfer-Encoding: chunked, chunked",), b"0\r\n\r\n")):
            with self.subTest(fields=fields):
                answer = self.raw(server, self.head(server, *post, *fields) + body + smuggled)
                self.assert_status(answer, 400)  # one answer and then the end: the rest is not read as a request
        folded = self.raw(server, self.head(server, *post, " Transfer-Encoding: chunked") + b"0\r\n\r\n" + smuggled)
        self.assert_status(folded, 415)  # a folded line belongs to the field before it (RFC 9112, 5.2)
        for chunks in (b"5\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n", b"5;" + b"e" * 100000 + b"\r\n", b"xyz\r\n", b"0\r\nX: y", b"5\n12345\n0\n\n"):
            with self.subTest(chunks=chunks[:20]):
                answer = self.raw(server, self.head(server, *post, "Transfer-Encoding: chunked") + chunks + smuggled, shut=True)
                self.assertTrue(answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")), answer)
                self.assertNotIn(b"\nHTTP/1.1", answer)
        self.assert_status(self.raw(server, self.head(server, *post, "Transfer-Encoding: chunked", version="1.0") + b"0\r\n\r\n"), 400)

    def test_bytes_that_are_no_http(self):
        server = self.serve()
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"\r\n\r\n\r\n", b"GET / HTTP/1.1\nHost: localhost\n\n",
                     b"Content-Length: 2\r\n\r\n{}", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", self.head(server, "GET", "/runs", "no colon"), self.head(server, "GET", "/ru ns"),
                     self.head(server, "GET", "/runs", "X: a\x00b"), self.head(server, "CONNECT", "localhost:443")):
            with self.subTest(data=data[:30]):
                answer = self.raw(server, data, shut=True)
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer[:200])
        self.assertEqual(self.ask(server, "GET", "/healthz").status, 200)

    def test_an_expectation(self):
        server = self.serve()
        body = json.dumps({"code": "print(1)"}).encode()
        fields = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue")
        with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as sock:
            sock.sendall(self.head(server, "POST", "/execute", *fields, "Connection: close"))
            self.assertEqual(sock.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(body)
            answer = b""
            while part := sock.recv(65536):
                answer += part
            self.assert_status(answer, 200)
        self.assert_status(self.raw(server, self.head(server, "POST", "/execute", *fields, token=False)), 401)  # and no 100
        self.assert_status(self.raw(server, self.head(server, "POST", "/execute", *fields[:2], "Expect: miracles")), 417)

    def test_many_requests_in_one_write_are_answered_in_order(self):
        server = self.serve()
        def post(n, *fields):
            body = json.dumps({"code": f"print({n})"}).encode()
            return self.head(server, "POST", "/execute", "Content-Type: application/json", f"Content-Length: {len(body)}", *fields) + body
        data = b"".join(post(n) for n in range(5)) + self.head(server, "GET", "/healthz") * 100 + post(5, "Connection: close")
        answer = self.raw(server, data)
        self.assert_status(answer, *[200] * 106)
        self.assertEqual([int(part.split(b'"output":"')[1].split(b"\\n")[0]) for part in answer.split(b"HTTP/1.1 200 OK") if b'"output"' in part], list(range(6)))


class Patience(HttpCase):
    def test_a_header_that_comes_byte_by_byte_does_not_hold_a_connection(self):
        server = self.serve()
        begun = time.monotonic()
        slow = [socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) for _ in range(50)]
        for each in slow:
            each.sendall(b"GET /runs HTTP/1.1\r\n")
        open_ones = list(slow)
        n = 0
        while open_ones and time.monotonic() - begun < 30:
            n += 1
            self.assertEqual(self.ask(server, "GET", "/healthz").status, 200)  # others are served meanwhile
            for each in list(open_ones):
                each.settimeout(0.001)
                try:
                    each.sendall(b"X")
                    if each.recv(100) == b"":
                        open_ones.remove(each)
                except TimeoutError:
                    pass
                except OSError:
                    open_ones.remove(each)
        for each in slow:
            each.close()
        self.assertEqual(open_ones, [])
        self.assertLess(time.monotonic() - begun, 15)

    def test_more_connections_than_there_may_be_wait_and_are_served(self):
        server = self.serve()
        held = []
        for _ in range(600):
            sock = socket.socket()
            sock.settimeout(LIMIT)
            sock.connect(("127.0.0.1", server.port))
            held.append(sock)
        self.addCleanup(lambda: [each.close() for each in held])
        for each in held[:550]:
            each.close()
        self.assertEqual(self.ask(server, "GET", "/healthz").status, 200)
        files = len(os.listdir(f"/proc/{server.child.pid}/fd"))
        self.assertLess(files, 200)

    def test_fifty_at_once(self):
        server = self.serve()
        results = [None] * 50
        def one(n):
            results[n] = self.ask(server, "POST", "/execute", {"code": f"print({n})"})
        threads = [threading.Thread(target=one, args=(n,)) for n in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * LIMIT)
        self.assertEqual([each.json()["output"] for each in results], [f"{n}\n" for n in range(50)])

    def test_a_reader_of_events_that_stops_reading_slows_only_its_own_program(self):
        server = self.serve()
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)
        self.addCleanup(sock.close)
        body = json.dumps({"code": "while True: print('x' * 1000)", "language": "python", "keepOutputBytes": 0, "limits": {"timeout": 30}}).encode()
        sock.sendall(self.head(server, "POST", "/runs", "Content-Type: application/json", "Accept: text/event-stream", f"Content-Length: {len(body)}") + body)
        self.wait_for_container(warm=False)
        self.assertEqual(self.ask(server, "POST", "/execute", {"code": "print(1)"}).json()["output"], "1\n")
        self.assertLess(server.resident_kilobytes(), 400_000)
        sock.close()
        self.assertLess(self.gone_within(5), 2)


class Disconnects(HttpCase):
    @alone
    def test_a_reader_of_events_that_goes_takes_its_run_with_it(self):
        server = self.serve()
        connection, reply = self.events(server, ENDLESS)
        self.until_event(reply, "output")
        reply.close()
        connection.close()
        seconds = self.gone_within(3)
        print(f"  measured  from the disconnect of an event stream to no container: {seconds:.2f} s", flush=True)
        self.assertLess(seconds, 1)

    def test_one_that_is_reset(self):
        server = self.serve()
        connection, reply = self.events(server, ENDLESS)
        self.until_event(reply, "output")
        connection_socket = reply.fp.raw._sock
        connection_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reply.close()
        connection.close()
        self.assertLess(self.gone_within(3), 1)

    def test_one_that_waits_for_a_whole_reply(self):
        server = self.serve()
        for path, body in (("/runs", {"code": "import time; time.sleep(1000)", "language": "python"}), ("/execute", {"code": "import time; time.sleep(1000)"})):
            connection = self.connect(server)
            connection.request("POST", path, json.dumps(body).encode(), JSON | {"Authorization": f"Bearer {server.token}"})
            self.wait_for_container(warm=False)
            connection.close()
            self.assertLess(self.gone_within(5), 2)

    def test_at_every_moment_of_a_run(self):
        server = self.serve()
        for n in range(12):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
            connection.request("POST", "/runs", json.dumps({"code": ENDLESS, "language": "python"}).encode(),
                               JSON | {"Authorization": f"Bearer {server.token}"} | ({"Accept": "text/event-stream"} if n % 2 else {}))
            begun = time.monotonic()
            while time.monotonic() < begun + n * 0.04:
                pass
            connection.close()
        self.gone_within(5)
        until = time.monotonic() + 5
        while self.ask(server, "GET", "/metrics").body.decode().split("\ndind_executor_runs_running ")[1][0] != "0" and time.monotonic() < until:
            time.sleep(0.05)
        listed = self.ask(server, "GET", "/runs").json()["runs"]
        self.assertEqual([each["runId"] for each in listed if each["state"] == "running"], [])

    def test_an_end_of_the_stream_beside_an_answer_is_never_missed(self):
        server = self.serve()
        request = self.head(server, "POST", "/runs", "Content-Type: application/json", "Content-Length: 1") + b"x"
        for n in range(300):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
                sock.sendall(request)
                begun = time.monotonic()
                while time.monotonic() < begun + n % 30 * 1e-4:
                    pass
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass

    def test_within_a_body(self):
        server = self.serve()
        for n in range(20):
            with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as sock:
                sock.sendall(self.head(server, "POST", "/runs", "Content-Type: application/json", "Content-Length: 1000") + b"x" * n)
        self.assertEqual(self.ask(server, "GET", "/healthz").status, 200)
        self.assertEqual(self.ask(server, "GET", "/runs").json(), {"runs": []})
