"""The code blocks of docs/guide.ja.md, and which check covers which. A block that no check covers is a failure."""
import functools
import pathlib
import re
from typing import NamedTuple

PATH = pathlib.Path(__file__).resolve().parents[2] / "docs/guide.ja.md"


class Block(NamedTuple):
    heading: str  # the heading above it, without its hashes
    number: int  # among the blocks under that heading, from 0
    line: int  # the line where it begins, from 1
    language: str
    text: str

    def commands(self):
        """(comment, command) of each line of a bash block that a person types."""
        comment = ""
        for line in self.text.splitlines():
            if line.startswith("#"):
                comment = line.lstrip("# ")
            elif line.strip():
                yield comment, line


def read():
    blocks, heading, opened, numbers = [], "", None, {}
    for at, line in enumerate(PATH.read_text(encoding="utf-8").splitlines(), 1):
        if opened is None and (start := re.match(r"```(\w*)$", line)):
            opened, text = (at, start[1]), []
        elif opened and line == "```":
            number = numbers[heading] = numbers.get(heading, -1) + 1
            blocks.append(Block(heading, number, opened[0], opened[1], "\n".join(text) + "\n"))
            opened = None
        elif opened:
            text.append(line)
        elif title := re.match(r"#+ (.*)$", line):
            heading = title[1]
    return blocks


BLOCKS = read()
COVERED = {}  # line of a block → the check that covers it


def block(heading, number=0):
    found = [each for each in BLOCKS if each.heading == heading and each.number == number]
    if not found:
        raise LookupError(f"docs/guide.ja.md has no block {number} under the heading '{heading}'")
    return found[0]


def covers(heading, number=0):
    """For a test method, which gets the block as its argument, and whose line it prints."""
    this = block(heading, number)

    def decorate(method):
        COVERED.setdefault(this.line, []).append(method.__qualname__)

        @functools.wraps(method)
        def run(self):
            print(f"  guide, line {this.line}, {this.language}: {this.heading}", flush=True)
            return method(self, this)

        return run

    return decorate


def drawing(heading, number, why):
    """A diagram: it has no command, and nothing that a check could test."""
    this = block(heading, number)
    if this.language != "mermaid":
        raise AssertionError(f"line {this.line} of the guide is no drawing")
    COVERED.setdefault(this.line, []).append(f"a drawing: {why}")
