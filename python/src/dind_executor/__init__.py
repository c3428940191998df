r"""Run code in fresh, hardened, throw-away containers: the Python client of dind-executor.

Example:
    >>> from dind_executor import get_executor
    >>> result = get_executor().run_python_code("print('Hello, World!')", timeout=30)
    >>> result["returncode"], result["stdout"]
    (0, 'Hello, World!\n')
"""

from .aio import AsyncExecutor
from .cancellation import Cancellation
from .connection import Output
from .errors import (
    Busy,
    CallTimeout,
    Cancelled,
    DindExecutorError,
    Disabled,
    EngineError,
    EngineUnavailable,
    ImageUnavailable,
    InvalidRequest,
    NotFound,
    ServerGone,
    ServerUnavailable,
    ShuttingDown,
    Unauthorized,
    UnsupportedLanguage,
)
from .executor import Executor
from .result import ResultDict, RunResult
from .runs import EngineStatus
from .shared import get_async_executor, get_executor
from .wire_types import Limits

__version__ = "0.1.0"

__all__ = [
    "AsyncExecutor",
    "Busy",
    "CallTimeout",
    "Cancellation",
    "Cancelled",
    "DindExecutorError",
    "Disabled",
    "EngineError",
    "EngineStatus",
    "EngineUnavailable",
    "Executor",
    "ImageUnavailable",
    "InvalidRequest",
    "Limits",
    "NotFound",
    "Output",
    "ResultDict",
    "RunResult",
    "ServerGone",
    "ServerUnavailable",
    "ShuttingDown",
    "Unauthorized",
    "UnsupportedLanguage",
    "__version__",
    "get_async_executor",
    "get_executor",
]
