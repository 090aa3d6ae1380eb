"""Positioned, read-only access to the bytes of a container: a file, a file object, or bytes in memory.

Knows how to read at an offset, how long the thing is, and how to tell whether two sources are the same file. Depends on
`portable` for the system's calls. Knows nothing of what the bytes mean, and cannot write.
"""

from __future__ import annotations

import io
import mmap
import os
import stat
import threading
from collections.abc import Hashable
from typing import BinaryIO, Protocol, TypeAlias, runtime_checkable

from ..errors import FormatError
from ..portable import open_read_only, pread, preadv_into

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
            FormatError: the system or the file object could not read.
        """
        ...

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer`, writable and contiguous, from `offset`, a file offset in bytes.

        Returns:
            Number of bytes; fewer than the buffer holds only where the source ends.

        Raises:
            ValueError: a negative offset, or the source is closed.
            FormatError: the system or the file object could not read.
        """
        ...

    def close(self) -> None:
        """Give back what this object opened itself. Harmless when called twice."""
        ...


class FileSource:
    """A regular file or a block device, opened by path. Symbolic links are followed.

    Raises:
        FormatError: it is not there, may not be read, or is neither a regular file nor a block device.
    """

    __slots__ = ("_fd", "identity", "name", "path", "size")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._fd = -1
        self.name = os.fsdecode(path)
        try:
            # Not abspath: that would cancel "link/.." by its text.
            self.path = self.name if os.path.isabs(self.name) else os.path.join(os.getcwd(), self.name)
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
            raise FormatError(f"{self.name}: cannot be opened: {error.strerror or error}") from error

    @property
    def fd(self) -> int | None:
        """The open file descriptor, or None once closed."""
        return self._fd if self._fd >= 0 else None

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        if offset >= 0 and 0 <= length <= self.size - offset:
            try:
                data = pread(self._fd, length, offset)
            except OSError as error:
                raise self._failure(offset, error) from error
            if len(data) == length:
                return data
        buffer = bytearray(_length_inside(self.size, offset, length))
        return bytes(buffer[: self.readinto_at(offset, memoryview(buffer))])

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        view = _byte_view(buffer)
        wanted = _length_inside(self.size, offset, len(view))
        done = 0
        try:
            while done < wanted:  # one system call moves at most 2 GiB
                count = preadv_into(self._fd, view[done:wanted], offset + done)
                if count == 0:
                    break
                done += count
        except OSError as error:
            raise self._failure(offset + done, error) from error
        return done

    def close(self) -> None:
        """Close the file. Harmless when called twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _failure(self, offset: int, error: OSError) -> Exception:
        if self._fd < 0:
            return ValueError(f"{self.name}: read after close")
        return FormatError(f"{self.name}: cannot be read at {offset:#x}: {error.strerror or error}")


class ObjectSource:
    """A seekable binary file object that somebody else opened, and will close.

    Args:
        file: seekable, opened in binary mode. Its position moves.
        name: for messages; the object's own name, where it has one, if this is empty.

    Raises:
        ValueError: no binary file object, or a closed one.
        FormatError: it cannot seek.
    """

    __slots__ = ("_file", "_lock", "fd", "identity", "name", "size")

    def __init__(self, file: BinaryIO, name: str = "") -> None:
        self._file = file
        self._lock = threading.Lock()
        own_name = getattr(file, "name", None)
        self.name = name or (own_name if isinstance(own_name, str) else f"<{type(file).__name__}>")
        self.fd: int | None = None  # a file object may translate (gzip does): its descriptor's offsets are not ours
        try:
            position = file.tell()
            file.seek(0, os.SEEK_END)
            self.size = file.tell()
            file.seek(position)
            if not isinstance(file.read(0), (bytes, bytearray)):
                raise ValueError(f"{self.name}: not opened in binary mode")
        except (OSError, EOFError) as error:
            raise FormatError(f"{self.name}: cannot seek: {error}") from error
        except (AttributeError, TypeError) as error:
            raise ValueError(f"{self.name}: not a seekable binary file object: {error}") from error
        self.identity: Hashable = _object_identity(file)

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        wanted = _length_inside(self.size, offset, length)
        parts: list[bytes] = []
        try:
            with self._lock:
                if wanted:
                    self._file.seek(offset)
                while wanted > 0:
                    part = self._file.read(wanted)
                    if not part:
                        break
                    parts.append(part)
                    wanted -= len(part)
        except (OSError, EOFError) as error:
            raise FormatError(f"{self.name}: cannot be read at {offset:#x}: {error}") from error
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        view = _byte_view(buffer)
        data = self.read_at(offset, len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Do nothing: whoever opened the object closes it."""


class BytesSource:
    """Bytes in memory: bytes, bytearray, memoryview or mmap, contiguous (else ValueError). They are not copied."""

    __slots__ = ("_view", "fd", "identity", "name", "size")

    def __init__(self, data: bytes | bytearray | memoryview | mmap.mmap, name: str = "<bytes>") -> None:
        self._view = _byte_view(memoryview(data))
        self.name = name
        self.size = len(self._view)
        self.fd: int | None = None
        self.identity: Hashable = ("memory", id(data), self.size)

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        if offset < 0 or length < 0:
            raise ValueError(f"negative offset or length: {offset}, {length}")
        return bytes(self._view[offset : offset + length])

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        view = _byte_view(buffer)
        wanted = _length_inside(self.size, offset, len(view))
        view[:wanted] = self._view[offset : offset + wanted]
        return wanted

    def close(self) -> None:
        """Let go of the data; it stays as it is. Harmless when called twice."""
        self._view.release()


def open_source(file: Readable) -> Source:
    """Open a path, a file object or bytes for positioned reading.

    Args:
        file: path (str or os.PathLike), seekable binary file object, or the bytes themselves. `bytes` are never a path.

    Returns:
        The source. Closing it closes only what this function opened.

    Raises:
        FormatError: a path that cannot be opened, or a FIFO, socket, character device or directory.
        ValueError: none of the three.
    """
    if isinstance(file, (bytes, bytearray, memoryview, mmap.mmap)):
        return BytesSource(file)
    if isinstance(file, (str, os.PathLike)):
        return FileSource(file)
    if hasattr(file, "read") and hasattr(file, "seek"):
        return ObjectSource(file)
    raise ValueError(f"not a path, a seekable binary file object or bytes: {type(file).__name__}")


def _length_inside(size: int, offset: int, length: int) -> int:
    if offset < 0 or length < 0:
        raise ValueError(f"negative offset or length: {offset}, {length}")
    return max(0, min(length, size - offset))


def _byte_view(buffer: memoryview) -> memoryview:
    view = memoryview(buffer)
    try:
        return view if view.format == "B" and view.ndim == 1 and view.contiguous else view.cast("B")
    except TypeError as error:
        raise ValueError(f"buffer is not contiguous: {error}") from error


def _refuse_kind(name: str, status: os.stat_result) -> None:
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "not a file")
        raise FormatError(f"{name}: is {kind}, expected a regular file or a block device")


def file_identity(status: os.stat_result) -> Hashable:
    """The identity that a source has whose file the system describes by `status`."""
    return ("file", status.st_dev, status.st_ino)


def _object_identity(file: BinaryIO) -> Hashable:
    # Only for objects known to hand out the file's own bytes: others (a member of an archive, a part of a disk) may
    # share one descriptor and still differ.
    raw = file.raw if isinstance(file, (io.BufferedReader, io.BufferedRandom)) else file
    if type(raw) is io.FileIO:
        return file_identity(os.fstat(raw.fileno()))
    return ("object", id(file))
