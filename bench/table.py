"""The figures of a bench: what was measured, its bound, and whether it holds. Prints them, and keeps them for --json."""
import json
import math
import time


def percentile(values, share):
    """The smallest value that at least `share` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def seconds(value):
    return f"{value * 1000:.0f} ms" if abs(value) < 10 else f"{value:.1f} s"


def milliseconds(value):
    return f"{value * 1000:.1f} ms" if abs(value) < 1 else f"{value:.2f} s"


def spread(values):
    return f"median {seconds(percentile(values, 0.5))}, p99 {seconds(percentile(values, 0.99))}, max {seconds(max(values))} (n {len(values)})"


class Table:
    def __init__(self, title, machine):
        self.title, self.machine, self.rows, self.notes = title, machine, [], []
        self.begun = time.monotonic()

    def add(self, kind, figure, measured, bound, holds, **more):
        """`kind`: count, time, memory or info. `holds` None: there is no bound, it is only said."""
        self.rows.append({"kind": kind, "figure": figure, "measured": measured, "bound": bound, "holds": holds} | more)
        print(f"    {figure}: {measured}" + ("" if holds is None else f"   [{bound}: {'holds' if holds else 'DOES NOT HOLD'}]"), flush=True)

    def say(self, figure, measured):
        self.add("info", figure, measured, "", None)

    def count(self, figure, value, bound=0):
        self.add("count", figure, str(value), f"{bound} at most" if bound else "0", value <= bound, value=value)

    def all_of(self, figure, good, total):
        self.add("count", figure, f"{good} of {total}", "all", total > 0 and good == total, value=good, total=total)

    def times(self, figure, values, bound, of="max"):
        """`of`: which of the values the bound is for, max or p99."""
        if not values:
            self.add("time", figure, "nothing was measured", f"{seconds(bound)} ({of})", False, n=0)
            return
        measured = max(values) if of == "max" else percentile(values, 0.99)
        self.add("time", figure, spread(values), f"{seconds(bound)} ({of})", measured <= bound, n=len(values), median=percentile(values, 0.5),
                 p99=percentile(values, 0.99), max=max(values), limit=bound)

    def ratio(self, figure, peer, ours, theirs, bound, unit=None, least=False):
        """Ours against a peer's, in seconds unless `unit` says what. `bound`: the ratio at most, or with `least` at least."""
        of = (lambda value: f"{value:.1f} {unit}") if unit else milliseconds
        ratio = ours / theirs
        holds = None if bound is None else ratio >= bound if least else ratio <= bound
        limit = "" if bound is None else f"{bound:g} × {'at least' if least else 'at most'}"
        self.add("ratio", figure, f"{of(ours)}, {peer} {of(theirs)}: {ratio:.2f} ×", limit, holds, ours=ours, peer=peer, theirs=theirs, ratio=ratio)

    def note(self, text):
        self.notes.append(text)

    def holds(self):
        return all(row["holds"] is not False for row in self.rows)

    def print(self):
        print(f"\n{self.title}\n")
        for name, what in self.machine.items():
            print(f"  {name:9} {what}")
        columns = [("figure", "figure"), ("measured", "measured"), ("bound", "bound")]
        widths = {key: max(len(head), *(len(row[key]) for row in self.rows)) for key, head in columns}
        print("\n  " + "  ".join(head.ljust(widths[key]) for key, head in columns))
        for row in self.rows:
            end = {None: "", True: "holds", False: "DOES NOT HOLD"}[row["holds"]]
            print("  " + "  ".join(row[key].ljust(widths[key]) for key, _ in columns) + "  " + end)
        for text in self.notes:
            print("  - " + text)
        print(f"\n  took {time.monotonic() - self.begun:.0f} s\n", flush=True)

    def as_json(self):
        return {"title": self.title, "machine": self.machine, "holds": self.holds(), "rows": self.rows, "notes": self.notes}

    def write(self, path):
        with open(path, "w") as out:
            json.dump(self.as_json(), out, indent=1)
            out.write("\n")
