"""The base class of the tests of hostile programs. It watches the engine while a program runs, and checks that nothing is left after each test.

A program is a file of programs/. Its header says what it tries, which shared parts are put before it, with which options it runs,
and which result is expected. `Attack` explains each line. Each program of the table prints `before` first.
"""
import json
import pathlib
import re
import shlex
import threading
import time
from dataclasses import dataclass, replace

from dindtest import engine
from dindtest.alone import alone
from dindtest.case import CliCase

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
PING_LIMIT = 1.0  # seconds in which the engine must answer, whatever a program does
BEFORE = "before\n"  # what each program of the table prints first: this output must be kept, however the run ends
PRELUDE = {"py": "print('before', flush=True)\n", "sh": "echo before\n", "js": "require('fs').writeSync(1, 'before\\n');\n"}
GVISOR_END = "under gVisor a program can end it"  # the note of a run whose supervisor was killed


def any_or(parse):
    """Returns a parser of a value that is not compared if it is `any`."""
    return lambda text: None if text == "any" else parse(text)


def is_yes(text):
    if text != "yes":
        raise ValueError(f"{text!r} is not yes")
    return True


# For each line of a header: the field of Attack, and the parser of its value.
HEADER = {
    "with": ("parts", lambda text: tuple(text.split())),
    "options": ("options", lambda text: tuple(shlex.split(text))),
    "configuration": ("config", str),
    "verdict": ("verdict", lambda text: tuple(text.split(" or "))),
    "exit code": ("code", any_or(int)),
    "output": ("text", any_or(json.loads)),
    "output bytes": ("size", int),
    "output matches": ("match", any_or(str)),
    "output may be lost": ("may_lose_output", is_yes),
    "note": ("note", any_or(str)),
    "result": ("fields", lambda text: tuple(json.loads(text).items())),
    "seconds": ("seconds", float),
    "measures time": ("alone", is_yes),
    "exit report may be late": ("may_report_late", is_yes),
}


@dataclass(frozen=True)
class Attack:
    """A hostile program and its expected result."""
    file: str
    name: str
    source: str
    parts: tuple = ()         # files of programs/lib that are put before it
    options: tuple = ()       # of `dind-executor run`
    config: str = ""          # the configuration file
    verdict: tuple = ()       # the verdict must be one of these
    code: int | None = None   # dind-executor's exit code
    text: str | None = None   # all of its output after BEFORE
    size: int | None = None   # bytes of all of its output
    match: str | None = None  # a regular expression that its output has
    note: str | None = None   # a part of the notes of the result
    fields: tuple = ()        # (field of the result, value)
    seconds: float = 20       # from the start of dind-executor to its end
    may_lose_output: bool = False  # the program can end its sandbox before its first line is read
    may_report_late: bool = False  # on a busy machine the supervisor's report may come too late
    alone: bool = False       # the test measures time, so no other suite may run
    gvisor: dict | None = None  # the fields that differ under gVisor; None: it does not run there
    runc: bool = True         # False: it runs only under gVisor

    def under(self, isolation):
        return self if isolation == "runc" else replace(self, **self.gvisor)


def read_attack(file, name=""):
    path = PROGRAMS / file
    mark = "//" if path.suffix in (".js", ".c") else "#"
    source = path.read_text(encoding="utf-8")
    fields, gvisor, runc = {}, None, True
    _, _, header = source.partition(f"\n{mark}\n")
    for line in header.split("\n\n")[0].split("\n") if header else ():
        key, colon, value = line.removeprefix(mark).strip().partition(": ")
        if key == "gvisor" and value in ("the same", "only"):
            gvisor, runc = {}, value == "the same"
            continue
        target = fields
        if key.startswith("gvisor "):
            gvisor = target = gvisor or {}
            key = key.removeprefix("gvisor ")
        if not colon or key not in HEADER:
            raise ValueError(f"{path}: {line!r} is no line of a header; supported: {', '.join(HEADER)}")
        field, parse = HEADER[key]
        target[field] = parse(value)
    source = "".join((PROGRAMS / "lib" / f"{part}.py").read_text(encoding="utf-8") for part in fields.get("parts", ())) + source
    return Attack(file, name, source, gvisor=gvisor, runc=runc, **fields)


def source(file):
    """The text of a program, after its shared parts."""
    return read_attack(file).source


class Pings(threading.Thread):
    """Pings the engine again and again; `slowest` is its longest response time in seconds."""

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
        except Exception as failure:  # for the test, which waits in another thread
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
        """Calls `result_of` with the isolation of this class, and checks that the engine answers all the time."""
        with Pings() as pings:
            result, text, code = self.result_of("--isolation", self.isolation, *arguments, **more)
        self.assertIsNone(pings.failure)
        self.assertGreater(pings.count, 0)
        self.assertLess(pings.slowest, PING_LIMIT, "the engine did not answer in time")
        self.assertEqual(result["isolation"], self.isolation)
        return result, text, code

    def check(self, attack):
        attack = attack.under(self.isolation)
        more = {"env": self.environment(DIND_CONFIG=self.file("config.json", attack.config))} if attack.config else {}
        suffix = attack.file.rpartition(".")[2]
        path = self.file(f"program.{suffix}", PRELUDE[suffix] + attack.source)
        begun = time.monotonic()
        result, text, code = self.attack(*attack.options, path, **more)
        took = time.monotonic() - begun
        said = f"{result}\n{text[-2000:]}"
        self.assertIn(result["verdict"], attack.verdict, said)
        if text or not attack.may_lose_output:
            self.assertEqual(text[:len(BEFORE)], BEFORE, "output so far is not kept")
        if attack.size is not None:
            self.assertEqual(len(text), attack.size)
        text = text[len(BEFORE):]
        if attack.code is not None:
            self.assertEqual(code, attack.code, said)
        if attack.text is not None:
            self.assertEqual(text, attack.text, said)
        if attack.match is not None:
            self.assertRegex(text, re.compile(attack.match))
        if attack.note is not None:
            self.assertIn(attack.note, self.notes, said)
        for field, value in attack.fields:
            self.assertEqual(result[field], value, said)
        self.assertLess(took, attack.seconds)


def attacks(table):
    """Adds a test for each (file, name) of a table."""
    def add(cls):
        for file, name in table:
            attack = read_attack(file, name)
            if not attack.verdict:
                raise ValueError(f"{file} has no verdict in its header")
            if not attack.runc if cls.isolation == "runc" else attack.gvisor is None:
                continue

            def test(self, attack=attack):
                self.check(attack)
            method = "test_" + re.sub(r"\W+", "_", name).strip("_").lower()
            if hasattr(cls, method):
                raise ValueError(f"two attacks are called {name!r}")
            setattr(cls, method, alone(test) if attack.alone else test)
        return cls
    return add
