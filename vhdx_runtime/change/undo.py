r"""The undo file: everything that a repair overwrites, and how it gets back.

An undo file is one line of JSON that ends with a newline, then raw bytes, then the SHA-256 of all that, 32 bytes::

    {"format": "vhdx-runtime undo", "version": 2, "name": …, "plan": …, "own": …, "size": …,
     "sizes": [least, most], "saved": [[offset, length], …], "zeros": [[offset, length], …],
     "writes": [[offset, length], …], "modified": …}\n
    the bytes of `saved`, in that order
    for each sector of 512 bytes of `writes`, in that order, eight bytes of a digest of what is written there
    SHA-256

`saved` and `zeros` together are all that is overwritten or cut off, as file offsets and lengths in bytes; of `zeros`,
all bytes were zero. `size` is the length of the file before; while it is repaired, it stays within `sizes`. `own` is
the SHA-256, in hex, of that size and of the header section, which no other file has: it holds GUIDs. With the
digests a file that was left in the middle of a repair, or of an undo, can be told from any other file. `modified` is
the time of its last change before, in nanoseconds since 1970, or null; older undo files do not have it.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from hashlib import sha256
from itertools import takewhile
from operator import itemgetter
from typing import Final

from vhdx_format import layout
from vhdx_format.layout import HEADER_SECTION_USED
from vhdx_format.layout import SECTOR_SIZE_512 as SECTOR

from ..codec.holes import data_ranges, is_zero
from ..codec.overlay import Overlay, merge_ranges
from ..codec.source import BytesSource, FileSource, Source
from ..errors import FileError, FormatError, IntegrityError
from ..wording import path_word
from ..write.operation import STEP, Copy, Flush, Operation, Resize, Write, touched
from ..write.operation import run as run_operations
from ..write.target import Target, create, set_modified
from . import undo_parts
from .change_set import fingerprint
from .undo_parts import Form, Ranges, Written, digest, divided, require_whole_sectors, sizes

FORMAT: Final = "vhdx-runtime undo"
VERSION: Final = 2

_SIGNATURES: Final = (
    (layout.FILE_IDENTIFIER_OFFSET, layout.FILE_SIGNATURE),
    *((offset, layout.HEADER_SIGNATURE) for offset in (layout.HEADER_1_OFFSET, layout.HEADER_2_OFFSET)),
    *((offset, layout.REGION_SIGNATURE) for offset in (layout.REGION_TABLE_1_OFFSET, layout.REGION_TABLE_2_OFFSET)),
)
_UNIT: Final = 4096  # zeros are told from data in units of these bytes: the list stays short
_HEADER_MAX: Final = 1 << 30  # not in the format: an undo file is read only by whom it was given to
_OWN: Final = "name the undo file that was written for this very image; it is beside it and ends with .undo"
_UNWRITTEN: Final = "where it was not written to its end, nothing was changed yet, and nothing needs to be taken back"


@dataclass(frozen=True, slots=True)
class Undo(Form):
    """An undo file, opened.

    Attributes:
        file: the file itself.
        raw: place in the undo file of the first kept byte.
    """

    file: FileSource
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
    require_whole_sectors(source.size, operations)
    saved, zeros = divided(source, touched(operations, source.size))
    steps = [one for one in operations if isinstance(one, Write | Copy)]
    header = {
        "format": FORMAT,
        "version": VERSION,
        "name": source.name,
        "plan": plan,
        "own": fingerprint(source, ()),
        "size": source.size,
        "sizes": sizes(source.size, operations),
        "saved": [(start, end - start) for start, end in saved],
        "zeros": [(start, end - start) for start, end in zeros],
        "writes": [(one.file_offset, one.length) for one in steps],
        "modified": None if source.fd is None else os.fstat(source.fd).st_mtime_ns,
    }
    create(path, _sealed(_parts(json.dumps(header).encode() + b"\n", source, saved, steps)))


def _parts(header: bytes, source: Source, saved: Ranges, steps: Iterable[Write | Copy]) -> Iterator[bytes]:
    yield header
    for start, end in saved:
        for offset in range(start, end, STEP):
            yield source.read_at(offset, min(STEP, end - offset))
    for step in steps:
        data = step.data  # read once: of a copy, each time anew
        yield b"".join(digest(data[at : at + SECTOR]) for at in range(0, step.length, SECTOR))


def _sealed(parts: Iterable[bytes]) -> Iterator[bytes]:
    whole = sha256()
    for part in parts:
        whole.update(part)
        yield part
    yield whole.digest()


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
        raise FormatError(f"{file.name}: is no undo file", hint=_OWN)
    for offset in range(0, size, STEP):
        whole.update(file.read_at(offset, min(STEP, size - offset)))
    line = _first_line(file)
    try:
        header = json.loads(line)
        is_ours = header["format"] == FORMAT and header["version"] == VERSION
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(f"{file.name}: is no undo file", hint=_OWN) from error
    if not is_ours:
        raise FormatError(f"{file.name}: is an undo file of another kind, or of a newer version", hint=_OWN)
    if file.read_at(size, whole.digest_size) != whole.digest():
        raise FormatError(f"{file.name}: is damaged, or was not written to its end", hint=_UNWRITTEN)
    try:
        form = undo_parts.read(header, size - len(line))
    except ValueError as error:
        raise FormatError(f"{file.name}: is no sound undo file: it {error}", hint=_OWN) from error
    return Undo(**{one.name: getattr(form, one.name) for one in fields(form)}, file=file, raw=len(line))


def _first_line(file: Source) -> bytes:
    line, length = b"", _UNIT
    while b"\n" not in line and len(line) < min(file.size, _HEADER_MAX):
        line, length = file.read_at(0, length), 2 * length
    return line[: line.find(b"\n") + 1]


def advice(path: str | os.PathLike[str], image: str) -> str:
    """The command that takes a repair back, as the end of a sentence."""
    return f"take it back by: {command(path, image)}"


def command(path: str | os.PathLike[str], image: str) -> str:
    """The command that takes a repair back, which can be pasted."""
    return f"vhdx repair --undo {path_word(os.fsdecode(path))} {path_word(image)}"


def require_own(undo: Undo, target: Target) -> None:
    """Refuse a file that an undo file was not made for, before anything of it is looked at.

    Raises:
        IntegrityError: it holds no structure of a VHDX where it must, or its size and header section, with what would
            be put back, are not those that it had.
    """
    head = bytearray((_read(target, 0, HEADER_SECTION_USED) or b"").ljust(HEADER_SECTION_USED, b"\0"))
    if not any(head.startswith(signature, offset) for offset, signature in _SIGNATURES):
        raise IntegrityError(f"{target.name}: is no VHDX; nothing is changed by {undo.file.name}", hint=_OWN)
    for pieces in (undo.originals(), undo.zero_pieces()):
        for offset, data in takewhile(lambda piece: piece[0] < len(head), pieces):
            head[offset : offset + len(data)] = data[: HEADER_SECTION_USED - offset]
    if fingerprint(Overlay(BytesSource(bytes(head[: undo.size])), {}, [], undo.size), ()) != undo.own:
        raise IntegrityError(f"{target.name}: {undo.file.name} belongs to another file; nothing is changed", hint=_OWN)


def restore(
    undo: Undo, target: Target, progress: Callable[[int], None] | None = None, *, is_forced: bool = False
) -> int:
    """Give a file back what it held, byte for byte, its length, and the time of its last change.

    Harmless when done twice, and when cut off in the middle: then it can be done again.

    Args:
        undo: of that file.
        target: the file: as the repair left it, or as either was cut off.
        progress: called with the number of bytes written so far.
        is_forced: give back also sectors that cannot be read, and those that hold anything else; cut off also what has
            been added to the file since.

    Returns:
        Number of bytes that were written; 0 where nothing had to be.

    Raises:
        IntegrityError: it holds something that neither was there before nor was written by the repair, or that cannot
            be read, or it would become longer by what nobody kept; nothing is changed.
        OSError: it could not be written.
    """
    least, most = undo.sizes
    if target.size < least or (target.size > most and not is_forced):
        if target.size < least:
            text = f"{target.name}: is {target.size} bytes long, not {least}: {undo.file.name} belongs to another file"
            raise IntegrityError(text, hint=_OWN)
        text = f"{target.name}: is {target.size} bytes long, and was left with {most}"
        hint = "--force cuts off what has come behind that since"
        raise IntegrityError(f"{text}; nothing is changed by {undo.file.name}", hint=hint)
    known = merge_ranges([(0, target.size), *undo.saved, *undo.zeros])
    if undo.size and (known[0][0] or known[0][1] < undo.size):
        raise IntegrityError(
            f"{target.name}: {undo.file.name} would make it longer, and does not say by what", hint=_OWN
        )
    operations = list(_restoring(undo, target, is_forced=is_forced))
    if target.size != undo.size or operations:
        run_operations(target, [*operations, Flush(), Resize(undo.size), Flush()], progress)
        if any(_restoring(undo, target, is_forced=is_forced)):
            raise IntegrityError(f"{target.name}: what was put back reads otherwise")
    if undo.modified is not None:
        set_modified(target, undo.modified)
    return sum(operation.length for operation in operations)


def _restoring(undo: Undo, target: Target, *, is_forced: bool) -> Iterator[Write]:
    """The writes that give back what is not as it was, after a look at everything."""
    found: Ranges = []
    written = undo.written()
    for offset, old in _pieces(undo, target):
        if _read(target, offset, len(old)) == old:
            continue
        for at in range(0, len(old), SECTOR):
            before = old[at : at + SECTOR]
            sector = _read(target, offset + at, len(before))
            if sector != before:
                if not is_forced and (sector is None or not _is_cut(undo, offset + at, sector)):
                    _require_written(undo, written, target, offset + at)
                found.append((offset + at, offset + at + len(before)))
    for offset in _added(undo, target) if not is_forced else ():
        _require_written(undo, written, target, offset)
    wanted = merge_ranges(found)
    for offset, old in _pieces(undo, target):
        for start, end in wanted[bisect_right(wanted, offset, key=itemgetter(1)) :]:
            first, last = max(start, offset), min(end, offset + len(old))
            if first >= last:
                break
            yield Write(first, old[first - offset : last - offset])


def _pieces(undo: Undo, target: Source) -> Iterator[tuple[int, bytes]]:
    """What the file held; zeros behind the end of the file come back with its length."""
    yield from undo.originals()
    yield from takewhile(lambda piece: piece[0] < target.size, undo.zero_pieces())


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


def _read(target: Source, offset: int, length: int) -> bytes | None:
    """Bytes of a file; None where the system cannot read them."""
    try:
        return target.read_at(offset, length)
    except FileError:
        return None


def _require_written(undo: Undo, written: Written, target: Source, offset: int) -> None:
    sector = _read(target, offset, SECTOR)
    if sector is None or not written.has(offset, sector):
        what = "cannot be read" if sector is None else "is neither what was there nor what the repair wrote"
        text = f"{target.name}: the sector at {offset:#x} {what}; nothing is changed by {undo.file.name}"
        raise IntegrityError(text, hint="--force puts its bytes back all the same")
