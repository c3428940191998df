"""Why a run was no success, in words."""


def reason(result):
    """The line that goes behind a run's stderr, as in `POST /execute` of `dind-executor serve`: how it ended, with the figure of a limit,
    what is missing, and the notes. Nothing for a success of which there is nothing to say.

    Args:
        result: A `RunResult`.
    """
    said = [each for each in (result["ending"], *result["notes"]) if each]
    if not said:
        return ""
    between = "\n" if result["stderr"] and not result["stderr"].endswith("\n") else ""
    return between + "dind-executor: " + "; ".join(" ".join(each.split()) for each in said) + "\n"
