"""The C++ library as somebody else uses it: installed, found by find_package(dind), and run on the real engine."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def output_of(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False, **more)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}"
    return done.stdout


class Library(unittest.TestCase):
    def test_the_example_builds_from_an_install_tree_and_runs(self):
        with tempfile.TemporaryDirectory(prefix="dind-library-") as folder:
            output_of("cmake", "--install", ROOT / "build/release", "--prefix", f"{folder}/dind")
            public = sorted(path.name for path in pathlib.Path(folder, "dind/include/dind").iterdir())
            self.assertEqual(public, sorted(path.name for path in (ROOT / "include/dind").iterdir()))
            output_of("cmake", "-S", ROOT / "examples/cpp", "-B", f"{folder}/build", "-G", "Ninja", "-DCMAKE_CXX_COMPILER=clang++-19", f"-DCMAKE_PREFIX_PATH={folder}/dind")
            output_of("cmake", "--build", f"{folder}/build")
            environment = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")} | {"HOME": folder}
            said = output_of(f"{folder}/build/run_in_sandbox", env=environment)
            self.assertRegex(said, re.compile(
                r"python: returncode 0, verdict ok\nHello from 3\.\d+\.\d+\n"
                r"stdin: returncode 0, verdict ok\n42\n"
                r"shell: returncode 3, verdict failed\n42\n"
                r"timeout: returncode 124, verdict timeout\n"
                r"refused: A command needs an image to run in: name one\n"
                r"cancelled: returncode 130, verdict cancelled\nup"))
