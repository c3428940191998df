"""The bounds of BuildKit's steps are set in control groups of both versions: on folders that look like them, since a machine has one."""
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GIB = 1 << 30
LABELS = "--label=dind-executor.build.memory={} --label=dind-executor.build.pids={}"


def bounds(groups, parent="docker", engine=16 * GIB, **settings):
    """Status and words of `bound_builds`, for a machine of 16 GiB."""
    script = f'. "{ROOT}/images/dind/build_bounds.sh"; CGROUPS=$1; sed() {{ echo {16 * GIB // 1024}; }}; bound_builds "$2" "$3"'
    done = subprocess.run(["sh", "-euc", script, "sh", str(groups), parent, str(engine)], env={"PATH": "/usr/bin:/bin"} | settings,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=20)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.strip()


def made(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def has(folder, files):
    for name, text in files.items():
        assert (folder / name).read_text().strip() == text, (name, (folder / name).read_text())


def version_1(folder):
    memory = "memory/docker/buildkit/memory."
    made(folder, {memory + "use_hierarchy": "0", memory + "memsw.limit_in_bytes": "9", memory + "limit_in_bytes": "9"})
    assert bounds(folder) == (0, LABELS.format(2 * GIB, 1024))
    has(folder, {memory + "use_hierarchy": "1", memory + "memsw.limit_in_bytes": str(2 * GIB), memory + "limit_in_bytes": str(2 * GIB),
                 "pids/docker/buildkit/pids.max": "1024"})


def version_1_without_swap(folder):
    made(folder, {"memory/a/b/buildkit/memory.use_hierarchy": "1"})
    assert bounds(folder, "/a/b", DIND_BUILD_MEMORY="512m", DIND_BUILD_PIDS="64") == (0, LABELS.format(GIB // 2, 64))
    has(folder, {"memory/a/b/buildkit/memory.limit_in_bytes": str(GIB // 2), "pids/a/b/buildkit/pids.max": "64"})
    assert not (folder / "memory/a/b/buildkit/memory.memsw.limit_in_bytes").exists()


def version_2(folder):
    made(folder, {"cgroup.controllers": "memory pids", "docker/buildkit/memory.swap.max": "max"})
    assert bounds(folder) == (0, LABELS.format(2 * GIB, 1024))
    has(folder, {"cgroup.subtree_control": "+memory +pids", "docker/cgroup.subtree_control": "+memory +pids",
                 "docker/buildkit/memory.max": str(2 * GIB), "docker/buildkit/memory.swap.max": "0", "docker/buildkit/pids.max": "1024"})
    assert not (folder / "docker/buildkit/cgroup.subtree_control").exists()  # runc's


def what_does_not_hold_is_said(folder):
    for version, place in (("1", "memory/docker/buildkit/memory.limit_in_bytes"), ("1", "pids/docker/buildkit/pids.max"),
                           ("2", "docker/cgroup.subtree_control"), ("2", "docker/buildkit/memory.max"), ("2", "docker/buildkit/memory.swap.max"),
                           ("2", "docker/buildkit/pids.max")):
        here = folder / version / place.replace("/", "-")
        made(here, {"memory/docker/buildkit/memory.use_hierarchy": "1"} if version == "1" else {"cgroup.controllers": ""})
        (here / place).mkdir(parents=True)  # nothing can be written to it
        status, words = bounds(here)
        assert status == 1 and "no bound" in words and f"(version {version})" in words and "\n" not in words, (place, status, words)


def settings(folder):
    made(folder, {"cgroup.controllers": ""})
    for bad in ("x", "2T", "1M", "0", "-1", "2 G"):
        assert bounds(folder, DIND_BUILD_MEMORY=bad) == (2, f"DIND_BUILD_MEMORY is '{bad}': it must be a size like 2G, at least 32M"), bad
    for bad in ("x", "1", "0", "-1", "9" * 20, "1k"):
        assert bounds(folder, DIND_BUILD_PIDS=bad) == (2, f"DIND_BUILD_PIDS is '{bad}': it must be a number like 1024, at least 16"), bad
    # An engine keeps something for itself, be it in a container or not.
    assert bounds(folder, engine=2 * GIB) == (0, LABELS.format(2 * GIB // 4 * 3, 1024))
    assert bounds(folder, engine="", DIND_BUILD_MEMORY="100G") == (0, LABELS.format(12 * GIB, 1024))


for check in (version_1, version_1_without_swap, version_2, what_does_not_hold_is_said, settings):
    with tempfile.TemporaryDirectory() as scratch:
        check(pathlib.Path(scratch))
