"""wait.py - waits for a condition, with a deadline; never for time to pass."""
import time


def until(what, condition, timeout=20.0, step=0.02):
    """Calls condition() until it is true and returns its value; fails with `what` after `timeout`."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(step)


def stays(what, condition, period, step=0.05):
    """condition() must be true for all of `period`."""
    deadline = time.monotonic() + period
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"ended within {period:g} s: {what}")
        time.sleep(step)
