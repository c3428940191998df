"""The .env of the guide, the other settings, and what a person sees if a part of the stack is missing or too small."""
import json
import re
import shutil
import subprocess
import time

from guide import covers
from stack import CONTAINERS, UP, StackTest
from test_2_reach import PUBLIC, PYTHON, Surroundings, check_api

COMPOSE = "docker-compose -f docker-compose.yml -f docker-compose.dind.yml"
# The environment of what the container is for.
MAIN = r"for each in /proc/[0-9]*; do tr '\0' ' ' <$each/cmdline | grep -qE '[u]vicorn|code-server[/]out' && tr '\0' '\n' <$each/environ && break; done"
AVAILABLE = "from app.utils.dind_executor import get_executor; print(get_executor().is_available())"


def variables(stack, name):
    return dict(each.split("=", 1) for each in stack.inspect(name)["Config"]["Env"])


class Switches(StackTest):
    def again(self, lines):
        """`up` with another .env: what has changed is created again."""
        self.stack.write_env(lines)
        self.addCleanup(self.stack.write_env, {})
        self.typed(UP)
        self.stack.wait_healthy()

    @covers("2. 環境変数の設定")
    def test_1_with_the_env_of_the_guide_the_stack_is_plain(self, block):
        self.assertEqual(block.language, "env")
        self.again(block.text)
        listed = dict(line.split("=", 1) for line in block.text.splitlines())
        for name in CONTAINERS[1:]:
            seen = variables(self.stack, name)
            self.assertEqual({key: seen[key] for key in listed if key != "DOCKER_HOST"}, {key: listed[key] for key in listed if key != "DOCKER_HOST"})
            # `docker exec` and the container's own program get the setting in two ways; both must agree.
            self.assertEqual(self.context(name), listed["DOCKER_HOST"])
            main = self.stack.inside(name, "sh", "-c", MAIN).out
            self.assertIn(f"DOCKER_HOST={listed['DOCKER_HOST']}\n", main)
            self.assertNotIn("DOCKER_TLS_VERIFY", main)
            self.assertIn("Server Version", self.typed(f"docker exec -it {name} docker info").out)
        with Surroundings(self.stack, 2375) as around:
            check_api(self, around)
        self.assertIn("the API is plain text on port 2375", self.stack.docker("logs", "claude-dind").out)

    def context(self, name):
        return self.stack.inside(name, "docker", "context", "inspect", "dind", "--format", "{{.Endpoints.docker.Host}}").out.strip()

    def test_2_docker_compose_1_takes_the_docker_host_of_env_for_its_own(self):
        """docs/operations.md says so, with `-c default` as the remedy; the docker-compose of the tests uses it."""
        self.stack.write_env("DOCKER_HOST=tcp://dind.invalid:2375\n")
        self.addCleanup(self.stack.write_env, {})
        bare = subprocess.run([shutil.which("docker-compose"), "-f", "docker-compose.yml", "-f", "docker-compose.dind.yml", "ps"], check=False,
                              cwd=self.stack.project, env=self.stack.environment, capture_output=True, text=True, timeout=60)
        self.assertNotEqual(bare.returncode, 0)
        self.assertIn("dind.invalid", bare.stderr)
        self.typed(f"{COMPOSE} ps")

    def test_3_without_it_the_stack_is_tls_again(self):
        self.again({})
        for name in CONTAINERS[1:]:
            self.assertEqual(self.context(name), "tcp://dind:2376")

    def test_4_dind_enabled_false_reaches_every_container_and_refuses_every_run(self):
        self.again({"DIND_ENABLED": "false"})
        for name in CONTAINERS:
            self.assertEqual(variables(self.stack, name)["DIND_ENABLED"], "false")
        for name in CONTAINERS[1:]:
            done = self.stack.inside(name, "dind-executor", "run", "-l", "python", "-", input="print(1)", fine=True)
            self.assertEqual(done.code, 125)
            self.assertIn("DIND_ENABLED", done.out)
        self.assertEqual(self.stack.inside("claude-backend", "python3", "-c", AVAILABLE).out, "False\n")

    def test_9_the_firewall_holds_with_the_other_flavour_of_iptables(self):
        first = re.findall(r"firewall: iptables \S+ \((\w+)\)", self.stack.docker("logs", "claude-dind").out)[-1]
        other = {"nf_tables": "legacy", "legacy": "nft"}[first]
        self.again({"DIND_IPTABLES": f"iptables-{other}"})
        now = re.findall(r"firewall: iptables \S+ \((\w+)\)", self.stack.docker("logs", "claude-dind").out)[-1]
        self.assertNotEqual(now, first)
        with Surroundings(self.stack, 2376) as around:
            self.assertEqual(around.in_container()([(PUBLIC, 80)]), {f"{PUBLIC}:80": "open"})
            around.out_of_reach(self, around.in_container())
            check_api(self, around)

    def test_5_an_engine_that_is_stopped_is_said_to_be_and_is_found_again(self):
        self.again({})
        run = ["dind-executor", "run", "-l", "python", "--image", "python:3.11", "-"]
        self.stack.docker("stop", "claude-dind")
        began = time.monotonic()
        seen = self.stack.inside("claude-backend", *run, input="print(1)", fine=True)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(seen.code, 125)
        self.assertRegex(seen.out, r"The engine at tcp://dind:2376 (can't be|does not|is not)")
        self.assertEqual(self.stack.inside("claude-backend", "python3", "-c", AVAILABLE).out, "False\n")
        state = self.stack.type(f"{COMPOSE} ps dind").out
        self.assertRegex(state, r"claude-dind .*Exit 0")
        self.assertEqual(self.stack.inspect("claude-backend")["State"]["Status"], "running")
        self.typed(UP)  # the remedy of the guide
        self.stack.wait_healthy("claude-dind")
        self.assertIn("1", self.stack.inside("claude-backend", *run, input="print(1)").stdout.splitlines())
        self.assertEqual(self.stack.inside("claude-backend", "python3", "-c", AVAILABLE).out, "True\n")

    @covers("パフォーマンスが遅い", 1)
    def test_6_the_limits_of_the_guide_put_into_the_file(self, block):
        """The block is the service's `deploy`, as docker-compose.dind.yml has it, where it is edited in place."""
        file = self.stack.project / "docker-compose.dind.yml"
        shipped = file.read_text()
        self.addCleanup(file.write_text, shipped)
        wanted = re.sub(r"(?m)^", "    ", block.text.split("\n", 1)[1].rstrip()) + "\n"
        here = re.search(r"(?m)^    deploy:\n(?:      .*\n)+", shipped)[0]
        plain = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", here)
        self.assertEqual(plain.strip(), wanted.strip())  # the file has the values of the guide, each with a variable
        file.write_text(shipped.replace(here, wanted.replace("'4'", f"'{min(4, self.stack.cpus)}'")))
        self.typed(UP)
        self.stack.wait_healthy()
        limits = self.stack.inspect("claude-dind")["HostConfig"]
        self.assertEqual((limits["NanoCpus"], limits["Memory"], limits["MemoryReservation"]), (min(4, self.stack.cpus) * 10**9, 8 << 30, 4 << 30))
        if self.stack.cpus < 4:  # as it stands; what the engine answers is in docs/operations.md
            file.write_text(shipped.replace(here, wanted))
            refused = self.stack.type(UP)
            self.assertNotEqual(refused.code, 0)
            self.assertIn("CPUs available", refused.out.replace("only 2 CPUs", f"only {self.stack.cpus} CPUs"))

    def test_7_a_memory_limit_that_no_engine_can_live_with(self):
        self.stack.write_env({"DIND_MEMORY": "64m", "DIND_RESERVED_MEMORY": "32m"})
        self.addCleanup(self.again, {})
        self.assertNotEqual(self.stack.type(UP).code, 0)
        log = self.typed(f"{COMPOSE} logs dind").out
        self.assertIn("the memory limit of 64 MiB is too low for an engine and its sandboxes: raise it (DIND_MEMORY=8G in .env)", log)

    def test_8_a_memory_limit_below_that_of_a_run_ends_the_run_and_not_the_engine(self):
        self.again({"DIND_MEMORY": "320m", "DIND_RESERVED_MEMORY": "64m"})
        self.addCleanup(self.again, {})
        began = self.stack.inspect("claude-dind")["State"]["StartedAt"]
        done = self.stack.inside("claude-backend", "dind-executor", "run", "-l", "python", "--image", "python:3.11", "--memory", "1g", "-",
                                 input="b = bytearray(600 << 20)", fine=True)
        self.assertEqual(done.code, 137, done.out)
        self.stack.wait_healthy("claude-dind")
        self.assertEqual(self.stack.inspect("claude-dind")["State"]["StartedAt"], began)

    def test_a_steps_of_buildkit_have_what_env_says_together_and_the_engine_says_so(self):
        self.again({"DIND_BUILD_MEMORY": "256m", "DIND_BUILD_PIDS": "200", "DIND_BUILD_CACHE": "1GB"})
        self.addCleanup(self.again, {})
        labels = json.loads(self.stack.dind("docker", "info", "--format", "{{json .Labels}}").stdout)
        self.assertEqual(sorted(labels), [f"dind-executor.build.memory={256 << 20}", "dind-executor.build.pids=200"])
        self.assertIn(str(1 << 30), self.stack.dind("cat", "/run/dind-daemon.json").out)
        began = self.stack.inspect("claude-dind")["State"]["StartedAt"]

        def build(step):
            return self.stack.dind("env", "DOCKER_BUILDKIT=1", "docker", "build", "--no-cache", "--progress", "plain", "-",
                                   input=f"FROM {PYTHON}\nRUN {step}\n", fine=True, timeout=180)
        self.assertEqual(build("python3 -c 'bytearray(150 << 20)'").code, 0)
        self.assertIn("exit code: 137", build("python3 -c 'bytearray(400 << 20)'").out)
        self.assertIn("Cannot fork", build("i=0; while [ $i -lt 600 ]; do sleep 60 & i=$((i + 1)); done").out)
        # The same by the program: it knows the bound from the engine.
        for step, code, said in (("true", 0, ""), ("python3 -c 'bytearray(400 << 20)'", 137, "DIND_BUILD_MEMORY")):
            script = "cat >/tmp/Dockerfile && dind-executor run --dockerfile /tmp/Dockerfile; status=$?; rm /tmp/Dockerfile; exit $status"
            done = self.stack.inside("claude-backend", "sh", "-c", script, input=f"FROM {PYTHON}\nRUN {step}\nCMD true\n", fine=True, timeout=180)
            self.assertEqual(done.code, code, done.out)
            self.assertIn(said, done.out)
            self.assertNotIn("no bound", done.out)
        checks = json.loads(self.stack.inside("claude-backend", "dind-executor", "doctor", "--json").stdout)["checks"]
        self.assertEqual([each["status"] for each in checks if each["name"] == "BuildKit" and "256 MiB" in each["seen"]], ["ok"])
        self.assertEqual(self.stack.inspect("claude-dind")["State"]["StartedAt"], began)
        self.stack.wait_healthy("claude-dind")
