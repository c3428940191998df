"""The client, under the name that the backend knows it by."""

from dind_executor import get_executor

__all__ = ["get_executor"]
