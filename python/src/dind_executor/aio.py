"""The executor of asyncio: the same calls as coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Optional, Union

from .calls_async import AsyncCalls
from .connection import Output
from .errors import InvalidRequest
from .executor import Executor
from .link import Path
from .result import RunResult
from .streaming import stream_run

if TYPE_CHECKING:
    from typing_extensions import ParamSpec  # typing has it from Python 3.10 on

    P = ParamSpec("P")


class AsyncExecutor(AsyncCalls):
    r"""`Executor` for asyncio: the same methods, arguments, results and errors, as coroutines.

    Cancelling the task of a call ends its run and its container; the task ends when they are gone, 2 s later at most.
    `on_output` is called in the event loop, and must not block. One may be used from many loops, and shares the
    connection of the `Executor` that it is given.

    Args:
        socket: The unix socket of a server to use.
        program: The `dind-executor` to start.
        url: The address of a server's HTTP API.
        token: The token for `url`.
        executor: An executor to share the connection of, instead of those.

    Raises:
        InvalidRequest: More than one was given.

    Example:
        >>> async def main():
        ...     async with AsyncExecutor() as executor:
        ...         return await executor.run_python_code("print(6 * 7)")
        >>> asyncio.run(main())["stdout"]
        '42\n'
    """

    def __init__(
        self,
        socket: Optional[Path] = None,
        program: Optional[Path] = None,
        *,
        url: Optional[str] = None,
        token: Optional[str] = None,
        executor: Optional[Executor] = None,
    ) -> None:
        if executor is not None and (socket, program, url, token) != (None, None, None, None):
            raise InvalidRequest("Give an executor, or where its server is, not both")
        self._link = (executor or Executor(socket, program, url=url, token=token))._link

    def stream(
        self, method: Callable[P, Awaitable[RunResult]], *args: P.args, **keywords: P.kwargs
    ) -> AsyncIterator[Union[Output, RunResult]]:
        """Output of a run as it comes, and its result as the last piece: for `async for`.

        Leaving the loop early ends the run and its container (close the iterator, or use `contextlib.aclosing`).

        Args:
            method: One of the `run…` and `build…` methods.
            args: Its arguments.
            keywords: Its keywords, without `on_output`.

        Returns:
            An iterator over `Output(channel, text)`, and at the end the `RunResult`.

        Raises:
            DindExecutorError: It could not be run; raised by the iteration.

        Example:
            >>> async for piece in client.stream(client.run_python_code, "print(6 * 7)"):
            ...     print(piece.text if isinstance(piece, Output) else piece.verdict)
            42
            ok
        """
        return stream_run(method, args, dict(keywords))

    async def close(self) -> None:
        """As `Executor.close`."""
        await asyncio.to_thread(self._link.close)

    async def __aenter__(self) -> AsyncExecutor:
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()
