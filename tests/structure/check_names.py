#!/usr/bin/env python3
"""What a source file keeps to itself has a name that nothing else in its module has.

The files of a module are compiled together (unity build), so two unnamed namespaces are one there: the same name twice is an
error, or hides what a header declares. Reads declarations at the scope of a namespace, well enough for this code's style.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEPARATE = {"server/app/main.cpp", "server/frontends/http/beast_compiled.cpp", "server/support/async/asio_compiled.cpp"}
TOKEN = re.compile(r"(?:inline )?namespace\s*([\w:]*)\s*\{|[{};]|(?:(?!\bnamespace\b)[^{};])+|namespace", re.S)


LITERAL = re.compile(r"""//.*|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+'""")


def plain(text):
    """Without comments, preprocessor lines and the contents of literals."""
    text = re.sub(r'R"(\w*)\((?:.|\n)*?\)\1"', '""', text)
    text = LITERAL.sub(lambda found: "" if found[0].startswith("//") else '""', text)
    return re.sub(r"^[ \t]*#(?:.*\\\n)*.*", "", text, flags=re.M)


def declared(statement):
    """The name that a declaration at namespace scope introduces; None: none of interest."""
    statement = re.sub(r"^template\s*<[^{}]*?>\s*(?=class|struct|[\w:]+ |std)", "", statement.strip())
    statement = re.sub(r"\[\[\w+\]\]\s*", "", statement)
    if not statement or statement.startswith(("using namespace", "static_assert", "extern", "friend", "namespace")):
        return None
    for pattern in (r"using (\w+) =", r"(?:class|struct|enum class|enum|union)\s+(\w+)(?=\s|$)"):
        if found := re.match(pattern, statement):
            return found[1]
    if statement.startswith("using "):
        return None
    if "(" in statement.split("=")[0]:
        found = re.match(r"[^=(]*?([\w:~]+)\s*\(", statement)
        return found[1] if found and "::" not in found[1] and "operator" not in statement.split("(")[0] else None
    found = re.match(r"[^=]*?[\w>&*\]]\s+[&*]?(\w+)\s*(?:\[[^\]]*\])*\s*(?:=.*)?$", statement, re.S)
    return found[1] if found else None


def names(path):
    """{(namespace, unnamed or not): names}."""
    found = collections.defaultdict(set)
    stack, statement = [], ""
    for token in TOKEN.finditer(plain(path.read_text())):
        text = token[0]
        scope = None if None in stack else ("::".join(each for each in stack if each), "" in stack)
        if text.endswith("{") and "namespace" in text:
            stack.append(token[1])
            statement = ""
        elif text in "{};":
            if text != "}" and scope is not None and (name := declared(statement)):
                found[scope].add(name)
            if text == "{":
                stack.append(None)
            elif text == "}" and stack:
                stack.pop()
            statement = ""
        else:
            statement += text
    return found


def problems():
    public = collections.defaultdict(set)   # namespace: what headers declare there
    for header in [*ROOT.glob("server/**/*.hpp"), *ROOT.glob("include/**/*.hpp")]:
        for (space, unnamed), own in names(header).items():
            if not unnamed:
                public[space] |= own
    modules = collections.defaultdict(list)
    for path in sorted(ROOT.glob("server/**/*.cpp")):
        modules[next(folder for folder in path.parents if (folder / "CMakeLists.txt").is_file())].append(path)
    for paths in modules.values():
        seen = {}
        for path in paths:
            place = str(path.relative_to(ROOT))
            if place in SEPARATE or "supervisor" in path.parts:
                continue
            for (space, unnamed), own in names(path).items():
                if not unnamed:
                    continue
                parts = space.split("::")
                around = {"::".join(parts[:i]) for i in range(1, len(parts) + 1)}
                for name in sorted(own):
                    if name in seen:
                        yield f"{place}: {name} is in {seen[name]}, too: share it, or call one of them something else"
                    elif any(name in public[each] for each in around):
                        yield f"{place}: {name} hides what a header declares: call it something else"
                    seen.setdefault(name, place)


found = list(problems())
print("\n".join([*found, f"names: {len(found)} problems"]))
sys.exit(bool(found))
