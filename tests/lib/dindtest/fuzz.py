"""The fuzz targets: libFuzzer over the seeds and over what earlier runs found. A crash leaves its input in build/artefacts/fuzz."""
import concurrent.futures
import os
import re
import shutil
import threading

from dindtest.children import Stopped
from dindtest.lane import ARTEFACTS, ROOT

FOLDER = ARTEFACTS / "fuzz"
MIN_INPUTS = 1000


def targets(lane):
    return [path.stem for path in sorted((ROOT / "tests/fuzz").glob("*.cpp")) if lane.matches(path.stem)]


class Fuzz:
    """Runs every target, `jobs` at a time, in threads of its own. Each has its minute (DIND_FUZZ_SECONDS) by the clock. `build`: the
    targets are built before, with what processor time is left."""

    def __init__(self, lane, jobs, idle=False, build=False):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        self.lane, self.idle, self.build, self.status = lane, idle, build, {}
        self.build_status = None
        self.thread = threading.Thread(target=self._run, args=(jobs,), name="fuzz")
        self.thread.start()

    def _run(self, jobs):
        if self.build:
            try:
                with open(FOLDER / "build.log", "wb") as log:
                    self.build_status = self.lane.run(["nice", "-n", "15", ROOT / "scripts/build", "fuzz"], output=log)
            except Stopped:
                return
            if self.build_status:
                return
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for target in targets(self.lane):
                pool.submit(self._one, target)

    def _one(self, target):
        found, seeds = ROOT / "build/fuzz/corpus" / target, ROOT / "tests/fuzz/corpus" / target
        for folder in (found, seeds):
            folder.mkdir(parents=True, exist_ok=True)
        seconds = int(self.lane.environment.get("DIND_FUZZ_SECONDS", "60"))
        # In the scheduler's idle class, the clock does not tell how slow an input is.
        scheduling, slowest = (("chrt", "--idle", "0"), 120) if self.idle else ((), 10)
        with open(FOLDER / f"{target}.log", "wb") as log:
            try:
                self.status[target] = self.lane.run(
                    [*scheduling, ROOT / f"build/fuzz/tests/fuzz/fuzz_{target}", found, seeds, f"-max_total_time={seconds}", f"-timeout={slowest}",
                     "-rss_limit_mb=2048", f"-seed={self.lane.environment.get('DIND_FUZZ_SEED', '1')}", "-print_final_stats=1",
                     f"-artifact_prefix={FOLDER}/{target}-"], seconds + 120, output=log)
            except (Stopped, OSError) as failure:
                log.write(f"it did not run: {failure}\n".encode())

    def wait(self, seconds):
        self.thread.join(seconds)

    def inputs(self, target):
        found = re.findall(r"^stat::number_of_executed_units: *(\d+)", (FOLDER / f"{target}.log").read_text(errors="replace"), re.M)
        return int(found[-1]) if found else 0

    def judge(self, target):
        """(whether it found nothing, the last lines of libFuzzer)"""
        log = FOLDER / f"{target}.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        status = self.status.get(target)
        if status is None:
            return False, text + "it did not run"
        if status:
            return False, "\n".join(text.split("\n")[-40:]) + f"\nexit code {status}"
        if self.inputs(target) < MIN_INPUTS:
            return False, f"only {self.inputs(target)} inputs were tried"
        return True, ""


beside = None  # the Fuzz that runs beside other suites


def start_beside(lane, build):
    """Beside the suites that mostly wait for containers, with the processor time that is left over."""
    global beside
    beside = Fuzz(lane, 2 * (os.cpu_count() or 1), idle=True, build=build)


def fuzz_suite(lane):
    fuzz = beside or Fuzz(lane, 2 * (os.cpu_count() or 1))
    fuzz.wait(1200 if beside else None)
    if fuzz.build:
        lane.with_filter("").check("fuzz", "the fuzz targets are built",
                                   lambda: (fuzz.build_status == 0, "\n".join((FOLDER / "build.log").read_text(errors="replace").split("\n")[-40:])))
    for target in targets(lane):
        lane.with_filter("").check("fuzz", f"fuzz_{target} finds nothing", lambda target=target: fuzz.judge(target))
        lane.say(f"          {fuzz.inputs(target) if (FOLDER / f'{target}.log').exists() else 0} inputs")
