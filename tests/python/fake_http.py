"""An HTTP server that does what a test says, also what the real server never does."""
import http.server
import json
import select
import threading


class FakeHttp:
    """Listens on a loopback port. `script(handler, body)` answers `POST /runs`; `requests` holds (method, path, headers, body)."""

    def __init__(self, script=None, openapi=None, token=None):
        self.requests, self.deleted = [], threading.Event()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, value, **headers):
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for name, each in headers.items():
                    self.send_header(name.replace("_", "-"), each)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def begin_events(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream; charset=utf-8")
                self.send_header("Connection", "close")
                self.end_headers()

            def event(self, name, value):
                self.wfile.write(f"event: {name}\ndata: {json.dumps(value)}\n\n".encode())
                self.wfile.flush()

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.requests.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
                if token and self.headers.get("Authorization") != f"Bearer {token}":
                    self.reply(401, {"detail": "Give the token"})
                elif self.path.endswith("/openapi.json"):
                    self.reply(200, openapi if openapi is not None else {"paths": {"/runs": {}}})
                elif self.path.endswith("/healthz"):
                    self.reply(200, {"status": "ok"})
                elif self.command == "DELETE":
                    fake.deleted.set()
                    self.reply(200, {"cancelled": 1})
                else:
                    script(self, fake.requests[-1][3])

            do_GET = do_POST = do_DELETE = answer

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self):
        """Ends when every request that a client has sent is in `requests`."""
        self._server.shutdown()
        while self._server.fileno() >= 0 and select.select([self._server], [], [], 0)[0]:
            self._server.handle_request()  # a connection that waits to be accepted
        self._server.server_close()
        self._thread.join()
