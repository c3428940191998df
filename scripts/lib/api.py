"""Reads api/: JSON Schema files, and the OpenAPI document that refers to them."""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
API = ROOT / "api"


class Api:
    """All types of api/ by name. `flat(name)` has no `allOf` of objects any more: generators understand that better."""

    def __init__(self, folder=API):
        self.files = {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
        self.home = {}  # name of a type: its file
        for file, content in self.files.items():
            for name in content.get("$defs", {}):
                if name in self.home:
                    raise ValueError(f"api/{file}: {name} is in {self.home[name]} too; call one of them something else")
                self.home[name] = file

    def resolve(self, file, reference):
        """(file, path) of what `reference` in `file` means."""
        other, _, path = reference.partition("#/")
        other = other or file
        node = self.files.get(other)
        for part in path.split("/"):
            if not isinstance(node, dict) or part not in node:
                raise ValueError(f'api/{file}: "{reference}" leads nowhere')
            node = node[part]
        return other, path.split("/"), node

    def raw(self, name):
        return self.files[self.home[name]]["$defs"][name]

    def flat(self, name, point):
        """The type, with each reference to another type replaced by `point(other name)`."""
        return self.flat_node(self.raw(name), self.home[name], point)

    def flat_node(self, node, file, point):
        if isinstance(node, list):
            return [self.flat_node(each, file, point) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node and isinstance(node["$ref"], str):
            other, path, target = self.resolve(file, node["$ref"])
            rest = {key: value for key, value in node.items() if key != "$ref"}
            if len(path) == 2 and path[0] == "$defs":
                return point(path[1], rest)
            return self.flat_node(target, other, point) | rest
        if node.get("type") == "object" and "allOf" in node:
            merged = self.merged(node, file)
            properties = {name: self.flat_node(schema, home, point) for name, (schema, home) in merged["properties"].items()}
            return merged | {"properties": properties}
        return {key: self.flat_node(value, file, point) for key, value in node.items()}

    def merged(self, node, file):
        """An object with the properties of its `allOf`, each with its file: {name: (schema, file)}."""
        properties, required = {}, []
        out = {}
        for key, value in node.items():
            if key == "allOf":
                for each in value:
                    other, _, target = self.resolve(file, each["$ref"])
                    base = self.merged(target, other)
                    properties.update({name: one for name, one in base["properties"].items() if name not in properties})
                    required += [name for name in base.get("required", []) if name not in required]
            elif key == "properties":
                properties.update({name: (schema, file) for name, schema in value.items()})
            elif key == "required":
                required += [name for name in value if name not in required]
            elif key == "unevaluatedProperties":
                out["additionalProperties"] = value
            else:
                out[key] = value
        if required:
            out["required"] = sorted(required, key=list(properties).index)
        out["properties"] = properties
        return out

    def reached(self, names):
        """These types and all that they refer to, in the order of the files."""
        found, todo = set(), list(names)
        while todo:
            name = todo.pop()
            if name in found:
                continue
            found.add(name)
            self.flat(name, lambda other, rest: todo.append(other) or {})
        return [name for name in self.home if name in found]


def compact(value, indent=0, width=140):
    """JSON with short objects and lists on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or len(line) + indent <= width:
        return line
    inside = "  " * (indent // 2 + 1)
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {compact(each, len(inside), width)}" for key, each in value.items()]
        return "{\n" + ",\n".join(inside + part for part in parts) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(inside + compact(each, len(inside), width) for each in value) + "\n" + " " * indent + "]"


def openapi(api):
    """api/openapi.json as one self-contained document."""
    names = []

    def point(name, rest):
        names.append(name)
        reference = {"$ref": f"#/components/schemas/{name}"}
        return {"allOf": [reference]} | rest if rest else reference

    def outside(node):
        if isinstance(node, list):
            return [outside(each) for each in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str) and ".schema.json#" in node["$ref"]:
            _, path, _ = api.resolve("openapi.json", node["$ref"])
            return point(path[-1], {})
        return {key: outside(value) for key, value in node.items()}

    document = outside(api.files["openapi.json"])
    document["components"]["schemas"] = {name: api.flat(name, point) for name in api.reached(list(names))}
    return document
