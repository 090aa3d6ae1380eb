"""Ranges of the file and who claimed them first: what is claimed once is not given away again."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from typing import TypeAlias

Bounds: TypeAlias = "tuple[int, int]"
"""Start and end (exclusive), in bytes."""

FileExtent: TypeAlias = "tuple[int, int]"
"""File offset and length, in bytes."""

Rivals: TypeAlias = "Callable[[int, int], Iterable[tuple[int, int, str]]]"
"""From a range to the claims that meet it: start, end, name of the claimant."""

_NAMED = 8  # not in the specification: more claimants of one range are not listed


def intersect(first: Iterable[Bounds], second: Iterable[Bounds]) -> list[Bounds]:
    """What two sorted lists of disjoint ranges have in common.

    >>> intersect([(0, 4), (6, 9)], [(2, 7)])
    [(2, 4), (6, 7)]
    """
    found: list[Bounds] = []
    others = list(second)
    for start, end in first:
        found += [(max(start, low), min(end, high)) for low, high in others if low < end and high > start]
    return found


def gaps(*sorted_ranges: Iterable[Bounds], within: Bounds) -> Iterator[Bounds]:
    """The parts of `within` that no range covers.

    Args:
        sorted_ranges: each in ascending order; they may meet each other.
        within: where to look.

    Yields:
        Ranges in ascending order.

    >>> list(gaps([(0, 2), (5, 6)], [(1, 4)], within=(0, 9)))
    [(4, 5), (6, 9)]
    """
    position, stop = within
    for start, end in merge(*sorted_ranges):
        if start >= stop:
            break
        if start > position:
            yield position, start
        position = max(position, end)
    if position < stop:
        yield position, stop


class Claims:
    """Ranges with the names of their owners, disjoint: what is claimed once is not given away again."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._names: list[str] = []

    def __iter__(self) -> Iterator[Bounds]:
        return iter(zip(self._starts, self._ends, strict=True))

    def holders(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """What is claimed inside a range: start, end, owner, in ascending order."""
        at = max(0, bisect_right(self._starts, start) - 1)
        while at < len(self._starts) and self._starts[at] < end:
            if self._ends[at] > start:
                yield max(start, self._starts[at]), min(end, self._ends[at]), self._names[at]
            at += 1

    def claim(self, start: int, end: int, name: str) -> list[Bounds]:
        """Claim a range; returns the parts of it that nobody had, in ascending order."""
        taken = [(low, high) for low, high, _ in self.holders(start, end)]
        gained = list(gaps(taken, within=(start, end))) if end > start else []
        for low, high in gained:
            at = bisect_left(self._starts, low)
            self._starts.insert(at, low)
            self._ends.insert(at, high)
            self._names.insert(at, name)
        return gained


@dataclass(frozen=True, slots=True)
class Zone:
    """The bytes that one object owns.

    Attributes:
        name: of the object.
        owned: sorted, disjoint, inside the file.
        file_size: length of the file in bytes.
        rivals: who claimed what it does not own.
    """

    name: str
    owned: tuple[Bounds, ...]
    file_size: int
    rivals: Rivals

    def share(self, parts: tuple[FileExtent, ...]) -> tuple[tuple[FileExtent, ...] | None, tuple[str, ...]]:
        """How much of a part of the object is its own.

        Returns:
            The extents that it owns (None where the file ends before all of it) and the names of those that own
            the rest.
        """
        if len(parts) == 1 == len(self.owned):
            offset, length = parts[0]
            if length and self.owned[0][0] <= offset and offset + length <= self.owned[0][1]:
                return parts, ()
        present = [
            (start, min(start + size, self.file_size)) for start, size in parts if size and start < self.file_size
        ]
        if not present:
            return (None if any(size for _, size in parts) else ()), ()
        own: list[Bounds] = []
        names: dict[str, None] = {}
        for part in present:
            mine = intersect([part], self.owned)
            own += mine
            for start, end in gaps(mine, within=part):
                names.update((name, None) for _, _, name in self.rivals(start, end) if name != self.name)
        return tuple((start, end - start) for start, end in own), tuple(names)[:_NAMED]

    def part(self, claims: Claims, start: int, end: int, name: str) -> Zone:
        """The zone of an object inside this one, which shares it with others of its kind.

        Args:
            claims: who claimed what inside this zone so far; the new object is added.
            start: file offset in bytes.
            end: file offset in bytes.
            name: of the object.
        """
        own = intersect(claims.claim(start, min(end, self.file_size), name), self.owned)

        def _rivals(low: int, high: int) -> Iterator[tuple[int, int, str]]:
            yield from (holder for holder in claims.holders(low, high) if holder[2] != name)
            yield from self.rivals(low, high)

        return Zone(name, tuple(own), self.file_size, _rivals)


def zone(claims: Claims, start: int, end: int, name: str, file_size: int) -> Zone:
    """Claim a range of the file for an object; what lies behind the file's end is nobody's."""
    return Zone(name, tuple(claims.claim(start, min(end, file_size), name)), file_size, claims.holders)
