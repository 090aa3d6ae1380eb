"""What differs between two files, byte for byte, and which leaf of each file's tree every such byte is in.

Two copies within one file are compared in the same way, byte by byte from where each begins. What both sides take from
the same place of the same file, and what is a hole on both, is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import Any, Final

import numpy as np
from vhdx_format.layout import HEADER_SLOT_SIZE, PLACES

from ..codec.holes import data_ranges, joined, origin
from ..codec.source import Source
from .node import Node, trail
from .space import Bounds
from .structure import WORD

_STEP: Final = 1 << 20
_FAR: Final = 1 << 63
_COPIED: Final = ("header", "region_table")


@dataclass(frozen=True, slots=True)
class FileSide:
    """One of two things that are compared.

    Attributes:
        source: what is read.
        root: the tree that says what its bytes are.
        start: file offset of the first byte that is compared.
        length: how many bytes there are.
    """

    source: Source
    root: Node
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class DifferingBytes:
    """Bytes that differ, in a row, all in one leaf of either tree.

    Attributes:
        start: of the first one, from where the sides start.
        end: behind the last one.
        first: the leaf of the first side that they are in; None behind its end.
        second: the same of the second side.
    """

    start: int
    end: int
    first: Node | None
    second: Node | None


@dataclass(slots=True)
class LeafChange:
    """What differs in one leaf.

    Attributes:
        first: the leaf of the first side; None behind its end.
        second: that of the second side.
        start: of the first byte that differs, from where the sides start.
        end: behind the last one.
        bytes: how many differ.
        ranges: how many runs of bytes that is.
    """

    first: Node | None
    second: Node | None
    start: int
    end: int
    bytes: int = 0
    ranges: int = 0

    @property
    def paths(self) -> tuple[str | None, str | None]:
        """Addresses of both leaves."""
        return _path(self.first), _path(self.second)

    @property
    def fields(self) -> tuple[str, ...]:
        """Addresses of what differs, in the second file where it has such bytes: of a word, its bit fields."""
        node = self.second or self.first
        if node is None:
            return ()
        if self.first is None or self.second is None or self.first.path != node.path:
            return (node.path,)
        bits = [new.name for old, new in zip(self.first.bits, node.bits, strict=False) if old.value != new.value]
        owner = node.path.removesuffix(f".{WORD}")
        return tuple(f"{owner}.{name}" for name in bits) or (node.path,)


def _path(node: Node | None) -> str | None:
    return None if node is None else node.path


def copies(source: Source, root: Node) -> list[tuple[FileSide, FileSide]]:
    """The two headers of a file with what is behind them, and its two region tables. Spec: MS-VHDX 2.2."""
    return [(_slot(source, root, f"{name}_1"), _slot(source, root, f"{name}_2")) for name in _COPIED]


def _slot(source: Source, root: Node, name: str) -> FileSide:
    offset = next(place.offset for place in PLACES if place.id == name)
    return FileSide(source, root, offset, max(0, min(HEADER_SLOT_SIZE, source.size - offset)))


def ranges(first: FileSide, second: FileSide, advance: Callable[[int], object] = lambda _: None) -> Iterator[Bounds]:
    """The bytes that differ: what only the longer side has, too.

    Args:
        first: one side.
        second: the other one.
        advance: called with the number of bytes that are compared so far.

    Yields:
        Ascending ranges, not touching, from where the sides start.

    Raises:
        VhdxError: a file cannot be read.
    """
    both = min(first.length, second.length)
    more = max(first.length, second.length)
    rest = [(both, more)] if both < more else []
    yield from joined(_chained(_in_both(first, second, both, advance), rest))
    advance(more)


def _chained(found: Iterator[Bounds], rest: Iterable[Bounds]) -> Iterator[Bounds]:
    yield from found
    yield from rest


def _in_both(first: FileSide, second: FileSide, length: int, advance: Callable[[int], object]) -> Iterator[Bounds]:
    for low, high in joined(merge(*(_data(side, length) for side in (first, second)))):
        for at in range(low, high, _STEP):
            count = min(_STEP, high - at)
            if not _is_same(first, second, at, count):
                one, other = (side.source.read_at(side.start + at, count) for side in (first, second))
                if one != other:
                    yield from ((at + start, at + end) for start, end in _unequal(one, other))
            advance(at + count)


def _data(side: FileSide, length: int) -> Iterator[Bounds]:
    found = data_ranges(side.source, side.start, length)
    return ((low - side.start, high - side.start) for low, high in found)


def _is_same(first: FileSide, second: FileSide, at: int, count: int) -> bool:
    if first.source is second.source and first.start == second.start:
        return True
    place = origin(first.source, first.start + at, count)
    return place is not None and place == origin(second.source, second.start + at, count)


def _unequal(one: bytes, other: bytes) -> Iterator[Bounds]:
    """Where two strings differ; what only one of them has differs."""
    both = min(len(one), len(other))
    differs = np.zeros(max(len(one), len(other)) + 2, dtype=bool)
    left, right = (np.frombuffer(raw, dtype=np.uint8, count=both) for raw in (one, other))
    differs[1 : both + 1] = left != right
    differs[both + 1 : -1] = True
    edges = np.flatnonzero(differs[1:] != differs[:-1]).tolist()
    yield from zip(edges[::2], edges[1::2], strict=True)


def pieces(first: FileSide, second: FileSide, found: Iterable[Bounds]) -> Iterator[DifferingBytes]:
    """Say of ranges that differ in which leaves they are; together the pieces are exactly the ranges.

    Args:
        first: one side.
        second: the other one.
        found: ascending, as `ranges` gives them.
    """
    one, other = _Owners(first), _Owners(second)
    for start, end in found:
        while start < end:
            left, left_end = one.at(start)
            right, right_end = other.at(start)
            stop = min(end, left_end, right_end)
            yield DifferingBytes(start, stop, left, right)
            start = stop


def changes(found: Iterable[DifferingBytes]) -> Iterator[LeafChange]:
    """Pieces, put together by their leaves."""
    change: LeafChange | None = None
    for piece in found:
        if change is None or change.paths != (_path(piece.first), _path(piece.second)):
            if change is not None:
                yield change
            change = LeafChange(piece.first, piece.second, piece.start, piece.start)
        change.bytes += piece.end - piece.start
        change.ranges += piece.start != change.end or not change.ranges
        change.end = piece.end
    if change is not None:
        yield change


@dataclass(slots=True)
class _Owners:
    """Finds the leaf of a byte, and how far it goes on; quickest where each byte asked for is behind the last one."""

    side: FileSide
    _way: list[Node] = field(default_factory=list)
    _leaf: Node | None = None
    _end: int = -1

    def at(self, offset: int) -> tuple[Node | None, int]:
        """The leaf of a byte, and where its bytes in a row end; None behind the end of the side."""
        if offset >= self.side.length:
            return None, _FAR
        if offset >= self._end:
            self._find(self.side.start + offset)
        return self._leaf, self._end

    def _find(self, place: int) -> None:
        while self._way and not (self._way[-1].seek and self._way[-1].owns(place)):
            self._way.pop()
        below = trail(self._way[-1], place) if self._way else []
        if not below:
            self._way = []
            below = trail(self.side.root, place)
        self._way += below if not self._way else below[1:]
        self._leaf = self._way.pop() if self._way else None
        end = self.side.start + self.side.length  # of what a log made grow, where no leaf has the byte
        if self._leaf is not None:
            end = next(start + size for start, size in self._leaf.extents or () if start <= place < start + size)
        self._end = min(end - self.side.start, self.side.length)


def as_values(change: LeafChange, start: int = 0) -> dict[str, Any]:
    """A change as plain values; `start` is added to its offsets."""
    return {
        "fields": list(change.fields),
        "path_a": change.paths[0],
        "path_b": change.paths[1],
        "start": start + change.start,
        "end": start + change.end,
        "bytes": change.bytes,
        "ranges": change.ranges,
        "value_a": _value(change.first),
        "value_b": _value(change.second),
    }


def _value(node: Node | None) -> int | str | None:
    return None if node is None else node.value
