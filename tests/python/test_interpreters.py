"""The client on every Python that the machine has, and as an installed package."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from dindtest.alone import alone
from case import ROOT

HERE = pathlib.Path(__file__).parent
FAKES = ["test_framing", "test_requests", "test_results", "test_calls", "test_finding", "test_async"]
OLDEST = (3, 9)


def output_of(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def interpreters():
    """{(major, minor): path} of the Pythons on PATH and of pyenv, without the one that runs this test."""
    places = []
    for folder in os.get_exec_path():
        if os.path.isdir(folder):
            places += [os.path.join(folder, each) for each in os.listdir(folder) if re.fullmatch(r"python3(\.\d+)?", each)]
    if shutil.which("pyenv"):
        for version in output_of("pyenv", "versions", "--bare").split():
            places.append(os.path.join(output_of("pyenv", "prefix", version), "bin", "python3"))
    found = {}
    for place in filter(lambda each: os.access(each, os.X_OK), places):
        said = output_of(place, "-c", "import sys; print(*sys.version_info[:2], sys.executable)").split(" ", 2)
        if len(said) == 3 and (version := (int(said[0]), int(said[1]))) >= OLDEST and version != sys.version_info[:2]:
            found.setdefault(version, said[2])
    return found


class Interpreters(unittest.TestCase):
    @alone
    def test_the_client_is_the_same_on_every_python_of_the_machine(self):
        found = interpreters()
        print(f"    beside {sys.version_info[0]}.{sys.version_info[1]}:",
              ", ".join(f"{major}.{minor}" for major, minor in sorted(found)) or "no other Python")

        def run(python):  # they share the processors
            return subprocess.run([python, "-B", "-W", "error::DeprecationWarning", "-m", "unittest", *FAKES],
                                  cwd=HERE, env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests/lib'}:{ROOT / 'python/src'}"}, capture_output=True,
                                  text=True, timeout=600, check=False)

        with concurrent.futures.ThreadPoolExecutor() as side_by_side:  # they mostly wait
            ended = list(side_by_side.map(run, found.values()))
        for version, done in zip(found, ended):
            with self.subTest(version=version):
                self.assertEqual(done.returncode, 0, done.stderr[-4000:])
                self.assertRegex(done.stderr, r"Ran [1-9]\d+ tests")


class Package(unittest.TestCase):
    def test_pip_installs_it_with_its_types_and_nothing_else(self):
        with tempfile.TemporaryDirectory(prefix="dind-pip-") as name:
            folder = pathlib.Path(name)
            # A copy: building leaves files beside the sources.
            shutil.copytree(ROOT / "python", folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, capture_output=True, timeout=120)
            python = folder / "venv" / "bin" / "python"
            done = subprocess.run([python, "-m", "pip", "install", "--quiet", folder / "source"], capture_output=True,
                                  text=True, timeout=300, check=False)
            self.assertEqual(done.returncode, 0, done.stderr[-3000:])
            code = "import dind_executor as d, importlib.metadata as m, pathlib as p;" \
                   "there = p.Path(d.__file__).parent; print(m.version('dind-executor'), d.__version__," \
                   "(there / 'py.typed').exists(), m.requires('dind-executor') or 'alone', 'venv' in there.parts)"
            said = output_of(str(python), "-I", "-c", code)
            self.assertEqual(said, f"{self.version()} {self.version()} True alone True")

    @staticmethod
    def version():
        return re.search(r'^__version__ = "(.+)"$', (ROOT / "python/src/dind_executor/__init__.py").read_text(), re.M).group(1)
