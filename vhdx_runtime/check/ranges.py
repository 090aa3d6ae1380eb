"""Ranges of the virtual disk that may come by the million: their bytes counted, the first ones listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..codec.overlay import merge_ranges

Array = np.ndarray[Any, np.dtype[Any]]

LISTED = 1000


class Ranges:
    """Disjoint ranges of the virtual disk, added in ascending order.

    Attributes:
        bytes: their length in all.
        listed: the first ones as (virtual offset, length) in bytes, neighbours joined.
        is_complete: all of them are listed.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self.listed: list[tuple[int, int]] = []
        self.is_complete = True

    def add(self, starts: Array, lengths: Array) -> None:
        """Add ranges, given as signed integers in bytes; those without length are passed over."""
        if not lengths.all():
            starts, lengths = starts[lengths > 0], lengths[lengths > 0]
        if not len(starts):
            return
        self.bytes += int(lengths.sum())
        ends = starts + lengths
        heads = np.concatenate([[0], np.flatnonzero(starts[1:] != ends[:-1]) + 1])
        tails = np.concatenate([heads[1:], [len(starts)]]) - 1
        firsts = slice(0, LISTED + 2)
        self.show(zip(starts[heads[firsts]].tolist(), ends[tails[firsts]].tolist(), strict=True))

    def take(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Add ranges given one by one, as (virtual offset, length) in bytes."""
        for start, length in ranges:
            self.bytes += length
            self.show([(start, start + length)])

    def show(self, ranges: Iterable[tuple[int, int]]) -> None:
        """List half-open ranges without counting their bytes, as long as there is room."""
        for start, end in ranges if self.is_complete else ():
            if self.listed and sum(self.listed[-1]) == start:
                self.listed[-1] = (self.listed[-1][0], end - self.listed[-1][0])
            elif len(self.listed) < LISTED:
                self.listed.append((start, end - start))
            else:
                self.is_complete = False
                return

    def joined(self, other: Ranges) -> Ranges:
        """The union with other ranges, disjoint from these."""
        both = Ranges()
        both.bytes = self.bytes + other.bytes
        known = min((sum(part.listed[-1]) for part in (self, other) if not part.is_complete), default=None)
        pairs = ((start, start + length) for part in (self, other) for start, length in part.listed)
        both.show((start, end) for start, end in merge_ranges(pairs) if known is None or end <= known)
        both.is_complete &= known is None
        return both
