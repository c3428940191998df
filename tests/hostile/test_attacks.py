"""The table of attacks, case by case; and its core again under gVisor."""
from attacks import ENDINGS, FILES, GVISOR, LIMITS, PRIVILEGES
from hostile_case import HostileTest, cases


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


@cases(GVISOR)
class UnderGvisor(HostileTest):
    isolation = "gvisor"
