"""What is done to a file, step by step, as values: made before the first byte is written, looked at, and then run.

A list of operations says all that a change does, so that it can be shown, backed up and tried on a file in memory.
Knows nothing of what the bytes mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from ..codec.holes import data_ranges
from ..codec.overlay import merge_ranges
from ..codec.source import Source
from ..errors import IntegrityError
from ..wording import brief
from .patch import Patch
from .target import Target

STEP: Final = 1 << 20
"""Bytes that one copy moves at most."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write bytes.

    Attributes:
        file_offset: in bytes.
        data: not empty.
        is_checked: read it back after the next flush and stop where it reads otherwise.
    """

    __repr__ = brief

    file_offset: int
    data: bytes
    is_checked: bool = False

    @property
    def length(self) -> int:
        """Number of bytes."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Copy:
    """Write what another source has at the same offset.

    Attributes:
        source: where the bytes come from; still the same when this is run.
        file_offset: in bytes.
        length: in bytes, at most `STEP`.
    """

    source: Source
    file_offset: int
    length: int

    @property
    def data(self) -> bytes:
        """The bytes, read now."""
        return self.source.read_at(self.file_offset, self.length)


@dataclass(frozen=True, slots=True)
class Resize:
    """Give the file another length, in bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class Flush:
    """Wait until everything is on the medium."""


Operation: TypeAlias = Write | Copy | Resize | Flush


def copies(source: Source, ranges: Iterable[tuple[int, int]]) -> Iterator[Copy]:
    """Copies of ranges of a source.

    Args:
        source: where the bytes come from.
        ranges: half-open ranges of file offsets.

    Yields:
        Copies of at most `STEP` bytes, in the order of the ranges.
    """
    for start, end in ranges:
        for offset in range(start, end, STEP):
            yield Copy(source, offset, min(STEP, end - offset))


def clearing(source: Source, zeros: Source, start: int, end: int) -> Iterator[Copy]:
    """Copies that make a range zero; what is a hole of the file already is left alone.

    Args:
        source: the file as it is.
        zeros: a source that reads as zeros there.
        start: file offset in bytes.
        end: file offset in bytes, inside the file.
    """
    yield from copies(zeros, data_ranges(source, start, end - start))


def writes(patches: Iterable[Patch]) -> Iterator[Write]:
    """Patches as writes, in their order."""
    return (Write(patch.file_offset, patch.data) for patch in patches)


def touched(operations: Iterable[Operation], size: int) -> list[tuple[int, int]]:
    """Where operations change a file, as sorted and disjoint half-open ranges of file offsets.

    Args:
        operations: what is done.
        size: length of the file before, in bytes; what is cut off counts as changed.

    >>> touched([Write(4, b"ab"), Resize(90), Write(6, b"c")], 100)
    [(4, 7), (90, 100)]
    """
    found = []
    for operation in operations:
        match operation:
            case Write() | Copy():
                found.append((operation.file_offset, operation.file_offset + operation.length))
            case Resize(length):
                found.append((length, size))
    return merge_ranges(found)


def run(target: Target, operations: Iterable[Operation], progress: Callable[[int], None] | None = None) -> None:
    """Do what the operations say, in order.

    Args:
        target: the file.
        operations: what to do.
        progress: called with the number of bytes written so far.

    Raises:
        OSError: the system could not do it; what came before is done.
        IntegrityError: something reads otherwise than it was written.
    """
    checked: list[Write] = []
    done = 0
    for operation in operations:
        match operation:
            case Write() | Copy():
                target.write_at(operation.file_offset, operation.data)
                done += operation.length
                if progress:
                    progress(done)
                if isinstance(operation, Write) and operation.is_checked:
                    checked.append(operation)
            case Resize(size):
                target.resize(size)
            case Flush():
                target.flush()
                _require_written(target, checked)
                checked.clear()


def _require_written(target: Target, checked: Iterable[Write]) -> None:
    for write in checked:
        if target.read_at(write.file_offset, write.length) != write.data:
            raise IntegrityError(f"{target.name}: what was written at {write.file_offset:#x} reads otherwise")
