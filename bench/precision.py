"""The processes of a run are dead 1 s after the deadline, also if the server is stopped, or the engine does not answer or is gone."""
import signal
import time

import engine
from programs import BEATS
from server import Command

TIMEOUT = 1.0


class Precision:
    def __init__(self, home, daemon):
        self.home, self.daemon, self.beats = home, daemon, home.file(BEATS)
        self.late = {"the server is stopped": [], "the engine is stopped": [], "the engine is killed": []}
        self.wrong = []

    def _start(self):
        command = Command(self.home, "--timeout", f"{TIMEOUT}s", self.beats)
        started = command.until("started")
        return command, started, engine.pid_1(engine.containers_of(command.pid)[0]["Id"])

    def _until_dead(self, what, started, pid):
        while engine.is_alive(pid) and time.monotonic() - started < 20:
            time.sleep(0.002)
        self.late[what].append(time.monotonic() - started - TIMEOUT)

    def server_stopped(self):
        command, started, pid = self._start()
        command.child.send_signal(signal.SIGSTOP)
        try:
            self._until_dead("the server is stopped", started, pid)
        finally:
            command.child.send_signal(signal.SIGCONT)
        if command.wait() != 124:
            self.wrong.append(f"stopped and continued, it ended {command.answer()}")

    def engine_stopped(self):
        command, started, pid = self._start()
        self.daemon.send(signal.SIGSTOP)
        try:
            self._until_dead("the engine is stopped", started, pid)
        finally:
            self.daemon.send(signal.SIGCONT)
        if command.wait() != 124:
            self.wrong.append(f"with the engine stopped, it ended {command.answer()}")

    def engine_killed(self):
        command, started, pid = self._start()
        self.daemon.kill()
        self._until_dead("the engine is killed", started, pid)
        command.wait()
        self.daemon.start()
