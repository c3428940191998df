"""The processes that a run of the tests starts. When the run ends, whatever the reason, none of them is left."""
import os
import pathlib
import signal
import subprocess
import threading
import time

END_TIME = 20.0  # seconds between SIGTERM and SIGKILL


class Stopped(Exception):
    """The run is being stopped: nothing more starts."""


def parents():
    """{pid: pid of its parent} of every process."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found[int(entry)] = int(pathlib.Path("/proc", entry, "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                pass
    return found


def tree(pid):
    """A process and all its descendants, the deepest last."""
    below = {}
    for child, parent in parents().items():
        below.setdefault(parent, []).append(child)
    found = [pid]
    for each in found:
        found += below.get(each, [])
    return found


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def end(pids, seconds=END_TIME):
    """SIGTERM to each, the deepest first, and SIGKILL to those that are left after `seconds`."""
    send(reversed(pids), signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    send(left, signal.SIGKILL)


class Children:
    def __init__(self):
        self.lock = threading.Lock()
        self.running = set()
        self.stopping = False

    def run(self, argv, timeout=None, **more):
        """Runs a program to its end; its exit code, 124 after `timeout` seconds, 127 if it can't be started."""
        with self.lock:
            if self.stopping:
                raise Stopped
            try:
                # In the session of the terminal: sudo may have to ask for a password there.
                child = subprocess.Popen([str(each) for each in argv], stdin=subprocess.DEVNULL, **more)
            except OSError as failure:
                os.write(more["stdout"].fileno() if "stdout" in more else 2, f"{argv[0]}: {failure.strerror}\n".encode())
                return 127
            self.running.add(child)
        try:
            return child.wait(timeout)
        except subprocess.TimeoutExpired:
            end(tree(child.pid), 10)
            child.wait()
            return 124
        finally:
            # An exception that a signal raised may come here too: then `stop` ends the child.
            if child.returncode is not None:
                self.running.discard(child)
            if self.stopping:
                raise Stopped

    def stop(self):
        with self.lock:
            self.stopping = True
            running = list(self.running)
        end([pid for child in running for pid in tree(child.pid)])
        for child in running:
            child.wait()


def marked(name, value):
    """The processes that have this variable in their environment and are not descendants of this one: (pid, command)."""
    mark, family = f"{name}={value}".encode(), set(tree(os.getpid()))
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) in family:
            continue
        try:
            if mark in pathlib.Path("/proc", entry, "environ").read_bytes().split(b"\0") and is_alive(int(entry)):
                yield int(entry), pathlib.Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:160]
        except OSError:  # it has ended, or belongs to another user
            pass
