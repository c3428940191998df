"""One call of the executor, from its request to its result, in the thread that makes it."""

from __future__ import annotations

import threading
from typing import Optional

from .cancellation import Cancellation
from .deadline import Deadline
from .errors import Busy, Cancelled
from .link import Link
from .places import next_try
from .result import RunResult
from .runs import OnOutput, Run
from .wire import Request


def call(
    link: Link, request: Request, on_output: Optional[OnOutput], cancel: Optional[Cancellation], wait: bool
) -> RunResult:
    """Sends the request and waits for its result; with `wait`, asks again where the server's queue is full."""
    Cancellation._check(cancel)
    deadline = Deadline(request.timeout)
    while True:
        try:
            return _once(link, request, on_output, cancel)
        except Busy as busy:
            again = next_try(request, busy, deadline) if wait else None
            if again is None:
                raise
        request, pause = again
        stopped = threading.Event()
        ticket = 0 if cancel is None else cancel._add(stopped.set)
        if stopped.wait(pause):
            raise Cancelled("The call was cancelled while it waited for a place in the server's queue")
        if cancel is not None:
            cancel._remove(ticket)


def _once(link: Link, request: Request, on_output: Optional[OnOutput], cancel: Optional[Cancellation]) -> RunResult:
    run = Run(link, request)
    ticket = 0
    try:
        run.send()
        if cancel is not None:
            ticket = cancel._add(run.cancel)
        while True:
            run.wait()
            outputs, answer = run.take()
            for each in outputs:
                if on_output is not None:
                    on_output(each.channel, each.text)
            if answer is not None:
                return run.result(answer)
            if run.deadline.past():
                raise run.overdue()
    except BaseException:
        run.give_up()
        raise
    finally:
        if cancel is not None:
            cancel._remove(ticket)
