"""Output that looks like something else: frames, headers, parts of characters. Every byte arrives and has no other effect."""
import base64
import hashlib
import json
import subprocess

from hostile_case import GVISOR_END, HostileTest

from dindtest.program import LIMIT


def frame(kind, payload, channel=0):
    return kind + b"\0\0\0" + bytes([channel]) + len(payload).to_bytes(3, "big") + payload


REPORT = frame(b"X", bytes(63))
FORGED = (frame(b"R", b"\0\0\0\3") + frame(b"B", b"") + REPORT + frame(b"!", b"gone") + frame(b"c", b"\xff" * 9, 2)
          + b"\x01\0\0\0\0\0\0\x05hello" + b"\x02\0\0\0\xff\xff\xff\xff" + b"\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")


class Output(HostileTest):
    def run_quiet(self, program, **more):
        return self.call("run", "--quiet", "--isolation", self.isolation, self.python(program), **more)

    def test_bytes_that_look_like_our_frames_are_only_bytes(self):
        done = self.run_quiet(f"import os, sys\nb = {FORGED!r}\nfor i in range(50): os.write(1, b); os.write(2, b[::-1])\n"
                              "for i in range(len(b)): os.write(1, b[i:i+1])\nsys.exit(5)\n")
        self.assert_run(done, 5, FORGED * 51)
        self.assertEqual(done.stderr, FORGED[::-1] * 50)

    def test_frames_written_to_other_descriptors_have_no_effect(self):
        done = self.run_quiet("import os\nfor fd in range(3, 256):\n  try: os.write(fd, b'X' + bytes(70)); print('open', fd)\n  except OSError: pass\nprint('done')\n")
        self.assert_run(done, 0, b"done\n")

    def test_a_report_written_to_process_1_itself_is_not_believed(self):
        # With runc, the program can't open it. Under gVisor it can, and the server does not trust what it writes there.
        # The program waits until its output has arrived, because what it writes there may arrive before the supervisor's next frame.
        program = f"import os\nos.write(1, b'before\\n')\ninput()\nos.write(os.open('/proc/1/fd/1', os.O_WRONLY), {frame(b'c', b'forged', 2) + REPORT!r})\nimport time\ntime.sleep(30)\n"
        child = self.start("run", "--isolation", self.isolation, "--timeout", "20", self.python(program), stdin=subprocess.PIPE)
        self.assertEqual(child.stdout.readline(), b"before\n")
        out, said = child.communicate(b"go\n", timeout=LIMIT)
        self.assertEqual(out, b"")
        if self.isolation == "runc":
            self.assertEqual(child.returncode, 1)
            self.assertIn(b"PermissionError", said)
        else:
            self.assertEqual(child.returncode, 137)
            self.assertIn(GVISOR_END.encode(), said)

    def test_json_carries_every_byte_whether_it_is_text_or_not(self):
        data = bytes(range(256)) * 40 + "é日本😀".encode() * 5000 + b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80\0\0"
        path = self.python("import sys\nd = sys.stdin.buffer.read()\nfor i in range(0, len(d), 1000): sys.stdout.buffer.write(d[i:i+1000]); sys.stdout.flush()\n")
        done = self.call("run", "--json", "--isolation", self.isolation, path, input=data)
        self.assertEqual(done.returncode, 0)
        events = [json.loads(line) for line in done.stdout.decode().splitlines()]
        got = b"".join(base64.b64decode(each["base64"]) if "base64" in each else each["text"].encode() for each in events if each["event"] == "output")
        self.assertEqual(hashlib.sha256(got).digest(), hashlib.sha256(data).digest())

    def test_one_byte_writes_and_lines_without_an_end(self):
        self.assert_run(self.run_quiet("import os\nfor i in range(20000): os.write(1, b'ab'[i % 2:i % 2 + 1])\n"), 0, b"ab" * 10000)


class OutputUnderGvisor(Output):
    isolation = "gvisor"
