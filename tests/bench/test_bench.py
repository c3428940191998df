"""A short scripts/bench, on the dev program and an engine of its own. Its counts must be right, and each measurement must be there.

Times and memory are judged with the release program on an idle machine (docs/performance.md), not here.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 1200  # seconds; the images may have to be built


class ShortBench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        name = os.environ.get("DIND_ENGINE_NAME", "test") + "-bench"
        with tempfile.TemporaryDirectory(prefix="dind-bench-") as folder:
            figures = pathlib.Path(folder) / "figures.json"
            cls.done = subprocess.run(
                [ROOT / "scripts/bench", "all", "--program", os.environ["DIND_EXECUTOR"], "--json", figures, "--runs", "60", "--kills", "6", "--restarts", "1",
                 "--precision", "1", "--megabytes", "10", "--pause", "1", "--requests", "160", "--samples", "8", "--clients", "1,4", "--files", "500"],
                env=os.environ | {"DIND_ENGINE_NAME": name}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT, check=False)
            cls.tables = json.loads(figures.read_text()) if figures.exists() else []

    def rows(self, table, *kinds):
        if len(self.tables) != 4:
            self.fail(f"scripts/bench broke off (exit {self.done.returncode}): {self.done.stdout[-4000:]}")
        found = [row for row in self.tables[table]["rows"] if row["kind"] in kinds]
        self.assertTrue(found)
        return found

    def check_counts(self, table):
        for row in self.rows(table, "count"):
            with self.subTest(row["figure"]):
                self.assertTrue(row["holds"], f"{row} {self.tables[table]['notes']}")

    def check_measured(self, table, *figures):
        measured = {row["figure"]: row for row in self.rows(table, "time", "memory")}
        for figure in figures:
            with self.subTest(figure):
                self.assertTrue([name for name in measured if figure in name], sorted(measured))
        for name, row in measured.items():
            with self.subTest(name):
                self.assertTrue(row.get("n", 1) > 0, row)

    def test_runs_kills_and_restarts_leave_nothing(self):
        self.check_counts(0)
        self.check_measured(0, "timeout: answered", "sign of life", "cancel", "SIGKILL", "next start", "engine_unavailable", "works again", "the server is stopped",
                            "the engine is stopped", "the engine is killed")

    def test_a_flood_arrives_complete_and_a_client_that_does_not_read_delays_no_other(self):
        self.check_counts(1)
        self.check_measured(1, "memory growth", "timeout in the same server", "removal in the same server", "its stop")

    def test_a_fresh_sandbox_is_measured_beside_the_others(self):
        self.check_counts(3)
        ratios = {row["figure"]: row for row in self.rows(3, "ratio")}
        for figure in ("warm: first byte, p50", "warm: whole run", "cold: whole process", "sustained, 4 clients", "output, ", "build and run", "growth, warm run with 1000 runs",
                       "growth, cold run with 200 foreign"):
            with self.subTest(figure):
                row = next(row for name, row in ratios.items() if name.startswith(figure))
                self.assertGreater(row["ratio"], 0)
        said = {row["figure"]: row["measured"] for row in self.rows(3, "info")}
        self.assertEqual(said["warm: runs that found a sandbox waiting"], "8 of 8")

    def test_what_is_too_much_is_refused_and_the_rest_runs(self):
        self.check_counts(2)
        self.check_measured(2, "busy")
