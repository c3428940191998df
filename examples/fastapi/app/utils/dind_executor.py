"""The client, under the name that the backend knows it by."""

from dind_executor import DindExecutorError, get_async_executor, get_executor

__all__ = ["DindExecutorError", "get_async_executor", "get_executor"]
