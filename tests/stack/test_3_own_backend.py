"""docs/own-backend.md as it is written: its files, its commands, and an agent of the Claude Agent SDK that runs code in a sandbox.

The SDK comes from PyPI. The model is a scripted one on the container's loopback (agent/messages_api.py).
"""
import json
import re

from stack import ROOT, StackTest

PAGE = ROOT / "docs/own-backend.md"
API_PORT = 9911


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


class OwnBackend(StackTest):
    """K14."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.stack.project / "own-backend"
        folder.mkdir()
        for name, language in (("Dockerfile", "dockerfile"), ("backend.py", "python"), ("compose.yml", "yaml")):
            (text,) = blocks(language)
            (folder / name).write_text(text)
        cls.stack.write_env({"ANTHROPIC_API_KEY": "a-scripted-one", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{API_PORT}"})
        cls.addClassCleanup(cls.back)

    @classmethod
    def back(cls):
        cls.stack.write_env({})
        cls.stack.type("docker-compose -f docker-compose.yml -f docker-compose.dind.yml up -d")
        cls.stack.wait_healthy()
        cls.stack.docker("image", "rm", "own-backend", fine=True)

    def test_1_the_commands_of_the_page(self):
        (commands,) = blocks("sh")
        for line in commands.strip().splitlines():
            self.typed(line, timeout=600)
        self.stack.wait_healthy()
        self.assertEqual(self.stack.inspect("claude-backend")["Config"]["Image"], "own-backend")

    def test_2_the_agent_runs_code_in_a_sandbox(self):
        script = (ROOT / "tests/stack/agent/messages_api.py").read_text()
        self.stack.inside("claude-backend", "sh", "-c", "cat > /tmp/messages_api.py", input=script)
        code = "import os; print(6 * 7, os.path.exists('/app/backend.py'))"
        self.stack.docker("exec", "-d", "claude-backend", "python3", "/tmp/messages_api.py", str(API_PORT), "mcp__sandbox__run_python", code)
        probe = f"import socket; socket.create_connection(('127.0.0.1', {API_PORT}), 1)"
        self.stack.wait_for(lambda: self.stack.inside("claude-backend", "python3", "-c", probe, fine=True).code == 0, "the scripted API does not listen", 20)
        ask = ("import json, urllib.request as u; print(u.urlopen(u.Request('http://127.0.0.1:8000/ask', json.dumps({'text': 'What is six times seven?'}).encode(), "
               "{'Content-Type': 'application/json'}), timeout=120).read().decode())")
        done = self.stack.inside("claude-backend", "python3", "-c", ask, timeout=150)
        self.assertEqual(json.loads(done.stdout)["answer"].strip(), "The tool said: 42 False")
        listed = json.loads(self.stack.inside("claude-backend", "dind-executor", "history", "list", "--json", "--limit", "1").stdout)
        self.assertEqual((listed[0]["frontend"], listed[0]["verdict"]), ("jsonrpc", "ok"))

    def test_3_serve_runs_beside_it_and_a_backend_that_ends_is_started_again(self):
        self.assertIn("serve --socket /run/dind-executor/", self.stack.inside("claude-backend", "sh", "-c", r"cat /proc/[0-9]*/cmdline | tr '\0' ' '").out)
        began = self.stack.inspect("claude-backend")["State"]["StartedAt"]
        self.stack.inside("claude-backend", "sh", "-c", r"for each in /proc/[0-9]*; do tr '\0' ' ' <$each/cmdline | grep -q '^[^ ]*python[^ ]* [^ ]*[u]vicorn backend:app' && kill ${each#/proc/}; done",
                          fine=True)  # of the process that the loop finds last
        self.stack.wait_for(lambda: self.stack.inspect("claude-backend")["State"]["StartedAt"] != began, "the container was not started again", 60)
        self.stack.wait_healthy("claude-backend")

    def test_4_more_packages_by_pip_alone(self):
        """The usual ways: pip in a Dockerfile, as root with Debian's option, or as the user of the image."""
        for user, options in (("root", "--break-system-packages "), ("app", "")):
            script = f"FROM own-backend\nUSER {user}\nRUN with-certificates pip install -q {options}six\nUSER app\nRUN python -c 'import six, fastapi, dind_executor'\n"
            with self.subTest(user):
                self.stack.docker("build", "-q", "--no-cache", "-", input=script, timeout=180)
