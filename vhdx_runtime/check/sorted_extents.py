"""Extents of one length, sorted by where they begin: which of them overlap, and which touch a range.

Offsets and lengths are in MiB unless they are called file offsets. As all are of one length, their ends are sorted
too, and every question is two binary searches.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from vhdx_format import layout

Array = np.ndarray[Any, np.dtype[Any]]

_MIB = layout.OBJECT_ALIGNMENT


def distinct(values: Array) -> Array:
    """The values of an ascending array, each once; `numpy.unique` hashes them, which takes far longer for millions.

    >>> distinct(np.array([1, 1, 5, 7, 7])).tolist()
    [1, 5, 7]
    """
    is_new = np.ones(len(values), dtype=bool)
    is_new[1:] = values[1:] != values[:-1]
    return values[is_new]


class Sorted:
    """Extents of one length.

    Args:
        starts: where they begin, in MiB, unsigned; sorted in place.
        length: of each, in MiB, at least 1.

    Attributes:
        starts: ascending.
        length: of each.
        kind: the type of the numbers.
    """

    def __init__(self, starts: Array, length: int) -> None:
        starts.sort()
        self.starts = starts
        self.length = length
        self.kind = starts.dtype.type

    @cached_property
    def _steps(self) -> Array:
        """From the beginning of each extent to that of the next."""
        return np.diff(self.starts)

    def overlapping_their_predecessors(self) -> Array:
        """Positions of the extents that begin before the one before them ends.

        >>> Sorted(np.array([1, 3, 4, 8], np.uint32), 2).overlapping_their_predecessors().tolist()
        [2]
        """
        positions: Array = np.flatnonzero(self._steps < self.length) + 1
        return positions

    def touching(self, firsts: Array, lasts: Array) -> tuple[Array, Array]:
        """For ranges from MiB `firsts` to MiB `lasts`, both inclusive: the half-open positions of the extents in them.

        >>> Sorted(np.array([1, 3, 9], np.uint32), 2).touching(np.array([2, 5]), np.array([3, 8]))
        (array([0, 2]), array([2, 2]))
        """
        begin = self._search(firsts.astype(np.uint64), self.length - 1)
        end = self._search(lasts.astype(np.uint64) + np.uint64(1), 0)
        return begin, np.maximum(begin, end)

    def _search(self, values: Array, less: int) -> Array:
        """Positions of the first extents that begin at or behind `values - less`."""
        most = np.uint64(np.iinfo(self.starts.dtype).max)
        values = np.where(values > np.uint64(less), values - np.uint64(less), np.uint64(0))
        wanted = np.minimum(values, most).astype(self.starts.dtype)  # of another type, all of `starts` would be copied
        found = np.searchsorted(self.starts, wanted)
        found[values > most] = len(self.starts)
        return found

    def positions(self, start: int, end: int) -> Array:
        """Positions of the extents that share a byte with a half-open range of file offsets."""
        if end <= start:
            return np.arange(0)
        firsts, lasts = self.touching(np.array([start // _MIB], np.uint64), np.array([(end - 1) // _MIB], np.uint64))
        return np.arange(int(firsts[0]), int(lasts[0]))

    def inside(self, start: int, end: int) -> Array:
        """Beginnings of the extents that share a byte with a half-open range of file offsets."""
        return self.starts[self.positions(start, end)]

    def covered(self, firsts: Array, lasts: Array) -> Array:
        """Beginnings of the extents in any of some half-open ranges of positions."""
        change = np.zeros(len(self.starts) + 1, dtype=np.int32)
        np.add.at(change, firsts, 1)
        np.add.at(change, lasts, -1)
        return self.starts[np.cumsum(change[:-1]) > 0] if len(firsts) else self.starts[:0]

    def first_ending_behind(self, limit: int) -> int:
        """Position of the first extent that ends behind `limit`; so do all that follow.

        >>> Sorted(np.array([1, 3, 9], np.uint32), 2).first_ending_behind(4)
        1
        """
        return int(self._search(np.array([limit + 1], np.uint64), self.length)[0])

    def runs(self, limit: int) -> Array:
        """What they cover before the file offset `limit`, as rows of half-open ranges of file offsets.

        >>> (Sorted(np.array([1, 3, 9], np.uint32), 2).runs(10 << 20) >> 20).tolist()
        [[1, 5], [9, 10]]
        """
        count = int(np.searchsorted(self.starts, self.kind(min(-(-limit // _MIB), int(np.iinfo(self.kind).max)))))
        if not count:
            return np.zeros((0, 2), dtype=np.int64)
        breaks = np.flatnonzero(self._steps[: count - 1] > self.length)
        firsts = np.concatenate([self.starts[:1], self.starts[breaks + 1]]).astype(np.int64)
        lasts = np.concatenate([self.starts[breaks], self.starts[count - 1 : count]]).astype(np.int64)
        return np.stack([firsts * _MIB, np.minimum((lasts + self.length) * _MIB, limit)], axis=1)
