"""S01, R05: images that try to replace the supervisor with their own program, or to move the mounts of a sandbox. The program that must not run prints `PWNED`."""
import io
import json
import tarfile
import time
import urllib.parse
import uuid

from hostile_case import HostileTest

from dindtest import engine
from dindtest.engine import CACHE, container_events, events
from dindtest.program import LIMIT, SHELL

EVIL = b"#!/bin/sh\necho PWNED\necho PWNED >&2\nsleep 3\n"


class Images(HostileTest):
    def image(self, entries, config=None):
        """The shell's image with more files: path → target of a link, bytes of a file, or None for a folder."""
        name = f"dind-test-hostile:{uuid.uuid4().hex[:12]}"
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            for path, what in entries.items():
                entry = tarfile.TarInfo(path.lstrip("/"))
                entry.mode = 0o755
                if what is None:
                    entry.type = tarfile.DIRTYPE
                elif isinstance(what, str):
                    entry.type, entry.linkname = tarfile.SYMTYPE, what
                else:
                    entry.size = len(what)
                archive.addfile(entry, io.BytesIO(what) if isinstance(what, bytes) else None)
        made = engine.call("POST", "/containers/create", {"Image": SHELL, "Cmd": ["true"]})["Id"]
        try:
            engine.call("PUT", f"/containers/{made}/archive?path=/", tar=tar.getvalue())
            repo, tag = name.split(":")
            engine.call("POST", f"/commit?container={made}&repo={repo}&tag={tag}", config or {})
        finally:
            engine.call("DELETE", f"/containers/{made}?force=1")
        self.addCleanup(engine.call, "DELETE", f"/images/{name}?force=1", allow=(404,))
        return name

    def built(self, dockerfile):
        """An image made by the engine's builder, which can replace a folder by a link; an archive can't."""
        name = f"dind-test-hostile:{uuid.uuid4().hex[:12]}"
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            text = dockerfile.encode()
            entry = tarfile.TarInfo("Dockerfile")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
        engine.call("POST", f"/build?t={name}&networkmode=none&rm=1", tar=tar.getvalue())
        self.addCleanup(engine.call, "DELETE", f"/images/{name}?force=1", allow=(404,))
        return name

    def refused(self, image, *parts, arguments=(), **more):
        done = self.call("run", *arguments, "--image", image, "--", "echo", "ran", **more)
        said = done.stdout + done.stderr
        self.assertNotIn(b"PWNED", said)
        self.assertNotIn(b"ran", done.stdout)
        self.assert_refused(done, image, *parts)

    def test_no_link_leads_to_another_supervisor(self):
        for target in ("/evil", "/proc/self/cwd/evil", "proc/self/cwd/evil", "/sandbox", "/tmp", "/dev/shm", "/nowhere", "/workspaces/evil"):
            with self.subTest(target):
                image = self.image({"/evil": None, "/evil/supervisor": EVIL, "/.dind": target}, {"WorkingDir": "/"})
                self.refused(image, "its /.dind is a link to")
                self.refused(image, "its /.dind is a link to", arguments=("--network", "internet"))

    def test_it_is_refused_each_time_and_the_volume_is_not_touched(self):
        """After a start that fails, the volume is checked. Such an image must not cause it to be filled again."""
        self.assert_run(self.call("run", "--quiet", self.python("print('ran')")), 0, b"ran\n")
        image = self.image({"/evil": None, "/evil/supervisor": EVIL, "/.dind": "/evil"})
        for carriers in (2, 0):  # the first run reads the image's files of /etc and fills their volume
            begun = time.time()
            self.refused(image, "its /.dind is a link to")
            self.assertEqual(len([each for each in container_events(begun, "create") if each["name"].startswith("dind-carrier-")]), carriers)

    def test_a_mount_point_that_is_not_a_folder_is_reported(self):
        self.refused(self.image({"/.dind": EVIL}), "its /.dind is not a folder", "a folder there, or nothing")
        self.refused(self.image({"/sandbox": EVIL}), "its /sandbox is not a folder")
        self.refused(self.image({"/sandbox": "/etc"}), "its /sandbox is a link to /etc")
        self.refused(self.built(f"FROM {SHELL}\nRUN rm -rf /tmp && ln -s /.dind /tmp\n"), "its /tmp is a link to")

    def test_with_the_workspace_nothing_is_made_in_it(self):
        workspace = self.folder / "workspace"
        workspace.mkdir()
        (workspace / "mine").write_text("")
        for entries in ({"/.dind": "/workspaces/new"}, {"/sandbox": "/workspaces/new"}, {"/workspaces": "/.dind"}, {"/workspaces": "/etc"}):
            with self.subTest(str(entries)):
                self.refused(self.image(entries), "is a link to", arguments=("--workspace", str(workspace), "--mount-workspace", "rw"))
                self.assertEqual([each.name for each in workspace.iterdir()], ["mine"])

    def test_a_volume_of_an_image_does_not_lead_to_our_mounts(self):
        for link in ("/.dind", "/workspaces", "/dependencies/site", "/proc/1"):
            with self.subTest(link):
                self.refused(self.image({"/data": link}, {"Volumes": {"/data": {}}}), "its VOLUME /data leads to " + link)
        self.refused(self.image({"/a": "b", "/b": "/.dind"}, {"Volumes": {"/a/supervisor": {}}}), "its VOLUME /a/supervisor leads to /.dind/supervisor")
        self.refused(self.image({"/x": None}, {"Volumes": {"/.dind/supervisor": {}}}), "its VOLUME /.dind/supervisor is a path that the sandbox itself uses")

    def test_an_image_with_links_elsewhere_runs(self):
        image = self.image({"/real": None, "/data": "/real", "/var/spool": "/tmp", "/.dind": None, "/sandbox": None, "/workspaces": None},
                           {"Volumes": {"/data": {}, "/data/more": {}, "/var/run/x": {}}, "WorkingDir": "/data"})
        done = self.call("run", "--quiet", "--image", image, "--", "sh", "-c", "grep -c '^tmpfs /real tmpfs' /proc/mounts; pwd -P")
        self.assert_run(done, 0, b"1\n/real\n")

    def test_a_working_directory_that_can_not_be_is_named(self):
        for path, word in (("/etc/passwd", "is not a folder"), ("/etc/passwd/below", "is not a folder"), ("/proc/self/fd/7/", "is in /proc"),
                           ("/dev/fd/8", "is in /dev"), ("/app/../proc/self/fd/8", "has .. in it")):
            with self.subTest(path):
                self.refused(self.image({"/x": None}, {"WorkingDir": path}), "its WORKDIR", word, "-w")
        self.refused(self.image({"/way": "/proc/self/fd"}, {"WorkingDir": "/way/8"}), "its WORKDIR", "-w")
        image = self.image({"/x": None}, {"WorkingDir": "/etc/passwd"})
        self.assert_run(self.call("run", "--quiet", "--image", image, "-w", "/x", "--", "pwd"), 0, b"/x\n")

    def test_a_working_directory_that_is_not_there_is_made_as_ever(self):
        self.assert_run(self.call("run", "--quiet", "--image", self.image({"/x": None}, {"WorkingDir": "/srv/new/app"}), "--", "pwd"), 0, b"/srv/new/app\n")


class OwnImage(HostileTest):
    """Containers that serve dind-executor itself run from an image that holds only the supervisor."""

    def supervisor_images(self):
        filters = urllib.parse.quote(json.dumps({"label": [CACHE + "=supervisor"]}))
        return engine.call("GET", f"/images/json?filters={filters}")

    def remove_them(self):
        for each in self.supervisor_images():
            engine.call("DELETE", f"/images/{each['Id']}?force=1", allow=(404, 409))

    def test_the_filter_runs_from_it_with_any_image_of_the_run(self):
        begun = time.time()
        self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python("print('ran')")), 0, b"ran\n")
        filters = [each for each in container_events(begun, "create") if each["name"].endswith(".egress-filter")]
        self.assertTrue(filters)
        ours = {each["Id"] for each in self.supervisor_images()}
        self.assertEqual({each["image"] for each in filters} - ours, set())

    def test_it_holds_one_file_and_comes_from_no_registry(self):
        self.remove_them()
        begun = time.time()
        self.assert_run(self.call("run", "--quiet", "--pull", "never", "--network", "internet", self.python("print('ran')")), 0, b"ran\n")
        names = [tag for each in self.supervisor_images() for tag in each["RepoTags"] or []]
        self.assertEqual(len(names), 1, names)
        self.assertRegex(names[0], "^dind-executor/supervisor:[0-9a-f]{32}$")
        made = engine.call("POST", "/containers/create", {"Image": names[0], "HostConfig": {"NetworkMode": "none"}})["Id"]
        try:
            with tarfile.open(fileobj=io.BytesIO(engine.call("GET", f"/containers/{made}/export"))) as files:
                held = {each.name: each.size for each in files if each.isfile() and each.size}
        finally:
            engine.call("DELETE", f"/containers/{made}?force=1")
        self.assertEqual(list(held), ["supervisor"])
        self.assertLess(held["supervisor"], 1 << 20)
        self.assertEqual(events(begun, "image", "pull"), [])

    def test_another_image_by_its_name_is_not_taken_for_it(self):
        self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python("print('ran')")), 0, b"ran\n")
        name = next(tag for each in self.supervisor_images() for tag in each["RepoTags"] or [])
        repo, tag = name.split(":")
        self.remove_them()
        engine.call("POST", f"/images/{SHELL}/tag?repo={repo}&tag={tag}")
        other = engine.call("GET", f"/images/{SHELL}/json")["Id"]
        begun = time.time()
        self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python("print('ran')")), 0, b"ran\n")
        self.assertNotEqual(engine.call("GET", f"/images/{name}/json")["Id"], other)
        self.assertNotIn(other, {each["image"] for each in container_events(begun, "create") if each["name"].endswith(".egress-filter")})

    def test_one_that_was_removed_is_there_again(self):
        path = self.python("print('ran')")
        for _ in range(2):
            self.remove_them()
            children = [self.start("run", "--quiet", "--network", "internet", path) for _ in range(3)]
            for child in children:
                out, errors = child.communicate(timeout=LIMIT)
                self.assertEqual((out, child.returncode), (b"ran\n", 0), errors)
        self.assertTrue(self.supervisor_images())

    def test_garbage_collection_keeps_it(self):
        self.assert_run(self.call("run", "--quiet", "--network", "internet", self.python("print('ran')")), 0, b"ran\n")
        before = [each["Id"] for each in self.supervisor_images()]
        self.assertIn(self.call("gc").returncode, (0, 1))  # 1: objects that others use could not be removed
        self.assertEqual([each["Id"] for each in self.supervisor_images()], before)
