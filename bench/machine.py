"""The machine that the figures are of."""
import os
import platform

import engine


def describe(program):
    version, info = engine.get("/version"), engine.get("/info")
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / (1 << 20)
    with open("/proc/cpuinfo") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), platform.machine())
    return {
        "machine": f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, load {os.getloadavg()[0]:.1f} at the start",
        "kernel": platform.release(),
        "engine": f"{version['Version']} (API {version['ApiVersion']}), {info['Driver']}, cgroup v{info.get('CgroupVersion', '1')}",
        "program": f"{os.path.basename(os.path.dirname(program))}/{os.path.basename(program)}, {os.path.getsize(program) / 1e6:.1f} MB",
    }
