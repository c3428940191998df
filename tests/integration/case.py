"""What the tests with a real engine stand on: the CLI tests' harness, the engine's whole API, and figures that are measured."""
import json
import pathlib
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import engine_api  # noqa: E402
from harness import LIMIT, CliTest  # noqa: E402

PYTHON = "dind-executor/runtime-python:bookworm"
SHELL = "dind-executor/runtime-shell:bookworm"
OWNER, DEADLINE, CACHE = "dind-executor.owner", "dind-executor.deadline", "dind-executor.cache"


def engine(method, path, body=None, raw=None, fine=()):
    """One call of the engine's API; JSON out, where there is any. Raises unless it is a success or a status in `fine`."""
    connection = engine_api.connection()
    try:
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        kind = "application/x-tar" if raw is not None else "application/json"
        connection.request(method, path, body=data, headers={"Content-Type": kind})
        reply = connection.getresponse()
        text = reply.read()
    finally:
        connection.close()
    if reply.status >= 400 and reply.status not in fine:
        raise RuntimeError(f"{method} {path}: {reply.status} {text[:300]!r}")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def containerd_store():
    """Whether the engine keeps its images in containerd's store."""
    return any("io.containerd.snapshotter.v1" in row for row in engine("GET", "/info").get("DriverStatus") or [])


def exists(kind, name):
    try:
        engine("GET", f"/{kind}/{name}" + ("/json" if kind == "containers" else ""))
        return True
    except RuntimeError as error:
        if ": 404 " in str(error):
            return False
        raise


def remove_built_images():
    filters = urllib.parse.quote(json.dumps({"label": ["dind-executor.built=build"]}))
    for each in engine("GET", "/images/json?filters=" + filters):
        engine("DELETE", f"/images/{each['Id']}?force=1", fine=(404, 409))


def engine_events(begun, kind, action):
    """What the engine told of that since a time in seconds: labels, name, … and when, in seconds (`at`)."""
    filters = urllib.parse.quote(json.dumps({"type": [kind], "event": [action]}))
    answer = engine("GET", f"/events?since={begun:.3f}&until={time.time():.3f}&filters={filters}")
    events = [answer] if isinstance(answer, dict) else [json.loads(line) for line in (answer or b"").splitlines()]
    return [each["Actor"]["Attributes"] | {"at": each["timeNano"] / 1e9} for each in events]


def container_events(begun, action):
    return engine_events(begun, "container", action)


def is_there(ids):
    return bool(engine_api.our_containers() & ids)


class SandboxTest(CliTest):
    def measured(self, what, value):
        print(f"  measured  {what}: {value}", flush=True)

    def until(self, condition, seconds=10.0, pause=0.01):
        """How long it took to be so; fails when it did not."""
        begun = time.monotonic()
        while not condition():
            if time.monotonic() - begun > seconds:
                self.fail(f"not so after {seconds} s")
            time.sleep(pause)
        return time.monotonic() - begun

    def sandbox_of(self, child):
        """The id of a child's container. Others may use the engine at the same time: its owner label names the child."""
        def mine():
            filters = urllib.parse.quote(json.dumps({"label": [OWNER]}))
            for each in engine_api.get(f"/containers/json?all=1&filters={filters}"):
                if each["Labels"][OWNER].split(".")[-2] == str(child.pid) and each["Labels"]["dind-executor.run"] != "carrier":
                    return each["Id"]
            return None
        self.until(mine, LIMIT)
        return mine()

    def result_of(self, *arguments, **more):
        """The finished run's result, and its output's bytes as text."""
        done = self.call("run", "--json", *arguments, **more)
        events = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.assertTrue(events and events[-1]["event"] == "finished", (done.stdout[-2000:], done.stderr))
        text = "".join(each.get("text", "") for each in events if each["event"] == "output")
        return events[-1]["result"], text, done.returncode
