"""The stack as a person uses it: a project folder with the compose files, docker-compose, docker, and no other settings.

It is on the engine of DOCKER_HOST, which becomes a docker context here, so that a DOCKER_HOST in .env is the stack's alone.
`docker-compose` on PATH is a small program that adds to what is typed: `-c` with that context, since docker-compose 1.29 takes
.env's DOCKER_HOST for its own, and the override file where a probe has found that this engine can't start privileged containers.
"""
import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
OVERRIDE = ROOT / "tests/stack/docker-compose.override.yml"
CONTEXT = "stack-test"
UP = "docker-compose -f docker-compose.yml -f docker-compose.dind.yml up -d"
CONTAINERS = ("claude-dind", "claude-backend", "claude-code-server")
FROM_DEBIAN = {  # the public names that the guide uses, and what stands in for them in the stack's engine
    "python:3.11": "dind-executor/test-python:bookworm",
    "python:3.11-slim": "dind-executor/test-python:bookworm",
    "node:20-alpine": "dind-executor/test-node:bookworm",
}
OURS = ("dind-executor/runtime-python:bookworm", "dind-executor/runtime-shell:bookworm")


def say(text):
    print(f"  {text}", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Done(NamedTuple):
    code: int
    out: str  # stdout, then stderr; of what was typed at a terminal, both as they came
    stdout: str  # alone


class Stack:
    """On the engine `host`, else that of DOCKER_HOST."""

    def __init__(self, host=None):
        host = host or os.environ["DOCKER_HOST"]
        self.started = self.broken = False
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dind-stack-"))
        self.project = self.folder / "project"
        atexit.register(self.remove)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through atexit
        (self.project / "workspace").mkdir(parents=True)
        for name in ("docker-compose.yml", "docker-compose.dind.yml", ".dockerignore"):
            shutil.copy(ROOT / name, self.project / name)
        (self.project / "images").symlink_to(ROOT / "images")  # docker-compose looks whether a folder to build from is there
        # The operator's certificates are those of this machine: a proxy may have one of its own.
        (self.project / "configuration/certificates").mkdir(parents=True)
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", self.project / "configuration/certificates/machine.crt")
        self.backend_port, self.editor_port, self.executor_port = free_port(), free_port(), free_port()
        # Settings that are not in the guide: ports that are free here, and no more CPUs than the machine has.
        self.ours = {"BACKEND_ADDRESS": f"127.0.0.1:{self.backend_port}", "CODE_SERVER_ADDRESS": f"127.0.0.1:{self.editor_port}",
                     "EXECUTOR_ADDRESS": f"127.0.0.1:{self.executor_port}"}
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("DOCKER_", "DIND_", "COMPOSE_"))}
        self.environment |= {"DOCKER_CONFIG": str(self.folder / "docker"), "PWD": str(self.project), "TERM": "dumb"}
        self.docker("context", "create", CONTEXT, "--docker", f"host={host}")
        self.docker("context", "use", CONTEXT)
        self.sweep()
        self.cpus = int(self.docker("info", "--format", "{{.NCPU}}").out)
        if self.cpus < 4:
            self.ours["DIND_CPUS"] = str(self.cpus)
            say(f"this engine has {self.cpus} CPUs: DIND_CPUS={self.cpus}, since it would refuse the limit of 4")
        self.privileged = self.run(["docker", "run", "--rm", "--privileged", "--network", "none", "dind-executor/base:bookworm", "true"]).code == 0
        say("privileged containers start here" if self.privileged else
            f"privileged containers don't start here (a capability is missing): {OVERRIDE.relative_to(ROOT)} goes over the stack's files")
        self.write_env({})
        self.shim()

    def sweep(self):
        """Removes what an earlier run left if it was killed. Only the tests use the engine, and the name of the project is always the same."""
        label = f"label=com.docker.compose.project={self.project.name}"
        for kind, remove in (("container", ["rm", "-f", "-v"]), ("volume", ["volume", "rm", "-f"]), ("network", ["network", "rm"])):
            if found := self.docker(kind, "ls", *(["-a"] if kind == "container" else []), "-q", "--filter", label).out.split():
                say(f"an earlier run has left {len(found)} of kind {kind}")
                self.docker(*remove, *found)

    def shim(self):
        bin = self.folder / "bin"
        bin.mkdir()
        more = [] if self.privileged else ["-f", str(OVERRIDE)]  # over the engine's own file, where that is typed
        (bin / "docker-compose").write_text(f"""#!/usr/bin/python3
import os, sys
typed, files = sys.argv[1:], 0
while typed[files:files + 1] == ["-f"]:
    files += 2
os.execv({shutil.which("docker-compose")!r}, ["docker-compose", "-c", {CONTEXT!r}] + typed[:files] + ({more!r} if files > 2 else []) + typed[files:])
""")
        (bin / "docker-compose").chmod(0o755)
        self.environment["PATH"] = f"{bin}:{self.environment['PATH']}"

    def write_env(self, lines):
        """.env: ours, and these: a dict, or text as the guide has it."""
        text = lines if isinstance(lines, str) else "".join(f"{key}={value}\n" for key, value in lines.items())
        (self.project / ".env").write_text("".join(f"{key}={value}\n" for key, value in self.ours.items()) + text)

    def run(self, command, timeout=120, input=None):
        done = subprocess.run(command, cwd=self.project, env=self.environment, timeout=timeout, input=input, text=True, errors="replace",
                              stdin=subprocess.DEVNULL if input is None else None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return Done(done.returncode, done.stdout + done.stderr, done.stdout)

    def docker(self, *arguments, fine=False, **more):
        done = self.run(["docker", *arguments], **more)
        if done.code and not fine:
            raise AssertionError(f"docker {' '.join(arguments)}: status {done.code}\n{done.out}")
        return done

    def type(self, line, timeout=300):
        """Runs a line in a terminal, in the project's folder."""
        done = self.run(["script", "-qec", f"bash -c {shell_quoted(line)}", "/dev/null"], timeout=timeout)
        shown = done.out.replace("\r\n", "\n")
        return Done(done.code, shown, shown)

    def inside(self, container, *command, fine=False, user=None, **more):
        options = ["-i"] + (["--user", user] if user else [])
        return self.docker("exec", *options, container, *command, fine=fine, **more)

    def dind(self, *command, **more):
        return self.inside("claude-dind", *command, **more)

    def inspect(self, name):
        return json.loads(self.docker("inspect", name).stdout)[0]

    def up(self, timeout=300):
        """The first command of the guide, if it was not run yet, and the images that no registry has here."""
        if self.started:
            return
        if self.broken:
            raise AssertionError("the stack did not start, see above")
        self.broken, self.started = True, True
        done = self.type(UP, timeout)
        if done.code:
            raise AssertionError(f"{UP}: status {done.code}\n{done.out}\n{self.logs()}")
        self.wait_healthy()
        self.load()
        self.broken = False

    def logs(self):
        return "".join(f"--- {each}\n{self.docker('logs', '--tail', '40', each, fine=True).out}" for each in CONTAINERS)

    def wait_healthy(self, *names, seconds=60):
        for name in names or CONTAINERS:
            self.wait_for(lambda: self.inspect(name)["State"].get("Health", {}).get("Status") == "healthy", f"{name} is not healthy", seconds)

    def wait_for(self, condition, otherwise, seconds=60):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise AssertionError(f"{otherwise} after {seconds} s\n{self.logs()}")
            time.sleep(0.1)

    def load(self):
        wanted = [*OURS, *sorted(set(FROM_DEBIAN.values()))]
        saved = subprocess.Popen(["docker", "save", *wanted], env=self.environment, stdout=subprocess.PIPE)
        subprocess.run(["docker", "exec", "-i", "claude-dind", "docker", "load", "-q"], env=self.environment, stdin=saved.stdout,
                       stdout=subprocess.DEVNULL, check=True, timeout=180)
        if saved.wait():
            raise AssertionError("docker save failed: are the images built? (scripts/test does it)")
        for name, image in FROM_DEBIAN.items():
            self.dind("docker", "tag", image, name)
            say(f"{name} is not the public image here, but a stand-in from Debian's packages")

    def down(self, *options):
        self.started = False
        return self.run(["docker-compose", "-f", "docker-compose.yml", "-f", "docker-compose.dind.yml", "down", *options], timeout=120)

    def remove(self):
        if not self.folder.exists():
            return  # a suite that has ended did it
        try:
            self.down("-v", "-t", "2")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def shell_quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


_stack = None


def the_stack():
    global _stack
    if _stack is None:
        _stack = Stack()
    return _stack


class StackTest(unittest.TestCase):
    """A test on the running stack, which it starts if it does not run yet."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.stack = the_stack()
        cls.stack.up()

    def typed(self, line, fine=False, **more):
        print(f"  $ {line}", flush=True)
        done = self.stack.type(line, **more)
        if not fine:
            self.assertEqual(done.code, 0, f"{line}\n{done.out}")
        return done
