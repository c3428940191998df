"""The executor of asyncio: the same calls as coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Optional, Union

from . import wire
from .cancellation import Cancellation
from .connection import Output
from .deadline import Deadline
from .errors import Busy, Cancelled, DindExecutorError, InvalidRequest
from .executor import Executor, log
from .link import Path
from .places import next_try
from .result import RunResult
from .runs import GRACE, STATUS_TIMEOUT, EngineStatus, OnOutput, Run, Status
from .streaming import pieces_of
from .wire import Command, Isolation, Limits, Network, Pull, Request, Workspace, options_of

if TYPE_CHECKING:
    from typing_extensions import ParamSpec  # typing has it from Python 3.10 on

    P = ParamSpec("P")


class AsyncExecutor:
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

    async def is_available(self) -> bool:
        """As `Executor.is_available`."""
        try:
            return Status.allows_runs(await self.engine_status())
        except DindExecutorError as error:
            log.info("not available: %s", error.message)
        except Exception:
            log.exception("not available")
        return False

    async def engine_status(self, timeout: float = STATUS_TIMEOUT) -> EngineStatus:
        """As `Executor.engine_status`."""
        woken = _Woken()
        asked = Status(self._link, timeout, woken.wake)
        await asyncio.to_thread(asked.send)
        while True:
            answer = asked.take()[1]
            if answer is not None or asked.deadline.past():
                return asked.status(answer)
            await woken.wait(asked.deadline)

    async def run_python_code(
        self,
        code: str,
        python_version: Optional[str] = None,
        requirements: Optional[Sequence[str]] = None,
        timeout: Optional[float] = 60,
        *,
        on_output: Optional[OnOutput] = None,
        stdin: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[Limits] = None,
        network: Optional[Network] = None,
        isolation: Optional[Isolation] = None,
        run_id: Optional[str] = None,
        keep_output_bytes: Optional[int] = None,
        record: bool = True,
        cancel: Optional[Cancellation] = None,
        wait: bool = False,
    ) -> RunResult:
        """As `Executor.run_python_code`."""
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        return await self._run(wire.python_code(code, python_version, requirements, options), on_output, cancel, wait)

    async def run_shell_script(
        self,
        script: str,
        shell: str = "/bin/bash",
        timeout: Optional[float] = 60,
        *,
        image: Optional[str] = None,
        on_output: Optional[OnOutput] = None,
        stdin: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[Limits] = None,
        network: Optional[Network] = None,
        isolation: Optional[Isolation] = None,
        run_id: Optional[str] = None,
        keep_output_bytes: Optional[int] = None,
        record: bool = True,
        cancel: Optional[Cancellation] = None,
        wait: bool = False,
    ) -> RunResult:
        """As `Executor.run_shell_script`."""
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        return await self._run(wire.shell_script(script, shell, image, options), on_output, cancel, wait)

    async def run_command(
        self,
        image: str,
        command: Command,
        mount_workspace: bool = False,
        working_dir: Optional[str] = None,
        timeout: Optional[float] = 60,
        *,
        on_output: Optional[OnOutput] = None,
        stdin: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[Limits] = None,
        network: Optional[Network] = None,
        isolation: Optional[Isolation] = None,
        run_id: Optional[str] = None,
        keep_output_bytes: Optional[int] = None,
        record: bool = True,
        cancel: Optional[Cancellation] = None,
        wait: bool = False,
    ) -> RunResult:
        """As `Executor.run_command`."""
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        request = wire.command(image, command, mount_workspace, working_dir, options)
        return await self._run(request, on_output, cancel, wait)

    async def build_and_run(
        self,
        dockerfile_content: str,
        context_path: Optional[str] = None,
        timeout: Optional[float] = 300,
        *,
        on_output: Optional[OnOutput] = None,
        stdin: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[Limits] = None,
        network: Optional[Network] = None,
        isolation: Optional[Isolation] = None,
        run_id: Optional[str] = None,
        keep_output_bytes: Optional[int] = None,
        record: bool = True,
        cancel: Optional[Cancellation] = None,
        wait: bool = False,
        build_args: Optional[Mapping[str, str]] = None,
        target: Optional[str] = None,
    ) -> RunResult:
        """As `Executor.build_and_run`."""
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        return await self._run(
            wire.build(dockerfile_content, context_path, build_args, target, options), on_output, cancel, wait
        )

    async def run(
        self,
        code: Optional[str] = None,
        *,
        command: Optional[Command] = None,
        dockerfile: Optional[str] = None,
        language: Optional[str] = None,
        file_name: Optional[str] = None,
        image: Optional[str] = None,
        args: Optional[Sequence[str]] = None,
        requirements: Optional[Sequence[str]] = None,
        context_path: Optional[str] = None,
        build_args: Optional[Mapping[str, str]] = None,
        target: Optional[str] = None,
        workspace: Optional[Workspace] = None,
        working_dir: Optional[str] = None,
        pull: Optional[Pull] = None,
        timeout: Optional[float] = None,
        on_output: Optional[OnOutput] = None,
        stdin: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[Limits] = None,
        network: Optional[Network] = None,
        isolation: Optional[Isolation] = None,
        run_id: Optional[str] = None,
        keep_output_bytes: Optional[int] = None,
        record: bool = True,
        cancel: Optional[Cancellation] = None,
        wait: bool = False,
    ) -> RunResult:
        """As `Executor.run`."""
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        request = wire.whole_run(
            code,
            command,
            dockerfile,
            language,
            file_name,
            image,
            args,
            requirements,
            context_path,
            build_args,
            target,
            workspace,
            working_dir,
            pull,
            options,
        )
        return await self._run(request, on_output, cancel, wait)

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
        return pieces_of(method, args, dict(keywords))

    async def close(self) -> None:
        """As `Executor.close`."""
        await asyncio.to_thread(self._link.close)

    async def __aenter__(self) -> AsyncExecutor:
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()

    async def _run(
        self, request: Request, on_output: Optional[OnOutput], cancel: Optional[Cancellation], wait: bool
    ) -> RunResult:
        Cancellation._check(cancel)
        deadline = Deadline(request.timeout)
        while True:
            try:
                return await self._run_once(request, on_output, cancel)
            except Busy as busy:
                again = next_try(request, busy, deadline) if wait else None
                if again is None:
                    raise
            request, pause = again
            woken = _Woken()
            ticket = 0 if cancel is None else cancel._add(woken.wake)
            await woken.wait(Deadline(pause))
            if cancel is not None:
                cancel._remove(ticket)
                if cancel.cancelled:
                    raise Cancelled("The call was cancelled while it waited for a place in the server's queue")

    async def _run_once(
        self, request: Request, on_output: Optional[OnOutput], cancel: Optional[Cancellation]
    ) -> RunResult:
        woken = _Woken()
        run = Run(self._link, request, woken.wake)
        ticket = 0
        try:
            await _sent(run)
            if cancel is not None:
                ticket = cancel._add(run.cancel)
            while True:
                outputs, answer = run.take()
                for each in outputs:
                    if on_output is not None:
                        on_output(each.channel, each.text)
                if answer is not None:
                    return run.result(answer)
                if run.deadline.past():
                    raise run.overdue()
                await woken.wait(run.deadline)
        except asyncio.CancelledError:
            await _ended(run, woken)
            raise
        except BaseException:  # nothing is awaited: it may be the end of the coroutine itself
            _give_up(run)
            raise
        finally:
            if cancel is not None:
                cancel._remove(ticket)


class _Woken:
    """Wakes the one task that waits, from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self) -> None:
        self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, deadline: Deadline) -> None:
        """Returns when it was woken since the last time, or at the deadline."""
        # No wait_for: up to Python 3.11 it may swallow a cancellation.
        left = deadline.left()
        timer = None if left is None else self._loop.call_later(left, self._event.set)
        try:
            await self._event.wait()
        finally:
            if timer is not None:
                timer.cancel()
        self._event.clear()


async def _sent(run: Run) -> None:
    """Sends in a thread: it may have to start a server first."""
    sending = asyncio.ensure_future(asyncio.to_thread(run.send))
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:
        # The thread goes on; once it is through there is a run to end.
        sending.add_done_callback(lambda done: None if done.cancelled() or done.exception() else _give_up(run))
        raise


def _give_up(run: Run) -> None:
    threading.Thread(target=run.give_up, name="dind-executor cancel", daemon=True).start()


async def _ended(run: Run, woken: _Woken) -> None:
    """Ends a run whose task was cancelled, and waits until it has. A second cancellation ends the wait."""
    deadline = Deadline(GRACE)
    await asyncio.to_thread(run.give_up)
    while run.under_way() and not deadline.past():
        await woken.wait(deadline)
