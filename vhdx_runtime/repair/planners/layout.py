"""Repairs that lengthen the file, and the place of a log that nobody needs.

A longer file never changes a byte that could be read. Where it covers something that is cut off, it is the repair of
that, and needs the consent that this one needs; see `check.cut`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vhdx_format import layout

from ...change.change_set import LOSSY
from ...check import Report, mending
from ...check.cut import BITMAP, BLOCK, REGION, Covered, covered, used_end
from ...disk.image import Image
from ...findings import repair_of
from ..plan import Repair
from .fields import ranges_text

_MIB = layout.OBJECT_ALIGNMENT
_LENGTHENED = ("LAY-003", BLOCK, BITMAP, "BAT-017")


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Repairs that lengthen the file, each length once. Spec: MS-VHDX 2.1."""
    found: dict[tuple[object, ...], Repair] = {}
    for repair in _lengthenings(image, report):
        key = (repair.new_size, repair.summary, repair.consent, repair.loses, repair.asks, *repair.header.items())
        same = found.get(key)
        found[key] = replace(same, rules=(*same.rules, *repair.rules)) if same else repair
    yield from found.values()


def _lengthenings(image: Image, report: Report) -> Iterator[Repair]:
    refusing = {finding.rule for finding in image.findings if finding.verdict == "refuse"}
    if REGION in report.totals and refusing <= {REGION}:
        yield from _regions(image)
    if report.refused:  # what is cut off cannot be known
        return
    if "HDR-011" in report.totals:
        yield from _log(image, report)
    if BLOCK in report.totals:
        yield from _longer(image, BLOCK, used_end(image), "used_part_inside")
    for rule in _LENGTHENED:
        if rule in report.totals:
            yield from _longer(image, rule, mending.lengthened(image, rule))


def lengthening(image: Image, rule: str, summary: str, over: Covered, size: int, *conditions: str) -> Repair | None:
    """A repair that gives the file a new length, with the consent that this needs; None where none can be given.

    Args:
        image: the container.
        rule: asks for it.
        summary: what it does, in one line.
        over: what it covers with zeros.
        size: the length in bytes.
        conditions: under which the rule is mended.
    """
    consent = repair_of(rule, [*over.conditions, *conditions])
    lost = ranges_text(over.guest.listed, is_complete=over.guest.is_complete) if over.guest.bytes else ""
    if consent == LOSSY:
        then = "zeros or the parent's bytes" if image.geometry and image.geometry.has_parent else "zeros"
        lost = f"{lost or 'what is cut off'}: cannot be read now, {then} then"
        return Repair((rule,), summary, consent, loses=lost, new_size=size)
    asks = tuple(dict.fromkeys([*([rule] if repair_of(rule, conditions) == consent else []), *over.rules]))
    if lost:
        summary = f"{summary}; in these are {lost}, which cannot be read"
    return None if consent == "no" else Repair((rule,), summary, consent, asks=asks, new_size=size)


def _longer(image: Image, rule: str, least: int, *conditions: str) -> Iterator[Repair]:
    """A repair that lengthens the file to a whole number of MiB, where that is longer."""
    size = -(-least // _MIB) * _MIB
    if size > image.view.size:
        summary = f"lengthen the file to {size:#x} bytes, with zeros"
        repair = lengthening(image, rule, summary, covered(image, size), size, *conditions)
        yield from [repair] if repair else []


def _regions(image: Image) -> Iterator[Repair]:
    """Lengthen the file over regions that it cuts off; one that lies outside altogether was never there."""
    ends = [region.end for region in image.regions.entries if region.file_offset < image.view.size < region.end]
    if ends:
        yield from _longer(image, REGION, max(ends))


def _log(image: Image, report: Report) -> Iterator[Repair]:
    """Give a log that is not in use, and that the file does not hold, a place in it."""
    current = image.headers.current
    if current is None or not current.fields.log_guid.is_nil or report.totals.keys() & mending.LOG_UNALIGNED:
        return
    offset = current.fields.log_offset
    size = mending.lengthened(image, "HDR-011")
    if offset < image.view.size:
        yield from _longer(image, "HDR-011", size)
        return
    moved = mending.log_place(image)
    summary = f"move the log, which is empty, from {offset:#x} outside the file to {moved:#x} at its end"
    repair = lengthening(image, "HDR-011", summary, covered(image, size), size)
    yield from [replace(repair, header={"log_offset": moved})] if repair else []
