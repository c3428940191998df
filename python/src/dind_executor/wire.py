"""Converts the arguments of a call to a method and parameters, and checks them. No I/O."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Literal, NamedTuple, Optional, Union

from .errors import InvalidRequest
from .wire_types import Isolation, Limits, Network, Pull

Command = Union[str, Sequence[str]]
Workspace = Literal["read_only", "read_write"]

MAX_SECONDS = 1_000_000_000  # as the server bounds a duration
_MAX_LIMIT = 1 << 50  # no limit may be more; the server has a bound for each
_MAX_KEPT_OUTPUT = 16 << 20  # bytes; as the server bounds it
_MAX_QUOTED = 60  # characters of a value in a message
_WORKSPACE = {"read_only": "readOnly", "read_write": "readWrite"}


class Options(NamedTuple):
    """What each kind of run takes. None is the default of the server."""

    timeout: Optional[float] = None  # seconds of the total timeout
    stdin: Optional[str] = None
    env: Optional[Mapping[str, str]] = None
    limits: Optional[Limits] = None
    network: Optional[Network] = None
    isolation: Optional[Isolation] = None
    run_id: Optional[str] = None
    keep_output_bytes: Optional[int] = None
    record: bool = True
    stream: bool = False


def to_options(
    timeout: Optional[float],
    on_output: Optional[Callable[[str, str], object]],
    stdin: Optional[str],
    env: Optional[Mapping[str, str]],
    limits: Optional[Limits],
    network: Optional[Network],
    isolation: Optional[Isolation],
    run_id: Optional[str],
    keep_output_bytes: Optional[int],
    record: bool,
) -> Options:
    """Returns the keywords of every run as one value.

    Raises:
        InvalidRequest: `on_output` is not a function.
    """
    if on_output is not None and not callable(on_output):
        raise InvalidRequest(f"on_output is a function of (channel, text), or None; not {_quote(on_output)}")
    return Options(
        timeout, stdin, env, limits, network, isolation, run_id, keep_output_bytes, record, on_output is not None
    )


class Request(NamedTuple):
    """A request that can be sent."""

    method: str
    params: dict[str, Any]
    run_id: str
    timeout: Optional[float]


def python_code(
    code: str, python_version: Optional[str], requirements: Optional[Sequence[str]], options: Options
) -> Request:
    """`runPythonCode`."""
    params = {
        "code": _text("code", code),
        "pythonVersion": _optional_text("python_version", python_version),
        "dependencies": _optional_texts("requirements", requirements),
    }
    return _request("runPythonCode", params, options)


def shell_script(script: str, shell: str, image: Optional[str], options: Options) -> Request:
    """`runShellScript`."""
    params = {
        "script": _text("script", script),
        "shell": _text("shell", shell),
        "image": _optional_text("image", image),
    }
    return _request("runShellScript", params, options)


def command(image: str, argv: Command, mount_workspace: bool, working_dir: Optional[str], options: Options) -> Request:
    """`runCommand`."""
    params = {
        "image": _text("image", image),
        "command": _command(argv),
        "mountWorkspace": _flag("mount_workspace", mount_workspace),
        "workingDir": _optional_text("working_dir", working_dir),
    }
    return _request("runCommand", params, options)


def build(
    dockerfile_content: str,
    context_path: Optional[str],
    build_args: Optional[Mapping[str, str]],
    target: Optional[str],
    options: Options,
) -> Request:
    """`buildAndRun`."""
    params = {
        "dockerfileContent": _text("dockerfile_content", dockerfile_content),
        "contextPath": _optional_text("context_path", context_path),
        "buildArgs": _variables("build_args", build_args),
        "target": _optional_text("target", target),
    }
    return _request("buildAndRun", params, options)


def whole_run(
    code: Optional[str],
    argv: Optional[Command],
    dockerfile: Optional[str],
    language: Optional[str],
    file_name: Optional[str],
    image: Optional[str],
    args: Optional[Sequence[str]],
    dependencies: Optional[Sequence[str]],
    context_path: Optional[str],
    build_args: Optional[Mapping[str, str]],
    target: Optional[str],
    workspace: Optional[Workspace],
    working_dir: Optional[str],
    pull: Optional[Pull],
    options: Options,
) -> Request:
    """`run`, with every option."""
    if workspace is not None and workspace not in _WORKSPACE:
        raise InvalidRequest(f'workspace is "read_only", "read_write" or None, not {workspace!r}')
    params = {
        "code": _optional_text("code", code),
        "command": None if argv is None else _command(argv),
        "dockerfile": _optional_text("dockerfile", dockerfile),
        "language": _optional_text("language", language),
        "fileName": _optional_text("file_name", file_name),
        "image": _optional_text("image", image),
        "args": _optional_texts("args", args),
        "dependencies": _optional_texts("dependencies", dependencies),
        "contextPath": _optional_text("context_path", context_path),
        "buildArgs": _variables("build_args", build_args),
        "target": _optional_text("target", target),
        "workspace": None if workspace is None else _WORKSPACE[workspace],
        "workingDir": _optional_text("working_dir", working_dir),
        "pull": _optional_text("pull", pull),
    }
    return _request("run", params, options, timeout_name="totalTimeout")


def _request(method: str, params: dict[str, Any], options: Options, timeout_name: str = "timeout") -> Request:
    timeout = seconds("timeout", options.timeout)
    run_id = _optional_text("run_id", options.run_id) or f"py-{uuid.uuid4().hex}"
    params.update(
        {
            timeout_name: timeout,
            "stdin": _optional_text("stdin", options.stdin),
            "env": _variables("env", options.env),
            "limits": _limits(options.limits),
            "network": _optional_text("network", options.network),
            "isolation": _optional_text("isolation", options.isolation),
            "runId": run_id,
            "keepOutputBytes": _number("keep_output_bytes", options.keep_output_bytes, _MAX_KEPT_OUTPUT),
            "record": None if _flag("record", options.record) else False,
            "stream": True if options.stream else None,
        }
    )
    return Request(method, {key: value for key, value in params.items() if value is not None}, run_id, timeout)


def seconds(name: str, value: Optional[float]) -> Optional[float]:
    """Checks a duration in seconds: a number greater than 0 and at most `MAX_SECONDS`, or None.

    Raises:
        InvalidRequest: The value is anything else.
    """
    if value is None:
        return None
    # Compared, since math.isfinite raises OverflowError for an int above 1.8e308. No comparison holds for a NaN.
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value > 0 or value == math.inf:
        raise InvalidRequest(f"{name} is a number of seconds greater than 0, or None; not {_quote(value)}")
    if value > MAX_SECONDS:
        most = f"{name} is at most {MAX_SECONDS} seconds"
        raise InvalidRequest(f"{most}, not {_quote(value)}; None leaves it to the server")
    return value


def _number(name: str, value: object, most: int) -> Union[int, float, None]:
    """Checks a number. JSON and the server can read it. The server checks the minimum."""
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise InvalidRequest(f"{name} is a number, not {_quote(value)}")
    if not 0 <= value <= most:  # see `seconds`
        raise InvalidRequest(f"{name} is a number from 0 to {most}, not {_quote(value)}")
    return value


def _quote(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # an int with more digits than Python writes (sys.set_int_max_str_digits)
        return "a number of thousands of digits"
    return text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED] + "…"


def _flag(name: str, value: object) -> bool:
    # The strings "no" and "false" are true in Python.
    if not isinstance(value, bool):
        raise InvalidRequest(f"{name} is True or False, not {_quote(value)}")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} is a str, not {type(value).__name__}")
    return value


def _optional_text(name: str, value: object) -> Optional[str]:
    return None if value is None else _text(name, value)


def _optional_texts(name: str, value: Optional[Sequence[str]]) -> Optional[list[str]]:
    if value is None:
        return None
    # A str is also a sequence of str, but it is always a mistake here.
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise InvalidRequest(f"{name} is a list of str, not {type(value).__name__}")
    return [_text(f"{name}[{index}]", each) for index, each in enumerate(value)]


def _command(value: Command) -> Union[str, list[str]]:
    if isinstance(value, str):
        return value
    texts = _optional_texts("command", value)
    if texts is None:
        raise InvalidRequest("command is a str or a list of str, not NoneType")
    return texts


def _variables(field: str, value: Optional[Mapping[str, str]]) -> Optional[dict[str, str]]:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{field} is a dict of str to str, not {type(value).__name__}")
    return {_text(f"a name in {field}", name): _text(f"{field}[{name!r}]", each) for name, each in value.items()}


def _limits(value: Optional[Limits]) -> Optional[dict[str, Any]]:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"limits is a dict, not {type(value).__name__}")
    unknown = set(value) - set(Limits.__annotations__)
    if unknown:
        known = ", ".join(Limits.__annotations__)
        raise InvalidRequest(f"limits has no {min(map(repr, unknown))}; supported: {known}")
    # The server says which limits may be texts ("512m").
    return {
        name: each if isinstance(each, str) else _number(f"limits['{name}']", each, _MAX_LIMIT)
        for name, each in value.items()
        if each is not None
    }
