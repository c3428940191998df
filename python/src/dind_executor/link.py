"""Where the server is, and the one connection to it, which is made when a call needs it."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import shutil
import threading
import weakref
from typing import Optional, Union

from .connection import PROTOCOL, Connection, NotSent
from .deadline import Deadline
from .errors import CallTimeout, Disabled, InvalidRequest, ServerGone, ServerUnavailable
from .http_connection import HttpConnection
from .streams import ELSEWHERE, ChildStream, SocketStream

log = logging.getLogger("dind_executor")

Path = Union[str, "os.PathLike[str]"]
AnyConnection = Union[Connection, HttpConnection]

_HANDSHAKE_TIMEOUT = 10.0  # seconds in which a server must answer the handshake
_DEFAULT_SOCKET_TIMEOUT = 1.0  # the same for a server at a default path
_PROBE_TIMEOUT = 1.0  # seconds in which a server that left a call without an answer must answer a probe
_OFF = ("false", "0", "no", "off")


def enabled() -> bool:
    """Whether `DIND_ENABLED` allows runs, as the server reads it: anything but false, 0, no and off does."""
    return os.environ.get("DIND_ENABLED", "").lower() not in _OFF


def default_sockets() -> list[str]:
    """The default sockets of servers: the user's, then the machine's."""
    folder = os.environ.get("XDG_RUNTIME_DIR")
    return [*([f"{folder}/dind-executor.sock"] if folder else []), "/run/dind-executor/dind-executor.sock"]


def check_address(socket: object, program: object, url: object, token: object) -> None:
    """Checks the arguments that say where a server is.

    Raises:
        InvalidRequest: One of them has a wrong type, or more than one was given.
    """
    for name, path in (("socket", socket), ("program", program)):
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise InvalidRequest(f"{name} is a path, as a str or an os.PathLike; not {type(path).__name__}")
    for name, text in (("url", url), ("token", token)):
        if text is not None and not isinstance(text, str):
            raise InvalidRequest(f"{name} is a str, not {type(text).__name__}")
    if sum(each is not None for each in (socket, program, url)) > 1:
        raise InvalidRequest("Give only one of a server's socket, its url and a program to start")


class Link:
    """Where a server is, and the connection to it. Any thread may use it. A forked child gets its own connection.

    Args:
        socket: The unix socket of a server; nothing else is tried.
        program: The program to start; nothing else is tried.
        url: The address of a server's HTTP API; nothing else is tried.
        token: The token for `url`; None takes `$DIND_EXECUTOR_TOKEN`.
    """

    def __init__(
        self,
        socket: Optional[Path] = None,
        program: Optional[Path] = None,
        url: Optional[str] = None,
        token: Optional[str] = None,
    ) -> None:
        check_address(socket, program, url, token)
        self._socket = None if socket is None else os.fspath(socket)
        self._program = None if program is None else os.fspath(program)
        self._url, self._token = url, token
        if url is not None:
            HttpConnection(url, token)  # an invalid address is refused here, not in the first call
        self._lock = threading.Lock()
        self._connection: Optional[AnyConnection] = None
        _links.add(self)

    def connected(self, deadline: Deadline) -> AnyConnection:
        """Returns the connection. Makes a new one if there is none, if it has ended, or if its server hangs.

        Args:
            deadline: When it must be connected.

        Returns:
            A connection that was alive a moment ago. `Connection.call` may still raise NotSent.

        Raises:
            Disabled: `DIND_ENABLED` forbids it.
            ServerUnavailable: There is no server.
            CallTimeout: Another thread is still making one.
        """
        if not enabled():
            raise Disabled("Running code is switched off here (DIND_ENABLED)")
        left = deadline.left()
        if not self._lock.acquire(timeout=-1 if left is None else left):
            raise CallTimeout("No connection to a server in time: another call is still opening one")
        try:
            if _exiting.is_set():  # a daemon thread calls: nobody would end the connection
                raise ServerUnavailable("No connection to a server is opened: the interpreter is exiting")
            old = self._connection
            if old is not None:
                if old.alive() and not (old.suspect and not _answers(old, deadline)):
                    return old
                # It has ended, or it hangs, so there is nothing to wait for.
                self._connection = None
                old.close(0 if old.suspect else 1)
            self._connection = self._connect(deadline.at_most(_HANDSHAKE_TIMEOUT))
            log.debug("connected to %s", self._connection.name)
            return self._connection
        finally:
            self._lock.release()

    def close(self) -> None:
        """Ends the connection, and the server if the client started it. The next call makes new ones."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.drop()

    def after_fork(self) -> None:
        """Forgets the connection in a forked child: the parent uses it."""
        self._lock = threading.Lock()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abandon()

    def _connect(self, deadline: Deadline) -> AnyConnection:
        named_here = self._socket is not None or self._program is not None
        url = self._url or (None if named_here else os.environ.get("DIND_EXECUTOR_URL"))
        if url:
            token = os.environ.get("DIND_EXECUTOR_TOKEN") if self._token is None else self._token
            remote = HttpConnection(url, token)
            remote.greet(deadline)
            return remote
        named = self._socket or (not self._program and os.environ.get("DIND_EXECUTOR_SOCKET"))
        if named:
            return _handshake(Connection(SocketStream(named, deadline)), deadline)
        if not self._program:
            for path in default_sockets():
                if not os.path.exists(path):
                    continue
                try:
                    attempt = deadline.at_most(_DEFAULT_SOCKET_TIMEOUT)
                    return _handshake(Connection(SocketStream(path, attempt)), attempt)
                except ServerUnavailable as error:
                    log.info("%s", error.message)
        wanted = self._program or os.environ.get("DIND_EXECUTOR") or "dind-executor"
        program = shutil.which(wanted)
        if program is None:
            raise ServerUnavailable(
                f"There is no program {wanted}: install dind-executor on PATH, name it in DIND_EXECUTOR, or name a"
                f" server's socket in DIND_EXECUTOR_SOCKET. On another machine: {ELSEWHERE}"
            )
        return _handshake(Connection(ChildStream(program)), deadline)


def _handshake(connection: Connection, deadline: Deadline) -> Connection:
    """Returns the connection when the server has said that it has the same protocol version."""
    try:
        call = connection.call("server/info", {}, deadline)
        if not call.wait(deadline):
            raise ServerUnavailable(f"{connection.name} does not answer; end it, or name another")
        info = call.take()[1]
        answer = info.value() if info is not None else None
        answer = answer if isinstance(answer, dict) else {}
        protocol = answer.get("protocol")
        if protocol != PROTOCOL:
            raise ServerUnavailable(
                f"{connection.name} speaks protocol {protocol!r}, this client {PROTOCOL}: install the same version of"
                " both"
            )
        connection.enabled = answer.get("enabled") is not False
        return connection
    except BaseException as error:
        connection.close(0)
        if isinstance(error, (ServerGone, CallTimeout)):  # the error is about the handshake, not about the call
            raise ServerUnavailable(error.message) from None
        raise


def _answers(connection: AnyConnection, deadline: Deadline) -> bool:
    left = deadline.left()
    attempt = Deadline(_PROBE_TIMEOUT if left is None else min(_PROBE_TIMEOUT, left / 2))
    with contextlib.suppress(NotSent, CallTimeout):
        return connection.call("server/info", {}, attempt).wait(attempt) and connection.alive()
    return False


_links: weakref.WeakSet[Link] = weakref.WeakSet()
_exiting = threading.Event()


def _after_fork() -> None:
    for each in list(_links):
        each.after_fork()


@atexit.register
def _at_exit() -> None:
    _exiting.set()
    for each in list(_links):
        each.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
