"""What became of the log when the file was opened.

Joins scan, sequence and replay; decides whether the log is clean, replayed, ignored or unusable. Takes the current
header's fields and knows nothing of how that header was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vhdx_format import layout

from ...codec import decode
from ...codec.overlay import Overlay
from ...codec.source import Source
from ...errors import Place
from ...findings import Finding, make
from . import descriptors, sequence
from . import replay as replay_module
from .area import LogArea
from .entries import LogEntry, scan


@dataclass(frozen=True, slots=True)
class Log:
    """The log of one file.

    Attributes:
        state: "clean" (nothing to replay), "replayed", "ignored" (asked for) or "unusable".
        offset: file offset of the log in bytes, 0 without a header.
        length: its length in bytes.
        area: the log as a ring, or None where it cannot be one.
        active: the entries that were replayed, in order.
        overlay: the file as it reads after replay, or None.
        findings: what is wrong.
    """

    state: str
    offset: int
    length: int
    area: LogArea | None
    active: tuple[LogEntry, ...]
    overlay: Overlay | None
    findings: tuple[Finding, ...]

    def entries(self, log_guid: bytes | None = None) -> list[LogEntry]:
        """All candidates of the log; see `entries.scan`. Reads the whole log."""
        return scan(self.area, log_guid) if self.area else []


def load(source: Source, header: Any, *, replay: bool, usable: bool) -> Log:
    """Find out what the log asks for and build the overlay that serves it.

    Args:
        source: the file.
        header: the current header's fields, or None without one.
        replay: False to leave the log alone whatever it holds.
        usable: the header has no finding that refuses.

    Returns:
        The log. Never raises for what the bytes say.

    Spec: MS-VHDX 2.3.3
    """
    if header is None:
        return Log("unusable", 0, 0, None, (), None, ())
    offset, length = header.log_offset, header.log_length
    area = _area(source, offset, length)
    if header.log_guid.is_nil:
        return Log("clean", offset, length, area, (), None, ())
    if not replay:
        return Log("ignored", offset, length, area, (), None, ())
    if area is None or not usable:
        return Log("unusable", offset, length, area, (), None, ())
    entries = scan(area, header.log_guid.raw)
    active = sequence.active(entries, length)
    broken = [_sequence_finding(area, *item) for item in sequence.broken(entries, active, length)]
    if not active:
        guid = decode.guid_text(header.log_guid.raw)
        shown = f"no valid sequence with log_guid {guid}"
        broken.append(make("LOG-024", Place("log", "", offset), shown, "at least one"))
        return Log("unusable", offset, length, area, (), None, tuple(broken))
    overlay = replay_module.overlay(source, area, active)
    findings = (*broken, *_active_findings(source, area, active, overlay))
    return Log("replayed", offset, length, area, tuple(active), overlay, findings)


def _sequence_finding(area: LogArea, rule: str, entry: LogEntry, found: str, expected: str) -> Finding:
    return make(
        rule, Place(f"log entry {entry.sequence_number}", "", area.file_offset(entry.log_offset)), found, expected
    )


def _area(source: Source, offset: int, length: int) -> LogArea | None:
    whole = length > 0 and length % layout.LOG_SECTOR_SIZE == 0
    return LogArea(source, offset, length) if whole and offset + length <= source.size else None


def _active_findings(source: Source, area: LogArea, active: list[LogEntry], overlay: Overlay) -> Iterator[Finding]:
    head = active[-1]
    raw = area.read(head.log_offset, layout.LOG_ENTRY_HEADER_SIZE)
    label = f"log entry {head.sequence_number}"
    header = decode.structure("log_entry_header", raw, area.file_offset(head.log_offset), label)
    if source.size < head.flushed_file_offset:
        expected = f"at least {head.flushed_file_offset:#x}, flushed before the head entry was written"
        yield make("LOG-025", header.place("flushed_file_offset"), f"file of {source.size:#x} bytes", expected)
    reach = max(source.size, replay_module.grown_size(head))
    if overlay.size > reach:
        expected = f"an end at or before {reach:#x}"
        yield make("LOG-028", header.place("last_file_offset"), f"updates up to {overlay.size:#x}", expected)
    if overlay.size > source.size + layout.LOG_GROWTH_MAX:
        expected = f"growth of at most {layout.LOG_GROWTH_MAX:#x} bytes"
        found = f"a file of {overlay.size:#x} bytes"
        yield make("LOG-031", header.place("last_file_offset"), found, expected, ["beyond_budget"])
    for entry in active:
        for rule, count in descriptors.notes(area, entry.log_offset, entry.descriptor_count):
            place = Place(f"log entry {entry.sequence_number} descriptors", "", area.file_offset(entry.log_offset))
            yield make(rule, place, f"otherwise in {count} of them", decode.expectation(rule))
        raw = area.read(entry.log_offset, layout.LOG_ENTRY_HEADER_SIZE)
        label = f"log entry {entry.sequence_number}"
        yield from decode.findings(decode.structure("log_entry_header", raw, area.file_offset(entry.log_offset), label))
