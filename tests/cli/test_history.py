"""`dind-executor history` on a real engine: what is recorded, shown, run again and forgotten."""
import json
import pathlib
import signal
import sqlite3
import stat
import subprocess
import time

from history_case import CopyTest, HistoryTest

from dindtest.program import IMAGE, LIMIT

SECRET = "supersecretvalue-4711"


class Looking(HistoryTest):
    def test_without_any_run_it_is_empty_and_makes_no_file(self):
        self.assert_run(self.call("history"), 0, b"No runs yet\n")
        self.assertEqual(self.list(), [])
        self.assertFalse(self.database.exists())
        self.assert_refused(self.call("history", "show", "abc"), "empty")

    def test_a_run_is_listed_and_shown_with_its_output(self):
        path = self.file("x.sh", "echo out $1\necho err >&2\nexit 3")
        self.assertEqual(self.call("run", "--quiet", "--memory", "64m", "--env", "A=1", path, "--", "one two").returncode, 3)
        listed = self.list()
        self.assertEqual(len(listed), 1)
        run = listed[0]
        self.assertEqual((run["state"], run["verdict"], run["exitCode"], run["errorKind"]), ("finished", "failed", 3, None))
        self.assertEqual((run["frontend"], run["name"], run["language"], run["image"]), ("cli", "x.sh", "shell", IMAGE))
        self.assertRegex(run["begunAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertLessEqual(run["begunAt"], run["endedAt"])
        shown = self.show(run["id"][:6])
        self.assertEqual(shown["id"], run["id"])
        self.assertEqual((shown["args"], shown["env"], shown["withheld"]), (["one two"], {"A": "1"}, []))
        self.assertEqual(shown["stdout"], {"head": {"text": "out one two\n"}, "tail": {"text": ""}, "leftOutBytes": 0})
        self.assertEqual(shown["stderr"]["head"]["text"], "err\n")
        self.assertEqual(shown["program"], {"fileName": "x.sh", "text": "echo out $1\necho err >&2\nexit 3"})
        self.assertEqual((shown["limits"]["memoryBytes"], shown["limits"]["network"]), (64 << 20, "none"))
        self.assertEqual(shown["result"]["stdoutBytes"], 12)
        self.assertGreater(shown["result"]["peakMemoryBytes"], 0)
        self.assertRegex(shown["client"], r"^cli:\d+$")
        self.assertEqual((shown["result"]["stage"], shown["result"]["builder"], shown["dependencies"], shown["workspace"]), ("program", None, [], None))
        self.assertRegex(shown["result"]["imageId"], "^sha256:")
        text = self.call("history", "show", run["id"]).stdout.decode()
        for part in ("x.sh", "failed · exit 3", "one two", "A=1", "stdout:\nout one two\n", "stderr:\nerr\n"):
            self.assertIn(part, text)
        self.assertIn("failed 3", self.call("history").stdout.decode())

    def test_only_the_user_can_read_the_files(self):
        self.call("run", "-q", self.file("x.sh", "true"))
        self.assertEqual(stat.S_IMODE(self.database.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.database.parent.stat().st_mode), 0o700)

    def test_commands_and_errors_are_listed_newest_first(self):
        self.call("run", "-q", "--image", IMAGE, "--", "echo", "hi")
        self.assertEqual(self.call("run", "--pull", "never", "--image", "no.such/image:1", "--", "true").returncode, 125)
        newest, oldest = self.list()
        self.assertEqual((newest["state"], newest["errorKind"], newest["verdict"]), ("error", "image_unavailable", None))
        self.assertEqual((oldest["name"], oldest["language"]), ("echo hi", ""))
        self.assertIn("no.such/image:1", self.show(newest["id"])["error"]["message"])
        self.assertEqual([run["id"] for run in self.list("--limit", "1")], [newest["id"]])

    def test_of_a_long_output_head_and_tail_are_kept(self):
        path = self.python("import sys\nfor i in range(100000): print(i)\nsys.stderr.buffer.write(b'\\xff' * 10)")
        self.assert_run(self.call("run", "-q", path), 0)
        shown = self.show(self.list()[0]["id"])
        out = shown["stdout"]
        self.assertTrue(out["head"]["text"].startswith("0\n1\n2\n"))
        self.assertTrue(out["tail"]["text"].endswith("99998\n99999\n"))
        total = shown["result"]["stdoutBytes"]
        self.assertEqual(len(out["head"]["text"]) + len(out["tail"]["text"]) + out["leftOutBytes"], total)
        self.assertLessEqual(len(out["head"]["text"]), 32 << 10)
        self.assertEqual(shown["stderr"]["head"], {"base64": "/////////////w=="})
        self.assertIn("not kept", self.call("history", "show", shown["id"]).stdout.decode())

    def test_what_it_shows_steers_no_terminal(self):
        self.call("run", "-q", self.file("x.sh", r"printf 'a\033[2Jb\n'"))
        self.assertNotIn(b"\x1b", self.call("history", "show", self.list()[0]["id"]).stdout)

    def test_wrong_ids_and_arguments_are_refused_in_one_line(self):
        self.call("run", "-q", self.file("x.sh", "true"))
        self.assert_refused(self.call("history", "show", "zzzz"), "zzzz", "history list")
        self.assert_refused(self.call("history", "show"), "history show ID")
        self.assert_refused(self.call("history", "rerun"), "history rerun ID")
        self.assert_refused(self.call("history", "show", ""), "empty")
        self.assert_refused(self.call("history", "list", "--limit", "0"), "--limit")
        self.assert_refused(self.call("history", "list", "--", "x"), "history rerun")
        self.assert_refused(self.call("history", "prune", "--older-than", "soon"), "--older-than")
        self.assert_refused(self.call("history", "prune", "--all", "--keep", "1"), "--all")
        self.assert_refused(self.call("history", "prune", "--run", "abc", "--all"), "alternatives")
        self.assert_refused(self.call("history", "forget"), "forget")

    def test_it_needs_no_engine(self):
        self.call("run", "-q", self.file("x.sh", "true"))
        done = self.call("history", "list", "--json", env=self.environment(DOCKER_HOST="tcp://127.0.0.1:1"))
        self.assert_run(done, 0)
        self.assertEqual(len(json.loads(done.stdout)), 1)


class Secrets(HistoryTest):
    def test_a_secret_is_in_no_file_and_must_be_given_again(self):
        path = self.file("x.sh", "echo token $API_TOKEN; printf %s ${API_TOKEN%47*}; sleep 0.1; echo ${API_TOKEN#*e-}\nexit 4")
        done = self.call("run", "-q", "--env", "API_TOKEN=" + SECRET, "--env", "A=1", path)
        self.assertEqual(done.returncode, 4)
        self.assertIn(SECRET.encode(), done.stdout)
        shown = self.show(self.list()[0]["id"])
        self.assertEqual(shown["env"], {"A": "1", "API_TOKEN": "•••"})
        self.assertEqual(shown["withheld"], ["API_TOKEN"])
        self.assertTrue(shown["stdout"]["head"]["text"].startswith("token •••\n"))
        self.assertIn(b"echo token", self.stored())
        self.assertNotIn(SECRET.encode(), self.stored())
        self.assert_refused(self.call("history", "rerun", shown["id"]), "API_TOKEN", "--env")
        again = self.call("history", "rerun", "-q", shown["id"], "--env", "API_TOKEN=another-value")
        self.assertEqual(again.returncode, 4)
        self.assertTrue(again.stdout.startswith(b"token another-value\n"))
        self.assertNotIn(b"another-value", self.stored())


class Rerun(HistoryTest):
    def test_the_program_runs_again_without_its_file(self):
        path = self.file("x.sh", "echo $A $1; cat; exit 5")
        self.call("run", "-q", "--env", "A=a", path, "--", "first", input=b"in")
        pathlib.Path(path).unlink()
        run = self.list()[0]["id"]
        self.assert_run(self.call("history", "rerun", "-q", run[:8], input=b"other"), 5, b"a first\nother")
        self.assert_run(self.call("history", "rerun", "-q", run, "--env", "A=b", "--", "second"), 5, b"b second\n")
        events = [json.loads(line) for line in self.call("history", "rerun", "--json", run).stdout.decode().splitlines()]
        self.assertEqual(events[-1]["result"]["exitCode"], 5)
        self.assertEqual(len(self.list()), 4)

    def test_commands_and_programs_from_stdin_too(self):
        self.call("run", "-q", "--image", IMAGE, "--", "echo", "a  b")
        self.assert_run(self.call("history", "rerun", "-q", self.list()[0]["id"]), 0, b"a  b\n")
        self.call("run", "-q", "-l", "shell", "-", input=b"echo from stdin")
        run = self.list()[0]["id"]
        self.assert_run(self.call("history", "rerun", "-q", run), 0, b"from stdin\n")

    def test_a_program_too_large_to_keep_is_refused(self):
        self.call("run", "-q", self.file("x.sh", "#" + "x" * (300 << 10) + "\necho hi"))
        self.assert_refused(self.call("history", "rerun", self.list()[0]["id"]), "256 KiB")


class Keeping(HistoryTest):
    def test_prune(self):
        path = self.file("x.sh", "echo forgettable")
        for _ in range(3):
            self.call("run", "-q", path)
        ids = [run["id"] for run in self.list()]
        self.assertIn(b"3 runs would be forgotten", self.call("history", "prune", "--all", "--dry-run").stdout)
        self.assertEqual(len(self.list()), 3)
        self.assertIn(b"0 runs forgotten", self.call("history", "prune", "--older-than", "7d").stdout)
        report = json.loads(self.call("history", "prune", "--keep", "1", "--json").stdout)
        self.assertEqual((report["removed"], report["left"], report["dryRun"]), (2, 1, False))
        self.assertEqual([run["id"] for run in self.list()], ids[:1])
        self.assert_run(self.call("history", "prune", "--all"), 0)
        self.assertEqual(self.list(), [])
        self.assertNotIn(b"forgettable", self.stored())

    def test_the_configuration_bounds_it_or_switches_it_off(self):
        path = self.file("x.sh", "true")
        bounded = self.file("bounded.json", json.dumps({"history": {"maxRuns": 2, "path": str(self.folder / "h/own.db")}}))
        for _ in range(3):
            self.assert_run(self.call("run", "-q", path, env=self.environment(DIND_CONFIG=bounded)), 0)
        done = self.call("history", "list", "--json", env=self.environment(DIND_CONFIG=bounded))
        self.assertEqual(len(json.loads(done.stdout)), 2)
        off = self.file("off.json", json.dumps({"history": {"enabled": False}}))
        self.assert_run(self.call("run", "-q", path, env=self.environment(DIND_CONFIG=off)), 0)
        self.assertFalse(self.database.exists())
        wrong = self.file("wrong.json", json.dumps({"history": {"path": "relative"}}))
        self.assert_refused(self.call("run", path, env=self.environment(DIND_CONFIG=wrong)), "history.path")

    def test_a_run_that_asks_for_it_leaves_nothing(self):  # K13
        path = self.python("print('not', 'kept')")
        self.assert_run(self.call("run", "--quiet", "--no-history", path), 0, b"not kept\n")
        self.assertEqual(self.list(), [])
        self.assertEqual(self.call("run", "--quiet", path).returncode, 0)
        self.assertEqual(len(self.list()), 1)
        self.assert_run(self.call("history", "rerun", "--quiet", "--no-history", self.list()[0]["id"]), 0, b"not kept\n")
        self.assertEqual(len(self.list()), 1)

    def test_a_broken_history_fails_no_run(self):
        self.database.parent.mkdir(parents=True)
        self.database.write_bytes(b"x" * 5000)
        done = self.call("run", "-q", self.file("x.sh", "echo fine"))
        self.assert_run(done, 0, b"fine\n")
        self.assertEqual(done.stderr.count(b"\n"), 1)
        self.assertIn(b"move it away", done.stderr)
        self.assert_refused(self.call("history"), "move it away", str(self.database))
        self.assertEqual(self.database.read_bytes(), b"x" * 5000)

    def test_a_database_that_another_process_locks_is_reported_and_delays_no_run(self):  # R08
        path = self.python("print('ran')")
        self.assertEqual(self.call("run", "--quiet", path).returncode, 0)
        other = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("begin immediate")
        begun = time.monotonic()
        done = self.call("run", path)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual((done.returncode, done.stdout), (0, b"ran\n"), done)
        said = [line for line in done.stderr.decode().splitlines() if str(self.database) in line]
        self.assertEqual(len(said), 1, done.stderr)
        self.assertIn("another process holds it", said[0])
        self.assertIn(f"The last run is in {self.database}.late-", said[0])
        other.execute("rollback")
        self.assertEqual(self.call("run", "--quiet", path).stderr, b"")
        self.assertEqual([run["state"] for run in self.list()], ["finished"] * 3)
        self.assertEqual(list(self.database.parent.glob("*.late-*")), [])

    def test_one_that_is_held_from_the_middle_of_a_run_on_has_its_end_later(self):  # R08
        child = self.start("run", "--quiet", "--stdin", "-", self.file("x.sh", "echo up\nread line\necho $line\nexit 3"), stdin=subprocess.PIPE)
        self.assertEqual(child.stdout.readline(), b"up\n")
        until = time.monotonic() + LIMIT
        while not (now := self.list()) or not now[0]["image"]:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        other = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("begin immediate")
        out, err = child.communicate(b"end\n", timeout=LIMIT)
        self.assertEqual((child.returncode, out), (3, b"end\n"), err)
        other.execute("rollback")
        (run,) = self.list()
        self.assertEqual((run["state"], run["exitCode"]), ("finished", 3))

    def test_a_run_whose_process_was_killed_is_interrupted(self):
        child = self.start("run", self.file("x.sh", "echo up\nsleep 100"))
        self.assertEqual(child.stdout.readline(), b"up\n")
        until = time.monotonic() + LIMIT
        while not (now := self.list()) or not now[0]["image"]:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        self.assertEqual((now[0]["state"], now[0]["name"]), ("running", "x.sh"))
        self.assert_run(self.call("history", "prune", "--all"), 0)
        self.assertEqual(len(self.list()), 1)
        child.kill()
        self.assertEqual(child.wait(LIMIT), -signal.SIGKILL)
        (run,) = self.list()
        self.assertEqual((run["state"], run["verdict"], run["endedAt"], run["image"]), ("interrupted", None, None, IMAGE))
        self.assertIn("interrupted", self.call("history").stdout.decode())
        self.assertIn("interrupted", self.call("history", "show", run["id"]).stdout.decode())

    def test_runs_side_by_side_are_all_there(self):
        path = self.file("x.sh", "echo $1")
        children = [self.start("run", "-q", path, "--", str(i)) for i in range(6)]
        for child in children:
            self.assertEqual(child.wait(LIMIT), 0)
        outs = {self.show(run["id"])["stdout"]["head"]["text"] for run in self.list()}
        self.assertEqual(outs, {f"{i}\n" for i in range(6)})

    def test_a_stopped_run_is_cancelled(self):
        child = self.start("run", self.file("x.sh", "echo up\nsleep 100"))
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(LIMIT), 130)
        self.assertEqual(self.list()[0]["verdict"], "cancelled")


class Copies(CopyTest):
    """K03: export of the history, and import."""

    def test_the_runs_of_the_copy_are_back_and_the_later_ones_are_gone(self):
        self.runs(2)
        kept = self.ids()
        copy = self.folder / "copy.db"
        self.assert_run(self.call("history", "export", str(copy)), 0, b"2 runs written to " + bytes(copy) + b"\n")
        self.assertEqual(stat.S_IMODE(copy.stat().st_mode), 0o600)
        self.runs(1)
        done = self.call("history", "import", "--json", str(copy))
        self.assert_run(done, 0)
        self.assertEqual(json.loads(done.stdout), {"file": str(copy), "runs": 2, "replaced": 3})
        self.assertEqual(self.ids(), kept)
        self.runs(1)
        self.assertEqual(self.ids()[1:], kept)

    def test_by_stdout_and_stdin(self):
        self.runs(1)
        kept = self.ids()
        copy = self.call("history", "export", "-")
        self.assert_run(copy, 0)
        self.assertTrue(copy.stdout.startswith(b"SQLite format 3\0"))
        self.runs(1)
        self.assert_run(self.call("history", "import", "-", input=copy.stdout), 0, b"1 run read from stdin; they replace the 2 that were here\n")
        self.assertEqual(self.ids(), kept)

    def test_a_lost_history_is_back_from_its_copy(self):
        self.runs(1)
        kept, copy = self.ids(), self.folder / "copy.db"
        self.assert_run(self.call("history", "export", str(copy)), 0)
        for path in pathlib.Path(self.database.parent).glob("history.db*"):
            path.unlink()
        self.assertEqual(self.ids(), [])
        self.assert_run(self.call("history", "import", str(copy)), 0)
        self.assertEqual(self.ids(), kept)
        self.assertEqual(stat.S_IMODE(self.database.stat().st_mode), 0o600)

    def test_what_can_not_be_copied_or_read_is_reported_in_one_line(self):
        self.assert_refused(self.call("history", "export", str(self.folder / "copy.db")), "There is no history at", str(self.database))
        self.runs(1)
        self.assert_refused(self.call("history", "export"), "history export FILE")
        self.assert_refused(self.call("history", "import"), "history export FILE")
        self.assert_refused(self.call("history", "export", str(self.folder)), "folder")
        self.assert_refused(self.call("history", "export", str(self.database)), "itself")
        self.assert_refused(self.call("history", "export", "-", "--json"), "--json")
        self.assert_refused(self.call("history", "import", "-", input=b"no database"), "not a history")
        self.assert_refused(self.call("history", "import", str(self.folder / "nowhere")), "nowhere")
        self.assertEqual(len(self.ids()), 1)
