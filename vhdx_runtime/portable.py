"""Every call to the operating system that is not the same everywhere.

Each has a fallback for a system that lacks it, chosen once when this module is imported.
"""

from __future__ import annotations

import errno
import ntpath
import os
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Final

_FCNTL: ModuleType | None
try:
    import fcntl as _FCNTL
except ImportError:  # Windows
    _FCNTL = None
_msvcrt: ModuleType | None
try:
    import msvcrt as _msvcrt
except ImportError:
    _msvcrt = None

HAS_PREAD: Final = hasattr(os, "pread") and hasattr(os, "pwrite")
"""Reads and writes at an offset need no seek, so that nobody minds where a file's position is."""

# Where a read or write needs a seek first, the two must not be torn apart by another thread. Nowhere else is there a
# lock: a process made by a fork would wait for ever for one that another thread held.
_SEEK_LOCK: Final[AbstractContextManager[object]] = nullcontext() if HAS_PREAD else threading.Lock()

# Bytes that one step of a copy moves through memory: large enough that calls do not count, small enough to hold.
_COPY_STEP: Final = 1 << 20

# A kernel or file system that cannot copy between these two files says one of these; a plain copy still can.
_CANNOT_COPY: Final = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM})

# Characters that the system's name of a volume takes at most, by its documentation.
_VOLUME_NAME: Final = 50

_STATUS_UNIT: Final = 512  # of st_blocks, whatever the file system's own

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


HAS_DIR_FD: Final = {os.open, os.stat, os.readlink} <= os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Names can be looked up in a folder that is open, and links left alone."""


_NO_ATIME: Final[int] = getattr(os, "O_NOATIME", 0)


def open_read_only(path: str, dir_fd: int | None = None) -> int:
    """Open a file for reading, without ever waiting for another process; the time of its last reading stays, if it may.

    Args:
        path: the file.
        dir_fd: an open folder; then `path` is a name in it, and a link is refused.

    Raises:
        OSError: the system refuses.
    """
    flags = READ_ONLY_FLAGS | (0 if dir_fd is None else os.O_NOFOLLOW)
    try:
        return os.open(path, flags | _NO_ATIME, dir_fd=dir_fd)
    except PermissionError:  # only the owner of a file may leave that time alone
        if not _NO_ATIME:
            raise
    return os.open(path, flags, dir_fd=dir_fd)


def open_folder(path: str, dir_fd: int | None = None) -> int:
    """Open a folder to look up names in it; where `dir_fd` is given, `path` is a name there, and a link is refused.

    Raises:
        OSError: the system refuses, or it is no folder.
    """
    flags = os.O_DIRECTORY | getattr(os, "O_CLOEXEC", 0) | (0 if dir_fd is None else os.O_NOFOLLOW)
    return os.open(path, flags | os.O_RDONLY, dir_fd=dir_fd)


def final_path(fd: int) -> str | None:
    """The path of an open file as the system knows it, links resolved; None where it does not tell (not Windows)."""
    if _msvcrt is None:
        return None
    import ctypes

    text = ctypes.create_unicode_buffer(1 << 15)
    handle = ctypes.c_void_p(_msvcrt.get_osfhandle(fd))
    count = ctypes.windll.kernel32.GetFinalPathNameByHandleW(handle, text, len(text), 0)  # type: ignore[attr-defined]
    return text.value.removeprefix("\\\\?\\") if 0 < count < len(text) else None


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
_posix_fallocate: Final[Callable[[int, int, int], None] | None] = getattr(os, "posix_fallocate", None)
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


def volume_path(path: str) -> str | None:
    r"""The path of a file of Windows by its volume: `\\?\Volume{GUID}\` and the rest; None where it has none.

    Written after the system's documentation; tested with a stand-in for the call only.

    Args:
        path: absolute, with a drive.
    """
    drive, rest = ntpath.splitdrive(path)
    try:
        import ctypes

        buffer = ctypes.create_unicode_buffer(_VOLUME_NAME)
        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
        found = kernel.GetVolumeNameForVolumeMountPointW(f"{drive}\\", buffer, _VOLUME_NAME)
    except (AttributeError, ImportError, OSError):
        return None
    return buffer.value + rest.lstrip("\\") if found else None


def allocate(fd: int, size: int) -> None:
    """Have the file system keep room for every byte of a file; what it holds stays as it is.

    Args:
        fd: open for reading and writing.
        size: of the file in bytes.

    Raises:
        OSError: there is no room.
    """
    if _posix_fallocate is not None:
        try:
            _posix_fallocate(fd, 0, size)
            return
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
    position = 0
    while position < size:  # write zeros into the holes
        start, end = next_data(fd, position, size) or (size, size)
        while position < start:
            position += pwrite(fd, bytes(min(_COPY_STEP, start - position)), position)
        position = end


def stored_bytes(status: os.stat_result) -> int | None:
    """Bytes that a file takes on its file system, where that tells; a sparse file takes fewer than it has."""
    blocks = getattr(status, "st_blocks", None)
    return None if blocks is None else blocks * _STATUS_UNIT


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
    """Have the names in a folder reach their medium; does nothing where folders cannot be opened or flushed."""
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

    The lock is of every kind that the system has: of the open file, which programs like QEMU respect, and `flock`.

    Returns:
        False when somebody else holds a lock on it. True where the system or the file system has no locks.
    """
    if not _lock_open_file(fd, "F_WRLCK"):
        return False
    if claim(fd) is not False:
        return True
    # On NFS both kinds are the same, and the second is refused because of the first: one of them is enough there.
    _lock_open_file(fd, "F_UNLCK")
    return claim(fd) is not False


def _lock_open_file(fd: int, kind: str) -> bool:
    """Set or give up the lock of the open file, whole; False when somebody else holds one."""
    if _FCNTL is None or not hasattr(_FCNTL, "F_OFD_SETLK"):
        return True
    whole_file = struct.pack("hhqqi", getattr(_FCNTL, kind), os.SEEK_SET, 0, 0, 0)
    try:
        _FCNTL.fcntl(fd, _FCNTL.F_OFD_SETLK, whole_file)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK)
    return True


def claim(fd: int) -> bool | None:
    """Take an open file for this process, until it is closed, towards all others that ask in the same way.

    Returns:
        True; False when somebody else has it; None where the system or the file system cannot tell.
    """
    if _FCNTL is None:
        return None
    try:
        _FCNTL.flock(fd, _FCNTL.LOCK_EX | _FCNTL.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
