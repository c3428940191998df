"""The packaged .vsix: its content, and that its server starts on a Linux machine without our libraries.

The containers have only busybox, or Debian's base, and no network. They run on the engine of DOCKER_HOST.
"""
import io
import json
import os
import pathlib
import re
import socket
import stat
import struct
import subprocess
import tarfile
import tempfile
import unittest
import zipfile

from dindtest import engine

VSIX = os.environ.get("DIND_VSIX", os.path.join(os.path.dirname(__file__), "../../dist/dind-executor-linux-x64.vsix"))
SERVER = "extension/server/dind-executor"
BUSYBOX = "dind-executor/test-busybox:latest"
DEBIAN = "dind-executor/base:bookworm"


def call(method, path, body=None, kind="application/json"):
    status, text = engine.request(method, path, json.dumps(body) if isinstance(body, dict) else body, {"Content-Type": kind} if body else {})
    if status >= 400 or b'"error"' in text:
        raise AssertionError(f"{method} {path}: {status} {text.decode(errors='replace')}")
    return json.loads(text) if text.startswith((b"{", b"[")) and b"\n{" not in text else text


def tar_of(files):
    """files: name -> (mode, bytes)"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, (mode, content) in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = mode, len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def run(image, argv, server, stdin=b""):
    """Runs argv in a fresh container that has the server at /server; gives (exit code, stdout, stderr)."""
    spec = {"Image": image, "Cmd": argv, "Entrypoint": [], "OpenStdin": True, "StdinOnce": True, "AttachStdin": True,
            "AttachStdout": True, "AttachStderr": True, "NetworkDisabled": True,
            "HostConfig": {"NetworkMode": "none", "Memory": 512 << 20}}
    box = call("POST", "/containers/create", spec)["Id"]
    try:
        call("PUT", f"/containers/{box}/archive?path=/", tar_of({"server": (0o755, server)}), "application/x-tar")
        stream = engine.connection()
        stream.connect()
        wire = stream.sock
        wire.sendall(f"POST /containers/{box}/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: engine\r\n"
                     "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += wire.recv(1)
        assert b" 101 " in head.split(b"\r\n")[0], head
        call("POST", f"/containers/{box}/start")
        wire.sendall(stdin)
        wire.shutdown(socket.SHUT_WR)
        data = b""
        while piece := wire.recv(65536):
            data += piece
        code = call("POST", f"/containers/{box}/wait")["StatusCode"]
    finally:
        call("DELETE", f"/containers/{box}?force=1&v=1")
    out = {1: b"", 2: b""}
    while data:
        channel, size = struct.unpack(">B3xI", data[:8])
        out[channel] += data[8:8 + size]
        data = data[8 + size:]
    return code, out[1], out[2]


def frame(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def frames(data):
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        size = int(head.split(b"Content-Length:")[1].split(b"\r\n")[0])
        yield json.loads(rest[:size])
        data = rest[size:]


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.zip = zipfile.ZipFile(VSIX)
        cls.names = cls.zip.namelist()
        cls.server = cls.zip.read(SERVER)
        files = {"bin/busybox": (0o755, open("/bin/busybox", "rb").read())}
        call("POST", "/images/create?fromSrc=-&repo=dind-executor/test-busybox&tag=latest", tar_of(files), "application/x-tar")

    def test_the_server_in_it_is_executable(self):
        mode = self.zip.getinfo(SERVER).external_attr >> 16
        self.assertTrue(mode & stat.S_IXUSR and mode & stat.S_IXOTH, oct(mode))

    def test_it_holds_the_bundle_and_neither_sources_nor_modules(self):
        self.assertIn("extension/extension/dist/extension.js", self.names)
        odd = [n for n in self.names if "node_modules" in n or n.endswith((".ts", ".cpp", ".hpp", ".map", ".test"))]
        self.assertEqual(odd, [])

    def text(self, name):
        return self.zip.read("extension/" + name).decode()

    def test_its_page_is_for_those_who_use_it(self):  # E04
        page = next(self.text(name) for name in ("README.md", "readme.md") if "extension/" + name in self.names)
        pictures = re.findall(r"!\[[^]]+\]\(([^)]{0,40})", page)
        page = re.sub(r"data:image/png;base64,[^)]*", "", page)
        for developers in ("scripts/", "CMake", "C++", "FastAPI", "](docs/"):
            self.assertNotIn(developers, page)
        self.assertGreaterEqual(len(pictures), 3)
        for each in pictures:
            self.assertTrue(each.startswith("data:image/png;base64,"), each)  # the only one that is shown of an installed extension
        for said in ("dind.engine.host", "Docker engine", "Ctrl+Alt+R", "## Limits"):
            self.assertIn(said, page)

    def test_its_first_steps_are_in_words_for_a_newcomer(self):  # E06
        for language, folder in (("package.nls.json", "Run Workspace"), ("package.nls.ja.json", "command:dind.runWorkspace")):
            texts = json.loads(self.text(language))
            steps = " ".join(text for key, text in texts.items() if key.startswith("walkthrough."))
            self.assertIn(folder, steps)
            self.assertIn("command:dind.tryIt", steps)
            self.assertNotIn("environment names", steps)
            self.assertLessEqual(len(texts["walkthrough.title"]), 20)  # code-server cuts longer ones off

    def test_its_keys_on_a_mac_are_not_the_editors_own(self):  # E33
        for each in json.loads(self.text("package.json"))["contributes"]["keybindings"]:
            self.assertNotIn("cmd", each["mac"], each)  # Cmd+Alt+R is "toggle regex" there

    def test_the_server_asks_for_no_dynamic_loader(self):
        entry, size, count = struct.unpack_from("<Q", self.server, 32)[0], *struct.unpack_from("<HH", self.server, 54)
        kinds = [struct.unpack_from("<I", self.server, entry + i * size)[0] for i in range(count)]
        self.assertNotIn(3, kinds, "PT_INTERP")

    def version(self, image):
        code, out, err = run(image, ["/server", "--version"], self.server)
        self.assertEqual(code, 0, err)
        self.assertIn(json.loads(self.zip.read("extension/package.json"))["version"], out.decode())

    def lsp(self, image):
        """initialize, shutdown, exit: answered in order, nothing but frames on stdout, exit code 0."""
        asked = (frame(id=1, method="initialize", params={"processId": None, "rootUri": None, "capabilities": {}})
                 + frame(method="initialized", params={}) + frame(id=2, method="shutdown") + frame(method="exit"))
        code, out, err = run(image, ["/server", "lsp", "--stdio"], self.server, asked)
        answers = {m["id"]: m for m in frames(out) if "id" in m and "method" not in m}
        self.assertEqual(answers[1]["result"]["serverInfo"]["name"], "dind-executor", out)
        self.assertIsNone(answers[2]["result"], out)
        self.assertEqual(code, 0, err)

    def test_a_process_that_may_have_too_little_says_so(self):  # R17
        # Tested here, since a sanitizer needs more memory. With less than its own size, the kernel does not load the program.
        size = len(self.server) >> 10
        with tempfile.TemporaryDirectory() as folder:
            server = pathlib.Path(folder) / "server"
            server.write_bytes(self.server)
            server.chmod(0o755)
            (pathlib.Path(folder) / "p.py").write_text("print('ran')")
            for limit, said in (("-n 5", "descriptors"), ("-n 8", "descriptors"), ("-n 10", "descriptors"), *((f"-v {size + more}", "memory") for more in (3000, 6000, 12000))):
                with self.subTest(limit):
                    done = subprocess.run(["bash", "-c", f"ulimit {limit}; exec ./server run p.py"], cwd=folder, env=os.environ | {"HOME": folder}, capture_output=True, timeout=60, check=False)
                    errors = done.stderr.decode()
                    self.assertEqual(done.returncode, 125, done)
                    self.assertIn(said, errors)
                    self.assertNotIn("a bug in dind-executor", errors)
                    self.assertNotIn("terminate called", errors)

    def test_its_version_is_told_in_busybox_alone(self):
        self.version(BUSYBOX)

    def test_its_version_is_told_in_a_bare_debian(self):
        self.version(DEBIAN)

    def test_it_speaks_lsp_in_busybox_alone(self):
        self.lsp(BUSYBOX)

    def test_it_speaks_lsp_in_a_bare_debian(self):
        self.lsp(DEBIAN)
