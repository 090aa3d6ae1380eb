"""What differs between two files, byte for byte, and which leaf of each file's tree every such byte is in.

Two copies within one file are compared in the same way, byte by byte from where each begins. What both sides take from
the same place of the same file, and what is a hole on both, is not read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import Any, Final

import numpy as np
from vhdx_format.layout import HEADER_SLOT_SIZE, PLACES

from ..codec.holes import data_ranges, joined, origin
from ..codec.source import Source, read_whole
from ..disk.image import Image
from ..semantics.bat import ENTRY_SIZE
from .bat import PATH
from .claims import Bounds
from .entry_changes import Advance, EntryRun, Tables
from .node import Node, find, possible, trail
from .space import Array
from .structure import WORD

_STEP: Final = 1 << 20
_FAR: Final = 1 << 62
_LEAVES: Final = 1 << 14  # so many are told one by one
_REMEMBERED: Final = 8  # nodes whose children are kept; below a file they nest less deep
_COARSE: Final = 2  # steps from the file to a part of an object
_COPIED: Final = ("header", "region_table")


@dataclass(frozen=True, slots=True)
class FileSide:
    """One of two things that are compared.

    Attributes:
        source: what is read.
        root: the tree that says what its bytes are.
        start: file offset of the first byte that is compared.
        length: how many bytes there are.
        image: of the whole file, where it is compared as a whole, else None.
    """

    source: Source
    root: Node
    start: int
    length: int
    image: Image | None = None


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

    def as_values(self) -> dict[str, Any]:
        """As plain values."""
        one, other = self.paths
        return {
            "fields": list(self.fields),
            "path_a": one,
            "path_b": other,
            "start": self.start,
            "end": self.end,
            "bytes": self.bytes,
            "ranges": self.ranges,
            "entries": None,
            "value_a": None if self.first is None else self.first.value,
            "value_b": None if self.second is None else self.second.value,
        }


def _path(node: Node | None) -> str | None:
    return None if node is None else node.path


def copies(source: Source, root: Node) -> list[tuple[FileSide, FileSide]]:
    """The two headers of a file with what is behind them, and its two region tables. Spec: MS-VHDX 2.2."""
    return [(_slot(source, root, f"{name}_1"), _slot(source, root, f"{name}_2")) for name in _COPIED]


def _slot(source: Source, root: Node, name: str) -> FileSide:
    offset = next(place.offset for place in PLACES if place.id == name)
    return FileSide(source, root, offset, max(0, min(HEADER_SLOT_SIZE, source.size - offset)))


def whole(image: Image, root: Node) -> FileSide:
    """A file as it is read: after replay, unless it was loaded without."""
    return FileSide(image.view, root, 0, image.view.size, image)


def ranges(
    first: FileSide, second: FileSide, advance: Advance = lambda _: None, within: Bounds = (0, _FAR)
) -> Iterator[Bounds]:
    """The bytes that differ: what only the longer side has, too.

    Args:
        first: one side.
        second: the other one.
        advance: called with the number of bytes that are compared so far.
        within: where to look, from where the sides start.

    Yields:
        Ascending ranges, not touching, from where the sides start.

    Raises:
        VhdxError: a file cannot be read.
    """
    found = (pair for starts, ends in _unequal(first, second, advance, within)
             for pair in zip(starts.tolist(), ends.tolist(), strict=True))  # fmt: skip
    yield from joined(found)


def _unequal(first: FileSide, second: FileSide, advance: Advance, within: Bounds) -> Iterator[tuple[Array, Array]]:
    """Starts and ends of the ranges that differ, many at once; the last of one time may touch the first of the next."""
    start, stop = within
    both, more = (min(stop, choose(first.length, second.length)) for choose in (min, max))
    for low, high in joined(merge(*(_data(side, start, both) for side in (first, second)))):
        for at in range(low, high, _STEP):
            count = min(_STEP, high - at)
            if not _is_same(first, second, at, count):
                one, other = (read_whole(side.source, side.start + at, count) for side in (first, second))
                if one != other:
                    yield _edges(one, other, at)
            advance(at + count)
    if max(start, both) < more:
        yield np.array([max(start, both)]), np.array([more])
    advance(more)


def _data(side: FileSide, start: int, stop: int) -> Iterator[Bounds]:
    found = data_ranges(side.source, side.start + start, max(0, stop - start))
    return ((low - side.start, high - side.start) for low, high in found)


def _is_same(first: FileSide, second: FileSide, at: int, count: int) -> bool:
    if first.source is second.source and first.start == second.start:
        return True
    place = origin(first.source, first.start + at, count)
    return place is not None and place == origin(second.source, second.start + at, count)


def _edges(one: bytes, other: bytes, at: int) -> tuple[Array, Array]:
    """Where two strings of one length differ. `at` is added."""
    differs = np.zeros(len(one) + 2, dtype=bool)
    differs[1:-1] = np.frombuffer(one, dtype=np.uint8) != np.frombuffer(other, dtype=np.uint8)
    edges = np.flatnonzero(differs[1:] != differs[:-1]) + at
    return edges[::2], edges[1::2]


def changes(first: FileSide, second: FileSide, advance: Advance = lambda _: None) -> Iterator[LeafChange | EntryRun]:
    """What differs, by leaves and by entries of the block allocation table; together exactly the bytes that differ.

    Args:
        first: one side.
        second: the other one.
        advance: called with the number of bytes that are compared so far.

    Raises:
        VhdxError: a file cannot be read.
    """
    tables = _tables(first, second)
    low, high = tables.within if tables else (0, 0)
    if tables:
        yield from _by_leaves(first, second, _unequal(first, second, advance, (0, low)))
        yield from tables.changes(advance)
    yield from _by_leaves(first, second, _unequal(first, second, advance, (high, _FAR)))


def _tables(first: FileSide, second: FileSide) -> Tables | None:
    """The tables of two whole files, where they begin at one place and nothing else lies over them."""
    one, other = first.image, second.image
    if one is None or other is None or not (one.bat and one.geometry and other.bat and other.geometry):
        return None
    offset = one.bat.file_offset
    nodes = [find(side.root, PATH) for side in (first, second)]
    if offset != other.bat.file_offset or any(node is None or node.extents != node.parts for node in nodes):
        return None
    count = min(one.bat.entry_count, other.bat.entry_count)
    within = (offset, offset + count * ENTRY_SIZE)
    return Tables((first.source, second.source), one.bat, one.geometry, within) if count else None


def _by_leaves(first: FileSide, second: FileSide, found: Iterable[tuple[Array, Array]]) -> Iterator[LeafChange]:
    """Ranges that differ, put together by the leaves that they are in."""
    one, other = _Owners(first), _Owners(second)
    change: LeafChange | None = None
    for starts, ends in found:
        sizes = np.append(0, np.cumsum(ends - starts))
        number, at = 0, int(starts[0])
        while number < len(starts):
            (left, left_end), (right, right_end) = one.at(at), other.at(at)
            stop = min(left_end, right_end)
            after = int(np.searchsorted(starts, stop))
            over = max(0, int(ends[after - 1]) - stop)
            size = int(sizes[after] - sizes[number]) - (at - int(starts[number])) - over
            if change is None or change.paths != (_path(left), _path(right)):
                if change is not None:
                    yield change
                change = LeafChange(left, right, at, at)
            change.bytes += size
            change.ranges += after - number - (at == change.end > change.start)
            change.end = stop if over else int(ends[after - 1])
            number, at = (after - 1, stop) if over else (after, int(starts[after]) if after < len(starts) else 0)
    if change is not None:
        yield change


@dataclass(frozen=True, slots=True)
class _Known:
    """The children of a node, made once.

    Attributes:
        node: the node; kept, so that no other one has its id.
        starts: file offset of each piece that a child owns, in order.
        pieces: the children that own these pieces.
        lists: the children that have no bytes of their own, but members.
    """

    node: Node
    starts: list[int]
    pieces: list[Node]
    lists: list[Node]

    def possible(self, place: int) -> Iterator[Node]:
        """The children that may own a byte, or have what does."""
        at = bisect_right(self.starts, place) - 1
        if at >= 0 and self.pieces[at].owns(place):
            yield self.pieces[at]
        yield from self.lists


def _known(node: Node) -> _Known:
    made = list(node.children() if node.children else ())
    pieces = sorted(((start, number) for number, one in enumerate(made) for start, _ in one.extents or ()))
    lists = [one for one in made if not one.parts]
    return _Known(node, [start for start, _ in pieces], [made[number] for _, number in pieces], lists)


@dataclass(slots=True)
class _Owners:
    """Finds the leaf of a byte, and how far it goes on; quickest where each byte asked for is behind the last one.

    The block allocation table counts as a leaf but for what is behind its entries. After very many leaves, what they
    are parts of counts as one: the log's entry, say, instead of each of its descriptors.
    """

    side: FileSide
    _way: list[Node] = field(default_factory=list)
    _leaf: Node | None = None
    _end: int = -1
    _left: int = field(default_factory=lambda: _LEAVES)
    _seen: dict[int, _Known] = field(default_factory=dict)

    def at(self, offset: int) -> tuple[Node | None, int]:
        """The leaf of a byte, and where its bytes in a row end; None behind the end of the side."""
        if offset >= self.side.length:
            return None, _FAR
        if offset >= self._end:
            self._find(self.side.start + offset)
        return self._leaf, self._end

    def _possible(self, node: Node, place: int) -> Iterable[Node]:
        if node.seek:
            return possible(node, place)
        known = self._seen.pop(id(node), None) or _known(node)
        self._seen[id(node)] = known  # the last one in order is the one used last
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return known.possible(place)

    def _find(self, place: int) -> None:
        while self._way and not self._way[-1].owns(place):
            self._way.pop()
        below = trail(self._way[-1], place, self._possible) if self._way else []
        if not below:
            below = trail(self.side.root, place, self._possible)
            self._way = []
        self._way += below if not self._way else below[1:]
        self._left -= 1
        if self._left < 0:
            at = next((at for at in range(_COARSE, len(self._way)) if self._way[at].owns(place)), len(self._way))
            del self._way[at + 1 :]
        self._leaf = self._way.pop() if self._way else None
        end = self.side.start + self.side.length  # of what a log made grow, where no leaf has the byte
        if self._leaf is not None and self._leaf.path.startswith(f"{PATH}[") and self._way:
            self._leaf = self._way.pop()  # the whole table: its entries are compared as words, where they can be
            bat = self.side.image.bat if self.side.image else None
            end = bat.file_offset + bat.entry_count * ENTRY_SIZE if bat else end
        if self._leaf is not None:
            extents = ((start, start + size) for start, size in self._leaf.extents or ())
            end = min(end, next(stop for start, stop in extents if start <= place < stop))
        self._end = min(end - self.side.start, self.side.length)
