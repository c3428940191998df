"""The real program and the engine that it runs on, for the tests of both."""
import os
import sys

from case import ROOT

sys.path.append(str(ROOT / "tests" / "cli"))
import engine_api  # noqa: E402

IMAGE = "dind-executor/runtime-shell:bookworm"


_NAMED = os.environ.get("DIND_EXECUTOR")  # before a test takes it out of the environment


def program():
    places = [_NAMED] if _NAMED else [ROOT / "build/dev/dind-executor", ROOT / "build/release/dind-executor"]
    for place in places:
        if place and os.access(place, os.X_OK):
            return str(place)
    raise SystemExit(f"no program at {' or '.join(map(str, places))}: build it (scripts/build dev), or set DIND_EXECUTOR")


def engine(method, path):
    """A call that the engine must take."""
    connection = engine_api.connection()
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status >= 300:
        raise AssertionError(f"{method} {path}: {reply.status} {body[:200]!r}")
