"""Lists what carries our label on the engine of DOCKER_HOST; exits 1 if there is anything. DIND_REMOVE=1 removes it.

usage: python3 -m dindtest.leaks
"""
import os
import sys
import time

from dindtest import engine


def main():
    for _ in range(20):  # a removal may be under way
        found = list(engine.labelled())
        if not found:
            sys.exit(0)
        time.sleep(0.1)
    for kind, what, path in found:
        print(f"left behind: {kind} {what}")
        if os.environ.get("DIND_REMOVE"):
            engine.call("DELETE", path, allow=(404, 409))
    sys.exit(1)


main()
