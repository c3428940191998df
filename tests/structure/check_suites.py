#!/usr/bin/env python3
"""Keeps the Python suites apart: what two suites need is in tests/lib/dindtest.

    tests/structure/check_suites.py [ROOT]       exit 1 if a suite imports from another one or changes sys.path
    tests/structure/check_suites.py --self-test  proves that each rule can fail
"""
import ast
import pathlib
import sys
import tempfile


def imported(tree):
    """(line, module) of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name.split(".")[0]) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module.split(".")[0]


def changes_path(tree):
    """The lines that call a method of sys.path or assign it."""
    for node in ast.walk(tree):
        targets = [node.func.value] if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else []
        targets += node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        if any(isinstance(each, ast.Attribute) and ast.unparse(each) == "sys.path" for each in targets):
            yield node.lineno


def check(root):
    suites = {folder.name: {path.stem: path for path in sorted(folder.glob("*.py"))}
              for folder in sorted((root / "tests").iterdir()) if folder.is_dir() and folder.name != "structure"}
    for suite, files in suites.items():
        for path in files.values():
            shown, tree = path.relative_to(root), ast.parse(path.read_text(encoding="utf-8"))
            for line, module in imported(tree):
                others = [other for other, theirs in suites.items() if other != suite and module in theirs]
                if others and module not in files and module not in sys.stdlib_module_names:
                    yield f"{shown}:{line}: imports {module} of the suite {others[0]}: move what both need to tests/lib/dindtest"
            for line in changes_path(tree):
                yield f"{shown}:{line}: changes sys.path: the runner sets PYTHONPATH"


SELF_TEST = [
    ("from base import X\n", "imports base of the suite one"),
    ("def f():\n    import base\n", "imports base of the suite one"),
    ("import sys\nsys.path.insert(0, '..')\n", "changes sys.path"),
    ("import sys\nsys.path += ['..']\n", "changes sys.path"),
    ("import json\nfrom dindtest import engine\ntext = 'import base; sys.path.insert(0, 1)'\n", ""),
]


def self_test():
    failed = 0
    for text, said in SELF_TEST:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (("one/base.py", ""), ("two/test_it.py", text)):
                path = pathlib.Path(folder, "tests", name)
                path.parent.mkdir(parents=True)
                path.write_text(content, encoding="utf-8")
            problems = list(check(pathlib.Path(folder)))
        if not (any(said in problem for problem in problems) if said else not problems):
            failed += 1
            print(f"self-test of {text!r}: {problems}")
    print(f"{len(SELF_TEST) - failed} passed, {failed} failed")
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    problems = list(check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()))
    for problem in problems:
        print(problem)
    print(f"suites: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
