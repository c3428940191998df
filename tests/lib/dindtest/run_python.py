"""Runs the unittest files of a folder, says how each went and what it left behind, and writes {"passed", "failed", "skipped", "failures"}.

usage: run_python.py FOLDER RESULT.json [NAME]      NAME: only tests whose name contains it

DIND_ALONE=only: only those that alone.py marks; DIND_ALONE=without: all but those.
"""
import json
import os
import sys
import time
import traceback
import unittest

from dindtest.alone import chosen
from dindtest.leak_check import LeakCheck


def reason(err):
    """In one line, for the list at the end: the place in the test's own file, and what was wrong."""
    if err is None:
        return ": it left something behind"
    kind, problem, trace = err
    frames = [each for each in traceback.extract_tb(trace) if "/unittest/" not in each.filename]
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}: " if frames else ""
    return f": {place}{kind.__name__}: {' '.join(str(problem).split())[:400]}"


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.record = {"passed": 0, "failed": 0, "skipped": 0, "failures": []}
        self.dots = False
        self.leaked = False

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.broken = False
        self.leaks = LeakCheck()

    def stopTest(self, test):
        super().stopTest(test)
        for left in self.leaks.left():
            print(f"          left behind: {left}", flush=True)
            if not self.broken:
                self.note(test, None)
                self.leaked = True
        skipped = any(each is test for each, _ in self.skipped)
        kind = "skipped" if skipped else "failed" if self.broken else "passed"
        self.record[kind] += 1
        print(f"  {kind:7} {test.id()} ({time.monotonic() - self.began:.1f} s)", flush=True)

    def note(self, test, err):
        self.broken = True
        self.record["failures"].append(test.id() + reason(err))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, err)
        if not hasattr(test, "_testMethodName"):  # setUpClass or setUpModule: no startTest, no stopTest
            self.record["failed"] += 1

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.broken = True
            self.record["failures"].append(subtest.id() + reason(err))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, None)


def pick(suite, name):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from pick(each, name)
        elif isinstance(each, unittest.loader._FailedTest):
            yield each
        elif (not name or name.lower() in each.id().lower()) and chosen(each, os.environ.get("DIND_ALONE")):
            yield each


def main():
    folder, target = sys.argv[1:3]
    name = sys.argv[3] if len(sys.argv) > 3 else ""
    found = unittest.defaultTestLoader.discover(folder, pattern="*.py", top_level_dir=folder)
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=0, resultclass=Result)
    result = runner.run(unittest.TestSuite(pick(found, name)))
    with open(target, "w") as out:
        json.dump(result.record, out)
    sys.exit(result.leaked or not result.wasSuccessful())


main()
