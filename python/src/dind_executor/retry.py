"""Waiting for a place where the server's queue is full: when to ask again, and with how much time."""

from __future__ import annotations

import random
from typing import Optional

from .deadline import Deadline
from .errors import Busy
from .wire import Request


def next_try(request: Request, busy: Busy, deadline: Deadline) -> Optional[tuple[Request, float]]:
    """Says how to ask again after a refusal for want of a place.

    Args:
        request: The request that was refused.
        busy: The refusal.
        deadline: By when the whole call must have ended.

    Returns:
        The request with what is left of its timeout, and the seconds to wait before it is sent; None where no time is
        left for that, or where the program has run already. The wait is drawn between half of `retry_after` and all of
        it, so that clients do not come back together.
    """
    if busy.began:
        return None
    pause = (busy.retry_after or 1.0) * random.uniform(0.5, 1.0)
    left = deadline.left()
    if left is None:
        return request, pause
    if left <= pause:
        return None
    name = "totalTimeout" if request.method == "run" else "timeout"
    return request._replace(params={**request.params, name: left - pause}, timeout=left - pause), pause
