"""What a plain LSP client sees: refused requests, output without a terminal, names with odd characters."""
import time

from dindtest.alone import alone
from dindtest.client_case import ClientCase

INVALID_PARAMS = -32602


class PlainClients(ClientCase):
    def messages(self, client):
        return [each["message"] for each in client.sent("window/logMessage")]

    def test_lenses_of_a_wrong_shape_are_refused(self):  # I26
        client = self.client()
        for params in ({}, [], None, {"textDocument": "file:///a.py"}, {"textDocument": {}}, {"textDocument": {"uri": 1}}, {"uri": "file:///a.py"}):
            with self.subTest(params=params):
                answer = client.call("textDocument/codeLens", params)
                self.assertEqual(answer["error"]["code"], INVALID_PARAMS, answer)
        self.assertTrue(client.call("textDocument/codeLens", {"textDocument": {"uri": "file:///a.py"}})["result"])

    def test_a_command_takes_one_argument(self):  # I28
        client = self.client(own=False)
        uri = self.file("a.py", "print(1)")
        for command in ("dind.runFile", "dind.runWorkspace", "dind.workspacePrograms", "dind.stop"):
            answer = client.call("workspace/executeCommand", {"command": command, "arguments": [{"uri": uri}, {"uri": uri}]})
            self.assertEqual(answer["error"]["code"], INVALID_PARAMS, answer)
            self.assertIn("one argument, not 2", answer["error"]["message"])

    def test_output_has_no_escapes_and_a_progress_bar_its_last_state(self):  # I28
        client = self.client(own=False)
        code = "print('\\x1b[31mred\\x1b[0m')\nfor n in range(5): print(f'\\r{n}0%', end='', flush=True)\nprint('\\r\\x1b[2Kdone\\x07')\n"
        self.assertEqual(client.reply(client.run(self.file("a.py", code)))["result"]["verdict"], "ok")
        text = "\n".join(self.messages(client))
        self.assertIn("red\n", text + "\n")
        self.assertIn("done", text)
        self.assertNotRegex(text, r"[\x00-\x08\x0b-\x1f\x7f]")
        self.assertNotIn("20%", text)

    def test_a_name_with_a_line_end_stays_in_one_line(self):  # I28
        client = self.client(own=False)
        client.open("untitled:two%0Alines.py", "print(1)")
        client.reply(client.run("untitled:two%0Alines.py"))
        said = [each for each in self.messages(client) if "lines.py" in each]
        self.assertTrue(said)
        for each in said:
            self.assertNotIn("\n", each)

    def test_an_encoded_slash_in_the_name_of_an_untitled_document(self):  # I29
        client = self.client()
        for uri in ("untitled:a%2Fb.py", "untitled:/x/a%2fb.py", "untitled:%2Fb.py"):
            with self.subTest(uri):
                client.open(uri, "import sys; print(sys.argv[0].rsplit('/', 1)[-1])")
                self.assertEqual(client.reply(client.run(uri, runId="r" + str(len(client.messages))))["result"]["verdict"], "ok")

    def test_a_document_whose_name_names_no_file_has_its_languages_usual_name(self):  # I29
        client = self.client(own=False)
        for uri in ("untitled:", "untitled:%2E%2E%2F", "untitled:..", "untitled:.", "untitled:a%2F", "untitled:" + "n" * 400 + ".py"):
            with self.subTest(uri[:40]):
                del client.messages[:]
                client.open(uri, "print(1)")
                self.assertEqual(client.reply(client.run(uri))["result"]["verdict"], "ok")
                said = [each["message"] for each in client.sent("window/showMessage")]
                self.assertEqual([each.split(",")[0] for each in said], ["main.py: Ended: ok"])
                self.assertTrue(any(each.startswith("Running main.py in ") for each in self.messages(client)))

    @alone
    def test_edits_near_the_end_of_a_long_document(self):  # R11
        def seconds(lines):
            client = self.client()
            uri = f"file:///long{lines}.py"
            client.open(uri, "x=1\n" * lines)
            client.call("textDocument/codeLens", {"textDocument": {"uri": uri}})
            at = {"line": lines - 1, "character": 0}
            begun = time.monotonic()
            for n in range(1000):
                client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": n}, "contentChanges": [{"range": {"start": at, "end": at}, "text": "y"}]})
            client.call("dind/none", {})
            return time.monotonic() - begun
        short = seconds(2000)
        self.assertLess(seconds(400_000), 5 * short + 0.5)
