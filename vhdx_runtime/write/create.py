"""New containers: dynamic and fixed ones that are all zeros, and children of a parent.

Knows the order in which a new container is written. Where its parts lie, and their bytes, `layout` knows; what a child
has from its parent, `child`; how a new file gets its name, `newfile`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from os import PathLike
from types import NoneType
from typing import Final
from uuid import uuid4

from vhdx_format import layout as constants

from ..codec.source import Readable, Source
from ..disk.image import Image
from ..errors import VhdxError, file_error
from ..portable import allocate as allocate_all
from ..version import __version__
from . import child
from .layout import Contents, Layout, Table, headers, locator, plan, structures
from .newfile import new_file
from .target import DescriptorTarget, Target

CREATOR: Final = f"vhdx-runtime {__version__}"
BLOCK_STATES: Final = {
    "not-present": constants.PAYLOAD_BLOCK_STATE_NOT_PRESENT,
    "zero": constants.PAYLOAD_BLOCK_STATE_ZERO,
}


def create(
    target: str | PathLike[str] | Target,
    *,
    size: int | None = None,
    type: str | None = None,
    parent: Readable | None = None,
    parent_dirs: Iterable[str | PathLike[str]] = (),
    parent_paths: Iterable[str] = (),
    block_size: int | None = None,
    logical_sector_size: int | None = None,
    physical_sector_size: int | None = None,
    log_size: int | None = None,
    block_state: str | None = None,
    allocate: bool = False,
    creator: str | None = None,
    force: bool = False,
) -> Layout:
    """Make a new container that is all zeros, or a child of another one.

    The file gets its name when it is complete and on its medium. Defaults are those of Hyper-V.

    Args:
        target: path of the new file; or a target (`write.target.Target`), empty, which is written and flushed.
        size: of the virtual disk in bytes, rounded up to whole sectors; a child's may be left out, and is its parent's.
        type: "dynamic", "fixed" or "differencing"; None for dynamic or, with a parent, differencing.
        parent: the container under a child: a path, since the child has to name it.
        parent_dirs: folders to search for the parents of that parent, besides its own.
        parent_paths: where Windows will find the parent, by drive, volume or network share; the relative path is always
            written, too.
        block_size: a power of two from 1 MiB to 256 MiB; None for 32 MiB, of fixed disks and children 2 MiB.
        logical_sector_size: 512 or 4096; None for 512, in a child for its parent's, which must be the same.
        physical_sector_size: 512 or 4096; None for 4096, in a child for its parent's.
        log_size: a whole number of MiB; None for 1 MiB.
        block_state: "not-present" (None means this) or "zero": how the blocks of a dynamic disk begin. Both read as
            zeros; only of the second the specification says so, and its table takes room in the file.
        allocate: have the file system keep room for the whole file, so that it is not sparse.
        creator: name of the program to write into the file.
        force: replace a file of that name.

    Returns:
        Where the parts of the file lie; its `geometry` has the sizes.

    Raises:
        TypeError: a size that is no whole number.
        ValueError: an argument that makes no sense, or that the format does not allow.
        TakenFileError: there is such a file.
        VhdxError: the parent cannot be read, is damaged, was not closed cleanly, or has sectors of another size.
        FileError: the file cannot be written; nothing of it is left.

    Spec: MS-VHDX 2.1
    """
    disk_type = type or ("dynamic" if parent is None else "differencing")
    if (disk_type == "differencing") != (parent is not None):
        raise ValueError("a differencing disk needs a parent, and no other type has one")
    state = first_state(disk_type, block_state)
    home = _home_of(target)
    with child.opened_parent(parent, parent_dirs) if parent is not None else nullcontext(()) as images:
        contents = contents_of(creator, next(iter(images), None), home, parent_paths)
        if images:
            sizes = child.taken_over(images[0], size, logical_sector_size, physical_sector_size)
            size, logical_sector_size, physical_sector_size = sizes
        if size is None:
            raise ValueError("size is missing: how large is the disk to be?")
        made = plan(
            size,
            disk_type,
            block_size=block_size,
            logical_sector_size=logical_sector_size,
            physical_sector_size=physical_sector_size,
            log_size=log_size,
        )
        with new_target(target, force, [image.source for image in images]) as out:
            write(out, made, contents, Table(made, state), allocate=allocate)
    return made


def _home_of(target: object) -> str | None:
    """The folder of the new file, links resolved; None for a target without one."""
    if isinstance(target, (str, os.PathLike)):
        return os.path.dirname(os.fsdecode(os.path.realpath(target)))
    if not hasattr(target, "write_at"):
        raise TypeError(f"the new file must be a path or a target, not {target.__class__.__name__}")
    return None


def first_state(disk_type: str, block_state: str | None) -> int:
    """The state in which the blocks of a new disk begin.

    Args:
        disk_type: "dynamic", "fixed" or "differencing".
        block_state: "not-present" or "zero", None for the usual one of the type.

    Raises:
        ValueError: one that the type cannot have.

    Spec: MS-VHDX 2.5.1.1
    """
    if block_state is not None and block_state not in BLOCK_STATES:
        raise ValueError(f"block state must be one of {', '.join(BLOCK_STATES)}, not {block_state!r}")
    if disk_type == "fixed":
        if block_state is not None:
            raise ValueError("block state: all blocks of a fixed disk are there")
        return constants.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
    if disk_type == "differencing" and block_state == "zero":
        raise ValueError("block state: zero blocks in a child would hide its parent")
    return BLOCK_STATES[block_state or "not-present"]


def contents_of(
    creator: str | None = None, parent: Image | None = None, home: str | None = None, paths: Iterable[str] = ()
) -> Contents:
    """What a new container says of itself and, where it has one, of its parent.

    Args:
        creator: name of the program; None for this one.
        parent: the container under it, or None.
        home: folder of the new file, or None where it has none.
        paths: where Windows finds the parent.
    """
    if not isinstance(creator, (str, NoneType)):
        raise TypeError(f"creator must be a text, not {creator.__class__.__name__}")
    creator = CREATOR if creator is None else creator
    if parent is None:
        return Contents(creator, uuid4().bytes_le)
    return Contents(creator, child.identity(parent), locator(child.pairs(parent, home, paths)))


def write(
    out: Target, made: Layout, contents: Contents, table: Table, *, size: int | None = None, allocate: bool = False
) -> None:
    """Write all of a new container but its blocks; the headers last, once all else is on the medium.

    Args:
        out: empty, but for blocks that lie behind the layout's parts.
        made: where the parts lie.
        contents: what the file says of itself.
        table: its BAT.
        size: of the file in bytes; None for the parts alone and, where the disk is fixed, all blocks.
        allocate: have the file system keep room for all of it.

    Raises:
        OSError: it could not be written.

    Spec: MS-VHDX 2.1
    """
    if size is None:
        size = made.full_size if made.geometry.disk_type == "fixed" else made.data_offset
    out.resize(size)
    for part in structures(made, contents):
        out.write_at(part.file_offset, part.data)
    for part in table.parts():
        out.write_at(part.file_offset, part.data)
    if allocate and out.fd is not None:
        allocate_all(out.fd, size)
    out.flush()
    for part in headers(made):
        out.write_at(part.file_offset, part.data)
    out.flush()


@contextmanager
def new_target(target: str | os.PathLike[str] | Target, force: bool, inputs: Iterable[Source]) -> Iterator[Target]:
    """A new file to write to, as `newfile.new_file` makes it; a target as it is."""
    if not isinstance(target, (str, os.PathLike)):
        yield target
        return
    name = os.fsdecode(target)
    try:
        with new_file(name, force=force, inputs=list(inputs)) as fd:
            yield DescriptorTarget(fd, name)
    except OSError as error:
        if isinstance(error, VhdxError):
            raise
        text = f"{error.filename or name}: {error.strerror or error}"
        raise file_error(text, error, error.filename or name) from error
