"""A test that leaves a descriptor, a thread or a child behind fails by its name; one that does not passes."""
import json
import pathlib
import subprocess
import sys
import tempfile

LIB = str(pathlib.Path(__file__).resolve().parents[1] / "lib")
TESTS = """
import subprocess, threading, unittest
kept = []
over = threading.Event()
class Leaky(unittest.TestCase):
    def test_child(self): kept.append(subprocess.Popen(["sleep", "20"])); unittest.addModuleCleanup(kept[-1].wait); unittest.addModuleCleanup(kept[-1].kill)
    def test_clean(self): open("/dev/null").close(); subprocess.run(["true"])
    def test_cleaned_up(self): file = open("/dev/null"); self.addCleanup(file.close)
    def test_descriptor(self): kept.append(open("/dev/null")); unittest.addModuleCleanup(kept[-1].close)
    def test_thread(self): threading.Thread(target=over.wait).start(); unittest.addModuleCleanup(over.set)
"""

with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "test_leaky.py").write_text(TESTS)
    done = subprocess.run([sys.executable, "-m", "dindtest.run_python", folder, folder + "/result.json"], capture_output=True, text=True, timeout=60, env={"PYTHONPATH": LIB, "DOCKER_HOST": "unix:///none", "DIND_LEAK_PATIENCE": "0.2"})
    result = json.loads(pathlib.Path(folder, "result.json").read_text())
expected = [f"test_leaky.Leaky.test_{each}" for each in ("child", "descriptor", "thread")]
if [each.split(": ")[0] for each in result["failures"]] != expected or result["passed"] != 2 or done.returncode != 1 or done.stdout.count("left behind") != 3:
    sys.exit(f"{result}\n{done.stdout}{done.stderr}")
