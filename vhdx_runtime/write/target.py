"""Files that can be written: at any offset, grown and cut, flushed to their medium, locked against other writers.

The only module that opens an image for writing, and the one that makes the files that a write needs beside it. Depends
on `portable` for the system's calls. Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

from ..codec.source import Source, file_identity
from ..errors import FileError, FormatError, file_error
from ..portable import READ_ONLY_FLAGS, flush, flush_folder, lock, pread, preadv_into, pwrite
from .locks import holders

_WRITABLE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_KINDS: Final = {stat.S_IFDIR: "a directory", stat.S_IFBLK: "a block device", stat.S_IFCHR: "a character device"}


class Target(Source, Protocol):
    """A source that can be written. Its size is what it is now."""

    def write_at(self, offset: int, data: bytes | bytearray | memoryview) -> None:
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


class DescriptorTarget:
    """An open file descriptor as a target.

    Args:
        fd: open for reading and writing.
        name: what to call it.
    """

    __slots__ = ("_fd", "identity", "name")

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self.name = name
        self.identity: Hashable = file_identity(os.fstat(fd)) if fd >= 0 else ("descriptor", fd)

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
        if offset < 0 or length < 0:
            raise ValueError(f"{self.name}: negative offset or length: {offset}, {length}")
        parts = []
        length = min(length, self.size - offset)
        while length > 0:
            try:
                part = pread(self._fd, length, offset)
            except OSError as error:
                message = f"{self.name}: cannot be read at {offset:#x}: {error.strerror or error}"
                raise file_error(message, error, self.name) from error
            if not part:
                break
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        done = 0
        while done < len(buffer):
            try:
                count = preadv_into(self._fd, buffer[done:], offset + done)
            except OSError as error:
                message = f"{self.name}: cannot be read at {offset:#x}: {error.strerror or error}"
                raise file_error(message, error, self.name) from error
            if not count:
                break
            done += count
        return done

    def write_at(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """As `Target.write_at`."""
        view = memoryview(data)
        try:
            while view:
                count = pwrite(self._fd, view, offset)
                offset, view = offset + count, view[count:]
        except OSError as error:
            error.filename = self.name
            raise

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


class FileTarget(DescriptorTarget):
    """A regular file, open for writing and locked. Symbolic links are followed; all names of a file are the same file.

    A block device is refused: it cannot get another length, so what is done to it cannot always be undone.

    Raises:
        MissingFileError: there is no such file.
        ForbiddenFileError: it may not be written, or is marked read-only.
        FileError: the system cannot open it, or somebody else has locked it.
        FormatError: it is no regular file.
    """

    __slots__ = ("links", "path")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(-1, os.fsdecode(path))
        try:
            # Not abspath: that would cancel "link/.." by its text.
            self.path = self.name if os.path.isabs(self.name) else os.path.join(os.getcwd(), self.name)
            _require_writable(self.name, os.stat(self.name))  # before it is opened: opening some devices does something
            self._fd = os.open(self.name, READ_ONLY_FLAGS | os.O_RDWR)
            status = os.fstat(self._fd)
            _require_writable(self.name, status)
            if not lock(self._fd):
                held = ", ".join(holders(self._fd)) or "another program"
                raise _refusal(f"{self.name}: is in use by {held}, which has locked it", errno.EAGAIN, self.name)
            self.identity = file_identity(status)
            self.links = status.st_nlink
        except (OSError, FormatError) as error:
            self.close()
            if isinstance(error, (FileError, FormatError)):
                raise
            message = f"{self.name}: cannot be opened for writing: {error.strerror or error}"
            raise _hinted(file_error(message, error, self.name)) from error

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


def set_modified(target: Target, nanoseconds: int) -> None:
    """Set the time of a file's last change, in nanoseconds since 1970, where the system can."""
    if target.fd is not None and os.utime in os.supports_fd:
        with suppress(OSError, OverflowError):
            os.utime(target.fd, ns=(os.fstat(target.fd).st_atime_ns, nanoseconds))


def _require_writable(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise FormatError(f"{name}: is {kind}, expected a regular file")
    if not status.st_mode & _WRITABLE:  # the system lets an administrator write all the same
        raise _refusal(f"{name}: is marked read-only", errno.EACCES, name)


def _refusal(message: str, number: int, name: str) -> FileError:
    """The error of the system that stands for a refusal of ours."""
    return _hinted(file_error(message, OSError(number, os.strerror(number)), name))


def _hinted(error: FileError) -> FileError:
    """What to do next about a file that cannot be opened for writing: other things than for reading."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        error.next_step = "make the file writable, or work on a copy of it"
    elif error.errno == errno.EAGAIN:
        error.next_step = "end that program, or detach the disk there, and do it again"
    return error


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Have an error of the system say which file it is about."""
    try:
        yield
    except OSError as error:
        error.filename = name
        raise
