"""Several folders that are open in one editor, and what was chosen to run in them, on the real engine."""
import json
import os
import subprocess

from dindtest.client_case import ClientCase
from dindtest.program import program

FAILED, INVALID_PARAMS = -32803, -32602
OWNER = 1000
SAY_WHERE = "import os; print('in', os.getcwd(), sorted(os.listdir('/workspaces')))"


class Case(ClientCase):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)

    def make(self, name, files):
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / file).write_text(text)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, OWNER, OWNER)
        return folder

    @staticmethod
    def named(*folders):
        return [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]

    def ask(self, client, command, folder, /, **more):
        return client.call("workspace/executeCommand", {"command": command, "arguments": [{"uri": folder.as_uri(), **more}]})

    def run_folder(self, client, folder, run_id, **more):
        answer = self.ask(client, "dind.runWorkspace", folder, runId=run_id, **more)
        self.assertIn("result", answer, answer)
        self.assertEqual(answer["result"]["verdict"], "ok", client.output(run_id, "stderr"))
        return client.output(run_id)


class OpenFolders(Case):
    """E11"""

    def test_every_root_runs_and_each_run_sees_its_own_root_only(self):
        roots = [self.make(name, {"main.py": SAY_WHERE, f"only in {name}": ""}) for name in ("first", "second", "third")]
        client = self.client(workspaceFolders=self.named(*roots), rootUri=roots[0].as_uri())
        for root in (*roots, *reversed(roots)):
            with self.subTest(root.name):
                output = self.run_folder(client, root, f"{root.name}-{len(client.messages)}")
                self.assertEqual(output, f"in /workspaces ['main.py', 'only in {root.name}']\n")

    def test_folders_that_are_added_later_run_and_those_that_are_removed_do_not(self):
        first, later = self.make("first", {"main.py": SAY_WHERE}), self.make("later", {"main.py": "open('made', 'w'); print('later runs')"})
        client = self.client(workspaceFolders=self.named(first), rootUri=first.as_uri())
        self.assert_error(self.ask(client, "dind.runWorkspace", later), FAILED, "invalid_request", str(later), str(first))
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": self.named(later), "removed": []}})
        self.assertEqual(self.run_folder(client, later, "later"), "later runs\n")
        self.assertEqual((later / "made").stat().st_uid, OWNER)
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": self.named(first)}})
        self.assert_error(self.ask(client, "dind.runWorkspace", first), FAILED, "invalid_request", str(first))
        self.assertEqual(self.run_folder(client, later, "again"), "later runs\n")

    def test_a_window_without_a_folder_learns_its_first_one(self):
        folder = self.make("only", {"main.py": "print('runs')"})
        client = self.client(workspaceFolders=None)
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": self.named(folder), "removed": []}})
        self.assertEqual(self.run_folder(client, folder, "r"), "runs\n")

    def test_of_folders_in_each_other_the_inner_one_is_all_that_a_run_sees(self):
        outer = self.make("outer", {"main.py": SAY_WHERE, "secret": ""})
        inner = self.make("outer/inner", {"main.py": SAY_WHERE})
        client = self.client(workspaceFolders=self.named(outer, inner))
        self.assertEqual(self.run_folder(client, inner, "i"), "in /workspaces ['main.py']\n")
        self.assertEqual(self.run_folder(client, outer, "o"), "in /workspaces ['inner', 'main.py', 'secret']\n")

    def test_a_dockerfile_of_a_second_root_is_built_with_the_files_of_that_root(self):
        image = "dind-executor/runtime-python:bookworm"
        first = self.make("first", {"main.py": SAY_WHERE})
        second = self.make("second", {"Dockerfile": f"FROM {image}\nCOPY word /word\nCMD [\"cat\", \"/word\"]\n", "word": "of the second\n"})
        client = self.client(workspaceFolders=self.named(first, second))
        self.assertEqual(self.run_folder(client, second, "b"), "of the second\n")

    def test_changes_of_folders_of_a_wrong_shape_change_nothing(self):
        folder = self.make("first", {"main.py": "print('runs')"})
        client = self.client(workspaceFolders=self.named(folder))
        for params in (None, {}, {"event": 7}, {"event": {"added": "x", "removed": 1}}, {"event": {"added": [1, {}], "removed": [None]}},
                       {"event": {"added": [{"uri": "https://host/x"}], "removed": [{"uri": "untitled:x"}]}}):
            client.notify("workspace/didChangeWorkspaceFolders", params)
        self.assertEqual(self.run_folder(client, folder, "r"), "runs\n")


class Choices(Case):
    """E16: each client gets the same list and the same remembered choice."""

    def setUp(self):
        super().setUp()
        self.project = self.make("project", {"main.py": "print('by python')", "Makefile": "all:\n\t@echo by make\n"})

    def open(self):
        return self.client(workspaceFolders=self.named(self.project))

    def terminal(self, *more):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")} | {"HOME": str(self.folder)}
        return subprocess.run([program(), "run", "-q", "--workspace", self.project, *more], env=environment, capture_output=True, text=True, timeout=60)

    def test_what_was_chosen_runs_in_the_editor_and_in_a_terminal(self):
        client = self.open()
        self.assertNotIn("chosen", self.ask(client, "dind.workspacePrograms", self.project)["result"])
        for number, (choice, wanted) in enumerate((({"program": "make"}, "by make\n"), ({"command": "echo typed $((6 * 7))"}, "typed 42\n"), ({"program": "python-main"}, "by python\n"))):
            with self.subTest(choice):
                self.assertIsNone(self.ask(client, "dind.chooseProgram", self.project, **choice)["result"])
                self.assertEqual(self.ask(client, "dind.workspacePrograms", self.project)["result"]["chosen"], choice)
                self.assertEqual(self.run_folder(client, self.project, f"r{number}"), wanted)
                self.assertEqual(self.terminal().stdout, wanted)
                self.assertEqual(self.run_folder(self.open(), self.project, "r"), wanted)

    def test_a_choice_can_be_forgotten_in_both(self):
        client = self.open()
        self.ask(client, "dind.chooseProgram", self.project, program="make")
        self.assertIsNone(self.ask(client, "dind.chooseProgram", self.project)["result"])
        self.assertNotIn("chosen", self.ask(client, "dind.workspacePrograms", self.project)["result"])
        self.assert_error(self.ask(client, "dind.runWorkspace", self.project), FAILED, "invalid_request", "python-main", "make")
        self.assertEqual(self.terminal().returncode, 125)

    def test_a_request_that_names_something_does_not_ask_the_memory(self):
        client = self.open()
        self.ask(client, "dind.chooseProgram", self.project, program="make")
        self.assertEqual(self.run_folder(client, self.project, "a", program="python-main"), "by python\n")
        self.assertEqual(self.run_folder(client, self.project, "b", command="echo another"), "another\n")
        self.assertEqual(self.run_folder(client, self.project, "c"), "by make\n")

    def test_a_program_that_is_gone_is_no_choice_any_more(self):
        client = self.open()
        self.ask(client, "dind.chooseProgram", self.project, program="make")
        (self.project / "Makefile").unlink()
        self.assertNotIn("chosen", self.ask(client, "dind.workspacePrograms", self.project)["result"])
        self.assertEqual(self.run_folder(client, self.project, "r"), "by python\n")

    def test_choices_that_can_not_be_are_refused_and_nothing_is_written(self):
        client = self.open()
        self.assert_error(self.ask(client, "dind.chooseProgram", self.project, program="npm-start"), FAILED, "not_found", "npm-start")
        self.assert_error(self.ask(client, "dind.chooseProgram", self.project, program="make", command="make"), FAILED, "invalid_request")
        self.assert_error(self.ask(client, "dind.chooseProgram", self.project, command=""), FAILED, "invalid_request")
        self.assert_error(self.ask(client, "dind.chooseProgram", self.folder / "none", command="true"), FAILED, "not_found")
        for more in ({"program": 1}, {"command": ["a"]}):
            self.assert_error(self.ask(client, "dind.chooseProgram", self.project, **more), INVALID_PARAMS)
        state = self.folder / ".local/state/dind-executor/workspaces.json"
        self.assertFalse(state.exists() and json.loads(state.read_text()))


class Settings(Case):
    def test_several_wrong_settings_are_one_message(self):
        """E30"""
        wrong = {"memory": "x", "cpus": "x", "pids": "x", "timeout": -1, "network": 7}
        client = self.client(initializationOptions=wrong)
        client.call("textDocument/codeLens", {"textDocument": {"uri": "untitled:x"}})
        messages = [each["message"] for each in client.sent("window/showMessage")]
        self.assertEqual(len(messages), 1, messages)
        for setting in wrong:
            self.assertIn(f"dind.{setting} ", messages[0])

    def test_the_log_level_of_the_server_can_be_set_while_it_runs(self):
        """E31"""
        client = self.client("--log-level", "off")
        client.notify("dind/logLevel", {"level": "debug"})
        client.notify("dind/logLevel", {"level": "loud"})  # ignored
        client.open("untitled:x.py", "print(1)")
        client.reply(client.run("untitled:x.py", runId="logged-run"))
        client.close()
        self.assertIn(b"run=logged-run", client.errors)

    def test_an_error_about_an_engine_names_the_setting_of_its_address(self):
        """E03"""
        for address, said in (("tcp://127.0.0.1:1", "correct the setting dind.engine.host, which gave this address"),
                              ("unix:///nowhere/docker.sock", "correct the setting dind.engine.host"),
                              ("nonsense://x", "the setting dind.engine.host is")):
            with self.subTest(address):
                client = self.client(command=("lsp", "--host", address, "--host-option", "the setting dind.engine.host"), initialize=False)
                if address.startswith("nonsense"):
                    client.ended()
                    self.assertIn(said.encode(), client.errors)
                    continue
                client.initialize()
                message = client.notification("dind/engine", reachable=False)["message"]
                self.assertIn(said, message)
                self.assertNotIn("DOCKER_HOST", message)
                report = subprocess.run([program(), "--host", address, "doctor", "--host-option", "the setting dind.engine.host"],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
                self.assertEqual(report.returncode, 1, report.stdout)
                self.assertIn("name one that answers by the setting dind.engine.host", report.stdout)
                self.assertNotRegex(report.stdout, "--host|DOCKER_HOST")
