"""The C++ library as another project uses it: installed, found by find_package(dind), and run on the real engine."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from dindtest import engine

ROOT = pathlib.Path(__file__).resolve().parents[2]


def output_of(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False, **more)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}"
    return done.stdout


class Library(unittest.TestCase):
    def stand_in(self, name, tag, image):
        if engine.call("GET", f"/images/{name}:{tag}/json", allow=(404,)).get("Id"):
            return
        engine.call("POST", f"/images/{image}/tag?repo={name}&tag={tag}")
        self.addCleanup(engine.call, "DELETE", f"/images/{name}:{tag}", allow=(404,))

    def test_the_example_builds_from_an_install_tree_and_runs(self):
        with tempfile.TemporaryDirectory(prefix="dind-library-") as folder:
            output_of("cmake", "--install", ROOT / "build/release", "--prefix", f"{folder}/dind")
            public = sorted(path.name for path in pathlib.Path(folder, "dind/include/dind").iterdir())
            self.assertEqual(public, sorted(path.name for path in (ROOT / "include/dind").iterdir()))
            output_of("cmake", "-S", ROOT / "examples/cpp", "-B", f"{folder}/build", "-G", "Ninja", "-DCMAKE_CXX_COMPILER=clang++-19", f"-DCMAKE_PREFIX_PATH={folder}/dind")
            output_of("cmake", "--build", f"{folder}/build")
            environment = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")} | {"HOME": folder}
            # No registry is used: one of our images gets the name of the public one.
            self.stand_in("debian", "bookworm-slim", "dind-executor/runtime-shell:bookworm")
            said = output_of(f"{folder}/build/run_in_sandbox", env=environment | {"DIND_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt", "DOCKER_BUILDKIT": "0"})
            self.assertRegex(said, re.compile(
                r"python: returncode 0, verdict ok\nHello from 3\.\d+\.\d+\n"
                r"requirements: returncode 0, verdict ok\nsix 1\.16\.0\n"
                r"stdin: returncode 0, verdict ok\n42\n"
                r"shell: returncode 3, verdict failed\n42\n"
                r"command: returncode 4, verdict failed\n2\d{9}\n"
                r"build: returncode 0, verdict ok\nmade by the build\n"
                r"build that fails: returncode 5, verdict failed\n(?s:.*)RUN exit 5(?s:.*)"
                r"timeout: returncode 124, verdict timeout\n"
                r"refused: A command needs an image to run in: name one\n"
                r"cancelled: returncode 130, verdict cancelled\nup"))
