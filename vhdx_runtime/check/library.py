"""The check of a file by its name, as `vhdx_runtime.check`: loaded with the library, and light until it is called."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..codec.source import Readable
    from .report import Report


def check(
    file: Readable, *, parents: Iterable[Readable] = (), parent_dirs: Iterable[str | PathLike[str]] = ()
) -> Report:
    """Check a container against every rule of the format, and find its parents.

    The parents are read as far as the chain needs them; each is checked by a call of its own.

    Args:
        file: path, seekable binary file object, or bytes; nothing is changed.
        parents: as for `open`.
        parent_dirs: as for `open`.

    Returns:
        The report: `state` ("healthy", "usable", "damaged" or "unreadable"), `conclusion` in one line, `findings`,
        `lost` (what of the disk cannot be read) and `hint` (with arguments of `open`). Whatever is wrong with the file
        is in it, and not raised.

    Raises:
        FileError: the file is not there or cannot be read.

    Spec: MS-VHDX 2
    """
    from dataclasses import replace

    from ..codec.source import open_source
    from ..disk.image import load_image
    from ..hints import in_python
    from .parents import check_with_parents  # who only reads need not load it

    with load_image(open_source(file)) as image:
        report = check_with_parents(image, parents, parent_dirs)[0]
    return replace(report, hint=in_python(report.hint))
