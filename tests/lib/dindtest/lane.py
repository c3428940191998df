"""A lane of a run: suites that run one after the other, with one environment and one place for their output."""
import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback

from dindtest import results
from dindtest.children import Stopped

ROOT = pathlib.Path(__file__).resolve().parents[3]
RESULTS, ARTEFACTS = ROOT / "build/test-results", ROOT / "build/artefacts"
BOLD, RED, PLAIN = ("\33[1m", "\33[31m", "\33[0m") if sys.stderr.isatty() else ("", "", "")
SHELL_PARTS = ("common", "engine", "node", "python", "packages", "stack")


class Broken(Exception):
    """A suite broke off: it counts as one failed test."""


class Lane:
    """`out` is a file, or None for the terminal. A copy with `with_environment` shares everything else."""

    def __init__(self, children, environment, filter="", out=None):
        self.children, self.environment, self.filter, self.out = children, environment, filter, out

    def with_environment(self, **more):
        """A lane with these variables; None removes one."""
        environment = {key: value for key, value in (self.environment | more).items() if value is not None}
        return Lane(self.children, {key: str(value) for key, value in environment.items()}, self.filter, self.out)

    def with_filter(self, text):
        return Lane(self.children, self.environment, text, self.out)

    @contextlib.contextmanager
    def with_folder(self, variable):
        """A lane with a new folder in that variable. XDG_RUNTIME_DIR: its servers and runs are seen by no other suite.
        XDG_STATE_HOME: its history is not that of HOME."""
        folder = tempfile.mkdtemp()
        try:
            yield self.with_environment(**{variable: folder})
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def say(self, text):
        print(text, file=self.out or sys.stderr, flush=True)

    def title(self, text):
        self.say(f"{BOLD}==> {text}{PLAIN}")

    def warn(self, text):
        self.say(f"{RED}warning:{PLAIN} {text}")

    def run(self, argv, timeout=None, output=None, cwd=None, **more):
        """Runs a program; its exit code. `output`: a file for what it prints. `more`: variables of its environment."""
        place = output or self.out
        streams = {"stdout": place, "stderr": subprocess.STDOUT} if place else {}
        return self.children.run(argv, timeout, cwd=cwd or ROOT, env=self.with_environment(**more).environment, **streams)

    def output(self, argv, timeout=None, **more):
        """(exit code, what it prints)"""
        with tempfile.TemporaryFile() as file:
            status = self.run(argv, timeout, output=file, **more)
            file.seek(0)
            return status, file.read().decode(errors="replace")

    def shell(self, *words, **more):
        """(exit code, output) of a function of scripts/lib, or of another command of the shell."""
        parts = "".join(f'. "{ROOT}/scripts/lib/{part}.sh"; ' for part in SHELL_PARTS)
        return self.output(["bash", "-c", f'{parts}"$@"', "bash", *words], **more)

    def matches(self, name):
        return self.filter.lower() in name.lower()

    def check(self, suite, name, command):
        """One test. `command` is the arguments of a program, or a function that returns (whether it is right, its output)."""
        if not self.matches(name):
            return
        if callable(command):
            ok, text = command()
        else:
            status, text = self.output(command)
            ok = status == 0
        self.say(f"  {'passed' if ok else 'failed'}  {name}")
        lines = text.rstrip("\n").split("\n")
        if not ok:
            self.say("\n".join(f"    | {line}" for line in lines[-60:]))
        results.note(RESULTS / f"{suite}.json", ok, name if ok else f"{name}: {lines[-1][:400]}")

    def tidy(self, suite, name, command):
        """A check that runs whatever -k says. Under -k it counts only if it fails: else a name that no test has would look like
        tests that passed."""
        path = RESULTS / f"{suite}.json"
        before = results.read(path) if path.exists() else None
        self.with_filter("").check(suite, name, command)
        if self.filter and results.read(path).failed == (before.failed if before else 0):
            if before:
                results.write(path, before)
            else:
                path.unlink(missing_ok=True)


class Beside:
    """Work that runs in a thread beside the rest. Its output is in a file until `wait` shows it."""

    def __init__(self, name, lane, work):
        self.path = RESULTS / f"beside-{name}.output"
        self.file = open(self.path, "w", buffering=1, encoding="utf-8", errors="replace")  # noqa: SIM115: closed by wait
        self.ok = False
        self.waited = False
        self.lane = Lane(lane.children, lane.environment, lane.filter, self.file)
        self.thread = threading.Thread(target=self._run, args=(work,), name=name)
        self.thread.start()

    def _run(self, work):
        try:
            self.ok = work(self.lane) is not False
        except Stopped:
            pass
        except Exception:
            traceback.print_exc(file=self.file)

    def wait(self):
        """Shows its output. Whether it came to its end."""
        self.thread.join()
        self.file.close()
        if not self.waited:
            self.waited = True
            sys.stdout.write(self.path.read_text(encoding="utf-8", errors="replace"))
            sys.stdout.flush()
        return self.ok
