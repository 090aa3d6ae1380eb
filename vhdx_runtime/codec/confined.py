"""Files that a stranger's path may lead to: regular files inside folders that somebody allowed, and nothing else.

Takes Windows paths apart by their text, so that none of them ever reaches the system as it is. What reaches it is one
plain name at a time, looked up in a folder that is open already; links are followed by hand. So whoever exchanges
folders and links meanwhile gains nothing, and nothing outside the allowed folders is even looked at.
"""

from __future__ import annotations

import errno
import heapq
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from unicodedata import normalize

from ..errors import SHORTAGES, ChainError, VhdxError, file_error
from ..portable import HAS_DIR_FD, final_path, open_folder, open_read_only
from .overlay import Overlay
from .source import FileSource, Source, file_identity

_SEPARATORS: Final = re.compile(r"[\\/]+")
_SHOWN_CHARACTERS: Final = 200
_DRIVE: Final = re.compile(r"\A[A-Za-z]:")

# Not in the specification: names of a path that is spelled otherwise, and spellings that are tried.
_DEPTH_MAX: Final = 64
_SPELLINGS_MAX: Final = 16

# Not in the specification: as many links as Linux follows on one path.
_LINKS_MAX: Final = 40

# Names that Windows gives to devices, in every folder and with every extension; refused everywhere, as files move.
_DEVICES: Final = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{name}{digit}" for name in ("COM", "LPT") for digit in "123456789¹²³"
}


def folder_of(source: Source) -> str | None:
    """The folder of a source's real file, links resolved; None for what is no file on a path, or has been moved."""
    while isinstance(source, Overlay):
        source = source.base
    path = getattr(source, "path", "")
    if not path:
        return None
    real = os.path.realpath(path)
    try:
        return os.path.dirname(real) if file_identity(os.stat(real)) == source.identity else None
    except OSError:
        return None


def places(value: str, home: str | None, folders: Sequence[str]) -> Iterator[str]:
    r"""Where the file that a Windows path names may be, the best place first. Nothing is looked up.

    Args:
        value: the path, separated by backslashes or slashes.
        home: folder from which the path starts, or None to take its last name only.
        folders: folders in which a file of that last name may lie.

    Returns:
        Paths; they may lead anywhere, `open_confined` refuses those that leave the folders.

    >>> list(places("..\\base\\a.vhdx", "/vm/child", ["/vm/child", "/disks"]))
    ['/vm/base/a.vhdx', '/vm/child/a.vhdx', '/disks/a.vhdx']
    >>> list(places("C:\\vm\\a.vhdx", None, ["/disks"]))
    ['/disks/a.vhdx']
    """
    names = _names(value)
    found = [os.path.normpath(os.path.join(home, *names))] if home is not None else []
    found += [os.path.join(folder, names[-1]) for folder in folders]
    yield from dict.fromkeys(found)


def last_name(value: str) -> str:
    r"""The last name of a Windows path, or of one of this system.

    >>> last_name("C:\\vm\\a.vhdx"), last_name("/vm/a.vhdx")
    ('a.vhdx', 'a.vhdx')
    """
    return _names(value)[-1]


def _names(value: str) -> list[str]:
    return [name for name in _SEPARATORS.split(_DRIVE.sub("", value)) if name not in ("", ".")] or [""]


def are_alike(name: str, other: str) -> bool:
    """True for names that differ by case, or by how accents are written: as one character (NFC) or as two (NFD).

    >>> are_alike("B\u00e4se.vhdx", "BA\u0308SE.vhdx")
    True
    """
    return _plain(name) == _plain(other)


def _plain(name: str) -> str:
    return normalize("NFD", normalize("NFD", name).casefold())


def spellings(path: str, folders: Sequence[str]) -> list[str]:
    """The path itself where something is there or it may not be looked up; else files of names that are alike."""
    inside = [folder for folder in folders if _is_inside(path, [folder])]
    try:
        if not inside or _alike(*os.path.split(path), folders) == [path]:
            return [path]
        found = [max(inside, key=len)]
        names = os.path.relpath(path, found[0]).split(os.sep)
        if len(names) > _DEPTH_MAX:
            return [path]
        for name in names:
            found = [one for folder in found for one in _alike(folder, name, folders)][:_SPELLINGS_MAX]
    except ValueError:  # text that no path can hold
        return [path]
    return found or [path]


def _alike(folder: str, name: str, folders: Sequence[str]) -> list[str]:
    """What is in a folder under a name, or else under names that are alike; nothing where it may not be looked up."""
    try:
        with _reached(os.path.join(folder, name), folders, follow=False) as (fd, real, last):
            if _is_there(fd, real, last):
                return [os.path.join(folder, name)]
            wanted = _plain(name)
            return sorted(
                os.path.join(folder, other) for other in os.listdir(real if fd < 0 else fd) if _plain(other) == wanted
            )
    except (ChainError, OSError):
        return []


def _is_there(fd: int, folder: str, name: str) -> bool:
    try:
        _status(fd, folder, name)
    except FileNotFoundError:
        return False
    return True


def names_in(folder: str, most: int) -> tuple[list[str], int]:
    """Names in a folder, the first ones in order where there are very many.

    Args:
        folder: its path.
        most: number of names that are kept.

    Returns:
        The names, and how many there are in all.

    Raises:
        ChainError: it cannot be listed.
    """
    count = 0

    def _counted(entries: Iterator[os.DirEntry[str]]) -> Iterator[str]:
        nonlocal count
        for count, entry in enumerate(entries, 1):  # noqa: B007 - the last number is how many there are
            yield entry.name

    try:
        with os.scandir(folder) as entries:
            return heapq.nsmallest(most, _counted(entries)), count
    except OSError as error:
        raise ChainError(f"cannot be listed: {error.strerror or error}") from error


def open_confined(path: str, folders: Sequence[str]) -> Source:
    """Open a file for reading if it is a regular file inside one of the folders; otherwise open nothing.

    Raises:
        ChainError: it is outside, not there, not a regular file, or its name is none.
        FormatError: it cannot be opened.
    """
    require_name(os.path.basename(path))
    try:
        with _reached(path, folders) as (fd, folder, name):
            status = _status(fd, folder, name)
            if not stat.S_ISREG(status.st_mode):
                raise ChainError("is no regular file; not opened")
            source = FileSource(os.path.join(folder, name), _opened(fd, folder, name, folders))
    except FileNotFoundError as error:
        raise ChainError("is not there") from error
    except VhdxError:
        raise
    except (OSError, ValueError) as error:  # ValueError: text that no path can hold
        if isinstance(error, OSError) and error.errno in SHORTAGES:
            raise file_error(f"{path}: cannot be looked up: {error.strerror}", error, path) from error
        raise ChainError(f"cannot be looked up: {getattr(error, 'strerror', None) or 'no path'}") from error
    if source.identity != file_identity(status):
        source.close()
        raise ChainError("was replaced while it was opened")
    return source


@contextmanager
def _reached(path: str, folders: Sequence[str], *, follow: bool = True) -> Iterator[tuple[int, str, str]]:
    """Go to the folder that a path leads to, name by name.

    Args:
        path: absolute path.
        folders: the allowed folders, links resolved.
        follow: also a link under the last name.

    Returns:
        A descriptor of that folder, or -1 where the system cannot look up names in one that is open; its path; the
        last name.

    Raises:
        ChainError: it leaves the folders; nothing there was looked up.
        OSError: something on the way is not there, or cannot be looked up.
    """
    if not _is_inside(path, folders):  # by its text, before the system hears of it: a look may mount a network folder
        raise ChainError("lies outside the allowed folders; not looked up")
    if not HAS_DIR_FD:
        yield -1, *os.path.split(_real(path, folders) if follow else path)
        return
    links = 0
    while links <= _LINKS_MAX:
        folder, names = _below(path, folders)
        fd = open_folder(folder)
        try:
            while names:
                name = names.pop(0)
                if name == "..":  # the folder has no links in it, so the one above it is known by its text
                    path = os.path.join(os.path.dirname(folder), *names)
                    break
                if (names or follow) and stat.S_ISLNK(_status(fd, folder, name).st_mode):
                    path = os.path.join(folder, os.readlink(name, dir_fd=fd), *names)
                    links += 1
                    break
                if not names:
                    yield fd, folder, name
                    return
                inner = open_folder(name, dir_fd=fd)
                os.close(fd)
                folder, fd = os.path.join(folder, name), inner
            else:
                raise ChainError("is no regular file; not opened")
        finally:
            os.close(fd)
    raise ChainError(f"leads through more than {_LINKS_MAX} links; not opened")


def _below(path: str, folders: Sequence[str]) -> tuple[str, list[str]]:
    """The innermost allowed folder that a path starts with, and the names from there."""
    for folder in sorted(folders, key=len, reverse=True):
        start = folder.rstrip(os.sep) + os.sep
        if path.startswith(start):
            return folder, [name for name in path[len(start) :].split(os.sep) if name not in ("", ".")]
    raise ChainError(f"leads to {path[:_SHOWN_CHARACTERS]!r}, outside the allowed folders; not opened")


def _real(path: str, folders: Sequence[str]) -> str:
    """A path with its links resolved by the system, where it must lie inside the folders."""
    real = os.path.realpath(path)
    if not _is_inside(real, folders):
        raise ChainError(f"leads to {real[:_SHOWN_CHARACTERS]!r}, outside the allowed folders; not opened")
    return real


def _status(fd: int, folder: str, name: str) -> os.stat_result:
    return os.lstat(os.path.join(folder, name)) if fd < 0 else os.stat(name, dir_fd=fd, follow_symlinks=False)


def _opened(fd: int, folder: str, name: str, folders: Sequence[str]) -> int:
    """Open a file of a folder, never through a link."""
    path = os.path.join(folder, name)
    try:
        opened = open_read_only(path) if fd < 0 else open_read_only(name, dir_fd=fd)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ChainError("was replaced while it was opened") from error
        raise file_error(f"{path}: cannot be opened: {error.strerror or error}", error, path) from error
    final = final_path(opened)  # None where the folder was open
    if final is not None and not _is_inside(final, folders):
        os.close(opened)
        raise ChainError(f"was replaced while it was opened: it is {final[:_SHOWN_CHARACTERS]!r}")
    return opened


def require_name(name: str) -> None:
    """Refuse what is no name of a file on some system: a device of Windows, control characters, blanks alone.

    Raises:
        ChainError: it is none.
    """
    stem = name.split(".")[0].rstrip(" ").upper()
    control = any(character < " " for character in name)
    stream = ":" in name and os.name == "nt"
    if not name.strip(" .") or control or stream or stem in _DEVICES:
        raise ChainError(f"{name[:_SHOWN_CHARACTERS]!r} is no name of a file; not looked up")


def _is_inside(path: str, folders: Sequence[str]) -> bool:
    wanted = os.path.normcase(os.path.normpath(path))
    return any(wanted.startswith(os.path.normcase(folder).rstrip(os.sep) + os.sep) for folder in folders)
