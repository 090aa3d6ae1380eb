"""The bytes that a reader wrote, against the flat model: where the first wrong one is, and how many sectors are wrong.

Zeros are cheap: holes of the reader's output and parts of the disk of which the model knows that they are zero are not
looked at byte by byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from errno import ENXIO
from pathlib import Path

from ..build.expand import Expanded
from ..build.model import GuestModel
from ..readers import Answer, Request
from ..readers.interface import Range

_SHOWN = 16
_SECTOR = 512
_STEP = 1 << 22
_ZEROS = bytes(_STEP)


@dataclass(frozen=True, slots=True)
class WrongBytes:
    """The first wrong byte.

    Attributes:
        offset: virtual offset in bytes.
        found: bytes from there on.
        expected: what the model has there.
        read: virtual offset and length of the read that gave it.
        is_random: it was one of the random reads, not one of those from end to end.
        sectors: how many pieces of 512 bytes are wrong in all reads of this kind; overlapping reads count each time.
    """

    offset: int
    found: bytes
    expected: bytes
    read: Range
    is_random: bool
    sectors: int


def difference(request: Request, answer: Answer, model: GuestModel, lost: Sequence[Range]) -> WrongBytes | None:
    """Compare what a reader wrote with the model.

    Args:
        request: what was asked for.
        answer: with `has_bytes`.
        model: the guest's disk.
        lost: ranges that do not count.

    Returns:
        The first difference in the reads from end to end, else in the random ones, else None.
    """
    kinds = [(False, request.reads, request.out)]
    if answer.has_random:
        kinds.append((True, request.random_reads, request.random_out))
    zeros = _Zeros(model)
    for is_random, reads, path in kinds:
        failed = {one.index for one in answer.failed if one.is_random == is_random}
        counted = {i for i, read in enumerate(reads) if i not in failed and not overlaps(read, lost)}
        short = {one.index: one.length for one in answer.short if one.is_random == is_random}
        found = _first(Path(path), reads, counted, short, zeros)
        if found is not None:
            offset, got, wanted, read, sectors = found
            return WrongBytes(offset, got, wanted, read, is_random, sectors)
    return None


def overlaps(read: Range, ranges: Iterable[Range]) -> bool:
    """True where a range has a byte in one of several."""
    return any(offset < read[0] + read[1] and read[0] < offset + length for offset, length in ranges)


def is_unchanged(path: Path, made: Expanded) -> bool:
    """True where a file has the bytes that it was made with, no more and no less."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size != made.length:
            return False
        position = 0
        for offset, data in made.extents:
            if not _is_zero(file.fileno(), position, offset - position):
                return False
            if os.pread(file.fileno(), len(data), offset) != data:
                return False
            position = offset + len(data)
        return _is_zero(file.fileno(), position, made.length - position)


class _Zeros:
    """A model, and quick knowledge of where it is zero."""

    def __init__(self, model: GuestModel) -> None:
        self.model = model
        self._spans = sorted(model.candidates())

    def read(self, offset: int, length: int) -> bytes:
        """The bytes of a range."""
        if any(start < offset + length and offset < end for start, end in self._spans):
            return self.model.read(offset, length)
        return _ZEROS[:length] if length <= _STEP else bytes(length)


def _first(
    path: Path, reads: Sequence[Range], counted: set[int], short: Mapping[int, int], zeros: _Zeros
) -> tuple[int, bytes, bytes, Range, int] | None:
    first: tuple[int, bytes, bytes, Range] | None = None
    sectors = position = 0
    with path.open("rb") as file:
        for index, (offset, length) in enumerate(reads):
            if index in counted:
                wanted = zeros.read(offset, length)
                if index in short or not _same(file.fileno(), position, wanted):
                    got = os.pread(file.fileno(), short.get(index, length), position)
                    at, wrong = _wrong(got, wanted)
                    sectors += wrong
                    first = first or (offset + at, got[at:][:_SHOWN], wanted[at:][:_SHOWN], (offset, length))
            position += length
    return None if first is None else (*first, sectors)


def _same(fd: int, position: int, wanted: bytes) -> bool:
    if wanted == _ZEROS[: len(wanted)] and _is_hole(fd, position, len(wanted)):
        return True
    return os.pread(fd, len(wanted), position) == wanted


def _wrong(got: bytes, wanted: bytes) -> tuple[int, int]:
    """Position of the first wrong or lacking byte, and how many pieces of 512 bytes have one."""
    pieces = [s for s in range(0, len(wanted), _SECTOR) if got[s : s + _SECTOR] != wanted[s : s + _SECTOR]]
    start = pieces[0]
    inside = zip(got[start : start + _SECTOR], wanted[start : start + _SECTOR], strict=False)
    return next((start + i for i, (a, b) in enumerate(inside) if a != b), len(got)), len(pieces)


def _is_hole(fd: int, position: int, length: int) -> bool:
    """True where the file system knows that a range of a file has no data."""
    seek_data = getattr(os, "SEEK_DATA", None)
    if seek_data is None:
        return False
    try:
        return os.lseek(fd, position, seek_data) >= position + length
    except OSError as error:
        return error.errno == ENXIO


def _is_zero(fd: int, position: int, length: int) -> bool:
    return all(os.pread(fd, count, start) == _ZEROS[:count] for start, count in _data(fd, position, length))


def _data(fd: int, position: int, length: int) -> Iterator[Range]:
    """The parts of a range of a file that may hold data, in steps."""
    end = position + length
    seek_data = getattr(os, "SEEK_DATA", None)
    while position < end:
        if seek_data is not None:
            try:
                position = max(position, os.lseek(fd, position, seek_data))
            except OSError as error:
                if error.errno != ENXIO:
                    raise
                return
        if position < end:
            count = min(_STEP, end - position)
            yield position, count
            position += count
