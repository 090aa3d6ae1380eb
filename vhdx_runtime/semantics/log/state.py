"""What became of the log when the file was opened.

Joins scan, sequence and replay; decides whether the log is clean, replayed, ignored or unusable. Takes the current
header's fields.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vhdx_format import layout
from vhdx_format.layout import DATA_DESCRIPTOR_SIGNATURE, LOG_SECTOR_SIZE, OBJECT_ALIGNMENT, STRUCTURES

from ...codec import decode
from ...codec.overlay import Overlay, Page, Spans
from ...codec.source import Source
from ...errors import Place
from ...findings import Finding, make
from ...wording import brief, size_text
from . import entries
from .entries import CUT_OFF, LogArea, LogEntry, data_offset, parts, rows, scan

_SIZES = {field.id: field.size or 0 for field in STRUCTURES["data_descriptor"].fields}
_LEADING, _TRAILING = _SIZES["leading_bytes"], _SIZES["trailing_bytes"]
_MIDDLE = next(field.offset or 0 for field in STRUCTURES["data_sector"].fields if field.id == "data")


class Updates:
    """The updates of a sequence of entries, in order, without their data.

    Attributes:
        ranges: `(start, end)` of every zero descriptor, in file offsets.
    """

    def __init__(self) -> None:
        self.ranges = Spans()
        self._end = 0
        self._order = array("q")  # index into ranges, or ~index into pages
        self._pages: list[tuple[int, Page]] = []

    def zero(self, start: int, length: int) -> None:
        """Add a range set to zero; offsets and lengths in bytes."""
        self._order.append(len(self.ranges))
        self.ranges.append(start, start + length)

    def write(self, start: int, page: Page) -> None:
        """Add an update of one sector at file offset `start`."""
        self._order.append(~len(self._pages))
        self._pages.append((start // LOG_SECTOR_SIZE, page))
        self._end = max(self._end, start + LOG_SECTOR_SIZE)

    @property
    def end(self) -> int:
        """Largest file offset that any update reaches, in bytes."""
        return max(self._end, max(self.ranges.ends, default=0))

    def targets(self) -> Iterator[tuple[int, int]]:
        """Every range that an update changes, as half-open ranges of file offsets: writes first, then zeros."""
        for number, _ in self._pages:
            yield number * LOG_SECTOR_SIZE, (number + 1) * LOG_SECTOR_SIZE
        yield from self.ranges

    def settle(self) -> dict[int, Page]:
        """Return the pages that survive: of each sector the last update, if that is a write.

        Going backwards decides each page once.
        """
        numbers = sorted({number for number, _ in self._pages})
        undecided = list(range(len(numbers) + 1))  # next undecided index at or after each, with path halving
        surviving: dict[int, Page] = {}
        if not numbers:
            return surviving
        for item in reversed(self._order):
            if item >= 0:
                start, end = self.ranges[item]
                last = -(-end // LOG_SECTOR_SIZE)
                at = _find(undecided, bisect_left(numbers, start // LOG_SECTOR_SIZE))
                while at < len(numbers) and numbers[at] < last:
                    undecided[at] = at + 1
                    at = _find(undecided, at)
            else:
                number, page = self._pages[~item]
                at = bisect_left(numbers, number)
                if undecided[at] == at:
                    undecided[at] = at + 1
                    surviving[number] = page
        return surviving


def _find(undecided: list[int], at: int) -> int:
    while undecided[at] != at:
        undecided[at] = undecided[undecided[at]]
        at = undecided[at]
    return at


def collect(area: LogArea, entries: Sequence[LogEntry]) -> Updates:
    """The updates of the given entries, in order. Spec: MS-VHDX 2.3.3."""
    updates = Updates()
    for index, entry in enumerate(entries):
        data = entry.log_offset + data_offset(entry.descriptor_count)
        place = 0
        for part in parts(area, entry.log_offset, entry.descriptor_count):
            for signature, trailing, length, target, _ in rows(part):
                if signature == DATA_DESCRIPTOR_SIGNATURE:
                    leading = length.to_bytes(_LEADING, "little")
                    middle = area.file_offset(data) + _MIDDLE
                    updates.write(target, Page(leading, middle, trailing.to_bytes(_TRAILING, "little"), (index, place)))
                    data += LOG_SECTOR_SIZE
                else:
                    updates.zero(target, length)
                place += 1
    return updates


def grown_size(head: LogEntry) -> int:
    """Length in bytes that replay gives the file at least: the head's LastFileOffset, rounded up to a whole MiB."""
    return -(-head.last_file_offset // OBJECT_ALIGNMENT) * OBJECT_ALIGNMENT


def overlay(source: Source, area: LogArea, entries: Sequence[LogEntry]) -> Overlay:
    """The file as it reads once the entries are replayed.

    The result is as long as the longest of the file, the updates, and the head's LastFileOffset rounded up to a
    whole MiB. Where the file is shorter than the head says that it was, it was cut off, and all that no update supplies
    behind its end is missing: what it had grown by since may be lost just as well.

    Spec: MS-VHDX 2.3.3
    """
    updates = collect(area, entries)
    size = max(source.size, updates.end, grown_size(entries[-1]))
    is_cut = source.size < entries[-1].flushed_file_offset
    return Overlay(source, updates.settle(), updates.ranges.union(), size, missing_until=size if is_cut else 0)


def runs(entries: Iterable[LogEntry], log_length: int) -> list[list[LogEntry]]:
    """The maximal runs of valid entries in which each starts where the one before ends, one sequence number later.

    Args:
        entries: candidates; those that are not valid are left out.
        log_length: size of the log in bytes, round which a run may go.

    Spec: MS-VHDX 2.3.2
    """
    valid = {entry.log_offset: entry for entry in entries if not entry.broken}
    following: dict[int, LogEntry] = {}
    for entry in valid.values():
        after = valid.get((entry.log_offset + entry.length) % log_length)
        if after is not None and after.sequence_number == entry.sequence_number + 1:
            following[entry.log_offset] = after
    continued = {entry.log_offset for entry in following.values()}
    found = []
    for entry in valid.values():
        if entry.log_offset not in continued:
            run = [entry]
            while run[-1].log_offset in following:
                run.append(following[run[-1].log_offset])
            found.append(run)
    return found


def active(entries: Iterable[LogEntry], log_length: int) -> list[LogEntry]:
    """The entries to replay, in order: from the one that the head's Tail names to the head.

    A run counts when its last entry, the head, names an entry of the run as tail; of those that count, the one whose
    head has the largest sequence number is active.

    Args:
        entries: candidates, as `scan` returns them.
        log_length: size of the log in bytes.

    Returns:
        The entries, or an empty list where no run counts.

    Spec: MS-VHDX 2.3.3
    """
    best: list[LogEntry] = []
    for run in runs(entries, log_length):
        head = run[-1]
        start = next((i for i, entry in enumerate(run) if entry.log_offset == head.tail), None)
        if start is not None and (not best or head.sequence_number > best[-1].sequence_number):
            best = run[start:]
    return best


def broken(
    entries: Sequence[LogEntry], chosen: Sequence[LogEntry], log_length: int
) -> Iterator[tuple[str, LogEntry, str, str]]:
    """What keeps newer entries than the active sequence's head from counting.

    Older entries that lie about in the ring are no fault, so only two things are looked at: runs whose head is newer
    than the active one but names no entry of the run as tail, and the entry expected directly after the active head.
    Where no sequence is active, every entry with the right LogGuid is.

    Args:
        entries: candidates, as `scan` returns them.
        chosen: the active sequence, perhaps empty.
        log_length: size of the log in bytes.

    Spec: MS-VHDX 2.3.2, 2.3.3
    """
    newest = chosen[-1].sequence_number if chosen else 0
    for run in runs(entries, log_length):
        head = run[-1]
        if head.sequence_number > newest and all(entry.log_offset != head.tail for entry in run):
            yield "LOG-023", head, f"tail {head.tail:#x}", f"the place of one of the {len(run)} entries of its sequence"
    if not chosen:
        for entry in entries:
            if entry.broken not in ("", "LOG-012"):
                yield entry.broken, entry, entry.reason, "a valid entry"
        return
    after = (chosen[-1].log_offset + chosen[-1].length) % log_length
    for entry in entries:
        if entry.log_offset != after or entry.log_offset == chosen[0].log_offset:
            continue
        if entry.broken not in ("", "LOG-012"):
            yield entry.broken, entry, entry.reason, "a valid entry after the head, or none"
        elif not entry.broken and entry.sequence_number > newest + 1:
            yield "LOG-022", entry, f"sequence number {entry.sequence_number}", f"{newest + 1}"


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

    __repr__ = brief

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
    if not usable:
        return Log("unusable", offset, length, area, (), None, ())
    area = area or _held(source, offset, length)
    if area is None:
        return Log("unusable", offset, length, area, (), None, (_no_sequence(offset, "no whole sector of the log"),))
    entries = scan(area, header.log_guid.raw)
    chosen = active(entries, length)
    wrong = [_sequence_finding(area, *item) for item in broken(entries, chosen, length)]
    if not chosen:
        shown = f"no valid sequence with log_guid {decode.guid_text(header.log_guid.raw)}"
        return Log("unusable", offset, length, area, (), None, (*wrong, _no_sequence(offset, shown)))
    if _may_be_newer(area, entries, chosen[-1]):
        shown = f"the log is cut off where an entry newer than number {chosen[-1].sequence_number} may have been"
        return Log("unusable", offset, length, area, (), None, (*wrong, _no_sequence(offset, shown)))
    view = overlay(source, area, chosen)
    findings = (*wrong, *_active_findings(source, area, chosen, view))
    return Log("replayed", offset, length, area, tuple(chosen), view, findings)


def _sequence_finding(area: LogArea, rule: str, entry: LogEntry, found: str, expected: str) -> Finding:
    return make(
        rule, Place(f"log entry {entry.sequence_number}", "", area.file_offset(entry.log_offset)), found, expected
    )


def _no_sequence(offset: int, found: str) -> Finding:
    return make("LOG-024", Place("log", "", offset), found, "at least one")


def _may_be_newer(area: LogArea, entries: Sequence[LogEntry], head: LogEntry) -> bool:
    """Whether an entry after the head may have been in the part of the log that the file does not hold any more."""
    if area.held == area.length:
        return False
    after = head.log_offset + head.length
    cut = (entry for entry in entries if entry.log_offset == after and entry.broken == CUT_OFF)
    return after == area.held or any(after + entry.length > area.held for entry in cut)


def _held(source: Source, offset: int, length: int) -> LogArea | None:
    """The log as far as the file holds it, where that is a sector at least."""
    area = LogArea(source, offset, length)
    return area if length > 0 and length % layout.LOG_SECTOR_SIZE == 0 and area.held else None


def _area(source: Source, offset: int, length: int) -> LogArea | None:
    whole = length > 0 and length % layout.LOG_SECTOR_SIZE == 0
    return LogArea(source, offset, length) if whole and offset + length <= source.size else None


def _active_findings(source: Source, area: LogArea, active: list[LogEntry], overlay: Overlay) -> Iterator[Finding]:
    head = active[-1]
    raw = area.read(head.log_offset, layout.LOG_ENTRY_HEADER_SIZE)
    label = f"log entry {head.sequence_number}"
    header = decode.structure("log_entry_header", raw, area.file_offset(head.log_offset), label)
    if source.size < head.flushed_file_offset:
        expected = f"at least {size_text(head.flushed_file_offset)}, which it had when the newest entry was written"
        yield make("LOG-025", header.place("flushed_file_offset"), f"file of {size_text(source.size)}", expected)
    reach = max(source.size, grown_size(head))
    if overlay.size > reach:
        expected = f"an end at or before {reach:#x}"
        yield make("LOG-028", header.place("last_file_offset"), f"updates up to {overlay.size:#x}", expected)
    if overlay.size > source.size + layout.LOG_GROWTH_MAX:
        expected = f"growth of at most {layout.LOG_GROWTH_MAX:#x} bytes"
        found = f"a file of {overlay.size:#x} bytes"
        yield make("LOG-031", header.place("last_file_offset"), found, expected, ["beyond_budget"])
    for entry in active:
        for rule, count in entries.notes(area, entry.log_offset, entry.descriptor_count):
            place = Place(f"log entry {entry.sequence_number} descriptors", "", area.file_offset(entry.log_offset))
            yield make(rule, place, f"otherwise in {count} of them", decode.expectation(rule))
        raw = area.read(entry.log_offset, layout.LOG_ENTRY_HEADER_SIZE)
        label = f"log entry {entry.sequence_number}"
        yield from decode.findings(decode.structure("log_entry_header", raw, area.file_offset(entry.log_offset), label))
