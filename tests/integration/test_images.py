"""Images of every kind: with only busybox, without a shell, with only one program, and with another libc."""
import io
import pathlib
import subprocess
import tarfile
import uuid

from dindtest import engine
from dindtest.case import CliCase

STATIC = b"int main(int n, char** v) { return n == 2 && v[1][0] == 'x' ? 0 : 7; }"


class Small(CliCase):
    def image(self, files, links=()):
        """An image of these files (path: bytes) and nothing else."""
        name = f"dind-test-{uuid.uuid4().hex[:12]}"
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for path, data in files.items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(data), 0o755
                tar.addfile(entry, io.BytesIO(data))
            for path, target in links:
                entry = tarfile.TarInfo(path)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                tar.addfile(entry)
        engine.call("POST", f"/images/create?fromSrc=-&repo={name}&tag=1", tar=buffer.getvalue())
        self.addCleanup(engine.call, "DELETE", f"/images/{name}:1?force=1", allow=(404,))
        return f"{name}:1"

    def busybox(self):
        return self.image({"bin/busybox": pathlib.Path("/usr/bin/busybox").read_bytes()}, [("bin/sh", "busybox"), ("bin/id", "busybox"), ("bin/cat", "busybox")])

    def test_busybox_alone(self):
        name = self.busybox()
        done = self.call("run", "--quiet", "--image", name, "--", "sh", "-c", "cd /tmp && echo made >f && cat f && id -u")
        self.assertRegex(done.stdout, rb"\Amade\n2\d{9}\n\Z", done.stderr)
        self.assert_run(self.call("run", "--quiet", "--image", name, "--", "sh", "-c", "cat; exit 3", input=b"in\0\xff"), 3, b"in\0\xff")
        done = self.call("run", "--timeout", "1", "--image", name, "--", "sh", "-c", "trap '' TERM INT; while :; do :; done")
        self.assert_run(done, 124)

    def compiled(self, *how):
        (self.folder / "one.c").write_bytes(STATIC)
        subprocess.run([*how, "-static", "-Os", "-o", str(self.folder / "one"), str(self.folder / "one.c")], check=True, capture_output=True)
        return (self.folder / "one").read_bytes()

    def test_an_image_of_one_program_and_no_shell(self):
        for how in (("musl-gcc",), ("gcc",)):
            with self.subTest(how):
                name = self.image({"one": self.compiled(*how)})
                self.assert_run(self.call("run", "--quiet", "--image", name, "--", "/one", "x"), 0, b"")
                self.assert_run(self.call("run", "--quiet", "--image", name, "--", "/one"), 7, b"")
                self.assert_refused(self.call("run", "--image", name, "--", "sh", "-c", "true"), 'no program "sh"', name)

    def test_a_language_in_an_image_without_it_is_refused_with_its_name(self):
        name = self.busybox()
        self.assert_refused(self.call("run", "--image", name, self.python("print(1)")), 'no program "python3"', name)

    def test_a_program_that_is_no_program(self):
        name = self.image({"text": b"just text\n", "empty": b""})
        self.assert_refused(self.call("run", "--image", name, "--", "/text"), "/text")
        self.assert_refused(self.call("run", "--image", name, "--", "/"), '"/"')
        self.assert_refused(self.call("run", "--image", name, "--", "/none"), "/none")

    def test_a_network_in_an_image_that_has_no_tool_for_it(self):
        name = self.busybox()
        done = self.call("run", "--quiet", "--network", "internet", "--image", name, "--", "cat", "/proc/net/route")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"eth0", done.stdout)
