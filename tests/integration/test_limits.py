"""Limits on a real engine: how exactly a timeout holds, and more CPUs than the machine has. Hostile programs are in tests/hostile."""
import json
import time

from dindtest import engine
from dindtest.case import CliCase
from dindtest.engine import is_there

ENDLESS = "import time\nprint('up', flush=True)\nwhile True: time.sleep(0.01)\n"


class Time(CliCase):
    def test_a_timeout_kills_within_half_a_second(self):
        path = self.python(ENDLESS)
        late = []
        for _ in range(5):
            result, _, code = self.result_of("--timeout", "1", path)
            self.assertEqual((result["verdict"], code), ("timeout", 124))
            late.append(result["durationMs"] - 1000)
        self.measured("timeout precision, ms past 1 s", sorted(late))
        self.assertGreaterEqual(min(late), -5)
        self.assertLess(max(late), 500)

    def test_a_reader_that_does_not_read_delays_no_timeout(self):
        child = self.start("run", "--quiet", "--timeout", "1.5", self.python("while True: print('x' * 4000)"))
        ids = {self.sandbox_of(child)}
        begun = time.monotonic()
        self.until(lambda: not is_there(ids), 10)
        self.measured("unread flood with a timeout of 1.5 s: gone after, s", round(time.monotonic() - begun, 2))
        self.assertLess(time.monotonic() - begun, 1.5 + 1.5)
        self.assertIsNone(child.poll())  # it still has output to give
        self.assertGreater(len(child.stdout.read()), 100_000)
        self.assertEqual(child.wait(20), 124)


class Pids(CliCase):
    def test_the_fewest_processes_that_a_sandbox_can_have(self):
        self.assert_refused(self.call("run", "--pids", "1", self.python("print(1)")), "pids must be at least 2")
        self.assert_run(self.call("run", "--quiet", "--pids", "2", self.python("print(1)")), 0, b"1\n")


class Cpus(CliCase):
    def test_more_cpus_than_the_engine_has_are_all_of_them(self):
        done = self.call("run", "--json", "--cpus", "60", self.python("print(1)"))
        started = next(event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "started")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(started["limits"]["cpus"], engine.call("GET", "/info")["NCPU"])
        self.assertIn("all of them are in force", " ".join(started["notes"]))
