"""Attacks that need more than one program: files of other runs, setuid images, a stop during an attack, and one server for many attacks."""
import io
import os
import pathlib
import signal
import subprocess
import tarfile
import time
import uuid

from dindtest import engine
from dindtest.engine import is_there
from dindtest.lsp import LspClient
from dindtest.program import LIMIT, SHELL

from hostile_case import BEFORE, HostileTest, source


class Together(HostileTest):
    def go(self, program, *options, name="program.py"):
        return self.start("run", "--quiet", "--isolation", self.isolation, *options, self.python(program, name))

    def test_other_runs_files_sockets_and_processes(self):
        neighbour = self.go(source("neighbour.py"), name="neighbour.py")
        self.assertEqual(neighbour.stdout.readline(), b"up\n")
        _, text, _ = self.attack(self.python(source("look_for_neighbour.py"), "look.py"))
        self.assertEqual(text, "[]\n[]\n['look.py']\n-1 2\n")
        self.assertIsNone(neighbour.poll())

    def test_a_setuid_program_of_the_image_gives_nothing(self):
        probe = self.folder / "who"
        subprocess.run(["cc", "-static", "-O", "-o", probe, "-x", "c", "-"], input=source("setuid_root.c").encode(), check=True)
        name = f"dind-test-{uuid.uuid4().hex[:12]}:1"
        made = engine.call("POST", "/containers/create", {"Image": SHELL, "Cmd": ["true"]})["Id"]
        try:
            tar = io.BytesIO()
            with tarfile.open(fileobj=tar, mode="w") as archive:
                entry = tarfile.TarInfo("who")
                entry.mode, entry.size = 0o6755, probe.stat().st_size  # setuid and setgid, owned by root
                archive.addfile(entry, probe.open("rb"))
            engine.call("PUT", f"/containers/{made}/archive?path=/", tar=tar.getvalue())
            repo, tag = name.split(":")
            engine.call("POST", f"/commit?container={made}&repo={repo}&tag={tag}", {})
        finally:
            engine.call("DELETE", f"/containers/{made}?force=1")
        self.addCleanup(engine.call, "DELETE", f"/images/{name}?force=1", allow=(404,))
        self.assertRegex(self.attack("--image", name, "--", "/who")[1], r"\A(2\d{9}) \1 65534 -1\n\Z")

    def test_four_that_burn_cpu_get_the_half_that_was_asked_for(self):
        child = self.go("import os\nprint('up', flush=True)\nfor _ in range(2): os.fork()\nwhile True: pass\n", "--cpus", "0.5")
        container = self.sandbox_of(child)
        self.assertEqual(child.stdout.readline(), b"up\n")

        def used():  # as the engine counts: a program can't see it, and gVisor counts differently
            return engine.call("GET", f"/containers/{container}/stats?stream=false&one-shot=1")["cpu_stats"]["cpu_usage"]["total_usage"], time.monotonic_ns()
        first, begun = used()
        until = time.monotonic() + 2
        while time.monotonic() < until:
            engine.call("GET", "/_ping")
        last, over = used()
        self.measured("CPUs in use of 0.5", round((last - first) / (over - begun), 2))
        self.assertLess((last - first) / (over - begun), 0.65)
        self.assertGreater((last - first) / (over - begun), 0.02)

    def test_a_stop_in_the_middle_of_a_fork_bomb(self):
        child = self.start("run", "--quiet", "--isolation", self.isolation, "--pids", "128", self.file("x.sh", "echo before\nb() { sleep 30 & b; }\ntrap '' TERM INT HUP\nb\n"))
        ids = {self.sandbox_of(child)}
        self.assertEqual(child.stdout.readline(), BEFORE.encode())
        child.send_signal(signal.SIGINT)
        begun = time.monotonic()
        self.assertIn(child.wait(LIMIT), (130, 121, 137))  # it may have reached its limit just before
        self.assertLess(time.monotonic() - begun, 5)
        self.assertFalse(is_there(ids))

    def test_sigkill_of_the_program_ends_a_fork_bomb(self):
        child = self.start("run", "--isolation", self.isolation, "--pids", "64", self.file("x.sh", "echo before\ntrap '' TERM HUP\nwhile :; do setsid sleep 100 & done\n"))
        ids = {self.sandbox_of(child)}
        self.assertEqual(child.stdout.readline(), BEFORE.encode())
        child.kill()
        child.wait(LIMIT)
        self.measured("SIGKILL of ours in a fork bomb to the container's end, s", round(self.until(lambda: not is_there(ids), 10), 2))

    def test_a_sandbox_that_another_client_removes_is_an_error_and_not_a_verdict(self):
        child = self.go("import time\nprint('before', flush=True)\ntime.sleep(60)\n")
        container = self.sandbox_of(child)
        self.assertEqual(child.stdout.readline(), BEFORE.encode())
        engine.call("DELETE", f"/containers/{container}?force=1")
        self.assertEqual(child.wait(LIMIT), 125)
        self.assertIn(b"removed while the program ran", child.stderr.read())


class TogetherUnderGvisor(Together):
    isolation = "gvisor"


class LongLived(HostileTest):
    """One server runs all hostile programs. After that, it has as many descriptors, threads and children as before."""

    PROGRAMS = (
        ("endless_forks.py", {"pids": 32, "timeout": 2}, {"process_limit", "timeout"}),
        ("memory_bomb.py", {"memory": "64m"}, {"out_of_memory"}),
        ("full_tmp.py", {}, {"disk_limit"}),
        ("output_flood.py", {}, {"output_limit"}),
        ("ignore_sigterm.py", {"timeout": 1}, {"timeout"}),
        ("abort.py", {}, {"signalled"}),
        ("kill_process_1_at_once.py", {"isolation": "gvisor"}, {"signalled"}),
        ("memory_bomb.py", {"isolation": "gvisor", "memory": "128m"}, {"out_of_memory"}),
    )

    def held(self, pid):
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        threads = len(os.listdir(f"/proc/{pid}/task"))
        files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        # Connections to the engine stay open for a while and are used again.
        return len([each for each in files if not each.startswith("socket:")]), len([each for each in files if each.startswith("socket:")]), threads, len(children)

    def test_descriptors_threads_and_children_are_those_of_before(self):
        config = self.file("config.json", '{"limits": {"max": {"output": "1m"}}}')
        client = LspClient(env={"HOME": str(self.folder), "DIND_CONFIG": config})
        self.addCleanup(client.close)
        client.initialize()
        uri = pathlib.Path(self.python("print('calm')\n")).as_uri()
        calm = [client.run(uri) for _ in range(4)]
        for each in calm:
            self.assertEqual(client.reply(each)["result"]["verdict"], "ok")
        self.assert_nothing_left(warm=False)
        before = self.held(client.child.pid)
        for _ in range(2):
            asked = []
            for program, options, verdicts in self.PROGRAMS:
                path = self.python(source(program), f"{len(asked)}_{program}")
                asked.append((program, verdicts, client.run(pathlib.Path(path).as_uri(), **options)))
            for program, verdicts, id in asked:
                answer = client.reply(id)
                self.assertIn("result", answer, (program, answer))
                self.assertIn(answer["result"]["verdict"], verdicts, (program, answer))
            self.assert_nothing_left(warm=False)
        held = before

        def as_before():
            nonlocal held
            held = self.held(client.child.pid)
            return held[0] == before[0] and held[1] <= before[1] + 4 and held[2:] == before[2:]
        try:
            self.until(as_before, 10, 0.1)
        except self.failureException:
            self.fail(f"held before {before} (files, sockets, threads, children), and after 16 hostile runs {held}")
        self.assertEqual(self.new_containers(warm=False), set())
