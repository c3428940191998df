"""The executor of threads: code in, results out."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Optional

from .calls_sync import SyncCalls
from .link import Link, Path

log = logging.getLogger("dind_executor")
log.addHandler(logging.NullHandler())  # without set-up of logging, nothing is printed (Python's logging HOWTO)


class Executor(SyncCalls):
    r"""Runs code in fresh, hardened, throw-away containers.

    It connects to a server at the first call. It takes the first of these:

    1. the server that `url` or `socket` names;
    2. the server that `$DIND_EXECUTOR_URL` or `$DIND_EXECUTOR_SOCKET` names;
    3. a server that listens at a default path;
    4. a `dind-executor rpc` that it starts (`program`, `$DIND_EXECUTOR`, or from PATH) and that ends with this process.

    If a server has ended, the next call gets another one. All threads share one connection. A forked child makes its
    own. The log goes to the logger `dind_executor`.

    Each `run…` and `build…` method also takes:

    - `timeout`: The total timeout in seconds: waiting in the queue, image, dependencies, build and program. When it is
      over, the result has the verdict `"timeout"` and the returncode 124. If the server does not answer 2 s later, the
      call raises `CallTimeout`. None: each part has the limit of the server.
    - `on_output`: A function that gets `(channel, text)` as output comes, in the calling thread. The channel is
      `"stdout"` or `"stderr"`. If it raises an exception, the run ends, and the call raises the exception.
    - `stdin`: The input of the program. Without it, the input is empty.
    - `env`: Environment variables of the program.
    - `limits`: What the program may use: see `Limits`.
    - `network`: `"none"` or `"internet"`.
    - `isolation`: `"runc"` or `"gvisor"`.
    - `run_id`: The id of the run: 1 to 64 of `A-Z a-z 0-9 _ -`. Without it, the client chooses one.
    - `keep_output_bytes`: How many bytes of each channel the result has, from the beginning.
    - `record`: False: the history of the server records nothing of the run.
    - `cancel`: A `Cancellation`, with which another thread can end the call.
    - `wait`: If the queue of the server is full, try again until `timeout` is over, instead of raising `Busy`.

    The result says how the program ended. A method raises `DindExecutorError` only if the program could not be run
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
        """Ends the connection, its runs, and the server if this client started it. Waits up to 10 s for that.

        Open calls raise `ServerGone`. You can use the executor again: the next call opens a new connection. This method
        is called when the interpreter exits.
        """
        self._link.close()

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()
