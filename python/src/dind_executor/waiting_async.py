"""How the calls of asyncio wait. waiting_sync.py has the same names for threads."""

from __future__ import annotations

import asyncio
import threading

from . import runs
from .deadline import Deadline
from .runs import Asked, Run


class Signal:
    """Wakes the one task that waits, from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def set(self) -> None:
        """Ends the present wait, or the next one. Raises RuntimeError if the event loop is closed."""
        self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, deadline: Deadline) -> None:
        """Returns when the signal was set since the last time, or at the deadline."""
        # asyncio.wait_for may swallow a cancellation, up to Python 3.11.
        left = deadline.left()
        timer = None if left is None else self._loop.call_later(left, self._event.set)
        try:
            await self._event.wait()
        finally:
            if timer is not None:
                timer.cancel()
        self._event.clear()


async def send(asked: Asked) -> None:
    """Sends the request in a thread. It may have to start a server first."""
    sending = asyncio.ensure_future(asyncio.to_thread(asked.send))
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:
        # The thread continues. When it has sent the request, there is a run to end.
        sending.add_done_callback(lambda done: None if done.cancelled() or done.exception() else _give_up(asked))
        raise


async def end(run: Run, signal: Signal, error: BaseException) -> None:
    """Ends a run whose caller leaves with this error.

    If the task was cancelled, waits until the run has ended. A second cancellation ends the wait.
    """
    if not isinstance(error, asyncio.CancelledError):
        _give_up(run)  # without await: the coroutine itself may be closing
        return
    deadline = Deadline(runs.GRACE)
    await asyncio.to_thread(run.give_up)
    while run.under_way() and not deadline.past():
        await signal.wait(deadline)


def _give_up(asked: Asked) -> None:
    threading.Thread(target=asked.give_up, name="dind-executor cancel", daemon=True).start()
