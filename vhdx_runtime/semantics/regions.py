"""The region table: which copy counts, and where the regions lie.

Reads the view after replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vhdx_format.layout import (
    BAT_REGION_GUID,
    GUIDS,
    HEADER_SECTION_SIZE,
    METADATA_REGION_GUID,
    PLACES,
    REGION_TABLE_SIZE,
)

from ..codec import decode
from ..codec.decode import Placed
from ..codec.overlay import known_end
from ..codec.source import Source
from ..errors import Place
from ..findings import Finding, make
from ..wording import brief

_NOISE_RULES = ("RGN-001", "RGN-002")
_COPY_RULES = (*_NOISE_RULES, "RGN-005")
_NAMES = {BAT_REGION_GUID: "bat", METADATA_REGION_GUID: "metadata"}


@dataclass(frozen=True, slots=True)
class RegionCopy:
    """One of the two region tables.

    Attributes:
        number: 1 or 2.
        placed: the structure.
        header: its first part, or None where the file ends before.
        findings: why it is not valid; empty for a valid one.
    """

    __repr__ = brief

    number: int
    placed: Placed
    header: Placed | None
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Signature, checksum and count are right. Spec: MS-VHDX 2.2.3."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Region:
    """One region.

    Attributes:
        name: "bat", "metadata", or None for one that the specification does not define.
        guid: sixteen bytes.
        file_offset: in bytes.
        length: in bytes.
        required: who does not know it must refuse.
        placed: its entry in the table.
    """

    __repr__ = brief

    name: str | None
    guid: bytes
    file_offset: int
    length: int
    required: bool
    placed: Placed

    @property
    def end(self) -> int:
        """File offset behind its last byte."""
        return self.file_offset + self.length


@dataclass(frozen=True, slots=True)
class Regions:
    """Both region tables, and the regions of the one that counts.

    Attributes:
        copies: both tables, valid or not.
        current: the one that counts, or None.
        entries: its regions in its order.
        findings: what is wrong.
    """

    __repr__ = brief

    copies: tuple[RegionCopy, RegionCopy]
    current: RegionCopy | None
    entries: tuple[Region, ...]
    findings: tuple[Finding, ...]

    def get(self, name: str) -> Region | None:
        """The first region of that name ("bat", "metadata")."""
        return next((region for region in self.entries if region.name == name), None)


def load(view: Source) -> Regions:
    """Read both region tables and take the first valid one.

    Returns:
        Both copies, the regions and the findings. Never raises for what the bytes say.

    Spec: MS-VHDX 2.2.3
    """
    first, second = (_copy(view, number) for number in (1, 2))
    if first.valid or second.valid:
        first, second = _spared(first), _spared(second)
    current = next((copy for copy in (first, second) if copy.valid), None)
    findings = [*first.findings, *second.findings]
    if current is None:
        if all(_is_noise(copy) for copy in (first, second)):
            text = "at least one with the right signature and checksum"
            findings.append(make("RGN-003", Place("region tables"), "no valid region table", text))
        return Regions((first, second), None, (), tuple(findings))
    if first.placed.raw != second.placed.raw:
        findings.append(make("RGN-004", second.placed.place(), "differs from region table 1", "the same bytes"))
    if current.header is not None:
        findings += [finding for finding in decode.findings(current.header) if finding.rule not in _COPY_RULES]
    entries = tuple(_region(placed) for placed in decode.elements(current.placed, "entries"))
    findings += _entry_findings(entries, view)
    findings += _table_findings(entries, current)
    return Regions((first, second), current, entries, tuple(findings))


def _copy(view: Source, number: int) -> RegionCopy:
    offset = next(place.offset for place in PLACES if place.id == f"region_table_{number}")
    placed = decode.structure("region_table", view.read_at(offset, REGION_TABLE_SIZE), offset, f"region table {number}")
    header = decode.part(placed, "header")
    broken = [finding for finding in decode.findings(header) if finding.rule in _COPY_RULES] if header else []
    checksum = decode.checksum_finding(placed)
    return RegionCopy(number, placed, header, (*broken, *([checksum] if checksum else [])))


def _is_noise(copy: RegionCopy) -> bool:
    """True where not even signature and checksum are right."""
    return any(finding.rule in _NOISE_RULES for finding in copy.findings)


def _spared(copy: RegionCopy) -> RegionCopy:
    """A copy beside a valid one: whatever is wrong with it, nothing is refused for it."""
    found = (make(item.rule, item.place, item.found, item.expected, ["other_copy"]) for item in copy.findings)
    return RegionCopy(copy.number, copy.placed, copy.header, tuple(found))


def _region(placed: Placed) -> Region:
    fields = placed.fields
    name = _NAMES.get(fields.guid.raw)
    return Region(name, fields.guid.raw, fields.file_offset, fields.length, bool(fields.required), placed)


def _known(region: Region) -> list[str]:
    return ["known" if region.name else "unknown"]


def _entry_findings(entries: Sequence[Region], view: Source) -> list[Finding]:
    found: list[Finding] = []
    seen: dict[bytes, Region] = {}
    for region in entries:
        conditions = _known(region)
        found += decode.findings(region.placed, conditions=conditions)
        limit = known_end(view, region.file_offset)
        if region.end > limit:
            shown = f"{region.file_offset:#x} to {region.end:#x}"
            expected = f"an end at or before {limit:#x}, where the file ends"
            condition = [region.name or "unknown"]
            found.append(make("RGN-012", region.placed.place("file_offset"), shown, expected, condition))
        if region.guid in seen:
            shown = f"{decode.guid_text(region.guid)} again"
            found.append(make("RGN-007", region.placed.place("guid"), shown, "each GUID once", conditions))
        seen.setdefault(region.guid, region)
    return found + _overlaps(entries)


def _overlaps(entries: Sequence[Region]) -> list[Finding]:
    """Each region that starts before one that stands earlier in the file ends, or inside the header section."""
    found = []
    end, owner = HEADER_SECTION_SIZE, "the header section"
    known = False  # whoever overlaps an object that counts is refused; the header section is read before it matters
    for region in sorted(entries, key=lambda item: item.file_offset):
        if region.length and region.file_offset < end:
            shown = f"starts at {region.file_offset:#x} inside {owner}, which ends at {end:#x}"
            conditions = ["known" if known or region.name else "unknown"]
            found.append(make("RGN-013", region.placed.place("file_offset"), shown, "no overlap", conditions))
        if region.end > end:
            end, owner, known = region.end, region.placed.label, bool(region.name)
    return found


def _table_findings(entries: Sequence[Region], current: RegionCopy) -> list[Finding]:
    found = []
    for rule, name, guid in (("RGN-015", "bat", BAT_REGION_GUID), ("RGN-016", "metadata", METADATA_REGION_GUID)):
        count = sum(region.name == name for region in entries)
        if count != 1:
            doc = next(declared.value for declared in GUIDS.values() if declared.raw == guid)
            found.append(make(rule, current.placed.place("entries"), f"{count} {name} entries", f"one, of GUID {doc}"))
    return found
