"""A disk as a sparse raw image, or as a stream of bytes.

Bytes that lie in a file go from file to file inside the kernel; what is zero is neither read nor written. Writes only
to the file descriptor that it is given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from ..disk.virtual import VirtualDisk
from ..portable import copy_range, pwrite
from .extents import Extent, Lost, of_disk

# One step of a copy: long enough that calls do not count, short enough to answer to signals and to show progress.
_KERNEL_STEP: Final = 1 << 25
_STEP: Final = 1 << 22


def copy_sparse(disk: VirtualDisk, fd: int, lost: Lost, advance: Callable[[int], object]) -> int:
    """Write a disk into an empty file; what is zero stays a hole.

    Args:
        disk: the disk.
        fd: empty regular file, open for writing.
        lost: takes down what cannot be had.
        advance: called with the virtual offset up to which all is written.

    Returns:
        Number of bytes written.

    Raises:
        VhdxError: a range cannot be read (an unreadable one only if the disk was not opened for salvage).
        OSError: the file cannot be written.
    """
    os.ftruncate(fd, disk.size)
    written = 0
    for extent in _steps(of_disk(disk, lost)):
        _copy(disk, extent, fd)
        written += extent.length
        advance(extent.end)
    lost.add_failures(disk)
    advance(disk.size)
    return written


def _steps(extents: Iterator[Extent]) -> Iterator[Extent]:
    """The extents in pieces of at most one step."""
    for extent in extents:
        for done in range(0, extent.length, _KERNEL_STEP):
            length = min(_KERNEL_STEP, extent.length - done)
            yield Extent(extent.virtual_offset + done, length, extent.source, extent.file_offset + done)


def _copy(disk: VirtualDisk, extent: Extent, fd: int) -> None:
    source = extent.source
    if source is not None and source.fd is not None:
        with suppress(OSError):  # which of the two files failed, the way through memory tells
            if copy_range(source.fd, extent.file_offset, fd, extent.virtual_offset, extent.length) == extent.length:
                return
    _copy_through_memory(disk, extent, fd)  # when salvaging, gives up bad places only


def _copy_through_memory(disk: VirtualDisk, extent: Extent, fd: int) -> None:
    buffer = memoryview(bytearray(min(_STEP, extent.length)))
    for done in range(0, extent.length, _STEP):
        start = extent.virtual_offset + done
        part = buffer[: extent.length - done]
        disk.readinto_at(start, part)
        while part:
            count = pwrite(fd, part, start)
            start, part = start + count, part[count:]


def chunks(disk: VirtualDisk, lost: Lost, offset: int = 0, length: int | None = None) -> Iterator[memoryview]:
    """All bytes of a range of a disk, in order, in pieces of a few MiB; zeros come from memory.

    Args:
        disk: the disk.
        lost: takes down what cannot be had.
        offset: virtual offset in bytes.
        length: in bytes, None for the rest of the disk; what lies past the end is left out.

    Yields:
        Pieces. Each stays as it is until the second one after it is asked for.

    Raises:
        VhdxError: a range cannot be read.
    """
    end = disk.size if length is None else min(disk.size, offset + length)
    zeros = memoryview(bytes(max(0, min(_STEP, end - offset))))
    buffers = (memoryview(bytearray(len(zeros))), memoryview(bytearray(len(zeros))))
    position, turn = offset, 0
    for extent in of_disk(disk, lost, offset, length):
        for start in range(position, extent.virtual_offset, _STEP):
            yield zeros[: extent.virtual_offset - start]
        for start in range(extent.virtual_offset, extent.end, _STEP):
            part = buffers[turn][: extent.end - start]
            disk.readinto_at(start, part)
            turn = 1 - turn
            yield part
        position = extent.end
    lost.add_failures(disk)
    for start in range(position, end, _STEP):
        yield zeros[: end - start]
