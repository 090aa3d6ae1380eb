"""Operations carried out in memory, over a file that stays as it is.

What was written is held by reference: a trial takes no more memory than the list of operations does, however much they
copy.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

from ..codec.source import BytesSource, Source
from .operation import Copy, Operation, Resize, Write


class _Span(NamedTuple):
    """Bytes in a row: file offsets of the first and behind the last, where they come from, and at which offset."""

    start: int
    end: int
    source: Source
    place: int

    def part(self, start: int, end: int) -> _Span:
        """The bytes from one file offset to another, which lie inside these."""
        return _Span(start, end, self.source, self.place + start - self.start)


class Trial:
    """The file as it reads once all operations are done.

    Args:
        initial: the file as it is.
        operations: what is done to it, in order.
    """

    def __init__(self, initial: Source, operations: Iterable[Operation]) -> None:
        self.initial = initial
        self.name = initial.name
        self.identity: Hashable = ("trial", id(self))
        self.fd: int | None = None
        self.size = initial.size
        self._starts: list[int] = []
        self._spans: list[_Span] = []
        self._put(_Span(0, self.size, initial, 0))
        for operation in operations:
            match operation:
                case Write(offset, data):
                    self._put(_Span(offset, offset + len(data), BytesSource(data), 0))
                case Copy(source, offset, length):
                    self._put(_Span(offset, offset + length, source, offset))
                case Resize(size):
                    self._cut(size, max(self.size, size))
                    self.size = size

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        buffer = bytearray(max(0, min(length, self.size - offset)))
        return bytes(buffer[: self.readinto_at(offset, memoryview(buffer))])

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`; what was never written reads as zeros."""
        end = min(offset + len(buffer), self.size)
        if end <= offset:
            return 0
        buffer[: end - offset] = bytes(end - offset)
        for span in self._between(offset, end):
            part = buffer[span.start - offset : span.end - offset]
            span.source.readinto_at(span.place, part)
        return end - offset

    def supplied(self, offset: int, length: int) -> Iterator[tuple[int, int, Source | None, int]]:
        """As `Overlay.supplied`."""
        end, position = min(offset + length, self.size), offset
        for span in self._between(offset, end):
            if position < span.start:
                yield position, span.start - position, None, 0
            yield span.start, span.end - span.start, span.source, span.place
            position = span.end
        if position < end:
            yield position, end - position, None, 0

    def close(self) -> None:
        """Do nothing: the file belongs to somebody else."""

    def _between(self, start: int, end: int) -> Iterator[_Span]:
        """The spans inside a range, cut at its bounds."""
        for span in self._spans[max(0, bisect_right(self._starts, start) - 1) : bisect_left(self._starts, end)]:
            if span.end > start:
                yield span.part(max(span.start, start), min(span.end, end))

    def _put(self, new: _Span) -> None:
        self._cut(new.start, new.end)
        self.size = max(self.size, new.end)
        at = bisect_left(self._starts, new.start)
        before = self._spans[at - 1] if at else None
        if before is not None and before.end == new.start and before.part(new.start, new.end) == new:
            self._spans[at - 1] = before._replace(end=new.end)  # one copy goes on where another ends
        elif new.end > new.start:
            self._starts.insert(at, new.start)
            self._spans.insert(at, new)

    def _cut(self, start: int, end: int) -> None:
        """Forget what lies in a range."""
        first = max(0, bisect_right(self._starts, start) - 1)
        last = bisect_left(self._starts, end)
        left = []
        for span in self._spans[first:last]:
            left += [span.part(span.start, min(span.end, start))] if span.start < start else []
            left += [span.part(max(span.start, end), span.end)] if span.end > end else []
        self._spans[first:last] = left
        self._starts[first:last] = [span.start for span in left]
