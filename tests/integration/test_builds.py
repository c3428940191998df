"""Dockerfiles: they are built within bounds and run like any image. If a step fails, the message of the builder is shown."""
import http.server
import json
import re
import threading
import time
import uuid

from registry import Registry, login, remove_image

from dindtest import engine
from dindtest.case import CliCase
from dindtest.engine import container_events, events, remove_built_images
from dindtest.program import PYTHON, SHELL

BUILT = "dind-executor.built"


class Listener:
    """A listener on loopback, where the engine is too. Returns how many connections came."""

    def __enter__(self):
        listener = self
        self.count = 0

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                listener.count += 1
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"fetched")
            do_HEAD = do_GET

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Builds(CliCase):
    def setUp(self):
        super().setUp()
        self.mark = uuid.uuid4().hex  # in each Dockerfile, so that no cache is used
        self.project = self.folder / "workspace/session/project"
        self.project.mkdir(parents=True)
        self.addCleanup(remove_built_images)

    def build(self, text, *arguments, env=None):
        (self.folder / "Dockerfile").write_text(text.replace("MARK", self.mark))
        environment = {"DIND_WORKSPACE": str(self.folder / "workspace"), "DOCKER_BUILDKIT": "0"} | (env or {})
        return self.call("run", "--dockerfile", str(self.folder / "Dockerfile"), *arguments, env=self.environment(**environment))

    def builders(self):
        return {"classic": {}, "buildkit": {"DOCKER_BUILDKIT": "1"}}

    def test_the_files_of_a_context_with_both_builders(self):
        (self.project / "app.py").write_text("print('hello from the image')")
        (self.project / "secret.key").write_text("x")
        (self.project / "日本 語.txt").write_text("x")
        (self.project / ".dockerignore").write_text("*.key\n")
        for builder, env in self.builders().items():
            with self.subTest(builder):
                done = self.build(f"FROM {PYTHON}\nRUN echo MARK\nCOPY . /app\nWORKDIR /app\nRUN test ! -e secret.key && test -e '日本 語.txt'\nCMD [\"python\", \"app.py\"]\n", "--context", "session/project", env=env)
                self.assert_run(done, 0, b"hello from the image\n")
                self.assertIn(f"built by {builder}".encode(), done.stderr)
                self.assertIn(b"COPY . /app", done.stderr)  # steps are shown as they begin

    def test_its_entrypoint_its_command_and_ours(self):
        text = f"FROM {SHELL}\nENTRYPOINT [\"echo\", \"entry\"]\nCMD [\"MARK\"]\n"
        self.assert_run(self.build(text), 0, f"entry {self.mark}\n".encode())
        self.assert_run(self.build(text, "--", "echo", "ours"), 0, b"ours\n")
        self.assert_refused(self.build(f"FROM {SHELL}\nCMD []\n", "--quiet"), "neither CMD nor ENTRYPOINT")

    def test_the_image_runs_as_hardened_as_any(self):
        done = self.build(f"FROM {SHELL}\nUSER root\nVOLUME /data\nCMD id -u; touch /etc/x; echo x >/data/f && echo tmpfs; cat /proc/self/status | grep CapEff\n")
        self.assertRegex(done.stdout, rb"\A2\d{9}\ntmpfs\nCapEff:\t0000000000000000\n\Z", done.stderr)

    def test_a_step_that_fails_is_the_builders_word_and_the_steps_exit_code(self):
        done = self.build(f"FROM {SHELL}\nRUN echo MARK; echo wrong >&2; exit 7\n")
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn(b"wrong\n", done.stderr)
        self.assertIn(b"the image could not be built", done.stderr)
        done = self.build(f"FROM {SHELL}\nRUN echo MARK; echo wrong >&2; exit 7\n", env={"DOCKER_BUILDKIT": "1"})
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn(b"wrong\n", done.stderr)
        self.assertIn(b"exit code: 7", done.stderr)

    def test_a_dockerfile_that_is_not_one(self):
        for builder, env in self.builders().items():
            with self.subTest(builder):
                done = self.build(f"FORM {SHELL}\n", env=env)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(b"FORM", done.stderr)

    def test_a_steps_memory_is_bounded(self):
        (self.folder / "config.json").write_text('{"build": {"memory": "64m"}}')
        done = self.build(f"FROM {PYTHON}\nRUN python -c 'bytearray(500 << 20)' # MARK\n", env={"DIND_CONFIG": str(self.folder / "config.json")})
        self.assertEqual(done.returncode, 137, done.stderr)
        self.assertIn(b"build.memory", done.stderr)

    def test_a_builds_time_is_bounded_and_a_stop_ends_it(self):
        (self.folder / "config.json").write_text('{"build": {"timeout": "2s"}}')
        begun = time.monotonic()
        done = self.build(f"FROM {SHELL}\nRUN sleep 100 # MARK\n", env={"DIND_CONFIG": str(self.folder / "config.json")})
        self.assertEqual(done.returncode, 124, done.stderr)
        self.assertIn(b"build.timeout", done.stderr)
        self.assertLess(time.monotonic() - begun, 15)
        self.until(lambda: not self.running_steps())

    def running_steps(self):
        return [each for each in engine.call("GET", "/containers/json") if "sleep 100" in each["Command"]]

    def test_a_stop_in_the_middle_of_a_step(self):
        (self.folder / "Dockerfile").write_text(f"FROM {SHELL}\nRUN sleep 100 # {self.mark}\n")
        child = self.start("run", "--dockerfile", str(self.folder / "Dockerfile"), env=self.environment(DOCKER_BUILDKIT="0"))
        self.until(self.running_steps, 30)
        child.terminate()
        self.assertEqual(child.wait(20), 143)
        self.assertIn(b"The run was cancelled while its image was built", child.stderr.read())
        self.measured("the step is gone after a stop", f"{self.until(lambda: not self.running_steps()):.2f} s")

    def test_what_leads_out_of_the_workspace_is_no_context(self):
        (self.folder / "workspace/link").symlink_to("/etc")
        for path in ("..", "link", "/etc", "session/../../x"):
            with self.subTest(path):
                self.assert_refused(self.build(f"FROM {SHELL}\n", "--quiet", "--context", path), "workspace")

    def test_an_image_that_is_nowhere(self):
        done = self.build("FROM localhost:1/none:1\n", "--quiet")
        self.assert_refused(done, "localhost:1/none:1")

    def configure(self, **settings):
        (self.folder / "config.json").write_text(json.dumps(settings))
        return {"DIND_CONFIG": str(self.folder / "config.json")}

    def images(self):
        return {each["Id"]: each for each in engine.call("GET", "/images/json?all=1")}

    def test_nothing_is_fetched_by_the_engine_itself(self):
        with Listener() as near:
            url = f"http://{near.host}/f"
            base = f"test/onbuild-{self.mark}"
            self.addCleanup(engine.call, "DELETE", f"/images/{base}?force=1", allow=(404,))
            made = engine.call("POST", "/containers/create", {"Image": SHELL, "Cmd": ["true"]})["Id"]
            engine.call("POST", f"/commit?container={made}&repo={base}", {"OnBuild": [f"ADD {url} /x"]})
            engine.call("DELETE", f"/containers/{made}")
            for builder, env in self.builders().items():
                for text in (f"FROM {SHELL}\nADD {url} /x\n", f"FROM {SHELL}\nENV A={url}\nADD [\"$A\", \"/x\"]\n", f"FROM {base}\nRUN true\n",
                             f"# escape=`\nFROM {SHELL}\nADD `\n\n {url} /x\n", f"FROM {SHELL} AS a\nONBUILD ADD {url} /x\nFROM a\n",
                             f"FROM {SHELL}\nRUN true <<CMD\nADD {url} /x\nCMD true\n"):
                    with self.subTest(builder, text=text):
                        said = "here-document" if builder == "classic" and "<<" in text else "build.remoteSources"
                        self.assert_refused(self.build(text, "--quiet", env=env), said)
            self.assertEqual(near.count, 0)
            done = self.build(f"FROM {SHELL}\nADD {url} /x\nRUN chmod 644 /x # MARK\nCMD cat /x\n", env=self.configure(build={"remoteSources": True}))
            self.assert_run(done, 0, b"fetched")
            self.assertGreater(near.count, 0)

    def test_pull_never_holds_for_every_image_that_a_dockerfile_names(self):
        with Listener() as registry:
            image = f"{registry.host}/x:1"
            for builder, env in self.builders().items():
                for text in (f"FROM {image}\n", f"FROM ${{V:-{image}}}\n", f"ARG V=1\nFROM ${{V:+{image}}}\n", f"FROM {SHELL}\nCOPY --from={image} /x /x\n",
                             f"# escape=`\nFROM `\n{image}\n", f"FROM {SHELL}\nRUN --mount=type=bind,from={image},target=/x true\n",
                             f"FROM {SHELL}\nONBUILD RUN true\nFROM {image}\n"):
                    if builder == "classic" and "--mount" in text:
                        continue
                    with self.subTest(builder, text=text):
                        self.assert_refused(self.build(text, "--quiet", "--pull", "never", env=env), "pull: never")
            self.assert_refused(self.build("# syntax=docker/dockerfile:none\nFROM scratch\n", "--quiet", "--pull", "never", env={"DOCKER_BUILDKIT": "1"}), "pull: never")
            self.assertEqual(registry.count, 0)

    def test_an_image_that_is_copied_from_is_pulled_with_our_login(self):
        registry = Registry(self.folder / "registry", protected=True)
        self.addCleanup(registry.close)
        image = f"{registry.host}/private:1"
        registry.push(image, "private")
        self.addCleanup(remove_image, image)
        (self.folder / "docker").mkdir()
        (self.folder / "docker/config.json").write_text(json.dumps({"auths": {registry.host: {"auth": login()}}}))
        text = f"FROM {SHELL}\nCOPY --from={image} /says /says\nCMD cat /says # MARK\n"
        self.assert_refused(self.build(text, "--quiet"), image)
        for builder, env in self.builders().items():
            with self.subTest(builder):
                self.assert_run(self.build(text, env=env | {"DOCKER_CONFIG": str(self.folder / "docker")}), 0, b"private")
                remove_image(image)

    def test_gc_removes_what_a_failed_and_a_stopped_build_leave(self):
        before = self.images()
        done = self.build(f"FROM {SHELL} AS a\nRUN echo MARK >/a\nFROM {SHELL}\nRUN echo MARK >/b\nRUN exit 3\n")
        self.assertEqual(done.returncode, 3, done.stderr)
        (self.folder / "Dockerfile").write_text(f"FROM {SHELL}\nRUN echo {self.mark} >/c\nRUN sleep 100 # {self.mark}\n")
        child = self.start("run", "--dockerfile", str(self.folder / "Dockerfile"), env=self.environment(DOCKER_BUILDKIT="0"))
        self.until(self.running_steps, 30)
        child.terminate()
        self.assertEqual(child.wait(20), 143)
        self.until(lambda: not [each for each in engine.call("GET", "/containers/json?all=1") if self.mark in each["Command"]])
        left = {each: image for each, image in self.images().items() if each not in before}
        self.assertGreaterEqual(len(left), 3)
        self.assertEqual([each for each in left.values() if BUILT not in (each["Labels"] or {})], [])
        time.sleep(1.1)  # the engine's times have seconds
        env = self.environment(**self.configure(gc={"imagesUnusedFor": "1s"}))
        for _ in range(2):  # an image is removed after the images that need it
            self.assertEqual(self.call("gc", env=env).returncode, 0)
        self.assertEqual([each for each in self.images() if each in left], [])

    def test_a_steps_processes_are_bounded(self):
        (self.project / "many.py").write_text(
            "import os, sys, time\n"
            "def limit():\n"
            "    for path in ('/sys/fs/cgroup/pids/pids.max', '/sys/fs/cgroup/pids.max'):\n"
            "        if os.path.exists(path): return open(path).read().strip()\n"
            "count = 0\n"
            "try:\n"
            "    while count < 3000:\n"
            "        if os.fork() == 0: time.sleep(30); os._exit(0)\n"
            "        count += 1\n"
            "except OSError: print('refused after', count, 'of', limit())\n"
            "sys.exit(9)\n")
        done = self.build(f"FROM {PYTHON}\nCOPY many.py /\nRUN python /many.py # MARK\n", "--context", "session/project", env=self.configure(build={"pids": 50}))
        self.assertEqual(done.returncode, 9, done.stderr)
        # The bound is set from outside, so a step can fork before it holds.
        found = re.search(r"refused after (\d+) of 50\n", done.stderr.decode())
        self.assertTrue(found, done.stderr)
        self.measured("forks of a step until its bound was there (48: from its begin)", found[1])

    def test_a_builds_disk_is_bounded(self):
        write = "RUN head -c 30m /dev/zero >/"
        env = self.configure(build={"disk": "50m"})
        for name, text in {"one step": f"{write}a && head -c 30m /dev/zero >/b && sleep 50 # MARK",
                           "several": f"{write}a # MARK\n{write}b # MARK\nRUN sleep 50",
                           "one file": "RUN head -c 60m /dev/zero >/a # MARK"}.items():
            with self.subTest(name):
                begun = time.monotonic()
                done = self.build(f"FROM {SHELL}\n{text}\nCMD true\n", env=env)
                self.assertIn(b"build.disk", done.stderr)
                self.assertNotEqual(done.returncode, 0)
                self.assertLess(time.monotonic() - begun, 30)
        done = self.build(f"FROM {SHELL}\n{write}c # MARK\nRUN rm /c\nCMD true\n", env=env)
        self.assert_run(done, 0)

    def test_a_network_that_is_taken_away_is_noticed(self):
        (self.folder / "Dockerfile").write_text(f"FROM {SHELL}\nRUN sleep 100 # {self.mark}\n")
        child = self.start("run", "--quiet", "--dockerfile", str(self.folder / "Dockerfile"), env=self.environment(DOCKER_BUILDKIT="0"))
        self.until(self.running_steps, 30)
        holder = next(each for each in engine.call("GET", "/containers/json") if any(name.endswith(".network") for name in each["Names"]))
        begun = time.monotonic()
        engine.call("DELETE", f"/containers/{holder['Id']}?force=1")
        _, stderr = child.communicate(timeout=20)
        self.measured("a build whose network was removed ends after", f"{time.monotonic() - begun:.2f} s")
        self.assertEqual(child.returncode, 125, stderr)
        self.assertIn(b"held the build's network", stderr)
        self.until(lambda: not self.running_steps())

    def test_a_long_line_is_whole(self):
        done = self.build(f"FROM {PYTHON}\nRUN python -c \"print('x' * 50000)\"; exit 3 # MARK\n")
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"\n" + b"x" * 50000 + b"\n", done.stderr)
        self.assertRegex(self.build(f"FROM {SHELL}\nFROM {SHELL}\nNONE\n").stderr, b"parse error (on )?line 3")

    def test_an_image_runs_while_the_builder_clears_up_and_has_its_name_in_the_end(self):
        for number in range(8000):
            folder = self.project / f"{number // 100:02d}"
            folder.mkdir(exist_ok=True)
            (folder / str(number)).touch()
        ahead = []
        for attempt in range(3):  # on a busy machine, the builder may be faster
            begun = time.time()
            done = self.build(f"FROM {SHELL}\nCOPY . /many\nCMD [\"echo\", \"MARK {attempt}\"]\n", "--context", "session/project", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            result = json.loads(done.stdout.splitlines()[-1])["result"]
            image = engine.call("GET", f"/images/{result['image']}/json")   # by its name
            # The first container of the image is only there to read the files of /etc.
            runs = [each["at"] for each in container_events(begun, "create") if each["image"] in (image["Id"], result["image"])][:1]
            names = [each["at"] for each in events(begun, "image", "tag") if result["image"] in (each["name"], image["Id"])]
            self.assertEqual((len(runs), len(names)), (1, 1), (runs, names))
            ahead.append(round(names[0] - runs[0], 3))
            if ahead[-1] > 0:
                break
            self.mark = uuid.uuid4().hex
        self.measured("a run began before its image's name was there, s", ahead)
        self.assertGreater(ahead[-1], 0)

    def test_an_engines_fault_is_no_verdict(self):
        """There is no registry: the message is the engine's own, for an image that can't be pulled."""
        done = self.build(f"FROM {SHELL}\nCOPY --from=127.0.0.1:1/none:1 /x /x\n", "--quiet")
        self.assert_refused(done, "127.0.0.1:1/none:1")
