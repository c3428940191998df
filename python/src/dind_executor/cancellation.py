"""Ending calls from another thread."""

from __future__ import annotations

import threading
from typing import Callable

from .errors import InvalidRequest


class Cancellation:
    """Ends the calls that it was given to, from any thread, once and for good.

    Give it to a call as `cancel=`; `cancel()` ends the program and its container, and the call returns its result
    with the verdict `"cancelled"` (or raises `Cancelled` where there was no program yet). One may be given to many
    calls; a call that gets one which is cancelled already ends at once.

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
        self._lock = threading.RLock()  # a signal's handler may cancel while its own thread is in here
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
