"""A server that is reached over HTTP, by its address and a token: the routes of `dind-executor serve --listen`.

The wire is docs/http.md of the project: `POST /runs` with server-sent events (WHATWG HTML, section 9.2), `DELETE
/runs/{id}`, `GET /healthz` and `GET /openapi.json`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any, Callable, Optional

from .connection import CLOSE_TIMEOUT, Answer, Call, NotSent, Output
from .deadline import Deadline
from .errors import (
    CallTimeout,
    DindExecutorError,
    InvalidRequest,
    ServerGone,
    ServerUnavailable,
    Unauthorized,
    to_error,
)

log = logging.getLogger("dind_executor")

_MAX_SILENCE = 60.0  # seconds without a byte, then the connection counts as lost; a server sends a comment every 15 s
_CANCEL_TIMEOUT = 2.0  # seconds for a cancel request; then the connection is closed, which also cancels
_MAX_EVENT_BYTES = 256 << 20  # bytes of one event; four times what a server sends
_KINDS = {400: "invalid_request", 401: "unauthorized", 404: "not_found", 413: "invalid_request", 422: "invalid_request"}
_KINDS.update({424: "image_unavailable", 429: "busy", 502: "engine_error", 503: "engine_unavailable"})


class _Exchange:
    """One request and its reply. It keeps the socket, because http.client drops it if the reply ends the connection."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection
        self.socket: Optional[socket.socket] = None
        self._closed = False
        self._lock = threading.Lock()  # of the two before

    def connect(self) -> socket.socket:
        """Connects it.

        Raises:
            OSError: No server answers there, or another thread has closed the exchange.
        """
        self.connection.connect()
        self.connection.auto_open = 0  # what another thread closes must not be opened again by http.client
        with self._lock:
            self.socket = self.connection.sock
            if self.socket is not None and not self._closed:
                return self.socket
        self.close()
        raise ConnectionAbortedError("the connection was closed")

    def close(self) -> None:
        """Ends it in both directions. This wakes a thread that reads."""
        with self._lock:
            self._closed = True
            if self.socket is not None:
                with contextlib.suppress(OSError):
                    self.socket.shutdown(socket.SHUT_RDWR)
        self.abandon()

    def abandon(self) -> None:
        """Closes the descriptor without ending the connection. For a forked child."""
        with contextlib.suppress(OSError):
            self.connection.close()


class HttpConnection:
    """Calls to a server over HTTP: one connection for each call, read by a thread of its own.

    Args:
        url: `http://HOST:PORT` or `https://HOST[:PORT][/PREFIX]`.
        token: The server's token; None sends none.

    Raises:
        InvalidRequest: The address or the token is invalid.
    """

    def __init__(self, url: str, token: Optional[str]) -> None:
        parts = urllib.parse.urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
            raise InvalidRequest(f"The address of a server is like http://HOST:PORT, not {url!r}")
        if parts.username is not None or parts.password is not None:
            raise InvalidRequest("The address of a server has no user name: give the token as token=")
        if token is not None and (not token.isascii() or not token.isprintable()):
            raise InvalidRequest("The token has characters that a token can't have; does it end with a newline?")
        self._address = f"{parts.scheme}://{parts.netloc}"
        self.name = f"the server at {self._address}"
        self._closed_message = f"The connection to {self.name} was closed during the call"
        self.enabled = True
        self.suspect = False
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, port
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._lock = threading.Lock()  # of what follows
        self._ended: Optional[str] = None
        self._open: dict[Call, _Exchange] = {}

    def greet(self, deadline: Deadline) -> None:
        """Asks whether a dind-executor is there that accepts the token.

        Raises:
            ServerUnavailable: Nothing answers there, or something else does.
            Unauthorized: It does not accept the token.
        """
        try:
            status, body, _ = self._ask("GET", "/openapi.json", deadline.at_most(_MAX_SILENCE))
        except (OSError, http.client.HTTPException) as error:
            raise ServerUnavailable(
                f"No dind-executor answers at {self._address} ({error}); start one with `dind-executor serve --listen"
                " HOST:PORT`, or name another in DIND_EXECUTOR_URL"
            ) from None
        if status == 401:
            raise Unauthorized(
                f"{self.name} does not accept the token: give the server's own as token= or in DIND_EXECUTOR_TOKEN"
            )
        paths = body.get("paths") if isinstance(body, dict) else None
        if status != 200 or not isinstance(paths, dict) or "/runs" not in paths:
            raise ServerUnavailable(f"{self.name} is not dind-executor: it answered GET /openapi.json with {status}")

    def alive(self) -> bool:
        """Whether calls can still be made, as far as it is known."""
        with self._lock:
            return self._ended is None

    def call(
        self,
        method: str,
        params: dict[str, Any],
        deadline: Deadline,
        run_id: Optional[str] = None,
        wake: Optional[Callable[[], None]] = None,
    ) -> Call:
        """As `Connection.call`: sends the request; a thread reads what comes."""
        call = Call(run_id, wake)
        if method in ("server/info", "engine/status"):
            threading.Thread(target=self._status, args=(call, deadline), name="dind-executor http", daemon=True).start()
            return call
        try:
            body = json.dumps(run_params(method, params), ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidRequest(f"The request can't be sent as JSON: {error}") from None
        exchange = _Exchange(self._connection(deadline))
        with self._lock:
            if self._ended is not None:
                raise NotSent(self._ended)
            if any(each.run_id == run_id for each in self._open):
                raise InvalidRequest(f"A run with the id {run_id} is under way; use another id")
            self._open[call] = exchange
        try:
            self._send(exchange, "POST", "/runs", body, {"Accept": "text/event-stream"})
        except TimeoutError:
            self._forget(call)
            raise CallTimeout(f"The request could not be sent in time: {self.name} does not read") from None
        except (OSError, http.client.HTTPException, AttributeError) as error:
            # AttributeError: as in `_read`.
            if not self._forget(call):  # another thread has ended it, and the server may have begun to act on it
                call.finish(Answer(None, ServerGone(self._closed_message)))
                return call
            self._end(f"{self.name} can't be reached ({error})")
            raise NotSent(f"{self.name} can't be reached ({error})") from None
        except BaseException:
            self._forget(call)
            raise
        threading.Thread(
            target=self._read, args=(call, exchange.connection), name="dind-executor http", daemon=True
        ).start()
        return call

    def cancel(self, run_id: str) -> None:
        """Tells the server to end a run, without waiting. Never raises."""
        threading.Thread(target=self._cancel, args=(run_id,), name="dind-executor cancel", daemon=True).start()

    def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Ends every call and its run: the server cancels a run whose client has gone."""
        self._end(self._closed_message)

    def drop(self) -> None:
        """As `close`."""
        self.close()

    def abandon(self) -> None:
        """Closes the descriptors in a forked child. The parent continues to use the connections."""
        for each in list(self._open.values()):
            each.abandon()

    def _connection(self, deadline: Deadline) -> http.client.HTTPConnection:
        left = deadline.left()
        timeout = _MAX_SILENCE if left is None else max(min(left, _MAX_SILENCE), 0.001)
        if self._secure:
            tls = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _send(self, exchange: _Exchange, method: str, path: str, body: bytes, more: dict[str, str]) -> None:
        sock = exchange.connect()
        try:
            exchange.connection.request(method, self._prefix + path, body or None, {**self._headers, **more})
        except (BrokenPipeError, ConnectionResetError):
            # A server may refuse a body before it has read all of it: then its answer is there to be read.
            if not _readable(sock):
                raise
        sock.settimeout(_MAX_SILENCE)

    def _ask(self, method: str, path: str, deadline: Deadline) -> tuple[int, Any, Optional[str]]:
        exchange = _Exchange(self._connection(deadline))
        try:
            self._send(exchange, method, path, b"", {})
            reply = exchange.connection.getresponse()
            return reply.status, _json(reply.read(_MAX_EVENT_BYTES)), reply.getheader("Retry-After")
        finally:
            exchange.close()

    def _status(self, call: Call, deadline: Deadline) -> None:
        try:
            status, _, _ = self._ask("GET", "/healthz", deadline)
        except (OSError, http.client.HTTPException) as error:
            call.finish(Answer(None, ServerUnavailable(f"{self.name} does not answer ({error})")))
            return
        fine = status == 200
        message = (
            None
            if fine
            else f"{self.name} reports that it can't run anything: no engine answers, or runs are switched off"
        )
        call.finish(Answer({"enabled": True, "available": fine, "address": self._address, "message": message}, None))

    def _read(self, call: Call, connection: http.client.HTTPConnection) -> None:
        try:
            reply = connection.getresponse()
            if reply.status != 200:
                error = _reply_error(reply.status, _json(reply.read(_MAX_EVENT_BYTES)), reply.getheader("Retry-After"))
                call.finish(Answer(None, error))
                return
            for event, data in read_events(reply):
                value = json.loads(data)
                if event == "output":
                    call.put(Output(str(value["channel"]), str(value["text"])))
                elif event == "finished":
                    call.finish(Answer(value, None))
                    return
                elif event == "error":
                    call.finish(Answer(None, to_error({"data": value})))
                    return
            raise ConnectionError("the stream ended before the run did")
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            # AttributeError: http.client's own, where another thread has closed the connection.
            call.finish(Answer(None, ServerGone(f"{self.name} ended during the call ({error})")))
        finally:
            self._forget(call)

    def _cancel(self, run_id: str) -> None:
        deadline = Deadline(_CANCEL_TIMEOUT)
        pause = threading.Event()
        while True:
            with self._lock:
                call = next((each for each in self._open if each.run_id == run_id), None)
            if call is None:
                return  # the call has its answer
            status = 0
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = self._ask("DELETE", f"/runs/{urllib.parse.quote(run_id, safe='')}", deadline)[0]
            if status == 200:
                return
            if deadline.past():
                log.debug("run %s could not be cancelled (%d); its connection is closed", run_id, status)
                self._forget(call)
                return
            pause.wait(0.05)  # the request may still be on its way to the server

    def _forget(self, call: Call) -> bool:
        """Ends the connection of a call. Returns False if that has been done."""
        with self._lock:
            exchange = self._open.pop(call, None)
        if exchange is not None:
            exchange.close()
        return exchange is not None

    def _end(self, message: str) -> None:
        with self._lock:
            if self._ended is None:
                self._ended = message
            calls = dict(self._open)
            self._open.clear()
        for call, exchange in calls.items():
            call.finish(Answer(None, ServerGone(message)))
            exchange.close()


def run_params(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The body of `POST /runs` for a JSON-RPC method: the route has the method `run` only.

    Args:
        method: `run`, or one of the four usual patterns.
        params: That method's parameters.

    Returns:
        The parameters of `run` that mean the same.
    """
    body = {name: each for name, each in params.items() if name != "stream"}
    if method == "run":
        return body
    timeout = body.pop("timeout", None)
    if timeout is not None:
        body["totalTimeout"] = timeout
        body["limits"] = {"timeout": timeout, **(body.get("limits") or {})}
    if method == "runPythonCode":
        version = body.pop("pythonVersion", None)
        body.update({"language": "python", "fileName": "main.py"})
        if version:
            body["image"] = python_image(version)
    elif method == "runShellScript":
        script, shell = body.pop("script"), body.pop("shell")
        if shell in ("/bin/bash", "bash"):
            body.update({"code": script, "language": "shell", "fileName": "script.sh"})
        else:
            body["command"] = [shell, "-c", script]
            body.setdefault("image", "debian:bookworm-slim")
    elif method == "runCommand":
        if body.pop("mountWorkspace", False):
            body["workspace"] = "readWrite"
            body.setdefault("workingDir", "/workspaces")
    elif method == "buildAndRun":
        body["dockerfile"] = body.pop("dockerfileContent")
    return body


def python_image(version: str) -> str:
    """The image of a `python_version`: `python:3.11-slim` for `"3.11"` and for `"3.11-slim"`, as the server has it."""
    if version == "latest":  # the registry has no "latest-slim"
        return "python:slim"
    return f"python:{version}" if "slim" in version.split("-") else f"python:{version}-slim"


def read_events(reply: Any) -> Iterator[tuple[str, str]]:
    """The events of a stream of server-sent events, each as its name and its data."""
    name = ""
    data: list[str] = []
    while line := reply.readline(_MAX_EVENT_BYTES):
        text = line.decode("utf-8").rstrip("\r\n")
        if not text:
            if data:
                yield name, "\n".join(data)
            name, data = "", []
        elif text.startswith("event:"):
            name = text[6:].strip()
        elif text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))


def _reply_error(status: int, body: Any, retry_after: Optional[str]) -> DindExecutorError:
    body = body if isinstance(body, dict) else {}
    said = body.get("error") if isinstance(body.get("error"), dict) else {}
    detail = body.get("detail")
    message = detail if isinstance(detail, str) and detail else f"The server answered with the status {status}"
    data = {"kind": _KINDS.get(status, "internal"), "message": message, "httpStatus": status, **(said or {})}
    if retry_after and retry_after.isdigit():
        data["retryAfter"] = int(retry_after)
    return to_error({"data": data})


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _readable(sock: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        sock.settimeout(1)
        return bool(sock.recv(1, socket.MSG_PEEK))
    return False
