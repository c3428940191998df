"""Other products that run the same program in the same image with the same limits. `once` returns (seconds to the first byte or None, seconds to the end)."""
import os
import pathlib
import subprocess
import time

PEERS = pathlib.Path(os.environ.get("BENCH_PEERS", ""))   # of `speed` alone
HERE = pathlib.Path(__file__).resolve().parent
IMAGE = "dind-executor/runtime-python:bookworm"
CODE = "print(1)"

# The restrictions of our runs, as far as the docker command line has them.
DOCKER = ["docker", "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp:size=64m,exec", "--tmpfs", "/sandbox:size=64m,exec",
          "--memory", "512m", "--memory-swap", "512m", "--cpus", "1", "--pids-limit", "256", "--cap-drop", "ALL", "--security-opt",
          "no-new-privileges", "--user", "65534:65534", "--log-driver", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "core=0:0"]


def spawned(argv, env=None):
    """Seconds from the call to the first byte on stdout, and to the end. posix_spawn, since a fork of this process would slow the peer."""
    out, into = os.pipe()
    begun = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, env or os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, into, 1), (os.POSIX_SPAWN_CLOSE, out)])
    os.close(into)
    first, text = None, b""
    while piece := os.read(out, 65536):
        first = first or time.perf_counter() - begun
        text += piece
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - begun
    os.close(out)
    if status != 0 or text != b"1\n":
        raise SystemExit(f"{argv[0]} ended with {status} and printed {text!r}")
    return first, took


class Bare:
    name = "the interpreter itself, outside any container"

    def __init__(self):
        image = subprocess.run([*DOCKER, IMAGE, "python3", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        here = subprocess.run(["/usr/bin/python3", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        self.note = f"in the image {image}, outside {here}"
        self.file = pathlib.Path(os.environ["BENCH_SCRATCH"]) / "bare.py"
        self.file.write_text(CODE)

    def once(self):
        return spawned(["/usr/bin/python3", str(self.file)])


class DockerRun:
    name = "docker run --rm"

    def once(self):
        return spawned([*DOCKER, IMAGE, "python3", "-c", CODE])


class Asked:
    """A peer that is a library: a process of its own that runs once for each line on its stdin, and says how long it took."""

    def __init__(self, argv):
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"NODE_PATH": str(PEERS / "node_modules")})
        self.expect("ready")

    def expect(self, word):
        line = self.child.stdout.readline().split()
        if not line or line[0] != word:
            raise SystemExit(f"{self.name} does not work here: {' '.join(line) or 'it ended'}")
        return [float(each) for each in line[1:]]

    def once(self):
        self.child.stdin.write("run\n")
        self.child.stdin.flush()
        return None, self.expect("took")[0]

    def close(self):
        self.child.stdin.close()
        self.child.wait()


class DockerPy(Asked):
    name = "docker-py containers.run"

    def __init__(self):
        super().__init__([str(PEERS / "venv/bin/python3"), str(HERE / "peer_docker_py.py"), IMAGE, CODE])


class LlmSandbox(Asked):
    name = "llm-sandbox, a pool of used containers"
    LINKED = "bench-llm-sandbox"

    def __init__(self):
        # It makes a virtual environment in each of its containers, for which the image has no tools; a link does as well.
        built = subprocess.run(["docker", "build", "-q", "-t", self.LINKED, "-"], input=f"FROM {IMAGE}\nRUN mkdir -p /sandbox/.sandbox-venv/bin && ln -s /usr/bin/python3 /sandbox/.sandbox-venv/bin/python\n",
                               text=True, env=os.environ | {"DOCKER_BUILDKIT": "0"}, capture_output=True, check=False)
        if built.returncode != 0:
            raise SystemExit(f"{self.name} does not work here: its image could not be built ({built.stderr.strip()[-200:]})")
        try:
            super().__init__([str(PEERS / "venv/bin/python3"), str(HERE / "peer_llm_sandbox.py"), self.LINKED, CODE])
        except SystemExit:
            self.close()
            raise

    def close(self):
        super().close()
        subprocess.run(["docker", "rmi", "-f", self.LINKED], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


class Dockerode(Asked):
    name = "dockerode run"

    def __init__(self):
        super().__init__(["node", str(HERE / "peer_dockerode.js"), IMAGE, CODE])
