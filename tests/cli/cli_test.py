#!/usr/bin/env python3
"""Drives the real program ($DIND_BINARY) on the real engine (DOCKER_HOST).

    tests/cli/cli_test.py [-k NAME]

Writes build/test-results/cli.json (or what DIND_TEST_RESULT names) and ends with `N passed, N failed`.
"""
import argparse
import json
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import engine_api  # noqa: E402
import harness  # noqa: E402


class Result(unittest.TextTestResult):
    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.bad = []

    def _note(self, test):
        name = str(test.id())
        if name not in self.bad:
            self.bad.append(name)

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note(test)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-k", metavar="NAME", help="only tests whose name contains NAME")
    asked = parser.parse_args()
    print(f"program {harness.program()}")
    try:
        print(f"engine {engine_api.get('/version')['Version']}")
    except OSError as error:
        sys.exit(f"no engine answers at {os.environ.get('DOCKER_HOST', 'the default socket')} ({error}): scripts/engine start")
    loader = unittest.TestLoader()
    if asked.k:
        loader.testNamePatterns = [f"*{asked.k}*"]
    suite = loader.discover(str(HERE), pattern="test_*.py", top_level_dir=str(HERE))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result).run(suite)
    failed = len(result.bad)
    passed = max(0, result.testsRun - failed - len(result.skipped))
    path = pathlib.Path(os.environ.get("DIND_TEST_RESULT") or harness.ROOT / "build/test-results/cli.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"passed": passed, "failed": failed, "skipped": len(result.skipped), "failures": result.bad}) + "\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
