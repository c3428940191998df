"""Gathers test results: a suite is a file SUITE.json with {"passed", "failed", "skipped", "failures": [names]}.

usage: results.py junit IN.xml OUT.json      Catch2's JUnit report
       results.py log IN.log OUT.json        the last line "N passed, N failed" of a runner's output
       results.py merge OUT.json IN.json...
       results.py note OUT.json ok|failed NAME   adds one test
       results.py time OUT.json SECONDS          how long the suite took
       results.py failed IN.json             prints how many failed
       results.py total FOLDER SUITE...      what failed, and the closing line; exits 1 on failures or no tests
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as xml


def empty():
    return {"passed": 0, "failed": 0, "skipped": 0, "failures": []}


def read(path):
    try:
        with open(path) as file:
            return {**empty(), **json.load(file)}
    except FileNotFoundError:
        return empty()


def write(path, result):
    with open(path, "w") as out:
        json.dump(result, out)


def junit(source):
    # Catch2 writes an entry a section: a test is the part of the name before the first "/", failed if one entry failed.
    state = {}
    for case in xml.parse(source).iter("testcase"):
        name = case.get("classname", "") + ": " + case.get("name", "").split("/")[0].strip()
        kinds = {child.tag for child in case}
        now = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        order = ("passed", "skipped", "failed")
        state[name] = max(state.get(name, "passed"), now, key=order.index)
    result = empty()
    for name, kind in state.items():
        result[kind] += 1
        if kind == "failed":
            result["failures"].append(name)
    return result


def log(source):
    found = re.findall(r"^(\d+) passed, (\d+) failed", open(source, errors="replace").read(), re.M)
    if not found:
        sys.exit(1)
    passed, failed = map(int, found[-1])
    return {**empty(), "passed": passed, "failed": failed, "failures": ["see " + source] if failed else []}


def merge(parts):
    result = empty()
    for part in parts:
        for key, value in read(part).items():
            result[key] = result[key] + value
    return result


def total(folder, suites):
    whole = empty()
    for suite in suites:
        result = read(os.path.join(folder, suite + ".json"))
        skipped = f", {result['skipped']} skipped" if result["skipped"] else ""
        print(f"  {suite:12} {result['passed']:4} passed, {result['failed']} failed{skipped}{result.get('note', '')}")
        for name in result["failures"]:
            print("      failed: " + name)
        for key in ("passed", "failed", "skipped"):
            whole[key] += result[key]
    if whole["skipped"]:
        print(f"  {whole['skipped']} skipped: each says why in its suite's log")
    if not whole["passed"] + whole["failed"]:
        print("  no test ran")
    print(f"{whole['passed']} passed, {whole['failed']} failed", flush=True)
    sys.exit(bool(whole["failed"]) or not whole["passed"])


verb, *rest = sys.argv[1:]
if verb == "junit":
    write(rest[1], junit(rest[0]))
elif verb == "log":
    write(rest[1], log(rest[0]))
elif verb == "merge":
    write(rest[0], merge(rest[1:]))
elif verb == "note":
    result = read(rest[0])
    result["passed" if rest[1] == "ok" else "failed"] += 1
    if rest[1] != "ok":
        result["failures"].append(rest[2])
    write(rest[0], result)
elif verb == "time":
    result = read(rest[0])
    result["note"] = f"   ({rest[1]} s)"
    write(rest[0], result)
elif verb == "failed":
    print(read(rest[0])["failed"])
elif verb == "total":
    total(rest[0], rest[1:])
else:
    sys.exit(__doc__)
