"""What the hostile programs' tests stand on: one program a case, the engine watched while it runs, and nothing left after each test."""
import re
import threading
import time
from dataclasses import dataclass, replace

from dindtest import engine
from dindtest.alone import alone
from dindtest.case import CliCase

PING_LIMIT = 1.0  # seconds that the engine may take to answer, whatever a program does
BEFORE = "before\n"  # what every program prints first: output so far is kept, however it ends
PRELUDE = {"py": "print('before', flush=True)\n", "sh": "echo before\n"}
GVISOR_END = "under gVisor a program can end it"  # the note of a run whose supervisor was killed


@dataclass(frozen=True)
class Case:
    """A program that does its worst, and what must come of it."""
    name: str
    program: str
    suffix: str = "py"
    options: tuple = ()
    config: str = ""
    verdict: tuple = ("ok",)  # one of these
    code: int | None = None   # dind-executor's exit code
    text: str | None = None   # all of its output after BEFORE
    size: int | None = None   # bytes of all of its output
    match: str | None = None  # a regular expression that its output has
    note: str | None = None   # a note of the result has it
    fields: tuple = ()        # (field of the result, value)
    seconds: float = 20       # the whole call, start of the sandbox and all
    gvisor: dict | None = None  # what is otherwise under gVisor; None: it is not run there
    runc: bool = True           # False: under gVisor alone
    may_lose_output: bool = False  # it ends its own sandbox, maybe before its first line has been taken
    alone: bool = False         # the time that it may take holds only while no other suite runs

    def under(self, isolation):
        return self if isolation == "runc" else replace(self, **self.gvisor)


class Pings(threading.Thread):
    """Asks the engine whether it is there, all the time; `slowest` is its longest answer in seconds."""

    def __init__(self):
        super().__init__(daemon=True)
        self.slowest, self.count, self.failure = 0.0, 0, None
        self.over = threading.Event()

    def run(self):
        try:
            while not self.over.is_set():
                begun = time.monotonic()
                engine.call("GET", "/_ping")
                self.slowest = max(self.slowest, time.monotonic() - begun)
                self.count += 1
                self.over.wait(0.05)
        except Exception as failure:  # told to the test, which waits in another thread
            self.failure = failure

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join(30)


def run_objects():
    """The names of the volumes and networks that belong to a run."""
    return {description for kind, description, _ in engine.labelled() if kind != "container"}


class HostileTest(CliCase):
    isolation = "runc"

    def setUp(self):
        super().setUp()
        before = run_objects()
        self.addCleanup(lambda: self.assertEqual(run_objects() - before, set(), "a volume or a network is left behind"))

    def attack(self, *arguments, **more):
        """result_of under this class's isolation, with the engine watched."""
        with Pings() as pings:
            result, text, code = self.result_of("--isolation", self.isolation, *arguments, **more)
        self.assertIsNone(pings.failure)
        self.assertGreater(pings.count, 0)
        self.assertLess(pings.slowest, PING_LIMIT, "the engine did not answer in time")
        self.assertEqual(result["isolation"], self.isolation)
        return result, text, code

    def check(self, case):
        case = case.under(self.isolation)
        more = {"env": self.environment(DIND_CONFIG=self.file("config.json", case.config))} if case.config else {}
        path = self.file(f"program.{case.suffix}", PRELUDE[case.suffix] + case.program)
        begun = time.monotonic()
        result, text, code = self.attack(*case.options, path, **more)
        took = time.monotonic() - begun
        said = f"{result}\n{text[-2000:]}"
        self.assertIn(result["verdict"], case.verdict, said)
        # A program that ends its own sandbox (under gVisor) may do so before its first line has been taken.
        if text or not case.may_lose_output:
            self.assertEqual(text[:len(BEFORE)], BEFORE, "output so far is not kept")
        if case.size is not None:
            self.assertEqual(len(text), case.size)
        text = text[len(BEFORE):]
        if case.code is not None:
            self.assertEqual(code, case.code, said)
        if case.text is not None:
            self.assertEqual(text, case.text, said)
        if case.match is not None:
            self.assertRegex(text, re.compile(case.match))
        if case.note is not None:
            self.assertIn(case.note, self.notes, said)
        for field, value in case.fields:
            self.assertEqual(result[field], value, said)
        self.assertLess(took, case.seconds)


def cases(table):
    """Makes a test of each case of the table, named after it."""
    def add(cls):
        for each in table:
            if cls.isolation == "runc" and not each.runc:
                continue
            def test(self, each=each):
                self.check(each)
            name = "test_" + re.sub(r"\W+", "_", each.name).strip("_").lower()
            assert not hasattr(cls, name), f"two cases are called {each.name!r}"
            setattr(cls, name, alone(test) if each.alone else test)
        return cls
    return add
