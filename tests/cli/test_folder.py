"""`run --workspace DIR`: a folder, which program of it runs, and a choice that is asked for once."""
import json
import os
import pathlib
import pty
import select
import subprocess
import time

from dindtest.case import CliCase
from dindtest.program import LIMIT, program

OWNER = 1000
START = '{"scripts": {"start": "node start.js"}}'
HELLO = "import os\nprint('main in', os.getcwd())\nopen('made', 'w').write('by the run')\n"
MAKEFILE = "all:\n\t@echo made by make\nother:\n\t@echo other\n"


class FolderTest(CliCase):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)

    def project(self, files, name="project"):
        """A folder that belongs to a user, as workspaces do. A run can't write to a folder of root."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        for file, text in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, OWNER, OWNER)
        return folder

    def environment(self, **more):
        return super().environment(**{"XDG_STATE_HOME": str(self.folder / "state")} | more)

    def folder_run(self, folder, *arguments, **more):
        return self.call("run", "--quiet", "--workspace", str(folder), *arguments, **more)

    def memory(self):
        return json.loads((self.folder / "state/dind-executor/workspaces.json").read_text())

    def at_a_terminal(self, *arguments, answers=(), env=None):
        """The exit code and what the terminal showed. Each answer is typed when the prompt is shown."""
        master, slave = pty.openpty()
        child = subprocess.Popen([program(), *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=self.folder,
                                 env=env or self.environment(), start_new_session=True)
        os.close(slave)
        self.addCleanup(child.kill)
        text, left, until = "", list(answers), time.monotonic() + LIMIT
        while time.monotonic() < until:
            if not select.select([master], [], [], 0.1)[0]:
                continue
            try:
                part = os.read(master, 4096)
            except OSError:  # the last one closed it
                break
            text += part.decode(errors="replace")
            if left and text.endswith("ommand: "):
                os.write(master, left.pop(0).encode() + b"\n")
        os.close(master)
        return child.wait(LIMIT), text.replace("\r\n", "\n")


class OneProgram(FolderTest):
    def test_a_python_folder_runs_there_and_what_it_makes_stays(self):
        folder = self.project({"main.py": HELLO, "helper.py": ""})
        self.assert_run(self.folder_run(folder), 0, b"main in /workspaces\n")
        self.assertEqual((folder / "made").read_text(), "by the run")
        self.assertEqual((folder / "made").stat().st_uid, OWNER)
        self.assertFalse((self.folder / "state/dind-executor/workspaces.json").exists(), "no choice was needed, so none is remembered")

    def test_read_only_where_it_is_asked_for(self):
        folder = self.project({"main.py": HELLO})
        done = self.folder_run(folder, "--mount-workspace", "ro")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"Read-only file system", done.stderr)
        self.assertFalse((folder / "made").exists())

    def test_a_package_and_a_module(self):
        self.assert_run(self.folder_run(self.project({"tool/__main__.py": "print('tool', __package__)\n"}, "one")), 0, b"tool tool\n")
        self.assert_run(self.folder_run(self.project({"__main__.py": "print('main of', __name__)\n"}, "two")), 0, b"main of __main__\n")

    def test_npm_start(self):
        folder = self.project({"package.json": START, "start.js": "console.log('node in', process.cwd())\n"})
        done = self.folder_run(folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"node in /workspaces\n", done.stdout)

    def test_missing_dependencies_are_reported(self):
        folder = self.project({"package.json": '{"scripts": {"start": "node -e 1"}, "dependencies": {"left-pad": "1"}}'})
        done = self.call("run", "--workspace", str(folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"npm ci", done.stderr)

    def test_make(self):
        self.assert_run(self.folder_run(self.project({"Makefile": MAKEFILE})), 0, b"made by make\n")

    def test_a_dockerfile_is_built_with_the_folder_and_sees_it(self):
        image = "dind-executor/runtime-shell:bookworm"
        folder = self.project({"Dockerfile": f"FROM {image}\nCOPY note /note\nCMD [\"sh\", \"-c\", \"cat /note /workspaces/note\"]\n", "note": "a note\n"})
        self.assert_run(self.folder_run(folder, "--pull", "never"), 0, b"a note\na note\n")

    def test_exit_code_output_and_events_are_those_of_any_run(self):
        folder = self.project({"main.py": "import sys\nprint('to err', file=sys.stderr)\nsys.exit(3)\n"})
        done = self.folder_run(folder)
        self.assertEqual((done.returncode, done.stderr), (3, b"to err\n"))
        done = self.call("run", "--json", "--workspace", str(folder))
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual((events[-1]["event"], events[-1]["result"]["exitCode"]), ("finished", 3))
        started = next(each for each in events if each["event"] == "started")
        self.assertEqual((started["name"], started["language"]), ("python3 main.py", "python"))

    def test_it_is_in_the_history_and_runs_again(self):
        folder = self.project({"main.py": HELLO})
        env = self.environment(DIND_WORKSPACE=str(folder))
        self.assert_run(self.folder_run(folder, env=env), 0)
        (folder / "made").unlink()
        last = json.loads(self.call("history", "list", "--json", env=env).stdout)[0]
        self.assertEqual((last["name"], last["language"]), ("python3 main.py", "python"))
        self.assert_run(self.call("history", "rerun", last["id"], "--quiet", env=env), 0, b"main in /workspaces\n")
        self.assertTrue((folder / "made").exists())


class Commands(FolderTest):
    def test_a_command_in_the_folder(self):
        folder = self.project({"main.py": "", "note": "a note\n"})
        self.assert_run(self.folder_run(folder, "--", "cat", "note"), 0, b"a note\n")
        self.assert_run(self.folder_run(folder, "--", "python3", "-c", "print(6 * 7)"), 0, b"42\n")
        self.assert_run(self.folder_run(self.project({"Makefile": MAKEFILE}, "c"), "--", "make", "other"), 0, b"other\n")

    def test_a_file_of_ours_runs_in_the_folder(self):
        folder = self.project({"note": "the folder's\n"})
        script = self.python("print(open('note').read(), end='')\n")
        self.assert_run(self.call("run", "--quiet", "--workspace", str(folder), pathlib.Path(script).name), 0, b"the folder's\n")

    def test_only_a_folder_of_the_operators_workspace_is_writable(self):
        workspace = self.project({"a/main.py": HELLO, "b/note": "other\n"}, "workspace")
        done = self.folder_run(workspace / "a", env=self.environment(DIND_WORKSPACE=str(workspace)))
        self.assert_run(done, 0, b"main in /workspaces/a\n")
        done = self.folder_run(workspace / "a", "--", "sh", "-c", "cat ../b/note; echo x >../b/note; echo x >../new",
                               env=self.environment(DIND_WORKSPACE=str(workspace)))
        self.assertEqual((done.stdout, done.stderr.count(b"Read-only file system")), (b"other\n", 2))
        self.assertEqual((workspace / "b/note").read_text(), "other\n")

    def test_a_folder_outside_of_it_is_refused(self):
        workspace, other = self.project({}, "workspace"), self.project({"main.py": HELLO}, "other")
        self.assert_refused(self.folder_run(other, env=self.environment(DIND_WORKSPACE=str(workspace))), str(other), str(workspace))
        (workspace / "link").symlink_to(other)
        self.assert_refused(self.folder_run(workspace / "link", env=self.environment(DIND_WORKSPACE=str(workspace))), str(other))

    def test_a_home_folder_is_not_given_to_a_sandbox(self):
        self.assert_refused(self.folder_run(self.folder, "--", "true"), "home folder")
        self.assert_refused(self.folder_run("/", "--", "true"), "home folder")

    def test_what_is_no_folder(self):
        for wrong in ("none", self.python("print()")):
            with self.subTest(wrong):
                self.assert_refused(self.folder_run(wrong), pathlib.Path(wrong).name)

    def test_arguments_that_contradict_each_other(self):
        folder = str(self.project({"main.py": HELLO}))
        for arguments, said in ((("--choose",), "--workspace"), (("--program", "make"), "--workspace"),
                                (("--workspace", folder, "--program", "make", "--choose"), "--choose"),
                                (("--workspace", folder, "--program", "make", "--", "make"), "COMMAND"),
                                (("--workspace", folder, "--dockerfile", "Dockerfile", "--program", "make"), "--dockerfile"),
                                (("--workspace", folder, "--context", "x"), "--context"),
                                (("--workspace", ""), "empty")):
            with self.subTest(arguments):
                self.assert_refused(self.call("run", *arguments), said)


class Choices(FolderTest):
    def several(self, name="project"):
        return self.project({"main.py": "print('main')\n", "Makefile": MAKEFILE}, name)

    def test_without_a_terminal_one_error_lists_them_and_says_how(self):
        done = self.folder_run(self.several())
        self.assert_refused(done, "python-main (python main.py, main.py)", "make (make, Makefile)", "--program ID", "after `--`")
        done = self.call("run", "--json", "--workspace", "project")
        self.assertEqual(json.loads(done.stdout)["error"]["kind"], "invalid_request")
        self.assert_refused(self.folder_run(self.project({"README": ""}, "empty")), "Makefile", "after `--`")
        self.assert_refused(self.folder_run(self.project({"package.json": "{"}, "broken")), "package.json is not valid JSON")
        self.assert_refused(self.folder_run("project", "--choose"), "terminal", "python-main, make")
        done = self.folder_run("empty", "--choose")
        self.assert_refused(done, "Nothing in", "after `--`")
        self.assertNotIn(b"--program", done.stderr)

    def test_the_program_by_name(self):
        folder = self.several()
        self.assert_run(self.folder_run(folder, "--program", "make"), 0, b"made by make\n")
        self.assert_run(self.folder_run(folder, "--program", "python-main"), 0, b"main\n")
        self.assert_refused(self.folder_run(folder, "--program", "npm-start"), "npm-start", "python-main", "make")

    def test_a_project_in_a_folder_runs_there_by_name(self):  # E16
        folder = self.project({"packages/app/main.py": HELLO, "packages/web/package.json": START, "packages/web/start.js": "console.log('web')\n",
                               "docker/Dockerfile": "FROM dind-executor/runtime-shell:bookworm\nCOPY own.txt /\nCMD cat /own.txt\n", "docker/own.txt": "of the project\n"})
        done = self.folder_run(folder, "--program", "packages/app/python-main")
        self.assertEqual((done.returncode, done.stdout), (0, b"main in /workspaces/packages/app\n"), done.stderr)
        self.assertTrue((folder / "packages/app/made").exists())
        done = self.folder_run(folder, "--program", "docker/dockerfile")
        self.assertEqual((done.returncode, done.stdout), (0, b"of the project\n"), done.stderr)
        done = self.folder_run(folder)
        self.assertEqual(done.returncode, 125)
        for said in ("docker/dockerfile", "packages/app/python-main", "packages/web/npm-start (npm start, packages/web/package.json)", "without being chosen"):
            self.assertIn(said, done.stderr.decode())
        (self.folder / "other").mkdir()
        (self.folder / "other/main.py").write_text("print('outside')")
        for wrong in ("../other/python-main", "packages/none/python-main", "packages/app/none", "/etc/python-main"):
            with self.subTest(wrong):
                done = self.folder_run(folder, "--program", wrong)
                self.assertEqual((done.returncode, done.stdout), (125, b""))
                self.assertIn("There is no program", done.stderr.decode())

    def test_a_terminal_is_asked_once(self):
        folder = self.several()
        code, text = self.at_a_terminal("run", "--workspace", "project", answers=["", "7", "2"])
        self.assertEqual(code, 0, text)
        self.assertIn("What is to run in " + str(folder), text)
        self.assertIn("  1  python main.py  (main.py)\n  2  make  (Makefile)\n", text)
        self.assertIn("There is no number 7.\n", text)
        self.assertIn("made by make\n", text)
        self.assertEqual(self.memory(), {str(folder): {"program": "make"}})
        self.assertEqual((self.folder / "state/dind-executor/workspaces.json").stat().st_mode & 0o777, 0o600)
        code, text = self.at_a_terminal("run", "--workspace", str(folder))
        self.assertEqual(code, 0, text)
        self.assertNotIn("What is to run", text)
        self.assertIn("made by make\n", text)
        self.assert_run(self.folder_run(folder), 0, b"made by make\n")  # a script gets the same
        code, text = self.at_a_terminal("run", "--workspace", "project", "--choose", answers=["1"])
        self.assertEqual(code, 0, text)
        self.assertIn("main\n", text)
        self.assertNotIn("made by make", text)
        self.assertEqual(self.memory(), {str(folder): {"program": "python-main"}})

    def test_a_command_that_is_typed_is_remembered_too(self):
        folder = self.project({"README": ""}, "nothing")
        code, text = self.at_a_terminal("run", "--workspace", "nothing", answers=["echo typed && pwd"])
        self.assertEqual(code, 0, text)
        self.assertIn("typed\n/workspaces\n", text)
        self.assertEqual(self.memory(), {str(folder): {"command": "echo typed && pwd"}})
        self.assert_run(self.folder_run(folder), 0, b"typed\n/workspaces\n")

    def test_a_choice_that_the_folder_no_longer_has_is_asked_for_again(self):
        folder = self.project({"main.py": "print('main')\n", "Makefile": MAKEFILE, "package.json": START})
        self.assertEqual(self.at_a_terminal("run", "--workspace", "project", answers=["3"])[0], 0)
        (folder / "Makefile").unlink()
        self.assert_refused(self.folder_run(folder), "npm-start", "python-main")
        code, text = self.at_a_terminal("run", "--workspace", "project", answers=["2"])
        self.assertEqual(code, 0, text)
        self.assertEqual(self.memory(), {str(folder): {"program": "python-main"}})

    def test_no_answer_runs_nothing(self):
        self.several()
        code, text = self.at_a_terminal("run", "--workspace", "project", answers=["\x04"])
        self.assertEqual(code, 125, text)
        self.assertIn("Nothing was chosen", text)
        self.project({"README": ""}, "empty")
        for words in (("--choose",), ()):  # P31
            code, text = self.at_a_terminal("run", "--workspace", "empty", *words, answers=["\x04"])
            self.assertEqual(code, 125, text)
            self.assertIn("Nothing was chosen. Give a command after `--`", text)
            self.assertNotIn("--program", text)
        self.assertFalse((self.folder / "state/dind-executor/workspaces.json").exists())

    def test_a_file_of_choices_that_is_broken_or_read_only_does_not_matter(self):
        folder = self.several()
        state = self.folder / "state/dind-executor"
        state.mkdir(parents=True)
        (state / "workspaces.json").write_text("[")
        self.assert_refused(self.folder_run(folder), "more than one")
        self.assertEqual(self.at_a_terminal("run", "--workspace", "project", answers=["1"])[0], 0)
        self.assertEqual(self.memory(), {str(folder): {"program": "python-main"}})
        env = self.environment(XDG_STATE_HOME="/proc/none")
        code, text = self.at_a_terminal("run", "--workspace", "project", answers=["1"], env=env)
        self.assertEqual(code, 0, text)
        self.assertIn("asked again", text)

    def test_folders_that_are_gone_are_forgotten(self):
        state = self.folder / "state/dind-executor"
        state.mkdir(parents=True)
        (state / "workspaces.json").write_text('{"/gone/long/ago": {"program": "make"}}')
        folder = self.several()
        self.at_a_terminal("run", "--workspace", "project", answers=["1"])
        self.assertEqual(list(self.memory()), [str(folder)])
