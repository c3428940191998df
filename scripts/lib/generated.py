"""The files that are made from api/ and from the settings: see scripts/generate."""
import json
import pathlib
import re
import subprocess
import tempfile

import api

ROOT = api.ROOT
# The types of the extension, and of the Python client. What these refer to comes with them.
TYPESCRIPT = [
    "Options", "ClientCapabilities", "RunFile", "RunWorkspace", "WorkspacePrograms", "ChooseProgram", "Stop", "StopResult", "LspRunResult",
    "RunNotification", "OutputEvent", "EngineStatus", "LogLevel", "ErrorData",
]
PYTHON = [
    "RunRequest", "RunPythonCode", "RunShellScript", "RunCommandParams", "BuildAndRun", "ExecutionResult", "ErrorData", "QueuedEvent",
    "PreparingEvent", "StartedEvent", "OutputEvent", "EngineState", "ServerInfo",
]
# In these, null is the same as a field that is left out. Types for clients, which leave it out, have no null.
REQUESTS = {"run_request.schema.json", "limits.schema.json"}
LSP_REQUESTS = {"Options", "RunFile", "RunWorkspace", "ChooseProgram"}
NOTE = "Generated from api/ by scripts/generate: edit that, not this."


def openapi_text(types):
    return api.compact(api.openapi(types)) + "\n"


def without_null(schema):
    """A request as a client writes it: a field is there or not, and never null."""
    if "properties" not in schema:
        return schema
    return schema | {"properties": {name: not_null(each) for name, each in schema["properties"].items()}}


def not_null(value):
    if isinstance(value.get("type"), list):
        kinds = [kind for kind in value["type"] if kind != "null"]
        return value | {"type": kinds[0] if len(kinds) == 1 else kinds}
    if {"type": "null"} in value.get("anyOf", []):
        kinds = [kind for kind in value["anyOf"] if kind != {"type": "null"}]
        if len(kinds) == 1:
            rest = {key: each for key, each in value.items() if key != "anyOf"}
            return {"allOf": kinds} | rest if "$ref" in kinds[0] and rest else kinds[0] | rest
    return value


def schema_of(types, names, described):
    """One JSON Schema with these types and what they refer to."""
    def point(name, rest):
        # Beside other keywords, generators write the type out instead of naming it.
        reference = {"$ref": f"#/$defs/{name}"}
        return {"allOf": [reference]} | rest if rest and described else reference

    definitions = {}
    for name in types.reached(names):
        schema = types.flat(name, point)
        if types.home[name] in REQUESTS or name in LSP_REQUESTS:
            schema = without_null(schema)
        definitions[name] = schema
    return {"title": "Everything", "type": "object", "properties": {}, "additionalProperties": False, "$defs": definitions}


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{pathlib.Path(str(command[0])).name} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def typescript_text(types, tools):
    if not (ROOT / "node_modules" / "json-schema-to-typescript").exists():
        raise RuntimeError("node_modules has no json-schema-to-typescript: run scripts/setup --for editor")
    schema = schema_of(types, TYPESCRIPT, described=True)
    text = run([tools / "node" / "bin" / "node", "scripts/lib/typescript_types.mjs"], input=json.dumps(schema))
    text = re.sub(r"(?:\n \*)?\n \* This interface was referenced by `Everything`'s JSON-Schema\n \* via the `definition` \"\w+\"\.", "", text)
    text = re.sub(r"/\*\*\n \*/\n", "", text)
    text = re.sub(r"\n*export interface Everything \{\}\n", "\n", text)
    text = re.sub(r"^( *)/\*\*\n *\* ([^\n]*)\n *\*/$", r"\1/** \2 */", text, flags=re.M)
    text = re.sub(r"^(export|/\*\*)", r"\n\1", text, flags=re.M).replace("*/\n\nexport", "*/\nexport")
    return f"// The types of the messages between this extension and `dind-executor lsp` (docs/protocol.md).\n// {NOTE}\n\n" + text.lstrip()


def python_text(types, tools):
    generator, ruff = (tools / "types-tools" / "bin" / name for name in ("datamodel-codegen", "ruff"))
    if not generator.exists():
        raise RuntimeError(f"{generator} does not exist: run scripts/setup --for python")
    with tempfile.TemporaryDirectory() as folder:
        schema, out = pathlib.Path(folder) / "schema.json", pathlib.Path(folder) / "types.py"
        schema.write_text(json.dumps(schema_of(types, PYTHON, described=False)))
        run([generator, "--input", schema, "--output", out, "--input-file-type", "jsonschema", "--output-model-type", "typing.TypedDict",
             "--target-python-version", "3.9", "--disable-timestamp", "--use-schema-description", "--use-standard-collections",
             "--enum-field-as-literal", "all"])
        text = out.read_text()
    text = text[text.index("from typing import"):]
    # The standard library has neither before Python 3.11 and 3.10. Type checkers know both.
    text = re.sub(r"from typing_extensions import .*\n", """if TYPE_CHECKING:
    from typing_extensions import NotRequired
else:
    NotRequired = Optional  # for get_type_hints
""", text)
    text = text.replace("from typing import ", "from typing import TYPE_CHECKING, ", 1).replace(": TypeAlias = ", " = ")
    text = re.sub(r"class Everything\(TypedDict\):\n    pass\n", "", text)
    text = re.sub(r'"""\n    ([^\n]*?)\.?\n    """\n', r'"""\1."""\n', text)
    text = re.sub(r"^(class (\w+)\(TypedDict\):\n)(?!    \"\"\")", r'\1    """`\2` of api/."""\n\n', text, flags=re.M)
    head = f'"""The types of what the server and its clients send each other.\n\n{NOTE}\n"""\n\nfrom __future__ import annotations\n\n'
    return run([ruff, "format", "--no-cache", "--config", "python/pyproject.toml", "--stdin-filename", "python/src/dind_executor/wire_types.py", "-"],
               input=head + text)


TABLE = re.compile(r"<!-- api: ([\w ,]+) -->\n.*?<!-- /api -->", re.S)


def cell(types, schema, file, request):
    """The type of a field, for a person."""
    def point(name, rest):
        target = types.flat(name, point)
        simple = name == "Command" or len(target.get("enum", range(10))) < 10
        return (not_null(target) if simple else {"type": f"`{name}`"}) | rest

    def words(node):
        if "enum" in node:
            return " \\| ".join(f"`{json.dumps(each)}`" for each in node["enum"])
        for key in ("allOf", "anyOf", "oneOf"):
            if key in node:
                return " or ".join(words(each) for each in node[key])
        if "const" in node:
            return f"`{json.dumps(node['const'])}`"
        kind = node.get("type", "any")
        if isinstance(kind, list):
            return " or ".join(words(node | {"type": each}) for each in kind)
        if kind == "array":
            return f"list of {words(node['items'])}s"
        if kind == "object" and isinstance(node.get("additionalProperties"), dict):
            return f"object of {words(node['additionalProperties'])}s"
        return kind

    node = types.flat_node(schema, file, point)
    return words(not_null(node) if request else node)


def table(types, names):
    """A table of the fields that these types have themselves, or, with `all` before a name, of all fields."""
    rows = ["| field | type | meaning |", "|---|---|---|"]
    for wanted in names.split(","):
        *how, name = wanted.split()
        home = types.home[name]
        merged = types.merged(types.raw(name), home)
        required = merged.get("required", [])
        request = home in REQUESTS or name in LSP_REQUESTS or name == "LspRunFields"
        own = types.raw(name).get("properties", {})
        for field, (schema, file) in merged["properties"].items():
            if not how and field not in own:
                continue
            kind = cell(types, schema, file, request)
            meaning = schema.get("description") or (types.resolve(file, schema["$ref"])[2].get("description", "") if "$ref" in schema else "")
            rows.append(f"| `{field}{'' if field in required else '?'}` | {kind} | {meaning} |")
    return "\n".join(rows)


def document_text(types, text):
    return TABLE.sub(lambda found: f"<!-- api: {found[1]} -->\n\n{table(types, found[1])}\n\n<!-- /api -->", text)


PROGRAM = ROOT / "build/dev/dind-executor"
SETTINGS = re.compile(r"<!-- settings -->\n.*?<!-- /settings -->", re.S)


def settings_text(text):
    """A page with the table of the settings that the built program has; as it is if there is none as new as its sources."""
    if not SETTINGS.search(text):
        return text
    sources = max(path.stat().st_mtime for path in (ROOT / "server").rglob("*.[ch]pp"))
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < sources:
        return text
    table = run([PROGRAM, "--settings-table"])
    return SETTINGS.sub(lambda _: f"<!-- settings -->\n\n{table}\n<!-- /settings -->", text)


def write_all(check, state):
    types = api.Api()
    tools = pathlib.Path(state or pathlib.Path.home() / ".cache" / "dind-executor-dev")
    wanted = {
        "server/frontends/http/openapi.json": lambda: openapi_text(types),
        "extension/src/protocol.ts": lambda: typescript_text(types, tools),
        "python/src/dind_executor/wire_types.py": lambda: python_text(types, tools),
    }
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text()
        if TABLE.search(text) or SETTINGS.search(text):
            wanted[str(path.relative_to(ROOT))] = lambda text=text: settings_text(document_text(types, text))
    wrong = 0
    for name, make in wanted.items():
        path = ROOT / name
        text = make()
        if path.exists() and path.read_text() == text:
            continue
        wrong += 1
        if check:
            print(f"{name} is not what its source gives: run scripts/generate, and commit both")
        else:
            path.write_text(text)
            print(f"wrote {name}")
    return 1 if check and wrong else 0
