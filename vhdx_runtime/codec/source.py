"""Positioned, read-only access to the bytes of a container: a file, or what `held` makes of other objects."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Hashable
from contextlib import suppress
from typing import BinaryIO, Protocol, TypeAlias, runtime_checkable

from ..errors import FormatError, became_shorter, file_error
from ..portable import open_read_only, pread, preadv_into
from .held import BytesSource as BytesSource
from .held import ObjectSource, Whole, length_inside, read_after_close, writable_view
from .held import file_identity as file_identity

Readable: TypeAlias = "str | os.PathLike[str] | BinaryIO | bytes | bytearray | memoryview | mmap.mmap"
"""What can be opened: a path, a seekable binary file object, or the bytes themselves."""

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
}


@runtime_checkable
class Source(Protocol):
    """Bytes that can be read at any offset, by any number of threads at once."""

    @property
    def name(self) -> str:
        """For people: the path as given, or what the caller called it."""
        ...

    @property
    def size(self) -> int:
        """Length in bytes, taken when it was opened."""
        ...

    @property
    def fd(self) -> int | None:
        """An open file descriptor whose offsets are this source's offsets, or None."""
        ...

    @property
    def identity(self) -> Hashable:
        """Equal for two sources exactly when they are the same file or the same object."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Read `length` bytes at `offset`, a file offset in bytes.

        Returns:
            The bytes; fewer than `length` only where the source ends.

        Raises:
            ValueError: a negative argument, or the source is closed.
            FileError: the system could not read.
            FormatError: the file object could not, or gave what no file object gives.
        """
        ...

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer`, writable and contiguous, from `offset`, a file offset in bytes.

        Returns:
            Number of bytes; fewer than the buffer holds only where the source ends.

        Raises:
            ValueError: a negative offset, or the source is closed.
            FileError: the system could not read.
            FormatError: the file object could not, or gave what no file object gives.
        """
        ...

    def close(self) -> None:
        """Give back what this object opened itself. Harmless when called twice."""
        ...


class FileSource(Whole):
    """A regular file or a block device, opened by path. Symbolic links are followed.

    A file that is closed while other threads read it stays open until they are done with what they are at.

    Args:
        path: the file.
        fd: the file, open already; it is closed with this source, also when this fails.

    Raises:
        FileError: it is not there, may not be read, or has no such name; an `OSError`, too.
        FormatError: it is neither a regular file nor a block device.
    """

    __slots__ = ("_closing", "_fd", "_reads", "identity", "name", "path", "size")

    def __init__(self, path: str | os.PathLike[str], fd: int = -1) -> None:
        self._fd = fd
        self._reads: list[None] = []  # one for each read under way: adding and taking one needs no lock
        self._closing: list[int] = []
        self.name = os.fsdecode(path)
        try:
            # Not abspath: that would cancel "link/.." by its text.
            self.path = self.name if os.path.isabs(self.name) else os.path.join(os.getcwd(), self.name)
            if fd < 0:
                _refuse_kind(self.name, os.stat(self.name))  # before it is opened: opening some devices does something
                self._fd = open_read_only(self.name)
            status = os.fstat(self._fd)
            _refuse_kind(self.name, status)
            self.size = os.lseek(self._fd, 0, os.SEEK_END) if stat.S_ISBLK(status.st_mode) else status.st_size
            self.identity: Hashable = file_identity(status)
        except (OSError, FormatError) as error:
            self.close()
            if isinstance(error, FormatError):
                raise
            raise file_error(f"{self.name}: cannot be opened: {error.strerror or error}", error, self.name) from error

    @property
    def fd(self) -> int | None:
        """The open file descriptor, or None once closed."""
        return self._fd if self._fd >= 0 else None

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        if offset >= 0 and 0 <= length <= self.size - offset:
            self._reads.append(None)
            try:
                data = pread(self._fd, length, offset)
            except OSError as error:
                raise self._failure(offset, error) from error
            finally:
                self._end_read()
            if len(data) == length:
                return data
        buffer = bytearray(length_inside(self.size, offset, length))
        return bytes(buffer[: self.readinto_at(offset, memoryview(buffer))])

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        view = writable_view(buffer)
        wanted = length_inside(self.size, offset, len(view))
        done = 0
        self._reads.append(None)
        try:
            while done < wanted:  # one system call moves at most 2 GiB
                count = preadv_into(self._fd, view[done:wanted], offset + done)
                if count == 0:
                    break
                done += count
        except OSError as error:
            raise self._failure(offset + done, error) from error
        finally:
            self._end_read()
        return done

    def _end_read(self) -> None:
        self._reads.pop()
        if self._closing and not self._reads:
            self._release()

    def close(self) -> None:
        """Close the file. Harmless when called twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._closing.append(fd)
            if not self._reads:
                self._release()

    def _release(self) -> None:
        with suppress(IndexError):  # another thread was first
            os.close(self._closing.pop())

    def _failure(self, offset: int, error: OSError) -> Exception:
        if self._fd < 0:
            return read_after_close(self.name)
        return file_error(f"{self.name}: cannot be read at {offset:#x}: {error.strerror or error}", error, self.name)


def open_source(file: Readable) -> Source:
    """Open a path, a file object or bytes for positioned reading.

    Args:
        file: path (str or os.PathLike), seekable binary file object, or the bytes themselves. `bytes` are never a path.

    Returns:
        The source. Closing it closes only what this function opened.

    Raises:
        FileError: a path that cannot be opened; an `OSError`, too.
        FormatError: a FIFO, socket, character device or directory.
        ValueError: none of the three.
    """
    if isinstance(file, (bytes, bytearray, memoryview, mmap.mmap)):
        return BytesSource(file)
    if isinstance(file, (str, os.PathLike)):
        return FileSource(file)
    if hasattr(file, "read") and hasattr(file, "seek"):
        return ObjectSource(file)
    raise ValueError(f"not a path, a seekable binary file object or bytes: {type(file).__name__}")


def _refuse_kind(name: str, status: os.stat_result) -> None:
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "not a file")
        hint = "name a file in it" if kind == _KINDS[stat.S_IFDIR] else "copy it to a file first, and name that"
        raise FormatError(f"{name}: is {kind}, expected a regular file or a block device", hint=hint)


def read_whole(source: Source, offset: int, length: int) -> bytes:
    """The bytes of a range as far as the file went when it was opened.

    Args:
        source: what is read.
        offset: file offset in bytes.
        length: in bytes.

    Raises:
        IntegrityError: the file became shorter since.
    """
    raw = source.read_at(offset, length)
    if len(raw) < min(length, source.size - offset):
        raise became_shorter(source.name)
    return raw
