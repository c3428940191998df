"""Tests that @alone marks run in the part that DIND_ALONE names, and each test is in one of the two parts."""
import json
import pathlib
import subprocess
import sys
import tempfile

LIB = str(pathlib.Path(__file__).resolve().parents[1] / "lib")
TESTS = """
import unittest
from dindtest.alone import alone
class Both(unittest.TestCase):
    def test_beside(self): pass
    @alone
    def test_by_itself(self): pass
"""
PARTS = {"": ["test_beside", "test_by_itself"], "only": ["test_by_itself"], "without": ["test_beside"]}

with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "test_both.py").write_text(TESTS)
    for part, expected in PARTS.items():
        env = {"PYTHONPATH": LIB, "DOCKER_HOST": "unix:///none", "DIND_ALONE": part}
        done = subprocess.run([sys.executable, "-m", "dindtest.run_python", folder, folder + "/result.json"], capture_output=True, text=True, timeout=60, env=env)
        ran = [name for name in PARTS[""] if f"passed  test_both.Both.{name} " in done.stdout]
        result = json.loads(pathlib.Path(folder, "result.json").read_text())
        if ran != expected or result["passed"] != len(expected) or done.returncode:
            sys.exit(f"DIND_ALONE={part}: {ran}, {result}\n{done.stdout}{done.stderr}")
