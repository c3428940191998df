"""The requests of a call, without waiting: the executors of threads and of asyncio both use them."""

from __future__ import annotations

import logging
from typing import Any, Callable, Optional, TypedDict

from .connection import Answer, Call, NotSent, Output
from .deadline import Deadline
from .errors import CallTimeout, DindExecutorError, Disabled
from .link import AnyConnection, Link
from .result import RunResult, to_result
from .wire import Request, seconds

log = logging.getLogger("dind_executor")

GRACE = 2.0  # seconds that the server has after the timeout of a call
STATUS_TIMEOUT = 2.0  # seconds in which is_available answers

OnOutput = Callable[[str, str], object]


class EngineStatus(TypedDict):
    """The state of the Docker engine."""

    enabled: bool  # runs are not disabled
    available: bool  # the engine answers
    address: str
    version: Optional[str]
    message: Optional[str]  # one line for a person: why it is not available


class Asked:
    """A request to the server. It is made first, then sent.

    Args:
        link: The connection to the server.
        method: The method's name.
        params: Its parameters.
        deadline: When it must be answered.
        run_id: The run that it asks for.
        wake: See `Call`.
    """

    def __init__(
        self,
        link: Link,
        method: str,
        params: dict[str, Any],
        deadline: Deadline,
        run_id: Optional[str] = None,
        wake: Optional[Callable[[], None]] = None,
    ) -> None:
        self._link = link
        self._method = method
        self._params = params
        self.deadline = deadline
        self._run_id = run_id
        self._wake = wake
        self._connection: Optional[AnyConnection] = None
        self._call: Optional[Call] = None

    def send(self) -> None:
        """Sends it. Makes a connection if there is none.

        Raises:
            DindExecutorError: There is no server, or the request could not be sent.
        """
        try:
            self._send()
        except NotSent:
            # The server has ended since the last call, and the client sees it only now. Nothing has run yet.
            self._send()

    def take(self) -> tuple[list[Output], Optional[Answer]]:
        """As `Call.take`."""
        return ([], None) if self._call is None else self._call.take()

    def under_way(self) -> bool:
        """Whether it was sent and has no answer yet."""
        return self._call is not None and self._call.take()[1] is None

    def give_up(self) -> None:
        """No caller waits any more: further events are dropped."""
        if self._call is not None:
            self._call.ignore()

    def _send(self) -> None:
        self._connection = self._link.connected(self.deadline)
        try:
            if self._run_id is not None and not self._connection.enabled:
                raise Disabled(f"Running code is switched off at {self._connection.name} (its DIND_ENABLED)")
            self._call = self._connection.call(self._method, self._params, self.deadline, self._run_id, self._wake)
        except DindExecutorError:
            self._connection = None  # nothing was sent, so there is nothing to end
            raise


class Run(Asked):
    """A request for a run.

    Args:
        link: The connection to the server.
        request: What to run.
        wake: See `Call`.
    """

    def __init__(self, link: Link, request: Request, wake: Optional[Callable[[], None]] = None) -> None:
        deadline = Deadline(None if request.timeout is None else request.timeout + GRACE)
        super().__init__(link, request.method, request.params, deadline, request.run_id, wake)
        self._request = request
        self._cancel_sent = False

    def cancel(self) -> None:
        """Tells the server to end the run. Does not wait, and never raises."""
        if self._connection is None or self._cancel_sent:
            return
        self._cancel_sent = self._call is not None  # before that, the request may not have been sent yet
        self._connection.cancel(self._request.run_id)

    def give_up(self) -> None:
        """Ends the run if it has not ended: no caller waits for it."""
        if self.take()[1] is None:
            super().give_up()
            self.cancel()

    def overdue(self) -> CallTimeout:
        """Returns the error for a server that did not answer in time. It must answer a probe before the next call."""
        if self._connection is not None:
            self._connection.suspect = True
        return CallTimeout(
            f"{self._server()} did not answer within the timeout of {self._request.timeout:g} s and {GRACE:g} s more;"
            f" run {self._request.run_id} was told to end"
        )

    def result(self, answer: Answer) -> RunResult:
        """Returns the result in the answer of the server.

        Raises:
            DindExecutorError: The answer is an error, or is not a result.
        """
        value = answer.value()
        try:
            result = to_result(value)
        except ValueError as error:
            raise DindExecutorError(f"{self._server()} answered without a run's result: {error}") from None
        left_out = 0 if self._call is None else self._call.left_out
        if left_out:
            result["notes"].append(f"on_output took too long: {left_out} characters of output were not given to it")
        log.debug("run %s: %s, returncode %d", result.run_id, result.verdict, result.returncode)
        return result

    def _server(self) -> str:
        return "The server" if self._connection is None else self._connection.name


class Status(Asked):
    """A request for the state of the engine.

    Args:
        link: The connection to the server.
        timeout: The seconds in which it must be answered.
        wake: See `Call`.
    """

    def __init__(self, link: Link, timeout: float, wake: Optional[Callable[[], None]] = None) -> None:
        super().__init__(link, "engine/status", {}, Deadline(seconds("timeout", timeout)), None, wake)
        self._timeout = timeout

    @staticmethod
    def allows_runs(status: EngineStatus) -> bool:
        """Whether a run would take place."""
        return status["enabled"] and status["available"]

    def status(self, answer: Optional[Answer]) -> EngineStatus:
        """Returns the status in the answer. What the answer leaves out is False or None.

        Raises:
            DindExecutorError: The answer is an error, or it did not come in time.
        """
        if answer is None:
            raise CallTimeout(f"The server did not report the state of its engine within {self._timeout:g} s")
        value = answer.value()
        said = value if isinstance(value, dict) else {}
        version, message = said.get("version"), said.get("message")
        return {
            "enabled": said.get("enabled") is True,
            "available": said.get("available") is True,
            "address": str(said.get("address") or ""),
            "version": version if isinstance(version, str) else None,
            "message": message if isinstance(message, str) else None,
        }
