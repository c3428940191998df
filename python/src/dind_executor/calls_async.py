"""The calls of the executor of asyncio. tools/generate_sync.py makes calls_sync.py from this file."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Optional

from . import wire
from .cancellation import Cancellation
from .deadline import Deadline
from .errors import Busy, Cancelled, DindExecutorError
from .link import Link
from .result import RunResult
from .retry import next_try
from .runs import STATUS_TIMEOUT, EngineStatus, OnOutput, Run, Status
from .waiting_async import Signal, end, send
from .wire import Command, Request, Workspace, to_options
from .wire_types import Isolation, Limits, Network, Pull

log = logging.getLogger("dind_executor")


class AsyncCalls:
    """The methods of `AsyncExecutor` that ask a server for something."""

    _link: Link

    async def is_available(self) -> bool:
        """Whether code can be run: a server and its engine answer, and runs are not switched off.

        Returns:
            True or False, within about 2 s. Never raises an exception.

        Example:
            >>> await executor.is_available()
            True
        """
        try:
            return Status.allows_runs(await self.engine_status())
        except DindExecutorError as error:
            log.info("not available: %s", error.message)
        except Exception:
            log.exception("not available")
        return False

    async def engine_status(self, timeout: float = STATUS_TIMEOUT) -> EngineStatus:
        """Asks for the state of the Docker engine, and why it is not available.

        Args:
            timeout: The total timeout in seconds.

        Returns:
            The status.

        Raises:
            DindExecutorError: There is no server, or it does not answer in time.

        Example:
            >>> (await executor.engine_status())["version"]
            '20.10.24+dfsg1'
        """
        signal = Signal()
        asked = Status(self._link, timeout, signal.set)
        await send(asked)
        while True:
            answer = asked.take()[1]
            if answer is not None or asked.deadline.past():
                return asked.status(answer)
            await signal.wait(asked.deadline)

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
        """Runs Python code.

        Args:
            code: The program's text.
            python_version: `"3.11"` means the image `python:3.11-slim`. None: the server chooses.
            requirements: Packages that the code needs, or lines of a requirements file (with --hash, not -r and -c).
            timeout: The total timeout in seconds. For this and the other keywords, see `Executor`.

        Returns:
            The result: how the program ended.

        Raises:
            DindExecutorError: The program could not be run.

        Example:
            >>> result = await executor.run_python_code("import sys; sys.exit(3)", python_version="3.11")
            >>> result["returncode"], result["verdict"]
            (3, 'failed')
        """
        options = to_options(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        request = wire.python_code(code, python_version, requirements, options)
        return await self._run(request, on_output, cancel, wait)

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
        """Runs a shell script.

        Args:
            script: The script's text.
            shell: The path of the shell in the image.
            timeout: The total timeout in seconds. For this and the other keywords, see `Executor`.
            image: The image. None: an image that has the shell.

        Returns:
            The result: how the program ended.

        Raises:
            DindExecutorError: The program could not be run.

        Example:
            >>> (await executor.run_shell_script("echo $((6 * 7)); exit 1", timeout=30))["returncode"]
            1
        """
        options = to_options(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        request = wire.shell_script(script, shell, image, options)
        return await self._run(request, on_output, cancel, wait)

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
        r"""Runs a command in an image.

        Args:
            image: The name of the image. The engine pulls it if it does not have it.
            command: A str is a command for the image's `/bin/sh`. A list of str is the argv.
            mount_workspace: Mounts the shared workspace at `/workspaces`, writable if the operator allows it.
            working_dir: An absolute path in the container. None: the workspace, if it is mounted.
            timeout: The total timeout in seconds. For this and the other keywords, see `Executor`.

        Returns:
            The result: how the program ended.

        Raises:
            DindExecutorError: The program could not be run.

        Example:
            >>> (await executor.run_command("node:20-alpine", ["node", "--version"]))["stdout"]
            'v20.19.0\n'
        """
        options = to_options(
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
        r"""Builds an image from a Dockerfile, runs it, and removes the image.

        Args:
            dockerfile_content: The Dockerfile's text.
            context_path: The folder that `COPY` reads, relative to the workspace. None: an empty folder.
            build_args: Values of the Dockerfile's `ARG` instructions.
            target: The stage to build. None: the last stage.
            timeout: The total timeout in seconds. For this and the other keywords, see `Executor`.

        Returns:
            The result: how the program ended. If the build failed, its `stage` is `"build"`.

        Raises:
            DindExecutorError: The image could not be built, or the program could not be run.

        Example:
            >>> (await executor.build_and_run('FROM busybox\nCMD ["echo", "built"]'))["stdout"]
            'built\n'
        """
        options = to_options(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        request = wire.build(dockerfile_content, context_path, build_args, target, options)
        return await self._run(request, on_output, cancel, wait)

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
        dependencies: Optional[Sequence[str]] = None,
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
        r"""Runs code in any language, a command, or a build, with every option.

        Args:
            code: The text of a program. Give `code`, `command` or `dockerfile`. If you give `dockerfile` and `command`,
                the command runs in the image that was built.
            command: A str for the image's `/bin/sh`, or the argv. It needs `image` or `dockerfile`.
            dockerfile: A Dockerfile's text.
            language: The language of the code (`"javascript"`). Without it, `file_name` and the first line decide.
            file_name: The name of the code in the sandbox (`"job.js"`).
            image: The image, instead of the one of the language.
            args: The arguments of the program (for `code`).
            dependencies: Packages that the code needs (`["requests>=2"]`).
            context_path: The folder of the build, relative to the workspace.
            build_args: Values of the Dockerfile's `ARG` instructions.
            target: The stage of the Dockerfile to build. None: the last stage.
            workspace: Mounts the workspace: `"read_only"`, `"read_write"`, or not at all.
            working_dir: An absolute path in the container.
            pull: When the image is pulled: `"missing"`, `"never"` or `"always"`.
            timeout: The total timeout in seconds; `limits["timeout"]` is the limit of the program. See `Executor`.

        Returns:
            The result: how the program ended.

        Raises:
            DindExecutorError: The program could not be run.

        Example:
            >>> (await executor.run("console.log(process.argv[2])", language="javascript", args=["hi"]))["stdout"]
            'hi\n'
        """
        options = to_options(
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
            dependencies,
            context_path,
            build_args,
            target,
            workspace,
            working_dir,
            pull,
            options,
        )
        return await self._run(request, on_output, cancel, wait)

    async def _run(
        self, request: Request, on_output: Optional[OnOutput], cancel: Optional[Cancellation], wait: bool
    ) -> RunResult:
        """Sends the request and returns its result; with `wait`, sends it again while the server's queue is full."""
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
            await self._pause(pause, cancel)

    async def _pause(self, seconds: float, cancel: Optional[Cancellation]) -> None:
        signal = Signal()
        ticket = 0 if cancel is None else cancel._add(signal.set)
        try:
            await signal.wait(Deadline(seconds))
        finally:
            if cancel is not None:
                cancel._remove(ticket)
        if cancel is not None and cancel.cancelled:
            raise Cancelled("The call was cancelled while it waited for a place in the server's queue")

    async def _run_once(
        self,
        request: Request,
        on_output: Optional[OnOutput],
        cancel: Optional[Cancellation],
    ) -> RunResult:
        signal = Signal()
        run = Run(self._link, request, signal.set)
        ticket = 0
        try:
            await send(run)
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
                await signal.wait(run.deadline)
        except BaseException as error:
            await end(run, signal, error)
            raise
        finally:
            if cancel is not None:
                cancel._remove(ticket)
