"""Blocks that get a place of their own: what is copied where, and what the file reads like once it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from ..codec.holes import data_ranges
from ..codec.source import Source
from ..write.operation import STEP, Copy


@dataclass(frozen=True, slots=True)
class Move:
    """A part of the file that is copied; where it was stays as it is.

    Attributes:
        source: file offset of its first byte, in bytes.
        target: file offset of the copy; behind the end of the file.
        length: in bytes.
    """

    source: int
    target: int
    length: int

    @property
    def end(self) -> int:
        """File offset of the first byte behind the copy."""
        return self.target + self.length


class Lengthened:
    """A source with copies of parts of it behind its end; between them it reads as zeros.

    Args:
        base: the untouched source.
        moves: what is copied behind its end, by ascending targets.
    """

    __slots__ = ("_targets", "base", "fd", "identity", "moves", "name", "size")

    def __init__(self, base: Source, moves: Sequence[Move]) -> None:
        self.base = base
        self.moves = moves
        self.name = base.name
        self.identity: Hashable = base.identity
        self.fd = None
        self.size = max([base.size, *(move.end for move in moves[-1:])])
        self._targets = [move.target for move in moves]

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        buffer = bytearray(max(0, min(length, self.size - offset)))
        return bytes(buffer[: self.readinto_at(offset, memoryview(buffer))])

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        filled = 0
        for start, size, base, place in self.supplied(offset, len(buffer)):
            part = buffer[start - offset : start - offset + size]
            done = 0 if base is None else base.readinto_at(place, part)
            part[done:] = bytes(size - done)
            filled += size
        return filled

    def _piece(self, position: int, end: int) -> tuple[int, int | None]:
        """Up to where bytes come from one place, and the place in the base; None for zeros."""
        if position < self.base.size:
            return min(end, self.base.size), position
        at = bisect_right(self._targets, position) - 1
        if at >= 0 and position < self.moves[at].end:
            move = self.moves[at]
            return min(end, move.end), move.source + position - move.target
        return min([end, *self._targets[at + 1 : at + 2]]), None

    def supplied(self, offset: int, length: int) -> Iterator[tuple[int, int, Source | None, int]]:
        """As `Overlay.supplied`."""
        end, position = min(offset + length, self.size), offset
        while position < end:
            stop, place = self._piece(position, end)
            yield position, stop - position, None if place is None else self.base, place or 0
            position = stop

    def copies(self) -> Iterator[Copy]:
        """What makes the copies; holes of the base are left out, as the file reads as zeros there."""
        for move in self.moves:
            for start, end in data_ranges(self.base, move.source, move.length):
                behind = move.target - move.source
                for offset in range(start, end, STEP):
                    yield Copy(self, offset + behind, min(STEP, end - offset))

    def close(self) -> None:
        """Close the base."""
        self.base.close()
