"""The workspace: the operator's folder in a sandbox, with the right owner, and nothing else of the machine."""
import json
import os
import shutil
import subprocess

from dindtest.case import CliCase
from dindtest.program import PYTHON, SHELL

OWNER = 1000


class Workspace(CliCase):
    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "workspace"
        (self.workspace / "session/project").mkdir(parents=True)
        (self.workspace / "session/project/script.py").write_text("import os; print('from', os.getcwd())\n")
        self.folder.chmod(0o755)
        for path in (self.workspace, *self.workspace.rglob("*")):
            os.chown(path, OWNER, OWNER)

    def inside(self, *arguments, env=None, image=SHELL, **more):
        return self.call("run", "--quiet", "--image", image, *arguments, env=self.environment(**{"DIND_WORKSPACE": str(self.workspace)} | (env or {})), **more)

    def test_a_script_in_a_project_of_the_workspace(self):
        done = self.inside("--mount-workspace", "rw", "--workdir", "/workspaces/session/project", "--", "python", "script.py", image=PYTHON)
        self.assert_run(done, 0, b"from /workspaces/session/project\n")

    def test_files_are_the_owners_on_both_sides(self):
        done = self.inside("--mount-workspace", "rw", "--", "sh", "-c", "id -u; pwd; echo made >session/new; mkdir session/folder; cat session/project/script.py | wc -l; touch /sandbox/own /tmp/own && echo writable")
        self.assert_run(done, 0, b"1000\n/workspaces\n1\nwritable\n")
        for name in ("session/new", "session/folder"):
            self.assertEqual((self.workspace / name).stat().st_uid, OWNER)
        self.assertEqual((self.workspace / "session/new").read_text(), "made\n")

    def test_read_only_for_the_caller_and_for_the_operator(self):
        done = self.inside("--mount-workspace", "ro", "--", "sh", "-c", "cat session/project/script.py >/dev/null && echo read; touch new")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"Read-only file system", done.stderr)
        (self.folder / "config.json").write_text('{"workspace": {"maxAccess": "readOnly"}}')
        done = self.call("run", "--image", SHELL, "--mount-workspace", "rw", "--", "touch", "new",
                         env=self.environment(DIND_WORKSPACE=str(self.workspace), DIND_CONFIG=str(self.folder / "config.json")))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"workspace.maxAccess", done.stderr)
        self.assertFalse((self.workspace / "new").exists())

    def test_what_is_mounted_in_a_read_only_workspace_is_not_writable(self):
        """S18: engines before 25 leave it as it is below a read-only mount."""
        for where in ("session/mounted", "session/project/deep/mounted"):
            place = self.workspace / where
            place.mkdir(parents=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777,size=1m", "dind-test", str(place)], check=True)
            self.addCleanup(subprocess.run, ["umount", str(place)], check=True)
            done = self.inside("--mount-workspace", "ro", "--", "sh", "-c", f"touch {where}/new && echo written; touch /workspaces/new && echo written")
            self.assertEqual((done.returncode, done.stdout), (1, b""), done.stderr)
            self.assertEqual(list(place.iterdir()), [])

    def test_a_run_that_asks_for_nothing_sees_nothing(self):
        done = self.inside("--", "sh", "-c", "ls /workspaces")
        self.assertNotEqual(done.returncode, 0)

    def test_a_folder_that_is_not_there_is_named_and_not_made(self):
        done = self.inside("--mount-workspace", "rw", "--workdir", "/workspaces/none", "--", "true")
        self.assert_refused(done, "no working directory /workspaces/none")
        self.assertFalse((self.workspace / "none").exists())

    def test_a_link_that_points_out_leads_nowhere_but_into_the_sandbox(self):
        (self.workspace / "out").symlink_to("/etc")
        secret = self.folder / "secret"
        secret.write_text("the host's")
        (self.workspace / "direct").symlink_to(secret)
        done = self.inside("--mount-workspace", "rw", "--", "sh", "-c", "readlink out; cat direct; grep -c root out/passwd")
        self.assertNotIn(b"the host's", done.stdout + done.stderr)
        self.assertIn(b"No such file", done.stderr)

    def test_no_workspace_is_configured(self):
        done = self.call("run", "--image", SHELL, "--mount-workspace", "ro", "--", "true", env=self.environment(DIND_WORKSPACE="", DIND_WORKSPACE_PATH=""))
        self.assert_refused(done, "workspace.path", "DIND_WORKSPACE")

    def test_a_workspace_that_the_engine_does_not_see_is_named_by_both_paths(self):
        done = self.inside("--mount-workspace", "ro", "--", "true", env={"DIND_WORKSPACE_PATH": "/not/on/the/engine"})
        self.assert_refused(done, "/not/on/the/engine", str(self.workspace))

    def test_another_folder_in_its_place_is_no_workspace(self):
        other = self.folder / "other"
        other.mkdir()
        os.utime(other, (1_000_000_000, 1_000_000_000))
        done = self.inside("--mount-workspace", "ro", "--", "true", env={"DIND_WORKSPACE_PATH": str(other)})
        self.assert_refused(done, str(other), str(self.workspace), "two folders")

    def test_doctor_looks_at_it(self):
        def seen(**env):
            checks = json.loads(self.call("doctor", "--json", env=self.environment(**env)).stdout)["checks"]
            return next(each for each in checks if each["name"] == "workspace")
        self.assertEqual(seen()["status"], "ok")
        good = seen(DIND_WORKSPACE=str(self.workspace))
        self.assertEqual((good["status"], "user 1000:1000" in good["seen"]), ("ok", True), good)
        bad = seen(DIND_WORKSPACE=str(self.workspace), DIND_WORKSPACE_PATH="/not/on/the/engine")
        self.assertEqual((bad["status"], "/not/on/the/engine" in bad["seen"]), ("failed", True), bad)

    def test_a_run_in_a_workspace_of_root_has_the_user_nobody_and_says_so(self):
        os.chown(self.workspace, 0, 0)
        done = self.call("run", "--image", SHELL, "--mount-workspace", "rw", "--", "id", "-u", env=self.environment(DIND_WORKSPACE=str(self.workspace)))
        self.assert_run(done, 0, b"65534\n")
        self.assertIn(b"programs never run as root", done.stderr)


HOSTILE = """
import os, pathlib, shutil
GUARDED = [".git", ".vscode", ".devcontainer", ".idea", ".husky", "lib/.git", "1/2/3/4/5/6/7/8/.git"]
for name in GUARDED:
    for what, act in (("write", lambda: pathlib.Path(name, "evil").write_text("evil")),
                      ("append", lambda: open(pathlib.Path(name, "old"), "a").write("evil")),
                      ("remove", lambda: os.unlink(pathlib.Path(name, "old"))),
                      ("folder", lambda: os.mkdir(pathlib.Path(name, "evil.d"))),
                      ("link", lambda: os.symlink("/etc", pathlib.Path(name, "evil.l"))),
                      ("hard link out", lambda: os.link(pathlib.Path(name, "old"), "out")),
                      ("chmod", lambda: os.chmod(name, 0o777)),
                      ("move away", lambda: os.rename(name, "away")),
                      ("remove it", lambda: shutil.rmtree(name)),
                      ("move over", lambda: (os.mkdir("mine"), os.rename("mine", name)))):
        try:
            act()
            print("DONE", name, what)
        except OSError as error:
            pass
        if os.path.isdir("mine"): os.rmdir("mine")
for above, to in (("lib", "lib2"), (".", "../elsewhere")):
    try:
        os.rename(above, to)
        print("DONE moved", above)
    except OSError: pass
try:
    fd = os.open(".git/old", os.O_RDONLY)
    os.open(f"/proc/self/fd/{fd}", os.O_WRONLY)
    print("DONE by proc")
except OSError: pass
print("readable", pathlib.Path(".git/old").read_text(), end="")
pathlib.Path("own").write_text("x")
"""


class Guard(CliCase):
    """A program can't change what the tools of the workspace's owner run or trust outside of a sandbox."""

    NAMES = (".git", ".vscode", ".devcontainer", ".idea", ".husky", "lib/.git", "1/2/3/4/5/6/7/8/.git")

    def setUp(self):
        super().setUp()
        self.workspace = self.folder / "workspace"
        self.project = self.workspace / "session/project"
        for folder in (self.project, self.workspace / "other"):
            for name in self.NAMES:
                (folder / name).mkdir(parents=True)
                (folder / name / "old").write_text("old\n")
        (self.project / "main.py").write_text(HOSTILE)
        self.folder.chmod(0o755)
        for path in (self.workspace, *self.workspace.rglob("*")):
            os.chown(path, OWNER, OWNER)
        self.before_run = self.seen()

    def seen(self):
        return {str(path.relative_to(self.workspace)): (path.stat().st_mode, path.read_text() if path.is_file() else None)
                for folder in (self.project, self.workspace / "other") for name in self.NAMES for path in (folder / name, *(folder / name).rglob("*"))}

    def env(self, **more):
        return self.environment(**{"DIND_WORKSPACE": str(self.workspace)} | more)

    def assert_guarded(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"DONE", done.stdout)
        self.assertIn(b"readable old\n", done.stdout)
        self.assertEqual(self.seen(), self.before_run)
        self.assertTrue((self.project / "own").exists(), "the rest is writable")

    def test_a_program_of_the_folder_changes_none_of_it(self):
        self.assert_guarded(self.call("run", "--workspace", str(self.project), env=self.env()))

    def test_nor_one_that_has_the_whole_workspace(self):
        done = self.call("run", "--image", PYTHON, "--mount-workspace", "rw", "--workdir", "/workspaces/session/project", "--", "python3", "main.py", env=self.env())
        self.assert_guarded(done)
        done = self.call("run", "--image", SHELL, "--mount-workspace", "rw", "--", "sh", "-c", "mv session session2; echo x >other/.git/x; ls -d session other/.git", env=self.env())
        self.assertEqual((done.stdout, done.stderr.count(b"busy"), done.stderr.count(b"Read-only")), (b"other/.git\nsession\n", 1, 1), done.stderr)
        self.assertEqual(self.seen(), self.before_run)

    def test_nor_one_of_an_image_that_is_built(self):
        (self.project / "Dockerfile").write_text(f"FROM {SHELL}\nCMD [\"sh\", \"-c\", \"echo evil >/workspaces/session/project/.git/evil; echo own >/workspaces/session/project/own\"]\n")
        done = self.call("run", "--workspace", str(self.project), "--program", "dockerfile", "--pull", "never", env=self.env())
        self.assertIn(b"Read-only file system", done.stderr)
        self.assertEqual(self.seen(), self.before_run)
        self.assertTrue((self.project / "own").exists())

    def test_under_gvisor_they_are_covered(self):
        done = self.call("run", "--workspace", str(self.project), "--isolation", "gvisor", "--", "sh", "-c",
                         "ls -A .git; echo x >.git/evil; echo x >../../other/.git/evil; rm -rf .vscode; mv .git away; touch own", env=self.env())
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        self.assertEqual(self.seen(), self.before_run)
        self.assertTrue((self.project / "own").exists())

    def test_a_link_that_is_put_there_as_the_run_begins_shows_nothing_of_the_machine(self):
        """The engine resolves paths itself, after the server's check. A run whose mount has changed does not start. Here the
        engine's folder is another one, with links in place of folders."""
        secret = self.folder / "secret"
        shutil.copytree(self.project, secret)
        (secret / "file").write_text("the machine's\n")
        swapped = self.folder / "swapped"
        for link, folder in (("session/project/.git", self.project), ("session/project", self.project)):
            with self.subTest(link):
                shutil.rmtree(swapped, ignore_errors=True)
                shutil.copytree(self.workspace, swapped)
                shutil.rmtree(swapped / link)
                (swapped / link).symlink_to(secret)
                os.utime(swapped, (now := self.workspace.stat().st_mtime, now))
                done = self.call("run", "--workspace", str(folder), "--", "sh", "-c", "cat .git/file file", env=self.env(DIND_WORKSPACE_PATH=str(swapped)))
                self.assertNotIn(b"the machine's", done.stdout)
                self.assert_refused(done, "workspace was replaced while the run started")

    def test_a_link_instead_of_a_folder_is_reported(self):
        (self.workspace / "linked").mkdir()
        (self.workspace / "linked/.vscode").symlink_to("/etc")
        done = self.call("run", "--workspace", str(self.workspace / "linked"), "--", "ls", ".vscode/hostname", env=self.env())
        self.assertIn(b"linked/.vscode in the workspace is a link, and is not protected", done.stderr)

    def test_a_guarded_folder_is_not_run(self):
        done = self.call("run", "--workspace", str(self.project / ".git"), "--", "touch", "evil", env=self.env())
        self.assert_refused(done, "never writable")
        self.assertEqual(self.seen(), self.before_run)
