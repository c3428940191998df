"""The Python code of the guide, inside the backend, as it is written. Packages come from the real index; images are stand-ins (stack.py)."""
import json
import textwrap
import urllib.request

from guide import covers
from stack import StackTest
from test_2_reach import PUBLIC, Surroundings

# Runs a block statement by statement, with the executor that the guide got before, and shows each result.
RUNNER = """
import ast, json, sys
from app.utils.dind_executor import get_executor
names = {"executor": get_executor()}
for statement in ast.parse(sys.stdin.read()).body:
    exec(compile(ast.Module([statement], []), "guide", "exec"), names)
    if isinstance(statement, ast.Assign) and statement.targets[0].id == "result":
        print("RESULT " + json.dumps({key: names["result"][key] for key in ("returncode", "stdout", "stderr")}), flush=True)
"""
# Serves the router of the guide, and sends it the request from stdin.
SERVER = """
import json, subprocess, sys, time, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
server = subprocess.Popen(["uvicorn", "--app-dir", "/tmp", "--port", "8123", "--log-level", "warning", "guide_api:app"])
def ask(body):
    request = urllib.request.Request("http://127.0.0.1:8123/execute", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with opener.open(request, timeout=60) as reply: return [reply.status, json.load(reply)]
    except urllib.error.HTTPError as error: return [error.code, json.load(error)]
try:
    for _ in range(100):
        try: opener.open("http://127.0.0.1:8123/openapi.json", timeout=5).close(); break
        except OSError: time.sleep(0.1)
    print(json.dumps([ask(body) for body in json.load(sys.stdin)]))
finally:
    server.terminate(); server.wait()
"""


class Python(StackTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.workspace = cls.stack.project / "workspace"

    def results(self, text, timeout=300):
        done = self.stack.inside("claude-backend", "python3", "-c", RUNNER, input=text, timeout=timeout, fine=True)
        found = [json.loads(line[7:]) for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        self.assertEqual(done.code, 0, done.out)
        return found

    def file(self, name, text):
        """As the backend would write it."""
        self.stack.inside("claude-backend", "sh", "-c", f"mkdir -p $(dirname /app/workspace/{name}) && cat > /app/workspace/{name}",
                          input=textwrap.dedent(text))

    @covers("Python APIでの使用")
    def test_1_the_api(self, block):
        done = self.stack.inside("claude-backend", "python3", "-", input=block.text)
        self.assertRegex(done.out, r"Return code: 0\nOutput: Python 3\.11\.\d+ [^\n]*\nHello from DinD!\n\nError: \n$")

    @covers("1. Pythonコード実行")
    def test_2_code_and_packages(self, block):
        simple, packages = self.results(block.text)
        self.assertEqual(simple, {"returncode": 0, "stdout": "Hello, World!\n", "stderr": ""})
        # The package is there. The request of the program fails, since a run has no network unless it asks for one.
        self.assertIn("requests.exceptions.ConnectionError", packages["stderr"])
        self.assertEqual(packages["returncode"], 1)

    def test_2_packages_and_a_network(self):
        with Surroundings(self.stack, 2376):
            (result,) = self.results(f"""result = executor.run_python_code(
                code="import requests; print(requests.get('http://{PUBLIC}/').status_code)",
                requirements=["requests"], network="internet", timeout=60)\n""".replace("\n                ", " "))
        self.assertEqual(result, {"returncode": 0, "stdout": "200\n", "stderr": ""})

    @covers("2. シェルスクリプト実行")
    def test_3_a_shell_script(self, block):
        (result,) = self.results(block.text)
        self.assertEqual(result["returncode"], 0, result)
        self.assertRegex(result["stdout"], r"^Current directory: /\S*\ntotal ")

    @covers("3. カスタムコマンド実行")
    def test_4_a_command_of_an_image(self, block):
        (result,) = self.results(block.text)
        self.assertEqual(result["returncode"], 0, result)
        self.assertRegex(result["stdout"], r"^v\d+\.\d+\.\d+\n\d+\.\d+\.\d+\n$")

    @covers("4. ワークスペース内でのコード実行")
    def test_5_a_file_of_the_workspace(self, block):
        self.file("session-id/project/script.py", """\
            import os
            print(os.getcwd())
            open("made.txt", "w").write("by a run\\n")
            """)
        (result,) = self.results(block.text)
        self.assertEqual(result, {"returncode": 0, "stdout": "/workspaces/session-id/project\n", "stderr": ""})
        made = self.workspace / "session-id/project/made.txt"
        self.assertEqual(made.read_text(), "by a run\n")
        self.assertEqual(made.stat().st_uid, 1000)
        for container, place in (("claude-backend", "/app/workspace"), ("claude-code-server", "/home/coder/workspace")):
            self.stack.inside(container, "sh", "-c", f"echo more >> {place}/session-id/project/made.txt")

    @covers("5. Dockerfileからビルドして実行")
    def test_6_build_and_run(self, block):
        self.file("session-id/my-project/app.py", """\
            import flask
            print("flask is here:", flask.Flask.__name__)
            """)
        (result,) = self.results(block.text)
        self.assertEqual((result["returncode"], result["stdout"]), (0, "flask is here: Flask\n"), result)

    @covers("Agent SDK統合例")
    def test_7_an_api_of_a_backend(self, block):
        text = block.text + "\nfrom fastapi import FastAPI\napp = FastAPI()\napp.include_router(router)\n"
        self.stack.inside("claude-backend", "sh", "-c", "cat > /tmp/guide_api.py", input=text)
        asked = [{"code": "print('hello')"}, {"code": "import sys; sys.exit('no')"}, {"code": "while True: pass", "timeout": 1},
                 {"code": "1", "language": "cobol"}, {}]
        done = self.stack.inside("claude-backend", "python3", "-c", SERVER, input=json.dumps(asked))
        fine, failed, late, unknown, wrong = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(fine, [200, {"success": True, "output": "hello\n", "error": ""}])
        self.assertEqual(failed, [200, {"success": False, "output": "", "error": "no\n"}])
        self.assertEqual((late[0], late[1]["success"]), (200, False))
        # As in the guide: its `except Exception` also catches its own 400.
        self.assertEqual(unknown[0], 500)
        self.assertEqual(wrong[0], 422)

    def test_8_the_backends_own_api_answers_at_the_published_port(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(f"http://127.0.0.1:{self.stack.backend_port}/execute", b'{"code": "print(6 * 7)"}',
                                         {"Content-Type": "application/json"})
        with opener.open(request, timeout=60) as reply:
            self.assertEqual(json.load(reply), {"success": True, "output": "42\n", "error": ""})

    def test_9_the_editors_program_runs_on_the_same_engine(self):
        self.stack.inside("claude-code-server", "sh", "-c", "echo 'print(6 * 7)' > workspace/answer.py")
        done = self.stack.inside("claude-code-server", "dind-executor", "run", "--image", "python:3.11", "workspace/answer.py")
        self.assertIn("42", done.stdout.splitlines())

    def test_9_e11_every_folder_of_the_workspace_runs_in_the_editor_and_one_beside_it_says_why_not(self):
        run = ("dind-executor", "run", "-q", "--workspace")
        for name in ("first", "second"):
            self.stack.inside("claude-code-server", "sh", "-c", f"mkdir -p workspace/{name} && echo {name} > workspace/{name}/own && "
                                                                f"echo 'print(\"in\", open(\"own\").read())' > workspace/{name}/main.py")
            done = self.stack.inside("claude-code-server", *run, f"workspace/{name}")
            self.assertIn(f"in {name}", done.stdout.splitlines())
        done = self.stack.inside("claude-code-server", "sh", "-c", "mkdir -p other && touch other/main.py && " + " ".join(run) + " other", fine=True)
        self.assertEqual(done.code, 125, done.out)
        self.assertIn("/home/coder/other is not in the workspace /home/coder/workspace", done.out)
        self.assertIn("ask the operator", done.out)
