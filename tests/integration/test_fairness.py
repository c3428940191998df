"""The queue is fair among clients: a program of two clients on one service, on the real engine."""
import os
import pathlib
import subprocess

from dindtest.case import CliCase
from dindtest.program import LIMIT, program


class Fairness(CliCase):
    def test_a_second_client_does_not_wait_for_all_that_the_first_has_waiting(self):
        two_clients = pathlib.Path(os.environ.get("DIND_TWO_CLIENTS") or pathlib.Path(program()).parent / "tests/two_clients")
        done = subprocess.run([two_clients], capture_output=True, text=True, timeout=LIMIT, env=self.environment(), check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.assertEqual([line[1:] for line in lines if line[0] == "queued"],
                         [["greedy", str(n)] for n in range(6)] + [["modest", "1"], ["modest", "3"]])
        started = [line[1] for line in lines if line[0] == "started"]
        self.assertEqual(started, ["greedy", "greedy", "modest", "greedy", "modest", "greedy", "greedy", "greedy", "greedy"])
