"""When to send a request again if the queue of the server is full, and with which timeout."""

from __future__ import annotations

import random
from typing import Optional

from .deadline import Deadline
from .errors import Busy
from .wire import Request


def next_try(request: Request, busy: Busy, deadline: Deadline) -> Optional[tuple[Request, float]]:
    """Says how to send a request again that a full queue refused.

    Args:
        request: The request that was refused.
        busy: The refusal.
        deadline: The end of the total timeout.

    Returns:
        The request with the rest of its timeout, and the seconds to wait before it is sent. None if no time is left for
        that, or if the program has run already. The wait is random, between half of `retry_after` and all of it, so
        that clients do not come back together.
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
