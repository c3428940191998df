"""The executors that a process shares: one for each server."""

from __future__ import annotations

from typing import Optional

from .aio import AsyncExecutor
from .executor import Executor
from .link import Path, check_address

_Key = tuple[Optional[str], Optional[str], Optional[str], Optional[str]]
_shared: dict[_Key, Executor] = {}
_shared_async: dict[Executor, AsyncExecutor] = {}


def get_executor(
    socket: Optional[Path] = None,
    program: Optional[Path] = None,
    *,
    url: Optional[str] = None,
    token: Optional[str] = None,
) -> Executor:
    """The process's executor, the same for all callers that ask for the same server.

    Args:
        socket: The unix socket of a server to use.
        program: The `dind-executor` to start.
        url: The address of a server's HTTP API.
        token: The token for `url`.

    Returns:
        The executor. Nothing is connected or started yet.

    Raises:
        InvalidRequest: More than one of `socket`, `program` and `url` was given.

    Example:
        >>> get_executor() is get_executor()
        True
    """
    check_address(socket, program, url, token)  # first, because not every value can be a key
    key = (None if socket is None else str(socket), None if program is None else str(program), url, token)
    # Without a lock, which a forked child might find locked. An executor that is not used has no connection.
    return _shared.get(key) or _shared.setdefault(key, Executor(socket, program, url=url, token=token))


def get_async_executor(
    socket: Optional[Path] = None,
    program: Optional[Path] = None,
    *,
    url: Optional[str] = None,
    token: Optional[str] = None,
) -> AsyncExecutor:
    """Returns the asyncio executor of the process. It shares the connection of `get_executor` with the same arguments.

    Args:
        socket: The unix socket of a server to use.
        program: The `dind-executor` to start.
        url: The address of a server's HTTP API.
        token: The token for `url`.

    Returns:
        The executor. Nothing is connected or started yet.

    Raises:
        InvalidRequest: More than one of `socket`, `program` and `url` was given.

    Example:
        >>> get_async_executor() is get_async_executor()
        True
    """
    shared = get_executor(socket, program, url=url, token=token)
    return _shared_async.setdefault(shared, AsyncExecutor(executor=shared))
