"""The bytes to and from a server: a Unix socket, or a `dind-executor rpc` that the client starts.

One thread reads a stream, and one thread at a time writes to it. Closing the stream wakes both.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import socket
import struct
import subprocess
import sys
import threading
from collections import deque

from .deadline import Deadline
from .errors import ServerUnavailable

log = logging.getLogger("dind_executor")

_CHUNK = 1 << 18
# A write to a connection that is gone must raise, not kill the process: a flag on Linux, a socket option on macOS.
_SEND_FLAGS = getattr(socket, "MSG_DONTWAIT", 0) | getattr(socket, "MSG_NOSIGNAL", 0)
_SO_NOSIGPIPE = 0x1022  # <sys/socket.h> of macOS; Python names it since 3.13 only
# What to do on a system on which the client has only HTTP.
ELSEWHERE = (
    "start `dind-executor serve --listen` on a Linux machine or in a container, and give its address and token:"
    " Executor(url=…, token=…), or DIND_EXECUTOR_URL and DIND_EXECUTOR_TOKEN"
)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Stream:
    """Bytes both ways over connected sockets (one, or one for each way)."""

    name = "the server"

    def __init__(self, incoming: socket.socket, outgoing: socket.socket) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        if sys.platform == "darwin":
            outgoing.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_NOSIGPIPE", _SO_NOSIGPIPE), 1)

    def receive(self) -> bytes:
        """Waits for the next bytes. Returns no bytes at the end of the stream."""
        try:
            return self._incoming.recv(_CHUNK)
        except OSError:
            return b""

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Sends all bytes.

        Raises:
            TimeoutError: The server did not take the bytes in time. Some may be sent, so the stream is unusable.
            OSError: The server has closed the stream.
        """
        rest = memoryview(data)
        poll = select.poll()
        poll.register(self._outgoing.fileno(), select.POLLOUT)
        while rest:
            try:
                rest = rest[self._outgoing.send(rest, _SEND_FLAGS) :]
            except (BlockingIOError, InterruptedError):
                left = deadline.left()
                if not poll.poll(None if left is None else left * 1000) and deadline.past():
                    raise TimeoutError("the server does not read") from None

    def shut(self) -> None:
        """Ends the stream in both directions, without waiting. The server and the threads of the client see the end."""
        for each in (self._outgoing, self._incoming):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self, timeout: float) -> None:
        """Ends the stream and frees it; waits up to `timeout` seconds for a server that this client started to end."""
        self.shut()
        self.abandon()

    def abandon(self) -> None:
        """Closes the descriptors of this process only: the server does not see it. For a forked child."""
        self._outgoing.close()
        self._incoming.close()

    def exit_text(self) -> str:
        """How the server ended, as far as it is known: `": it ended with exit code 1 (no such option)"`, or nothing."""
        return ""


class SocketStream(Stream):
    """A server that listens on a unix socket.

    Args:
        path: The socket's path.
        deadline: When it must be connected.

    Raises:
        ServerUnavailable: No server answers there.
    """

    def __init__(self, path: str, deadline: Deadline) -> None:
        self.name = f"the server at {path}"
        if not hasattr(socket, "AF_UNIX"):
            raise ServerUnavailable(
                f"This Python has no unix sockets, so it can't reach the server at {path}; {ELSEWHERE}"
            )
        connection = socket.socket(socket.AF_UNIX)
        try:
            _connect(connection, path, deadline)
        except (OSError, ValueError) as error:
            connection.close()
            raise ServerUnavailable(
                f"No dind-executor answers at the socket {path} ({_reason(error)}); start one with"
                f" `dind-executor serve --socket {path}`, or name another in DIND_EXECUTOR_SOCKET"
            ) from None
        super().__init__(connection, connection)


class ChildStream(Stream):
    """A `dind-executor rpc` that the client starts. It ends at the end of its input, so no later than this process.

    Args:
        program: The path of the program.

    Raises:
        ServerUnavailable: It could not be started.
    """

    def __init__(self, program: str) -> None:
        if not hasattr(select, "poll") or sys.platform == "win32":
            raise ServerUnavailable(f"dind-executor can't be started as a child process here; {ELSEWHERE}")
        # Sockets, because a write to a pipe cannot have a deadline. One for each direction, because two share no flags.
        input_ours, input_theirs = socket.socketpair()
        output_ours, output_theirs = socket.socketpair()
        try:
            # In a new session: Ctrl-C in a terminal goes only to this process, which tells the server what to do.
            self._child: subprocess.Popen[bytes] = subprocess.Popen(
                [program, "rpc"],
                stdin=input_theirs.fileno(),
                stdout=output_theirs.fileno(),
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            input_ours.close()
            output_ours.close()
            raise ServerUnavailable(
                f"{program} could not be started ({_reason(error)}); name the program in DIND_EXECUTOR, or put"
                " dind-executor on PATH"
            ) from None
        finally:
            input_theirs.close()
            output_theirs.close()
        self.name = f"{program} rpc (process {self._child.pid})"
        super().__init__(output_ours, input_ours)
        self._lines: deque[str] = deque(maxlen=3)
        self._log = threading.Thread(target=self._read_log, name="dind-executor log", daemon=True)
        self._log.start()

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._child.pid

    def close(self, timeout: float) -> None:
        """Ends its input and waits until it has removed its containers and ended; kills it after `timeout` seconds."""
        self.shut()
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            log.warning("%s does not end by itself; it is killed", self.name)
            self._child.kill()
            self._child.wait()
        self._log.join(1)
        super().close(0)
        if self._child.stderr is not None and not self._log.is_alive():
            self._child.stderr.close()

    def exit_text(self) -> str:
        """How the program ended, and the last line of its log."""
        try:
            code = self._child.wait(1)
        except subprocess.TimeoutExpired:
            return ""
        self._log.join(1)
        said = f" ({self._lines[-1]})" if self._lines else ""
        return f": it ended {'by signal' if code < 0 else 'with exit code'} {abs(code)}{said}"

    def _read_log(self) -> None:
        assert self._child.stderr is not None
        for raw in self._child.stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            if not line:
                continue
            # TIME LEVEL MESSAGE; anything else (a sanitizer's report, the loader's) is a warning.
            time_of, _, rest = line.partition(" ")
            level, _, message = rest.partition(" ")
            known = time_of[:4].isdigit() and level in _LEVELS
            self._lines.append(message if known else line)
            log.log(_LEVELS[level] if known else logging.WARNING, "server: %s", message if known else line)


def _connect(connection: socket.socket, path: str, deadline: Deadline) -> None:
    """Waits until the deadline for a place among the clients that a busy server has not accepted yet.

    A Python socket with a timeout would not wait: Linux answers EAGAIN at once on a non-blocking socket. On a blocking
    one it waits as long as SO_SNDTIMEO says (unix(7), connect(2)).
    """
    while True:
        left = deadline.left()
        if left is not None:
            _set_send_timeout(connection, max(1, int(left * 1_000_000)))
        connection.connect(path)
        try:
            connection.getpeername()
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise
            continue  # a signal ended the wait, and Python took that for a connection
        _set_send_timeout(connection, 0)
        return


def _set_send_timeout(connection: socket.socket, microseconds: int) -> None:
    timeval = struct.pack("ll", *divmod(microseconds, 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)


def _reason(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
