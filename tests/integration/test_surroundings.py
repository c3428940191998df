"""What a program finds in its sandbox: names of hosts and users, a user of its own, the content of the image's volumes."""
import contextlib
import os
import subprocess
import time

from dindtest import engine
from dindtest.alone import alone
from dindtest.case import CliCase
from dindtest.engine import remove_built_images
from dindtest.program import PYTHON, SHELL

NODE = "dind-executor/runtime-node:bookworm"

LOCALHOST_PYTHON = """
import asyncio, http.client, http.server, multiprocessing.managers, socket, threading
assert socket.gethostbyname("localhost") == "127.0.0.1"
assert socket.gethostbyname(socket.gethostname()) == "127.0.0.1"
assert {each[4][0] for each in socket.getaddrinfo("localhost", 80)} == {"127.0.0.1"}
server = http.server.HTTPServer(("localhost", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = http.client.HTTPConnection("localhost", server.server_port)
client.request("HEAD", "/")
assert client.getresponse().status == 200
async def main():
    async with await asyncio.start_server(lambda r, w: w.close(), "localhost", 0) as server:
        reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
        assert await reader.read() == b""
        writer.close()
asyncio.run(main())
with multiprocessing.managers.BaseManager(("localhost", 0)) as manager:
    assert manager.address[1] > 0
print("fine")
"""
LOCALHOST_NODE = """
const http = require("http");
const server = http.createServer((_, reply) => reply.end("fine\\n")).listen(0, "localhost", async () => {
  console.log((await (await fetch(`http://localhost:${server.address().port}`)).text()).trim());
  server.close();
});
"""
WHO = 'id -un && whoami && id -gn && python3 -c "import getpass, grp, os, pwd; print(getpass.getuser(), pwd.getpwnam(pwd.getpwuid(os.getuid())[0]).pw_uid == os.getuid(), grp.getgrgid(os.getgid())[0])" && echo $USER $LOGNAME && id -u'


class Surroundings(CliCase):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.workspace = self.folder / "workspace"
        self.workspace.mkdir()

    def own(self, uid, gid=None):
        for path in (self.workspace, *self.workspace.rglob("*")):
            os.lchown(path, uid, uid if gid is None else gid)

    def in_workspace(self, *arguments, **more):
        return self.call("run", "--quiet", "--mount-workspace", "rw", "--image", PYTHON, *arguments,
                         env=self.environment(DIND_WORKSPACE=str(self.workspace)), **more)

    def ways(self):
        self.own(4321)
        yield "alone", lambda name: self.call("run", "--quiet", name)
        yield "under gVisor", lambda name: self.call("run", "--quiet", "--isolation", "gvisor", name)
        yield "with a network", lambda name: self.call("run", "--quiet", "--network", "internet", name)

    def test_p01_localhost_and_the_own_name_in_python(self):
        name = self.python(LOCALHOST_PYTHON)
        for way, run in self.ways():
            with self.subTest(way):
                self.assert_run(run(name), 0, b"fine\n")
        with self.subTest("with a workspace"):
            self.assert_run(self.in_workspace("--", "python3", "-c", LOCALHOST_PYTHON), 0, b"fine\n")

    def test_p01_localhost_in_node_and_in_a_shell(self):
        name = self.file("local.js", LOCALHOST_NODE)
        for way, run in self.ways():
            if way != "under gVisor":  # Node takes seconds there
                with self.subTest(way):
                    self.assert_run(run(name), 0, b"fine\n")
        done = self.call("run", "--quiet", "--image", SHELL, "--", "sh", "-c", "hostname -f && getent hosts localhost sandbox; cat /etc/hosts; echo x >>/etc/hosts")
        self.assertEqual(done.stdout.split()[:5], [b"sandbox", b"127.0.0.1", b"localhost", b"127.0.0.1", b"sandbox"], done)
        self.assertIn(b"cannot create /etc/hosts", done.stderr)

    def who(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        name, again, group, python, environment, uid = done.stdout.decode().splitlines()
        self.assertEqual(again, name)
        self.assertEqual(python, f"{name} True {group}")
        self.assertEqual(environment, f"{name} {name}")
        return name, int(uid)

    def test_p07_every_user_has_a_name(self):
        name, uid = self.who(self.call("run", "--quiet", "--image", PYTHON, "--", "sh", "-c", WHO))
        self.assertEqual(name, f"sandbox{uid - 2_000_000_000}")
        for owner, expected in ((4321, "sandbox"), (1000, "sandbox"), (33, "www-data"), (4_000_000, "sandbox")):
            with self.subTest(owner):
                self.own(owner)
                self.assertEqual(self.who(self.in_workspace("--", "sh", "-c", WHO)), (expected, owner))
        self.own(4321)
        with self.subTest("gVisor"):
            self.assertEqual(self.who(self.in_workspace("--isolation", "gvisor", "--", "sh", "-c", WHO)), ("sandbox", 4321))
        self.own(0)
        with self.subTest("root's workspace"):
            self.assertEqual(self.who(self.in_workspace("--", "sh", "-c", WHO)), ("nobody", 65534))

    def test_p07_node_knows_its_user_and_what_a_run_sets_wins(self):
        name = self.file("who.js", 'const me = require("os").userInfo(); console.log(me.uid === process.getuid(), me.homedir, me.username === process.env.USER)')
        self.assert_run(self.call("run", "--quiet", name), 0, b"true /tmp true\n")
        done = self.call("run", "--quiet", "-e", "USER=me", "--image", SHELL, "--", "sh", "-c", "echo $USER")
        self.assert_run(done, 0, b"me\n")

    def test_p07_an_image_without_passwd(self):
        (self.folder / "Dockerfile").write_text(f"FROM {SHELL}\nUSER root\nRUN rm /etc/passwd /etc/group\nCMD [\"sh\", \"-c\", \"id -un && id -gn\"]\n")
        self.addCleanup(remove_built_images)
        done = self.call("run", "--quiet", "--dockerfile", str(self.folder / "Dockerfile"), "--pull", "never")
        self.assertRegex(done.stdout.decode(), r"\Asandbox\d+\nsandbox\n\Z", done.stderr)

    def test_the_volume_with_these_files_may_go_at_any_time(self):
        command = ("run", "--quiet", "--image", SHELL, "--", "sh", "-c", "getent hosts localhost && id -un >/dev/null")
        self.assert_run(self.call(*command), 0)
        for name in (each["Name"] for each in engine.call("GET", "/volumes")["Volumes"]):
            if name.startswith("dind-etc-"):
                engine.call("DELETE", "/volumes/" + name, allow=(409, 404))
        self.assert_run(self.call(*command), 0)
        # A volume that was filled only in part.
        for each in engine.call("GET", "/volumes")["Volumes"]:
            if each["Name"].startswith("dind-etc-"):
                for file in ("hosts", "passwd", "group"):
                    with contextlib.suppress(OSError):
                        os.unlink(os.path.join(each["Mountpoint"], file))
        self.assert_run(self.call(*command), 0)

    def test_s10_runs_at_once_are_different_users_and_take_nothing_from_each_other(self):
        grab = self.python("import ctypes, os, time\nlibc = ctypes.CDLL(None)\ncount = 0\nwhile libc.inotify_init() >= 0: count += 1\n"
                           "print(os.getuid(), count, flush=True)\ntime.sleep(50)\n")
        child = self.start("run", "--quiet", grab)
        uid, count = map(int, child.stdout.readline().split())
        self.assertGreaterEqual(uid, 2_000_000_000)
        self.assertGreater(count, 10)
        done = self.call("run", "--quiet", self.file("w.js", 'require("fs").watch("/tmp", () => {}).close(); console.log(process.getuid())'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(int(done.stdout), 2_000_000_000)
        self.assertNotEqual(int(done.stdout), uid)
        child.terminate()
        child.wait(20)

    def test_s10_the_runs_folder_and_the_temporary_one_are_the_users(self):
        done = self.call("run", "--quiet", self.python("import os, tempfile\nopen('own', 'w').write('x')\nprint(os.stat('.').st_uid == os.getuid(), os.stat('.').st_mode & 0o022, len(tempfile.mkdtemp()) > 5, os.path.expanduser('~'))"))
        self.assert_run(done, 0, b"True 0 True /tmp\n")

    def test_p13_what_a_plain_command_printed_before_its_timeout_arrives(self):
        text = 'print("before"); import time; time.sleep(600)'
        for more in ((), ("--mount-workspace", "ro")):
            with self.subTest(more):
                done = self.call("run", "-t", "2", *more, "--image", PYTHON, "--", "python3", "-c", text, env=self.environment(DIND_WORKSPACE=str(self.workspace)))
                self.assert_run(done, 124, b"before\n")

    def test_p10_npm_and_npx_without_a_network_end_soon_and_say_why(self):
        (self.workspace / "package.json").write_text('{"name": "x", "version": "1.0.0", "dependencies": {"left-pad": "1"}}')
        self.own(4321)
        for command in (("npx", "--no-install", "cowsay", "hi"), ("npm", "install"), ("sh", "-c", "cd . && npm ci || npm i"), ("npx", "cowsay")):
            with self.subTest(command):
                begun = time.monotonic()
                done = self.call("run", "--image", NODE, "--mount-workspace", "rw", "--", *command, env=self.environment(DIND_WORKSPACE=str(self.workspace)))
                self.assertNotIn(done.returncode, (0, 124), done.stderr)
                self.measured(" ".join(command), f"{time.monotonic() - begun:.1f} s")  # a minute and a timeout, where they try again
                self.assertIn(b"a run has no network", done.stderr)

    def test_p11_git_takes_a_workspace_that_is_roots(self):
        image = "dind-executor/runtime-make:bookworm"
        for folder in (self.workspace, self.workspace / "sub"):
            folder.mkdir(exist_ok=True)
            for command in (("init", "-q"), ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "x"), ("tag", "v1")):
                subprocess.run(["git", "-C", str(folder), *command], check=True)
        self.own(0)
        for folder in ("", "/sub"):
            done = self.call("run", "--quiet", "--mount-workspace", "ro", "--workdir", "/workspaces" + folder, "--image", image, "--", "git", "describe", "--tags",
                             env=self.environment(DIND_WORKSPACE=str(self.workspace)))
            self.assert_run(done, 0, b"v1\n")

    def test_p19_node_loses_nothing_up_to_a_mebibyte_when_it_exits(self):
        name = self.file("x.js", 'console.log("x".repeat(900000)); console.error("e".repeat(900000)); process.exit(3)')
        for _ in range(5):
            done = self.call("run", "--quiet", name)
            self.assertEqual((done.returncode, len(done.stdout), len(done.stderr)), (3, 900001, 900001))

    @alone
    def test_the_hosts_of_a_run_cost_the_cold_path_nothing_that_counts(self):
        def median(options):
            times = []
            for _ in range(5):
                body = {"Image": SHELL, "Entrypoint": ["/bin/true"], "NetworkDisabled": True, "HostConfig": {"NetworkMode": "none", "Mounts": options}}
                begun = time.monotonic()
                made = engine.call("POST", "/containers/create", body)["Id"]
                engine.call("POST", f"/containers/{made}/start")
                times.append(time.monotonic() - begun)
                engine.call("DELETE", f"/containers/{made}?force=1&v=1", allow=(404, 409))
            return sorted(times)[2]
        self.assert_run(self.call("run", "--quiet", "--image", SHELL, "--", "true"), 0)
        place = next(each["Mountpoint"] for each in engine.call("GET", "/volumes")["Volumes"] if each["Name"].startswith("dind-etc-"))
        mounts = [{"Type": "bind", "Source": f"{place}/{name}", "Target": f"/etc/{name}", "ReadOnly": True, "BindOptions": {"Propagation": "rslave"}} for name in ("hosts", "passwd", "group")]
        without, with_them = median([]), median(mounts)
        self.measured("create and start without and with the files of /etc", f"{without * 1000:.0f} and {with_them * 1000:.0f} ms")
        self.assertLess(with_them, without + 0.1)


class Volumes(CliCase):
    """B02: a VOLUME of the image hides nothing that the image has there."""

    def setUp(self):
        super().setUp()
        self.addCleanup(remove_built_images)

    def build(self, text, *more):
        (self.folder / "Dockerfile").write_text(text)
        return self.call("run", "--quiet", *more, "--dockerfile", str(self.folder / "Dockerfile"), "--pull", "never", env=self.environment(DOCKER_BUILDKIT="0"))

    def volumes(self):
        return {each["Name"] for each in engine.call("GET", "/volumes")["Volumes"] if "dind-executor.cache" not in (each["Labels"] or {})}

    def test_b02_what_the_image_has_in_its_volumes_is_there_and_is_the_same_for_every_run(self):
        before = self.volumes()
        done = self.build(f"FROM {SHELL}\nUSER root\nRUN mkdir -m 777 /data /empty '/with space' && echo seed >/data/seed && mkdir '/with space/sub'\nVOLUME [\"/data/\", \"/empty\", \"/with space\"]\n"
                          "CMD [\"sh\", \"-c\", \"cat /data/seed; ls '/with space'; echo x >/empty/new && cat /empty/new; echo y >/data/new\"]\n")
        self.assertEqual(done.stdout, b"seed\nsub\nx\n", done.stderr)
        self.assertIn(b"Read-only file system", done.stderr)
        self.until(lambda: self.volumes() <= before)

    def test_b02_a_program_in_its_own_volume_runs(self):
        done = self.build(f"FROM {PYTHON}\nWORKDIR /app\nRUN echo 'print(\"app\")' >app.py\nVOLUME /app\nCMD [\"python3\", \"app.py\"]\n")
        self.assert_run(done, 0, b"app\n")

    def test_b02_the_content_of_a_volume_is_there_by_whatever_name(self):
        done = self.build(f"FROM {SHELL}\nRUN mkdir -p /x/real /é /日本 && mkdir -m 777 /none && echo 1 >/x/real/a && ln -s ../x/real /日本/dl && ln -s /none /to-none && echo 2 >/é/ö\n"
                          "VOLUME [\"/日本/dl\", \"/é\", \"/to-none\"]\nCMD cat /x/real/a /日本/dl/a /é/ö; echo 3 >/none/f && cat /to-none/f\n")
        self.assert_run(done, 0, b"1\n1\n2\n3\n")

    def test_b02_a_volume_in_an_empty_one_leaves_it_empty(self):
        done = self.build(f"FROM {SHELL}\nRUN mkdir -p /one/two && rmdir /one/two && chmod 777 /one && mkdir /three && echo 1 >/three/a\nVOLUME /one /one/two /three /three/\nCMD echo 2 >/one/f && cat /one/f /three/a\n")
        self.assert_run(done, 0, b"2\n1\n")

    def test_b02_a_volume_that_no_mount_can_cover_is_refused_by_its_name(self):
        for name, remedy in (("data", "Write /data"), ("./rel/", "Write /rel")):
            with self.subTest(name):
                self.assert_refused(self.build(f"FROM {SHELL}\nVOLUME {name}\nCMD true\n"), f'its VOLUME "{name}" is not absolute', remedy)
        text = f"FROM {SHELL}\nRUN mkdir -p /workspaces/data && echo 1 >/workspaces/data/a\nVOLUME /workspaces/data /dependencies/x\nCMD cat /workspaces/data/a && echo 2 >/dependencies/x/f\n"
        self.assert_run(self.build(text), 0, b"1\n")
        (self.folder / "project").mkdir()
        self.assert_refused(self.build(text, "--workspace", str(self.folder / "project")), 'its VOLUME "/workspaces/data" is in the workspace')

    def test_b02_nothing_is_left_of_a_run_that_is_ended_by_force(self):
        before = self.volumes()
        done = self.build(f"FROM {SHELL}\nRUN echo x >/opt/x\nVOLUME /opt\nCMD [\"sleep\", \"100\"]\n", "-t", "2")
        self.assertEqual(done.returncode, 124, done.stderr)
        self.until(lambda: self.volumes() <= before)


class Planted(CliCase):
    """S04: nothing that a program writes to a protected name stays there."""

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.workspace = self.folder / "workspace"
        self.workspace.mkdir()
        os.chown(self.workspace, 1000, 1000)

    def run_in(self, text, *more):
        return self.call("run", "--mount-workspace", "rw", *more, "--image", SHELL, "--", "sh", "-c", text, env=self.environment(DIND_WORKSPACE=str(self.workspace)))

    def there(self):
        return sorted(str(each.relative_to(self.workspace)) for each in self.workspace.rglob("*") if each.name in (".git", ".vscode", ".devcontainer", ".idea", ".husky"))

    def test_s04_what_a_program_plants_is_renamed_and_reported(self):
        for more in ((), ("--isolation", "gvisor")):
            with self.subTest(more):
                done = self.run_in("mkdir -p new/deep/.git/objects .vscode 1/2/3/4/5/6/7/8/9/.git && echo evil >new/deep/.git/config && echo '{}' >.vscode/settings.json && ln -s /etc .husky && echo gitdir: x >new/.git", *more)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.there(), [])
                for name in ("new/deep/.git", ".vscode", ".husky", "new/.git", "1/2/3/4/5/6/7/8/9/.git"):
                    self.assertIn(f"the program made {name} in the workspace".encode(), done.stderr)
                kept = list((self.workspace / "new/deep").glob(".git.from-run-*"))
                self.assertEqual([(each / "config").read_text() for each in kept], ["evil\n"])
                subprocess.run(["rm", "-rf", *map(str, self.workspace.iterdir())], check=True)

    def test_s04_it_is_renamed_while_the_program_goes_on(self):
        child = self.start("run", "--quiet", "--mount-workspace", "rw", "--image", SHELL, "--", "sh", "-c", "mkdir .git && echo made; sleep 50", env=self.environment(DIND_WORKSPACE=str(self.workspace)))
        self.assertEqual(child.stdout.readline(), b"made\n")
        self.measured("a planted .git is renamed after", f"{self.until(lambda: self.there() == []):.2f} s")
        child.terminate()
        child.wait(20)

    def test_s04_a_run_that_is_ended_by_force_leaves_none_either(self):
        done = self.run_in("trap '' TERM; mkdir -p a/b; while :; do mkdir -p a/b/.idea; done", "-t", "2")
        self.assertEqual(done.returncode, 124, done.stderr)
        self.until(lambda: self.there() == [])

    def test_s04_a_read_only_run_and_what_was_there_before_are_left_alone(self):
        (self.workspace / "old/.git").mkdir(parents=True)
        subprocess.run(["chown", "-R", "1000:1000", str(self.workspace)], check=True)
        done = self.run_in("echo fine >old/x")
        self.assertEqual((done.returncode, self.there()), (0, ["old/.git"]), done.stderr)
        self.assertNotIn(b"the program made", done.stderr)
