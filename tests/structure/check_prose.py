#!/usr/bin/env python3
"""Keeps documents and comments in plain English (docs/development.md, Style).

    tests/structure/check_prose.py [ROOT]       exit 1 where something is wrong, with the remedy
    tests/structure/check_prose.py --self-test  proves that each rule can fail

Checks: words that are banned in documents, comments and messages (string literals, and what scripts print); lines of at
most 120 characters and paragraphs of at most 6 lines in documents; links to files and headings that do not exist.
"""
import io
import json
import pathlib
import re
import sys
import tempfile
import tokenize

MAX_COLUMNS = 120
MAX_PARAGRAPH = 6
# A word or phrase, and what to write instead. They are matched as whole words, in any case.
BANNED = {
    r"anew": "again",
    r"whoever": "anyone who",
    r"whatsoever": "any",
    r"mends?|mended|mending": "fix",
    r"of ours": "created by dind-executor, or a name",
    r"(?<!there )is none": "is not …, or does not exist",
    r"a debt|debts|owes?|owed": "a pending removal; expect",
    r"errands?": "handover",
    r"fenced?( in)?": "egress filter; filtered",
    r"prestarted": "warm",
    r"stands twice": "duplicate",
    r"come to itself": "say what happens",
    r"beforehand": "before",
    r"thereof|therein|thereby|hitherto|henceforth": "a plain word",
}
# Banned in messages only: a comment may need such a word.
BANNED_IN_MESSAGES = {
    r"ours": "created by dind-executor, this user's, or a name",
    r"(?<!there )is no (?!longer\b)\w+": "is not a …",
    r"somebody|(?<!the user )nobody|anybody|everybody": "say who: another program, the client, everyone",
    r"(is )?the most( that)?": "the max",
    r"goes? (with|without)": "needs; can't be used with",
    r"can't be had": "is not available",
    r"whether or not|so to speak": "a plain word",
    r"stands in the way|comes? to nothing": "say what happens",
    r"take another( one)?": "use another",
}
# Names that users or code still have; they go when the thing is renamed.
NAMES = re.compile(r"\*[^*]+\*|\b\w+_\w+\b|`[^`]*`|\"[^\"]*\"|[A-Za-z0-9_.:/-]*(?:fence|prestart)[A-Za-z0-9_]*[.:_/(][A-Za-z0-9_.:/(-]*|dind[-.]prestart\w*|prestarted\.\w+|[A-Za-z]*[a-z]Prestarted\w*")
DOCUMENTS = ("README.md", "README.ja.md", "CHANGELOG.md", "docs/**/*.md", "python/README.md", "extension/README.md", "examples/**/*.md")
NOT_ENGLISH = re.compile(r"\.ja\.md$")
SOURCES = {"server": ("//",), "include": ("//",), "extension/src": ("//", "*"), "python/src": ("#",), "cmake": ("#",),
           "tests": ("//", "#", '"""'), "scripts": ("#", '"""'), "bench": ("#", '"""'), "images": ("#", '"""')}
MESSAGES = ("server", "include", "extension/src", "python/src")  # what a person can see; tests quote other texts, too
SUFFIXES = {".cpp", ".hpp", ".ts", ".py", ".cmake", ".mjs", ".sh", ""}
# This file has the banned words themselves.
EXCEPT = re.compile(r"tests/structure/check_prose\.py")


# A comment, or a string literal, of C++ and TypeScript.
LITERAL = re.compile(r'''//[^\n]*|/\*.*?\*/|R"(\w*)\((?P<raw>.*?)\)\1"|"(?P<double>(?:[^"\\\n]|\\.)*)"'''
                     r"""|'(?P<single>(?:[^'\\\n]|\\.)*)'|`(?P<template>(?:[^`\\]|\\.)*)`""", re.S)
TITLE = re.compile(r'\b(?:TEST_CASE|SECTION)\(\s*"((?:[^"\\]|\\.)*)"')
PRINTS = re.compile(r"\b(?:die|warn|say|title|note|echo|printf)\b")
QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'")
SHELL_TREES = ("scripts", "images")


def banned_words(text, banned=None):
    """(word, remedy) of each banned word in a text in which names do not count."""
    plain = NAMES.sub(" ", text)
    for pattern, remedy in (banned or BANNED).items():
        for match in re.finditer(rf"\b(?:{pattern})\b", plain, re.I):
            yield match.group(0), remedy


def prose_lines(text):
    """(number, line) of each line of a Markdown text that is prose: no code block, table, heading, HTML or link target."""
    fence = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fence = not fence
        elif not fence and not line.startswith("    "):
            yield number, line


def is_text(line):
    return bool(line.strip()) and not re.match(r"\s*(\||#|!\[|<|>|\[[^\]]*\]: )", line)


def check_document(root, path):
    shown, text = path.relative_to(root), path.read_text(encoding="utf-8")
    paragraph = 0
    for number, line in prose_lines(text):
        for word, remedy in banned_words(line):
            yield f'{shown}:{number}: "{word}": write instead: {remedy}'
        starts_item = re.match(r"\s*([-*]|\d+\.) ", line)
        paragraph = 0 if not is_text(line) else 1 if starts_item else paragraph + 1
        if paragraph == MAX_PARAGRAPH + 1:
            yield f"{shown}:{number}: a paragraph of more than {MAX_PARAGRAPH} lines: divide it, or make a list"
        if is_text(line) and len(line) > MAX_COLUMNS and " " in line.strip()[:MAX_COLUMNS]:
            yield f"{shown}:{number}: {len(line)} characters, more than {MAX_COLUMNS}: break the line"


def anchor(heading):
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).strip().lower()).replace(" ", "-")


def anchors(path):
    return {anchor(match.group(1)) for _, line in prose_lines(path.read_text(encoding="utf-8"))
            if (match := re.match(r"#+ (.*)", line))}


def check_links(root, path):
    shown = path.relative_to(root)
    for number, line in prose_lines(path.read_text(encoding="utf-8")):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, heading = target.partition("#")
            found = (path.parent / name).resolve() if name else path
            if not found.exists():
                yield f"{shown}:{number}: the link {target} leads to no file"
            elif heading and found.suffix == ".md" and heading not in anchors(found):
                yield f"{shown}:{number}: {name or shown} has no heading for the link #{heading}"


def check_comments(root, path, marks):
    shown = path.relative_to(root)
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
        at = min((place for mark in marks if (place := line.find(mark)) >= 0), default=-1)
        if at < 0:
            continue
        for word, remedy in banned_words(line[at:]):
            yield f'{shown}:{number}: "{word}": write instead: {remedy}'


def literals(path, text):
    """(number, text) of each string literal; adjacent ones are one text. Python's docstrings are among them."""
    found, end = [], None
    if path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING or token.type == getattr(tokenize, "FSTRING_MIDDLE", -1):
                yield token.start[0], token.string.strip("rfbu\"'")
        return
    for match in LITERAL.finditer(text):
        words = match.group("raw") or match.group("double") or match.group("single") or match.group("template")
        if words is None:
            continue
        if end is not None and not text[end:match.start()].strip():
            found[-1][1] += words
        else:
            found.append([text.count("\n", 0, match.start()) + 1, words])
        end = match.end()
    yield from found


def check_messages(root, path):
    """Problems of the messages in a source, a script, or a file of texts."""
    shown, text = path.relative_to(root), path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".json":
        found = [(1, words) for words in json.loads(text).values()]
    elif path.suffix in (".cpp", ".hpp", ".ts", ".py"):
        found = literals(path, text)
    else:
        found = [(number, match.group(1) or match.group(2) or "") for number, line in enumerate(text.split("\n"), 1)
                 if PRINTS.search(line) and not line.lstrip().startswith("#")
                 for match in QUOTED.finditer(re.split(r"(?:^|\s)#\s", line)[0])]
    for number, words in found:
        if " " not in words:
            continue
        plain = words.replace('\\"', '"').replace("\\n", " ")
        for word, remedy in [*banned_words(plain), *banned_words(plain, BANNED_IN_MESSAGES)]:
            yield f'{shown}:{number}: message "{words[:60]}": "{word}": write instead: {remedy}'


def check_titles(root, path):
    """Problems of the titles of C++ tests."""
    shown, text = path.relative_to(root), path.read_text(encoding="utf-8", errors="replace")
    for match in TITLE.finditer(text):
        for word, remedy in [*banned_words(match.group(1)), *banned_words(match.group(1), BANNED_IN_MESSAGES)]:
            yield f'{shown}:{text.count(chr(10), 0, match.start()) + 1}: title "{match.group(1)[:60]}": "{word}": write instead: {remedy}'


def is_script(path):
    return path.is_file() and (path.suffix == ".sh" or (not path.suffix and path.read_bytes()[:2] == b"#!"))


def check(root):
    problems = []
    for path in sorted([*root.glob("package.nls.json"), *(each for tree in SHELL_TREES for each in (root / tree).rglob("*")
                                                          if is_script(each))]):
        problems += check_messages(root, path)
    for pattern in DOCUMENTS:
        for path in sorted(root.glob(pattern)):
            if "node_modules" in path.parts or not path.is_file():
                continue
            problems += check_links(root, path)
            if not NOT_ENGLISH.search(path.name):
                problems += check_document(root, path)
    for tree, marks in SOURCES.items():
        for path in sorted((root / tree).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file() and "node_modules" not in path.parts and not EXCEPT.match(f"{path.relative_to(root)}"):
                problems += check_comments(root, path, marks)
                if tree == "tests" and path.suffix == ".cpp":
                    problems += check_titles(root, path)
                if tree in MESSAGES:
                    problems += check_messages(root, path)
    return problems


SELF_TEST = [
    ("README.md", "Whoever starts it waits.\n", "Whoever"),
    ("docs/a.md", "One line\n" * 7, "paragraph of more than 6"),
    ("docs/a.md", "word " * 30 + "\n", "more than 120"),
    ("docs/a.md", "See [b](b.md).\n", "no file"),
    ("docs/a.md", "# Here\n\nSee [it](#there).\n", "no heading"),
    ("README.ja.md", "[ここ](docs/none.md)\n", "no file"),
    ("server/a.cpp", "int a;  // made anew\n", "anew"),
    ("extension/src/a.ts", "/**\n * Mend it.\n */\n", "Mend"),
    ("server/a.cpp", 'log("It is made " + name + "\\n" "anew: wait");\n', "anew"),
    ("server/a.cpp", 'auto text = R"(A file of ours: remove it)";\n', "ours"),
    ("server/a.cpp", "// fine\nwrong(\"the path is no folder\");\n", "a.cpp:2"),
    ("extension/src/a.ts", "const text = l10n.t('Nobody answers: {0}');\n", "Nobody"),
    ("python/src/a.py", 'raise Error(f"{name} is larger than 3, which is the most")\n', "the most"),
    ("python/src/a.py", 'def a():\n    """Whoever calls it waits."""\n', "Whoever"),
    ("package.nls.json", '{"a": "A setting goes with another"}\n', "goes with"),
    ("scripts/lib/a.sh", 'die "whoever reads this is wrong"\n', "whoever"),
    ("tests/unit/a.cpp", 'TEST_CASE("Whoever asks is answered") {}\n', "Whoever"),
    ("scripts/a", '#!/bin/sh\nsay "nobody is here"\n', "nobody"),
]
SELF_TEST_GOOD = [
    ("README.md", "# Title\n\nText with `anew` and [a link](#title).\n\n```sh\nwhoever " + "x" * 200 + "\n```\n\n| " + "cell " * 60 + "|\n"),
    ("docs/a.md", "- one\n- two\n- three\n- four\n- five\n- six\n- seven\n- eight\n"),
    ("server/a.cpp", 'wrong("There is no file \\"of ours\\": it is no longer used");  // nobody reads it\n'),
    ("python/src/a.py", "# somebody's\nname = 'nobody'\n"),
    ("scripts/a.sh", "chown nobody file  # say 'nobody'\n"),
    ("server/a.cpp", 'const char* text = "anew";\nint fence = 1;  // for `fence` and sandbox/fence.cpp\n'),
]


def self_test():
    passed = failed = 0
    for good, cases in ((False, SELF_TEST), (True, [(*case, "") for case in SELF_TEST_GOOD])):
        for name, text, said in cases:
            with tempfile.TemporaryDirectory() as folder:
                root = pathlib.Path(folder)
                documents = ["README.ja.md" if name == "README.ja.md" else "README.md"]
                (root / documents[0]).write_text("# T\n", encoding="utf-8")
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                problems = check(root)
                if name == "README.ja.md":
                    problems += list(check_links(root, path))
            right = problems == [] if good else any(said in problem for problem in problems)
            passed, failed = passed + right, failed + (not right)
            if not right:
                print(f"self-test of {name} {text[:30]!r}: {problems}")
    print(f"{passed} passed, {failed} failed")
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    problems = check(root)
    for problem in problems:
        print(problem)
    print(f"prose: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
