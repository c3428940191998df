"""Dockerfiles: built within bounds, run like any image, and their builder's words where a step fails."""
import json
import time
import uuid

from case import PYTHON, SHELL, SandboxTest, engine


class Builds(SandboxTest):
    def setUp(self):
        super().setUp()
        self.mark = uuid.uuid4().hex  # in each Dockerfile: nothing is taken from a cache
        self.project = self.folder / "workspace/session/project"
        self.project.mkdir(parents=True)
        self.addCleanup(self.remove_images)

    def remove_images(self):
        filters = json.dumps({"label": ["dind-executor.built=build"]})
        for each in engine("GET", "/images/json?filters=" + filters.replace('"', "%22").replace(" ", "")):
            engine("DELETE", f"/images/{each['Id']}?force=1", fine=(404, 409))

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
        self.assertEqual(done.stdout, b"65534\ntmpfs\nCapEff:\t0000000000000000\n", done.stderr)

    def test_a_step_that_fails_is_the_builders_word_and_the_steps_exit_code(self):
        done = self.build(f"FROM {SHELL}\nRUN echo MARK; echo wrong >&2; exit 7\n")
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn(b"wrong\n", done.stderr)
        self.assertIn(b"the image could not be built", done.stderr)
        done = self.build(f"FROM {SHELL}\nRUN echo MARK; echo wrong >&2; exit 7\n", env={"DOCKER_BUILDKIT": "1"})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"wrong\n", done.stderr)
        self.assertIn(b"exit code: 7", done.stderr)

    def test_a_dockerfile_that_is_none(self):
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
        return [each for each in engine("GET", "/containers/json") if "sleep 100" in each["Command"]]

    def test_a_stop_in_the_middle_of_a_step(self):
        (self.folder / "Dockerfile").write_text(f"FROM {SHELL}\nRUN sleep 100 # {self.mark}\n")
        child = self.start("run", "--dockerfile", str(self.folder / "Dockerfile"), env=self.environment(DOCKER_BUILDKIT="0"))
        self.until(self.running_steps, 30)
        child.terminate()
        self.assertEqual(child.wait(20), 143)
        self.measured("the step is gone after a stop", f"{self.until(lambda: not self.running_steps()):.2f} s")

    def test_what_leads_out_of_the_workspace_is_no_context(self):
        (self.folder / "workspace/link").symlink_to("/etc")
        for path in ("..", "link", "/etc", "session/../../x"):
            with self.subTest(path):
                self.assert_refused(self.build(f"FROM {SHELL}\n", "--quiet", "--context", path), "workspace")

    def test_an_image_that_is_nowhere(self):
        done = self.build("FROM localhost:1/none:1\n", "--quiet")
        self.assert_refused(done, "localhost:1/none:1")
