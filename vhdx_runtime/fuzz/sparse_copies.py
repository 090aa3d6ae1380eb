"""Private copies of files: as sparse as the original, compared and taken apart without reading a hole.

The one module of this package that writes files, and only into folders that it made itself.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ..conformance.release.unpackers.unpack import operations, unpack
from ..portable import copy_range, next_data, pread, pwrite
from .manifest import CorpusError

STEP = 1 << 20
_ZEROS = bytes(STEP)
_GRAIN = 1 << 12
_UNIT = 1 << 16
_WRITING = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

Extent = tuple[int, bytes]


@contextmanager
def folder(parent: Path | None = None) -> Iterator[Path]:
    """A new folder, gone with all that is in it at the end.

    Args:
        parent: where; None for the system's place for temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="vhdx-fuzz-", dir=parent) as name:
        yield Path(name)


def place(parent: Path, name: str) -> Path:
    """A folder, made where it is not there."""
    found = parent / name
    found.mkdir(parents=True, exist_ok=True)
    return found


def copy(
    source: Path,
    target: Path,
    patches: Iterable[Extent] = (),
    zeros: Iterable[tuple[int, int]] = (),
    length: int | None = None,
) -> None:
    """Copy a file without its holes, and change the copy.

    Args:
        source: the file.
        target: the copy; must not be there.
        patches: bytes to put over it, as (file offset, bytes), in this order; what lies past its end is left out.
        zeros: ranges (file offset, length) of the file to leave out; they are holes before `patches` count.
        length: of the copy in bytes, None for the file's.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        end = os.fstat(file.fileno()).st_size if length is None else length
        out = os.open(target, _WRITING, 0o600)
        try:
            _copy_data(file.fileno(), out, zeros, end)
            os.ftruncate(out, end)
            for offset, data in patches:
                _write(out, offset, data[: max(end - offset, 0)])
        finally:
            os.close(out)


def copy_into(source: Path, fd: int) -> None:
    """Copy a file without its holes into an empty one that is open for writing."""
    with source.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        _copy_data(file.fileno(), fd, (), end)
        os.ftruncate(fd, end)


def patch(target: Path, patches: Iterable[Extent]) -> None:
    """Put bytes, as (file offset, bytes), over a file that this module made."""
    fd = os.open(target, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        for offset, data in patches:
            _write(fd, offset, data)
    finally:
        os.close(fd)


def drop(target: Path) -> None:
    """Remove a file that this module made, if it is still there."""
    target.unlink(missing_ok=True)


def supplant(source: Path, target: Path) -> None:
    """Give a file that this module made the name of another one, which is gone."""
    os.replace(source, target)


def _copy_data(source: int, target: int, zeros: Iterable[tuple[int, int]], end: int) -> None:
    left_out = sorted(zeros)
    for start, stop in _data(source, min(os.fstat(source).st_size, end)):
        for first, length in left_out:
            if first < stop and start < first + length:
                copy_range(source, start, target, start, max(first - start, 0))
                start = max(start, first + length)
        copy_range(source, start, target, start, max(stop - start, 0))


def unpacked(source: Path, target: Path) -> None:
    """Make the image of a packed one.

    Raises:
        CorpusError: it is no packed image, or a damaged one; nothing is written.
        OSError: the image cannot be written; the error names it.
    """
    from ..conformance.build.pattern import noise

    with _packed(source) as data:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("x+b") as out:
                unpack(noise(), data, out)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(target)) from error


def require_packed(source: Path) -> None:
    """Check a packed image to its end.

    Raises:
        CorpusError: it is damaged, or would make a file out of all bounds.
    """
    with _packed(source):
        pass


@contextmanager
def _packed(source: Path) -> Iterator[mmap.mmap]:
    """The bytes of a packed image, mapped and checked."""
    with source.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            for _ in operations(data):
                pass
        except ValueError as error:
            raise CorpusError(f"{source}: no packed image: {error}") from error
        with data:
            yield data


def extents(path: Path, start: int = 0, end: int | None = None) -> Iterator[Extent]:
    """The parts of a file that are not zero, apart and in order, none longer than 1 MiB.

    Args:
        path: of the file.
        start: file offset in bytes from which to look.
        end: file offset in bytes before which to stop, None for the file's end.

    Yields:
        (file offset, bytes); each starts and ends where a page of 4 KiB does, or the range.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        position, last = start, size if end is None else min(size, end)
        while (found := next_data(file.fileno(), position, last)) is not None:
            first = max(found[0] - found[0] % _GRAIN, start)
            for offset in range(first, found[1], STEP):
                yield from _used(offset, pread(file.fileno(), min(STEP, found[1] - offset), offset))
            position = found[1]


def used(path: Path) -> int:
    """Bytes of a file in 4 KiB pages that are not zero: what it holds, whatever its file system makes of it."""
    return sum(len(data) for _, data in extents(path))


def digest(path: Path) -> str:
    """sha256 over all bytes of a file, hexadecimal."""
    found, position = sha256(), 0
    for offset, data in (*extents(path), (path.stat().st_size, b"")):
        for start in range(position, offset, STEP):
            found.update(memoryview(_ZEROS)[: offset - start])
        found.update(data)
        position = offset + len(data)
    return found.hexdigest()


def sparse_sha256(path: Path) -> str:
    """sha256 over the 64 KiB units of a file that are not zero, each behind its offset (64 bits, little-endian)."""
    size, units = path.stat().st_size, dict.fromkeys(offset // _UNIT for offset in _pages(path))
    found = sha256()
    with path.open("rb") as file:
        for unit in units:
            data = pread(file.fileno(), min(_UNIT, size - unit * _UNIT), unit * _UNIT)
            found.update((unit * _UNIT).to_bytes(8, "little") + data)
    return found.hexdigest()


def _pages(path: Path) -> Iterator[int]:
    """File offsets of the pages that are not zero."""
    for offset, data in extents(path):
        yield from range(offset, offset + len(data), _GRAIN)


def sparse_digest(path: Path) -> str:
    """sha256 over a file's length and what of it is not zero, hexadecimal: equal for files with the same bytes."""
    found = sha256(str(path.stat().st_size).encode())
    for offset, data in extents(path):
        found.update(b"/%d/" % offset + data)
    return found.hexdigest()


def first_difference(one: Path, other: Path) -> int | None:
    """File offset of the first byte in which two files differ, None where they are the same.

    The end of the shorter one counts as a difference.
    """
    sizes = one.stat().st_size, other.stat().st_size
    for start, mine, theirs in _different(one, other):
        length = min(len(mine), len(theirs))
        return start + next((i for i in range(length) if mine[i] != theirs[i]), length)
    return None if sizes[0] == sizes[1] else min(sizes)


def different_pieces(one: Path, other: Path, size: int) -> int:
    """In how many pieces of `size` bytes, a divisor of 1 MiB, two files differ."""
    return sum(
        mine[at : at + size] != theirs[at : at + size]
        for _, mine, theirs in _different(one, other)
        for at in range(0, max(len(mine), len(theirs)), size)
    )


def _different(one: Path, other: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """The pieces of 1 MiB in which two files differ: file offset, bytes of the one, bytes of the other."""
    with one.open("rb") as first, other.open("rb") as second:
        fds = first.fileno(), second.fileno()
        numbers: set[int] = set()
        for fd in fds:
            for start, stop in _data(fd, os.fstat(fd).st_size):
                numbers.update(range(start // STEP, -(-stop // STEP)))
        for number in sorted(numbers):
            mine, theirs = (pread(fd, STEP, number * STEP) for fd in fds)
            if mine != theirs:
                yield number * STEP, mine, theirs


def _data(fd: int, end: int) -> Iterator[tuple[int, int]]:
    position = 0
    while (found := next_data(fd, position, end)) is not None:
        yield found
        position = found[1]


def _used(offset: int, data: bytes) -> Iterator[Extent]:
    """Rows of pages that are not zero."""
    first = 0
    for page in range(0, len(data) + _GRAIN, _GRAIN):
        part = data[page : page + _GRAIN]
        if not part or part == _ZEROS[: len(part)]:
            if first < page and first < len(data):
                yield offset + first, data[first:page]
            first = page + _GRAIN


def _write(fd: int, offset: int, data: bytes) -> None:
    """Put bytes over a file; where they are zero and the file ends or has a hole, it keeps that."""
    view = memoryview(data)
    for start in range(0, len(view), STEP):
        part = view[start : start + STEP]
        if part == _ZEROS[: len(part)] and next_data(fd, offset + start, offset + start + len(part)) is None:
            continue
        while part:
            count = pwrite(fd, part, offset + start)
            start, part = start + count, part[count:]
