"""`scripts/bench flood`: much output, to readers that read, that wait before they read, and that never read."""
import hashlib
import os
import subprocess
import threading
import time

import engine
from programs import BEATS
from restarts import all_gone
from processes import status
from server import PROGRAM, Command, Home, Server, progress
from table import Table, percentile

MEMORY = 32 << 20     # bytes that a server may grow by
LINE = 100
# Numbered lines, so that a byte that is lost, doubled or moved changes the hash. It waits until the baseline is taken.
FLOOD = """import sys, time
time.sleep(1)
total, at, line = %d, 0, 0
while at < total:
    block = b''.join(b'%%099d\\n' %% (line + each) for each in range(2000))[:total - at]
    sys.stdout.buffer.write(block)
    line, at = line + 2000, at + len(block)
"""


def expected(total):
    digest, at, line = hashlib.sha256(), 0, 0
    while at < total:
        block = b"".join(b"%099d\n" % (line + each) for each in range(2000))[:total - at]
        digest.update(block)
        line, at = line + 2000, at + len(block)
    return digest.hexdigest()


class Memory:
    """Samples a process's memory until `end`: what it grew by over the baseline. The kernel's own high-water mark is looked at last."""

    def __init__(self, pid):
        self.pid, self.base, self.most, self.on = pid, status(pid, "VmRSS"), 0, True
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()

    def _sample(self):
        while self.on:
            self.look()
            time.sleep(0.02)

    def look(self):
        try:
            self.most = max(self.most, status(self.pid, "VmHWM"))
        except (OSError, StopIteration):
            pass

    def end(self):
        self.look()
        self.on = False
        self.thread.join()
        return self.most - self.base


class Flood:
    def __init__(self, arguments, machine):
        self.total = arguments.megabytes * 1_000_000
        self.pause = arguments.pause
        self.table = Table(f"Flood: {self.total / 1e9:g} GB of output", machine)
        self.home = Home()
        self.program = self.home.file(FLOOD % self.total)
        self.expected = expected(self.total)
        self.engine_log = 0
        # The labels of a warm sandbox do not name the run, and the events of the engine are told apart by labels here.
        self.limits = {"warmPool": {"max": 0}, "limits": {"defaults": {"timeout": 900}, "max": {"timeout": 900}}}

    def row_memory(self, who, grown):
        self.table.add("memory", f"{who}: memory growth of the server", f"{grown / 2**20:.1f} MiB", "32 MiB at most", grown <= MEMORY, value=grown)

    def row_bytes(self, who, count, digest):
        whole = count == self.total and digest == self.expected
        self.table.add("count", f"{who}: bytes that arrived whole, in order", f"{count} of {self.total}" + ("" if whole else ", or other ones"), "all", whole, value=count)

    def watch_log(self):
        self.engine_log = max(self.engine_log, engine.log_bytes())

    def started(self, pid):
        """When its container runs; the program itself waits a second more."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if any(each["State"] == "running" for each in engine.containers_of(pid)):
                return
            time.sleep(0.01)
        raise SystemExit("the sandbox of a flood does not start")

    def cli(self, who, wait):
        progress(who)
        child = subprocess.Popen([PROGRAM, "run", "--no-handover", "--quiet", str(self.program)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 env=self.home.environment(**self.limits))
        self.started(child.pid)
        memory = Memory(child.pid)
        if wait:
            time.sleep(1)
            self.while_unread(who, None, wait)
        begun, digest, count = time.monotonic(), hashlib.sha256(), 0
        fd, looked = child.stdout.fileno(), begun
        while piece := os.read(fd, 1 << 20):
            digest.update(piece)
            count += len(piece)
            if time.monotonic() - looked > 0.5:
                looked = time.monotonic()
                self.watch_log()
        took = time.monotonic() - begun - (0 if wait else 0.9)  # the program's own wait
        grown = memory.end()
        child.stdout.close()
        if child.wait() != 0:
            self.table.note(f"{who}: exit code {child.returncode}")
        self.row_bytes(who, count, digest.hexdigest())
        self.row_memory(who, grown)
        self.table.say(f"{who}: rate", f"{self.total / took / 1e6:.0f} MB/s")

    def cli_never_reads(self):
        who = "cli, never reads"
        progress(who)
        events = engine.Events()
        endless = self.home.file("import sys\nwhile True: sys.stdout.write('x' * 99 + '\\n')\n")
        child = subprocess.Popen([PROGRAM, "run", "--no-handover", "--quiet", "--timeout", "3s", str(endless)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 env=self.home.environment(**self.limits))
        try:
            self.started(child.pid)
            run_id = engine.containers_of(child.pid)[0]["Labels"][engine.RUN]
            self.settle(lambda: "destroy" in events.of_run(run_id), 20)
            seen = events.of_run(run_id)
            self.table.times(f"{who}: its timeout, past the deadline", [seen.get("die", seen["start"] + 60) - seen["start"] - 3], 0.5)
            self.table.times(f"{who}: its removal, after its end", [seen.get("destroy", seen["start"] + 60) - seen.get("die", seen["start"])], 1.0)
        finally:
            events.close()
            child.kill()
            child.wait()
            child.stdout.close()

    def while_unread(self, who, server, seconds):
        """What other runs experience while a client does not read: a separate `run`, and runs of the same server, which only the engine can observe."""
        events = engine.Events()
        until = time.monotonic() + seconds
        latencies, late, removed, number = [], [], [], 0
        fine, beats = self.home.file("print('fine')\n"), self.home.file(BEATS)
        try:
            while time.monotonic() < until:
                number += 1
                self.watch_log()
                command = Command(self.home, fine)
                command.wait()
                latencies.append(command.answer()[0] - command.begun)
                if server:
                    run_id = f"beside-{number}"
                    server.run(beats, run_id, timeout=1)
                    self.settle(lambda: "destroy" in events.of_run(run_id), 10)
                    seen = events.of_run(run_id)
                    if "die" in seen and "start" in seen:
                        late.append(seen["die"] - seen["start"] - 1)
                        removed.append(seen.get("destroy", seen["die"] + 60) - seen["die"])
                    else:
                        late.append(60.0)
                else:
                    command = Command(self.home, "--timeout", "1s", beats)
                    started = command.until("started")
                    command.wait()
                    late.append(command.answer()[0] - started - 1)
        finally:
            events.close()
        slower = percentile(latencies, 0.5) / percentile(self.usual, 0.5)
        self.table.say(f"{who}, meanwhile: a run of another process", f"median {percentile(latencies, 0.5) * 1000:.0f} ms (n {len(latencies)}), {slower:.1f} × the usual")
        which = "the same server" if server else "another process"
        self.table.times(f"{who}, meanwhile: timeout in {which}, past the deadline", late, 0.5)
        if removed:
            self.table.times(f"{who}, meanwhile: removal in {which}, after its end", removed, 1.0)

    def settle(self, condition, within):
        until = time.monotonic() + within
        while not condition() and time.monotonic() < until:
            time.sleep(0.02)

    def editor_reads(self):
        who = "editor, reads"
        progress(who)
        server = Server(self.home, **self.limits)
        digest, count, first = hashlib.sha256(), [0], []

        def take(text):
            first.append(time.monotonic()) if not first else None
            data = text.encode()
            digest.update(data)
            count[0] += len(data)

        try:
            run = server.run(self.program, "flood", take)
            run.until("started")
            memory = Memory(server.pid)
            while not run.answered.wait(0.5):
                self.watch_log()
            run.wait()
            self.row_bytes(who, count[0], digest.hexdigest())
            self.row_memory(who, memory.end())
            self.table.say(f"{who}: rate", f"{self.total / (run.answers[0][0] - first[0]) / 1e6:.0f} MB/s")
        finally:
            server.kill()

    def editor_never_reads(self):
        """A client that reads nothing: its flood waits, its timeout and its stop work, and so do those of its other runs."""
        who = "editor, never reads"
        progress(who)
        server = Server(self.home, read=False, **self.limits)
        events = engine.Events()
        try:
            time.sleep(0.5)
            endless = self.home.file("import sys, time\ntime.sleep(1)\nwhile True: sys.stdout.write('x' * 99 + '\\n')\n")
            server.run(endless, "deadline", timeout=self.pause + 4)
            self.settle(lambda: "start" in events.of_run("deadline"), 10)
            memory = Memory(server.pid)
            server.run(endless, "stopped")
            time.sleep(2)
            self.while_unread(who, server, self.pause)
            asked = time.monotonic()
            server.stop("stopped")
            self.settle(lambda: "destroy" in events.of_run("stopped"), 10)
            stopped = events.of_run("stopped")
            self.table.times(f"{who}: its stop, until the sandbox is dead", [stopped.get("die", asked + 60) - asked], 0.5)
            self.settle(lambda: "destroy" in events.of_run("deadline"), self.pause + 20)
            seen = events.of_run("deadline")
            self.table.times(f"{who}: its flood's timeout, past the deadline", [seen.get("die", seen["start"] + 600) - seen["start"] - self.pause - 4], 0.5)
            self.row_memory(who, memory.end())
        finally:
            events.close()
            server.kill()

    def editor_many_unread(self):
        """So much unread output that the server stops reading from its client. A stop of the client must still work."""
        who = "editor, 12 floods unread"
        progress(who)
        server = Server(self.home, read=False, concurrentRuns=12, **self.limits)
        events = engine.Events()
        try:
            time.sleep(0.5)
            endless = self.home.file("import sys\nwhile True: sys.stdout.write('x' * 99 + '\\n')\n")
            memory = Memory(server.pid)
            for number in range(12):
                server.run(endless, f"many-{number}")
            self.settle(lambda: all("start" in events.of_run(f"many-{number}") for number in range(12)), 30)
            time.sleep(min(3, self.pause))   # until their windows are full
            asked = time.monotonic()
            for number in range(12):
                server.stop(f"many-{number}")
            self.settle(lambda: all("destroy" in events.of_run(f"many-{number}") for number in range(12)), 10)
            died = [events.of_run(f"many-{number}").get("die", asked + 60) - asked for number in range(12)]
            self.table.times(f"{who}: its stops, until the sandboxes are dead", died, 1.0)
            grown = memory.end()
            self.table.say(f"{who}: memory growth of the server", f"{grown / 2**20:.1f} MiB")
        finally:
            events.close()
            server.kill()


def measure(arguments, machine):
    flood = Flood(arguments, machine)
    try:
        flood.usual = []
        fine = flood.home.file("print('fine')\n")
        for _ in range(10):
            command = Command(flood.home, fine)
            command.wait()
            flood.usual.append(command.answer()[0] - command.begun)
        flood.table.say("a run's usual latency, whole process", f"median {percentile(flood.usual, 0.5) * 1000:.0f} ms (n {len(flood.usual)})")
        flood.cli("cli, reads", 0)
        flood.cli(f"cli, reads after {flood.pause:g} s", flood.pause)
        flood.cli_never_reads()
        flood.editor_reads()
        flood.editor_never_reads()
        flood.editor_many_unread()
        flood.table.add("count", "the engine's log of the containers", f"{flood.engine_log} bytes", "empty", flood.engine_log == 0, value=flood.engine_log)
        flood.table.count("containers left", len(all_gone()))
    finally:
        flood.home.remove()
    return flood.table
