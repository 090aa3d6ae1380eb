"""Read VHDX, the virtual disk format of Hyper-V, and show every byte of it.

::

    import vhdx_runtime as vhdx

    with vhdx.open("child.avhdx", parent_dirs=["/disks"]) as disk:
        first = disk.read_at(0, 4096)
        for piece in disk.ranges():
            print(piece.kind, piece.virtual_offset, piece.length)

`open` gives the virtual disk of a container and its parents, `open_image` one container by itself. Nothing here
changes a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

from .chain import open_chain
from .codec.source import Readable
from .disk import VirtualDisk
from .errors import ChainError, FormatError, IntegrityError, Place, UnsupportedError, VhdxError
from .findings import Finding
from .image import Image, open_image
from .ranges import Range

__version__ = "0.1.0"


def open(
    file: Readable,
    *,
    parents: Iterable[Readable] = (),
    parent_dirs: Iterable[str | PathLike[str]] = (),
    log: str = "replay",
    header: int | None = None,
    without_parent: bool = False,
    salvage: bool = False,
    mapped: bool = True,
) -> VirtualDisk:
    """Open the virtual disk of a container and its parents, read-only.

    Args:
        file: path, seekable binary file object, or bytes.
        parents: candidates for the parents, at whatever depth and in any order; each is recognised by its linkage.
        parent_dirs: folders to search for parents besides the child's own.
        log: "replay" serves the log's updates from memory; "ignore" reads the file as if it had none (rescue).
        header: 1 or 2 to take that header whatever its state (rescue).
        without_parent: look for no parent; what is left to it reads as zeros (rescue).
        salvage: what cannot be read reads as zeros and is listed in `lost` (rescue).
        mapped: False for files that somebody may cut off while they are open, or on media that fail: small reads then
            never come from a memory mapping, which is slower, but raises where a mapping would end the process.

    Returns:
        The disk; a context manager and an `io.RawIOBase`.

    Raises:
        VhdxError: the first rule that does not hold and for which the file must be refused.
        ValueError: an argument that makes no sense.

    Spec: MS-VHDX 2
    """
    child = open_image(file, log=log, header=header)
    try:
        chain = open_chain(child, parents=parents, parent_dirs=parent_dirs, without_parent=without_parent)
        return VirtualDisk(chain, salvage=salvage, mapped=mapped)
    except BaseException:
        child.close()
        raise


__all__ = [
    "ChainError",
    "Finding",
    "FormatError",
    "Image",
    "IntegrityError",
    "Place",
    "Range",
    "UnsupportedError",
    "VhdxError",
    "VirtualDisk",
    "__version__",
    "open",
    "open_image",
]
