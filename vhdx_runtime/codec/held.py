"""Bytes that somebody else holds: a file object, or bytes in memory; and what all sources have in common."""

from __future__ import annotations

import io
import mmap
import os
import threading
from collections.abc import Hashable
from contextlib import nullcontext
from operator import index
from typing import Any, BinaryIO, NoReturn

from ..errors import FormatError, VhdxError, file_error
from ..portable import HAS_PREAD, pread
from ..wording import counted


class Whole:
    """A thing that is not copied: two copies would share one open file, and the first to close it would close both."""

    __slots__ = ()

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled; open the file again")


class ObjectSource(Whole):
    """A seekable binary file object that somebody else opened, and will close.

    After a fork, only what has no position that the two processes would share can be read in the new process: a plain
    file, where the system reads at an offset, and `io.BytesIO`.

    Args:
        file: seekable, opened in binary mode. Its position may move.
        name: for messages; the object's own name, where it has one, if this is empty.

    Raises:
        ValueError: no binary file object, or a closed one.
        FormatError: it cannot seek, or fails.
    """

    __slots__ = ("_file", "_is_plain", "_locks", "fd", "identity", "name", "size")

    def __init__(self, file: BinaryIO, name: str = "") -> None:
        self._file = file
        self._locks = {os.getpid(): threading.Lock()}
        own_name = getattr(file, "name", None)
        self.name = name or (own_name if isinstance(own_name, str) else f"<{type(file).__name__}>")
        self.fd: int | None = None  # a file object may translate (gzip does): its descriptor's offsets are not ours
        self._is_plain = HAS_PREAD and type(file) in (io.BufferedReader, io.FileIO) and _plain_raw(file) is not None
        try:
            position = file.tell()
            file.seek(0, os.SEEK_END)
            self.size = index(file.tell())
            file.seek(position)
            first = file.read(0)
        except (AttributeError, TypeError) as error:
            raise ValueError(f"{self.name}: not a seekable binary file object: {error}") from error
        except Exception as error:
            raise self._failure("cannot seek", error) from error
        if not isinstance(first, (bytes, bytearray)):
            raise ValueError(f"{self.name}: not opened in binary mode")
        self.identity: Hashable = _object_identity(file)

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        wanted = length_inside(self.size, offset, length)
        lock = nullcontext() if self._is_plain else self._lock()
        try:
            with lock:
                parts = self._read_plainly(offset, wanted) if self._is_plain else self._read_in_turn(offset, wanted)
        except VhdxError:
            raise
        except Exception as error:  # whatever a decoder under the object raises: zlib.error, BadZipFile, ...
            raise self._failure(f"cannot be read at {offset:#x}", error) from error
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)

    def _failure(self, what: str, error: Exception) -> Exception:
        """What an object's own exception becomes; a closed object and no memory are not what is wrong with a file."""
        if getattr(self._file, "closed", False) is True:
            return read_after_close(self.name)
        if isinstance(error, MemoryError):
            return error
        if isinstance(error, OSError) and error.errno is not None:
            return file_error(f"{self.name}: {what}: {error.strerror or error}", error, self.name)
        return FormatError(f"{self.name}: {what}: {type(error).__name__}: {error}")

    def _lock(self) -> threading.Lock:
        """The lock of this process, as the other one's may be held for ever in it."""
        pid = os.getpid()
        if pid not in self._locks and not isinstance(self._file, io.BytesIO):
            raise ValueError(f"{self.name}: was opened by another process, which moves its position; open it again")
        return self._locks.setdefault(pid, threading.Lock())

    def _read_plainly(self, offset: int, wanted: int) -> list[bytes | bytearray]:
        parts: list[bytes | bytearray] = []
        while wanted > 0 and (part := pread(self._file.fileno(), wanted, offset)):
            if self._file.closed:  # the number may have been another file's
                raise read_after_close(self.name)
            parts.append(part)
            offset, wanted = offset + len(part), wanted - len(part)
        return parts

    def _read_in_turn(self, offset: int, wanted: int) -> list[bytes | bytearray]:
        parts: list[bytes | bytearray] = []
        if wanted:
            self._file.seek(offset)
        while wanted > 0:
            part: object = self._file.read(wanted)
            if not isinstance(part, (bytes, bytearray)):
                raise FormatError(f"{self.name}: gave {type(part).__name__} at {offset:#x}, expected bytes")
            if len(part) > wanted:
                raise FormatError(f"{self.name}: gave {counted(len(part), 'byte')} at {offset:#x}, asked for {wanted}")
            if not part:
                break
            parts.append(part)
            offset, wanted = offset + len(part), wanted - len(part)
        return parts

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        view = writable_view(buffer)
        data = self.read_at(offset, len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Do nothing: whoever opened the object closes it."""


class BytesSource(Whole):
    """Bytes in memory: bytes, bytearray, memoryview or mmap, contiguous (else ValueError). They are not copied."""

    __slots__ = ("_view", "fd", "identity", "name", "size")

    def __init__(self, data: bytes | bytearray | memoryview | mmap.mmap, name: str = "<bytes>") -> None:
        self._view = byte_view(memoryview(data))
        self.name = name
        self.size = len(self._view)
        self.fd: int | None = None
        self.identity: Hashable = ("memory", id(data), self.size)

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        wanted = length_inside(self.size, offset, length)
        try:
            return bytes(self._view[offset : offset + wanted])
        except ValueError as error:
            raise read_after_close(self.name) from error

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        view = writable_view(buffer)
        wanted = length_inside(self.size, offset, len(view))
        try:
            view[:wanted] = self._view[offset : offset + wanted]
        except ValueError as error:
            raise read_after_close(self.name) from error
        return wanted

    def close(self) -> None:
        """Let go of the data; it stays as it is. Harmless when called twice."""
        self._view.release()


def file_identity(status: os.stat_result) -> Hashable:
    """The identity that a source has whose file the system describes by `status`."""
    return ("file", status.st_dev, status.st_ino)


def read_after_close(name: str) -> ValueError:
    """The error for a read of what was closed."""
    return ValueError(f"{name}: read after close")


def length_inside(size: int, offset: int, length: int) -> int:
    """How many bytes of a range lie inside a source of a size.

    Raises:
        ValueError: a negative offset or length.
    """
    if offset < 0 or length < 0:
        raise ValueError(f"negative offset or length: {offset}, {length}")
    return max(0, min(length, size - offset))


def byte_view(buffer: memoryview) -> memoryview:
    """A buffer as a row of bytes.

    Raises:
        ValueError: it is not contiguous.
    """
    view = memoryview(buffer)
    try:
        return view if view.format == "B" and view.ndim == 1 and view.contiguous else view.cast("B")
    except TypeError as error:
        raise ValueError(f"buffer is not contiguous: {error}") from error


def writable_view(buffer: Any) -> memoryview:
    """A buffer as a row of bytes to read into.

    Raises:
        ValueError: it is not contiguous.
        TypeError: it is not writable, or no buffer.
    """
    view = byte_view(memoryview(buffer))
    if view.readonly:
        raise TypeError("the buffer to read into is not writable")
    return view


def _object_identity(file: BinaryIO) -> Hashable:
    raw = _plain_raw(file)
    return file_identity(os.fstat(raw.fileno())) if raw else ("object", id(file))


def _plain_raw(file: BinaryIO) -> io.FileIO | None:
    """The file under an object that is known to hand out the file's own bytes.

    Others (a member of an archive, a part of a disk) may share its descriptor and still differ.
    """
    raw = file.raw if isinstance(file, (io.BufferedReader, io.BufferedRandom)) else file
    return raw if type(raw) is io.FileIO else None
