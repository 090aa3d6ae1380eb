"""Updates held over an untouched source: what log replay means without writing.

Knows pages of one log sector, ranges of zeros and a length of its own; later updates win. Knows nothing of the log's
form: where a page's bytes come from is told by whoever builds the overlay.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vhdx_format.layout import LOG_SECTOR_SIZE

from .source import Source


@dataclass(frozen=True, slots=True)
class Page:
    """Where the bytes of one updated page come from.

    Attributes:
        leading: its first bytes.
        file_offset: where in the source its middle bytes lie.
        trailing: its last bytes.
        origin: what supplied it, for explanations: index of the log entry and of the descriptor.
    """

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


class Overlay:
    """A source with updates over it. Reads past the base's end and below the overlay's own size give zeros.

    Args:
        base: the untouched source.
        pages: page number (file offset divided by the page size) to page; they win over `zeros`.
        zeros: half-open ranges of file offsets, sorted and disjoint.
        size: length of the whole in bytes, at least that of the base.
    """

    page_size = LOG_SECTOR_SIZE

    def __init__(self, base: Source, pages: Mapping[int, Page], zeros: list[tuple[int, int]], size: int) -> None:
        self.base = base
        self.name = base.name
        self.identity = base.identity
        self.size = size
        self.fd = None
        self.pages = pages
        self._page_numbers = sorted(pages)
        self.zeros = zeros
        self._zero_starts = [start for start, _ in zeros]

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
        return at >= 0 and self.zeros[at][1] > offset

    def pieces(self, offset: int, length: int) -> Iterable[tuple[int, int, str]]:
        """The range as maximal pieces `(file_offset, length, kind)`, kind "base", "page" or "zero"."""
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
        at = bisect_right(self._zero_starts, position) - 1
        if at >= 0 and position < self.zeros[at][1]:
            return min(end, self.zeros[at][1]), "zero"
        if at + 1 < len(self.zeros):
            end = min(end, self.zeros[at + 1][0])
        if position >= self.base.size:
            return end, "zero"
        return min(end, self.base.size), "base"

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes of the range; shorter only at the overlay's end."""
        if offset < 0 or length < 0:
            raise ValueError("offset and length must not be negative")
        return b"".join(self._piece(*piece) for piece in self.pieces(offset, length))

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset` on; returns the bytes filled, fewer only at the overlay's end."""
        done = 0
        for start, length, kind in self.pieces(offset, len(buffer)):
            if kind == "base":
                self.base.readinto_at(start, buffer[done : done + length])
            else:
                buffer[done : done + length] = self._piece(start, length, kind)
            done += length
        return done

    def _piece(self, start: int, length: int, kind: str) -> bytes:
        if kind == "zero":
            return bytes(length)
        if kind == "base":
            return self.base.read_at(start, length)
        inside = start % self.page_size
        return self.page_bytes(start // self.page_size)[inside : inside + length]

    def page_bytes(self, number: int) -> bytes:
        """The bytes of one updated page."""
        page = self.pages[number]
        middle = self.page_size - len(page.leading) - len(page.trailing)
        return page.leading + self.base.read_at(page.file_offset, middle) + page.trailing
