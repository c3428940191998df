"""The measuring half of scripts/bench, which says what the arguments are."""
import argparse
import json
import sys

import flood
import in_editor
import leaks
import machine
import overload
import speed
from server import PROGRAM

BENCHES = {"leaks": leaks.measure, "flood": flood.measure, "overload": overload.measure, "speed": speed.measure}
ALONE = {"editor": in_editor.measure}   # needs code-server and Chromium


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("bench", choices=[*BENCHES, *ALONE, "all"])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--precision", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=10.0)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--clients", type=lambda text: [int(each) for each in text.split(",")], default=[1, 8, 50])
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    arguments.silence = arguments.restarts >= 3   # takes 15 s
    wanted = BENCHES if arguments.bench == "all" else {arguments.bench: (BENCHES | ALONE)[arguments.bench]}
    tables = []
    for measure in wanted.values():
        tables.append(measure(arguments, machine.describe(PROGRAM)))
        tables[-1].print()
    if arguments.json:
        with open(arguments.json, "w") as out:
            json.dump([table.as_json() for table in tables], out, indent=1)
            out.write("\n")
    failed = [row["figure"] for table in tables for row in table.rows if row["holds"] is False]
    print(f"{len(failed)} figures do not hold" + (": " + "; ".join(failed) if failed else ""))
    sys.exit(bool(failed))


main()
