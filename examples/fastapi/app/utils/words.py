"""Why a run was no success, in words."""

import signal

ENDS = {
    "timeout": "The run exceeded its timeout of {timeout} s and was stopped.",
    "out_of_memory": "The program exceeded its memory limit and was stopped.",
    "process_limit": "The program exceeded its limit of processes.",
    "output_limit": "The program exceeded its limit of output and was stopped.",
    "disk_limit": "The program exceeded its disk limit and was stopped.",
    "cancelled": "The run was cancelled.",
}
STAGES = {
    "queue": "It was still waiting for its turn.",
    "image": "It was still waiting for its image.",
    "dependencies": "This was while its packages were installed.",
    "build": "This was while its image was built.",
    "container": "This was while its sandbox was started.",
}


def reason(result, timeout):
    """The lines that go behind a run's stderr: how it ended where the program has not said it, what is missing, and notes.

    Args:
        result: A `RunResult`.
        timeout: What was asked for, in seconds.
    """
    lines = []
    verdict, stage = result["verdict"], result["stage"]
    if verdict == "signalled":
        lines.append(f"The program was ended by {signal_name(result['signal'])}.")
    elif verdict == "failed" and not result["stderr"].strip():
        lines.append(f"The program ended with exit code {result['returncode']}.")
    elif verdict in ENDS:
        lines.append(ENDS[verdict].format(timeout=timeout))
    elif verdict not in ("ok", "failed"):
        lines.append(f"The run ended with the verdict {verdict}.")
    if lines and stage in STAGES:
        lines[-1] += " " + STAGES[stage]
    if result["oom_seen"] and verdict != "out_of_memory":
        lines.append("A process of the program was killed for its memory.")
    if dropped := result["dropped_bytes"]:
        lines.append(f"{dropped} bytes of output were left out.")
    for channel in ("stdout", "stderr"):
        if missing := result[f"{channel}_truncated_bytes"]:
            lines.append(f"{missing} bytes of {channel} are not here: the answer holds its beginning.")
    lines += result["notes"]
    if not lines:
        return ""
    between = "\n" if result["stderr"] and not result["stderr"].endswith("\n") else ""
    return between + "\n".join(lines) + "\n"


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
