"""The program under test: where it is, and the environment that a test gives it."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
LIMIT = 60  # seconds; nothing in the tests may take longer
PYTHON = "dind-executor/runtime-python:bookworm"
SHELL = "dind-executor/runtime-shell:bookworm"
IMAGE = os.environ.get("DIND_TEST_IMAGE", SHELL)
# For a test that measures a server's memory: the address sanitizer keeps freed memory, up to 256 MiB of it.
SMALL_QUARANTINE = {"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
_NAMED = os.environ.get("DIND_EXECUTOR")  # read once: a test of the Python client removes the variable


def program():
    places = [_NAMED] if _NAMED else [ROOT / "build/dev/dind-executor", ROOT / "build/release/dind-executor"]
    for place in places:
        if os.access(place, os.X_OK):
            return str(place)
    raise SystemExit(f"no program at {' or '.join(map(str, places))}: build it (scripts/build dev), or set DIND_EXECUTOR")


def clean_environment():
    """The environment without the settings of the person who runs the tests."""
    return {key: value for key, value in os.environ.items() if not key.startswith("DIND_")}
