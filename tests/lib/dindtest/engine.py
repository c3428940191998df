"""The Docker engine of DOCKER_HOST, as the tests see it: one HTTP call for each request, and which objects carry our label.

A call fails after TIMEOUT seconds. A status that is no success raises EngineError.
"""
import http.client
import json
import os
import socket
import time
import urllib.parse

OWNER, DEADLINE, CACHE = "dind-executor.owner", "dind-executor.deadline", "dind-executor.cache"
WARM_NAME = "/dind-warm-"  # how the name of a warm sandbox begins
TIMEOUT = 60


class EngineError(RuntimeError):
    def __init__(self, method, path, status, body):
        super().__init__(f"{method} {path}: {status} {body[:300]!r}")
        self.status = status


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def host():
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def connection(timeout=TIMEOUT, address=None):
    """A connection to the engine, not open yet."""
    scheme, _, rest = (address or host()).partition("://")
    return UnixConnection(rest, timeout) if scheme == "unix" else http.client.HTTPConnection(rest, timeout=timeout)


def request(method, path, body=b"", headers=None, address=None):
    """(status, bytes of the reply), whatever the status is."""
    engine = connection(address=address)
    try:
        engine.request(method, path, body=body, headers=headers or {})
        reply = engine.getresponse()
        return reply.status, reply.read()
    finally:
        engine.close()


def call(method, path, body=None, tar=None, allow=(), address=None):
    """What the engine replies: parsed if it is JSON, else bytes; None if it is empty. `allow`: statuses of failure that do not raise.

    `body` is sent as JSON, `tar` as it is.
    """
    data = tar if tar is not None else b"" if body is None else json.dumps(body).encode()
    kind = "application/x-tar" if tar is not None else "application/json"
    status, text = request(method, path, data, {"Content-Type": kind}, address)
    if status >= 400 and status not in allow:
        raise EngineError(method, path, status, text)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def label_filter(*labels):
    return "filters=" + urllib.parse.quote(json.dumps({"label": list(labels)}))


def is_warm(container):
    return bool(container["Names"]) and container["Names"][0].startswith(WARM_NAME)


def containers(warm=True):
    """The ids of all containers with our label, in every state. `warm=False`: without those that wait for a run."""
    return {each["Id"] for each in call("GET", "/containers/json?all=1&" + label_filter(OWNER)) if warm or not is_warm(each)}


def labelled(warm=True, address=None):
    """(kind, description, path to delete) of each container, volume and network with our label."""
    query = label_filter(OWNER)
    for each in call("GET", "/containers/json?all=1&" + query, address=address):
        if warm or not is_warm(each):
            yield "container", f"{each['Id'][:12]} {each['State']} {each['Names']} {each['Image']}", "/containers/" + each["Id"] + "?force=1&v=1"
    for each in call("GET", "/volumes?" + query, address=address)["Volumes"] or []:
        yield "volume", each["Name"], "/volumes/" + each["Name"] + "?force=1"
    for each in call("GET", "/networks?" + query, address=address):
        yield "network", each["Name"], "/networks/" + each["Id"]


def internet_networks():
    """The networks of runs with internet access, as the engine lists them. One, or none before the first run."""
    return call("GET", "/networks?" + label_filter("dind-executor.cache=internet"))


def remove_internet_networks(limit=30):
    """Waits until no sandbox uses them: their removal is under way when a run has ended."""
    until = time.monotonic() + limit
    while left := internet_networks():
        for each in left:
            call("DELETE", f"/networks/{each['Id']}", allow=(403, 404) if time.monotonic() < until else ())


def remove(container):
    """Removes a container by force, as another client of the engine would."""
    call("DELETE", f"/containers/{container}?force=1")


def exists(kind, name):
    try:
        call("GET", f"/{kind}/{name}" + ("/json" if kind == "containers" else ""))
        return True
    except EngineError as error:
        if error.status == 404:
            return False
        raise


def is_there(ids):
    return bool(containers() & ids)


def has_containerd_store():
    """Whether the engine keeps its images in containerd's store."""
    return any("io.containerd.snapshotter.v1" in row for row in call("GET", "/info").get("DriverStatus") or [])


def remove_built_images():
    for each in call("GET", "/images/json?" + label_filter("dind-executor.built=build")):
        call("DELETE", f"/images/{each['Id']}?force=1", allow=(404, 409))


def events(begun, kind, action):
    """The events of that kind since a time in seconds: their attributes (labels, name, …) and their time in seconds (`at`)."""
    filters = urllib.parse.quote(json.dumps({"type": [kind], "event": [action]}))
    answer = call("GET", f"/events?since={begun:.3f}&until={time.time():.3f}&filters={filters}")
    found = [answer] if isinstance(answer, dict) else [json.loads(line) for line in (answer or b"").splitlines()]
    return [each["Actor"]["Attributes"] | {"at": each["timeNano"] / 1e9} for each in found]


def container_events(begun, action):
    return events(begun, "container", action)
