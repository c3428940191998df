"""`scripts/bench leaks`: after mixed runs, kills of the server and restarts of the engine, nothing that we created may be left."""
import os
import random
import sqlite3
import time

import engine
from kills import Kills
from mixed import LIMITS, Mixed, warm_up
from precision import Precision
from processes import children, status
from restarts import Restarts, all_gone
from server import PROGRAM, Home, Server, progress
from table import Table, seconds

REAPED = 35.0   # seconds; the next pass of the reaper finds what the engine forgot
MORE = {"connections": 8}  # those to the engine are kept for the next call, as many as were needed at a time
SETTLED = 30.0  # seconds in which the counts must settle, also on a slow machine


def settle(condition, within):
    until = time.monotonic() + within
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)


def running_rows(home):
    database = sqlite3.connect(home.history())
    try:
        return database.execute("SELECT COUNT(*) FROM runs WHERE state = 'running'").fetchone()[0]
    finally:
        database.close()


def ours():
    """Processes of the program under test."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") == PROGRAM:
                found.add(pid)
        except OSError:
            pass
    return found


def measure(arguments, machine):
    table = Table(f"Leaks and ends of runs: {arguments.runs} mixed runs, {arguments.kills} × kill -9 of the server, "
                  f"{arguments.restarts} engine restarts, seed {arguments.seed}", machine)
    draw = random.Random(arguments.seed)
    home, others = Home(), ours()
    server, daemon = Server(home, **LIMITS), engine.Daemon()
    try:
        warm_up(server, home)
        settle(lambda: not engine.containers(), SETTLED)
        time.sleep(1)   # threads that end by themselves
        before, memory = server.figures(), status(server.pid, "VmRSS")

        progress(f"{arguments.runs} mixed runs")
        mixed = Mixed(home, server, draw)
        begun = time.monotonic()
        mixed.run(arguments.runs)
        took = time.monotonic() - begun
        table.all_of("mixed runs that ended as their program says", arguments.runs - len(mixed.wrong), arguments.runs)
        table.say("mixed runs a second, 4 at a time", f"{arguments.runs / took:.1f}")
        table.times("timeout: answered after the deadline", mixed.late_answers, 0.5, "p99")
        table.times("timeout: the tree's last sign of life after the deadline", mixed.late_ends, 0.5, "p99")
        table.times("cancel, to the run's answer", mixed.cancels, 0.3)

        progress(f"{arguments.kills} × kill -9 of the server")
        kills = Kills(home, draw)
        for number in range(arguments.kills):
            kills.one(number)
        settle(lambda: not engine.containers(), SETTLED)
        settle(lambda: all(now <= before[what] + MORE.get(what, 0) for what, now in server.figures().items()), SETTLED)
        middle = server.figures()
        table.times("orphans: running sandboxes gone after the server's SIGKILL", kills.sandboxes, 1.0)
        table.times("orphans: anything else gone after the next start", kills.others, 5.0)
        table.count("orphans: containers that stayed", len(kills.left))

        progress(f"{arguments.restarts} restarts of the engine in the middle of runs")
        restarts = Restarts(home, server, daemon)
        stayed, ghosts = [], 0
        for number in range(arguments.restarts):
            restarts.one(number)
            stayed += all_gone(REAPED)
            ghosts += engine.ghosts()
        if arguments.restarts:
            table.times("engine down: runs under way answered", restarts.under_way, 2.0)
            table.times("engine down: engine_unavailable", restarts.refused, 2.0)
            table.times("engine back: a run works again", restarts.back, 2.0)
            table.count(f"engine back: containers that stayed for {REAPED:g} s", len(stayed))
            table.say("engine back: entries of its list that it knows nothing of", str(ghosts))

        progress("timeouts with a stopped server, a stopped engine, a killed engine")
        precision = Precision(home, daemon)
        for _ in range(arguments.precision):
            precision.server_stopped()
            precision.engine_stopped()
        for _ in range(min(arguments.restarts, 3)):
            precision.engine_killed()
        for what, late in precision.late.items():
            if late:
                table.times(f"tree dead after the deadline, {what}", late, 1.0)
        if arguments.silence:
            restarts.silence()
            table.say("an engine that takes connections and says nothing (SIGSTOP): the answer after", seconds(restarts.silent[0]))
        wrong = mixed.wrong + restarts.wrong + precision.wrong
        table.count("answers that were wrong", len(wrong))

        # The leak table, with the long-lived server idle and alive.
        settle(lambda: not engine.containers(), SETTLED)
        settle(lambda: all(now <= before[what] + MORE.get(what, 0) for what, now in server.figures().items()), SETTLED)
        for kind, listed in (("containers", engine.containers), ("volumes", engine.volumes), ("networks", engine.networks)):
            table.count(f"left: {kind} with our label", len(listed()))
        settle(lambda: not engine.shims_left()[0], SETTLED)
        shims, empty = engine.shims_left()
        table.count("left: the engine's container processes, but those of sandboxes that wait", len(shims))
        for each in shims:
            table.note(f"a container process that stayed: {each[:12]}: {engine.told(each)}")
        table.say("empty container processes of containers that the engine forgot when it was killed", str(len(empty)))
        table.count("sandboxes that wait for a next run", len(engine.waiting()), 4)
        after = server.figures()
        for what in before:
            most = before[what] + MORE.get(what, 0)
            measured = f"{middle[what]} before the restarts, {after[what]} at the end (at first: {before[what]})"
            table.add("count", f"left: {what} of the long-lived server", measured, "as at first" if what not in MORE else f"{most} at most",
                      max(middle[what], after[what]) <= most, value=after[what], middle=middle[what], before=before[what])
        table.say("memory of the long-lived server", f"{status(server.pid, 'VmRSS') / 2**20:.1f} MiB (before: {memory / 2**20:.1f}, peak {status(server.pid, 'VmHWM') / 2**20:.1f})")
        table.count("requests without exactly one answer", sum(len(each.answers) != 1 for each in server.every))
        code = server.close()
        table.add("count", "exit code of the long-lived server, its client gone", str(code), "1", code == 1, value=code)
        settle(lambda: not engine.waiting(), SETTLED)
        table.count("sandboxes that still wait when the server has ended", len(engine.waiting()))
        Server(home).close()   # the next start closes what the killed ones left open
        table.count("left: history rows 'running'", running_rows(home))
        settle(lambda: not ours() - others, SETTLED)
        table.count("left: processes of dind-executor", len(ours() - others))
        table.count("left: children of the bench", children(os.getpid()) - (daemon_is_child(daemon)))
        for text in wrong[:20]:
            table.note(text)
        for each in kills.left[:20]:
            table.note("stayed after a kill: " + each)
        for each in stayed[:20]:
            table.note("stayed after a restart of the engine: " + each)
        mix = ", ".join(f"{what} {count}" for what, count in sorted(mixed.done.items()))
        table.note("the mix: " + mix)
        table.note("the kills: " + ", ".join(f"{what} {count}" for what, count in sorted(kills.moments.items())))
    finally:
        if server.child.poll() is None:
            server.kill()
        home.remove()
    return table


def daemon_is_child(daemon):
    """A dockerd that the bench started again is its child, and must run."""
    with open(f"/proc/{daemon.pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1]) == os.getpid()
