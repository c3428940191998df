#!/usr/bin/env python3
"""Enforces the modules of docs/architecture.md: who may include whom, what domain may not know, how long a file may be.

    tests/structure/check_includes.py [ROOT]      exit 1 where something is wrong, with the remedy
    tests/structure/check_includes.py --self-test proves that each rule can fail
"""
import pathlib
import re
import sys
import tempfile

# The table of docs/architecture.md. A module may include itself. "sandbox/plan" is a sub-module; "sandbox/*" means the
# module with all of its sub-modules.
SANDBOX = {"support", "domain", "engine", "sandbox/plan", "sandbox"}
MAY_INCLUDE = {
    "support": set(),
    "domain": {"support"},
    "rpc": {"support"},
    "wire": {"support", "domain"},
    "engine": {"support", "domain"},
    "languages": {"support", "domain"},
    "sandbox/plan": {"support", "domain", "engine", "languages"},
    "sandbox": {"support", "domain", "engine", "sandbox/plan"},
    "sandbox/supervision": {"support", "domain", "engine", "sandbox/plan"},
    "sandbox/network": SANDBOX,
    "sandbox/workspace": SANDBOX,
    "sandbox/start": SANDBOX | {"sandbox/supervision", "sandbox/network", "sandbox/workspace"},
    "sandbox/warm_pool": SANDBOX | {"sandbox/start"},
    "sandbox/run": SANDBOX | {"languages", "sandbox/network", "sandbox/supervision", "sandbox/workspace", "sandbox/start", "sandbox/warm_pool"},
    "services/images": {"support", "domain", "engine"},
    "services/builds": {"support", "domain", "engine", "sandbox/*", "services/images"},
    "services/dependencies": {"support", "domain", "engine", "sandbox/*"},
    "services/history": {"support", "domain", "wire"},
    "services/upkeep": {"support", "domain", "engine", "sandbox/*", "services/images"},
    "services/health": {"support", "domain", "engine", "languages", "sandbox/*"},
    "services/workspaces": {"support", "domain", "languages", "sandbox/*"},
    "services/runs": {"support", "domain", "engine", "languages", "sandbox/*", "services/images", "services/builds",
                      "services/dependencies", "services/history", "services/workspaces"},
    "frontends": {"support", "domain", "wire", "rpc", "services/*"},
    "app": {"support", "domain", "wire", "rpc", "engine", "languages", "sandbox/*", "services/*", "frontends"},
    "supervisor": set(),  # a program of its own, without dependencies
}
# include/dind is the public part of three modules.
PUBLIC = {"dind/error.hpp": "support", "dind/cancel_reason.hpp": "support", "dind/executor.hpp": "app"}
# Single files that a module may include beyond the table, and why.
EXCEPTIONS = {
    # The frames between server and supervisor, and their bounds: a file without any dependency.
    ("supervisor", "sandbox/supervision/frames.hpp"),
    ("sandbox/plan", "sandbox/supervision/frames.hpp"),
    ("sandbox", "sandbox/supervision/frames.hpp"),
    ("services/images", "sandbox/labels.hpp"),  # constants
}
# Values only: no I/O, no JSON, no Docker.
FORBIDDEN_IN_DOMAIN = re.compile(r'^\s*#\s*include\s*<(nlohmann/|boost/|spdlog/|curl/|CLI/|archive|sqlite3|sys/socket|fstream|iostream)', re.M)
MAX_LINES = 400
LIMITED = {"server": {".cpp", ".hpp", ".h"}, "include": {".hpp", ".h"}, "extension/src": {".ts"}, "python": {".py"}}
QUOTED = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def module_of(root, path):
    """The module that a source file belongs to."""
    parts = path.relative_to(root).parts
    if parts[0] == "include":
        return PUBLIC.get("/".join(parts[1:]), "domain")
    if len(parts) > 3 and any(name.startswith(parts[1] + "/") for name in MAY_INCLUDE):
        return "/".join(parts[1:3])
    return parts[1] if len(parts) > 2 else "app"


def target_of(root, path, written):
    """(module, name) of what `#include "written"` in `path` means; None where it is nothing of ours."""
    for base in (path.parent, root / "server", root / "include"):
        found = (base / written).resolve()
        for tree in ("server", "include"):
            home = (root / tree).resolve()
            if found.is_relative_to(home) and found.is_file():
                return module_of(root.resolve(), found), str(found.relative_to(home))
    return None


def may_include(module, other):
    allowed = MAY_INCLUDE[module]
    return other == module or other in allowed or other.split("/")[0] + "/*" in allowed


def frontend_of(name):
    """The frontend that a file of server/ belongs to; None for what the frontends share and for other modules."""
    parts = name.split("/")
    return parts[1] if parts[0] == "frontends" and len(parts) > 2 and parts[1] != "shared" else None


def check_file(root, path):
    module = module_of(root, path)
    text = path.read_text(encoding="utf-8", errors="replace")
    shown = path.relative_to(root)
    if module not in MAY_INCLUDE:
        yield f"{shown}: the module {module} is not in the table; add it to docs/architecture.md and to this check"
        return
    if module == "domain":
        for match in FORBIDDEN_IN_DOMAIN.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            yield f"{shown}:{line}: domain holds values only; move what needs <{match.group(1)}…> to the module that does the I/O"
    for number, line in enumerate(text.splitlines(), 1):
        match = QUOTED.match(line)
        if not match:
            continue
        written = match.group(1)
        target = target_of(root, path, written)
        if target is None:
            yield f'{shown}:{number}: "{written}" is no file of server/ or include/; write <{written}> for a library\'s header'
            continue
        other, name = target
        if (module, name) in EXCEPTIONS:
            continue
        if not may_include(module, other):
            allowed = ", ".join(sorted(MAY_INCLUDE[module])) or "nothing else"
            yield (f'{shown}:{number}: {module} may not include {other} ("{written}"); it may include: {allowed}. '
                   "Pass a value or an interface of a module below, or move the code")
        own_name = "/".join(path.relative_to(root).parts[1:])
        here, there = frontend_of(own_name), frontend_of(name)
        if here and there and here != there:
            yield f"{shown}:{number}: the frontend {here} may not include the frontend {there}; put what both need into frontends/shared/"
        if there and own_name.startswith("frontends/shared/"):
            yield f"{shown}:{number}: frontends/shared/ may not include the frontend {there}; pass a value or an interface"


def check_length(root):
    for tree, suffixes in LIMITED.items():
        for path in sorted((root / tree).rglob("*")):
            if path.suffix not in suffixes or not path.is_file() or "node_modules" in path.parts:
                continue
            lines = path.read_bytes().count(b"\n")
            if lines > MAX_LINES:
                yield f"{path.relative_to(root)}: {lines} lines, more than {MAX_LINES}; split it by what it does"


def sources(root):
    for tree in ("server", "include"):
        for path in sorted((root / tree).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h", ".c", ".inc") and path.is_file():
                yield path


def check(root):
    problems = [problem for path in sources(root) for problem in check_file(root, path)]
    return problems + list(check_length(root))


SELF_TEST_BASE = {
    "include/dind/error.hpp": "#pragma once\n#include <string>\n",
    "include/dind/run_spec.hpp": '#pragma once\n#include "dind/error.hpp"\n',
    "include/dind/executor.hpp": '#pragma once\n#include "dind/run_spec.hpp"\n',
    "server/support/log/log.hpp": '#include "dind/error.hpp"\n',
    "server/engine/client.hpp": '#include "dind/run_spec.hpp"\n#include "support/log/log.hpp"\n',
    "server/sandbox/supervision/frames.hpp": "",
    "server/sandbox/plan/plan.hpp": '#include "engine/client.hpp"\n#include "sandbox/supervision/frames.hpp"\n',
    "server/sandbox/hardening.hpp": '#include "sandbox/plan/plan.hpp"\n',
    "server/sandbox/run/run.hpp": '#include "sandbox/hardening.hpp"\n#include "sandbox/supervision/frames.hpp"\n',
    "server/supervisor/main.cpp": '#include "sandbox/supervision/frames.hpp"\n',
    "server/services/images/images.hpp": '#include "engine/client.hpp"\n#include "sandbox/labels.hpp"\n',
    "server/services/runs/run.hpp": '#include "sandbox/run/run.hpp"\n#include "services/images/images.hpp"\n',
    "server/services/upkeep/reaper.hpp": '#include "engine/client.hpp"\n#include "sandbox/hardening.hpp"\n',
    "server/sandbox/labels.hpp": "",
    "server/frontends/shared/json.hpp": "",
    "server/frontends/cli/run.cpp": '#include "services/runs/run.hpp"\n#include "frontends/shared/json.hpp"\n',
    "server/frontends/lsp/lsp.hpp": "",
    "server/app/main.cpp": '#include "frontends/lsp/lsp.hpp"\n#include "engine/client.hpp"\n#include "dind/executor.hpp"\n',
}
# file, its text, what the report must say
SELF_TEST_WRONG = [
    ("server/support/bad.cpp", '#include "dind/run_spec.hpp"\n', "support may not include domain"),
    ("server/support/bad.cpp", '#include "engine/client.hpp"\n', "support may not include engine"),
    ("server/domain/bad.cpp", '#include "engine/client.hpp"\n', "domain may not include engine"),
    ("server/domain/bad.hpp", "#include <nlohmann/json.hpp>\n", "values only"),
    ("include/dind/bad.hpp", "#pragma once\n#  include <boost/asio.hpp>\n", "values only"),
    ("include/dind/bad.hpp", '#include "dind/executor.hpp"\n', "domain may not include app"),
    ("server/rpc/bad.cpp", '#include "dind/run_spec.hpp"\n', "rpc may not include domain"),
    ("server/engine/bad.cpp", '#include "sandbox/supervision/frames.hpp"\n', "engine may not include sandbox"),
    ("server/frontends/cli/bad.cpp", '#include "engine/client.hpp"\n', "frontends may not include engine"),
    ("server/frontends/cli/bad.cpp", '  #include "../../sandbox/supervision/frames.hpp"\n', "frontends may not include sandbox"),
    ("server/frontends/cli/bad.cpp", '#include "frontends/lsp/lsp.hpp"\n', "may not include the frontend lsp"),
    ("server/frontends/shared/bad.cpp", '#include "frontends/lsp/lsp.hpp"\n', "shared/ may not include the frontend lsp"),
    ("server/services/runs/bad.cpp", '#include "frontends/shared/json.hpp"\n', "services/runs may not include frontends"),
    ("server/services/runs/bad.cpp", '#include "services/upkeep/reaper.hpp"\n', "services/runs may not include services/upkeep"),
    ("server/services/images/bad.cpp", '#include "services/runs/run.hpp"\n', "services/images may not include services/runs"),
    ("server/services/images/bad.cpp", '#include "sandbox/hardening.hpp"\n', "services/images may not include sandbox"),
    ("server/engine/bad.cpp", '#include "services/runs/run.hpp"\n', "engine may not include services/runs"),
    ("server/services/bad.cpp", "", "module services is not in the table"),
    ("server/services/cellar/bad.cpp", "", "module services/cellar is not in the table"),
    ("server/supervisor/bad.cpp", '#include "support/log/log.hpp"\n', "supervisor may not include support"),
    ("server/supervisor/bad.cpp", '#include "sandbox/plan/plan.hpp"\n', "supervisor may not include sandbox/plan"),
    ("server/sandbox/plan/bad.cpp", '#include "sandbox/hardening.hpp"\n', "sandbox/plan may not include sandbox "),
    ("server/sandbox/bad.cpp", '#include "sandbox/run/run.hpp"\n', "sandbox may not include sandbox/run"),
    ("server/sandbox/cellar/bad.cpp", "", "module sandbox/cellar is not in the table"),
    ("server/cellar/bad.cpp", "", "module cellar is not in the table"),
    ("server/app/bad.cpp", '#include "nowhere.hpp"\n', "no file of server/ or include/"),
    ("server/app/long.cpp", "\n" * 451, "451 lines"),
    ("extension/src/long.ts", "\n" * 451, "451 lines"),
    ("python/long.py", "\n" * 451, "451 lines"),
]


def write_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def self_test():
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        write_tree(root, SELF_TEST_BASE)
        for problem in check(root):
            failures += 1
            print(f"self-test: a good tree was refused: {problem}")
    for name, text, expected in SELF_TEST_WRONG:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            write_tree(root, SELF_TEST_BASE | {name: text})
            problems = check(root)
            if len(problems) != 1 or expected not in problems[0]:
                failures += 1
                print(f"self-test: {name} with {text[:50]!r} should give one problem with {expected!r}, gave {problems}")
    print(f"{len(SELF_TEST_WRONG) + 1 - failures} passed, {failures} failed")
    return failures


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    if not (root / "server").is_dir():
        print(f"{root} has no server/; name the project's folder", file=sys.stderr)
        return 2
    problems = check(root)
    for problem in problems:
        print(problem)
    print(f"structure: {len(list(sources(root)))} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
