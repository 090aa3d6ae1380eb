"""A check of a container together with the parents that it names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from ..codec.source import Readable
from ..disk.chain import Chain, load_chain
from ..disk.image import Image
from .report import PARENTS_FOUND, Report, check_chain, check_image, without_chain


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
    chain = load_chain(image, parents=parents, parent_dirs=parent_dirs)
    try:
        return [check_in_chain(chain)] if chain.error else check_chain(chain)
    finally:
        chain.close_parents()


def check_in_chain(chain: Chain, progress: Callable[[int], None] | None = None) -> Report:
    """Check the container that was opened, and how its parents were found, but not the parents.

    Args:
        chain: as `load_chain` gives it. The parents may be closed.
        progress: called now and then with the number of bytes of the table that were dealt with.

    Returns:
        A report on the container; unreadable, with the reason, where the chain ends before its end.

    Spec: MS-VHDX 2.6.2.6
    """
    report = check_image(chain.images[0], progress).joined(chain.findings)
    if chain.error:
        return without_chain(report, chain.error)
    return replace(report, parents=PARENTS_FOUND) if chain.links else report
