"""The transports to the engine: Unix socket, TCP, TLS with certificates of both sides, docker contexts. A relay carries the bytes to the real engine."""
import hashlib
import json
import os
import queue
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

from dindtest.case import CliCase


class Relay:
    """Listens on loopback and relays each connection to the engine, half-closes included; with TLS if `context` is given."""

    def __init__(self, context=None):
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        engine = socket.socket(socket.AF_UNIX)
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            engine.connect(os.environ["DOCKER_HOST"].removeprefix("unix://"))
            self._relay(client, engine)
        except OSError:  # ssl.SSLError is one
            pass
        finally:
            client.close()
            engine.close()

    def _relay(self, client, engine):
        """Both directions in one thread, since two must not use one TLS connection."""
        other = {client: engine, engine: client}
        waiting = {client: b"", engine: b""}  # what is to be written to each
        reading = {client, engine}
        ended = set()                         # no more will be written to these
        for each in other:
            each.setblocking(False)
        while reading or any(waiting.values()):
            sources = [each for each in reading if len(waiting[other[each]]) < 1 << 20]
            ready = [each for each in sources if isinstance(each, ssl.SSLSocket) and each.pending()]
            if not ready:
                ready, writable, _ = select.select(sources, [each for each in other if waiting[each]], [], 60)
            else:
                writable = []
            for each in ready:
                try:
                    data = each.recv(65536)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                    continue
                waiting[other[each]] += data
                if not data:
                    reading.discard(each)
            for each in writable:
                try:
                    sent = each.send(waiting[each][:65536])
                    waiting[each] = waiting[each][sent:]
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                    pass
                except OSError:
                    if each is client:
                        return
                    waiting[each] = b""  # the engine takes no more, and its last bytes are still on their way
            for each in other:
                if other[each] not in reading and not waiting[each] and each not in ended:
                    ended.add(each)
                    try:
                        each.shutdown(socket.SHUT_WR)  # read the rest: a close with unread bytes drops the unsent ones
                    except OSError:
                        pass

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts; a close does not
        except OSError:
            return  # closed before
        self.listener.close()


class HastyRelay(Relay):
    """A slow way back that is cut when the engine closes: bytes on it are lost, as with a reset of the connection."""
    DELAY = 0.2

    def _relay(self, client, engine):
        under_way = queue.Queue()

        def forth():
            while data := client.recv(65536):
                engine.sendall(data)
            engine.shutdown(socket.SHUT_WR)

        def back():
            while item := under_way.get():
                at, data = item
                time.sleep(max(0.0, at + self.DELAY - time.monotonic()))
                client.sendall(data)

        for each in (forth, back):
            threading.Thread(target=self._quietly, args=(each,), daemon=True).start()
        while data := engine.recv(65536):
            under_way.put((time.monotonic(), data))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.shutdown(socket.SHUT_RDWR)
        under_way.put(None)

    @staticmethod
    def _quietly(work):
        try:
            work()
        except OSError:
            pass


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


class Transport(CliCase):
    INPUT = bytes(range(256)) * 4000
    ECHO = "import sys, hashlib\nb = sys.stdin.buffer.read()\nprint(hashlib.sha256(b).hexdigest())\nsys.stdout.buffer.write(b'x' * 3_000_000)\n"

    def relay(self, context=None):
        relay = Relay(context)
        self.addCleanup(relay.close)
        return relay

    def assert_runs(self, env):
        """Sends input to its end, reads three megabytes of output, and runs doctor."""
        done = self.call("run", "--quiet", self.python(self.ECHO), input=self.INPUT, env=env)
        self.assert_run(done, 0, hashlib.sha256(self.INPUT).hexdigest().encode() + b"\n" + b"x" * 3_000_000)
        checks = json.loads(self.call("doctor", "--json", env=env).stdout)
        self.assertTrue(checks["ok"], checks)
        return checks

    def certificates(self):
        """A CA, with certificates of a server at 127.0.0.1 and of a client; and a CA that has signed neither."""
        folder = self.folder / "certificates"
        folder.mkdir()
        for name in ("ca", "other"):
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}-key.pem", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2", cwd=folder)
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        for name, more in (("server", ["-extfile", "names"]), ("client", [])):
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}-key.pem", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=folder)
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", *more, cwd=folder)
        (folder / "cert.pem").write_bytes((folder / "client.pem").read_bytes())
        (folder / "key.pem").write_bytes((folder / "client-key.pem").read_bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        return folder, context

    def test_tcp(self):
        relay = self.relay()
        checks = self.assert_runs(self.environment(DOCKER_HOST=f"tcp://127.0.0.1:{relay.port}"))
        self.assertEqual([c["status"] for c in checks["checks"] if c["name"] == "connection"], ["warning"])

    def test_a_connection_that_the_engine_cuts_at_its_end_loses_neither_output_nor_result(self):
        relay = HastyRelay()
        self.addCleanup(relay.close)
        done = self.call("run", "--quiet", self.python("import sys\nprint('x' * 100_000)\nsys.exit(7)\n"), env=self.environment(DOCKER_HOST=f"tcp://127.0.0.1:{relay.port}"))
        self.assert_run(done, 7, b"x" * 100_000 + b"\n")

    def test_tls_with_a_client_certificate(self):
        folder, context = self.certificates()
        relay = self.relay(context)
        env = self.environment(DOCKER_HOST=f"tcp://127.0.0.1:{relay.port}", DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(folder))
        checks = self.assert_runs(env)
        self.assertEqual([c for c in checks["checks"] if c["name"] == "connection"], [])

    def test_tls_that_can_not_be_trusted_is_refused_in_one_line(self):
        folder, context = self.certificates()
        relay = self.relay(context)
        (folder / "ca.pem").write_bytes((folder / "other.pem").read_bytes())
        env = self.environment(DOCKER_HOST=f"tcp://127.0.0.1:{relay.port}", DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(folder))
        self.assert_refused(self.call("run", self.python("print(1)"), env=env), f"tcp://127.0.0.1:{relay.port}", "certificate")

    def test_tls_without_our_certificate_is_refused_in_one_line(self):
        folder, context = self.certificates()
        relay = self.relay(context)
        (folder / "cert.pem").unlink()
        (folder / "key.pem").unlink()
        env = self.environment(DOCKER_HOST=f"tcp://127.0.0.1:{relay.port}", DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(folder))
        self.assert_refused(self.call("run", self.python("print(1)"), env=env), f"tcp://127.0.0.1:{relay.port}")

    def test_plain_text_to_a_tls_engine_is_refused_in_one_line(self):
        _, context = self.certificates()
        relay = self.relay(context)
        env = self.environment(DOCKER_HOST=f"tcp://127.0.0.1:{relay.port}")
        self.assert_refused(self.call("run", self.python("print(1)"), env=env), f"tcp://127.0.0.1:{relay.port}")

    def test_the_docker_context_in_use(self):
        relay = self.relay()
        name = "elsewhere"
        config = self.folder / ".docker"
        meta = config / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
        meta.mkdir(parents=True)
        (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": f"tcp://127.0.0.1:{relay.port}"}}}))
        (config / "config.json").write_text(json.dumps({"currentContext": name}))
        env = self.environment()
        del env["DOCKER_HOST"]
        self.assert_runs(env)
        del env["HOME"]
        relay.close()
        self.assertIn(f"tcp://127.0.0.1:{relay.port}", self.call("run", self.python("1"), env=env | {"DOCKER_CONFIG": str(config)}).stderr.decode())

    def test_the_flag_beats_the_environment(self):
        relay = self.relay()
        env = self.environment(DOCKER_HOST="unix:///none/docker.sock")
        self.assert_run(self.call("--host", f"tcp://127.0.0.1:{relay.port}", "run", self.python("print(1)"), env=env), 0, b"1\n")
