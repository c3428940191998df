"""Marks a test whose figure holds only while no other suite runs: scripts/test runs it at the end, when nothing else is left."""


def alone(test):
    test.alone = True
    return test


def chosen(test, which):
    """Whether a test belongs to the part that DIND_ALONE names: "only" those that are marked, all "without" them, or "" for all."""
    marked = getattr(getattr(test, getattr(test, "_testMethodName", ""), None), "alone", False)
    return not which or marked == (which == "only")
