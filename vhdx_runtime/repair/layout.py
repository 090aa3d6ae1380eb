"""Repairs that lengthen the file, and the place of a log that nobody needs.

Knows how long a file has to be for each of the rules, and how much longer it may become for the sake of one: what lies
too far away is no place that was cut off, but one that never was. A longer file never changes a byte that could be
read; where it turns bytes that could not be read into zeros, its owner is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from vhdx_format import layout

from ..check import Report
from ..image import Image
from ..semantics.bat import ENTRY_SIZE
from ..sizes import fixed_size
from .fields import ranges_text
from .plan import AUTO, OFFERED, Repair

_MIB = layout.OBJECT_ALIGNMENT


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Repairs that lengthen the file.

    Args:
        image: as it reads with all earlier repairs done.
        report: on it.

    Yields:
        Repairs, each right by itself.

    Spec: MS-VHDX 2.1
    """
    if "HDR-011" in report.totals:
        yield from _log(image, report)
    refusing = {finding.rule for finding in image.findings if finding.verdict == "refuse"}
    if "RGN-012" in report.totals and refusing <= {"RGN-012"}:
        yield from _regions(image)
    if not report.refused:
        for rule, size in _sizes(image, report):
            yield from _longer(image, rule, size, AUTO, "")


def growth_limit(image: Image) -> int:
    """Length in bytes up to which a file may be lengthened for the sake of its blocks: as if it lacked all of them."""
    geometry = image.geometry
    if geometry is None:
        return image.view.size
    blocks = geometry.payload_blocks * geometry.block_size
    return image.view.size + blocks + geometry.bitmap_blocks * layout.SECTOR_BITMAP_BLOCK_SIZE


def _sizes(image: Image, report: Report) -> Iterator[tuple[str, int]]:
    """Rules that a longer file would keep, each with the length in bytes."""
    if "LAY-003" in report.totals:
        yield "LAY-003", image.view.size
    if "BAT-006" in report.totals and image.bat is not None and image.geometry is not None:
        from .space import ends_until  # needs numpy, which takes its time to load

        yield "BAT-006", ends_until(image.bat, image.geometry, growth_limit(image))
    if "BAT-017" in report.totals and image.geometry is not None:
        yield "BAT-017", fixed_size(image.regions, image.geometry)


def _longer(image: Image, rule: str, least: int, consent: str, more: str) -> Iterator[Repair]:
    """A repair that lengthens the file to a whole number of MiB, where that is longer."""
    from .space import uncovered

    size = -(-least // _MIB) * _MIB
    if size <= image.view.size:
        return
    hidden = uncovered(image, image.view.size, size)
    summary = f"lengthen the file to {size:#x} bytes, with zeros{more}"
    if hidden.bytes:
        consent = OFFERED
        summary += f"; {ranges_text(hidden.listed, is_complete=hidden.is_complete)}, which cannot be read, are in them"
    yield Repair((rule,), summary, consent, new_size=size)


def _regions(image: Image) -> Iterator[Repair]:
    """Lengthen the file over regions that it cuts off; one that lies outside altogether was never there."""
    cut = [region for region in image.regions.entries if region.file_offset < image.view.size < region.end]
    if not cut:
        return
    more = ""
    bat, geometry = image.bat, image.geometry
    if bat is not None and geometry is not None:
        first = max(0, image.view.size - bat.file_offset) // ENTRY_SIZE
        if first < bat.entry_count:
            block = first - first // (geometry.chunk_ratio + 1)
            more = (
                f"; the entries of guest bytes from {block * geometry.block_size:#x} on stay lost and say: not present"
            )
    yield from _longer(image, "RGN-012", max(region.end for region in cut), OFFERED, more)


def _log(image: Image, report: Report) -> Iterator[Repair]:
    """Give a log that is not in use, and that the file does not hold, a place in it."""
    current = image.headers.current
    if current is None or not current.fields.log_guid.is_nil or {"HDR-008", "HDR-009"} & report.totals.keys():
        return
    offset, length = current.fields.log_offset, current.fields.log_length
    if offset < image.view.size:
        yield from _longer(image, "HDR-011", offset + length, AUTO, "")
        return
    moved = -(-image.view.size // _MIB) * _MIB
    summary = f"move the log, which is empty, from {offset:#x} outside the file to {moved:#x} at its end"
    yield Repair(("HDR-011",), summary, AUTO, header={"log_offset": moved}, new_size=moved + length)
