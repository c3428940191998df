"""How a run ended: a dict with typed values, which are also attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Optional, TypedDict, cast, overload

from .wire_types import Stage, Verdict


class ResultDict(TypedDict):
    """The keys of a `RunResult` and their types. Durations are seconds, sizes bytes."""

    returncode: int  # the program's; 128 + signal, 124 for a timeout, 137 for out of memory
    stdout: str  # its beginning where it was long: see stdout_truncated_bytes
    stderr: str
    stdout_truncated_bytes: int  # written, but not in stdout
    stderr_truncated_bytes: int
    verdict: Verdict
    exit_code: Optional[int]  # as the program left it; None where a signal or we ended it
    signal: Optional[int]
    duration: float  # seconds of the program's own wall-clock time
    cpu_time: Optional[float]  # seconds, user and system, all its processes
    peak_memory: Optional[int]  # bytes of the whole sandbox
    oom_seen: bool  # the kernel killed some process of it for memory
    stdout_bytes: int  # as the program wrote them
    stderr_bytes: int
    dropped_bytes: int  # past the output limit
    image: str
    image_id: str
    image_digest: Optional[str]  # None where no registry gave one
    isolation: str  # "runc" or "gvisor"
    stage: Stage  # where it ended; "program" unless something before it did
    builder: Optional[str]  # "classic" or "buildkit"; None where nothing was built
    cancel_reason: Optional[str]
    run_id: str
    ending: str  # for people: how it ended, with the figure of a limit; "" for a success of which nothing is missing
    notes: list[str]  # for people: what was clamped, what was seen


_Int = Literal[
    "returncode",
    "stdout_truncated_bytes",
    "stderr_truncated_bytes",
    "stdout_bytes",
    "stderr_bytes",
    "dropped_bytes",
]
_Text = Literal["stdout", "stderr", "image", "image_id", "isolation", "run_id", "ending"]
_OptionalText = Literal["image_digest", "builder", "cancel_reason"]


class RunResult(dict[str, Any]):
    r"""The result of a run: the keys of `ResultDict`, as items and as attributes.

    It is a dict: it compares, copies and converts to JSON like one. Type checkers know each key and attribute, and
    refuse others. For them a `RunResult` is not a `ResultDict`; `to_dict()` returns one.

    Example:
        >>> result = executor.run_python_code("print(6 * 7)")
        >>> result["returncode"], result["stdout"], result.verdict
        (0, '42\n', 'ok')
    """

    returncode: int
    stdout: str
    stderr: str
    stdout_truncated_bytes: int
    stderr_truncated_bytes: int
    verdict: Verdict
    exit_code: Optional[int]
    signal: Optional[int]
    duration: float
    cpu_time: Optional[float]
    peak_memory: Optional[int]
    oom_seen: bool
    stdout_bytes: int
    stderr_bytes: int
    dropped_bytes: int
    image: str
    image_id: str
    image_digest: Optional[str]
    isolation: str
    stage: Stage
    builder: Optional[str]
    cancel_reason: Optional[str]
    run_id: str
    ending: str
    notes: list[str]

    @property
    def ok(self) -> bool:
        """Whether the program ran and exited with 0."""
        return bool(self["verdict"] == "ok")

    def to_dict(self) -> ResultDict:
        """A plain dict with the same keys, typed as such: for code that takes a `ResultDict`."""
        return cast(ResultDict, dict(self.items()))

    # For type checkers, an attribute or key that a result does not have is an error, as it is at run time.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            try:
                return self[name]
            except KeyError:
                raise AttributeError(f"a run's result has no {name!r}") from None

    @overload  # type: ignore[override]
    def __getitem__(self, key: _Int) -> int: ...
    @overload
    def __getitem__(self, key: _Text) -> str: ...
    @overload
    def __getitem__(self, key: _OptionalText) -> Optional[str]: ...
    @overload
    def __getitem__(self, key: Literal["exit_code", "signal", "peak_memory"]) -> Optional[int]: ...
    @overload
    def __getitem__(self, key: Literal["duration"]) -> float: ...
    @overload
    def __getitem__(self, key: Literal["cpu_time"]) -> Optional[float]: ...
    @overload
    def __getitem__(self, key: Literal["oom_seen"]) -> bool: ...
    @overload
    def __getitem__(self, key: Literal["verdict"]) -> Verdict: ...
    @overload
    def __getitem__(self, key: Literal["stage"]) -> Stage: ...
    @overload
    def __getitem__(self, key: Literal["notes"]) -> list[str]: ...
    def __getitem__(self, key: str) -> Any:
        """The value of a key; `KeyError` for one that a result doesn't have."""
        return super().__getitem__(key)

    @overload  # type: ignore[override]
    def get(self, key: _Int, default: Any = ...) -> int: ...
    @overload
    def get(self, key: _Text, default: Any = ...) -> str: ...
    @overload
    def get(self, key: _OptionalText, default: Any = ...) -> Optional[str]: ...
    @overload
    def get(self, key: Literal["exit_code", "signal", "peak_memory"], default: Any = ...) -> Optional[int]: ...
    @overload
    def get(self, key: Literal["duration"], default: Any = ...) -> float: ...
    @overload
    def get(self, key: Literal["cpu_time"], default: Any = ...) -> Optional[float]: ...
    @overload
    def get(self, key: Literal["oom_seen"], default: Any = ...) -> bool: ...
    @overload
    def get(self, key: Literal["verdict"], default: Any = ...) -> Verdict: ...
    @overload
    def get(self, key: Literal["stage"], default: Any = ...) -> Stage: ...
    @overload
    def get(self, key: Literal["notes"], default: Any = ...) -> list[str]: ...
    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key; a result has all of them, so `default` is only for keys that it doesn't have."""
        return super().get(key, default)

    def __repr__(self) -> str:
        return f"RunResult({super().__repr__()})"


def to_result(answer: object) -> RunResult:
    """Returns the result in an answer of the server.

    Args:
        answer: The `result` member of a response to a run request.

    Returns:
        The result. A field that an older server leaves out has a neutral value.

    Raises:
        ValueError: The answer is not a result of a run.
    """
    if not isinstance(answer, dict):
        raise ValueError(f"not an object but {type(answer).__name__}")
    returncode, verdict = _optional_int(answer, "returncode"), answer.get("verdict")
    if returncode is None:
        raise ValueError("without a returncode")
    if not isinstance(verdict, str):
        raise ValueError("without a verdict")
    values: dict[str, Any] = {
        "returncode": returncode,
        "stdout": _text(answer, "stdout"),
        "stderr": _text(answer, "stderr"),
        "stdout_truncated_bytes": _count(answer, "stdoutTruncatedBytes"),
        "stderr_truncated_bytes": _count(answer, "stderrTruncatedBytes"),
        "verdict": verdict,
        "exit_code": _optional_int(answer, "exitCode"),
        "signal": _optional_int(answer, "signal"),
        "duration": _seconds(answer, "durationMs") or 0.0,
        "cpu_time": _seconds(answer, "cpuMs"),
        "peak_memory": _optional_int(answer, "peakMemoryBytes"),
        "oom_seen": answer.get("oomSeen") is True,
        "stdout_bytes": _count(answer, "stdoutBytes"),
        "stderr_bytes": _count(answer, "stderrBytes"),
        "dropped_bytes": _count(answer, "droppedBytes"),
        "image": _text(answer, "image"),
        "image_id": _text(answer, "imageId"),
        "image_digest": _text(answer, "imageDigest") or None,
        "isolation": _text(answer, "isolation"),
        "stage": _text(answer, "stage") or "program",
        "builder": _text(answer, "builder") or None,
        "cancel_reason": _text(answer, "cancelReason") or None,
        "run_id": _text(answer, "runId"),
        "ending": _text(answer, "ending"),
        "notes": _texts(answer, "notes"),
    }
    return RunResult(values)


def _optional_int(answer: dict[str, Any], key: str) -> Optional[int]:
    value = answer.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _count(answer: dict[str, Any], key: str) -> int:
    return _optional_int(answer, key) or 0


def _seconds(answer: dict[str, Any], key: str) -> Optional[float]:
    value = answer.get(key)
    return value / 1000 if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _text(answer: dict[str, Any], key: str) -> str:
    value = answer.get(key)
    return value if isinstance(value, str) else ""


def _texts(answer: dict[str, Any], key: str) -> list[str]:
    value = answer.get(key)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
