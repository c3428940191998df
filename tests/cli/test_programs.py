"""How single programs run: their #! line, byte order marks, line ends, and what a run says about its cause when it ends."""
import json
import os
import pathlib
import struct
import unittest

from dindtest.case import CliCase
from dindtest.program import IMAGE, program

PYTHON = os.environ.get("DIND_TEST_PYTHON_IMAGE", "dind-executor/runtime-python:bookworm")
NODE = os.environ.get("DIND_TEST_NODE_IMAGE", "dind-executor/runtime-node:bookworm")


class Programs(CliCase):
    def notes(self, done):
        """Each note is one line before the verdict."""
        lines = done.stderr.decode().splitlines()
        return [line.removeprefix("note: ") for line in lines if line.startswith("note: ")]

    def assert_note(self, done, *said):
        found = self.notes(done)
        self.assertTrue(any(all(part in note for part in said) for note in found), (said, done.stderr.decode()))

    def assert_no_notes(self, done):
        self.assertEqual(self.notes(done), [], done.stderr.decode())

    def test_p05_a_shebang_line_has_its_effect(self):
        cases = (
            ("strict.sh", "#!/bin/bash -e\ncd /no/such/place\necho no\n", 1, b""),
            ("unset.sh", "#!/bin/bash -eu\necho \"$UNSET\"\necho no\n", 1, b""),
            ("s.sh", "#!/bin/sh\necho 'a\\tb'; [ -n \"$BASH_VERSION\" ] && echo is-bash; true\n", 0, b"a\tb\n"),
            ("plain.sh", "[ -n \"$BASH_VERSION\" ] && echo is-bash\n", 0, b"is-bash\n"),
            ("env.sh", "#!/usr/bin/env -S A='two words' bash -e\necho \"$A\"; false; echo no\n", 1, b"two words\n"),
        )
        for name, text, code, out in cases:
            with self.subTest(name):
                self.assert_run(self.call("run", "--image", IMAGE, self.file(name, text)), code, out)
                self.assert_run(self.call("run", "--image", IMAGE, "--language", "shell", "-", input=text.encode()), code, out)
        optimised = self.file("optimised", "#!/usr/bin/env -S python3 -O\nassert False\nprint('ok')\n")
        self.assert_run(self.call("run", "--image", PYTHON, optimised), 0, b"ok\n")
        self.assert_run(self.call("run", "--image", PYTHON, "-", input=b"#!/usr/bin/env -S python3 -O\nassert False\nprint('ok')\n"), 0, b"ok\n")
        collected = self.file("gc.js", "#!/usr/bin/env -S node --expose-gc\nconsole.log(typeof gc)\n")
        self.assert_run(self.call("run", "--image", NODE, collected), 0, b"function\n")

    def test_p05_what_a_shebang_line_does_not_get_is_reported_at_the_start(self):
        for line, said in (("#!/usr/bin/env pypy3", "pypy3"), ("#!/opt/none/bin/python3", "/opt/none/bin/python3"), ("#!/usr/bin/env python2", "python2")):
            with self.subTest(line):
                program = self.file("a.py", f"{line}\nprint(1)\n")
                done = self.call("run", "--image", PYTHON, "--json", program)
                events = [json.loads(each) for each in done.stdout.splitlines()]
                started = next(each for each in events if each["event"] == "started")
                self.assertIn(said, " ".join(started["notes"]))
                self.assert_note(self.call("run", "--image", PYTHON, program), said)

    def test_p16_a_byte_order_mark_is_no_part_of_the_program(self):
        mark = b"\xef\xbb\xbf"
        self.assert_run(self.call("run", "--image", NODE, self.file("bom.js", mark + b"#!/usr/bin/env node\nconsole.log(1)\n")), 0, b"1\n")
        self.assert_run(self.call("run", "--image", IMAGE, self.file("bom.sh", mark + b"#!/bin/bash\necho 1\n")), 0, b"1\n")
        self.assert_run(self.call("run", "--image", IMAGE, self.file("s.sh", mark + b"set -e\nfalse\necho on\n")), 1, b"")
        self.assert_run(self.call("run", "--image", PYTHON, self.file("bom.py", mark + b"print('\xc3\xa9')\n")), 0, b"\xc3\xa9\n")

    def test_p17_the_longest_string_that_linux_passes_is_taken(self):
        """A longer one is refused (tests/http/test_routes.py). The command line can't hold one."""
        self.assert_run(self.call("run", "--image", IMAGE, "-e", "B=" + "a" * 131069, "--", "true"), 0)

    def test_p20_a_program_that_cannot_be_executed_is_reported_with_its_cause(self):
        folder = self.folder / "x"
        folder.mkdir()
        for name, text in (("crlf.sh", b"#!/bin/bash\r\necho hi\r\n"), ("noint", b"#!/usr/bin/python9\n"), ("nosb", b"echo hi $1\n"),
                           ("py", b"#!/usr/bin/env python3\nprint(1)\n"), ("nox", b"#!/bin/sh\n")):
            (folder / name).write_bytes(text)
            (folder / name).chmod(0o644 if name == "nox" else 0o755)
        (folder / "sub").mkdir()
        self.folder.chmod(0o755)
        run = lambda *words: self.call("run", "--workspace", str(folder), "--image", IMAGE, "--", *words)
        self.assert_refused(run("./crlf.sh"), "CRLF", "/bin/bash")
        self.assert_refused(run("./noint"), "interpreter", "/usr/bin/python9")
        self.assert_refused(run("./nox"), "chmod +x")
        self.assert_refused(run("./sub"), "is a folder")
        self.assert_refused(run("./none"), "There is no program")
        # A 32-bit program without its loader, a program for another processor, one for another system, and an incomplete one.
        head = b"\x7fELF" + bytes((1, 1, 1)) + bytes(9)
        loader = b"/lib/ld-linux.so.2\0"
        i386 = head + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x8048000, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        i386 += struct.pack("<8I", 3, 84, 0x8048054, 0x8048054, len(loader), len(loader), 4, 1) + loader
        other = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9) + struct.pack("<HHI", 2, 22 if os.uname().machine != "s390x" else 62, 1) + bytes(400)
        own = pathlib.Path("/proc/self/exe").read_bytes()[:32]
        for name, data, said in (("i386", i386, "i386 (32 bits)"), ("other", other, "the engine's machine is"), ("windows", b"MZ\x90\0" + bytes(60), "a program for Windows, and sandboxes run Linux: build it for Linux"),
                                 ("cut", own, "not a whole program")):
            (folder / name).write_bytes(data)
            (folder / name).chmod(0o755)
            self.assert_refused(run(f"./{name}"), said)
        self.assert_run(run("./nosb", "there"), 0, b"hi there\n")
        self.assert_run(self.call("run", "--workspace", str(folder), "--", "./py"), 0, b"1\n")
        self.assert_refused(self.call("run", "--workspace", str(folder), "--image", IMAGE, "--", "pytest"), "python3 -m pytest")

    def test_p21_known_causes_have_one_line_with_the_remedy(self):
        self.assert_note(self.call("run", "--image", PYTHON, self.file("inline.py", "# /// script\n# dependencies = [\"six\"]\n# ///\nimport no_such_module_six\n")), "--with six")
        self.assert_note(self.call("run", "--image", PYTHON, self.file("yaml_user.py", "import yaml\n")), "--with PyYAML")
        self.assert_note(self.call("run", "--image", PYTHON, self.file("net.py", "import urllib.request as u\nu.urlopen('http://example.com')\n")), "--network internet")
        self.assert_note(self.call("run", "--image", NODE, self.file("net.js", "fetch('http://example.com').catch(e => { console.error(e.cause); process.exit(1) })\n")), "--network internet")
        self.assert_note(self.call("run", "--image", IMAGE, self.file("crlf.sh", "if true; then\r\n  echo a\r\nfi\r\n")), "CRLF")
        silent = self.call("run", "--image", IMAGE, self.file("c2.sh", "set -e\r\nfalse\r\necho on\r\n"))
        self.assert_note(silent, "CRLF")
        self.assert_note(self.call("run", "--image", PYTHON, self.file("ask.py", "input('name? ')\n")), "--stdin")
        self.assert_note(self.call("run", "--image", PYTHON, self.file("ro.py", "open('/etc/x', 'w')\n")), "/tmp")
        self.assert_note(self.call("run", "--image", PYTHON, self.file("test_a.py", "def test_a():\n    assert 1 == 2\n")), "only defines tests")
        for name, text in (("fine.py", "print(1)\n"), ("own.py", "raise SystemExit('No module named six')\n"),
                           ("copes.py", "try:\n    import no_such_module\nexcept ImportError as e:\n    print(e)\n")):
            with self.subTest(name):
                self.assert_no_notes(self.call("run", "--image", PYTHON, self.file(name, text)))

    def test_p02_a_missing_neighbour_file_gives_a_hint_to_run_the_folder(self):
        self.file("helper.py", "def twice(x): return 2 * x\n")
        self.file("util.js", "module.exports = 1\n")
        self.file("lib.sh", "echo lib\n")
        self.assert_note(self.call("run", "--image", PYTHON, self.file("app.py", "from helper import twice\n")), "helper", "--workspace", "python3 app.py")
        self.assert_note(self.call("run", "--image", NODE, self.file("app.js", "require('./util.js')\n")), "util.js", "--workspace", "node app.js")
        self.assert_note(self.call("run", "--image", IMAGE, self.file("app.sh", ". \"$(dirname \"$0\")/lib.sh\"\n")), "lib.sh", "--workspace", "bash app.sh")

    def test_p03_files_that_go_with_the_sandbox_are_named(self):
        done = self.call("run", "--image", PYTHON, self.file("writer.py", "open('result.txt', 'w').write('x')\nprint('wrote')\n"))
        self.assert_run(done, 0, b"wrote\n")
        self.assert_note(done, "1 file that the program wrote was discarded: result.txt")
        many = self.file("many.sh", "mkdir out; for i in $(seq 30); do echo > out/$i; done; touch $'a\\nb' .hidden; mkdir __pycache__; touch __pycache__/x\n")
        done = self.call("run", "--image", IMAGE, many)
        self.assert_note(done, "31 files that the program wrote were discarded: ", "…")
        self.assertEqual(len(self.notes(done)), 1, done.stderr)
        self.assert_no_notes(self.call("run", "--image", IMAGE, self.file("none.sh", "echo > /tmp/x; mkdir empty; ln -s /etc/passwd link\n")))

    def test_p24_a_full_disk_names_the_file_system(self):
        for path in ("/tmp", "/sandbox", "/dev/shm"):
            with self.subTest(path):
                done = self.call("run", "--image", IMAGE, self.file("fill.sh", f"head -c 100M /dev/zero > {path}/x\n"))
                self.assertEqual(done.returncode, 122, done.stderr)
                self.assert_note(done, f"{path} was full at its end (64 MiB")

    def test_p24_a_full_volume_of_an_image_is_named(self):
        for volume in ("/data", "/var/lib/two words"):
            with self.subTest(volume):
                image = self.file("D", f'FROM {IMAGE}\nVOLUME ["{volume}"]\nCMD ["sh", "-c", "head -c 100M /dev/zero > \'{volume}/x\'"]\n')
                done = self.call("run", "--dockerfile", image)
                self.assertEqual(done.returncode, 122, done.stderr)
                self.assert_note(done, f"{volume} (a VOLUME of the image) was full at its end (64 MiB", "allow more (--tmp, at most")

    def test_p29_a_full_stdout_is_no_success(self):
        import subprocess

        self.assert_run(self.call("run", "-q", self.file("kept.sh", "echo kept\n")), 0)
        run = json.loads(self.call("history", "list", "--json").stdout)[0]["id"]
        for words in (("languages",), ("languages", "--json"), ("--help",), ("run", "--help"), ("doctor",), ("doctor", "--json"), ("gc", "--dry-run"),
                      ("gc", "--dry-run", "--json"), ("ps",), ("ps", "--json"), ("history",), ("history", "list", "--json"), ("history", "show", run),
                      ("history", "prune", "--dry-run"), ("history", "export", "-")):
            with self.subTest(words), open("/dev/full", "wb") as full:
                done = subprocess.run([program(), *words], stdout=full, stderr=subprocess.PIPE, env=self.environment(), check=False, timeout=60)
                self.assertEqual(done.returncode, 125)
                self.assertRegex(done.stderr, b"stdout can't be written|can't be written to stdout")

    def test_p22_p23_p31_messages_name_what_helps(self):
        folder = self.folder / "b"
        folder.mkdir()
        (folder / "where.py").write_text("print(1)\n")
        self.file("Dockerfile", "FROM x\n")
        self.folder.chmod(0o755)
        for words, said in ((("-n.py",), "./-n.py"), (("--workspace", "b", "where.py"), "b/where.py"), (("b",), "--workspace b"),
                            (("Dockerfile",), "--dockerfile Dockerfile"), (("--dockerfile", "Dockerfile", "-l", "python"), "remove --language")):
            with self.subTest(words):
                self.assert_refused(self.call("run", *words), said)
        for name in ("app.Dockerfile", "Dockerfile.dev", "dockerfile", "Containerfile.x"):
            with self.subTest(name):
                self.file(name, "FROM x\n")
                self.assert_refused(self.call("run", name), "--dockerfile " + name)
        for name in ("-t.py", "-h.py", "-q.py", "--json.py"):
            with self.subTest(name):
                self.file(name, "print('ran')\n")
                self.assert_refused(self.call("run", name), "./" + name)
                self.assert_run(self.call("run", "./" + name), 0, b"ran\n")
                (folder / name).write_text("print('in the folder')\n")
                self.assert_run(self.call("run", "--workspace", "b", "--", "python3", "./" + name), 0, b"in the folder\n")
        done = self.call("run", "--workspace", "b")
        self.assert_refused(done, "Nothing in", "after `--`")
        self.assertNotIn(b"--program", done.stderr)


class Requirements(CliCase):
    """P06: a refusal names the place, and comes before a sandbox is made. (Installation with hashes: tests/integration/test_packages.py.)"""

    def test_p06_refusals_name_file_and_line(self):
        main = self.python("print(1)")
        self.file("more.txt", "six\n-e .\n")
        for text, said in (("six\n--index-url https://localhost/\n", "line 2"), ("-r more.txt\n", "more.txt, line 2"), ("six\ngit+https://localhost/x\n", "line 2")):
            with self.subTest(text):
                name = self.file("r.txt", text)
                self.assert_refused(self.call("run", "--image", PYTHON, "--with-requirements", name, main), said)
                folder = self.folder / "w"
                folder.mkdir(exist_ok=True)
                (folder / "main.py").write_text("print(1)\n")
                (folder / "requirements.txt").write_text(text)
                (folder / "more.txt").write_text("six\n-e .\n")
                self.assert_refused(self.call("run", "--workspace", "w"), "line 2")
                self.assert_refused(self.call("run", "--workspace", "w", "--", "python3", "main.py"), "line 2")


if __name__ == "__main__":
    unittest.main()
