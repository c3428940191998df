"""kill -9 of the server at random moments of a run, and what is left: running sandboxes, and objects that the next start must remove."""
import time

import engine
from programs import BEATS
from restarts import described
from server import Command, Server

MOMENTS = ("queued", "creating", "running", "removing")
QUIET = 1.0     # seconds without a container of the dead server, until it counts as gone
PATIENCE = 12.0


def server_at(home, moment, random, number):
    """A server or a `run`, at the moment of the kill. `run` has no queue: for it, that is before it has created anything."""
    beats, short = home.file(BEATS), home.file("print('done')\n")
    if random.random() < 0.5:
        one = Command(home, short if moment == "removing" else beats)
        if moment == "queued":
            time.sleep(random.uniform(0, 0.03))
        else:
            one.until({"creating": "preparing", "running": "started", "removing": "finished"}[moment])
        frontend = "run"
    else:
        frontend, one = "lsp", Server(home, concurrentRuns=1 if moment == "queued" else 4)
        count = 3
        runs = [one.run(short if moment == "removing" else beats, f"kill-{number}-{each}") for each in range(count)]
        if moment == "queued":
            runs[-1].until("queued")
            time.sleep(random.uniform(0, 0.3))
        else:
            runs[random.randrange(count)].until({"creating": "preparing/container", "running": "started", "removing": "finished"}[moment])
    time.sleep(random.uniform(0, {"queued": 0, "creating": 0.15, "running": 0.3, "removing": 0.06}[moment]))
    return frontend, one


class Kills:
    def __init__(self, home, random):
        self.home, self.random = home, random
        self.sandboxes = []       # seconds from the kill to the first look that finds no sandbox of the dead server running, and none later either
        self.others = []          # seconds from the next start until nothing of the dead server is left
        self.moments = {}
        self.left = []            # containers that stayed

    def one(self, number):
        moment = MOMENTS[number % len(MOMENTS)]
        frontend, victim = server_at(self.home, moment, self.random, number)
        self.moments[frontend + " " + moment] = self.moments.get(frontend + " " + moment, 0) + 1
        pid = victim.pid
        victim.kill()
        killed = time.monotonic()
        # Half of the next starts come at once, as an editor's do: then a call of the dead server may still be under way in the engine.
        next_at = killed if self.random.random() < 0.5 else killed + 1.2
        following, started = None, None
        none_runs, last_any, had_running = None, killed, moment == "running"
        while True:
            now = time.monotonic()
            if following is None and now >= next_at:
                started, following = now, Server(self.home)
            found = engine.containers_of(pid)
            now = time.monotonic()
            if found:
                last_any = now
            if any(each["State"] == "running" for each in found):
                none_runs, had_running = None, True
            else:
                none_runs = none_runs or now
            if following is not None and not found and now - max(last_any, started) > QUIET:
                break
            if now - killed > PATIENCE:
                self.left += [described(each) for each in found]
                break
            time.sleep(0.01)
        following.close()
        if had_running:
            self.sandboxes.append((none_runs or now) - killed)
        self.others.append(max(0.0, last_any - started))
