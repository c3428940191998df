"""Why a program could not be run: one hierarchy under `DindExecutorError`.

The failure of a program (an exit code, a signal, a timeout, too much memory) is not an error. It is a result with a
verdict.
"""

from __future__ import annotations

from typing import Any, Optional


class DindExecutorError(Exception):
    """A program could not be run, or its result could not be received.

    Attributes:
        kind: The stable name of the error (`"image_unavailable"`). A newer server may have other kinds.
        message: One line for a person: what happened and what to do.
        http_status: The HTTP status for this error (400 to 504), for a backend that passes it on.
        run_id: The id of the run. None if the server does not say it.
        began: Whether the program had started. A second run then repeats what it did.
        stdout: What the program wrote before the error. Empty if no program started.
        stderr: The same for stderr.
        retry_after: The seconds after which you can try again. None if a second try alone does not help.

    Example:
        >>> try:
        ...     executor.run_command("no-such-image", "true")
        ... except DindExecutorError as error:
        ...     print(error.kind, error.http_status)
        image_unavailable 424
    """

    kind: str = "internal"
    http_status: int = 500

    retry_after: Optional[float] = None

    def __init__(self, message: str, *, kind: Optional[str] = None, http_status: Optional[int] = None) -> None:
        super().__init__(message)
        self.message = message
        self.run_id: Optional[str] = None
        self.began = False
        self.stdout = ""
        self.stderr = ""
        if kind is not None:
            self.kind = kind
        if http_status is not None:
            self.http_status = http_status

    def __reduce__(self) -> Any:
        return (_rebuilt, (type(self), self.message, dict(self.__dict__)))


def _rebuilt(cls: type[DindExecutorError], message: str, attributes: dict[str, Any]) -> DindExecutorError:
    error = cls(message)
    error.__dict__.update(attributes)
    return error


class InvalidRequest(DindExecutorError, ValueError):
    """The request is wrong. A second try does not help."""

    kind = "invalid_request"
    http_status = 400


class UnsupportedLanguage(DindExecutorError):
    """The server has no recipe for the language."""

    kind = "unsupported_language"
    http_status = 400


class Unauthorized(DindExecutorError):
    """The server does not accept the token."""

    kind = "unauthorized"
    http_status = 401


class NotFound(DindExecutorError):
    """A file or folder in the request does not exist."""

    kind = "not_found"
    http_status = 422


class Busy(DindExecutorError):
    """The queue of runs is full. Try again after `retry_after` seconds, or call with `wait=True`."""

    kind = "busy"
    http_status = 429
    retry_after = 1.0


class ShuttingDown(DindExecutorError):
    """The server is stopping. It did not take the run, or it ended the run (then `began` may be True).

    `wait=True` does not try again, because this server takes no more runs. You can try again after `retry_after`
    seconds. If `began` is True, the program then runs a second time.
    """

    kind = "shutting_down"
    http_status = 503
    retry_after = 5.0


class Cancelled(DindExecutorError):
    """The caller cancelled the call before the program started."""

    kind = "cancelled"
    http_status = 409


class ImageUnavailable(DindExecutorError):
    """The engine does not have the image and could not pull it."""

    kind = "image_unavailable"
    http_status = 424


class EngineError(DindExecutorError):
    """The Docker engine answered with an error, or the answer was invalid."""

    kind = "engine_error"
    http_status = 502


class EngineUnavailable(DindExecutorError):
    """No Docker engine answers at its address."""

    kind = "engine_unavailable"
    http_status = 503


class Disabled(DindExecutorError):
    """Runs are disabled: `DIND_ENABLED=false`, in this process or at the server."""

    kind = "disabled"
    http_status = 503


class ServerUnavailable(DindExecutorError):
    """No dind-executor could be reached or started, or it has another protocol version."""

    kind = "server_unavailable"
    http_status = 503


class ServerGone(ServerUnavailable):
    """The server ended during the call; what became of the run is not known.

    The next call opens a new connection, or starts another server. Containers of a server that died are removed.
    """

    kind = "server_gone"
    http_status = 503


class CallTimeout(DindExecutorError, TimeoutError):
    """The server did not answer within the `timeout` of the call and 2 s more. The run was cancelled.

    If only the program takes too long, the call returns a result with the verdict `"timeout"`.
    """

    kind = "call_timeout"
    http_status = 504


_BY_KIND = {
    each.kind: each
    for each in (
        InvalidRequest,
        UnsupportedLanguage,
        Unauthorized,
        NotFound,
        Busy,
        Cancelled,
        ImageUnavailable,
        EngineError,
        EngineUnavailable,
        Disabled,
        ShuttingDown,
    )
}
_REFUSED = (-32700, -32600, -32602)  # JSON-RPC 2.0, section 5.1: parse error, invalid request, invalid params
_METHOD_NOT_FOUND = -32601


def to_error(answer: object) -> DindExecutorError:
    """Returns the exception for a JSON-RPC error object of any shape.

    Args:
        answer: The `error` member of a response: `{code, message, data: {kind, message, httpStatus, …}}`.

    Returns:
        The exception of its kind, or a plain `DindExecutorError` if this client does not know the kind.
    """
    error = answer if isinstance(answer, dict) else {}
    data = error.get("data")
    if not isinstance(data, dict):
        data = {}
    code = error.get("code")
    message = data.get("message") or error.get("message")
    if not isinstance(message, str):
        message = "The server answered with an error without a message"
    kind = data.get("kind")
    if not isinstance(kind, str):
        kind = "invalid_request" if code in _REFUSED else "internal"
    status = data.get("httpStatus")
    if not isinstance(status, int) or isinstance(status, bool):
        status = None
    if code == _METHOD_NOT_FOUND:
        return ServerUnavailable(f"The server and this client have different versions: {message}")
    made = _BY_KIND.get(kind, DindExecutorError)(message, kind=kind, http_status=status)
    run_id, retry_after = data.get("runId"), data.get("retryAfter")
    made.run_id = run_id if isinstance(run_id, str) else None
    made.began = data.get("began") is True
    made.stdout, made.stderr = (data[each] if isinstance(data.get(each), str) else "" for each in ("stdout", "stderr"))
    if isinstance(retry_after, (int, float)) and not isinstance(retry_after, bool) and 0 < retry_after < 86400:
        made.retry_after = float(retry_after)
    return made
