"""The programs of the bench: for each ending a Python program and a shell command, their options, and the expected exit code."""
import dataclasses

TIMEOUT = 0.7    # seconds
MEMORY = "24m"
OUTPUT = 1 << 20  # bytes: the configured maximum of the servers

# Two processes that ignore SIGTERM, each of which says every 5 ms that it lives, and when (the machine's monotonic clock).
BEATS = """import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
while True:
    os.write(1, b'%d\\n' % time.monotonic_ns())
    time.sleep(0.005)
"""
SLEEPS = "import time\nprint('up', flush=True)\ntime.sleep(1000)\n"
ECHO = "import sys, hashlib\nprint(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())\n"


@dataclasses.dataclass(frozen=True)
class Ending:
    verdict: str
    exit_code: int
    python: str
    shell: str
    share: int
    timeout: float | None = None
    memory: str | None = None


ENDINGS = {
    "ok": Ending("ok", 0, "print('ok')\n", "echo ok", 30),
    "failed": Ending("failed", 3, "print('no'); raise SystemExit(3)\n", "echo no; exit 3", 12),
    "signalled": Ending("signalled", 139, "import os; os.kill(os.getpid(), 11)\n", "kill -SEGV $$", 10),
    "timeout": Ending("timeout", 124, BEATS, "sleep 1000 & sleep 1000", 12, timeout=TIMEOUT),
    "out_of_memory": Ending("out_of_memory", 137, "x = []\nwhile True: x.append(bytearray(1 << 20))\n", "x=0123456789abcdef; while :; do x=$x$x; done", 8, memory=MEMORY),
    "output_limit": Ending("output_limit", 123, "while True: print('x' * 999)\n", "yes", 8),
    "cancelled": Ending("cancelled", 130, SLEEPS, "sleep 1000", 20),
}
