"""The executor of asyncio: the calls of `Executor` as coroutines."""

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

    If the task of a call is cancelled, its run ends and its container is removed. The task ends after that, at most 2 s
    later. `on_output` is called in the event loop, and must not block. Several event loops can use one AsyncExecutor.

    Args:
        socket: The unix socket of a server to use.
        program: The `dind-executor` to start.
        url: The address of a server's HTTP API.
        token: The token for `url`.
        executor: An `Executor` whose connection to share, instead of the other arguments.

    Raises:
        InvalidRequest: More than one server was given.

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
        """Returns the output of a run as it comes, and its result as the last item, for `async for`.

        If you leave the loop early, the run ends (close the iterator, or use `contextlib.aclosing`).

        Args:
            method: A `run…` or `build…` method.
            args: Its arguments.
            keywords: Its keywords, without `on_output`.

        Returns:
            An iterator over `Output(channel, text)`, and at the end the `RunResult`.

        Raises:
            DindExecutorError: The program could not be run. The iteration raises it.

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
