"""The parts of `scripts/bench speed` that look inside: the stages of a run, the output's way, a build's context, and what grows."""
import glob
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

import engine
import peers
from flood import MEMORY, Memory, expected
from restarts import all_gone
from server import PROGRAM, Home, progress
from table import milliseconds, percentile
from warm import Ready

FLOOD = "import os, sys\nblock = b''.join(b'%%099d\\n' %% each for each in range(2000))\nleft = %d\nwhile left > 0:\n    left -= os.write(1, block[:left])\n"
BUILDS = 8


def half(values):
    return percentile(values, 0.5)


def stages(table, home, samples):
    """Where the time of a cold and of a warm run goes, by the engine's events and the client's clock."""
    progress("stages")
    for kind, most in (("cold", 0), ("warm", 2)):
        server, seen = Ready(home, most=most), {}
        events = engine.Events()
        try:
            server.run()
            for number in range(samples):
                server.quiet(min(most, 1))
                time.sleep(0.05)
                run = f"stage-{kind}-{number}"
                begun = time.monotonic()
                first, whole = server.run(runId=run)
                at = {"1 request to first byte": first, "2 first byte to result": whole - first}
                until = time.monotonic() + 10
                while most == 0 and "destroy" not in events.of_run(run) and time.monotonic() < until:
                    time.sleep(0.01)
                if marks := events.of_run(run):
                    order = [("create", "a request to container created"), ("attach", "b created to attached (compared with what was asked on the way)"),
                             ("start", "c attached to started"), ("die", None), ("destroy", "e the sandbox's end to its removal, behind the answer")]
                    last = begun
                    for action, name in order:
                        if action in marks:
                            if name:
                                at[name] = marks[action] - last
                            last = marks[action]
                    at["d started to first byte"] = begun + first - marks["start"]
                for name, took in at.items():
                    seen.setdefault(name, []).append(took)
        finally:
            events.close()
            server.close()
        for name, times in sorted(seen.items()):
            table.say(f"{kind} run, {name[2:]}", f"median {milliseconds(half(times))}, {milliseconds(min(times))} to {milliseconds(max(times))} (n {len(times)})")


class BareReader:
    """The attach stream of a container, read and thrown away: what the engine gives at most."""

    def call(self, method, path, body=None):
        connection = engine.UnixConnection("engine", timeout=60)
        connection.request(method, path, body=json.dumps(body) if body is not None else None, headers={"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        if reply.status >= 300:
            raise SystemExit(f"{method} {path}: {reply.status} {text!r}")
        return json.loads(text) if text else None

    def once(self, program, total):
        made = self.call("POST", "/containers/create", {
            "Image": peers.IMAGE, "Cmd": ["python3", "-c", program], "AttachStdout": True, "NetworkDisabled": True, "User": "65534:65534",
            "HostConfig": {"NetworkMode": "none", "NanoCpus": 10**9, "Memory": 512 << 20, "LogConfig": {"Type": "none"}}})["Id"]
        try:
            connection = engine.UnixConnection("engine", timeout=60)
            connection.connect()
            connection.sock.sendall(f"POST /containers/{made}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode())
            buffer = bytearray(1 << 20)
            count = connection.sock.recv_into(buffer)
            head = buffer.index(b"\r\n\r\n") + 4
            count -= head
            self.call("POST", f"/containers/{made}/start")
            begun = None
            while size := connection.sock.recv_into(buffer):
                begun = begun or time.perf_counter()
                count += size
            took = time.perf_counter() - begun
            connection.close()
        finally:
            self.call("DELETE", f"/containers/{made}?force=1")
        if count < total:
            raise SystemExit(f"the bare reader had {count} bytes of {total}")
        return total / took / 1e6


def output(table, home, megabytes):
    """A flood to a client that reads, beside a reader of the engine's own stream."""
    total = megabytes * 1_000_000
    progress("output")
    program = FLOOD % total
    path = str(home.file(program))
    ours, theirs, grown = [], [], 0
    for number in range(10):   # what the scheduler makes of two cores and six processes differs by a factor of two
        child = subprocess.Popen([PROGRAM, "run", "--no-handover", "--quiet", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=home.environment())
        memory, count, begun, buffer = None, 0, None, [bytearray(1 << 20)]  # as the bare reader: nothing is made for each piece
        while size := os.readv(child.stdout.fileno(), buffer):
            if begun is None:
                begun = time.perf_counter()
                memory = None if number else Memory(child.pid)  # looking takes its share of the cores: only in a first one, whose time doesn't count
            count += size
        took = time.perf_counter() - begun
        if memory:
            grown = memory.end()
        child.stdout.close()
        if child.wait() != 0 or count != total:
            raise SystemExit(f"a flood ended with {child.returncode} after {count} of {total} bytes")
        all_gone()
        bare = BareReader().once(program, total)
        if number:
            ours.append(total / took / 1e6)
            theirs.append(bare)
    table.ratio(f"output, {total / 1e9:g} GB to a client that reads", "a bare reader", half(ours), half(theirs), 0.8, unit="MB/s", least=True)
    table.say("output: the pairs", ", ".join(f"{own:.0f} and {other:.0f}" for own, other in zip(ours, theirs)) + " MB/s")
    table.add("memory", "output: memory growth of the server", f"{grown / 2**20:.1f} MiB", "32 MiB at most", grown <= MEMORY, value=grown)


def builder_is_idle():
    """Until the engine has cleared up its own copies of the contexts: what one build leaves to be done is no part of the next."""
    until = time.monotonic() + 60
    while glob.glob(os.environ["BENCH_ENGINE_DATA"] + "/tmp/docker-builder*"):
        if time.monotonic() > until:
            raise SystemExit("the engine does not clear up a build's context")
        time.sleep(0.01)


def images():
    return {each["Id"] for each in engine.get("/images/json")}


def build(table, home, files):
    """A build whose context is large: ours, and the docker CLI's with the same builder."""
    progress("a build's context")
    context = pathlib.Path(home.folder) / "context"
    for number in range(files):
        folder = context / f"{number // 100:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.bin").write_bytes(os.urandom(10_000))
    dockerfile = f"FROM {peers.IMAGE}\nCOPY . /context\nCMD [\"true\"]\n"
    (context / "Dockerfile").write_text(dockerfile)
    server = Ready(home, most=0, workspace={"path": str(home.folder)}, build={"builder": "classic"})
    ours, theirs = [], []
    environment = os.environ | {"DOCKER_BUILDKIT": "0"}

    def our_own():
        server.build(dockerfile, "context")

    def dockers():
        subprocess.run(["docker", "build", "-q", "-t", "bench-context", str(context)], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([*peers.DOCKER, "bench-context"], check=True)

    before = images()
    try:
        for number in range(BUILDS + 1):
            pair = [(our_own, ours), (dockers, theirs)]
            for each, times in pair if number % 2 else reversed(pair):   # what one leaves to be written to the disk slows the other down
                (context / "changed").write_text(f"{each.__name__} {number}")   # no layer is there already
                os.sync()
                begun = time.perf_counter()
                each()
                if number:
                    times.append(time.perf_counter() - begun)
                builder_is_idle()
    finally:
        server.close()
        shutil.rmtree(context)
        subprocess.run(["docker", "rmi", "-f", *images() - before], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    table.ratio(f"build and run, context of {files:,} files and {files / 100:g} MB", "docker build && docker run", half(ours), half(theirs), 1.0)
    table.say("build: the pairs", ", ".join(f"{own:.2f} and {other:.2f}" for own, other in zip(ours, theirs)) + " s")


def fill_history(home, count):
    """So many more rows like the last one."""
    with sqlite3.connect(home.history()) as history:
        columns = [row[1] for row in history.execute("PRAGMA table_info(runs)") if row[1] not in ("seq", "id")]
        names = ", ".join(columns)
        for number in range(count):
            history.execute(f"INSERT INTO runs(id, {names}) SELECT ?, {names} FROM runs ORDER BY seq LIMIT 1", (f"filled-{time.monotonic_ns()}-{number}",))


def in_turns(homes, samples):
    """The whole times of runs, by kind and home; one of each home after the other, so that the machine's own ups and downs are shared. Of the short ones twice as many."""
    taken = {}
    for kind, most, count in (("cold", 0, samples), ("warm", 2, 2 * samples)):
        servers = {name: Ready(home, most=most) for name, home in homes.items()}
        times = {name: [] for name in homes}
        try:
            for server in servers.values():
                server.run()
            for turn in range(count):
                names = list(servers)
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    for server in servers.values():   # what another one's last run left to do is no part of this one's
                        server.quiet(min(most, 1))
                    time.sleep(0.03)
                    times[name].append(servers[name].run()[1])
        finally:
            for server in servers.values():
                server.close()
        all_gone()
        for name, values in times.items():
            taken[kind, name] = values
    return taken


def with_foreign(home, samples):
    """The whole times of runs beside so many containers of others, by kind and count: up and down three times, since containers can't come and go from one run to the next."""
    taken, foreign = {}, []
    try:
        for count in (0, 50, 200, 50) * 3 + (0,):
            while len(foreign) < count:
                foreign.append(BareReader().call("POST", "/containers/create", {"Image": peers.IMAGE, "Cmd": ["sleep", "1000"], "NetworkDisabled": True})["Id"])
            while len(foreign) > count:
                BareReader().call("DELETE", f"/containers/{foreign.pop()}?force=1")
            for (kind, _), values in in_turns({"": home}, samples // 2).items():
                taken.setdefault((kind, count), []).extend(values)
    finally:
        for each in foreign:
            BareReader().call("DELETE", f"/containers/{each}?force=1")
    return taken


def growth(table, samples):
    """Does a run get slower with what there is already?"""
    progress("growth")
    histories = {"nothing": Home(), "100 runs in the history": Home(), "1000 runs in the history": Home()}
    try:
        growth_of(table, histories, samples)
    finally:
        for home in histories.values():
            home.remove()


def growth_of(table, histories, samples):
    for name, home in histories.items():
        if name != "nothing":
            server = Ready(home, most=0)
            server.run()
            server.close()
            fill_history(home, int(name.split()[0]))
    side_by_side = in_turns(histories, 2 * samples)
    beside = with_foreign(histories["nothing"], samples)
    for kind in ("cold", "warm"):
        for name in list(histories)[1:]:
            table.ratio(f"growth, {kind} run with {name}", "with nothing", half(side_by_side[kind, name]), half(side_by_side[kind, "nothing"]), 1.1)
        for count in (50, 200):
            table.ratio(f"growth, {kind} run with {count} foreign containers", "without", half(beside[kind, count]), half(beside[kind, 0]), 1.1)
