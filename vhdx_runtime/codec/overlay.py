"""Updates held over an untouched source: what log replay means without writing."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, overload

from vhdx_format.layout import LOG_SECTOR_SIZE

from ..wording import brief
from .source import Source

MISSING: Final = "missing"
_ARRAYS_FROM: Final = 4096  # ranges from which on sorting them is worth an import


@dataclass(frozen=True, slots=True)
class Page:
    """Where the bytes of one updated page come from.

    Attributes:
        leading: its first bytes.
        file_offset: where in the source its middle bytes lie.
        trailing: its last bytes.
        origin: what supplied it, for explanations: index of the log entry and of the descriptor.
    """

    __repr__ = brief

    leading: bytes
    file_offset: int
    trailing: bytes
    origin: tuple[int, int]


def merge_ranges(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Union of half-open ranges, sorted, disjoint and not touching.

    >>> merge_ranges([(8, 12), (0, 4), (4, 6), (9, 10)])
    [(0, 6), (8, 12)]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        elif end > start:
            merged.append((start, end))
    return merged


class Spans(Sequence[tuple[int, int]]):
    """Half-open ranges in little memory: a log of a gigabyte has many millions.

    Attributes:
        starts: of each, as 64-bit integers.
        ends: of each.
    """

    __slots__ = ("ends", "starts")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self.starts = array("Q")
        self.ends = array("Q")
        for start, end in ranges:
            self.append(start, end)

    def append(self, start: int, end: int) -> None:
        """Add one behind all others."""
        self.starts.append(start)
        self.ends.append(end)

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, at: int) -> tuple[int, int]: ...

    @overload
    def __getitem__(self, at: slice) -> list[tuple[int, int]]: ...

    def __getitem__(self, at: int | slice) -> tuple[int, int] | list[tuple[int, int]]:
        if isinstance(at, slice):
            return list(zip(self.starts[at], self.ends[at], strict=True))
        return self.starts[at], self.ends[at]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.starts, self.ends, strict=True)

    def union(self) -> Spans:
        """As `merge_ranges`.

        >>> list(Spans([(8, 12), (0, 4), (4, 6), (9, 10)]).union())
        [(0, 6), (8, 12)]
        """
        merged = Spans()
        ends = merged.ends
        for start, end in self._ascending():
            if ends and start <= ends[-1]:
                ends[-1] = max(ends[-1], end)
            elif end > start:
                merged.append(start, end)
        return merged

    def _ascending(self) -> Iterable[tuple[int, int]]:
        if all(one <= other for one, other in pairwise(self.starts)):
            return self
        if len(self) < _ARRAYS_FROM:
            return sorted(self)
        import numpy as np

        order = np.argsort(np.frombuffer(self.starts, dtype=np.uint64), kind="stable")
        return ((self.starts[at], self.ends[at]) for at in map(int, order))


class Overlay:
    """A source with updates over it. Reads past the base's end and below the overlay's own size give zeros.

    What is *missing* is no zeros: the base was longer once, or lacks those bytes itself, and no update supplies them. A
    read ends before it.

    Args:
        base: the untouched source.
        pages: page number (file offset divided by the page size) to page; they win over `zeros`.
        zeros: half-open ranges of file offsets, sorted and disjoint.
        size: length of the whole in bytes, at least that of the base.
        missing_until: file offset up to which the base had bytes before it was cut off; 0 where it was not.

    Attributes:
        missing: half-open ranges of file offsets whose bytes nobody knows, sorted and disjoint.
    """

    page_size = LOG_SECTOR_SIZE

    def __init__(
        self,
        base: Source,
        pages: Mapping[int, Page],
        zeros: Sequence[tuple[int, int]],
        size: int,
        *,
        missing_until: int = 0,
    ) -> None:
        self.base = base
        self.name = base.name
        self.identity = base.identity
        self.size = size
        self.fd = None
        self.pages = pages
        self._page_numbers = sorted(pages)
        self.zeros = zeros if isinstance(zeros, Spans) else Spans(zeros)
        self._zero_starts, self._zero_ends = self.zeros.starts, self.zeros.ends
        self._missing_until = missing_until
        # What the base lacks itself and nothing supplies, and what it had behind its end.
        lacking = [(*gap, "base") for gap in missing(base)] + [(base.size, max(base.size, missing_until), MISSING)]
        self.missing = [
            (start, start + length)
            for low, high, wanted in lacking
            for start, length, kind in self.pieces(low, high - low)
            if kind == wanted
        ]

    def close(self) -> None:
        """Close the base."""
        self.base.close()

    def touches(self, offset: int, length: int) -> bool:
        """True where any byte of the range does not come from the base as it stands there.

        Args:
            offset: file offset in bytes.
            length: in bytes, positive.
        """
        end = offset + length
        if end > self.base.size:
            return True
        at = bisect_left(self._page_numbers, offset // self.page_size)
        if at < len(self._page_numbers) and self._page_numbers[at] * self.page_size < end:
            return True
        at = bisect_right(self._zero_starts, end - 1) - 1
        return at >= 0 and self._zero_ends[at] > offset

    def pieces(self, offset: int, length: int) -> Iterable[tuple[int, int, str]]:
        """The range as maximal pieces `(file_offset, length, kind)`, kind "base", "page", "zero" or "missing"."""
        position, end = offset, min(offset + length, self.size)
        while position < end:
            stop, kind = self._next(position, end)
            yield position, stop - position, kind
            position = stop

    def _next(self, position: int, end: int) -> tuple[int, str]:
        page = position // self.page_size
        if page in self.pages:
            return min(end, (page + 1) * self.page_size), "page"
        at = bisect_left(self._page_numbers, page)
        if at < len(self._page_numbers):
            end = min(end, self._page_numbers[at] * self.page_size)
        if position >= max(self.base.size, self._missing_until):
            return end, "zero"  # set to zero, or grown
        at = bisect_right(self._zero_starts, position) - 1
        if at >= 0 and position < self._zero_ends[at]:
            return min(end, self._zero_ends[at]), "zero"
        if at + 1 < len(self._zero_starts):
            end = min(end, self._zero_starts[at + 1])
        if position < self.base.size:
            return min(end, self.base.size), "base"
        return (min(end, self._missing_until), MISSING) if position < self._missing_until else (end, "zero")

    def supplied(self, offset: int, length: int) -> Iterator[tuple[int, int, Source | None, int]]:
        """The range as pieces `(file_offset, length, source, offset there)`; None for zeros, itself for updates."""
        origins = {"base": self.base, "zero": None}
        for start, size, kind in self.pieces(offset, length):
            yield start, size, origins.get(kind, self), start

    def known_end(self, offset: int) -> int:
        """Where the bytes that are known end, from a file offset on; the offset itself where it is missing."""
        at = bisect_right(self.missing, offset, key=lambda gap: gap[1])
        return max(offset, self.missing[at][0]) if at < len(self.missing) else self.size

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes of the range; shorter only at the overlay's end, at missing bytes, or where the base became shorter."""
        if offset < 0 or length < 0:
            raise ValueError("offset and length must not be negative")
        parts = []
        for start, size, kind in self.pieces(offset, length):
            parts.append(self._piece(start, size, kind))
            if len(parts[-1]) < size:
                break
        return b"".join(parts)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset` on; returns the bytes filled, fewer only at the end or at missing bytes."""
        done = 0
        for start, length, kind in self.pieces(offset, len(buffer)):
            if kind == "base":
                count = self.base.readinto_at(start, buffer[done : done + length])
                if count < length:  # somebody cut the file off
                    return done + count
            elif kind == MISSING:
                return done
            else:
                buffer[done : done + length] = self._piece(start, length, kind)
            done += length
        return done

    def _piece(self, start: int, length: int, kind: str) -> bytes:
        if kind == "zero":
            return bytes(length)
        if kind == MISSING:
            return b""
        if kind == "base":
            return self.base.read_at(start, length)
        inside = start % self.page_size
        return self.page_bytes(start // self.page_size)[inside : inside + length]

    def page_bytes(self, number: int) -> bytes:
        """The bytes of one updated page."""
        page = self.pages[number]
        middle = self.page_size - len(page.leading) - len(page.trailing)
        return page.leading + self.base.read_at(page.file_offset, middle) + page.trailing


def known_end(source: Source, offset: int) -> int:
    """Where the bytes of a source that are known end, from a file offset on; see `Overlay.known_end`."""
    return source.known_end(offset) if isinstance(source, Overlay) else source.size


def missing(source: Source) -> list[tuple[int, int]]:
    """The parts of a source whose bytes nobody knows; see `Overlay.missing`."""
    return source.missing if isinstance(source, Overlay) else []
