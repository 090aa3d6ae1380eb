"""Extents of one length, sorted by where they begin: which of them overlap, and which touch a range.

Offsets and lengths are in MiB unless they are called file offsets. As all are of one length, their ends are sorted
too, and every question is two binary searches. Answers about many extents are one byte for each, or come some at a
time: a number for each of millions would take more memory than their offsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from vhdx_format import layout

from ..codec.overlay import merge_ranges

Array = np.ndarray[Any, np.dtype[Any]]

STEP = 1 << 17  # extents at once
_MIB = layout.OBJECT_ALIGNMENT
_MARKED, _OTHER = 1, 2


def distinct(values: Array, copies: int = 1) -> Array:
    """The values of an ascending array, each once; `numpy.unique` hashes them, which takes far longer for millions.

    Args:
        values: ascending.
        copies: how many of equal ones are left.

    >>> distinct(np.array([1, 1, 5, 7, 7])).tolist(), distinct(np.array([1, 1, 1, 2]), 2).tolist()
    ([1, 5, 7], [1, 1, 2])
    """
    is_new = np.ones(len(values), dtype=bool)
    is_new[copies:] = values[copies:] != values[:-copies]
    return values[is_new]


def first_not_less(ascending: Array, values: Array) -> Array:
    """For each value, the position of the first number of an ascending array that is not less.

    Args:
        ascending: unsigned numbers; of another type than the values, all of them would be copied by numpy.
        values: unsigned numbers, of any size.

    >>> first_not_less(np.array([1, 5], np.uint32), np.array([5, 6, 1 << 40], np.uint64)).tolist()
    [1, 2, 2]
    """
    most = np.uint64(np.iinfo(ascending.dtype).max)
    found = np.searchsorted(ascending, np.minimum(values, most).astype(ascending.dtype))
    found[values > most] = len(ascending)
    return found


def is_among(values: Array, chosen: Array) -> Array:
    """Which values are in an ascending array.

    >>> is_among(np.array([5, 1, 7], np.uint64), np.array([1, 5], np.uint32)).tolist()
    [True, True, False]
    """
    none = np.zeros(len(values), dtype=bool)
    if not len(values) or not len(chosen):
        return none
    first, last = first_not_less(chosen, np.array([values.min(), values.max()], np.uint64)).tolist()
    near = chosen[first : last + 1]  # entries are mostly in order, and then this is a small part
    if not len(near):
        return none
    at = first_not_less(near, values)
    at[at == len(near)] = 0
    found: Array = near[at] == values
    return found


def first_marked(marks: Array, most: int) -> list[int]:
    """Positions of the first marks, at most some.

    >>> first_marked(np.array([False, True, True, True]), 2)
    [1, 2]
    """
    found: list[int] = []
    for start in range(0, len(marks), STEP):
        found += (np.flatnonzero(marks[start : start + STEP])[: most - len(found)] + start).tolist()
        if len(found) >= most:
            break
    return found


def windows(*arrays: Array) -> Iterator[list[slice]]:
    """Cut ascending arrays at the same values, into parts that are not large but for equal numbers.

    Args:
        arrays: unsigned numbers.

    Yields:
        For each array its part with the numbers between two values; all parts in a row are the whole array.

    >>> [[part.start, part.stop] for part, in windows(np.array([3, 4, 4], np.uint32))]
    [[0, 3]]
    """
    bounds = distinct(np.sort(np.concatenate([array[STEP::STEP].astype(np.uint64) for array in arrays])))
    cuts = [[0, *first_not_less(array, bounds).tolist(), len(array)] for array in arrays]
    for number in range(len(bounds) + 1):
        yield [slice(cut[number], cut[number + 1]) for cut in cuts]


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

    def overlapping_their_predecessors(self) -> Array:
        """Which of the extents begin before the one before them ends.

        >>> Sorted(np.array([1, 3, 4, 8], np.uint32), 2).overlapping_their_predecessors().tolist()
        [False, False, True, False]
        """
        marks = np.zeros(len(self.starts), dtype=bool)
        for first in range(0, len(self.starts), STEP):
            part = self.starts[first : first + STEP + 1]
            marks[first + 1 : first + len(part)] = np.diff(part) < self.length
        return marks

    def on_others(self, other: Sorted) -> Iterator[tuple[int, Array]]:
        """Which of the extents share a byte with any of others.

        Yields:
            The position of the first of some extents in a row, and which of those do.

        >>> one, two = Sorted(np.array([1, 3, 9], np.uint32), 2), Sorted(np.array([4], np.uint32), 5)
        >>> [(first, marks.tolist()) for first, marks in one.on_others(two)]
        [(0, [False, True, False])]
        """
        for first in range(0, len(self.starts) if len(other.starts) else 0, STEP):
            part = self.starts[first : first + STEP]
            firsts, lasts = other.touching(part, part + self.kind(self.length - 1))
            yield first, firsts < lasts

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
        return first_not_less(self.starts, np.where(values > np.uint64(less), values - np.uint64(less), np.uint64(0)))

    def positions(self, start: int, end: int) -> slice:
        """Positions of the extents that share a byte with a half-open range of file offsets."""
        if end <= start:
            return slice(0, 0)
        firsts, lasts = self.touching(np.array([start // _MIB], np.uint64), np.array([(end - 1) // _MIB], np.uint64))
        return slice(int(firsts[0]), int(lasts[0]))

    def covered(self, firsts: Array, lasts: Array) -> Array:
        """Which extents are in any of some half-open ranges of positions.

        >>> Sorted(np.array([1, 3, 9], np.uint32), 2).covered(np.array([0, 1]), np.array([0, 2])).tolist()
        [False, True, False]
        """
        marks = np.zeros(len(self.starts), dtype=bool)
        for first, last in merge_ranges(zip(firsts.tolist(), lasts.tolist(), strict=True)):
            marks[first:last] = True
        return marks

    def first_ending_behind(self, limit: int) -> int:
        """Position of the first extent that ends behind `limit`; so do all that follow.

        >>> Sorted(np.array([1, 3, 9], np.uint32), 2).first_ending_behind(4)
        1
        """
        return int(self._search(np.array([limit + 1], np.uint64), self.length)[0])

    def runs(self, part: slice, limit: int) -> Array:
        """What extents in a row cover before the file offset `limit`, as rows of half-open ranges of file offsets.

        Args:
            part: positions of the extents, all of which begin before the limit.
            limit: in bytes.

        >>> (Sorted(np.array([1, 3, 9], np.uint32), 2).runs(slice(0, 3), 10 << 20) >> 20).tolist()
        [[1, 5], [9, 10]]
        """
        starts = self.starts[part]
        if not len(starts):
            return np.zeros((0, 2), dtype=np.int64)
        breaks = np.flatnonzero(np.diff(starts) > self.length)
        firsts = np.concatenate([starts[:1], starts[breaks + 1]]).astype(np.int64)
        lasts = np.concatenate([starts[breaks], starts[-1:]]).astype(np.int64)
        return np.stack([firsts * _MIB, np.minimum((lasts + self.length) * _MIB, limit)], axis=1)


class Marked:
    """Marked extents, to be told from others by where they begin, millions in any order.

    Millions of binary searches take long. So a table says of the lowest bits of a number whether only marked extents
    have them, or only others; no more than what is left is searched for.

    Args:
        extents: all of them.
        marks: which are marked; of those that begin together, all or none.
    """

    def __init__(self, extents: Sorted, marks: Array) -> None:
        self._starts = extents.starts
        self._marks = marks
        self._mask = (2 << (len(marks) + 1).bit_length()) - 1  # two to four for each extent
        self._seen = np.zeros(self._mask + 1, dtype=np.uint8)
        for first in range(0, len(marks), STEP):
            low = self._starts[first : first + STEP] & extents.kind(self._mask)
            chosen = marks[first : first + STEP]
            self._seen[low[chosen]] |= _MARKED
            self._seen[low[~chosen]] |= _OTHER

    def among(self, starts: Array) -> Array:
        """Which of some numbers, each the beginning of an extent, are those of marked ones.

        >>> some = Marked(Sorted(np.array([1, 3, 9], np.uint32), 2), np.array([True, False, True]))
        >>> some.among(np.array([9, 3, 1, 1], np.uint64)).tolist()
        [True, False, True, True]
        """
        seen = self._seen[starts & np.uint64(self._mask)]
        found: Array = seen == _MARKED
        unsure = np.flatnonzero(seen == _MARKED | _OTHER)
        unsure = unsure[np.argsort(starts[unsure])]  # in order, neighbours are searched for in the same memory
        at = first_not_less(self._starts, starts[unsure])
        found[unsure] = self._marks[np.minimum(at, len(self._marks) - 1)]  # another process may have changed the file
        return found
