"""A check of a container together with the parents that it names.

Knows what becomes of the check where they cannot be opened, and closes what it opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..chain import open_chain
from ..codec.source import Readable
from ..errors import VhdxError
from ..image import Image
from .report import Report, check_chain, check_image, without_chain


def check_with_parents(
    image: Image, parents: Iterable[Readable] = (), parent_dirs: Iterable[str | os.PathLike[str]] = ()
) -> list[Report]:
    """Check a container and its parents.

    Args:
        image: the container; it stays open.
        parents: as for `open_chain`.
        parent_dirs: as for `open_chain`.

    Returns:
        A report on each, the container's first; on the container alone, with the reason, where its parents cannot be
        opened.

    Spec: MS-VHDX 2.6.2.6
    """
    try:
        chain = open_chain(image, parents=parents, parent_dirs=parent_dirs)
    except VhdxError as error:
        return [without_chain(check_image(image), error)]
    try:
        return check_chain(chain)
    finally:
        for parent in chain.images[1:]:
            parent.close()
