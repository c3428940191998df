"""Documents that are edited, and their lenses, on the real engine."""
from lsp_case import ENDLESS

from dindtest.client_case import ClientCase


def lenses(client, uri):
    return client.call("textDocument/codeLens", {"textDocument": {"uri": uri}})["result"]


class Lenses(ClientCase):
    def test_a_lens_on_the_first_line_of_what_can_run(self):
        client = self.client()
        client.open("untitled:Untitled-1", "#!/usr/bin/env python3\nprint(1)\n", "plaintext")
        client.open("file:///x/readme.md", "# nothing to run\n", "markdown")
        for uri, runnable in (("file:///x/a.py", True), ("file:///x/a.js", True), ("file:///x/a.sh", True), ("untitled:Untitled-1", True), ("file:///x/readme.md", False), ("file:///x/a.txt", False)):
            with self.subTest(uri):
                found = lenses(client, uri)
                self.assertEqual(len(found), int(runnable))
                if runnable:
                    start = {"line": 0, "character": 0}
                    self.assertEqual(found[0]["range"], {"start": start, "end": start})
                    self.assertEqual(found[0]["command"], {"title": "Run in sandbox", "command": "dind.runFile", "arguments": [{"uri": uri}]})

    def test_a_stop_lens_while_it_runs_and_a_refresh_at_each_change(self):
        client = self.client(capabilities={"workspace": {"codeLens": {"refreshSupport": True}}})
        uri = self.file("endless.py", ENDLESS)
        id = client.run(uri, runId="r")
        client.notification("dind/output", runId="r")
        client.wait(lambda m: m.get("method") == "workspace/codeLens/refresh")
        self.assertEqual([each["command"]["title"] for each in lenses(client, uri)], ["Run in sandbox", "Stop"])
        self.assertEqual(lenses(client, uri)[1]["command"]["arguments"], [{"uri": uri}])
        client.stop(uri=uri)
        client.reply(id)
        client.wait(lambda m: len([1 for x in client.messages if x.get("method") == "workspace/codeLens/refresh"]) >= 2)
        self.assertEqual(len(lenses(client, uri)), 1)

    def test_no_lens_where_it_is_switched_off(self):
        client = self.client(initializationOptions={"codeLens": False})
        self.assertEqual(lenses(client, "file:///x/a.py"), [])
        client.notify("workspace/didChangeConfiguration", {"settings": {"dind": {"codeLens": True}}})
        self.assertEqual(len(lenses(client, "file:///x/a.py")), 1)

    def test_a_refresh_when_lenses_are_switched(self):
        client = self.client(capabilities={"workspace": {"codeLens": {"refreshSupport": True}}})
        for n, wanted in enumerate((False, True)):
            client.notify("workspace/didChangeConfiguration", {"settings": {"dind": {"codeLens": wanted}}})
            client.wait(lambda m: len(client.sent("workspace/codeLens/refresh")) > n)


class Documents(ClientCase):
    def test_unsaved_text_is_what_runs(self):
        client = self.client()
        uri = self.file("a.py", "print('saved')")
        client.open(uri, "print('typed')\n")
        client.reply(client.run(uri, runId="typed"))
        self.assertEqual(client.output("typed"), "typed\n")
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        client.reply(client.run(uri, runId="saved"))
        self.assertEqual(client.output("saved"), "saved\n")

    def test_one_document_however_its_name_is_escaped(self):
        client = self.client()
        self.file("a b(1).py", "print('saved')")
        uri = self.folder.as_uri()
        client.open(uri + "/a%20b%281%29.py", "print('typed')\n")
        client.reply(client.run(uri + "/a b(1).py", runId="r"))
        self.assertEqual(client.output("r"), "typed\n")

    def test_incremental_changes(self):
        client = self.client()
        uri = "untitled:Untitled-1"
        client.open(uri, "# 😀é\r\nprint('a')\r\nprint('c')")
        def change(from_line, from_character, to_line, to_character, text):
            return {"range": {"start": {"line": from_line, "character": from_character}, "end": {"line": to_line, "character": to_character}}, "text": text}
        client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [
            change(0, 4, 0, 5, "ö"),            # after a character of two UTF-16 units
            change(1, 10, 1, 10, "\nprint('b')"),
            change(3, 7, 3, 8, "C"),
            change(99, 99, 99, 99, "\nprint(open(__file__, encoding='utf-8').readline().strip())"),
        ]})
        client.reply(client.run(uri, runId="r"))
        self.assertEqual(client.output("r"), "a\nb\nC\n# 😀ö\n")

    def test_a_language_id_that_no_recipe_knows_leaves_it_to_the_name(self):
        client = self.client()
        client.open("file:///x/a.py", "print(1)", "plaintext")
        self.assertEqual(client.reply(client.run("file:///x/a.py"))["result"]["verdict"], "ok")
