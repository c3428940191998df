"""`dind-executor history export` and `import` with fifos, devices, stdin and stdout."""
import os
import signal
import stat
import struct
import subprocess
import time

from history_case import CopyTest

from dindtest.program import LIMIT, program


class Streams(CopyTest):
    """A copy that goes to, or comes from, something other than a regular file. The test makes every device that it uses."""

    MAGIC = b"SQLite format 3\0"

    def device(self, name, minor):
        path = self.folder / name
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, minor))
        return path

    def shell(self, line, **more):
        return subprocess.run(["bash", "-c", line], capture_output=True, timeout=LIMIT, cwd=self.folder, env=self.environment(PROGRAM=program(), **more), check=False)

    def assert_is_copy(self, data):
        self.assertTrue(data.startswith(self.MAGIC))
        page, count = struct.unpack(">H", data[16:18])[0], struct.unpack(">I", data[28:32])[0]
        self.assertEqual(len(data), (65536 if page == 1 else page) * count)

    def test_a_fifo_is_written_into_and_stays(self):
        self.runs(1)
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        done = self.shell('cat fifo > copy.db & "$PROGRAM" history export fifo; code=$?; wait; exit $code')
        self.assert_run(done, 0, b"1 run written to fifo\n")
        self.assertTrue(stat.S_ISFIFO(fifo.stat().st_mode))
        self.assert_is_copy((self.folder / "copy.db").read_bytes())
        self.assertEqual(list(self.folder.glob("*.part-*")), [])

    def test_a_process_substitution_is_written_into(self):
        self.runs(1)
        done = self.shell('"$PROGRAM" history export >(cat > copy.db; echo > done); code=$?; until [ -e done ]; do sleep .05; done; exit $code')
        self.assertEqual(done.returncode, 0, done)
        self.assert_is_copy((self.folder / "copy.db").read_bytes())

    def test_another_name_of_stdout_is_stdout(self):
        self.runs(1)
        link = self.folder / "out"
        link.symlink_to("/proc/self/fd/1")
        for line in ('"$PROGRAM" history export out | cat', '"$PROGRAM" history export out > copy.db; cat copy.db', ': > copy.db; "$PROGRAM" history export copy.db > copy.db; cat copy.db'):
            with self.subTest(line):
                done = self.shell(line)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assert_is_copy(done.stdout)
                self.assertTrue(link.is_symlink())

    def test_a_device_that_is_full_is_an_error_and_stays(self):
        self.runs(1)
        full, null = self.device("full", 7), self.device("null", 3)
        self.assert_refused(self.call("history", "export", str(full)), str(full), "No space left", "not complete")
        self.assert_run(self.call("history", "export", str(null)), 0, b"1 run written to " + bytes(null) + b"\n")
        for each in (full, null):
            self.assertTrue(stat.S_ISCHR(each.stat().st_mode))
        done = self.shell('"$PROGRAM" history export - > full')
        self.assertEqual(done.returncode, 125)
        self.assertIn(b"can't be written to stdout (No space left", done.stderr)

    def test_a_closed_stdout_is_reported(self):
        self.runs(1)
        done = self.shell('"$PROGRAM" history export - >&-')
        self.assertEqual(done.returncode, 125)
        self.assertIn(b"stdout is closed", done.stderr)

    def test_a_copy_is_read_from_any_stream(self):
        self.runs(1)
        kept, copy = self.ids(), self.folder / "copy.db"
        self.assert_run(self.call("history", "export", str(copy)), 0)
        for line, name in (('cat copy.db | "$PROGRAM" history import /dev/stdin', "/dev/stdin"), ('"$PROGRAM" history import /dev/stdin < copy.db', "/dev/stdin"),
                           ('"$PROGRAM" history import <(cat copy.db)', "/dev/fd/"), ('(cat copy.db; cat) < /dev/zero | "$PROGRAM" history import -', "stdin")):
            with self.subTest(line):
                self.runs(1)
                done = self.shell(line)
                self.assertEqual(done.returncode, 0, done)
                self.assertIn(f"1 run read from {name}".encode(), done.stdout)
                self.assertEqual(self.ids(), kept)

    def test_an_endless_stream_that_is_no_history_ends_at_once(self):
        self.runs(1)
        temporary = self.folder / "temporary"
        temporary.mkdir()
        for line, said in (("yes | ", "not an SQLite database"), ("cat /dev/zero | ", "not an SQLite database"), (": | ", "is empty")):
            with self.subTest(line):
                done = self.shell(line + '"$PROGRAM" history import -', TMPDIR=str(temporary))
                self.assert_refused(done, "stdin", said, "history export FILE")
        self.assertEqual(list(temporary.iterdir()), [])

    def test_what_the_disk_has_no_room_for_is_not_read(self):
        self.runs(1)
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        head = bytearray(self.call("history", "export", "-").stdout[:100])
        for pages, current, said in ((1 << 30, True, "the disk has"), (0, False, "the disk has 1 MiB left")):
            with self.subTest(said):
                head[28:32] = struct.pack(">I", pages)
                head[92:96] = head[24:28] if current else bytes(4)
                (self.folder / "head").write_bytes(head)
                done = self.shell('(cat head; cat /dev/zero) | "$PROGRAM" history import -', TMPDIR=str(disk))
                self.assert_refused(done, "stdin does not fit", said, "TMPDIR")
        self.assertEqual(list(disk.iterdir()), [])

    def test_a_signal_leaves_no_temporary_file(self):
        self.runs(1)
        temporary = self.folder / "temporary"
        temporary.mkdir()
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(ending):
                child = self.start("history", "import", "-", stdin=subprocess.PIPE, env=self.environment(TMPDIR=str(temporary)))
                child.stdin.write(self.MAGIC)
                child.stdin.flush()
                until = time.monotonic() + LIMIT
                while not list(temporary.iterdir()):
                    self.assertLess(time.monotonic(), until)
                    time.sleep(0.01)
                child.send_signal(ending)
                self.assertEqual(child.wait(LIMIT), -ending)
                self.assertEqual(list(temporary.iterdir()), [])
        self.assertEqual(len(self.ids()), 1)
