"""One test for each attack of the table, and a second one under gVisor for attacks that also run there."""
import json

from attacks import ENDINGS, FILES, LIMITS, PRIVILEGES, SUPERVISOR
from hostile_case import HostileTest, attacks, source

from dindtest.engine import is_there
from dindtest.program import LIMIT


@attacks(LIMITS)
class Limits(HostileTest):
    pass


@attacks(ENDINGS)
class Endings(HostileTest):
    pass


@attacks(PRIVILEGES)
class Privileges(HostileTest):
    pass


@attacks(FILES)
class Files(HostileTest):
    pass


@attacks(SUPERVISOR)
class Supervisor(HostileTest):
    """S02. These programs would freeze, silence, slow or end process 1. They have its user id, so the kernel's own checks are not enough."""

    def check(self, attack):
        super().check(attack)
        if not attack.may_report_late:
            self.assertNotIn("sent no exit report", self.notes)

    def test_the_sandbox_ends_with_the_server_after_any_attack_on_process_1(self):
        path = self.python(source("all_against_process_1.py"))
        child = self.start("run", "--json", "--no-handover", "--timeout", "60", path)
        sandbox = self.sandbox_of(child)
        while json.loads(child.stdout.readline())["event"] != "output":
            pass
        child.kill()
        child.wait(LIMIT)
        self.assertLess(self.until(lambda: not is_there({sandbox}), 10), 2.0)


@attacks(SUPERVISOR)
class SupervisorUnderGvisor(HostileTest):
    isolation = "gvisor"


@attacks(LIMITS + ENDINGS + PRIVILEGES + FILES)
class UnderGvisor(HostileTest):
    isolation = "gvisor"
