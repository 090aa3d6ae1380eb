"""Repairs of sector bitmaps. What their bits say of a block's state is for `bat`."""

from __future__ import annotations

from collections.abc import Iterator

from ...change.change_set import AUTO
from ...check import Report
from ...disk.image import Image
from ...write.patch import diff
from ..plan import Repair


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Repairs of sector bitmaps.

    Yields:
        One repair, or none; none as long as blocks claim the same bytes of the file.

    Spec: MS-VHDX 2.4
    """
    if "SBM-002" not in report.totals or any(rule in report.totals for rule in ("BAT-007", "BAT-008", "BAT-009")):
        return
    from ...check.bitmaps import Bitmaps  # needs numpy, which takes its time to load
    from ...check.listing import Listing

    if image.geometry is None or image.bat is None or image.mapping is None:
        return
    end = Bitmaps(image.view, image.geometry, image.bat, image.mapping, Listing()).behind_the_end()
    if end is not None:
        offset, wrong = end
        raw = image.view.read_at(offset, len(wrong))
        clear = bytes(old & ~bits for old, bits in zip(raw[:1], wrong[:1], strict=True)) + bytes(len(wrong) - 1)
        patches = tuple(diff(offset, raw, clear))
        yield Repair(("SBM-002",), "clear the bits of sectors behind the disk's end", AUTO, patches=patches)
