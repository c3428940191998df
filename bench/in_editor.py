"""`scripts/bench editor`: what a person waits for in a real code-server in Chromium (tests/editor/speed.mjs)."""
import json
import os
import pathlib
import subprocess

from restarts import all_gone
from server import progress
from table import Table, milliseconds, percentile

ROOT = pathlib.Path(__file__).resolve().parents[1]
OUTPUT, ECHO = 0.15, 0.2          # seconds
GROWTH = {"host": 100, "server": 32}   # MiB


def measure(arguments, machine):
    table = Table("Speed in the editor", machine)
    progress("code-server and Chromium")
    megabytes = min(arguments.megabytes, 100)
    done = subprocess.run(["node", str(ROOT / "tests/editor/speed.mjs"), "--samples", str(max(3, arguments.samples // 10)), "--megabytes", str(megabytes)],
                          stdout=subprocess.PIPE, text=True, check=True, env=os.environ)
    seen = json.loads(done.stdout.splitlines()[-1])
    keys = [each / 1000 for each in seen["key"]]
    middle = percentile(keys, 0.5)
    table.add("time", "key press to the first output line in the panel, warm", f"p50 {milliseconds(middle)}, p95 {milliseconds(percentile(keys, 0.95))}, "
              f"{milliseconds(min(keys))} to {milliseconds(max(keys))} (n {len(keys)})", "150 ms (p50)", middle <= OUTPUT, n=len(keys), median=middle, limit=OUTPUT)
    flood = seen["flood"]
    table.times(f"{megabytes} MB of output: a key press is echoed meanwhile", [each / 1000 for each in flood["times"]], ECHO)
    table.say(f"{megabytes} MB of output: from its first line to the verdict in the channel", f"{flood['took']:.1f} s")
    for part, name in (("host", "the extension host"), ("server", "our server")):
        growth = flood["growth"][part] / 2**20
        table.add("memory", f"{megabytes} MB of output: growth of {name}", f"{growth:.1f} MiB", f"{GROWTH[part]} MiB at most", growth <= GROWTH[part])
    table.count("containers left", len(all_gone()))
    return table
