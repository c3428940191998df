"""Folders that are run: dind.workspacePrograms and dind.runWorkspace, on the real engine."""
import os

from dindtest.client_case import ClientCase

FAILED, INVALID_PARAMS = -32803, -32602
OWNER = 1000


class Folders(ClientCase):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.workspace = self.folder / "workspace"
        self.add({})

    def add(self, files):
        self.workspace.mkdir(exist_ok=True)
        for name, text in files.items():
            path = self.workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for path in (self.workspace, *self.workspace.rglob("*")):
            os.chown(path, OWNER, OWNER)

    def open(self, **more):
        folders = [{"uri": self.workspace.as_uri(), "name": "workspace"}]
        return self.client(**{"workspaceFolders": folders, "rootUri": self.workspace.as_uri()} | more)

    def command(self, client, command, folder=None, /, **more):
        return client.ask("workspace/executeCommand", {"command": command, "arguments": [{"uri": (folder or self.workspace).as_uri(), **more}]})

    def programs(self, client, folder=None):
        return client.reply(self.command(client, "dind.workspacePrograms", folder))

    def test_what_of_a_folder_can_run(self):
        client = self.open()
        self.assertEqual(self.programs(client)["result"], {"folder": str(self.workspace), "programs": [], "notes": []})
        self.add({"main.py": "", "package.json": '{"scripts": {"start": "node x.js"}, "dependencies": {"a": "1"}}', "Dockerfile": "FROM scratch\n"})
        found = self.programs(client)["result"]["programs"]
        self.assertEqual([(each["id"], each["label"], each["source"], each["build"]) for each in found],
                         [("dockerfile", "Build and run the Dockerfile", "Dockerfile", True), ("npm-start", "npm start", "package.json", False),
                          ("python-main", "python main.py", "main.py", False)])
        self.assertEqual(found[1]["detail"], "node x.js")
        self.assertIn("node_modules", found[1]["notes"][0])
        self.add({"package.json": "{"})
        self.assertIn("not valid JSON", self.programs(client)["result"]["notes"][0])
        self.assert_error(self.programs(client, self.workspace / "none"), FAILED, "not_found", "none")

    def test_the_only_program_runs_in_the_folder_that_is_open(self):
        self.add({"main.py": "import os\nprint('in', os.getcwd())\nopen('made', 'w').write('x')\n"})
        client = self.open()
        result = client.reply(self.command(client, "dind.runWorkspace", runId="r"))["result"]
        self.assertEqual((result["verdict"], client.output("r")), ("ok", "in /workspaces\n"))
        self.assertEqual((self.workspace / "made").stat().st_uid, OWNER)
        started = client.notification("dind/run", state="started")
        self.assertEqual((started["uri"], started["name"], started["language"]), (self.workspace.as_uri(), "python3 main.py", "python"))

    def test_a_program_by_its_id_a_command_and_a_subfolder(self):
        self.add({"main.py": "print('main')", "Makefile": "all:\n\t@echo made\n", "sub/main.py": "import os; print(os.getcwd()); open('ok', 'w'); open('../no', 'w')"})
        client = self.open()
        for number, (more, wanted) in enumerate((({"program": "make"}, "made\n"), ({"program": "python-main"}, "main\n"), ({"command": "echo $((6 * 7)); pwd"}, "42\n/workspaces\n"))):
            with self.subTest(more):
                result = client.reply(self.command(client, "dind.runWorkspace", runId=f"r{number}", **more))["result"]
                self.assertEqual((result["exitCode"], client.output(f"r{number}")), (0, wanted))
        client.reply(self.command(client, "dind.runWorkspace", self.workspace / "sub", runId="sub"))
        self.assertEqual(client.output("sub"), "/workspaces/sub\n")
        self.assertIn("Read-only file system", client.output("sub", "stderr"))
        self.assertTrue((self.workspace / "sub/ok").exists())
        result = client.reply(self.command(client, "dind.runWorkspace", runId="ro", workspace="readOnly", command="touch x"))["result"]
        self.assertEqual(result["exitCode"], 1)

    def test_a_choice_that_is_needed_is_an_error_that_lists_it(self):
        client = self.open()
        self.assert_error(client.reply(self.command(client, "dind.runWorkspace")), FAILED, "invalid_request", "Makefile")
        self.add({"main.py": "", "Makefile": ""})
        self.assert_error(client.reply(self.command(client, "dind.runWorkspace")), FAILED, "invalid_request", "python-main", "make")
        self.assert_error(client.reply(self.command(client, "dind.runWorkspace", program="npm-start")), FAILED, "not_found", "python-main")

    def test_stop_by_its_uri(self):
        self.add({"main.py": "import time\nprint('up', flush=True)\ntime.sleep(1000)\n"})
        client = self.open()
        id = self.command(client, "dind.runWorkspace", runId="r")
        client.notification("dind/output", runId="r")
        self.assertEqual(client.stop(uri=self.workspace.as_uri())["result"], {"stopped": 1})
        self.assertEqual(client.reply(id)["result"]["verdict"], "cancelled")

    def test_the_operators_workspace_holds_and_nothing_outside_runs(self):
        self.add({"main.py": "print(1)"})
        other = self.folder / "other"
        other.mkdir()
        client = self.open(env={"DIND_WORKSPACE": str(other)})
        self.assert_error(client.reply(self.command(client, "dind.runWorkspace")), FAILED, "invalid_request", str(self.workspace), str(other))
        client = self.open()
        self.assert_error(client.reply(self.command(client, "dind.runWorkspace", other, command="true")), FAILED, "invalid_request", str(other))

    def test_a_home_that_is_open_is_not_given_to_a_sandbox(self):
        client = self.client(workspaceFolders=[{"uri": self.folder.as_uri(), "name": "home"}])
        self.assert_error(client.reply(self.command(client, "dind.runWorkspace", self.folder, command="ls")), FAILED, "invalid_request", "home folder")

    def test_wrong_shapes(self):
        client = self.open()
        for command in ("dind.runWorkspace", "dind.workspacePrograms"):
            for arguments in ([], None, [1], [{}], [{"uri": 7}]):
                with self.subTest(command=command, arguments=arguments):
                    self.assert_error(client.call("workspace/executeCommand", {"command": command, "arguments": arguments}), INVALID_PARAMS)
        for more in ({"program": 1}, {"command": ["a"]}, {"image": 1}, {"env": {"A": 1}}, {"dependencies": "six"}):
            self.assert_error(client.reply(self.command(client, "dind.runWorkspace", **more)), INVALID_PARAMS)
        for more in ({"workspace": "rw"}, {"program": "make", "command": "make"}, {"timeout": "x"}):
            self.assert_error(client.reply(self.command(client, "dind.runWorkspace", **more)), FAILED, "invalid_request")
        for uri in ("untitled:Untitled-1", "https://host/x", "file://other/x"):
            answer = client.call("workspace/executeCommand", {"command": "dind.runWorkspace", "arguments": [{"uri": uri}]})
            self.assert_error(answer, FAILED, "invalid_request")
