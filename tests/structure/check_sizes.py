#!/usr/bin/env python3
"""Functions of server/ and include/ have at most 60 lines, classes at most 200 in one piece, so that each fits in a head.

    tests/structure/check_sizes.py [ROOT]      exit 1 where something is too long
    tests/structure/check_sizes.py --list      prints the list for KNOWN, with the present lengths
    tests/structure/check_sizes.py --self-test proves that each rule can fail

A table (one function that only lists things) may be longer: TABLES names it. KNOWN lists what was too long when the check
came. The list may only shrink: an entry that got longer, or that is not needed any more, fails the check.
"""
import pathlib
import re
import sys
import tempfile

MAX_FUNCTION = 60
MAX_CLASS = 200
# Functions that are tables: one row after another, without a decision between them.
TABLES = {}
# What is still too long: name -> lines. Split it, and remove the entry.
KNOWN = {}

LITERAL = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|(?:\b(?:u8|[uUL])|(?<!\w))'(?:\\.|[^'\\\n])+'""", re.S)
CLASS = re.compile(r"^(?:template\s*<.*?>\s*)?(?:\[\[\w+\]\]\s*)?(?:class|struct|union)\s+(?:\[\[\w+\]\]\s*)?([\w:]+)(?:\s+final)?\s*(?::(?!:).*)?$", re.S)
NAME = re.compile(r"((?:~?\w+(?:<[^()]*?>)?::)*(?:~?\w+|operator\s*\S+?))\s*\($")


def plain(text):
    """Without comments, preprocessor lines and the contents of literals. Lines keep their numbers."""
    text = LITERAL.sub(lambda found: ("" if found[0][0] == "/" else '""') + "\n" * found[0].count("\n"), text)
    return re.sub(r"^[ \t]*#(?:.*\\\n)*.*", lambda found: "\n" * found[0].count("\n"), text, flags=re.M)


def function_name(head):
    """The name of the function whose body follows `head`; None: the head is not one of a function."""
    depth = 0
    for at, sign in enumerate(head):
        if sign == "(" and depth == 0:
            found = NAME.search(head[: at + 1])
            return found[1] if found and "=" not in head[: found.start()] else None
        depth += {"<": 1, ">": -1}.get(sign, 0) if depth + 1 else 0
    return None


def measured(text):
    """(kind, name, first line, lines) of each function and class in the text."""
    stack = []  # (kind, name, first line)
    head, line, head_line = "", 1, 1
    for sign in plain(text):
        if sign == "\n":
            line += 1
        if sign == "{":
            stripped = re.sub(r"^\s*(?:public|private|protected)\s*:", "", head).strip()
            outer = all(kind in ("namespace", "class") for kind, _, _ in stack)
            classes = "::".join(name for kind, name, _ in stack if kind == "class")
            if not outer:
                stack.append(("block", "", line))
            elif re.match(r"(?:inline )?namespace\b", stripped) or stripped.startswith("extern"):
                stack.append(("namespace", "", line))
            elif found := CLASS.match(stripped):
                stack.append(("class", found[1], head_line))
            elif name := function_name(stripped):
                stack.append(("function", "::".join(filter(None, (classes, name))), head_line))
            else:
                stack.append(("block", "", line))
            head = ""
        elif sign == "}":
            if stack:
                kind, name, first = stack.pop()
                if kind in ("function", "class"):
                    full = name if kind == "function" else "::".join([n for k, n, _ in stack if k == "class"] + [name])
                    yield kind, full, first, line - first + 1
            head = ""
        elif sign == ";":
            head = ""
        else:
            if not head.strip():
                head, head_line = "", line
            head += sign


def long_pieces(root):
    for tree in ("server", "include"):
        for path in sorted((root / tree).rglob("*.[ch]pp")):
            for kind, name, first, lines in measured(path.read_text(encoding="utf-8", errors="replace")):
                if lines > (MAX_FUNCTION if kind == "function" else MAX_CLASS):
                    yield path.relative_to(root), kind, name, first, lines


def problems(root, tables, known):
    longest = {}
    for path, kind, name, first, lines in long_pieces(root):
        longest[name] = max(longest.get(name, 0), lines)
        if name in tables:
            continue
        if name not in known:
            limit = MAX_FUNCTION if kind == "function" else MAX_CLASS
            yield f"{path}:{first}: the {kind} {name} has {lines} lines, and may have {limit}: split it"
        elif lines > known[name]:
            yield f"{path}:{first}: the {kind} {name} grew from {known[name]} to {lines} lines: split it"
    for name in sorted({**known, **tables}):
        if name not in longest:
            yield f"tests/structure/check_sizes.py: the entry {name} is not needed any more: remove it"


def self_test():
    body = "  go();\n" * 70
    sources = {
        "server/a/long.cpp": f"namespace a {{\nint B::long_one(int x) {{\n{body}}}\n}}\n",
        "server/a/short.cpp": "// {\nint f() {\n  const char* s = \"{\";\n  return g([] { return 1; });\n}\n" + body.replace("go", "int g"),
        "include/c.hpp": "class Big final : public X {\n public:\n" + "  int a();\n" * 210 + "};\n",
        "include/d.hpp": "struct D {\n  void inside() {\n" + body + "  }\n};\n",
        "include/e.hpp": "constexpr Row kRows[] = {\n" + "  {1, f(2)},\n" * 90 + "};\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in sources.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        names = {name for _, _, name, _, _ in long_pieces(root)}
        assert names == {"B::long_one", "Big", "D::inside"}, names
        assert not list(problems(root, {"B::long_one": ""}, {"Big": 213, "D::inside": 72}))
        assert any("grew" in each for each in problems(root, {"B::long_one": ""}, {"Big": 100, "D::inside": 72}))
        assert any("not needed" in each for each in problems(root, {}, {**dict.fromkeys(names, 999), "gone": 80}))
    print("sizes: the check finds what it must")


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if arguments == ["--list"]:
        root = pathlib.Path(__file__).resolve().parents[2]
        longest = {}
        for _, _, name, _, lines in long_pieces(root):
            longest[name] = max(longest.get(name, 0), lines)
        for name in sorted(longest):
            print(f'    "{name}": {longest[name]},')
        return 0
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[2]
    found = list(problems(root, TABLES, KNOWN))
    print("\n".join([*found, f"sizes: {len(found)} problems"]))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
