"""POST /execute: code in, `{success, output, error}` out."""

import asyncio
import math

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel

from app.utils.dind_executor import DindExecutorError, get_async_executor
from app.utils.words import reason

router = APIRouter()


class CodeExecuteRequest(BaseModel):
    code: str
    language: str = "python"
    timeout: int = 60
    record: bool = True  # False: the history keeps nothing of it


@router.post("/execute")
async def execute_code(request: CodeExecuteRequest, connection: Request, response: Response):
    executor = get_async_executor()
    if not await executor.is_available():
        raise HTTPException(status_code=503, detail="Code execution service is not available")
    if request.language != "python":
        raise HTTPException(status_code=400, detail=f"Unsupported language: {request.language}")

    run = asyncio.ensure_future(executor.run_python_code(code=request.code, timeout=request.timeout, record=request.record))
    gone = asyncio.ensure_future(client_is_gone(connection))
    try:
        await asyncio.wait({run, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not run.done():
            raise HTTPException(status_code=499, detail="The client disconnected, and its run was stopped")
        result = run.result()
    except DindExecutorError as error:
        raise HTTPException(status_code=status_of(error), detail=error.message, headers=headers_of(error)) from error
    finally:
        gone.cancel()
        run.cancel()  # ends the run, where it is not over
        await asyncio.wait({run})

    if result["verdict"] == "cancelled" and result["cancel_reason"] != "user":
        raise HTTPException(status_code=503, detail="The run was stopped, because the service stops. Try again", headers={"Retry-After": "5"})
    if result["verdict"] == "timeout" and result["stage"] == "queue":
        raise HTTPException(status_code=503, detail="The run did not start in time: too many other runs. Try again later", headers={"Retry-After": "5"})
    response.headers["X-Run-Id"] = result["run_id"]
    return {
        "success": result["returncode"] == 0,
        "output": result["stdout"],
        "error": result["stderr"] + reason(result),
    }


async def client_is_gone(connection: Request):
    """Returns once the client has closed its connection. The request's body was read before."""
    while (await connection.receive())["type"] != "http.disconnect":
        pass


def headers_of(error: DindExecutorError):
    """When to try again, and which run it was, where that is known."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if error.run_id is not None:
        headers["X-Run-Id"] = error.run_id
    return headers


def status_of(error: DindExecutorError):
    """The HTTP status of what kept code from running: the caller's mistake, too many runs, or ours."""
    if error.kind == "cancelled":
        return 503  # by the end of the service: our own cancellation is no answer
    return error.http_status if error.http_status in (400, 429, 503, 504) else 500
