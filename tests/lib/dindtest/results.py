"""The one format of results: {"passed", "failed", "skipped", "failures": [names], "seconds"} as JSON, a file for each suite."""
import dataclasses
import json
import pathlib
import re
import xml.etree.ElementTree as xml


@dataclasses.dataclass
class Result:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)
    seconds: int | None = None  # how long the suite took

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def note(self, ok, name):
        """Adds one test."""
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            self.failures.append(name)


def read(path):
    """An empty result if the file does not exist."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return Result()
    known = {field.name for field in dataclasses.fields(Result)}
    return Result(**{key: value for key, value in json.loads(text).items() if key in known})


def write(path, result):
    pathlib.Path(path).write_text(json.dumps(dataclasses.asdict(result)), encoding="utf-8")


def note(path, ok, name):
    result = read(path)
    result.note(ok, name)
    write(path, result)


def of_junit(source):
    """Catch2's JUnit report. It has an entry for each section: a test is the part of the name before the first "/", and fails if
    one of its entries fails."""
    order = ("passed", "skipped", "failed")
    state = {}
    for case in xml.parse(source).iter("testcase"):
        name = case.get("classname", "") + ": " + case.get("name", "").split("/")[0].strip()
        kinds = {child.tag for child in case}
        now = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        state[name] = max(state.get(name, "passed"), now, key=order.index)
    result = Result()
    for name, kind in state.items():
        setattr(result, kind, getattr(result, kind) + 1)
        if kind == "failed":
            result.failures.append(name)
    return result


def of_log(source):
    """The last line "N passed, N failed" of a runner's output, or None."""
    found = re.findall(r"^(\d+) passed, (\d+) failed", pathlib.Path(source).read_text(errors="replace"), re.M)
    if not found:
        return None
    passed, failed = map(int, found[-1])
    return Result(passed, failed, failures=[f"see {source}"] if failed else [])


def total(folder, suites):
    """Prints a line for each suite, what failed, and the closing line. True if tests ran and none failed."""
    whole = Result()
    for suite in suites:
        result = read(pathlib.Path(folder) / f"{suite}.json")
        skipped = f", {result.skipped} skipped" if result.skipped else ""
        time = "" if result.seconds is None else f"   ({result.seconds} s)"
        print(f"  {suite:12} {result.passed:4} passed, {result.failed} failed{skipped}{time}")
        for name in result.failures:
            print("      failed: " + name)
        whole.add(result)
    if whole.skipped:
        print(f"  {whole.skipped} skipped: each says why in the log of its suite")
    if not whole.passed + whole.failed:
        print("  no test ran")
    print(f"{whole.passed} passed, {whole.failed} failed", flush=True)
    return bool(whole.passed) and not whole.failed
