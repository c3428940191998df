"""Runs that are ended early leave nothing: signals to the program, its SIGKILL, many at once."""
import json
import signal
import time

from dindtest import engine
from dindtest.alone import alone
from dindtest.case import CliCase
from dindtest.engine import OWNER, container_events, is_there
from dindtest.program import LIMIT, SHELL

UP = "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)\n"


class Stops(CliCase):
    def stopped_by(self, number, code, program=UP):
        child = self.start("run", "--json", self.python(program))
        ids = {self.sandbox_of(child)}
        while json.loads(child.stdout.readline())["event"] != "output":
            pass
        begun = time.monotonic()
        child.send_signal(number)
        last = {}
        for line in child.stdout:
            last = json.loads(line)
            if last["event"] == "finished":
                break
        answered = time.monotonic() - begun
        self.assertEqual((last["event"], last["result"]["verdict"]), ("finished", "cancelled"))
        self.assertEqual(child.wait(LIMIT), code)
        self.assertFalse(is_there(ids), "the program returned before its container was gone")
        return answered

    def test_sigint_is_answered_at_once_and_leaves_nothing(self):
        answered = [self.stopped_by(signal.SIGINT, 130) for _ in range(3)]
        self.measured("cancel answered after, ms", sorted(round(each * 1000) for each in answered))
        self.assertLess(max(answered), 0.5)

    def test_sigterm_is_answered_at_once_and_leaves_nothing(self):
        self.assertLess(self.stopped_by(signal.SIGTERM, 143), 0.5)

    def test_a_program_that_ignores_signals_is_stopped_all_the_same(self):
        deaf = "import signal\nfor n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(n, signal.SIG_IGN)\n" + UP
        self.assertLess(self.stopped_by(signal.SIGINT, 130, deaf), 0.5)

    def test_a_stop_in_the_middle_of_the_preparation_leaves_nothing(self):
        # At every stage of the run. Which stage a delay meets differs from machine to machine.
        path = self.python(UP)
        for delay in (0.0, 0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.3):
            child = self.start("run", "--quiet", path)
            time.sleep(delay)
            begun = time.monotonic()
            child.send_signal(signal.SIGTERM)
            code = child.wait(LIMIT)
            self.assertIn(code, (143, -15))  # -15: it came before the handler was installed
            self.assertLess(time.monotonic() - begun, 5)
        self.assert_nothing_left(5)


class Death(CliCase):
    def test_the_sandbox_is_removed_when_the_program_is_killed(self):
        # Children that left the session end too, since the end of PID 1 ends all.
        path = self.file("x.sh", "(setsid sh -c 'trap \"\" TERM HUP INT; sleep 100' &)\ntrap '' TERM HUP\necho up\nsleep 100\n")
        gone = []
        for _ in range(5):
            child = self.start("run", path)
            self.assertEqual(child.stdout.readline(), b"up\n")
            ids = {self.sandbox_of(child)}
            self.assertTrue(is_there(ids))
            child.kill()
            gone.append(self.until(lambda ids=ids: not is_there(ids), 10))
            child.wait(LIMIT)
        self.measured("SIGKILL of ours to the container's end, ms", sorted(round(each * 1000) for each in gone))
        self.assertLess(max(gone), 1.0)

    def stopped_by_the_engine(self, *calls):
        """Asks the engine to end the sandbox of a run. Returns the last event of the run and how long that took."""
        child = self.start("run", "--json", self.python("import os, signal\nfor _ in range(100): os.kill(1, signal.SIGTERM)\n" + UP))
        for line in child.stdout:
            if json.loads(line)["event"] == "output":
                break
        sandbox = self.sandbox_of(child)
        self.assertTrue(is_there({sandbox}), "its own program has ended it")
        for call in calls:
            engine.call("POST", f"/containers/{sandbox}/{call}")
        took = self.until(lambda: not is_there({sandbox}))
        last = [json.loads(line) for line in child.stdout][-1]
        child.wait(LIMIT)
        return last, took

    @alone
    def test_a_stop_by_the_engine_ends_the_sandbox_at_once(self):
        # An engine that starts again after a crash does so too, and does not answer before (S02: StopSignal).
        last, took = self.stopped_by_the_engine("stop")
        self.assertLess(took, 1.0)
        self.assertEqual((last["event"], last["error"]["kind"]), ("error", "engine_error"))

    @alone
    def test_sigterm_from_any_sender_has_no_effect_on_a_sandbox(self):
        """S02: a program can send a signal that seems to come from outside."""
        last, took = self.stopped_by_the_engine("kill?signal=SIGTERM", "kill?signal=SIGUSR1", "kill?signal=SIGKILL")
        self.assertLess(took, 1.0)
        self.assertEqual((last["event"], last["error"]["kind"]), ("error", "engine_error"))

    def test_the_sandbox_goes_when_we_are_killed_in_a_flood(self):
        child = self.start("run", self.python("while True: print('x' * 4000)"))
        child.stdout.read(100_000)
        ids = {self.sandbox_of(child)}
        child.kill()
        child.wait(LIMIT)
        self.assertLess(self.until(lambda: not is_there(ids), 10), 1.0)


class Many(CliCase):
    def test_eight_at_once_each_with_its_own_output(self):
        path = self.python("import sys, time\nfor i in range(200): print(sys.argv[1], i)\ntime.sleep(0.2)\nsys.exit(int(sys.argv[1]))\n")
        begun = time.monotonic()
        children = [self.start("run", "--quiet", path, "--", str(n)) for n in range(8)]
        for n, child in enumerate(children):
            out, err = child.communicate(timeout=LIMIT)
            self.assertEqual((out, err, child.returncode), (b"".join(b"%d %d\n" % (n, i) for i in range(200)), b"", n))
        self.measured("8 runs at once, s", round(time.monotonic() - begun, 2))

    def test_one_after_another_they_leave_no_descriptor_and_no_container(self):
        for _ in range(10):
            self.assert_run(self.call("run", "--quiet", "--image", SHELL, "--", "true"), 0, b"")
        self.assert_nothing_left(1)

    def test_what_ended_by_itself_is_not_killed_once_more(self):
        """A kill would cost the engine a process of runc, without need."""
        begun = time.time()
        pids = set()
        for _ in range(10):
            child = self.start("run", "--quiet", "--no-handover", "--image", SHELL, "--", "true")
            self.assertEqual(child.communicate(timeout=LIMIT) + (child.returncode,), (b"", b"", 0))
            pids.add(str(child.pid))
        self.assert_nothing_left(1)

        def ours(action):
            return [each for each in container_events(begun, action) if OWNER in each and each[OWNER].split(".")[-2] in pids]
        self.assertEqual(len(ours("destroy")), 10)
        self.assertEqual(ours("kill"), [])
