"""What scripts/test does, which says what the arguments are."""
import fcntl
import os
import pathlib
import random
import signal
import sys
import threading
import time
import traceback

from dindtest import fuzz, results
from dindtest.children import Children, Stopped, end, marked, tree
from dindtest.lane import ARTEFACTS, RESULTS, ROOT, Beside, Broken, Lane
from dindtest.suites import LEAKS, RUNTIMES, SUITES, UNTIDY, Suite, of_shell, on_own_engine, own_engine_name, privileged_engine, second_engine, stop_own_engine

SCRIPTS = ROOT / "scripts"
PROGRAMS = ("--target", "dind-executor", "--target", "two_clients")  # of the preset dev; other suites than unit and faults need no more
TLS = ("DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH", "DOCKER_CONTEXT")


class Failure(Exception):
    """The run can't go on."""


def usage():
    """The comment at the top of scripts/test."""
    lines = (SCRIPTS / "test").read_text(encoding="utf-8").split("\n")[1:]
    return "\n".join(line[2:] for line in lines[:next(at for at, line in enumerate(lines) if not line.startswith("#"))])


def arguments(words):
    """(names of suites, part of the names of tests, whether to build)"""
    names, part, build = [], "", True
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "-k":
            if part:
                raise Failure(f'-k can be given once (it is "{part}")')
            part = words.pop(0) if words else ""
            if not part:
                raise Failure("-k needs a name")
        elif word == "--no-build":
            build = False
        elif word in ("-h", "--help"):
            print(usage())
            sys.exit(0)
        elif word.startswith("-"):
            raise Failure(f"unknown option: {word} (see scripts/test --help)")
        elif word not in SUITES:
            raise Failure(f"there is no suite '{word}' ({' '.join(SUITES)})")
        else:
            names.append(word)
    if not names:
        names = [name for name in SUITES if name != "engines" or os.environ.get("CI")]
    return names, part, build


class Run:
    def __init__(self, names, part, build):
        self.suites, self.build = [SUITES[name] for name in names], build
        self.whole = len(names) >= len(SUITES) - 1
        self.begun = time.monotonic()
        self.mark = f"{os.getpid()}-{random.getrandbits(32)}"
        self.children = Children()
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        # GOGC: by default, the garbage collector of Go takes a sixth of the engines' processor time.
        environment = {"DIND_ENGINE_NAME": "test", "ASAN_OPTIONS": "strict_string_checks=1:detect_stack_use_after_return=1",
                       "UBSAN_OPTIONS": "print_stacktrace=1",
                       "GOGC": "1000"} | environment | {
            "DIND_TEST_RUN": self.mark,  # a mark in the environment of all that this run starts
            "DIND_EXECUTOR": str(ROOT / "build/dev/dind-executor"), "DIND_VSIX": str(ROOT / "dist/dind-executor-linux-x64.vsix"),
            "DIND_ARTEFACTS": str(ARTEFACTS)}
        self.lane = Lane(self.children, environment, part)
        self.lane = self.lane.with_environment(DIND_CODE_SERVER=f"{of_shell(self.lane, 'CODE_SERVER_DIR')}/bin/code-server")
        self.engine_started = False
        self.stopped = False  # the engines are
        self.others = {}  # what runs beside the first lane
        self.ended = {}  # of each suite that runs in a lane: the event of its end

    def wants(self, what):
        return any(what(suite) for suite in self.suites)

    def wants_suite(self, *names):
        return self.wants(lambda suite: suite.name in names)

    # --- before the suites

    def remove_old_results(self):
        for name in ("build", "lanes", "alone", *(suite.name for suite in self.suites)):  # also of a suite that does not come to run
            (RESULTS / f"{name}.json").unlink(missing_ok=True)

    def set_up(self):
        """The Debian packages; the rest mostly waits for registries, and runs beside what follows."""
        needs = ["build", *sorted({part for suite in self.suites for part in suite.setup})]
        options = [word for part in needs for word in ("--for", part)]
        if self.lane.run([SCRIPTS / "setup", "--quiet", "--debian", *options]):
            raise Failure("the set-up could not be completed")
        return Beside("set-up", self.lane, lambda lane: lane.run([SCRIPTS / "setup", "--quiet", *options]) == 0)

    def start_engines(self):
        self.lane.title(f"engine '{self.lane.environment['DIND_ENGINE_NAME']}'")
        self.lane = self.lane.with_environment(**dict.fromkeys(TLS), DOCKER_HOST=f"unix://{of_shell(self.lane, 'ENGINE_SOCKET')}",
                                               DIND_BUILD_MEMORY=self.lane.environment.get("DIND_BUILD_MEMORY", "512M"))  # a step of a test fills it
        self.engine_started = self.lane.shell("engine_pid")[0] != 0
        if self.lane.run([SCRIPTS / "engine", "start"]):
            raise Failure("the engine does not start")
        if self.whole:
            # Before a test runs: an engine that starts removes the rules that isolate the networks of the others.
            for name in ("stack", "editor"):
                if self.lane.run([SCRIPTS / "engine", "start"], DIND_ENGINE_NAME=own_engine_name(self.lane, name)):
                    raise Failure(f"the engine of the suite {name} does not start")

    def built(self, script, *words):
        """A build that fails is a failed test: the suites that do not need it still run."""
        if script == "build" and not self.build:
            return True
        ok = self.lane.run([SCRIPTS / script, *words]) == 0
        if not ok:
            results.note(RESULTS / "build.json", False, " ".join(["scripts/" + script, *words]))
        return ok

    def prepare(self):
        """Everything that the suites need. Returns those that can run."""
        set_up, missing, images = self.set_up(), set(), None
        self.remove_old_results()
        if self.wants(lambda suite: suite.engine):
            self.start_engines()
            images = Beside("images", self.lane, lambda lane: lane.run([SCRIPTS / "image", "--quiet", *RUNTIMES]) == 0)
        # The images are made while the release is built.
        if self.wants(lambda suite: suite.build in ("release", "package")) and not self.built("build", "release"):
            missing |= {"release", "package"}
        if not set_up.wait():
            raise Failure("the set-up could not be completed")
        # An older package would test an older program: it is made again.
        if "package" not in missing and self.wants(lambda suite: suite.build == "package") and not self.built("package"):
            missing.add("package")
        if images and not images.wait():
            raise Failure("the images could not be made")
        if self.whole and "release" not in missing:
            # It mostly waits, so it runs beside what follows.
            self.others["stack"] = Beside("stack", self.lane, lambda lane: on_own_engine(lane, "stack", lambda own: self.run_suite(own, SUITES["stack"])))
        # In a whole run, the unit tests and the fuzz targets are built where they run: nothing else waits for them.
        for preset, targets in (("dev", PROGRAMS),) if self.whole else (("dev", ()), ("fuzz", ())):
            if self.wants(lambda suite, preset=preset: suite.build == preset) and not self.built("build", preset, *targets):
                missing.add(preset)
        for suite in self.suites:
            if suite.build in missing:
                self.lane.warn(f"{suite.name} can't run: its build failed")
        return [suite for suite in self.suites if suite.build not in missing]

    # --- the suites

    def run_suite(self, lane, suite, run=None):
        """The suite, a leak check if it used the engine, its time. A suite that breaks off is one failed test."""
        begun, path = time.monotonic(), RESULTS / f"{suite.name}.json"
        lane.title(suite.name)
        for old in (*RESULTS.glob(f"{suite.name}.*"), *RESULTS.glob(f"{suite.name}-*")):
            old.unlink()
        with lane.with_folder("XDG_RUNTIME_DIR") as own:
            try:
                (run or suite.run)(own)
            except Broken as broken:
                results.note(path, False, f"{suite.name}: the suite broke off ({broken})")
            except (OSError, ValueError) as failure:
                lane.say(traceback.format_exc())
                results.note(path, False, f"{suite.name}: the suite broke off ({failure})")
        if suite.leaks:
            lane.tidy(suite.name, f"{suite.name} {UNTIDY}", LEAKS)
        result = results.read(path)
        result.seconds = round(time.monotonic() - begun)
        results.write(path, result)

    def run_in_lane(self, lane, suite):
        for name in suite.after if self.whole else ():
            while name in self.ended and not self.ended[name].wait(1):
                if self.children.stopping:
                    raise Stopped
        try:
            self.run_suite(lane, suite)
        finally:
            self.ended[suite.name].set()

    def run_lane(self, lane, suites):
        for suite in suites:
            self.run_in_lane(lane, suite)

    def run_second_lane(self, lane, suites):
        if self.build and lane.run([SCRIPTS / "build", "dev", "--target", "unit_tests", "--target", "fault_tests"]):
            results.note(RESULTS / "build.json", False, "scripts/build dev")
        self.run_lane(lane, suites)

    def run_third_lane(self, lane, suites):
        """After the suite stack, on the engine of the editor: two suites on one engine would report each other's containers."""
        if "stack" in self.others:
            self.others["stack"].thread.join()
        on_own_engine(lane, "editor", lambda there: self.run_lane(there, suites))

    def run_alone(self, ran):
        """The tests that measure, of the suites that ran without them."""
        def run(lane):
            broken = []
            for suite in ran:
                try:
                    if suite.measures:
                        suite.measures(lane)
                except Broken as each:
                    broken.append(f"{suite.name}: {each}")
            if broken:
                raise Broken("; ".join(broken))
        alone = Suite("alone", run)
        self.run_suite(self.lane.with_environment(DIND_ALONE="only"), alone)

    def run_suites(self, ran):
        """Names of the suites with results. A whole run has three lanes, since one suite keeps a processor busy for a third of its time:
        the suites of the first engine, and two with engines of their own. What measures waits for the end of all. A person who names
        suites gets them one after the other."""
        first, lane = ran, self.lane
        self.ended = {suite.name: threading.Event() for suite in ran}
        if self.whole:
            lane = self.lane.with_environment(DIND_ALONE="without")
            first, second, third = ([suite for suite in ran if suite.lane == name and suite.name != "stack"] for name in ("first", "second", "third"))
            self.others["second"] = Beside("second", lane, lambda own: self.run_second_lane(own, second))
            self.others["third"] = Beside("third", lane, lambda own: self.run_third_lane(own, third))
        for suite in first:
            if suite.waits and not fuzz.beside and SUITES["fuzz"] in ran:
                fuzz.start_beside(lane, build=self.build)
            self.run_in_lane(lane, suite)
        for name, other in self.others.items():
            if not other.wait():
                stack = name == "stack"
                results.note(RESULTS / ("stack.json" if stack else "lanes.json"), False, "stack: the suite broke off" if stack else f"the {name} lane broke off")
        names = [suite.name for suite in ran]
        if self.whole:
            self.run_alone(ran)
            names.append("alone")
        return [name for name in ("build",) if (RESULTS / "build.json").exists()] + names + [name for name in ("lanes",) if (RESULTS / "lanes.json").exists()]

    # --- the end

    def stop_engines(self):
        """Stops what this run started, also after it was interrupted. True if the first engine stopped."""
        lane = Lane(Children(), self.lane.environment, "", self.lane.out)
        if self.wants_suite("engines"):
            lane.output([SCRIPTS / "engine-other", "stop", second_engine(lane)])
        for name in ("editor", "stack"):
            if self.whole or (name == "editor" and self.wants_suite("editor")):
                stop_own_engine(lane, name)
        if self.wants_suite("stack"):
            lane.output([SCRIPTS / "engine-other", "stop", privileged_engine(lane)])
        if self.wants_suite("podman"):
            lane.output([SCRIPTS / "engine-other", "stop", f"podman-5-{lane.environment['DIND_ENGINE_NAME']}"])
        if not self.engine_started:
            return True
        self.engine_started = False
        return lane.run([SCRIPTS / "engine", "stop"]) == 0

    def check_strays(self):
        def strays():
            found = [f"{pid} {command}" for pid, command in marked("DIND_TEST_RUN", self.mark)]
            return not found, "\n".join(found)
        (RESULTS / "processes.json").unlink(missing_ok=True)
        self.lane.tidy("processes", "nothing that the tests started still runs", strays)

    def main(self):
        ran = self.run_suites(self.prepare())
        self.stop_engines()
        self.stopped = True
        if self.wants(lambda suite: suite.engine):
            self.check_strays()
            ran.append("processes")
        self.lane.title(f"results ({round(time.monotonic() - self.begun)} s)")
        return results.total(RESULTS, ran)

    def stop(self):
        """Leaves nothing running."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        self.children.stop()
        if not self.stopped:
            self.stop_engines()
        end([pid for stray, _ in marked("DIND_TEST_RUN", self.mark) for pid in tree(stray)], 5)


def lock():
    """A file that is locked as long as this process lives."""
    path = pathlib.Path(ROOT / "build/test.lock")
    file = open(path, "w")  # noqa: SIM115: it stays open
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failure("another scripts/test runs in this clone") from None
    return file


def main():
    def interrupted(number, _):
        sys.exit(128 + number)
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGINT, interrupted)
    run = None
    try:
        names, part, build = arguments(sys.argv[1:])
        for folder in (RESULTS, ARTEFACTS):
            folder.mkdir(parents=True, exist_ok=True)
        held = lock()
        run = Run(names, part, build)
        ok = run.main()
        held.close()
        return 0 if ok else 1
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    finally:
        if run:
            run.stop()


sys.exit(main())
