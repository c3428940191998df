"""Waiting for a condition, with a deadline."""
import time


def until(condition, seconds=60.0, pause=0.01):
    """Calls `condition` until its value is true, and returns that value. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds} s")
        time.sleep(pause)
    return value
