"""The engine of the bench: its API, its process (which the bench kills, stops and starts), and our objects on it. scripts/bench names its files."""
import glob
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from processes import children

OWNER, RUN = "dind-executor.owner", "dind-executor.run"
SOCKET, PIDFILE = os.environ["BENCH_ENGINE_SOCKET"], os.environ["BENCH_ENGINE_PIDFILE"]
RUN_FOLDER, LOG = os.environ["BENCH_ENGINE_RUN"], os.environ["BENCH_ENGINE_LOG"]


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def get(path, within=30):
    connection = UnixConnection("engine", timeout=within)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status != 200:
        raise RuntimeError(f"GET {path}: {reply.status} {body[:200]!r}")
    return body.decode() if path == "/_ping" else json.loads(body)


def _labelled():
    return "filters=" + urllib.parse.quote(json.dumps({"label": [OWNER]}))


def containers(waiting=False):
    """The containers of runs; with `waiting` also the warm sandboxes of a living server."""
    return [each for each in get("/containers/json?all=1&" + _labelled())
            if (each["Names"] or is_known(each["Id"])) and (waiting or not is_waiting(each))]


def is_known(container):
    """If an engine removes a container while it loads it after a kill, it lists it as dead until its next start, and does not find it by its id."""
    try:
        get(f"/containers/{container}/json")
        return True
    except RuntimeError as error:
        if ": 404 " in str(error):
            return False
        raise


def is_waiting(container):
    return bool(container["Names"]) and container["Names"][0].startswith("/dind-warm-")


def waiting():
    return [each for each in containers(waiting=True) if is_waiting(each)]


def ghosts():
    """Entries of the engine's list that it can't find by id."""
    return len(get("/containers/json?all=1&" + _labelled())) - len(containers(waiting=True))


def volumes():
    return get("/volumes?" + _labelled())["Volumes"] or []


def networks():
    return get("/networks?" + _labelled())


def containers_of(pid, waiting=False):
    """Containers that belong to a process: their label ends in PID.START-TIME."""
    return [each for each in containers(waiting) if each["Labels"][OWNER].split(".")[-2] == str(pid)]


def pid_1(container):
    """The PID of the first process of a sandbox on this machine. When it ends, everything in the sandbox ends."""
    return get(f"/containers/{container}/json")["State"]["Pid"]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def shims():
    """The engine's helpers, one for each container that runs: {the container's id: the helper's PID}."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"containerd-shim" in words[0] and any(RUN_FOLDER.encode() + b"/" in word for word in words) and b"-id" in words:
            found[words[words.index(b"-id") + 1].decode()] = int(path.split("/")[2])
    return found


def shims_left():
    """Helpers of containers that are not warm: (those with a process or a container that the engine knows, empty ones of containers that it lost).

    An engine that is killed while it starts a container may forget that container at its next start, and leaves its helper behind, with nothing in it.
    """
    before = {each["Id"] for each in waiting()}  # the warm sandboxes may change during the count
    running = shims()
    for each in before | {each["Id"] for each in waiting()}:
        running.pop(each, None)
    lost = sorted(each for each, pid in running.items() if not is_known(each) and not children(pid))
    return sorted(running.keys() - lost), lost


def told(container):
    """The state of a container in one line."""
    try:
        shown = get(f"/containers/{container}/json")
    except RuntimeError as error:
        return str(error)
    return f"{shown['Name']} {shown['State']['Status']}, process {shown['State']['Pid']}, created {shown['Created']}"


def log_bytes():
    """The output of our containers that the engine has logged to disk."""
    data = os.environ["BENCH_ENGINE_DATA"]
    return sum(os.path.getsize(path) for path in glob.glob(f"{data}/containers/*/*.log*") + glob.glob(f"{data}/containers/*/local-logs/*"))


class Daemon:
    """The process of dockerd. After `kill` it starts with the same arguments, environment and data."""

    def __init__(self):
        with open(PIDFILE) as file:
            self.pid = int(file.read())
        with open(f"/proc/{self.pid}/cmdline", "rb") as file:
            self.argv = file.read().split(b"\0")[:-1]
        with open(f"/proc/{self.pid}/environ", "rb") as file:
            self.environment = dict(each.split(b"=", 1) for each in file.read().split(b"\0") if b"=" in each)

    def send(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.send(signal.SIGKILL)
        while is_alive(self.pid):
            time.sleep(0.001)

    def start(self, within=60):
        """Returns the moment of its first answer."""
        with open(LOG, "ab") as log:
            child = subprocess.Popen(self.argv, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.pid = child.pid
        threading.Thread(target=child.wait, daemon=True).start()  # no zombie
        until = time.monotonic() + within
        while time.monotonic() < until:
            try:
                if get("/_ping", within=5) == "OK":
                    return time.monotonic()
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)
        raise SystemExit(f"the engine did not come back within {within} s; its log: {LOG}")


class Events:
    """When our containers started, died and were removed, from the events of the engine, in the monotonic time of this process."""

    def __init__(self):
        self.seen = {}     # container id → {action: time}
        self.connection = UnixConnection("engine", timeout=None)
        filters = urllib.parse.quote(json.dumps({"type": ["container"], "label": [OWNER]}))
        self.connection.request("GET", "/events?filters=" + filters)
        self.reply = self.connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while line := self.reply.readline():
                event = json.loads(line)
                at = time.monotonic() - (time.time() - event["timeNano"] / 1e9)
                self.seen.setdefault(event["Actor"]["ID"], {"labels": event["Actor"]["Attributes"]})[event["Action"].split(":")[0]] = at
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass  # closed

    def of_run(self, run_id):
        for actions in list(self.seen.values()):
            if actions["labels"].get(RUN) == run_id:
                return actions
        return {}

    def close(self):
        try:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
