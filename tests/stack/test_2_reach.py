"""What can't be reached: the engine's API and all private addresses, from sandboxes, from builds, from other containers and from the host.

Every address is a listener of ours: the stack's services, and a container beside the engine that has a metadata service's, a
private and a public address, to which a route of the engine's container leads. So a packet that slips through lands there and counts.
"""
import contextlib
import json
import socket

from stack import StackTest

METADATA, PRIVATE, PUBLIC = "169.254.169.254", "10.99.99.99", "198.51.100.7"  # the last is an address for documentation (RFC 5737)
PYTHON, SHELL = "dind-executor/runtime-python:bookworm", "dind-executor/runtime-shell:bookworm"
PROBE = """
import concurrent.futures, json, socket, sys
def attempt(address):
    s = socket.socket(); s.settimeout(2)
    try: s.connect(tuple(address)); return "open"
    except OSError as error: return type(error).__name__
    finally: s.close()
wanted = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(len(wanted)) as all_at_once:
    print(json.dumps({f"{host}:{port}": found for (host, port), found in zip(wanted, all_at_once.map(attempt, wanted))}))
"""


def addresses(stack, name):
    """{"dind": …, "egress": …, "default": …} of a container of the stack."""
    return {network.rsplit("_", 1)[1]: each for network, each in stack.inspect(name)["NetworkSettings"]["Networks"].items()}


class Surroundings:
    """The neighbour and the addresses, for a test class; `port` is that of the engine's API."""

    def __init__(self, stack, port):
        self.stack, self.port = stack, port
        dind, backend, editor = (addresses(stack, f"claude-{name}") for name in ("dind", "backend", "code-server"))
        self.inside = dind["dind"]["IPAddress"]
        self.outside = dind["egress"]["IPAddress"]
        bridge = stack.dind("ip", "-4", "-o", "addr", "show", "docker0").out.split()[3].split("/")[0]
        self.services = [(self.inside, port), (self.outside, port), (bridge, port), (bridge, 2375), (bridge, 2376),
                         (backend["dind"]["IPAddress"], 8000), (backend["default"]["IPAddress"], 8000),
                         (backend["dind"]["IPAddress"], 9000), (backend["default"]["IPAddress"], 9000),
                         (editor["dind"]["IPAddress"], 8080), (editor["default"]["IPAddress"], 8080)]
        self.network = next(each for each in stack.inspect("claude-dind")["NetworkSettings"]["Networks"] if each.endswith("_egress"))
        self.others = [each for each in stack.inspect("claude-backend")["NetworkSettings"]["Networks"] if each.endswith("_default")]

    def __enter__(self):
        self.stack.docker("rm", "-f", "stack-neighbour", fine=True)
        self.stack.docker("run", "-d", "--name", "stack-neighbour", "--network", self.network, "--cap-add", "NET_ADMIN",
                          "dind-executor/test-python:bookworm", "python3", "/neighbour.py", METADATA, PRIVATE, PUBLIC)
        self.stack.wait_for(lambda: "ready" in self.stack.docker("logs", "stack-neighbour").out, "the neighbour does not listen", 20)
        self.neighbour = self.stack.inspect("stack-neighbour")["NetworkSettings"]["Networks"][self.network]["IPAddress"]
        for each in (METADATA, PRIVATE, PUBLIC):
            self.stack.dind("ip", "route", "replace", f"{each}/32", "via", self.neighbour)
        self.near = [(METADATA, 80), (PRIVATE, 80), (self.neighbour, 80)]
        return self

    def __exit__(self, *_):
        for each in (METADATA, PRIVATE, PUBLIC):
            self.stack.dind("ip", "route", "del", f"{each}/32", fine=True)
        self.stack.docker("rm", "-f", "stack-neighbour", fine=True)

    def out_of_reach(self, test, probe):
        """`probe` connects to a list of addresses and returns {address: outcome}."""
        before = len(self.came())
        near = self.services + self.near
        found = probe(near)
        test.assertEqual(len(found), len({f"{host}:{port}" for host, port in near}))
        test.assertEqual([each for each, what in found.items() if what == "open"], [])
        test.assertEqual(len(self.came()), before, "a packet slipped through")

    def in_container(self, *options):
        def probe(wanted):
            done = self.stack.dind("docker", "run", "--rm", *options, PYTHON, "python3", "-c", PROBE, json.dumps(wanted), timeout=90)
            return json.loads(done.stdout.splitlines()[-1])
        return probe

    def came(self):
        return [line for line in self.stack.docker("logs", "stack-neighbour").out.splitlines() if line.startswith("accepted")]


class Reach(StackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.around = cls.enterClassContext(Surroundings(cls.stack, 2376))

    def out_of_reach(self, probe):
        self.around.out_of_reach(self, probe)

    def in_container(self, *options):
        return self.around.in_container(*options)

    def test_1_the_way_to_the_internet_is_open_so_that_a_closed_one_means_something(self):
        for options in ([], ["--network", self.user_network()]):
            self.assertEqual(self.in_container(*options)([(PUBLIC, 80)]), {f"{PUBLIC}:80": "open"})
        self.assertTrue(self.around.came()[-1].endswith(PUBLIC))

    def test_2_names_of_the_world_are_known_and_those_of_the_stack_are_not(self):
        names = "import socket\nfrom pip._internal.models.index import PyPI\n" \
                "for label, n in [('index', PyPI.netloc)] + [(n, n) for n in ('dind', 'backend', 'claude-backend', 'code-server')]:\n" \
                " try: print(label, bool(socket.getaddrinfo(n, 80)))\n except OSError: print(label, False)\n"
        for options in ([], ["--network", self.user_network()]):
            done = self.stack.dind("docker", "run", "--rm", *options, PYTHON, "python3", "-c", names)
            self.assertEqual(done.out, "index True\ndind False\nbackend False\nclaude-backend False\ncode-server False\n")

    def user_network(self):
        self.stack.dind("docker", "network", "create", "own", fine=True)
        return "own"

    def test_3_from_the_default_bridge(self):
        self.out_of_reach(self.in_container())

    def test_4_from_a_network_of_their_own(self):
        self.out_of_reach(self.in_container("--network", self.user_network()))

    def test_5_with_every_capability_that_a_person_can_add(self):
        self.out_of_reach(self.in_container("--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW"))

    def test_6_from_a_build(self):
        for builder in ("0", "1"):
            def probe(wanted):
                self.stack.dind("sh", "-c", "rm -rf /tmp/build && mkdir -p /tmp/build && cat > /tmp/build/probe.py", input=PROBE)
                script = f"FROM {PYTHON}\nCOPY probe.py /\nRUN python3 /probe.py '{json.dumps(wanted)}' > /found\n"
                self.stack.dind("sh", "-c", "cat > /tmp/build/Dockerfile", input=script)
                self.stack.dind("env", f"DOCKER_BUILDKIT={builder}", "docker", "build", "--no-cache", "-t", "probe", "/tmp/build", timeout=180)
                return json.loads(self.stack.dind("docker", "run", "--rm", "probe", "cat", "/found").stdout)
            with self.subTest(builder="BuildKit" if builder == "1" else "classic"):
                self.out_of_reach(probe)

    def test_7_what_a_dockerfile_adds_is_fetched_by_the_engine_which_goes_nowhere_near_either(self):
        backend = self.around.services[5][0]
        before = len(self.around.came())
        for builder in ("0", "1"):
            for address in (f"{backend}:8000", PRIVATE, METADATA):
                script = f"FROM {SHELL}\nADD http://{address}/health /\n"
                done = self.stack.dind("env", f"DOCKER_BUILDKIT={builder}", "docker", "build", "--no-cache", "-", input=script, fine=True, timeout=120)
                self.assertNotEqual(done.code, 0, done.out)
                self.assertRegex(done.out, "connection refused|connect: ")
        self.assertEqual(len(self.around.came()), before)
        self.stack.dind("docker", "build", "-", input=f"FROM {SHELL}\nADD http://{PUBLIC}/x /\n")
        self.assertEqual(len(self.around.came()), before + 1)

    def test_8_from_runs_of_ours_in_both_modes(self):
        for network, internet in (("none", "closed"), ("internet", "open")):
            def probe(wanted):
                done = self.stack.inside("claude-backend", "dind-executor", "run", "-l", "python", "--network", network, "--image", PYTHON,
                                         "-", "--", json.dumps(wanted), input=PROBE, timeout=90)
                return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
            with self.subTest(network=network):
                self.out_of_reach(probe)
                found = probe([(PUBLIC, 80)])[f"{PUBLIC}:80"]
                self.assertEqual("open" if found == "open" else "closed", internet)

    def test_9_the_api_is_for_the_backend_and_the_editor_alone(self):
        check_api(self, self.around)


def check_api(test, around):
    """Open for the two; closed for containers on every other network of the stack, and for the host."""
    stack = test.stack
    for name in ("claude-backend", "claude-code-server"):
        stack.inside(name, "docker", "version")
    for network in (around.network, *around.others):
        wanted = json.dumps([(address, port) for address in (around.inside, around.outside) for port in (2375, 2376)])
        done = stack.docker("run", "--rm", "--network", network, PYTHON, "python3", "-c", PROBE, wanted, timeout=90)
        test.assertNotIn("open", json.loads(done.stdout).values(), f"from the network {network}: {done.out}")
    for address in (around.inside, around.outside):
        for port in (2375, 2376):
            with test.subTest("from the host", address=address, port=port), contextlib.closing(socket.socket()) as attempt:
                attempt.settimeout(2)
                with test.assertRaises(OSError):
                    attempt.connect((address, port))
