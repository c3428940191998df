"""The executor: code in, results out, from any thread."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Optional

from .calls_sync import SyncCalls
from .link import Link, Path

log = logging.getLogger("dind_executor")
log.addHandler(logging.NullHandler())  # what a program does not ask for is not printed (the library's part of PEP 282)


class Executor(SyncCalls):
    r"""Runs code in fresh, hardened, throw-away containers.

    It connects to a server when it is first needed: the one named by `url` or `socket`, else by `$DIND_EXECUTOR_URL` or
    `$DIND_EXECUTOR_SOCKET`, else one that listens at a usual path; else it starts `dind-executor rpc` (`program`, else
    `$DIND_EXECUTOR`, else from PATH), which ends with us. A server that has ended is replaced at the next call. All
    threads share the one connection, and a forked child makes its own. Its log goes to the logger `dind_executor`.

    Every `run_…` and `build_…` method takes these besides its own:

    - `timeout`: Seconds that bound the whole call: waiting for a place, an image, packages or a build, and the
      program. Past it the result has the verdict `"timeout"` and the returncode 124. A server that doesn't keep to
      it ends in `CallTimeout`, 2 s later. None: each part has the server's own bound.
    - `on_output`: Called with `(channel, text)` as output comes, in the calling thread; channel is `"stdout"` or
      `"stderr"`. An exception that it raises ends the run, and the call with it.
    - `stdin`: The program's input; without it, it is empty.
    - `env`: Environment variables of the program.
    - `limits`: What the program may use: see `Limits`.
    - `network`: `"none"` or `"internet"`.
    - `isolation`: `"runc"` or `"gvisor"`.
    - `run_id`: The run's id, 1 to 64 of `A-Z a-z 0-9 _ -`; made up without.
    - `keep_output_bytes`: How much of each channel the result holds, from its beginning.
    - `record`: False: the server's history keeps nothing of the run.
    - `cancel`: A `Cancellation`, to end the call from another thread.
    - `wait`: Where the server's queue is full, ask again until `timeout` is over, instead of raising `Busy`.

    How the program fared is in the result; each method raises `DindExecutorError` only for what kept it from running
    (`InvalidRequest`, `ImageUnavailable`, `EngineUnavailable`, `Disabled`, `Busy`, `ServerGone` …).

    Args:
        socket: The unix socket of a server to use.
        program: The `dind-executor` to start.
        url: The address of a server's HTTP API (`http://HOST:PORT`), which may be on another machine.
        token: The token for `url`; None takes `$DIND_EXECUTOR_TOKEN`.

    Raises:
        InvalidRequest: More than one of `socket`, `program` and `url` was given.

    Example:
        >>> with Executor() as executor:
        ...     executor.run_python_code("print(6 * 7)")["stdout"]
        '42\n'
    """

    def __init__(
        self,
        socket: Optional[Path] = None,
        program: Optional[Path] = None,
        *,
        url: Optional[str] = None,
        token: Optional[str] = None,
    ) -> None:
        self._link = Link(socket, program, url, token)

    def close(self) -> None:
        """Ends the connection, its runs, and the server if this client started it; waits for that, 10 s at most.

        Calls under way end in `ServerGone`. The executor may be used again: its next call opens a new connection. It is called
        when the interpreter exits.
        """
        self._link.close()

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()
