"""`dind-executor serve` as a child of a test. Standard library only."""
import os
import re
import select
import signal
import subprocess
import time

from dindtest.program import LIMIT, clean_environment, program


class Server:
    """Starts at once and waits until it listens: `port` and `token` of HTTP, `socket` of JSON-RPC."""

    def __init__(self, folder, *arguments, env=None):
        base = clean_environment()
        base.pop("XDG_STATE_HOME", None)
        self.child = subprocess.Popen([program(), "serve", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      cwd=folder, env=base | {"HOME": str(folder)} | (env or {}))
        self.port = self.token = self.token_path = self.socket = None
        self.lines = []
        wanted = sum(each in arguments for each in ("--listen", "--socket"))
        until = time.monotonic() + LIMIT
        text = b""
        while len(self.lines) < wanted:
            ready = select.select([self.child.stdout], [], [], max(0, until - time.monotonic()))[0]
            part = os.read(self.child.stdout.fileno(), 4096) if ready else b""
            if not part:
                raise AssertionError(f"the server does not listen: {text!r} {self.errors()!r}")
            text += part
            self.lines = text.decode().splitlines() if text.endswith(b"\n") else []
        for line in self.lines:
            if found := re.fullmatch(r"Listening on http://(?:[0-9.]+|\[[0-9a-f:]+\]):(\d+)(?:, the token is in (.+))?", line):
                self.port = int(found[1])
                self.token_path = found[2]
                if self.token_path:
                    with open(self.token_path) as file:
                        self.token = file.read().strip()
            elif found := re.fullmatch(r"Listening on the socket (.+)", line):
                self.socket = found[1]

    def stop(self, how=signal.SIGTERM, within=15):
        """Sends one signal: runs may go on. Returns the exit code and the seconds that the end took."""
        begun = time.monotonic()
        self.child.send_signal(how)
        return self.child.wait(within), time.monotonic() - begun

    def stop_now(self, within=15):
        """Sends two signals: runs are cancelled. They are of two kinds, since two of one kind can arrive as one."""
        begun = time.monotonic()
        self.child.send_signal(signal.SIGTERM)
        self.child.send_signal(signal.SIGINT)
        return self.child.wait(within), time.monotonic() - begun

    def errors(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        return self.child.stderr.read()

    def close(self):
        """Ends it as an operator does; its warm sandboxes are removed too."""
        if self.child.poll() is None:
            try:
                self.stop_now()
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()
        for stream in (self.child.stdout, self.child.stderr):
            stream.close()

    def resident_kilobytes(self):
        return int(next(line for line in open(f"/proc/{self.child.pid}/status") if line.startswith("VmRSS")).split()[1])
