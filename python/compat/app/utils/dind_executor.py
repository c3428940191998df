"""The client under the name that a backend knows it by: `from app.utils.dind_executor import get_executor`."""

from dind_executor import *  # noqa: F403
from dind_executor import __all__  # noqa: F401
