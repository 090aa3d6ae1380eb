"""What our own library knows of an image without a label: broken rules, parents, and where its disk has data.

Whatever our library does with a hostile file, even die of an error of its own, becomes an answer here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from vhdx_format.layout import SECTOR_SIZE_4096

from .. import open as open_disk
from ..chain import open_chain
from ..check import check_image
from ..codec.source import open_source
from ..errors import VhdxError
from ..findings import Finding
from ..image import Image, load_image

_SEVERITY: Final = ("refuse", "degrade", "ignore-object")
_DATA: Final = ("data", "log")
_RANGES_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of an image.

    Attributes:
        rule: the broken rule that costs a reader most, "" where none is broken.
        features: what a reader must be able to do: "differencing", "sector-4096", "dirty-log".
        parents: paths of the parents, the nearest first, as far as they can be found.
        block_size: in bytes, 0 where it is not known.
        data: ranges (virtual offset, length in bytes) of the disk that hold data, the first ones.
    """

    rule: str = ""
    features: frozenset[str] = frozenset()
    parents: tuple[Path, ...] = ()
    block_size: int = 0
    data: tuple[tuple[int, int], ...] = ()


def learn(path: Path) -> Knowledge:
    """Ask our own library.

    Args:
        path: of the image.

    Returns:
        What it knows; nothing where an error of its own keeps it from knowing.
    """
    try:
        with load_image(open_source(path)) as image:
            return Knowledge(
                _worst(check_image(image).findings),
                _features(image),
                _parents(image),
                image.geometry.block_size if image.geometry else 0,
                _data(path),
            )
    except Exception:  # noqa: BLE001 - a fault of ours shows when the image is read under limits; here it tells nothing
        return Knowledge()


def _worst(findings: Sequence[Finding]) -> str:
    def _rank(finding: Finding) -> int:
        return _SEVERITY.index(finding.verdict) if finding.verdict in _SEVERITY else len(_SEVERITY)

    return min(findings, key=_rank).rule if findings else ""


def _features(image: Image) -> frozenset[str]:
    found = set()
    if image.geometry is not None and image.geometry.has_parent:
        found.add("differencing")
    if image.geometry is not None and image.geometry.logical_sector_size == SECTOR_SIZE_4096:
        found.add("sector-4096")
    if image.headers.current is not None and not image.headers.current.fields.log_guid.is_nil:
        found.add("dirty-log")
    return frozenset(found)


def _parents(image: Image) -> tuple[Path, ...]:
    try:
        chain = open_chain(image)
    except VhdxError:
        return ()
    for parent in chain.images[1:]:
        parent.close()
    return tuple(Path(link.path) for link in chain.links)


def _data(path: Path) -> tuple[tuple[int, int], ...]:
    try:
        with open_disk(path) as disk:
            pieces = (piece for piece in disk.ranges() if piece.kind in _DATA)
            return tuple((piece.virtual_offset, piece.length) for piece in islice(pieces, _RANGES_MAX))
    except VhdxError:
        return ()
