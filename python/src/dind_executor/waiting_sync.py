"""How the calls of a thread wait. waiting_async.py has the same names for asyncio."""

from __future__ import annotations

import threading

from .deadline import Deadline
from .runs import Asked, Run


class Signal:
    """Wakes the one thread that waits, from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ends the present wait, or the next one."""
        self._event.set()

    def wait(self, deadline: Deadline) -> None:
        """Returns when the signal was set since the last time, or at the deadline."""
        self._event.wait(deadline.left())
        self._event.clear()


def send(asked: Asked) -> None:
    """Sends the request. It may have to start a server first."""
    asked.send()


def end(run: Run, signal: Signal, error: BaseException) -> None:
    """Ends a run whose caller leaves with this error. Does not wait until it has ended."""
    run.give_up()
