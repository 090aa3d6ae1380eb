"""Every call to the operating system that is not the same everywhere.

Knows positioned reads and writes, copies inside the kernel, holes, locks, and the flags to open a file with. Each has
a fallback for a system that lacks it, chosen once when this module is imported. Knows nothing of VHDX.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Final

_FCNTL: ModuleType | None
try:
    import fcntl as _FCNTL
except ImportError:  # Windows
    _FCNTL = None

# Where a read or write needs a seek first, the two must not be torn apart by another thread.
_SEEK_LOCK: Final = threading.Lock()

# Bytes that one step of a copy moves through memory: large enough that calls do not count, small enough to hold.
_COPY_STEP: Final = 1 << 20

# A kernel or file system that cannot copy between these two files says one of these; a plain copy still can.
_CANNOT_COPY: Final = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM})

# What a file system answers that has no such thing.
_UNSUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOTTY, errno.EBADF, errno.EPERM})

# O_BINARY exists on Windows only. O_NONBLOCK, which keeps the opening of a FIFO from waiting, does not exist there.
READ_ONLY_FLAGS: Final[int] = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOINHERIT", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)


def open_read_only(path: str) -> int:
    """Open a file for reading, without ever waiting for another process.

    Args:
        path: the file.

    Returns:
        A file descriptor that child processes do not inherit.

    Raises:
        OSError: the system refuses.
    """
    return os.open(path, READ_ONLY_FLAGS)


def _seek_and_read(fd: int, length: int, offset: int, /) -> bytes:
    with _SEEK_LOCK:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, length)


def _seek_and_write(fd: int, data: bytes | memoryview, offset: int, /) -> int:
    with _SEEK_LOCK:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.write(fd, data)


pread: Final[Callable[[int, int, int], bytes]] = getattr(os, "pread", _seek_and_read)
"""`pread(fd, length, offset)`: read at most `length` bytes at `offset`; the file position is not to be relied on."""

pwrite: Final[Callable[[int, bytes | memoryview, int], int]] = getattr(os, "pwrite", _seek_and_write)
"""`pwrite(fd, data, offset)`: write at `offset`; returns how many bytes were written."""

_preadv: Final[Callable[[int, Sequence[memoryview], int], int] | None] = getattr(os, "preadv", None)
_copy_file_range: Final[Callable[..., int] | None] = getattr(os, "copy_file_range", None)
_SEEK_DATA: Final[int | None] = getattr(os, "SEEK_DATA", None)
_SEEK_HOLE: Final[int | None] = getattr(os, "SEEK_HOLE", None)


def preadv_into(fd: int, buffer: memoryview, offset: int) -> int:
    """Read into a buffer at a file offset, once.

    Args:
        fd: open file.
        buffer: writable, one byte an item.
        offset: file offset in bytes.

    Returns:
        Number of bytes read, 0 at the end of the file; may be less than the buffer holds.

    Raises:
        OSError: the read failed.
    """
    if _preadv is not None:
        return _preadv(fd, [buffer], offset)
    data = pread(fd, len(buffer), offset)
    buffer[: len(data)] = data
    return len(data)


def copy_range(in_fd: int, in_offset: int, out_fd: int, out_offset: int, length: int) -> int:
    """Copy bytes from one open file to another, inside the kernel where it can.

    Args:
        in_fd: file to read.
        in_offset: file offset there, in bytes.
        out_fd: file to write.
        out_offset: file offset there, in bytes.
        length: number of bytes.

    Returns:
        Number of bytes copied: `length`, or less when the input ends before.

    Raises:
        OSError: a read or write failed.
    """
    done = 0
    while _copy_file_range is not None and done < length:
        try:
            count = _copy_file_range(in_fd, out_fd, length - done, in_offset + done, out_offset + done)
        except OSError as error:
            if error.errno not in _CANNOT_COPY:
                raise
            break
        if count == 0:  # the end, or a file system that answers so instead of refusing: the plain copy knows
            break
        done += count
    return done + _copy_plainly(in_fd, in_offset + done, out_fd, out_offset + done, length - done)


def _copy_plainly(in_fd: int, in_offset: int, out_fd: int, out_offset: int, length: int) -> int:
    done = 0
    while done < length:
        data = memoryview(pread(in_fd, min(_COPY_STEP, length - done), in_offset + done))
        if not data:
            break
        while data:
            count = pwrite(out_fd, data, out_offset + done)
            done += count
            data = data[count:]
    return done


def next_data(fd: int, offset: int, end: int) -> tuple[int, int] | None:
    """Find the next part of a file that is not a hole. Where holes cannot be asked for, all is data.

    Args:
        fd: open file.
        offset: file offset in bytes to start from.
        end: file offset in bytes to stop before.

    Returns:
        (start, end) of the next data in [offset, end), or None when only a hole follows.
    """
    if offset >= end:
        return None
    if _SEEK_DATA is None or _SEEK_HOLE is None:
        return offset, end
    try:
        with _SEEK_LOCK:
            start = os.lseek(fd, offset, _SEEK_DATA)
            stop = os.lseek(fd, start, _SEEK_HOLE) if start < end else end
    except OSError as error:
        return None if error.errno == errno.ENXIO else (offset, end)
    return (start, min(stop, end)) if start < end else None


def flush(fd: int) -> None:
    """Have everything that was written to a file reach its medium, its length too.

    Raises:
        OSError: it could not be written.
    """
    if _FCNTL is not None and hasattr(_FCNTL, "F_FULLFSYNC"):  # on macOS fsync leaves it in the drive's own memory
        try:
            _FCNTL.fcntl(fd, _FCNTL.F_FULLFSYNC)
            return
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
    os.fsync(fd)


def flush_folder(path: str) -> None:
    """Have the names in a folder reach their medium; does nothing where folders cannot be opened or flushed.

    Args:
        path: the folder.
    """
    try:
        fd = os.open(path, READ_ONLY_FLAGS)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(fd)


def lock(fd: int) -> bool:
    """Keep everybody else who asks for a lock from the file, until it is closed.

    Where the system has them, the lock is one of the open file, which programs like QEMU respect.

    Args:
        fd: open for writing.

    Returns:
        False when somebody else holds a lock on it. True where the system or the file system has no locks.
    """
    if _FCNTL is None:
        return True
    held = (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK)
    try:
        if hasattr(_FCNTL, "F_OFD_SETLK"):
            whole_file = struct.pack("hhqqi", _FCNTL.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            _FCNTL.fcntl(fd, _FCNTL.F_OFD_SETLK, whole_file)
        else:
            _FCNTL.flock(fd, _FCNTL.LOCK_EX | _FCNTL.LOCK_NB)
    except OSError as error:
        return error.errno not in held
    return True
