"""What the kernel tells of a process."""
import glob


def status(pid, field):
    """A field of /proc/PID/status, in bytes where it is a size."""
    with open(f"/proc/{pid}/status") as file:
        words = next(line for line in file if line.startswith(field + ":")).split()
    return int(words[1]) * (1024 if len(words) > 2 else 1)


def children(pid):
    """The number of children of all threads of a process; 0 if it has ended."""
    count = 0
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as file:
                count += len(file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return count
