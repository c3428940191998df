"""Output of a run as an asynchronous iterator, for routes that pass it on (server-sent events, WebSockets)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Callable, Union

from .connection import Output
from .result import RunResult

_MAX_HELD = 16 << 20  # characters of output that wait for the consumer; more is dropped and counted


async def stream_run(
    method: Callable[..., Awaitable[RunResult]], args: Any, keywords: dict[str, Any]
) -> AsyncIterator[Union[Output, RunResult]]:
    """Runs `method(*args, **keywords)` and yields its output as it comes, and the result as the last piece."""
    outputs: list[Output] = []
    held = left_out = 0
    changed = asyncio.Event()

    def put(channel: str, text: str) -> None:
        nonlocal held, left_out
        if held + len(text) > _MAX_HELD:
            left_out += len(text)
        else:
            held += len(text)
            outputs.append(Output(channel, text))
        changed.set()

    run = asyncio.ensure_future(method(*args, **{**keywords, "on_output": put}))
    run.add_done_callback(lambda _: changed.set())
    try:
        while not run.done() or outputs:
            await changed.wait()
            changed.clear()
            taken, held = list(outputs), 0
            outputs.clear()
            for each in taken:
                yield each
            if run.done():
                changed.set()
        result = run.result()
        if left_out:
            result["notes"].append(f"the consumer of the stream took too long: {left_out} characters were left out")
        yield result
    finally:
        if not run.done():
            run.cancel()
            await asyncio.wait({run})
