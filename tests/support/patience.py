"""Judging on a machine that others use too: what was merely too slow is tried again."""

from __future__ import annotations

from collections.abc import Callable

TRIES, TOO_SLOW = 3, " took "


def patiently(judgement: Callable[[], str]) -> str:
    """The outcome of a judgement; fails where something is wrong with it, or where it was too slow each time."""
    for _ in range(TRIES - 1):
        try:
            return judgement()
        except AssertionError as error:
            if TOO_SLOW not in str(error):
                raise
    return judgement()
