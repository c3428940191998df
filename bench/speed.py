"""`scripts/bench speed`: how fast a fresh sandbox is, compared with the bare interpreter and with other products, in turns."""
import concurrent.futures
import os
import pathlib
import subprocess
import time

import engine
import peers
from restarts import all_gone
from processes import status
from server import PROGRAM, Home, Server, progress
from speed_stages import build, growth, output, stages
from table import Table, milliseconds, percentile
from warm import Ready

NEEDED = ("Command", "Call", "DockerRun", "DockerPy")
ROUNDS = 3      # of a rate, in turns with the peer's
SETTLE = 0.02   # after everything of the last sample is gone


def half(values):
    return percentile(values, 0.5)


def shown(values):
    return f"median {milliseconds(half(values))}, p95 {milliseconds(percentile(values, 0.95))}, {milliseconds(min(values))} to {milliseconds(max(values))} (n {len(values)})"


def warm(table, home, samples, docker):
    """Seconds from the request to the first byte and to the result, with a warm sandbox."""
    progress("warm runs")
    bare, server = peers.Bare(), Ready(home)
    try:
        server.run()
        first, whole, alone = [], [], []
        for _ in range(samples):
            server.quiet(1)
            time.sleep(SETTLE)
            one, all_of_it = server.run()
            first.append(one)
            whole.append(all_of_it)
            server.quiet(1)
            time.sleep(SETTLE)
            alone.append(bare.once()[0])
        table.say("warm: runs that found a sandbox waiting", f"{server.taken} of {samples}")
    finally:
        server.close()
    table.say("warm: request to first byte", shown(first))
    table.say("warm: " + bare.name, shown(alone) + "; " + bare.note)
    table.ratio("warm: first byte, p50", "alone", half(first), half(alone), 1.3)
    table.ratio("warm: first byte, p95", "alone", percentile(first, 0.95), percentile(alone, 0.95), 2.5)
    table.say("warm: request to result", shown(whole))
    table.ratio("warm: whole run", "docker run", half(whole), half(docker), 0.1)
    terminal(table, home, max(5, samples // 8), half(whole))


def terminal(table, home, samples, call):
    """`dind-executor run` with a running server: what the command line adds to a call."""
    progress("a terminal beside a server")
    program = str(home.file("print(1)\n"))
    environment = home.environment()   # the server's: other settings don't meet
    server = Server(home)
    try:
        first = server.run(pathlib.Path(program), "terminal-first")
        first.wait()
        times = []
        for _ in range(samples):
            until = time.monotonic() + 30
            while (len(engine.waiting()) < 1 or engine.containers() or len(engine.waiting()) > 2) and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(0.1)   # one that has just been used has no other name
            times.append(peers.spawned([PROGRAM, "run", "--quiet", program], environment)[1])
    finally:
        server.close()
    table.say("terminal: dind-executor run by a server, the whole process", shown(times))
    added = half(times) - call
    table.add("time", "terminal: what the command line adds to a warm run", f"{added * 1000:.1f} ms", "10 ms at most", added <= 0.01, n=len(times), value=added, limit=0.01)


def cold(table, home, samples):
    """Whole processes and calls with nothing prepared, in turns with the peers. The docker CLI's times are handed on."""
    progress("cold runs")
    program = str(home.file("print(1)\n"))
    for key, value in home.environment(warmPool={"max": 0}).items():
        os.environ[key] = value

    class Command:
        name = "dind-executor run, the whole process"

        def once(self):
            return peers.spawned([PROGRAM, "run", "--no-handover", "--quiet", program])

    class Call:
        name = "a call of a server with nothing prepared"

        def __init__(self):
            self.server = Ready(home, most=0)
            self.server.run()

        def once(self):
            taken = self.server.run()
            self.server.quiet(0)
            return taken

        def close(self):
            self.server.close()

    everyone = {}
    for make in (Command, Call, peers.DockerRun, peers.DockerPy, peers.Dockerode, peers.LlmSandbox):
        try:
            everyone[make.__name__] = (make(), [])
        except SystemExit as reason:
            table.note(str(reason))
    for number in range(samples):
        for name, (one, times) in list(everyone.items()) if number % 2 else list(reversed(everyone.items())):
            try:
                taken = one.once()[1]
            except SystemExit as reason:
                if name in NEEDED:
                    raise
                table.note(str(reason))
                one.close()
                del everyone[name]
                continue
            if number:  # the first of each warms caches
                times.append(taken)
            all_gone()
            time.sleep(SETTLE)
    for one, times in everyone.values():
        table.say("cold: " + one.name, shown(times))
        if hasattr(one, "close"):
            one.close()
    middle = {name: half(times) for name, (_, times) in everyone.items()}
    faster = min(("DockerRun", "DockerPy"), key=middle.get)
    table.ratio("cold: whole process", everyone[faster][0].name, middle["Command"], middle[faster], 0.6)
    table.ratio("cold: call of a server", everyone[faster][0].name, middle["Call"], middle[faster], 0.6)
    return everyone["DockerRun"][1]


def sustained(table, home, runs, every):
    """Fresh runs a second, by so many clients that each begin the next when they have the last one's result."""
    for clients in every:
        progress(f"{clients} clients")
        count = max(runs, 3 * clients)

        def rate(once):
            with concurrent.futures.ThreadPoolExecutor(clients) as pool:
                begun = time.perf_counter()
                times = list(pool.map(lambda _: once()[1], range(count)))
                return count / (time.perf_counter() - begun), times

        server, docker = Ready(home, queuedRunsPerClient=128), peers.DockerRun()
        ours, theirs, times = [], [], []
        try:
            server.run()
            for number in range(ROUNDS):
                turns = [(server.run, ours), (docker.once, theirs)]
                for once, rates in turns if number % 2 else reversed(turns):
                    server.quiet(1)
                    reached, taken = rate(once)
                    rates.append(reached)
                    if rates is ours:
                        times += taken
        finally:
            server.close()
        all_gone()
        table.ratio(f"sustained, {clients} clients", "docker run", half(ours), half(theirs), 1.7, unit="runs/s", least=True)
        table.say(f"sustained, {clients} clients: request to result", shown(times))


def editor_server(table, home):
    """What `lsp` needs before it is of use, and when it is of none."""
    progress("start-up")
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        server = Server(home, warmPool={"max": 0})
        times.append(time.perf_counter() - begun)
        server.kill()
    table.times("`lsp`: exec to the answer to initialize", times, 0.02)
    server = Server(home)
    try:
        time.sleep(1)
        idle = status(server.pid, "VmRSS")
    finally:
        server.kill()
    table.add("memory", "`lsp`: idle memory", f"{idle / 2**20:.1f} MiB", "15 MiB at most", idle <= 15 << 20, value=idle)
    table.say("binary", f"{os.path.getsize(PROGRAM) / 1e6:.1f} MB")
    version = []
    for _ in range(20):
        begun = time.perf_counter()
        subprocess.run([PROGRAM, "--version"], stdout=subprocess.DEVNULL, check=True)
        version.append(time.perf_counter() - begun)
    table.say("binary: --version, whole process", shown(version))


def measure(arguments, machine):
    table = Table("Speed of a fresh sandbox", machine)
    home = Home()
    os.environ["BENCH_SCRATCH"] = str(home.folder)
    try:
        few = arguments.samples // 8 + 2

        def cold_and_warm():
            warm(table, home, arguments.samples, cold(table, home, few))

        parts = {
            "start": lambda: editor_server(table, home),
            "runs": cold_and_warm,
            "stages": lambda: stages(table, home, few),
            "sustained": lambda: sustained(table, home, arguments.samples // 2, arguments.clients),
            "output": lambda: output(table, home, arguments.megabytes),
            "build": lambda: build(table, home, arguments.files),
            "growth": lambda: growth(table, few),
        }
        if unknown := set(arguments.only) - parts.keys():
            raise SystemExit(f"--only: there is no {', '.join(sorted(unknown))}; the parts are {', '.join(parts)}")
        for name, part in parts.items():
            if name in arguments.only or not arguments.only:
                part()
        all_gone()
        table.count("containers left", len(engine.containers()))
    finally:
        home.remove()
    return table
