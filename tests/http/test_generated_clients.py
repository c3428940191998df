"""Clients that well-known tools generate from GET /openapi.json: they are typed, and they work against the server (I05, I06)."""
import os
import pathlib
import shutil
import subprocess

from dindtest.http_case import HttpCase

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHELL = "dind-executor/runtime-shell:bookworm"


class Generated(HttpCase):
    def command(self, *words, cwd, env=None):
        done = subprocess.run([str(each) for each in words], cwd=cwd, env=os.environ | (env or {}), capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, f"{words[0]}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout + done.stderr

    def tool(self, variable, *below):
        folder = os.environ.get(variable)
        path = pathlib.Path(folder or "/nonexistent", *below)
        if not path.exists():
            self.skipTest(f"{variable} names no {'/'.join(below)}: scripts/test sets it after scripts/setup")
        return path

    def document(self, server):
        path = self.folder / "openapi.json"
        path.write_bytes(self.ask(server, "GET", "/openapi.json").body)
        return path

    def test_openapi_python_client(self):
        generator = self.tool("DIND_OPENAPI_TOOLS", "bin", "openapi-python-client")
        server = self.serve(config={"build": {"builder": "classic"}})
        document = self.document(server)
        (self.folder / "config.yml").write_text("post_hooks: []\n")
        said = self.command(generator, "generate", "--path", document, "--output-path", self.folder / "generated_client", "--meta", "none", "--config", self.folder / "config.yml", cwd=self.folder)
        self.assertNotIn("Warning", said)  # nothing of the document was left out
        shutil.copy(HERE / "generated" / "use_client.py", self.folder)
        self.command(generator.with_name("mypy"), "--strict", "--follow-imports", "silent", "--cache-dir", self.folder / "mypy", "use_client.py", cwd=self.folder, env={"MYPYPATH": str(self.folder)})
        said = self.command(generator.with_name("python"), "use_client.py", f"http://127.0.0.1:{server.port}", server.token, SHELL, cwd=self.folder)
        self.assertIn('"runs"', said)

    def test_openapi_typescript(self):
        node = self.tool("DIND_NODE", "bin", "node")
        modules = ROOT / "node_modules"
        if not (modules / "openapi-typescript").exists():
            self.skipTest("node_modules has no openapi-typescript: scripts/setup --for editor installs it")
        server = self.serve(config={"build": {"builder": "classic"}})
        document = self.document(server)
        self.command(node, modules / "openapi-typescript" / "bin" / "cli.js", document, "-o", self.folder / "generated-client.d.ts", cwd=self.folder)
        shutil.copy(HERE / "generated" / "use-client.ts", self.folder)
        (self.folder / "node_modules").symlink_to(modules)
        self.command(node, modules / "typescript" / "bin" / "tsc", "--strict", "--target", "es2022", "--module", "commonjs", "--types", "node", "use-client.ts", cwd=self.folder)
        self.assertIn("ok", self.command(node, "use-client.js", f"http://127.0.0.1:{server.port}", server.token, SHELL, cwd=self.folder))


class Document(HttpCase):
    """The OpenAPI document and the server agree (I05, I07)."""

    def schemas(self, server):
        return self.ask(server, "GET", "/openapi.json").json()["components"]["schemas"]

    def fits(self, schemas, name, value, where=""):
        """The fields of a JSON object against a schema, strictly; nullable ones by their type."""
        schema = schemas[name]
        self.assertLessEqual(set(schema.get("required", ())), set(value), where or name)
        self.assertLessEqual(set(value), set(schema["properties"]), where or name)
        for field, inner in value.items():
            self.matches(schemas, schema["properties"][field], inner, f"{where or name}.{field}")

    def matches(self, schemas, schema, value, where):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return self.fits(schemas, name, value, where) if "properties" in schemas[name] else self.matches(schemas, schemas[name], value, where)
        if "allOf" in schema:
            return self.matches(schemas, schema["allOf"][0], value, where)
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                if value is None and {"type": "null"} in schema[choice]:
                    return None
                kind = [each for each in schema[choice] if "$ref" in each or "allOf" in each or self.kind(value) in each.get("type", "")]
                return self.matches(schemas, kind[0], value, where)
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        self.assertIn(self.kind(value), types + (["number"] if "integer" in types else []) + (["integer"] if "number" in types else []), where)
        if "enum" in schema:
            self.assertIn(value, schema["enum"], where)
        if isinstance(value, list):
            for each in value:
                self.matches(schemas, schema["items"], each, where)
        return None

    def kind(self, value):
        return {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object", type(None): "null"}[type(value)]

    def test_what_the_server_sends_is_in_the_document(self):
        server = self.serve()
        schemas = self.schemas(server)
        for body in ({"code": "import sys; sys.exit(3)", "language": "python"}, {"command": ["sh", "-c", "kill -9 $$"], "image": SHELL}, {"code": "while True: pass", "language": "python", "limits": {"timeout": 1}},
                     {"dockerfile": f"FROM {SHELL} AS one\nARG A\nCMD [\"true\"]\n", "buildArgs": {"A": "1"}, "target": "one"}):
            self.fits(schemas, "ExecutionResult", self.ask(server, "POST", "/runs", body).json())
        self.fits(schemas, "Problem", self.ask(server, "POST", "/runs", {"command": ["nope"], "image": SHELL, "runId": "wrong"}).json())
        self.fits(schemas, "Problem", self.ask(server, "GET", "/nothing").json())
        for each in self.ask(server, "GET", "/runs").json()["runs"]:
            self.fits(schemas, "RunSummary", each)
            self.fits(schemas, "RunRecord", self.ask(server, "GET", f"/runs/{each['id']}").json())
        _, reply = self.events(server, "import time; print(1, flush=True); time.sleep(1)", runId="e")
        while (each := self.event(reply)) is not None:
            name = {"finished": "ExecutionResult", "error": "ErrorData"}.get(each[0], each[0].capitalize() + "Event")
            self.fits(schemas, name, each[1])
            if each[0] == "output":
                self.fits(schemas, "RunSummary", self.ask(server, "GET", "/runs").json()["runs"][0])
                self.fits(schemas, "RunRecord", self.ask(server, "GET", "/runs/e").json())

    def test_runs_without_a_history_have_the_same_fields(self):
        server = self.serve(config={"history": {"enabled": False}})
        schemas = self.schemas(server)
        _, reply = self.events(server, "import time; print(1, flush=True); time.sleep(1)", runId="e")
        self.until_event(reply, "output")
        self.fits(schemas, "RunSummary", self.ask(server, "GET", "/runs").json()["runs"][0])
        self.fits(schemas, "RunRecord", self.ask(server, "GET", "/runs/e").json())
        self.until_event(reply, "finished")

    def test_every_field_of_a_request_is_known_to_both(self):
        server = self.serve()
        schemas = self.schemas(server)
        for name, body in (("RunCode", {"code": "1", "language": "python"}), ("RunCommand", {"command": "true", "image": SHELL}), ("RunDockerfile", {"dockerfile": "FROM x"})):
            unknown = self.ask(server, "POST", "/runs", body | {"no such field": 1}).json()["detail"]
            known = set(unknown.split("supported: ")[1].split(", "))
            fields = set(schemas[name]["properties"])
            self.assertLessEqual(fields, known, name)
            for field in fields - {"code", "command", "image", "dockerfile", "language"}:  # null means the same as a missing field
                reply = self.ask(server, "POST", "/runs", body | {field: None, "isolation": "none of them"})
                self.assertIn("isolation", reply.json()["detail"], field)

    def test_the_bounds_are_those_in_force(self):  # I07
        server = self.serve()
        limits = self.schemas(server)["Limits"]["properties"]
        def ask(name, value):
            return self.run_code(server, "print(1)", limits={name: value})
        for name in ("cpus", "pids", "memory"):
            least = limits[name]["minimum"]
            self.assertEqual(ask(name, least).status != 400, True, name)
            below = ask(name, least - (0.001 if name == "cpus" else 1))
            self.assert_detail(below, 400, f'"limits.{name}"', "6 MiB" if name == "memory" else str(least))
            above = ask(name, limits[name]["maximum"] * 2)
            self.assert_detail(above, 400, f'"limits.{name}"')
        for value in (0, -1, limits["timeout"]["maximum"] + 1, 1e10):
            self.assert_detail(ask("timeout", value), 400, "above 0 and at most 1000000000")
        self.assertEqual(ask("timeout", limits["timeout"]["maximum"]).status, 200)
        for field in ("totalTimeout", "keepOutputBytes"):
            most = self.schemas(server)["RunCode"]["properties"][field]["maximum"]
            self.assertEqual(self.run_code(server, "print(1)", **{field: most}).status, 200)
            self.assert_detail(self.run_code(server, "print(1)", **{field: most + 1}), 400, field, str(most))

    def test_each_status_of_a_path_is_listed(self):  # I05
        server = self.serve(config={"serve": {"maxBody": "100k"}, "concurrentRuns": 1, "queuedRuns": 0})
        paths = self.ask(server, "GET", "/openapi.json").json()["paths"]
        large = {"code": "x" * 200_000}
        for path in ("/execute", "/runs"):
            for body, headers in (({}, {}), (large, {}), (b"{", {}), ({"code": "1"}, {"Content-Type": "text/plain"}), ({"code": "1"}, {"Authorization": None}), ({"code": "1"}, {"Origin": "http://x"}),
                                  ({"code": "1"}, {"Expect": "miracles"}), ({"code": "1", "language": "klingon"}, {}), ({"code": "1"}, {"X": "y" * 20_000})):
                status = self.ask(server, "POST", path, body, headers).status
                self.assertIn(str(status), paths[path]["post"]["responses"], (path, body if body != large else "large", headers.keys()))
            self.assertIn(str(self.ask(server, "PUT", path, {}).status), paths[path]["post"]["responses"])
