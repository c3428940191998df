"""What mypy must find in the client's types. This file never runs. An unused `ignore` is an error (--strict)."""

from __future__ import annotations

from typing import Optional, Union

from typing_extensions import assert_type

from dind_executor import (
    AsyncExecutor,
    Busy,
    DindExecutorError,
    Executor,
    Limits,
    Output,
    ResultDict,
    RunResult,
    get_async_executor,
    get_executor,
)

executor = get_executor()
result = executor.run_python_code("x", "3.11", ["requests"], 60, limits={"memory": "64m", "timeout": 1})
assert_type(result, RunResult)
assert_type(result["returncode"], int)
assert_type(result["stdout"], str)
assert_type(result.duration, float)
assert_type(result["duration"], float)
assert_type(result.exit_code, Optional[int])
assert_type(result["peak_memory"], Optional[int])
assert_type(result["notes"], list[str])
assert_type(result["ending"], str)
assert_type(result.image_digest, Optional[str])
assert_type(executor.is_available(), bool)
assert_type(executor.engine_status()["version"], Optional[str])
executor.run_command("image", ["a", "b"], working_dir="/w", on_output=lambda channel, text: print(channel, text))
executor.run_command("image", ("a", "b"))

assert_type(result.get("stdout"), str)
assert_type(result.get("exit_code"), Optional[int])
assert_type(result.to_dict(), ResultDict)
error: DindExecutorError = Busy("full")
assert_type(error.retry_after, Optional[float])
assert_type(get_executor(url="http://h", token="t"), Executor)
executor.run("x", wait=True)

result["stdoutt"]  # type: ignore[call-overload]
result.get("stdoutt")  # type: ignore[call-overload]
result.stdoutt  # type: ignore[attr-defined]
executor.run_python_code(b"x")  # type: ignore[arg-type]
executor.run_python_code("x", timeout="60")  # type: ignore[arg-type]
executor.run_python_code("x", network="host")  # type: ignore[arg-type]
executor.run_python_code("x", memory="64m")  # type: ignore[call-arg]
executor.run_command("image")  # type: ignore[call-arg]
limits: Limits = {"memry": 1}  # type: ignore[typeddict-unknown-key]
verdict_is_one: bool = result["verdict"] == "okay"  # type: ignore[comparison-overlap]


async def twin(client: AsyncExecutor) -> None:
    assert_type(await client.run_shell_script("x"), RunResult)
    assert_type(await get_async_executor().is_available(), bool)
    client.run_shell_script("x")["stdout"]  # type: ignore[index]
    async for piece in client.stream(client.run_python_code, "x", timeout=3):
        assert_type(piece, Union[Output, RunResult])
    client.stream(client.run_python_code, 3)  # type: ignore[arg-type]
