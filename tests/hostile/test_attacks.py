"""The table of attacks, case by case; and its core again under gVisor."""
import json

from attacks import CALL, ENDINGS, FILES, GVISOR, LIMITS, PRIVILEGES
from attacks_on_supervisor import EXHAUSTED, HOGS, LIMITS_OF_1, PRIORITIES_OF_1, SUPERVISOR
from hostile_case import HostileTest, cases

from dindtest.engine import is_there
from dindtest.program import LIMIT


@cases(LIMITS)
class Limits(HostileTest):
    pass


@cases(ENDINGS)
class Endings(HostileTest):
    pass


@cases(PRIVILEGES)
class Privileges(HostileTest):
    pass


@cases(FILES)
class Files(HostileTest):
    pass


@cases(SUPERVISOR)
class Supervisor(HostileTest):
    """S02. A time that is over is told by the supervisor itself: it neither slept nor ran on the spot."""

    def check(self, case):
        super().check(case)
        if HOGS not in case.program:  # beside these, on a machine that is busy, the report may be late
            self.assertNotIn("gave no exit report", self.notes)

    def test_the_sandbox_goes_with_us_whatever_its_program_did_to_process_1(self):
        path = self.python(CALL + LIMITS_OF_1 + PRIORITIES_OF_1 + EXHAUSTED + HOGS + "print('up', flush=True)\nwhile True: pass\n")
        child = self.start("run", "--json", "--no-server", "--timeout", "60", path)
        sandbox = self.sandbox_of(child)
        while json.loads(child.stdout.readline())["event"] != "output":
            pass
        child.kill()
        child.wait(LIMIT)
        self.assertLess(self.until(lambda: not is_there({sandbox}), 10), 2.0)


@cases([each for each in SUPERVISOR if each.gvisor is not None])
class SupervisorUnderGvisor(HostileTest):
    isolation = "gvisor"


@cases(GVISOR)
class UnderGvisor(HostileTest):
    isolation = "gvisor"
