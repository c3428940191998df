"""What a test left behind: descriptors, threads and children of the process that runs it, and containers, volumes and
networks with our label on the engine."""
import os
import socket
import threading
import time

from dindtest import engine

PATIENCE = float(os.environ.get("DIND_LEAK_PATIENCE", "5"))  # seconds that a removal, a thread or a child may take to end
ENGINE = engine.host()  # a test may set another DOCKER_HOST; the check stays with the suite's engine


def descriptors():
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add((number, os.readlink("/proc/self/fd/" + number)))
        except OSError:  # the descriptor of the listing itself
            pass
    return {f"descriptor {number} ({what})" for number, what in found}


def threads():
    return {f"thread {each.name} ({each.ident})" for each in threading.enumerate()}


def children():
    found = set()
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children") as file:
                found |= {f"child {pid} ({command(pid)})" for pid in file.read().split()}
        except OSError:  # the thread has ended
            pass
    return found


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")[:80].strip() or "ended, and not waited for"
    except OSError:
        return "gone"


def on_engine():
    """Nothing if there is no engine (the suite needs none, or a test has just ended it), or if others use it."""
    if not ENGINE.startswith("unix://") or os.environ.get("DIND_SHARED_ENGINE"):
        return set()
    with socket.socket(socket.AF_UNIX) as there:
        try:
            there.connect(ENGINE[7:])
        except OSError:
            return set()
    return {f"{kind} {path.split('/')[2].split('?')[0]}" for kind, _, path in engine.labelled(warm=False, address=ENGINE)}


class LeakCheck:
    """From before a test's setUp to after its last clean-up."""

    def __init__(self):
        self.before = self.now()

    def now(self):
        return descriptors() | threads() | children() | on_engine()

    def left(self):
        until = time.monotonic() + PATIENCE
        while (left := self.now() - self.before) and time.monotonic() < until:
            time.sleep(0.02)
        return sorted(left)
