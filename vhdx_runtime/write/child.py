"""What a child takes over from its parent, by what it names it, and which parents may have children.

Knows the pairs of a parent locator as they are written for a parent on this system. Reads the parent and its chain;
writes nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ..codec.confined import require_name
from ..codec.decode import guid_text
from ..codec.source import FileSource, Readable
from ..disk.chain import open_chain
from ..disk.image import Image, open_image
from ..errors import ChainError, IntegrityError, UnsupportedError
from ..portable import volume_path
from ..semantics import metadata
from ..semantics.locator import ABSOLUTE_WIN32_PATH, PARENT_LINKAGE, RELATIVE_PATH, VOLUME_PATH
from ..wording import path_word, size_text

_LONG: Final = "\\\\?\\"
_VOLUME: Final = re.compile(r"\\\\\?\\Volume\{", re.IGNORECASE)
_DRIVE: Final = re.compile(r"[A-Za-z]:\\")
_WRONG: Final = ("refuse", "degrade")
_NETWORK: Final = "\\\\"


@contextmanager
def opened_parent(file: Readable, parent_dirs: Iterable[str | os.PathLike[str]] = ()) -> Iterator[tuple[Image, ...]]:
    """Open a container that is to have a child, and its own parents.

    Args:
        file: the parent.
        parent_dirs: folders to search for its parents besides its own.

    Yields:
        The parent, its parent, and so on.

    Raises:
        IntegrityError: one of them is damaged, or was not closed cleanly.
        ChainError: a parent is missing, or has changed.
    """
    with open_image(file) as parent:
        chain = open_chain(parent, parent_dirs=parent_dirs)
        try:
            for image in chain.images:
                _require_sound(image)
            for finding in chain.findings:
                if finding.verdict in _WRONG:
                    raise finding.error()
            yield chain.images
        finally:
            chain.close_parents()


def _require_sound(image: Image) -> None:
    if image.log.state != "clean":
        mended = f"`vhdx repair --apply {path_word(image.name)}` writes home what is in its log"
        hint = f"{mended}; so does Hyper-V once it is attached there"
        raise IntegrityError(f"{image.name}: was not closed cleanly, and may not be a parent", hint=hint)
    from .recovery import require_undamaged  # slow to import, and few new files have a parent

    lost = require_undamaged(image, "may not be a parent").lost.bytes
    if lost:
        hint = f"`vhdx check {path_word(image.name)}` says which, and what reads the rest"
        raise IntegrityError(
            f"{image.name}: may not be a parent, as {size_text(lost)} of its disk cannot be read", hint=hint
        )


def taken_over(parent: Image, size: int | None, logical: int | None, physical: int | None) -> tuple[int, int, int]:
    """Size and sector sizes of a child: its parent's, where nothing else is asked for.

    Args:
        parent: the parent.
        size: of the child's disk in bytes, or None.
        logical: logical sector size in bytes, or None.
        physical: physical sector size in bytes, or None.

    Raises:
        UnsupportedError: logical sectors of another size than the parent's.

    Spec: MS-VHDX 2.6.2.4
    """
    own = parent.geometry
    if own is None:
        raise IntegrityError(f"{parent.name}: its sizes cannot be read; see vhdx check")
    if logical not in (None, own.logical_sector_size):
        what = f"has logical sectors of {own.logical_sector_size} bytes; a child has the same, not {logical}"
        raise UnsupportedError(f"{parent.name}: {what}")
    return (
        own.virtual_disk_size if size is None else size,
        own.logical_sector_size,
        own.physical_sector_size if physical is None else physical,
    )


def identity(parent: Image) -> bytes:
    """The virtual disk ID, which a child shares with its parent. Spec: MS-VHDX 2.6.2.3."""
    item = parent.metadata.get("virtual_disk_id")
    if item is None:
        raise IntegrityError(f"{parent.name}: has no virtual disk ID; see vhdx check")
    return metadata.read(parent.view, item)


def pairs(parent: Image, home: str | None, windows_paths: Iterable[str] = ()) -> list[tuple[str, str]]:
    """By what a child names its parent: the linkage and the paths, in Hyper-V's order.

    Args:
        parent: the parent.
        home: folder of the child, links resolved; None where it has none.
        windows_paths: where Windows finds the parent; on Windows, what the system says where none is given.

    Raises:
        ChainError: there is no path to the parent, or none that can be written.
        IntegrityError: the parent has no DataWriteGuid.
        ValueError: a path that is no absolute Windows path.

    Spec: MS-VHDX 2.6.2.6.3
    """
    if parent.headers.current is None:
        raise IntegrityError(f"{parent.name}: has no current header; see vhdx check")
    linkage = parent.headers.current.fields.data_write_guid.raw
    if not any(linkage):
        hint = "`vhdx convert` copies its disk into a new file, which has one"
        raise IntegrityError(f"{parent.name}: its DataWriteGuid is nil, and a child knows its parent by it", hint=hint)
    found = {PARENT_LINKAGE: f"{{{guid_text(linkage)}}}"}
    given = dict(_windows_path(path) for path in windows_paths or _of_system(parent))
    relative = {RELATIVE_PATH: _relative(parent, home)} if home is not None else {}
    if not given and not relative:
        raise ChainError(f"{parent.name}: no path leads there; name one that Windows knows, or write to a file")
    paths = relative | given
    found |= {key: paths[key] for key in (ABSOLUTE_WIN32_PATH, RELATIVE_PATH, VOLUME_PATH) if key in paths}
    return list(found.items())


def _relative(parent: Image, home: str) -> str:
    r"""The path from a folder to the parent, by backslashes; a name alone gets the `.\` that Hyper-V writes."""
    if not isinstance(parent.source, FileSource):
        raise ChainError(f"{parent.name}: is no file on a path, so no child can name it")
    try:
        names = os.path.relpath(os.path.realpath(parent.source.path), home).split(os.sep)
        path = "\\".join(names if names[0] == os.pardir else [os.curdir, *names])
        path.encode("utf-16-le")
    except ValueError as error:  # another drive of Windows; bytes that are no text
        raise ChainError(f"{parent.name}: no relative path leads there from {home}: {error}") from error
    try:
        require_name(os.path.basename(parent.name))
    except ChainError as error:
        raise ChainError(f"{parent.name}: no child finds a parent of that name; rename the parent") from error
    if any("\\" in name for name in names):
        raise ChainError(f"{parent.name}: a name with a backslash cannot stand in a child; rename the parent")
    return path


def _windows_path(path: str) -> tuple[str, str]:
    r"""Key and value for an absolute Windows path.

    >>> _windows_path("C:\\vm\\base.vhdx")
    ('absolute_win32_path', '\\\\?\\C:\\vm\\base.vhdx')
    """
    if _VOLUME.match(path):
        return VOLUME_PATH, path
    if path.startswith(_LONG):
        return ABSOLUTE_WIN32_PATH, path
    if _DRIVE.match(path):
        return ABSOLUTE_WIN32_PATH, _LONG + path
    if path.startswith(_NETWORK):
        return ABSOLUTE_WIN32_PATH, f"{_LONG}UNC\\{path.removeprefix(_NETWORK)}"
    raise ValueError(rf"{path!r} is no absolute Windows path; write C:\folder\file.vhdx")


def _of_system(parent: Image) -> list[str]:
    """The absolute path and the volume path of a file on Windows; nothing elsewhere."""
    if os.name != "nt" or not isinstance(parent.source, FileSource):
        return []
    path = os.path.realpath(parent.source.path)
    return [path, *filter(None, [volume_path(path)])]
