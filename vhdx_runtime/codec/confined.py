"""Files that a stranger's path may lead to: regular files inside folders that somebody allowed, and nothing else.

Takes Windows paths apart by their text, so that none of them ever reaches the system as it is: what reaches it is an
allowed folder with plain names after it. Knows nothing of parents or of the format.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from typing import Final

from ..errors import ChainError
from .overlay import Overlay
from .source import FileSource, Source, file_identity, open_source

_SEPARATORS: Final = re.compile(r"[\\/]+")
_SHOWN_CHARACTERS: Final = 200
_DRIVE: Final = re.compile(r"\A[A-Za-z]:")

# Names that Windows gives to devices, in every folder and with every extension; refused everywhere, as files move.
_DEVICES: Final = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{name}{digit}" for name in ("COM", "LPT") for digit in "123456789¹²³"
}


def folder_of(source: Source) -> str | None:
    """The folder of a source's real file, links resolved; None for what is no file on a path, or has been moved."""
    while isinstance(source, Overlay):
        source = source.base
    if not isinstance(source, FileSource):
        return None
    real = os.path.realpath(source.path)
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
    names = [name for name in _SEPARATORS.split(_DRIVE.sub("", value)) if name not in ("", ".")] or [""]
    found = [os.path.normpath(os.path.join(home, *names))] if home is not None else []
    found += [os.path.join(folder, names[-1]) for folder in folders]
    yield from dict.fromkeys(found)


def spellings(path: str, folders: Sequence[str]) -> list[str]:
    """The path itself where something is there or it may not be looked up; else files whose names differ by case only.

    Args:
        path: absolute path.
        folders: the allowed folders, links resolved.

    Returns:
        One path or more.
    """
    folder, name = os.path.split(path)
    try:
        if not _is_inside(path, folders) or os.path.lexists(path):
            return [path]
        real = os.path.realpath(folder)
        if not _is_inside(os.path.join(real, name), folders):
            return [path]
        with os.scandir(real) as entries:
            alike = sorted(entry.name for entry in entries if entry.name.casefold() == name.casefold())
    except (OSError, ValueError):
        return [path]
    return [os.path.join(folder, found) for found in alike] or [path]


def open_confined(path: str, folders: Sequence[str]) -> Source:
    """Open a file for reading if it is a regular file inside one of the folders; otherwise open nothing.

    Args:
        path: absolute path.
        folders: the allowed folders, links resolved.

    Returns:
        The source.

    Raises:
        ChainError: it is outside, not there, not a regular file, or its name is none.
        FormatError: it cannot be opened.
    """
    _check_name(os.path.basename(path))
    if not _is_inside(path, folders):  # by its text, before the system hears of it: a look may mount a network folder
        raise ChainError("lies outside the allowed folders; not looked up")
    try:
        real = os.path.realpath(path)
        if not _is_inside(real, folders):
            raise ChainError(f"leads to {real[:_SHOWN_CHARACTERS]!r}, outside the allowed folders; not opened")
        status = os.lstat(real)
    except FileNotFoundError as error:
        raise ChainError("is not there") from error
    except (OSError, ValueError) as error:  # ValueError: text that no path can hold
        raise ChainError(f"cannot be looked up: {getattr(error, 'strerror', None) or 'no path'}") from error
    if not stat.S_ISREG(status.st_mode):
        raise ChainError("is no regular file; not opened")
    source = open_source(real)
    if source.identity != file_identity(status):
        source.close()
        raise ChainError("was replaced while it was opened")
    return source


def _check_name(name: str) -> None:
    stem = name.split(".")[0].rstrip(" ").upper()
    control = any(character < " " for character in name)
    stream = ":" in name and os.name == "nt"
    if not name.strip(" .") or control or stream or stem in _DEVICES:
        raise ChainError(f"{name[:_SHOWN_CHARACTERS]!r} is no name of a file; not looked up")


def _is_inside(path: str, folders: Sequence[str]) -> bool:
    wanted = os.path.normcase(os.path.normpath(path))
    return any(wanted.startswith(os.path.normcase(folder).rstrip(os.sep) + os.sep) for folder in folders)
