"""What is on the engine besides the container of a run: untrusted images, the volume with the supervisor, what dead instances left."""
import io
import json
import os
import signal
import tarfile
import time
import urllib.parse
import uuid

from dindtest import engine
from dindtest.case import CliCase
from dindtest.engine import CACHE, DEADLINE, OWNER, exists
from dindtest.program import LIMIT, PYTHON, SHELL

UP = "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)\n"


class Images(CliCase):
    def image(self, config):
        """The shell's image with this configuration. It is removed after the test."""
        name = f"dind-test-{uuid.uuid4().hex[:12]}:1"
        made = engine.call("POST", "/containers/create", {"Image": SHELL, "Cmd": ["true"]})["Id"]
        try:
            repo, tag = name.split(":")
            engine.call("POST", f"/commit?container={made}&repo={repo}&tag={tag}", config)
        finally:
            engine.call("DELETE", f"/containers/{made}?force=1")
        self.addCleanup(engine.call, "DELETE", f"/images/{name}?force=1", allow=(404,))
        return name

    def test_entrypoint_user_healthcheck_and_volumes_of_an_image_count_for_nothing(self):
        name = self.image({"Entrypoint": ["/bin/sh", "-c", "echo entrypoint; exit 1"], "Cmd": ["more"], "User": "0",
                           "Volumes": {"/data": {}, "/var/odd//path/": {}, "/tmp/": {}}, "WorkingDir": "/usr",
                           "Healthcheck": {"Test": ["CMD-SHELL", "touch /tmp/healthcheck"], "Interval": 1_000_000_000},
                           "StopSignal": "SIGUSR1", "ExposedPorts": {"80/tcp": {}}, "Labels": {OWNER: "the image's", DEADLINE: "1"}})
        script = ("pwd; id -u; touch /data/x /var/odd/path/y && echo writable; cat /proc/mounts; sleep 1.5; ls /tmp;"
                  "head -c 100000000 /dev/zero >/data/big || echo full")
        before = {each["Name"] for each in engine.call("GET", "/volumes")["Volumes"] or []}
        child = self.start("run", "--quiet", "--image", name, "--", "sh", "-c", script)
        first = child.stdout.readline()
        mounts = engine.call("GET", f"/containers/{self.sandbox_of(child)}/json")["Mounts"]
        self.assertIn("/data", [each["Destination"] for each in mounts])
        lines = (first + child.stdout.read()).decode().splitlines()  # communicate() would lose what readline() has read ahead
        child.wait(LIMIT)
        self.assertEqual((lines[0], int(lines[1]) >= 2_000_000_000, lines[2]), ("/usr", True, "writable"), lines)
        for path in ("/data", "/var/odd/path", "/tmp"):
            self.assertTrue([line for line in lines if line.startswith(f"tmpfs {path} tmpfs rw")], (path, lines))
        self.assertEqual(lines[-1], "full")  # of its 64 MiB
        self.assertNotIn("healthcheck", lines)
        self.assertNotIn("entrypoint", lines)
        self.assertEqual([each["Name"] for each in mounts if each["Type"] == "volume" and not each["Name"].startswith("dind-supervisor-")], [])
        for volume in engine.call("GET", "/volumes")["Volumes"] or []:
            if volume["Name"] not in before:
                self.assertTrue(volume["Name"].startswith("dind-") or (volume.get("Labels") or {}), volume)

    def test_an_image_with_volumes_has_a_filtered_network_too(self):
        name = self.image({"Volumes": {"/data": {}, "/var/odd//path/": {}}})
        done = self.call("run", "--quiet", "--network", "internet", "--image", name, "--", "sh", "-c", "echo there; touch /data/x && echo writable")
        self.assert_run(done, 0, b"there\nwritable\n")

    def test_a_volume_over_a_file_is_refused_in_one_line(self):   # R05
        workspace = self.folder / "workspace"
        workspace.mkdir()
        for volume, said in (("/etc/passwd", " is not a folder"), ("/etc/passwd/x", " is below /etc/passwd, which is not a folder"), ("/bin/sh", " leads to /usr/bin/dash, which is not a folder")):
            name = self.image({"Volumes": {volume: {}}})
            for more in ((), ("--workspace", str(workspace))):
                with self.subTest(volume=volume, more=more):
                    done = self.call("run", "--quiet", "--pull", "never", *more, "--image", name, "--", "true")
                    self.assert_refused(done, f"The image {name} can't be used: its VOLUME {volume}{said}. Remove the VOLUME from the image")

    def test_the_environment_of_an_image_is_the_programs_and_not_the_supervisors(self):
        name = self.image({"Env": ["PATH=/usr/bin:/bin", "LD_PRELOAD=/nonexistent.so", "LD_LIBRARY_PATH=/sandbox", "OWN=1"], "Entrypoint": ["false"]})
        done = self.call("run", "--quiet", "--image", name, "--", "sh", "-c", "echo $OWN $LD_LIBRARY_PATH")
        self.assert_run(done, 0, b"1 /sandbox\n")

    def test_an_image_that_covers_the_supervisors_place_runs_all_the_same(self):
        name = self.image({"Volumes": {"/.dind": {}, "/sandbox/": {}}})
        self.assert_run(self.call("run", "--quiet", "--image", name, "--", "echo", "ran"), 0, b"ran\n")

    def test_an_image_that_is_nowhere_is_refused_with_its_name(self):
        done = self.call("run", "--image", "localhost:1/no-such-image:7", "--", "true")
        self.assert_run(done, 125, b"")
        *progress, said = done.stderr.decode().splitlines()
        self.assertEqual(progress, ["Pulling localhost:1/no-such-image:7"])
        self.assertRegex(said, "could not pull the image localhost:1/no-such-image:7: .*docker load")


class SupervisorVolume(CliCase):
    def volume(self):
        child = self.start("run", "--quiet", self.python(UP))
        # The engine lists a container before it can be found by its id.
        self.assertEqual(child.stdout.readline(), b"up\n")
        mounts = engine.call("GET", f"/containers/{self.sandbox_of(child)}/json")["HostConfig"]["Mounts"]
        child.send_signal(signal.SIGTERM)
        child.wait(LIMIT)
        return next(each["Source"] for each in mounts if each["Target"] == "/.dind")

    def remove(self, volume):
        # Other runs may use it at this moment: then the engine refuses, and the test asks again.
        self.until(lambda: engine.call("DELETE", f"/volumes/{volume}", allow=(404, 409)) is None or not exists("volumes", volume), 20)

    def assert_runs_with_stdin(self):
        path = self.python("import sys\nprint(len(sys.stdin.read()))\n")
        self.assert_run(self.call("run", "--quiet", path, input=b"x" * 400_000), 0, b"400000\n")

    def put(self, volume, files):
        """Fills a new volume of that name with these files."""
        engine.call("POST", "/volumes/create", {"Name": volume, "Labels": {CACHE: "supervisor"}})
        body = {"Image": SHELL, "Cmd": ["true"], "HostConfig": {"Mounts": [{"Type": "volume", "Source": volume, "Target": "/.dind"}]}}
        carrier = engine.call("POST", "/containers/create", body)["Id"]
        try:
            tar = io.BytesIO()
            with tarfile.open(fileobj=tar, mode="w") as archive:
                for name, (mode, data) in files.items():
                    entry = tarfile.TarInfo(name)
                    entry.mode, entry.size = mode, len(data)
                    archive.addfile(entry, io.BytesIO(data))
            engine.call("PUT", f"/containers/{carrier}/archive?path=/.dind", tar=tar.getvalue())
        finally:
            engine.call("DELETE", f"/containers/{carrier}?force=1")

    def test_a_volume_that_was_deleted_is_made_again(self):
        volume = self.volume()
        self.remove(volume)
        self.assert_runs_with_stdin()
        self.assertTrue(exists("volumes", volume))

    def test_a_volume_whose_filling_broke_off_is_repaired_and_no_input_is_lost(self):
        volume = self.volume()
        for what, files in (("nothing in it", {}), ("an empty file", {"supervisor": (0o555, b"")}),
                            ("half of it", {"supervisor": (0o555, b"\x7fELF\x02\x01\x01" + bytes(500))}),
                            ("not executable", {"supervisor": (0o444, b"\x7fELF")})):
            with self.subTest(what):
                self.remove(volume)
                self.put(volume, files)
                self.assert_runs_with_stdin()
                self.assert_runs_with_stdin()  # without another repair

    def test_two_that_find_no_volume_at_the_same_time_both_run(self):
        self.remove(self.volume())
        path = self.python("print('ran')")
        children = [self.start("run", "--quiet", path) for _ in range(4)]
        for child in children:
            self.assertEqual(child.communicate(timeout=LIMIT)[0], b"ran\n")
            self.assertEqual(child.returncode, 0)


class Reaper(CliCase):
    def gone_owner(self):
        """A process of this boot and PID namespace that does not exist any more: number 1, with another start time."""
        boot = open("/proc/sys/kernel/random/boot_id").read().strip()
        namespace = "".join(filter(str.isdigit, os.readlink("/proc/self/ns/pid")))
        return f"{boot}.{namespace}.1.1"

    def container(self, labels, start=False):
        made = engine.call("POST", "/containers/create", {"Image": SHELL, "Cmd": ["sleep", "100"], "Labels": labels,
                                                     "HostConfig": {"NetworkMode": "none"}})["Id"]
        self.addCleanup(engine.call, "DELETE", f"/containers/{made}?force=1", allow=(404, 409))
        if start:
            engine.call("POST", f"/containers/{made}/start")
        return made

    def sweep(self):
        """A program that lives long enough for one pass of the reaper."""
        self.start("run", "--quiet", self.python(UP))

    def test_what_the_dead_left_is_removed_and_nothing_else(self):
        owner, now = self.gone_owner(), int(time.time())
        elsewhere = "0000-another-boot.1.2.3"
        dead = {"created": self.container({OWNER: owner}), "running": self.container({OWNER: owner}, start=True),
                "paused": self.container({OWNER: owner}, start=True), "overdue": self.container({OWNER: elsewhere, DEADLINE: str(now - 10)}, start=True)}
        engine.call("POST", f"/containers/{dead['paused']}/pause")
        alive = {"without a label": self.container({}, start=True), "with somebody's label": self.container({"owner": owner}),
                 "another machine's": self.container({OWNER: elsewhere, DEADLINE: str(now + 600)}, start=True),
                 "past a deadline but nobody's": self.container({DEADLINE: "1"})}
        mark = uuid.uuid4().hex[:12]
        for name, labels in ((f"dead-{mark}", {OWNER: owner}), (f"alive-{mark}", {})):
            engine.call("POST", "/volumes/create", {"Name": name, "Labels": labels})
            engine.call("POST", "/networks/create", {"Name": name, "Labels": labels, "CheckDuplicate": True})
            for kind in ("volumes", "networks"):
                self.addCleanup(engine.call, "DELETE", f"/{kind}/{name}", allow=(404,))
        self.sweep()
        for what, made in dead.items():
            with self.subTest(what):
                self.measured(f"reaper: {what}, gone after s", round(self.until(lambda made=made: not exists("containers", made), 10), 2))
        self.until(lambda: not exists("volumes", f"dead-{mark}") and not exists("networks", f"dead-{mark}"), 10)
        for what, made in alive.items():
            self.assertTrue(exists("containers", made), what)
        self.assertTrue(exists("volumes", f"alive-{mark}"))
        self.assertTrue(exists("networks", f"alive-{mark}"))

    def labelled_image(self, labels):
        """An image of another person. Its containers inherit its labels."""
        name = f"dind-test-labelled:{uuid.uuid4().hex[:12]}"
        made = engine.call("POST", "/containers/create", {"Image": SHELL, "Cmd": ["true"]})["Id"]
        repo, tag = name.split(":")
        engine.call("POST", f"/commit?container={made}&repo={repo}&tag={tag}", {"Labels": labels})
        engine.call("DELETE", f"/containers/{made}?force=1")
        self.addCleanup(engine.call, "DELETE", f"/images/{name}?force=1", allow=(404,))
        return name

    def test_labels_of_an_image_do_not_make_a_container_ours(self):
        """S14: with any value, and with any name of the container."""
        others = []
        for labels in ({OWNER: "x", DEADLINE: "1"}, {OWNER: self.gone_owner()}, {OWNER: "", DEADLINE: "1", "dind-executor.run": "r"}):
            image = self.labelled_image(labels)
            for name in (f"other-{uuid.uuid4().hex[:8]}", f"dind-{uuid.uuid4().hex[:8]}"):
                made = engine.call("POST", f"/containers/create?name={name}", {"Image": image, "Cmd": ["sleep", "100"], "HostConfig": {"NetworkMode": "none"}})["Id"]
                self.addCleanup(engine.call, "DELETE", f"/containers/{made}?force=1", allow=(404, 409))
                engine.call("POST", f"/containers/{made}/start")
                others.append(made)
        mine = self.container({OWNER: self.gone_owner()}, start=True)
        # A container that dind-executor created counts, whatever its image says.
        body = {"Image": self.labelled_image({OWNER: "x", DEADLINE: "1"}), "Cmd": ["true"], "Labels": {OWNER: self.gone_owner()}}
        mine_of_such_an_image = engine.call("POST", "/containers/create", body)["Id"]
        self.sweep()
        for made in (mine, mine_of_such_an_image):
            self.until(lambda made=made: not exists("containers", made), 10)  # by then the pass has seen them all
        time.sleep(0.5)
        for made in others:
            self.assertTrue(exists("containers", made))

    def test_a_live_instance_keeps_its_own(self):
        child = self.start("run", "--quiet", self.python(UP))
        container = self.sandbox_of(child)
        self.assertEqual(child.stdout.readline(), b"up\n")
        self.assert_run(self.call("run", "--quiet", "--image", PYTHON, "--", "sleep", "1"), 0)
        self.assertTrue(exists("containers", container))

    def test_the_engine_keeps_no_log_of_what_programs_print(self):
        child = self.start("run", "--quiet", self.python("print('secret', flush=True)\n" + UP))
        container = self.sandbox_of(child)
        self.assertEqual(child.stdout.readline(), b"secret\n")
        filters = urllib.parse.quote(json.dumps({"id": [container]}))
        self.assertEqual(len(engine.call("GET", f"/containers/json?filters={filters}")), 1)
        reply = engine.call("GET", f"/containers/{container}/logs?stdout=1&stderr=1", allow=(400, 500, 501))
        self.assertNotIn("secret", str(reply))
