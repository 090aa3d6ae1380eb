"""What is converted: a disk, a raw image, an object or a stream, as runs of bytes that are not all zero.

Knows how zeros are told from data without moving all of it through memory. Knows nothing of where the bytes go.

The first 4 KiB of a piece are looked at. Where they are data, so is the piece, and the kernel may copy it; where they
are zero, the whole piece is read and compared.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final, NamedTuple

from vhdx_format.foreign import HEAD
from vhdx_format.layout import FILE_SIGNATURE

from ..codec.source import BytesSource, Source, open_source
from ..disk.foreign import recognise
from ..disk.virtual import VirtualDisk
from ..errors import FormatError, IntegrityError
from ..portable import pread, stored_bytes
from ..wording import path_word
from .digest import SPARSE_UNIT, UnitDigest
from .extents import Extent, Lost, of_disk, of_file

PIECE: Final = SPARSE_UNIT
"""Bytes that are all stored, or, where all of them are zero, not stored at all."""

_HEAD: Final = 4096
_STEP: Final = 1 << 20
_RUN: Final = 1 << 25  # long enough that calls do not count, short enough to answer to signals and to show progress
_NO_HEAD: Final = bytes(_HEAD)
_NO_PIECE: Final = bytes(PIECE)
_ZEROS_MAX: Final = 4 * PIECE
_ZEROS: Final = {size: bytes(size) for size in (PIECE, 2 * PIECE, _ZEROS_MAX)}


class NoRawImageError(FormatError):
    """What is called raw begins as a container does."""


class DataRun(NamedTuple):
    """Bytes in a row that may differ from zero.

    Attributes:
        virtual_offset: of the first byte.
        length: in bytes, positive.
        fd: of the file that holds them, or -1.
        file_offset: of the first byte there.
        data: the bytes themselves where there is no such file, good until the next run is asked for.
    """

    virtual_offset: int
    length: int
    fd: int
    file_offset: int
    data: memoryview | None

    @property
    def end(self) -> int:
        """Virtual offset behind the last byte."""
        return self.virtual_offset + self.length


@dataclass(frozen=True, slots=True)
class Origin:
    """Something to convert.

    Attributes:
        name: for people.
        size: in bytes, or None where only the end will tell.
        runs: the runs from the first to the last, in ascending order; all else is zero.
        readinto_at: fills a buffer from an offset on; None for a stream.
        digest: the sparse digest, as `digest.sparse_digest` has it; of a stream, once it was read to its end.
    """

    name: str
    size: int | None
    runs: Callable[[], Iterator[DataRun]]
    readinto_at: Callable[[int, memoryview], object] | None
    digest: Callable[[Callable[[int], object]], str]


def of_virtual_disk(disk: VirtualDisk, lost: Lost) -> Origin:
    """A disk. What cannot be had is noted in `lost` while the runs are asked for, and left out."""

    def _runs() -> Iterator[DataRun]:
        yield from _scanned(of_disk(disk, lost), disk.readinto_at)
        lost.add_failures(disk)

    name = disk.image.name
    return Origin(name, disk.size, _runs, disk.readinto_at, _digest_of(lambda: of_disk(disk, Lost()), disk))


def of_raw(source: Source) -> Origin:
    """A raw image."""

    def _whole(offset: int, buffer: memoryview) -> int:
        if source.readinto_at(offset, buffer) != len(buffer):
            raise IntegrityError(f"{source.name}: the file became shorter while it was read")
        return len(buffer)

    def _runs() -> Iterator[DataRun]:
        has_no_holes = source.fd is not None and (stored_bytes(os.fstat(source.fd)) or 0) >= source.size > 0
        # To look for the first hole of a large file takes a while.
        extents = iter([Extent(0, source.size, source, 0)]) if has_no_holes else of_file(source)
        return _scanned(extents, _whole)

    return Origin(source.name, source.size, _runs, _whole, _digest_of(lambda: of_file(source), source))


def refusing_containers(origin: Origin) -> Origin:
    """The same, but a VHDX, or what is told as another container, is not taken for a raw image: that has to be said.

    What a disk holds was written by its guest, who could make a raw disk look like a VHDX and name files as parents.
    So neither is guessed.
    """

    def _runs() -> Iterator[DataRun]:
        for run in origin.runs():
            if not run.virtual_offset:
                _require_raw(origin, _head(origin, run))
            yield run

    return replace(origin, runs=_runs)


def _require_raw(origin: Origin, head: bytes) -> None:
    name, word = origin.name, path_word(origin.name) if origin.size is not None else "FILE"
    raw = "`--from raw` takes its bytes for a disk"
    if head.startswith(FILE_SIGNATURE):
        hint = f"`--from vhdx` reads it as such, from a file; {raw}"
        raise NoRawImageError(f"{name}: is called raw, but begins as a VHDX does", hint=hint)
    named = recognise(BytesSource(head), word)
    if not named.is_raw:
        raise NoRawImageError(f"{name}: is called raw, but {named.text}", hint=f"{named.hint}; {raw}")


def _head(origin: Origin, run: DataRun) -> bytes:
    """The first bytes of a run, as many as tell a container."""
    buffer = memoryview(bytearray(min(run.length, HEAD)))
    if run.data is not None:
        return bytes(run.data[: len(buffer)])
    if origin.readinto_at is not None:
        origin.readinto_at(run.virtual_offset, buffer)
    return bytes(buffer)


def of_object(thing: Any) -> Origin:
    """Something that has `size` and `read_at(offset, length)`.

    Raises:
        ValueError: it has not.
    """
    if not isinstance(getattr(thing, "size", None), int) or not hasattr(thing, "read_at"):
        raise ValueError(f"not a path, a binary file, or an object with size and read_at: {type(thing).__name__}")
    return of_raw(_Object(thing))


class _Object:
    """An object with `size` and `read_at` as a source."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self.name = str(getattr(thing, "name", f"<{type(thing).__name__}>"))
        self.size: int = thing.size
        self.fd: int | None = None
        self.identity = ("object", id(thing))

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        return bytes(self._thing.read_at(offset, max(0, min(length, self.size - offset))))

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        data = self.read_at(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Do nothing: the object belongs to somebody else."""


def of_file_object(file: BinaryIO, size: int | None = None, name: str | None = None) -> Origin:
    """A binary file: one that can be read anywhere, or a stream.

    Args:
        file: open for reading.
        size: bytes that a stream must have; None where only its end tells.
        name: what to call it, None for its own name.

    Raises:
        ValueError: a size for a file that says itself how long it is.
    """
    if not _is_seekable(file):
        return _of_stream(file, size, name or str(getattr(file, "name", "<stream>")))
    source = open_source(file)
    name = name or source.name
    if size not in (None, source.size):
        raise ValueError(f"{name}: is said to have {size} bytes, and says itself that it has {source.size}")
    return replace(of_raw(source), name=name)


def _is_seekable(file: BinaryIO) -> bool:
    """Whether a file says how long it is; a device that gives bytes in a row may let itself be asked, and answer 0."""
    try:
        return bool(file.seekable()) and not stat.S_ISCHR(os.fstat(file.fileno()).st_mode)
    except AttributeError:
        return bool(getattr(file, "seekable", bool)())
    except OSError:  # no file of the system
        return True


def _of_stream(file: BinaryIO, size: int | None, name: str) -> Origin:
    digest = UnitDigest()

    def _runs() -> Iterator[DataRun]:
        position = 0
        buffer = bytearray(_STEP)
        while count := _filled(file, memoryview(buffer)):
            if size is not None and position + count > size:
                raise FormatError(f"{name}: has more than the {size} bytes that it is said to have")
            digest.add(position, memoryview(buffer)[:count])
            yield from _parts(memoryview(buffer)[:count], position)
            position += count
        if size is not None and position < size:
            hint = f"`--size {position}` fits what came"
            raise FormatError(f"{name}: has only {position} of the {size} bytes that it is said to have", hint=hint)
        if size is None:
            yield DataRun(position, 0, -1, 0, memoryview(b""))  # so that the end is known

    return Origin(name, size, _runs, None, lambda _: digest.hexdigest())


def _filled(file: BinaryIO, buffer: memoryview) -> int:
    """Read until a buffer is full or the stream ends; the number of bytes."""
    done = 0
    while done < len(buffer):
        if hasattr(file, "readinto"):
            count = file.readinto(buffer[done:]) or 0
        else:
            data = file.read(len(buffer) - done)
            count = len(data)
            buffer[done : done + count] = data
        if not count:
            break
        done += count
    return done


def _digest_of(extents: Callable[[], Iterator[Extent]], thing: Any) -> Callable[[Callable[[int], object]], str]:
    def _digest(advance: Callable[[int], object]) -> str:
        digest = UnitDigest()
        digest.add_extents(extents(), thing.size, thing.readinto_at, advance)
        return digest.hexdigest()

    return _digest


def _scanned(extents: Iterator[Extent], readinto_at: Callable[[int, memoryview], object]) -> Iterator[DataRun]:
    for extent in extents:
        fd = extent.source.fd if extent.source is not None else None
        if fd is None:
            yield from _through_memory(extent, readinto_at)
        else:
            shift = extent.virtual_offset - extent.file_offset
            for start, end in _data(fd, extent.file_offset, extent.file_offset + extent.length):
                yield DataRun(start + shift, end - start, fd, start, None)


def _through_memory(extent: Extent, readinto_at: Callable[[int, memoryview], object]) -> Iterator[DataRun]:
    buffer = memoryview(bytearray(min(_STEP, extent.length)))
    for start in range(extent.virtual_offset, extent.end, _STEP):
        part = buffer[: extent.end - start]
        readinto_at(start, part)
        yield from _parts(part, start)


def _parts(data: memoryview, virtual_offset: int) -> Iterator[DataRun]:
    """The parts of some bytes that are not zero, neighbours as one."""
    begun: int | None = None
    for start in range(0, len(data), PIECE):
        piece = bytes(data[start : start + PIECE])
        if piece != _NO_PIECE[: len(piece)]:
            begun = start if begun is None else begun
        elif begun is not None:
            yield DataRun(virtual_offset + begun, start - begun, -1, 0, data[begun:start])
            begun = None
    if begun is not None:
        yield DataRun(virtual_offset + begun, len(data) - begun, -1, 0, data[begun:])


def _data(fd: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a range of a file that are not zero, of at most `_RUN` bytes, as far as it can be read."""
    begun = position = start
    last = end - _HEAD
    while position < end:
        try:
            zeros = _zeros(fd, position, end) if position > last or pread(fd, _HEAD, position) == _NO_HEAD else 0
        except OSError:
            zeros = 0  # whoever copies it learns what is wrong
        if not zeros:
            position += PIECE
            if position - begun < _RUN:
                continue
        position = min(position, end)
        if begun < position:
            yield begun, position
        begun = position = position + zeros
    if begun < end:
        yield begun, end


def _zeros(fd: int, start: int, end: int) -> int:
    """How many bytes from `start` on are zero, in whole pieces."""
    position, step = start, PIECE
    while position < end:
        length = min(step, end - position)
        data = pread(fd, length, position)
        if data != (_ZEROS.get(length) or bytes(length)):  # what became shorter is not zero, either
            at = 0
            while data[at : at + PIECE] == _NO_PIECE:
                at += PIECE
            return position + at - start
        position, step = position + length, min(2 * step, _ZEROS_MAX)
    return position - start
