"""Judging time on a machine that may be slower than the one whose limits stand in the tests, or that others use too.

Run as a program it says how many times slower than usual this machine is now, as a whole number.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

TRIES, TOO_SLOW = 3, " took "
STEPS, USUAL = 20_000, 35e-9  # seconds a step on the machine of the limits, when it is idle
LEAST, MOST = 1.5, 30.0
SPARE = 2.0
"""Sums say nothing of memory, which others use too; and a limit is there to notice what costs many times more."""
HANG = 900.0
"""Seconds after which a program is taken to hang, on however slow a machine."""
AS_USERS = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
"""The environment of a program whose memory is measured: without what makes the tests themselves quicker."""


def assert_quick(took: float, limit: float, what: str = "it") -> None:
    """Fail where something took longer than its limit: seconds of the processor, on an idle machine.

    Only where the limit is exceeded is the machine measured, and the limit raised by as much as it is slower now, and
    by something to spare.
    """
    if took > limit:
        limit *= SPARE * slowness()
        assert took <= limit, f"{what} took {took:.2f} s, expected at most {limit:.2f} s"


def slowness() -> float:
    """How many times slower than usual the machine is now: the worst of some moments of doing sums."""
    worst = max(_seconds_of_sums() for _ in range(20))
    return min(max(worst / (STEPS * USUAL), LEAST), MOST)


def _seconds_of_sums() -> float:
    found, start = 0, time.process_time()
    for number in range(STEPS):
        found ^= number
    return time.process_time() - start


def patiently(judgement: Callable[[], str]) -> str:
    """The outcome of a judgement; fails where something is wrong with it, or where it was too slow each time."""
    for _ in range(TRIES - 1):
        try:
            return judgement()
        except AssertionError as error:
            if TOO_SLOW not in str(error):
                raise
    return judgement()


if __name__ == "__main__":
    print(round(statistics.median(_seconds_of_sums() for _ in range(100)) / (STEPS * USUAL)))
