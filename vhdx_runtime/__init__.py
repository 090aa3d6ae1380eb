"""Read, check and write VHDX, the virtual disk format of Hyper-V, and show every byte of it.

::

    import vhdx_runtime as vhdx

    with vhdx.open("child.avhdx", parent_dirs=["/disks"]) as disk:
        first = disk.read_at(0, 4096)
        for piece in disk.ranges():
            print(piece.kind, piece.virtual_offset, piece.length)

A file is changed only where a disk was opened with `mode="r+"`; `create` makes a new one::

    vhdx.create("disk.vhdx", size=10 << 30)
    with vhdx.open("disk.vhdx", mode="r+") as disk:
        disk.write_at(1 << 20, b"hello")
    print(vhdx.check("disk.vhdx").conclusion)

What there is, each with a help of its own:

* `open(file)` gives the virtual disk of a container and its parents, a `VirtualDisk`: `size`, `read_at`, `readinto_at`,
  `ranges`, `name`, `mode`, and all that a binary file object has. With `mode="r+"` it is a `WritableDisk`, which also
  has `write_at`, `writefrom_at`, `flush`, `trim` and `zero`. With `salvage=True` it reads what is left of a damaged
  file and lists the rest in `lost`.
* `check(file)` says everything that is wrong and what it costs the reader: a report with `state`, `findings`, `lost`.
* `create(path, size=...)` makes a new container, or with `parent=` a child of another one.
* `open_image(file)` gives one container by itself, an `Image`: its headers, log, regions, metadata and table.
* `write.recording` holds a file in memory and gives whatever a crash may leave of it, for crash tests of your own.
* Every error about a file is a `VhdxError`, with `rule`, `place`, `spec` and, where something helps, `hint`.

Sizes and offsets are in bytes. `vhdx book python` shows ten things that people do.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from .check.library import check  # from here on the name is the function's, and the package's no more
from .errors import (
    ChainError,
    FileError,
    FormatError,
    IntegrityError,
    Place,
    TakenFileError,
    UnsupportedError,
    VhdxError,
)
from .version import __version__

if TYPE_CHECKING:
    from .codec.source import Readable
    from .disk.image import Image, open_image
    from .disk.ranges import Range
    from .disk.virtual import VirtualDisk
    from .findings import Finding
    from .write.create import create
    from .write.disk import WritableDisk

_WHERE: Final = {  # loaded when asked for: the command starts in half the time, and who reads needs no builders
    "Finding": ".findings",
    "Image": ".disk.image",
    "Range": ".disk.ranges",
    "VirtualDisk": ".disk.virtual",
    "WritableDisk": ".write.disk",
    "create": ".write.create",
    "open_image": ".disk.image",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_WHERE[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


@overload
def open(
    file: Readable,
    mode: Literal["r"] = "r",
    *,
    parents: Iterable[Readable] = (),
    parent_dirs: Iterable[str | PathLike[str]] = (),
    accept_parents: Iterable[Readable] = (),
    log: str = "replay",
    header: int | None = None,
    without_parent: bool = False,
    salvage: bool = False,
    mapped: bool = False,
) -> VirtualDisk: ...


@overload
def open(
    file: str | PathLike[str],
    mode: Literal["r+"],
    *,
    parents: Iterable[Readable] = (),
    parent_dirs: Iterable[str | PathLike[str]] = (),
) -> WritableDisk: ...


def open(
    file: Readable,
    mode: str = "r",
    *,
    parents: Iterable[Readable] = (),
    parent_dirs: Iterable[str | PathLike[str]] = (),
    accept_parents: Iterable[Readable] = (),
    log: str = "replay",
    header: int | None = None,
    without_parent: bool = False,
    salvage: bool = False,
    mapped: bool = False,
) -> VirtualDisk:
    """Open the virtual disk of a container and its parents, read-only or to be written.

    Args:
        file: path, seekable binary file object, or bytes; a path to write.
        mode: "r", or "r+" to write: with a sound file only, which nobody else writes, and without any of the options
            for a rescue. A log that whoever wrote before left behind is then replayed into the file.
        parents: candidates for the parents, at whatever depth and in any order; each is recognised by its linkage.
        parent_dirs: folders to search for parents besides the child's own; there a parent of any name is found.
        accept_parents: parents to take although they have changed since the child was made (rescue). What the child
            does not hold itself may then be wrong; `chain.findings` says so of each.
        log: "replay" serves the log's updates from memory; "ignore" reads the file as if it had none (rescue).
        header: 1 or 2 to take that header whatever its state (rescue).
        without_parent: look for no parent; what is left to it reads as zeros (rescue).
        salvage: what cannot be read reads as zeros and is listed in `lost`; a log of which the unused rest is cut off,
            or that says that the file was longer, is replayed all the same (rescue).
        mapped: True lets small reads come from a memory mapping, which is faster. Only for files that nobody cuts off
            while they are open, on media that do not fail: there such a read ends the process instead of raising.

    Returns:
        The disk; a context manager and an `io.RawIOBase`. To write, one with `write_at`, `flush`, `trim` and `zero`.

    Raises:
        VhdxError: the first rule that does not hold and for which the file must be refused; to write, one for which
            it can be read in part only, too.
        FileError: the file is not there or cannot be read; a `VhdxError`, and an `OSError` such as FileNotFoundError.
        ValueError: an argument that makes no sense.

    Spec: MS-VHDX 2
    """
    if mode == "r+":
        if (accept_parents, log, header, without_parent, salvage, mapped) != ((), "replay", None, False, False, False):
            raise ValueError('mode "r+" goes with no option but parents and parent_dirs; repair mends what is damaged')
        if not isinstance(file, (str, PathLike)):
            raise ValueError(f'mode "r+" needs a path, not {type(file).__name__}')
        from .write.disk import open_writable  # who only reads need not load it

        return open_writable(file, parents=parents, parent_dirs=parent_dirs)
    if mode != "r":
        raise ValueError(f'mode must be "r" (to read) or "r+" (to write, too), not {mode!r}')
    from .disk.chain import open_chain
    from .disk.image import open_image
    from .disk.virtual import VirtualDisk

    child = open_image(file, log=log, header=header, salvage=salvage)
    try:
        chain = open_chain(
            child,
            parents=parents,
            parent_dirs=parent_dirs,
            accept_parents=accept_parents,
            without_parent=without_parent,
        )
        return VirtualDisk(chain, salvage=salvage, mapped=mapped)
    except BaseException:
        child.close()
        raise


__all__ = [
    "ChainError",
    "FileError",
    "Finding",
    "FormatError",
    "Image",
    "IntegrityError",
    "Place",
    "Range",
    "TakenFileError",
    "UnsupportedError",
    "VhdxError",
    "VirtualDisk",
    "WritableDisk",
    "__version__",
    "check",
    "create",
    "open",
    "open_image",
]
