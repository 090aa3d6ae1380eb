"""A new file that is there whole or not at all: it gets its name once it is complete and on its medium.

It never touches an existing file. Knows nothing of what is written.

The file is a *draft* until it is complete: where the system can, one without a name, which is gone with the process
whatever ends it; else a `.vhdx-*.part` beside the target. A draft with a name is locked; one that nobody holds any more
was left behind by a run that was killed, and the next run in that folder removes it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from ..codec.source import Source, file_identity
from ..errors import TakenFileError, VhdxError
from ..portable import claim, copy_range, flush, flush_folder, next_data

_OPEN: Final = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_AGAIN: Final = _OPEN | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_NAMELESS: Final[int] = getattr(os, "O_TMPFILE", 0)
_OWN_FILES: Final = "/proc/self/fd"
_PART: Final = re.compile(r"\.vhdx-[0-9a-f]{16}\.part")
_TRIES: Final = 8
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@contextmanager
def new_file(path: str, *, force: bool, inputs: Collection[Source]) -> Iterator[int]:
    """Make a file that gets its name once it is complete and on its medium; a failed run leaves nothing behind.

    It may be read and written by nobody who may not do so with each of the inputs, and with a file that it replaces.

    Args:
        path: its name. Of a symbolic link, the file that it points to is replaced; there must be one.
        force: replace a file of that name.
        inputs: what is read; no file of it is ever replaced.

    Yields:
        File descriptor of an empty file, open for reading and writing.

    Raises:
        TakenFileError: there is such a file, or it is one of the inputs, no regular file, or a link that leads nowhere.
        OSError: the file cannot be made or written; it names `path`.
    """
    target = os.path.realpath(path)
    stricter = _require_free(path, target, force, inputs)
    stricter += [os.fstat(source.fd) for source in inputs if source.fd is not None]
    with _naming(path, os.path.dirname(target)):
        _remove_left_behind(os.path.dirname(target))
        draft = _Draft(os.path.dirname(target))
        try:
            _restrict(draft.fd, stricter)
            yield draft.fd
            flush(draft.fd)
            if not draft.publish(target, force):
                raise _taken(path, "exists", "`--force` replaces it; or name another file")
        finally:
            draft.close()
        flush_folder(os.path.dirname(target))


def _require_free(path: str, target: str, force: bool, inputs: Collection[Source]) -> list[os.stat_result]:
    """See that the name may be taken; what is known of the file that will be replaced, if any."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        if os.path.islink(path):
            raise _taken(
                path, "is a symbolic link to what is not there", "remove the link, or name another file"
            ) from None
        return []
    if file_identity(status) in {source.identity for source in inputs}:
        raise _taken(path, "is one of the files that are read", "name another file; what is read is never replaced")
    if not stat.S_ISREG(status.st_mode):
        raise _taken(
            path, "is there and no regular file", "name a file; - writes to standard output where a command allows it"
        )
    if not force:
        raise _taken(path, "exists", "`--force` replaces it; or name another file")
    return [status]


def _taken(path: str, why: str, hint: str) -> TakenFileError:
    error = TakenFileError(f"{path}: {why}", hint=hint)
    error.errno, error.strerror, error.filename = errno.EEXIST, why, path
    return error


def _restrict(fd: int, stricter: Collection[os.stat_result]) -> None:
    """Take from a new file what others may not do with files that exist; the members of another group are others."""
    if not hasattr(os, "fchmod"):  # Windows before Python 3.13: a file has the permissions of its folder
        return
    made = os.fstat(fd)
    mode = stat.S_IMODE(made.st_mode)
    for status in stricter:
        allowed = status.st_mode & _OTHERS
        if status.st_gid != made.st_gid:
            allowed = (allowed & stat.S_IRWXO) | (allowed & stat.S_IRWXO) << 3
        mode &= allowed | stat.S_IRWXU
    if mode != stat.S_IMODE(made.st_mode):
        os.fchmod(fd, mode)


class _Draft:
    """A file in a folder that has not got its name yet.

    Attributes:
        fd: open for reading and writing, -1 once closed.
        name: path that it has for the time being, or None.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.name: str | None = None
        self.fd = -1
        if _NAMELESS and os.path.isdir(_OWN_FILES):
            with suppress(OSError):  # many file systems cannot
                self.fd = os.open(folder, _OPEN | _NAMELESS, 0o666)
        if self.fd < 0:
            self.fd, self.name = _named(folder)

    def publish(self, target: str, force: bool) -> bool:
        """Give the file its name; False where there is such a file, which is replaced by force only."""
        if self.name is None and not self._link(target, force):
            return False
        if self.name is None:
            return True
        if os.name == "nt":  # there an open file keeps its name
            self._close_file()
        if not force:
            try:
                os.link(self.name, target)
                return True
            except FileExistsError:
                return False
            except OSError:  # a file system without hard links
                if os.path.lexists(target):
                    return False
        os.replace(self.name, target)
        self.name = None
        return True

    def _link(self, target: str, force: bool) -> bool:
        """Give a name to a file that has none: that of the target or, as a link replaces nothing, one beside it."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        name = _part_name() if force else os.path.basename(target)
        try:
            claim(self.fd)
            os.link(f"{_OWN_FILES}/{self.fd}", name, dst_dir_fd=folder, follow_symlinks=True)
            self.name = os.path.join(self.folder, name) if force else None
        except FileExistsError:
            return False
        except OSError:  # a file system that has such files, but no links: what is in it is moved
            fd, self.name = _named(self.folder)
            nameless, self.fd = self.fd, fd
            try:
                _copy(nameless, fd)
            finally:
                os.close(nameless)
        finally:
            os.close(folder)
        return True

    def _close_file(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def close(self) -> None:
        """Close the file, and remove it where it has not got its own name."""
        name, self.name = self.name, None
        try:
            if name is not None:
                with suppress(FileNotFoundError):
                    os.unlink(name)
        finally:
            self._close_file()


def _part_name() -> str:
    return f".vhdx-{os.urandom(8).hex()}.part"


def _named(folder: str) -> tuple[int, str]:
    """Make an empty file with a name for the time being, locked: its descriptor and its path."""
    for _ in range(_TRIES):
        name = os.path.join(folder, _part_name())
        fd = os.open(name, _OPEN | os.O_CREAT | os.O_EXCL, 0o666)
        if claim(fd) is not False:
            return fd, name
        os.close(fd)  # another run took it for one that was left behind, and removes it
    raise OSError(f"{folder}: other runs remove every file as it is made")


def _copy(fd: int, out: int) -> None:
    """Copy a file to another one, its holes and its permissions, too."""
    size = os.fstat(fd).st_size
    os.fchmod(out, stat.S_IMODE(os.fstat(fd).st_mode))
    os.ftruncate(out, size)
    offset = 0
    while (found := next_data(fd, offset, size)) is not None:
        start, offset = found
        copy_range(fd, start, out, start, offset - start)
    flush(out)


def _remove_left_behind(folder: str) -> None:
    """Remove drafts of this user that a run left behind, as it was killed: those that nobody holds."""
    with suppress(OSError), os.scandir(folder) as entries:
        for name in [entry.path for entry in entries if _PART.fullmatch(entry.name)]:
            with suppress(OSError):
                _remove_unheld(name)


def _remove_unheld(name: str) -> None:
    status = os.lstat(name)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != getattr(os, "geteuid", lambda: status.st_uid)():
        return
    fd = os.open(name, _AGAIN)
    try:
        if file_identity(os.fstat(fd)) == file_identity(status) and claim(fd):
            os.unlink(name)
    finally:
        os.close(fd)


@contextmanager
def _naming(path: str, folder: str) -> Iterator[None]:
    """Have an error of the system, a full disk say, name the file as the user does."""
    try:
        yield
    except OSError as error:
        name = error.filename
        is_ours = isinstance(name, str) and (name == folder or _PART.fullmatch(os.path.basename(name)))
        if not isinstance(error, VhdxError) and (name is None or is_ours):
            error.filename = path
        raise
