"""Ending calls from another thread."""

from __future__ import annotations

import threading
from typing import Callable

from .errors import InvalidRequest


class Cancellation:
    """Ends calls from any thread.

    Give it to one or more calls as `cancel=`. `cancel()` ends the program and its container. The call then returns a
    result with the verdict `"cancelled"`, or raises `Cancelled` if there was no program yet. A Cancellation cannot be
    reset: a call that gets a cancelled one ends at once.

    Example:
        >>> stop = Cancellation()
        >>> threading.Timer(2, stop.cancel).start()
        >>> executor.run_shell_script("sleep 60", cancel=stop).verdict
        'cancelled'
    """

    @staticmethod
    def _check(value: object) -> None:
        if value is not None and not isinstance(value, Cancellation):
            raise InvalidRequest(f"cancel is a Cancellation, or None; not {type(value).__name__}")

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may cancel while its own thread holds the lock
        self._cancelled = False
        self._actions: dict[int, Callable[[], None]] = {}
        self._next = 0

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """Ends the calls. Does not wait for their results, and never raises."""
        with self._lock:
            self._cancelled = True
            actions = list(self._actions.values())
            self._actions.clear()
        for each in actions:
            each()

    def _add(self, action: Callable[[], None]) -> int:
        with self._lock:
            self._next += 1
            if not self._cancelled:
                self._actions[self._next] = action
                return self._next
        action()
        return 0

    def _remove(self, number: int) -> None:
        with self._lock:
            self._actions.pop(number, None)
