"""I11: Neovim, without plug-ins and with examples/neovim/dind.lua, shows the output and how the run ended."""
import json
import os
import shutil
import subprocess

from lsp_case import ENDLESS

from dindtest.client_case import ClientCase
from dindtest.program import LIMIT, ROOT, program

# Waits for a Lua condition, then writes a Lua list of lines to a file and ends.
FINISH = """
local function finish(ready, lines)
  local came = vim.wait(%d, ready, 20)
  vim.fn.writefile(vim.tbl_map(function(line) return (line:gsub('\\n', ' ')) end, lines()), '%s')
  vim.cmd(came and 'qall!' or 'cquit!')
end
local function messages() return vim.split(vim.fn.execute('messages'), '\\n') end
"""
STOCK = """
local id = vim.lsp.start_client({ cmd = { 'dind-executor', 'lsp' } })
vim.lsp.buf_attach_client(0, id)
vim.wait(10000, function() return vim.lsp.buf_get_clients(0)[id] ~= nil end, 20)
vim.lsp.buf_request(0, 'workspace/executeCommand', { command = 'dind.runFile', arguments = { { uri = vim.uri_from_bufnr(0) } } }, function() end)
finish(function() return table.concat(messages(), ' '):find('Ended: ') ~= nil end, messages)
"""
WITH_EXAMPLE = """
local function output() return vim.fn.getbufline('dind://output', 1, '$') end
local function has(text) return table.concat(output(), ' '):find(text, 1, true) ~= nil end
"""


class Neovim(ClientCase):
    def setUp(self):
        super().setUp()
        self.assertIsNotNone(shutil.which("nvim"), "there is no nvim: run scripts/setup")
        (self.folder / "bin").mkdir()
        (self.folder / "bin/dind-executor").symlink_to(program())

    def nvim(self, script, name, text, *options):
        """The lines that `script` gives to finish(), for an open file."""
        self.file(name, text)
        result, lua = self.folder / "result", self.folder / "test.lua"
        lua.write_text(FINISH % (LIMIT * 1000, result) + script)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")}
        environment |= {"HOME": str(self.folder), "PATH": f"{self.folder}/bin:{environment['PATH']}"}
        done = subprocess.run(["nvim", "--headless", "-n", "-u", "NONE", *options, "-c", f"luafile {lua}", self.folder / name],
                              env=environment, cwd=self.folder, capture_output=True, text=True, timeout=2 * LIMIT, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{done.stderr}\n{result.read_text() if result.exists() else ''}")
        return result.read_text().splitlines()

    def with_example(self, script, name, text):
        return self.nvim(WITH_EXAMPLE + script, name, text, "-c", f"luafile {ROOT / 'examples/neovim/dind.lua'}")

    def test_stock_neovim_says_how_each_run_ended(self):
        for name, text, ended in (("ok.py", "print('hi')", "ok.py: Ended: ok, exit code 0"), ("no.sh", "exit 3", "no.sh: Ended: failed, exit code 3"),
                                  ("kill.py", "import os; os.kill(os.getpid(), 9)", "kill.py: Ended: signalled, SIGKILL")):
            with self.subTest(name):
                self.assertIn(ended, "\n".join(self.nvim(STOCK, name, text)))

    def test_the_example_shows_output_and_end(self):
        run = "vim.cmd('DindRun')\nfinish(function() return has('Ended: ') end, output)\n"
        for name, text, wanted in (("hello.py", "import sys\nprint('こんにちは', 6 * 7)\nprint('to stderr', file=sys.stderr)", ["こんにちは 42", "to stderr"]),
                                   ("hello.js", "console.log('from node'); process.exitCode = 2", ["from node"]), ("hello.sh", "echo one; echo two", ["one", "two"])):
            with self.subTest(name):
                lines = self.with_example(run, name, text)
                for line in wanted:
                    self.assertIn(line, lines)
                self.assertRegex(lines[-1], r"^Ended: (ok, exit code 0|failed, exit code 2), ")

    def test_the_example_runs_what_is_typed_and_not_saved(self):
        script = "vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'print(\"typed\")' })\nvim.cmd('DindRun')\nfinish(function() return has('Ended: ') end, output)\n"
        self.assertIn("typed", self.with_example(script, "saved.py", "print('saved')"))

    def test_the_example_stops_a_run(self):
        script = ("vim.cmd('DindRun')\nvim.wait(30000, function() return has('up') end, 20)\nvim.cmd('DindStop')\n"
                  "finish(function() return has('Ended: cancelled') end, output)\n")
        self.assertIn("up", self.with_example(script, "endless.py", ENDLESS))

    def test_the_reason_why_something_can_not_run_is_given(self):
        script = "vim.cmd('DindRun')\nfinish(function() return table.concat(messages(), ' '):find('empty') ~= nil end, messages)\n"
        self.assertIn("nothing to run", "\n".join(self.with_example(script, "empty.py", "")))


class Plain(ClientCase):
    def test_a_plain_client_gets_a_message_at_the_end_and_our_client_does_not(self):
        for own in (False, True):
            client = self.client(own=own)
            answer = client.reply(client.run(self.file("x.py", "print(1)")))
            self.assertIn("result", answer, json.dumps(answer))
            client.drain(0.2)
            shown = [each for each in client.sent("window/showMessage")]
            if own:
                self.assertEqual(shown, [])
            else:
                self.assertEqual([each["type"] for each in shown], [3])
                self.assertRegex(shown[0]["message"], r"^x\.py: Ended: ok, exit code 0, ")
