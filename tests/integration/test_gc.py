"""What `dind-executor gc` removes from a real engine, and what it leaves. Others may use the engine, so the test looks only at its own objects."""
import json
import os
import pathlib
import time

from registry import ask_engine, make_image, remove_image, unique

from dindtest import engine
from dindtest.case import CliCase
from dindtest.engine import CACHE, OWNER, exists, has_containerd_store
from dindtest.program import SHELL

BUILT = "dind-executor.built"


def gone_owner():
    """A process of this boot and PID namespace that does not exist any more: number 1, with another start time."""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    namespace = "".join(filter(str.isdigit, os.readlink("/proc/self/ns/pid")))
    return f"{boot}.{namespace}.1.1"


class Garbage(CliCase):
    def setUp(self):
        super().setUp()
        self.mark = unique()

    def image(self, repository, labels, size=1 << 16):
        name = f"{repository}-{self.mark}:1"
        make_image(name, "x", size, labels)
        self.addCleanup(remove_image, name)
        return name

    def volume(self, name, labels):
        name = f"{name}{self.mark}"
        engine.call("POST", "/volumes/create", {"Name": name, "Labels": labels})
        self.addCleanup(engine.call, "DELETE", f"/volumes/{name}", allow=(404,))
        return name

    def container(self, labels=None, image=SHELL, volume=None):
        mounts = [{"Type": "volume", "Source": volume, "Target": "/v"}] if volume else []
        made = engine.call("POST", "/containers/create", {"Image": image, "Cmd": ["/bin/sleep", "100"], "Labels": labels or {},
                                                     "HostConfig": {"NetworkMode": "none", "Mounts": mounts}})["Id"]
        self.addCleanup(engine.call, "DELETE", f"/containers/{made}?force=1", allow=(404, 409))
        return made

    def network(self, labels):
        name = f"n-{self.mark}-{len(labels)}"
        engine.call("POST", "/networks/create", {"Name": name, "Labels": labels, "CheckDuplicate": True})
        self.addCleanup(engine.call, "DELETE", f"/networks/{name}", allow=(404,))
        return name

    def gc(self, *arguments, unused="7d", most="1t"):
        """The items of this test, by name. The limits are generous unless the test sets them, so no other image is removed."""
        env = self.environment(DIND_CONFIG=self.file("dind.json", json.dumps({"gc": {"imagesUnusedFor": unused, "imagesMaxBytes": most}})))
        done = self.call("gc", "--json", *arguments, env=env)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)

    def names(self, report):
        return {each["name"] for each in report["items"] if self.mark in each["name"]}

    def is_there(self, kind, name):
        return exists(kind, name + ("/json" if kind == "images" else ""))

    def world(self):
        """Objects that must be removed and objects that must stay, as (kind, name)."""
        owner = {OWNER: gone_owner()}
        supervisor = {CACHE: "supervisor"}
        mounted = self.volume("dind-supervisor-mounted", supervisor)
        in_use = self.image("dind-executor/in-use", {BUILT: "1"})
        keeps = [("containers", self.container(volume=mounted, image=in_use)), ("volumes", mounted), ("images", in_use),
                 ("containers", self.container({"owner": gone_owner()})), ("volumes", self.volume("plain", {})),
                 ("volumes", self.volume("dind-supervisor-unlabelled", {})), ("volumes", self.volume("other-name", supervisor)),
                 ("networks", self.network({})), ("images", self.image("dind-executor/unlabelled", {})),
                 ("images", self.image("somebody/inherited", {BUILT: "1"})),
                 ("images", self.image("somebody/supervisor", supervisor)),  # S01: not by the label alone
                 ("containers", self.container({}, image=self.image("somebody/labelled", owner)))]  # S14: its image has the label, the container has not
        goes = [("containers", self.container(owner)), ("volumes", self.volume("orphan", owner)), ("networks", self.network(owner)),
                ("volumes", self.volume("dind-supervisor-old", supervisor)), ("images", self.image("dind-executor/built", {BUILT: "1"}))]
        time.sleep(1.1)  # the engine's times have seconds
        return keeps, goes

    def test_a_dry_run_says_what_would_go_and_changes_nothing(self):
        keeps, goes = self.world()
        report = self.gc("--dry-run", unused="1s")
        self.assertTrue(report["dryRun"])
        # The engine chooses the name of this container.
        self.assertEqual(self.names(report), {name for kind, name in goes if kind != "containers"})
        self.assertTrue(all(not each["removed"] for each in report["items"]))
        time.sleep(0.5)
        for kind, name in keeps + goes:
            self.assertTrue(self.is_there(kind, name), (kind, name))

    def test_only_our_unused_objects_are_removed(self):
        keeps, goes = self.world()
        report = self.gc(unused="1s")
        for kind, name in goes:
            self.until(lambda kind=kind, name=name: not self.is_there(kind, name), 5)
        for kind, name in keeps:
            self.assertTrue(self.is_there(kind, name), (kind, name))
        self.assertEqual(self.names(report), {name for kind, name in goes if kind != "containers"})
        image = next(each for each in report["items"] if each["kind"] == "image" and self.mark in each["name"])
        self.assertEqual((image["removed"], image["error"]), (True, ""))
        self.assertGreater(image["bytes"], 1 << 16)
        self.assertGreaterEqual(report["freedBytes"], image["bytes"])
        self.assertEqual(self.names(self.gc(unused="1s")), set())

    def test_young_images_stay_and_those_beyond_the_budget_go_oldest_first(self):
        old = self.image("dind-executor/a-old", {BUILT: "1"}, 1 << 20)
        time.sleep(1.1)
        young = self.image("dind-executor/b-young", {BUILT: "1"}, 1 << 20)
        self.assertEqual(self.names(self.gc("--dry-run")), set())
        sizes = [each["Size"] for each in engine.call("GET", "/images/json?filters=%7B%22label%22%3A%5B%22" + BUILT + "%22%5D%7D")]
        report = self.gc("--dry-run", most=sum(sizes) - 1)
        reasons = {each["name"]: each["reason"] for each in report["items"] if self.mark in each["name"]}
        self.assertEqual(reasons, {old: "beyond the images' disk budget"})
        self.assertEqual(self.names(self.gc("--dry-run", most=1)), {old, young})

    def test_an_image_with_a_name_of_the_users_stays(self):
        name = self.image("dind-executor/built", {BUILT: "1"})
        other = f"mine/{self.mark}"
        ask_engine("POST", f"/images/{name}/tag?repo={other}&tag=keep")
        self.addCleanup(remove_image, f"{other}:keep")
        time.sleep(1.1)
        self.assertEqual(self.names(self.gc(unused="1s")), set())
        self.assertTrue(self.is_there("images", name))

    def test_a_run_makes_an_image_used_again(self):
        name = self.image("dind-executor/built", {BUILT: "1"})
        before = engine.call("GET", f"/images/{name}/json")["Metadata"]["LastTagTime"]
        self.assert_run(self.call("run", "--quiet", "--image", name, "--", "cat", "/says"), 0, b"x")
        # It was tagged less than a day ago: nothing is recorded.
        self.assertEqual(engine.call("GET", f"/images/{name}/json")["Metadata"]["LastTagTime"], before)
        ask_engine("POST", f"/images/{name}/tag?repo={name.split(':')[0]}&tag=1")
        if not has_containerd_store():  # there a tag of its own records it
            self.assertNotEqual(engine.call("GET", f"/images/{name}/json")["Metadata"]["LastTagTime"], before)  # the record relies on this

    def test_people_get_lines(self):
        volume = self.volume("dind-supervisor-lines", {CACHE: "supervisor"})
        done = self.call("gc", "--dry-run")
        self.assert_run(done, 0)
        self.assertRegex(done.stdout.decode(), rf"(?m)^would go  volume     {volume}  the supervisor of another version, not in use$")
        self.assertRegex(done.stdout.decode().splitlines()[-1], r"^\d+ things? would be removed")

    def test_an_engine_that_is_not_there_is_one_line(self):
        self.assert_refused(self.call("gc", "--host", f"unix://{self.folder}/none.sock"), "The engine at")
