"""The types of what the server and its clients send each other.

Generated from api/ by scripts/generate: edit that, not this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Optional, TypedDict, Union

if TYPE_CHECKING:
    from typing_extensions import NotRequired
else:
    NotRequired = Optional  # for get_type_hints


ErrorKind = Literal[
    "invalid_request",
    "unsupported_language",
    "disabled",
    "not_found",
    "busy",
    "image_unavailable",
    "engine_error",
    "engine_unavailable",
    "shutting_down",
    "cancelled",
    "internal",
]


class ErrorData(TypedDict):
    """Why a program could not be run."""

    stdout: NotRequired[str]
    stderr: NotRequired[str]
    stdoutTruncatedBytes: NotRequired[int]
    stderrTruncatedBytes: NotRequired[int]
    kind: ErrorKind
    message: str
    httpStatus: int
    retryAfter: NotRequired[int]
    runId: NotRequired[str]
    began: NotRequired[bool]


class QueuedEvent(TypedDict):
    """`QueuedEvent` of api/."""

    runId: str
    position: int


class Limits(TypedDict):
    """The limits of a request. A value above the operator's maximum is lowered to it, and the notes say so."""

    timeout: NotRequired[float]
    memory: NotRequired[Union[int, str]]
    cpus: NotRequired[float]
    pids: NotRequired[int]
    tmp: NotRequired[Union[int, str]]


class Command1(TypedDict):
    """Replaces `CMD` and `ENTRYPOINT` of the image."""


class ServerInfo(TypedDict):
    """The result of `server/info`."""

    name: str
    version: str
    protocol: int
    enabled: bool


class EngineState(TypedDict):
    """The result of `engine/status`."""

    enabled: bool
    available: bool
    address: str
    version: NotRequired[str]
    message: NotRequired[str]


Network = Literal["none", "internet"]


Pull = Literal["missing", "never", "always"]


WorkspaceAccess = Literal["readOnly", "readWrite"]


Isolation = Literal["runc", "gvisor"]


Command = Union[str, list[str]]


Verdict = Literal[
    "ok",
    "failed",
    "signalled",
    "timeout",
    "out_of_memory",
    "process_limit",
    "output_limit",
    "disk_limit",
    "cancelled",
]


Stage = Literal["queue", "image", "dependencies", "build", "container", "program"]


CancelReason = Literal["user", "deadline", "shutdown", "client_gone"]


Builder = Literal["classic", "buildkit"]


Channel = Literal["stdout", "stderr"]


class PreparingEvent(TypedDict):
    """`PreparingEvent` of api/."""

    runId: str
    stage: Stage
    message: str
    percent: NotRequired[int]


class OutputEvent(TypedDict):
    """`OutputEvent` of api/."""

    runId: str
    channel: Channel
    text: str


class GrantedLimits(TypedDict):
    """The limits in force."""

    timeoutMs: int
    memoryBytes: int
    cpus: float
    pids: int
    network: Network


class ExecutionResult(TypedDict):
    """How a run ended, with its output."""

    runId: str
    verdict: Verdict
    exitCode: Optional[int]
    signal: Optional[int]
    durationMs: int
    cpuMs: Optional[float]
    peakMemoryBytes: Optional[int]
    oomSeen: bool
    stdoutBytes: int
    stderrBytes: int
    droppedBytes: int
    image: str
    imageId: str
    imageDigest: Optional[str]
    isolation: Isolation
    stage: Stage
    builder: Optional[Builder]
    stdout: str
    stderr: str
    stdoutTruncatedBytes: int
    stderrTruncatedBytes: int
    cancelReason: Optional[CancelReason]
    notes: list[str]
    returncode: int
    ending: str


Workspace = WorkspaceAccess
"""
Mounts the workspace at `/workspaces`
"""


class RunCode(TypedDict):
    """A program's text."""

    code: str
    language: NotRequired[str]
    fileName: NotRequired[str]
    args: NotRequired[list[str]]
    dependencies: NotRequired[list[str]]
    image: NotRequired[str]
    pull: NotRequired[Pull]
    workspace: NotRequired[Workspace]
    workingDir: NotRequired[str]
    totalTimeout: NotRequired[float]
    limits: NotRequired[Limits]
    stream: NotRequired[bool]
    keepOutputBytes: NotRequired[int]
    runId: NotRequired[str]
    stdin: NotRequired[str]
    env: NotRequired[dict[str, str]]
    network: NotRequired[Network]
    isolation: NotRequired[Isolation]
    record: NotRequired[bool]


class RunCommand(TypedDict):
    """A command in an image."""

    command: Command
    image: str
    pull: NotRequired[Pull]
    workspace: NotRequired[Workspace]
    workingDir: NotRequired[str]
    totalTimeout: NotRequired[float]
    limits: NotRequired[Limits]
    stream: NotRequired[bool]
    keepOutputBytes: NotRequired[int]
    runId: NotRequired[str]
    stdin: NotRequired[str]
    env: NotRequired[dict[str, str]]
    network: NotRequired[Network]
    isolation: NotRequired[Isolation]
    record: NotRequired[bool]


class RunDockerfile(TypedDict):
    """An image that is built first, and a command in it."""

    dockerfile: str
    contextPath: NotRequired[str]
    buildArgs: NotRequired[dict[str, str]]
    target: NotRequired[str]
    command: NotRequired[Command1]
    pull: NotRequired[Pull]
    workspace: NotRequired[Workspace]
    workingDir: NotRequired[str]
    totalTimeout: NotRequired[float]
    limits: NotRequired[Limits]
    stream: NotRequired[bool]
    keepOutputBytes: NotRequired[int]
    runId: NotRequired[str]
    stdin: NotRequired[str]
    env: NotRequired[dict[str, str]]
    network: NotRequired[Network]
    isolation: NotRequired[Isolation]
    record: NotRequired[bool]


RunRequest = Union[RunCode, RunCommand, RunDockerfile]


class RunPythonCode(TypedDict):
    """Params of `runPythonCode`."""

    code: str
    pythonVersion: NotRequired[str]
    dependencies: NotRequired[list[str]]
    limits: NotRequired[Limits]
    stream: NotRequired[bool]
    keepOutputBytes: NotRequired[int]
    runId: NotRequired[str]
    stdin: NotRequired[str]
    env: NotRequired[dict[str, str]]
    network: NotRequired[Network]
    isolation: NotRequired[Isolation]
    record: NotRequired[bool]
    timeout: NotRequired[float]


class RunShellScript(TypedDict):
    """Params of `runShellScript`."""

    script: str
    shell: NotRequired[str]
    image: NotRequired[str]
    limits: NotRequired[Limits]
    stream: NotRequired[bool]
    keepOutputBytes: NotRequired[int]
    runId: NotRequired[str]
    stdin: NotRequired[str]
    env: NotRequired[dict[str, str]]
    network: NotRequired[Network]
    isolation: NotRequired[Isolation]
    record: NotRequired[bool]
    timeout: NotRequired[float]


class RunCommandParams(TypedDict):
    """Params of `runCommand`."""

    image: str
    command: Command
    mountWorkspace: NotRequired[bool]
    workingDir: NotRequired[str]
    limits: NotRequired[Limits]
    stream: NotRequired[bool]
    keepOutputBytes: NotRequired[int]
    runId: NotRequired[str]
    stdin: NotRequired[str]
    env: NotRequired[dict[str, str]]
    network: NotRequired[Network]
    isolation: NotRequired[Isolation]
    record: NotRequired[bool]
    timeout: NotRequired[float]


class BuildAndRun(TypedDict):
    """Params of `buildAndRun`."""

    dockerfileContent: str
    contextPath: NotRequired[str]
    buildArgs: NotRequired[dict[str, str]]
    target: NotRequired[str]
    limits: NotRequired[Limits]
    stream: NotRequired[bool]
    keepOutputBytes: NotRequired[int]
    runId: NotRequired[str]
    stdin: NotRequired[str]
    env: NotRequired[dict[str, str]]
    network: NotRequired[Network]
    isolation: NotRequired[Isolation]
    record: NotRequired[bool]
    timeout: NotRequired[float]


class StartedEvent(TypedDict):
    """`StartedEvent` of api/."""

    runId: str
    name: str
    language: str
    image: str
    isolation: Isolation
    limits: GrantedLimits
    notes: list[str]
