"""Files that can be written: at any offset, grown and cut, flushed to their medium, locked against other writers.

The only module that opens an image for writing, and the one that makes the files that a write needs beside it. Depends
on `portable` for the system's calls. Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from ..codec.source import Source, file_identity
from ..errors import FormatError
from ..portable import READ_ONLY_FLAGS, flush, flush_folder, lock, pread, pwrite

_WRITABLE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_KINDS: Final = {stat.S_IFDIR: "a directory", stat.S_IFBLK: "a block device", stat.S_IFCHR: "a character device"}


class Target(Source, Protocol):
    """A source that can be written. Its size is what it is now."""

    def write_at(self, offset: int, data: bytes) -> None:
        """Write `data` at `offset`, a file offset in bytes; the file grows where it ends before.

        Raises:
            OSError: it could not be written.
        """
        ...

    def resize(self, size: int) -> None:
        """Give the file this length in bytes; what is added reads as zeros.

        Raises:
            OSError: it could not be done.
        """
        ...

    def flush(self) -> None:
        """Return once everything written so far is on the medium.

        Raises:
            OSError: it could not be written.
        """
        ...


class FileTarget:
    """A regular file, open for writing and locked. Symbolic links are followed; all names of a file are the same file.

    A block device is refused: it cannot get another length, so what is done to it cannot always be undone.

    Raises:
        FormatError: it is not there, is no regular file, may not be written, is marked read-only, or is locked by
            somebody else.
    """

    __slots__ = ("_fd", "identity", "links", "name")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._fd = -1
        self.name = os.fsdecode(path)
        try:
            _require_writable(self.name, os.stat(self.name))  # before it is opened: opening some devices does something
            self._fd = os.open(self.name, READ_ONLY_FLAGS | os.O_RDWR)
            status = os.fstat(self._fd)
            _require_writable(self.name, status)
            if not lock(self._fd):
                raise FormatError(f"{self.name}: is in use by another program, which has locked it")
            self.identity: Hashable = file_identity(status)
            self.links = status.st_nlink
        except (OSError, FormatError) as error:
            self.close()
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"{self.name}: cannot be opened for writing: {error.strerror or error}") from error

    @property
    def fd(self) -> int | None:
        """The open file descriptor, or None once closed."""
        return self._fd if self._fd >= 0 else None

    @property
    def size(self) -> int:
        """Length in bytes, as it is now."""
        return os.fstat(self._fd).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        parts = []
        while length > 0:
            try:
                part = pread(self._fd, length, offset)
            except OSError as error:
                raise FormatError(f"{self.name}: cannot be read at {offset:#x}: {error.strerror}") from error
            if not part:
                break
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        data = self.read_at(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write_at(self, offset: int, data: bytes) -> None:
        """As `Target.write_at`."""
        view = memoryview(data)
        while view:
            with _naming(self.name):
                count = pwrite(self._fd, view, offset)
            offset, view = offset + count, view[count:]

    def resize(self, size: int) -> None:
        """As `Target.resize`."""
        with _naming(self.name):
            os.ftruncate(self._fd, size)

    def flush(self) -> None:
        """As `Target.flush`."""
        with _naming(self.name):
            flush(self._fd)

    def close(self) -> None:
        """Close the file and give up the lock. Harmless when called twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> FileTarget:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create(path: str | os.PathLike[str], parts: Iterable[bytes]) -> None:
    """Write a new file, and return once it is on its medium under its name. No file, and no link, is ever replaced.

    Args:
        path: its name.
        parts: its bytes.

    Raises:
        FileExistsError: something has that name.
        OSError: it could not be written; what there is of it is removed.
    """
    name = os.fsdecode(path)
    fd = os.open(name, READ_ONLY_FLAGS | os.O_RDWR | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    try:
        try:
            with _naming(name):
                for part in parts:
                    view = memoryview(part)
                    while view:
                        view = view[os.write(fd, view) :]
                flush(fd)
        finally:
            os.close(fd)
    except BaseException:
        os.unlink(name)
        raise
    flush_folder(os.path.dirname(os.path.abspath(name)))


def _require_writable(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise FormatError(f"{name}: is {kind}, expected a regular file")
    if not status.st_mode & _WRITABLE:  # the system lets an administrator write all the same
        raise FormatError(f"{name}: is marked read-only")


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Have an error of the system say which file it is about."""
    try:
        yield
    except OSError as error:
        error.filename = name
        raise
