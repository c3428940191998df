"""Points in time at which a wait ends."""

from __future__ import annotations

import time
from typing import Optional

_MAX_WAIT = 2_147_483.0  # seconds: poll(2) takes an int of milliseconds, and locks on Windows not much more


class Deadline:
    """A point on the monotonic clock, or no point.

    Args:
        seconds: From now. None: the deadline never comes.
    """

    def __init__(self, seconds: Optional[float]) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds

    def left(self) -> Optional[float]:
        """The seconds until then, at most what one wait can take. 0 if it is past, None if it never comes."""
        return None if self._until is None else min(_MAX_WAIT, max(0.0, self._until - time.monotonic()))

    def past(self) -> bool:
        """Whether the deadline has passed."""
        return self._until is not None and time.monotonic() >= self._until

    def at_most(self, seconds: float) -> Deadline:
        """The earlier of this deadline and `seconds` from now."""
        left = self.left()
        return Deadline(seconds if left is None else min(seconds, left))
