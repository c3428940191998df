"""Connections to the engine that break. The message says that the connection broke, and not that something was removed (R03)."""
import json

from cut_proxy import CutProxy

from dindtest import engine
from dindtest.case import CliCase
from dindtest.program import LIMIT, PYTHON, SHELL

UP = "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)\n"


class Cut(CliCase):
    def setUp(self):
        super().setUp()
        self.proxy = CutProxy()
        self.addCleanup(self.proxy.close)

    def begin(self, *arguments):
        """A run through the proxy, with events as JSON, whose program has begun."""
        child = self.start("run", "--json", *arguments, env=self.environment(DOCKER_HOST=self.proxy.address))
        self.wait_for(child, lambda event: event["event"] == "output")
        return child

    def wait_for(self, child, found):
        for line in child.stdout:
            event = json.loads(line)
            if found(event):
                return event
        self.fail(f"it ended: {child.stderr.read()}")

    def assert_broke(self, child, when):
        error = self.wait_for(child, lambda event: event["event"] in ("error", "finished"))
        self.assertEqual(error["event"], "error", error)
        self.assertEqual(error["error"]["kind"], "engine_unavailable", error)
        message = error["error"]["message"]
        self.assertIn(f"The connection to the engine at {self.proxy.address} broke {when}", message)
        self.assertNotIn("removed", message)
        self.assertEqual(child.wait(LIMIT), 125)

    def test_the_stream_of_a_run(self):
        for isolation in ("runc", "gvisor"):
            for reset in (False, True):
                with self.subTest(isolation=isolation, reset=reset):
                    child = self.begin("--isolation", isolation, self.python(UP))
                    self.assertGreater(self.proxy.cut("/attach", reset), 0)
                    self.assert_broke(child, "while the program ran")

    def test_the_stream_of_a_run_before_it_began(self):
        for reset in (False, True):
            with self.subTest(reset=reset):
                proxy = CutProxy("/attach", reset)
                self.addCleanup(proxy.close)
                child = self.start("run", self.python(UP), env=self.environment(DOCKER_HOST=proxy.address))
                _, errors = child.communicate(timeout=LIMIT)
                self.assertEqual(child.returncode, 125)
                self.assertIn(f"The connection to the engine at {proxy.address} broke before the program began", errors.decode())

    def test_the_stream_of_an_installation(self):
        child = self.start("run", "--json", "--image", PYTHON, "--with", "six==1.16.0", self.python(UP),
                           env=self.environment(DOCKER_HOST=self.proxy.address, DIND_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt"))
        self.wait_for(child, lambda event: event.get("stage") == "dependencies" and event["message"] != "Installing packages")  # its first line
        self.assertGreater(self.proxy.cut("/attach"), 0)
        self.assert_broke(child, "while its packages were installed")

    def test_the_stream_that_holds_a_builds_network(self):
        folder = self.folder / "context"
        folder.mkdir()
        (folder / "Dockerfile").write_text(f"FROM {SHELL}\nRUN echo up; sleep 1000\n")
        child = self.start("run", "--json", "--dockerfile", str(folder / "Dockerfile"), env=self.environment(DOCKER_HOST=self.proxy.address))
        self.wait_for(child, lambda event: "up" in json.dumps(event) and event["event"] != "started")
        self.assertGreater(self.proxy.cut("/attach"), 0)
        self.assert_broke(child, "during the build")

    def test_the_reply_to_a_build(self):
        folder = self.folder / "context"
        folder.mkdir()
        (folder / "Dockerfile").write_text(f"FROM {SHELL}\nRUN echo {self.folder.name}\nRUN true\n")
        for after in (20, 50, 200, 400):
            with self.subTest(after=after):
                proxy = CutProxy("/build?", after=after)
                self.addCleanup(proxy.close)
                child = self.start("run", "--dockerfile", str(folder / "Dockerfile"), env=self.environment(DOCKER_HOST=proxy.address))
                _, errors = child.communicate(timeout=LIMIT)
                self.assertEqual(child.returncode, 125)
                self.assertIn(f"The connection to the engine at {proxy.address} broke while the image was built. Run it again", errors.decode())

    def test_a_reply_that_is_cut_in_its_head(self):
        for after in (20, 50, 100):
            with self.subTest(after=after):
                proxy = CutProxy("/attach", after=after)
                self.addCleanup(proxy.close)
                child = self.start("run", self.python(UP), env=self.environment(DOCKER_HOST=proxy.address))
                _, errors = child.communicate(timeout=LIMIT)
                self.assertEqual(child.returncode, 125)
                self.assertIn(f"The connection to the engine at {proxy.address} broke", errors.decode())

    def test_doctor_does_not_take_it_for_a_missing_image(self):
        proxy = CutProxy("/json", after=20)
        self.addCleanup(proxy.close)
        child = self.start("doctor", env=self.environment(DOCKER_HOST=proxy.address))
        out, _ = child.communicate(timeout=LIMIT)
        self.assertIn(f"The connection to the engine at {proxy.address} broke", out.decode())
        self.assertNotIn("docker pull", out.decode())

    def test_a_removal_is_still_reported_as_a_removal(self):
        child = self.start("run", "--json", self.python(UP))
        self.wait_for(child, lambda event: event["event"] == "output")
        engine.call("DELETE", f"/containers/{self.sandbox_of(child)}?force=1")
        error = self.wait_for(child, lambda event: event["event"] in ("error", "finished"))
        self.assertEqual(error["event"], "error", error)
        self.assertIn("removed while the program ran", error["error"]["message"])
