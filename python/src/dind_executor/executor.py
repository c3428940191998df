"""The executor: code in, results out, from any thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Optional

from . import wire
from .calls import call
from .cancellation import Cancellation
from .errors import DindExecutorError
from .link import Link, Path
from .result import RunResult
from .runs import STATUS_TIMEOUT, EngineStatus, OnOutput, Status
from .wire import Command, Isolation, Limits, Network, Pull, Workspace, options_of

log = logging.getLogger("dind_executor")
log.addHandler(logging.NullHandler())  # what a program does not ask for is not printed (the library's part of PEP 282)


class Executor:
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

    def is_available(self) -> bool:
        """Whether code can be run: a server is there, its engine answers, and nobody switched it off.

        Returns:
            True or False, within about 2 s; never raises.

        Example:
            >>> executor.is_available()
            True
        """
        try:
            return Status.allows_runs(self.engine_status())
        except DindExecutorError as error:
            log.info("not available: %s", error.message)
        except Exception:
            log.exception("not available")
        return False

    def engine_status(self, timeout: float = STATUS_TIMEOUT) -> EngineStatus:
        """How the Docker engine is, and why it is not available.

        Args:
            timeout: Seconds for the whole call.

        Returns:
            The status.

        Raises:
            DindExecutorError: No server is to be had, or it does not answer in time.

        Example:
            >>> executor.engine_status()["version"]
            '20.10.24+dfsg1'
        """
        asked = Status(self._link, timeout)
        asked.send()
        asked.wait()
        return asked.status(asked.take()[1])

    def run_python_code(
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
            python_version: `"3.11"`: the image `python:3.11-slim`. None: the server's own choice.
            requirements: Packages for it, or the lines of a requirements file (with --hash, without -r and -c).
            timeout: Seconds of the whole call. This and the keywords that all runs have: see `Executor`.

        Returns:
            How it ended.

        Raises:
            DindExecutorError: It could not be run.

        Example:
            >>> result = executor.run_python_code("import sys; sys.exit(3)", python_version="3.11")
            >>> result["returncode"], result["verdict"]
            (3, 'failed')
        """
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        return call(self._link, wire.python_code(code, python_version, requirements, options), on_output, cancel, wait)

    def run_shell_script(
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
            shell: The shell's path in the image.
            timeout: Seconds of the whole call. This and the keywords that all runs have: see `Executor`.
            image: The image; None: one that has the shell.

        Returns:
            How it ended.

        Raises:
            DindExecutorError: It could not be run.

        Example:
            >>> executor.run_shell_script("echo $((6 * 7)); exit 1", timeout=30)["returncode"]
            1
        """
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        return call(self._link, wire.shell_script(script, shell, image, options), on_output, cancel, wait)

    def run_command(
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
            image: The image's name; it is pulled where the engine has none.
            command: A str goes through the image's `/bin/sh`; a list of str is argv as it is.
            mount_workspace: Mounts the shared workspace at `/workspaces`, writable as far as the operator allows.
            working_dir: An absolute path in the container; None: the workspace where it is mounted.
            timeout: Seconds of the whole call. This and the keywords that all runs have: see `Executor`.

        Returns:
            How it ended.

        Raises:
            DindExecutorError: It could not be run.

        Example:
            >>> executor.run_command("node:20-alpine", ["node", "--version"])["stdout"]
            'v20.19.0\n'
        """
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        request = wire.command(image, command, mount_workspace, working_dir, options)
        return call(self._link, request, on_output, cancel, wait)

    def build_and_run(
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
        r"""Builds an image of a Dockerfile and runs it; the image is removed again.

        Args:
            dockerfile_content: The Dockerfile's text.
            context_path: The folder that `COPY` reads, relative to the workspace; None: an empty one.
            build_args: Values of the Dockerfile's `ARG` instructions.
            target: The stage to build; None: the last one.
            timeout: Seconds of the whole call. This and the keywords that all runs have: see `Executor`.

        Returns:
            How it ended. A build that failed is a result too: its `stage` is `"build"`.

        Raises:
            DindExecutorError: It could not be built or run.

        Example:
            >>> executor.build_and_run('FROM busybox\nCMD ["echo", "built"]')["stdout"]
            'built\n'
        """
        options = options_of(
            timeout, on_output, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record
        )
        return call(
            self._link,
            wire.build(dockerfile_content, context_path, build_args, target, options),
            on_output,
            cancel,
            wait,
        )

    def run(
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
        r"""Runs anything that can be run: code in any language, a command, or a build, with every option.

        Args:
            code: A program's text. One of this, `command` and `dockerfile` is given; `command` beside `dockerfile` is
                run in the image that was built.
            command: A str for the image's `/bin/sh`, or argv; needs `image`.
            dockerfile: A Dockerfile's text.
            language: The code's language (`"javascript"`); without it `file_name` and the first line decide.
            file_name: The code's name in the sandbox (`"job.js"`).
            image: The image, instead of the language's own.
            args: The program's arguments (code).
            requirements: Packages for the code.
            context_path: The build's folder, relative to the workspace.
            build_args: Values of the Dockerfile's `ARG` instructions.
            target: The stage of the Dockerfile to build; None: the last one.
            workspace: Mounts the workspace: `"read_only"`, `"read_write"`, or not at all.
            working_dir: An absolute path in the container.
            pull: When the image is pulled: `"missing"`, `"never"` or `"always"`.
            timeout: Seconds of the whole call; `limits["timeout"]` is the program's own. The rest: see `Executor`.

        Returns:
            How it ended.

        Raises:
            DindExecutorError: It could not be run.

        Example:
            >>> executor.run("console.log(process.argv[2])", language="javascript", args=["hi"])["stdout"]
            'hi\n'
        """
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
        return call(self._link, request, on_output, cancel, wait)

    def close(self) -> None:
        """Ends the connection, its runs, and the server where we started it; waits for that, 10 s at most.

        Calls under way end in `ServerGone`. The executor may be used again: its next call connects anew. It is called
        when the interpreter exits.
        """
        self._link.close()

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()
