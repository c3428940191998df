"""`--isolation`: the option, the isolation in the results, and the refusal of a network, which a gVisor sandbox can't have."""
import json
import pathlib

from hostile_case import HostileTest

from dindtest import engine
from dindtest.engine import remove_built_images
from dindtest.lsp import LspClient
from dindtest.program import PYTHON

# gVisor reports Linux 4.4.0 of 2016. No current Linux reports this.
WHICH = "import platform\nprint(platform.release(), platform.version())\n"


class Isolation(HostileTest):
    def events(self, *arguments, **more):
        done = self.call("run", "--json", *arguments, **more)
        return [json.loads(line) for line in done.stdout.decode().splitlines()]

    def test_the_engine_of_these_tests_has_it(self):
        self.assertIn("runsc", engine.call("GET", "/info")["Runtimes"], "scripts/setup installs runsc, and scripts/engine names it")

    def test_a_run_says_which_it_had_and_has_the_kernel_of_it(self):
        path = self.python(WHICH)
        for asked, had in (((), "runc"), (("--isolation", "runc"), "runc"), (("--isolation", "gvisor"), "gvisor")):
            events = self.events(*asked, path)
            started = next(each for each in events if each["event"] == "started")
            text = "".join(each.get("text", "") for each in events if each["event"] == "output")
            self.assertEqual((started["isolation"], events[-1]["result"]["isolation"]), (had, had))
            self.assertEqual(text.startswith("4.4.0 "), had == "gvisor", text)

    def test_a_built_image_has_it_and_the_notes_say_that_the_steps_had_not(self):
        dockerfile = self.file("Dockerfile", f"FROM {PYTHON}\nCMD [\"python3\", \"-c\", \"import platform; print(platform.release())\"]\n")
        self.addCleanup(remove_built_images)
        events = self.events("--isolation", "gvisor", "--dockerfile", dockerfile, env=self.environment(DOCKER_BUILDKIT="0"))
        text = "".join(each.get("text", "") for each in events if each["event"] == "output" and each["channel"] == "stdout")
        self.assertEqual((text, events[-1]["result"]["isolation"]), ("4.4.0\n", "gvisor"))
        self.assertIn("the steps before the program, which have a network, ran with isolation runc", events[-1]["notes"])

    def test_gvisor_of_the_operator_is_used_and_reported(self):
        env = self.environment(DIND_CONFIG=self.file("config.json", '{"isolation": "gvisor"}'))
        path = self.python(WHICH)
        for asked, note in (((), []), (("--isolation", "runc"), ["isolation runc is not allowed here; gvisor is in force"])):
            events = self.events(*asked, path, env=env)
            self.assertEqual((events[-1]["result"]["isolation"], events[-1]["notes"]), ("gvisor", note))

    def test_a_network_is_refused_and_nothing_starts(self):
        path = self.python("print('ran')")
        self.assert_refused(self.call("run", "--isolation", "gvisor", "--network", "internet", path), "no network", "isolation runc")
        env = self.environment(DIND_CONFIG=self.file("config.json", '{"isolation": "gvisor"}'))
        self.assert_refused(self.call("run", "--network", "internet", path, env=env), "no network", '"isolation" in the configuration')

    def test_the_editors_field_and_setting(self):
        uri = pathlib.Path(self.python(WHICH)).as_uri()
        client = LspClient(env={"HOME": str(self.folder)})
        self.addCleanup(client.close)
        client.initialize(initializationOptions={"isolation": "gvisor"})
        self.assertEqual(client.reply(client.run(uri, runId="set"))["result"]["isolation"], "gvisor")
        self.assertEqual(client.notification("dind/run", runId="set", state="started")["isolation"], "gvisor")
        self.assertEqual(client.reply(client.run(uri, isolation="runc"))["result"]["isolation"], "runc")
        wrong = client.reply(client.run(uri, isolation="vm"))["error"]
        self.assertEqual(wrong["data"]["kind"], "invalid_request")
        self.assertIn('"isolation" must be "runc" or "gvisor"', wrong["message"])

    def test_doctor_tries_it(self):
        done = self.call("doctor", "--json")
        check = next(each for each in json.loads(done.stdout)["checks"] if each["name"] == "gVisor")
        self.assertEqual((check["status"], check["remedy"]), ("ok", ""), check)
        self.assertIn("a sandbox with it works", check["seen"])

    def test_input_arguments_and_environment_arrive(self):
        path = self.python("import os, sys\nprint(sys.argv[1:], os.environ['A'], len(sys.stdin.buffer.read()))\nsys.exit(7)\n")
        done = self.call("run", "--quiet", "--isolation", "gvisor", "-e", "A=b c", path, "--", "x", "", input=bytes(700_000))
        self.assert_run(done, 7, b"['x', ''] b c 700000\n")

    def test_other_languages_run_too(self):
        for name, text in (("a.js", "console.log(6 * 7)"), ("a.sh", "echo $((6 * 7))")):
            self.assert_run(self.call("run", "--quiet", "--isolation", "gvisor", self.file(name, text)), 0, b"42\n")
