"""The context of a build is sent while its network is made, and no step starts before the network exists (real builder)."""
import os
import threading
import time
import uuid

from registry import Relay

from dindtest.case import CliCase
from dindtest.engine import container_events, remove_built_images
from dindtest.program import SHELL

MEBIBYTE = 1 << 20


class Holding(Relay):
    """Holds the request that makes the network of a build, until it is released."""

    def __init__(self, *arguments, **more):
        self.asked = threading.Event()
        self.lost = False
        self.sent = 0
        super().__init__(*arguments, **more)

    def before(self, data):
        self.sent += len(data)
        if b"/containers/create?name=" in data and b".network " in data:
            self.asked.set()
            self.go_on.wait(60)
            if self.lost:
                raise OSError("the request is lost")


class Upload(CliCase):
    def setUp(self):
        super().setUp()
        self.project = self.folder / "workspace/project"
        self.project.mkdir(parents=True)
        (self.project / "large").write_bytes(os.urandom(4 * MEBIBYTE))
        self.mark = uuid.uuid4().hex
        self.dockerfile = self.file("Dockerfile", f"FROM {SHELL}\nCOPY large /large\nRUN echo {self.mark} && wc -c </large\nCMD [\"wc\", \"-c\", \"/large\"]\n")
        self.addCleanup(remove_built_images)
        path = str(self.folder / "engine.sock")
        self.relay = Holding(os.environ["DOCKER_HOST"].removeprefix("unix://"), unix=path)
        self.addCleanup(self.relay.close)
        environment = self.environment(DIND_WORKSPACE=str(self.folder / "workspace"), DOCKER_BUILDKIT="0")
        self.child = self.start("run", "--host", f"unix://{path}", "--no-handover", "--dockerfile", str(self.dockerfile), "--context", "project", env=environment)
        self.assertTrue(self.relay.asked.wait(30), "no network was asked for")
        self.until(lambda: self.relay.sent > 4 * MEBIBYTE)

    def made_since(self, begun):
        """Names of the containers that the engine made since then."""
        return [each["name"] for each in container_events(begun, "create")]

    def test_no_step_begins_before_the_network_is_there(self):
        begun = time.time()
        while time.time() < begun + 1.5:
            self.assertEqual(self.made_since(begun), [])
            time.sleep(0.1)
        self.relay.go_on.set()
        out, err = self.child.communicate(timeout=60)
        self.assertEqual((self.child.returncode, out), (0, f"{4 * MEBIBYTE} /large\n".encode()), err)
        self.assertIn(b"Step 3/4 : RUN", err)

    def test_a_stop_meanwhile_leaves_the_engine_with_nothing_to_build(self):
        begun = time.time()
        self.child.terminate()
        line = next(each for each in self.child.stderr if b"cancelled" in each)
        self.assertIn(b"The run was cancelled while its image was built", line)
        self.relay.lost = True
        self.relay.go_on.set()
        self.child.communicate(timeout=20)
        self.assertEqual(self.child.returncode, 143)
        while time.time() < begun + 1.5:
            self.assertEqual([each for each in self.made_since(begun) if not each.startswith("dind-")], [])
            time.sleep(0.1)
