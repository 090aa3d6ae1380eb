"""Runs of bytes into a new file: a flat image, or the blocks of a container.

Knows where a run goes and how it gets there: from file to file inside the kernel where it can. Zeros are not written:
they stay holes of the file, and a block of a dynamic disk that has nothing else is not allocated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, Protocol

from ..portable import copy_range
from ..write.layout import Contents, Layout, Table, headers, structures
from ..write.target import Target
from .origin import DataRun, Origin

_STEP: Final = 1 << 20
_KERNEL_STEP: Final = 1 << 25  # short enough to answer to signals and to show progress
_ALL: Final = 1 << 62


class Places(Protocol):
    """Where the bytes of a disk lie in a file."""

    def place(self, virtual_offset: int) -> tuple[int, int]:
        """File offset of a byte, and how many from there on lie behind one another, both in bytes."""
        ...


class Flat:
    """A flat image: every byte lies at its own offset."""

    def place(self, virtual_offset: int) -> tuple[int, int]:
        """As `Places.place`."""
        return virtual_offset, _ALL


class NewBlocks:
    """The blocks of a new container, asked for in ascending order.

    Args:
        made: its layout.
        table: its BAT, which takes down each block that is allocated.

    Attributes:
        end: file offset behind the last block so far.
    """

    def __init__(self, made: Layout, table: Table) -> None:
        self._size = made.geometry.block_size
        self._table = table
        self._first = made.data_offset if made.geometry.disk_type == "fixed" else None
        self.end = made.data_offset if self._first is None else made.full_size
        self._block = -1
        self._base = 0

    def place(self, virtual_offset: int) -> tuple[int, int]:
        """As `Places.place`; allocates the block where it has no place yet."""
        if self._first is not None:
            return self._first + virtual_offset, _ALL
        block, inside = divmod(virtual_offset, self._size)
        if block != self._block:
            self._block = block
            self._base, self.end = self.end, self.end + self._size
            self._table.place(block, self._base)
        return self._base + inside, self._size - inside


def fill(origin: Origin, out: Target, places: Places, advance: Callable[[int], object]) -> tuple[int, int]:
    """Write what an origin holds.

    Args:
        origin: what is read.
        out: where to.
        places: where each byte goes.
        advance: called with the virtual offset up to which all is written.

    Returns:
        Number of bytes written, and the size of the origin.

    Raises:
        VhdxError: a part cannot be read.
        OSError: the file cannot be written.
    """
    written = end = 0
    for run in origin.runs():
        position, end = run.virtual_offset, run.end
        while position < end:
            file_offset, room = places.place(position)
            length = min(room, end - position, _KERNEL_STEP)
            _put(origin, run, position, length, out, file_offset)
            position += length
            advance(position)
        written += run.length
    size = end if origin.size is None else origin.size
    advance(size)
    return written, size


def _put(origin: Origin, run: DataRun, position: int, length: int, out: Target, file_offset: int) -> None:
    """Write a part of a run."""
    start = position - run.virtual_offset
    if run.data is not None:
        out.write_at(file_offset, bytes(run.data[start : start + length]))
        return
    if out.fd is not None:
        with suppress(OSError):  # which of the two files failed, the way through memory tells
            if copy_range(run.fd, run.file_offset + start, out.fd, file_offset, length) == length:
                return
    for done in range(0, length, _STEP):
        data = read(origin, position + done, min(_STEP, length - done))
        out.write_at(file_offset + done, bytes(data))


def read(origin: Origin, offset: int, length: int) -> memoryview:
    """Bytes of an origin that can be read anywhere."""
    buffer = memoryview(bytearray(length))
    if origin.readinto_at is not None:
        origin.readinto_at(offset, buffer)
    return buffer


def in_order(origin: Origin, size: int) -> Iterator[memoryview]:
    """All bytes of an origin from the first to the last, and zeros up to a size, in pieces of at most 1 MiB.

    Args:
        origin: what is read.
        size: in bytes, at least the origin's where that is known.

    Yields:
        Pieces, each good until the next one is asked for.

    Raises:
        VhdxError: a part cannot be read.
    """
    position = 0
    for run in origin.runs():
        yield from _zeros(run.virtual_offset - position)
        for start in range(0, run.length, _STEP):
            length = min(_STEP, run.length - start)
            if run.data is None:
                yield read(origin, run.virtual_offset + start, length)
            else:
                yield run.data[start : start + length]
        position = run.end
    yield from _zeros(size - position)


def _zeros(length: int) -> Iterator[memoryview]:
    zeros = memoryview(bytes(min(_STEP, max(0, length))))
    for done in range(0, length, _STEP):
        yield zeros[: length - done]


def fixed_in_order(made: Layout, contents: Contents, table: Table, origin: Origin) -> Iterator[memoryview]:
    """A whole fixed container from its first byte to its last.

    Args:
        made: its layout.
        contents: what the file says of itself.
        table: its BAT.
        origin: what the disk holds.
    """
    position = 0
    parts = sorted([*structures(made, contents), *headers(made)], key=lambda part: part.file_offset)
    for part in (*parts, *table.parts()):
        yield from _zeros(part.file_offset - position)
        for start in range(0, len(part.data), _STEP):
            yield memoryview(part.data)[start : start + _STEP]
        position = part.file_offset + len(part.data)
    yield from _zeros(made.data_offset - position)
    yield from in_order(origin, made.full_size - made.data_offset)
