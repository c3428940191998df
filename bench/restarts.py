"""The engine stops in the middle of runs and starts again: what is answered in between, and when runs work again."""
import signal
import time

import engine
from programs import BEATS
from server import Command

DOWN = 2.0   # seconds that the engine stays away


class Restarts:
    def __init__(self, home, server, daemon):
        self.home, self.server, self.daemon = home, server, daemon
        self.beats, self.fine = home.file(BEATS), home.file("print('fine')\n")
        self.under_way = []    # seconds from the engine's end to the answers of the runs that it took along
        self.refused = []      # seconds to the `engine_unavailable` of what is asked for meanwhile
        self.back = []         # seconds from the engine's first answer to that of a run
        self.silent = []       # seconds to the answer of a run while the engine takes connections and says nothing
        self.wrong = []

    def expect(self, kind, what):
        if kind != "engine_unavailable":
            self.wrong.append(f"{what} while the engine is away: {kind}")

    def one(self, number):
        runs = [self.server.run(self.beats, f"restart-{number}-{each}") for each in range(2)]
        command = Command(self.home, self.beats)
        for run in runs:
            run.until("started")
        command.until("started")
        runs += [self.server.run(self.fine, f"restart-{number}-{each}") for each in range(2, 8)]  # some being made, some waiting
        runs[2].until("preparing/container")
        self.daemon.kill()
        gone = time.monotonic()
        for run in runs:
            run.wait()
            self.under_way.append(max(0.0, run.answers[0][0] - gone))
        command.wait()
        self.under_way.append(command.answer()[0] - gone)
        for each in range(3):
            run = self.server.run(self.fine, f"away-{number}-{each}")
            self.expect(run.error_kind(), "a server's run")
            self.refused.append(run.took())
        command = Command(self.home, self.fine)
        command.wait()
        at, event = command.answer()
        self.expect(event.get("error", {}).get("kind"), "a `run`")
        self.refused.append(at - command.begun)
        time.sleep(max(0.0, gone + DOWN - time.monotonic()))

        answered = self.daemon.start()
        tries = 0
        while time.monotonic() - answered < 20:
            tries += 1
            run = self.server.run(self.fine, f"back-{number}-{tries}")
            if run.wait() and run.verdict() == "ok":
                self.back.append(run.answers[0][0] - answered)
                break
        else:
            self.wrong.append("no run within 20 s of the engine's return")

    def silence(self):
        """An engine that is stopped takes connections and never answers. There is no bound for it, but it must end."""
        self.daemon.send(signal.SIGSTOP)
        try:
            run = self.server.run(self.fine, "silent")
            run.wait()
            self.silent.append(run.took())
        finally:
            self.daemon.send(signal.SIGCONT)


def all_gone(within=5.0):
    """Containers with our label that are left after that time."""
    until = time.monotonic() + within
    while (found := engine.containers()) and time.monotonic() < until:
        time.sleep(0.05)
    return [described(each) for each in found]


def described(container):
    return f"{''.join(container['Names']) or container['Id'][:12]} ({container['Status'] or container['State']})"
