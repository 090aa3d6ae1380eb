r"""The undo file: everything that a repair overwrites, and how it gets back.

An undo file is one line of JSON that ends with a newline, then raw bytes, then the SHA-256 of all that, 32 bytes::

    {"format": "vhdx-runtime undo", "version": 1, "name": …, "plan": …, "size": …,
     "sizes": [least, most], "saved": [[offset, length], …], "zeros": [[offset, length], …],
     "writes": [[offset, length], …]}\n
    the bytes of `saved`, in that order
    for each sector of 512 bytes of `writes`, in that order, eight bytes of a digest of what is written there
    SHA-256

`saved` and `zeros` together are all that is overwritten or cut off, as file offsets and lengths in bytes; of `zeros`,
all bytes were zero. `size` is the length of the file before; while it is repaired, it stays within `sizes`. With the
digests a file that was left in the middle of a repair, or of an undo, can be told from any other file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vhdx_format.layout import SECTOR_SIZE_512 as SECTOR

from ..codec.holes import data_ranges, is_zero
from ..codec.overlay import merge_ranges
from ..codec.source import FileSource, Source
from ..errors import FormatError, IntegrityError
from ..write.operation import STEP, Copy, Flush, Operation, Resize, Write, touched
from ..write.operation import run as run_operations
from ..write.target import Target, create
from .sectors import Written, digest

FORMAT: Final = "vhdx-runtime undo"
VERSION: Final = 1

_UNIT: Final = 4096  # zeros are told from data in units of these bytes: the list stays short
_HEADER_MAX: Final = 1 << 30  # not in the format: an undo file is read only by whom it was given to

Ranges = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Undo:
    """An undo file, opened.

    Attributes:
        file: the file itself.
        name: the image that it was made for, as it was called then.
        plan: digest of the plan, see `Plan.digest`.
        size: length of the image before, in bytes.
        sizes: least and largest length that it had in between.
        saved: half-open ranges of file offsets whose bytes are kept.
        zeros: the same of those that were all zeros.
        writes: ranges that were written, in order, with repetitions.
        raw: place in the undo file of the first kept byte.
    """

    file: FileSource
    name: str
    plan: str
    size: int
    sizes: tuple[int, int]
    saved: Ranges
    zeros: Ranges
    writes: Ranges
    raw: int

    def originals(self) -> Iterator[tuple[int, bytes]]:
        """What the image held, in pieces of at most `STEP` bytes: file offset and bytes; zeros are not among them."""
        at = self.raw
        for start, end in self.saved:
            for offset in range(start, end, STEP):
                length = min(STEP, end - offset)
                yield offset, self.file.read_at(at, length)
                at += length

    def zero_pieces(self) -> Iterator[tuple[int, bytes]]:
        """What the image held where all bytes were zero, in pieces as those of `originals`."""
        for start, end in self.zeros:
            for offset in range(start, end, STEP):
                yield offset, bytes(min(STEP, end - offset))

    def written(self) -> Written:
        """What the repair writes, to be known again."""
        return Written(self.file, self.raw + sum(end - start for start, end in self.saved), self.writes)


def save(path: str | os.PathLike[str], source: Source, plan: str, operations: tuple[Operation, ...]) -> None:
    """Write the undo file of what is going to be done. It is on its medium when this returns.

    Args:
        path: its name; nothing must have it.
        source: the file as it is.
        plan: digest of the plan.
        operations: what is going to be done: by whole sectors, but for the file's end.

    Raises:
        ValueError: it is not.
        FileExistsError: something has that name.
        OSError: it could not be written.
    """
    _require_whole_sectors(source.size, operations)
    saved, zeros = _divided(source, touched(operations, source.size))
    steps = [one for one in operations if isinstance(one, Write | Copy)]
    header = {
        "format": FORMAT,
        "version": VERSION,
        "name": source.name,
        "plan": plan,
        "size": source.size,
        "sizes": _sizes(source.size, operations),
        "saved": [(start, end - start) for start, end in saved],
        "zeros": [(start, end - start) for start, end in zeros],
        "writes": [(one.file_offset, one.length) for one in steps],
    }
    create(path, _sealed(_parts(json.dumps(header).encode() + b"\n", source, saved, steps)))


def _require_whole_sectors(size: int, operations: Iterable[Operation]) -> None:
    """What is written in part could not be told from what somebody else wrote."""
    for one in operations:
        if isinstance(one, Resize):
            if one.size < size and one.size % SECTOR:
                raise ValueError(f"cut to {one.size}, inside a sector")
            size = one.size
        elif isinstance(one, Write | Copy):
            end = one.file_offset + one.length
            if one.file_offset % SECTOR or (end % SECTOR and end < size):
                raise ValueError(f"written from {one.file_offset} to {end}, not by whole sectors")
            size = max(size, end)


def _parts(header: bytes, source: Source, saved: Ranges, steps: Iterable[Write | Copy]) -> Iterator[bytes]:
    yield header
    for start, end in saved:
        for offset in range(start, end, STEP):
            yield source.read_at(offset, min(STEP, end - offset))
    for step in steps:
        data = step.data  # read once: of a copy, each time anew
        yield b"".join(digest(data[at : at + SECTOR]) for at in range(0, step.length, SECTOR))


def _sizes(size: int, operations: Iterable[Operation]) -> tuple[int, int]:
    """Least and largest length of the file on the way."""
    seen = [size]
    for one in operations:
        if isinstance(one, Resize):
            seen.append(one.size)
        elif isinstance(one, Write | Copy):
            seen.append(max(seen[-1], one.file_offset + one.length))
    return min(seen), max(seen)


def _sealed(parts: Iterable[bytes]) -> Iterator[bytes]:
    whole = sha256()
    for part in parts:
        whole.update(part)
        yield part
    yield whole.digest()


def _divided(source: Source, ranges: Ranges) -> tuple[Ranges, Ranges]:
    """Ranges parted into those with bytes and those that are all zeros; what lies behind the file's end is neither."""
    found: dict[bool, Ranges] = {True: [], False: []}
    for start, end in ranges:
        for offset in range(start // SECTOR * SECTOR, min(end, source.size), STEP):
            data = source.read_at(offset, min(STEP, end - offset))
            for at in range(0, len(data), _UNIT):
                unit = data[at : at + _UNIT]
                found[is_zero(unit)].append((offset + at, offset + at + len(unit)))
    return merge_ranges(found[False]), merge_ranges(found[True])


def load(path: str | os.PathLike[str]) -> Undo:
    """Open an undo file.

    Raises:
        FormatError: it is none, or not complete.
    """
    file = FileSource(path)
    try:
        return _parsed(file)
    except BaseException:
        file.close()
        raise


def _parsed(file: FileSource) -> Undo:
    whole, size = sha256(), file.size - sha256().digest_size
    if size < 0:
        raise FormatError(f"{file.name}: is no undo file")
    for offset in range(0, size, STEP):
        whole.update(file.read_at(offset, min(STEP, size - offset)))
    line = _first_line(file)
    try:
        header = json.loads(line)
        is_ours = header["format"] == FORMAT and header["version"] == VERSION
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{file.name}: is no undo file") from error
    if not is_ours:
        raise FormatError(f"{file.name}: is an undo file of another kind, or of a newer version")
    if file.read_at(size, whole.digest_size) != whole.digest():
        raise FormatError(f"{file.name}: is damaged, or was not written to its end: then nothing was changed yet")
    saved, zeros, writes = ([(at, at + n) for at, n in header[name]] for name in ("saved", "zeros", "writes"))
    least, most = header["sizes"]
    return Undo(file, header["name"], header["plan"], header["size"], (least, most), saved, zeros, writes, len(line))


def _first_line(file: Source) -> bytes:
    line, length = b"", _UNIT
    while b"\n" not in line and len(line) < min(file.size, _HEADER_MAX):
        line, length = file.read_at(0, length), 2 * length
    return line[: line.find(b"\n") + 1]


def restore(undo: Undo, target: Target, progress: Callable[[int], None] | None = None) -> int:
    """Give a file back what it held, byte for byte, and its length.

    Harmless when done twice, and when cut off in the middle: then it can be done again.

    Args:
        undo: of that file.
        target: the file: as the repair left it, or as either was cut off.
        progress: called with the number of bytes written so far.

    Returns:
        Number of bytes that were written; 0 where nothing had to be.

    Raises:
        IntegrityError: it holds something that neither was there before nor was written by the repair; nothing is
            changed.
        OSError: it could not be written.
    """
    least, most = undo.sizes
    if not least <= target.size <= most:
        found = f"is {target.size} bytes long, expected {least} to {most}"
        raise IntegrityError(f"{target.name}: {found}: {undo.file.name} belongs to another file")
    operations = list(_restoring(undo, target))
    if target.size != undo.size or operations:
        run_operations(target, [*operations, Flush(), Resize(undo.size), Flush()], progress)
        if any(_restoring(undo, target)):
            raise IntegrityError(f"{target.name}: what was put back reads otherwise")
    return sum(operation.length for operation in operations)


def _restoring(undo: Undo, target: Target) -> Iterator[Write]:
    """The writes that give back what is not as it was, after a look at everything."""
    found: Ranges = []
    written = undo.written()
    for offset, old in _pieces(undo):
        now = target.read_at(offset, len(old))
        if now == old:
            continue
        for at in range(0, len(old), SECTOR):
            before, sector = old[at : at + SECTOR], now[at : at + SECTOR]
            if sector != before:
                if not _is_cut(undo, offset + at, sector):
                    _require_written(undo, written, target, offset + at)
                found.append((offset + at, offset + at + len(before)))
    for offset in _added(undo, target):
        _require_written(undo, written, target, offset)
    wanted = merge_ranges(found)
    for offset, old in _pieces(undo):
        for start, end in wanted:
            first, last = max(start, offset), min(end, offset + len(old))
            if first < last:
                yield Write(first, old[first - offset : last - offset])


def _pieces(undo: Undo) -> Iterator[tuple[int, bytes]]:
    yield from undo.originals()
    yield from undo.zero_pieces()


def _is_cut(undo: Undo, offset: int, sector: bytes) -> bool:
    """Whether a sector is gone, or reads as zeros, because the file was shorter on the way."""
    return offset >= undo.sizes[0] and is_zero(sector)


def _added(undo: Undo, target: Target) -> Iterator[int]:
    """Where sectors begin in which anything but zeros lies behind the end that the file had; they will be cut off."""
    for start, end in data_ranges(target, undo.size, target.size - undo.size):
        for offset in range(start // SECTOR * SECTOR, end, STEP):
            data = target.read_at(offset, min(STEP, end - offset))
            for at in range(0, len(data) if not is_zero(data) else 0, SECTOR):
                if not is_zero(data[max(at, undo.size - offset) : at + SECTOR]):
                    yield offset + at


def _require_written(undo: Undo, written: Written, target: Source, offset: int) -> None:
    if not written.has(offset, target.read_at(offset, SECTOR)):
        where = f"{target.name}: at {offset:#x} is neither what was there nor what the repair wrote"
        raise IntegrityError(f"{where}; nothing is changed by {undo.file.name}")
