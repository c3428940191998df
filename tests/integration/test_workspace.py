"""The workspace: the operator's folder in a sandbox, with the right owner, and never anything else of the machine."""
import json
import os

from case import PYTHON, SHELL, SandboxTest

OWNER = 1000


class Workspace(SandboxTest):
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
        (self.folder / "config.json").write_text('{"workspace": {"access": "readOnly"}}')
        done = self.call("run", "--image", SHELL, "--mount-workspace", "rw", "--", "touch", "new",
                         env=self.environment(DIND_WORKSPACE=str(self.workspace), DIND_CONFIG=str(self.folder / "config.json")))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"workspace.access", done.stderr)
        self.assertFalse((self.workspace / "new").exists())

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

    def test_roots_workspace_is_read_by_nobody_and_said(self):
        os.chown(self.workspace, 0, 0)
        done = self.call("run", "--image", SHELL, "--mount-workspace", "rw", "--", "id", "-u", env=self.environment(DIND_WORKSPACE=str(self.workspace)))
        self.assert_run(done, 0, b"65534\n")
        self.assertIn(b"no program runs as root", done.stderr)
