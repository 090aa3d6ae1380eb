"""Which of the two headers is current, and why.

Knows how a header copy is judged (signature and checksum, nothing else) and how the current one is chosen; keeps the
reason for which a copy was rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vhdx_format.layout import HEADER_SIZE, PLACES

from ..codec import decode
from ..codec.decode import Placed
from ..codec.source import Source
from ..errors import Place
from ..findings import Finding, make
from ..wording import brief

_AGREEING = ("version", "log_length", "log_offset")


@dataclass(frozen=True, slots=True)
class HeaderCopy:
    """One of the two headers.

    Attributes:
        number: 1 or 2.
        placed: the structure.
        findings: why it is not valid; empty for a valid one.
    """

    __repr__ = brief

    number: int
    placed: Placed
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Signature and checksum are right. Spec: MS-VHDX 2.2.2."""
        return not self.findings

    @property
    def fields(self) -> Any:
        """The header's fields."""
        return self.placed.fields


@dataclass(frozen=True, slots=True)
class Headers:
    """Both headers and the choice between them.

    Attributes:
        copies: header 1 and header 2, valid or not.
        current: the one that counts, or None.
        reason: why that one, in words.
        findings: what is wrong with the copies, the choice and the current header.
    """

    __repr__ = brief

    copies: tuple[HeaderCopy, HeaderCopy]
    current: HeaderCopy | None
    reason: str
    findings: tuple[Finding, ...]


def load(source: Source, requested: int | None = None) -> Headers:
    """Read both headers and select the current one.

    Args:
        source: the file.
        requested: 1 or 2 to take that one whatever its state (rescue), None to select by the rules.

    Returns:
        Both copies, the current one, the reason and the findings. Never raises for what the bytes say.

    Spec: MS-VHDX 2.2.2
    """
    first, second = (_copy(source, number) for number in (1, 2))
    if requested is not None:
        chosen = (first, second)[requested - 1]
        current, reason = (chosen if chosen.placed.complete else None), "named by the caller"
        choice: list[Finding] = []
    else:
        current, reason, choice = _select(first, second)
    if current is None and not choice:
        choice = [_none_valid()]
    findings = [*first.findings, *second.findings, *choice, *_pair_findings(first, second)]
    if current is not None:
        findings += _current_findings(current, source.size)
    return Headers((first, second), current, reason, tuple(findings))


def _copy(source: Source, number: int) -> HeaderCopy:
    offset = next(place.offset for place in PLACES if place.id == f"header_{number}")
    raw = source.read_at(offset, HEADER_SIZE)
    placed = decode.structure("header", raw, offset, f"header {number}")
    broken = [finding for finding in decode.findings(placed) if finding.rule == "HDR-001"]
    checksum = decode.checksum_finding(placed)
    return HeaderCopy(number, placed, (*broken, *([checksum] if checksum else [])))


def _select(first: HeaderCopy, second: HeaderCopy) -> tuple[HeaderCopy | None, str, list[Finding]]:
    if not first.valid and not second.valid:
        return None, "neither header is valid", [_none_valid()]
    if not first.valid or not second.valid:
        good, bad = (second, first) if second.valid else (first, second)
        why = bad.findings[0]
        return good, f"the only valid one; {why.message}", []
    one, two = first.fields.sequence_number, second.fields.sequence_number
    if one != two:
        good = first if one > two else second
        return good, f"larger sequence number, {max(one, two)} over {min(one, two)}", []
    same = first.placed.raw == second.placed.raw
    place = second.placed.place("sequence_number")
    condition = "copies_identical" if same else "copies_differ"
    tie = make("HDR-004", place, f"sequence number {two} in both headers", "different ones", [condition])
    if same:
        return first, f"both headers are identical, sequence number {one}", [tie]
    return None, f"two different headers with sequence number {one}", [tie]


def _none_valid() -> Finding:
    return make("HDR-003", Place("headers"), "no valid header", "at least one with the right signature and checksum")


def _pair_findings(first: HeaderCopy, second: HeaderCopy) -> list[Finding]:
    if first.valid != second.valid:
        bad = second if first.valid else first
        return [make("HDR-005", bad.placed.place(), "a header that is not valid", "two valid headers")]
    if not first.valid:
        return []
    differing = [name for name in _AGREEING if getattr(first.fields, name) != getattr(second.fields, name)]
    return [
        make(
            "HDR-017",
            second.placed.place(name),
            f"{name} {decode.shown_value(getattr(second.fields, name))}",
            f"{decode.shown_value(getattr(first.fields, name))}, as in header 1",
        )
        for name in differing
    ]


def _current_findings(current: HeaderCopy, file_size: int) -> list[Finding]:
    fields = current.fields
    conditions = ["log_guid_nil" if fields.log_guid.is_nil else "log_guid_set"]
    found = [f for f in decode.findings(current.placed, conditions=conditions) if f.rule != "HDR-001"]
    end = fields.log_offset + fields.log_length
    if end > file_size:
        shown = f"log {fields.log_offset:#x} to {end:#x}"
        expected = f"an end at or before {file_size:#x}, where the file ends"
        found.append(make("HDR-011", current.placed.place("log_offset"), shown, expected, conditions))
    return found
