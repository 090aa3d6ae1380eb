"""Finding the entries of the log and judging each.

Work is bounded: two entries of right structure cannot share a sector, so whatever the log holds, each of its bytes is
looked at a fixed number of times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from vhdx_format.bulk import BULK
from vhdx_format.layout import (
    DATA_DESCRIPTOR_SIGNATURE,
    LOG_DESCRIPTOR_SIZE,
    LOG_ENTRY_HEADER_SIZE,
    LOG_ENTRY_SIGNATURE,
    LOG_SECTOR_SIZE,
    LOG_TARGET_END_MAX,
    STRUCTURES,
    ZERO_DESCRIPTOR_SIGNATURE,
)
from vhdx_format.rules import RULES

from ...codec import checksum, decode
from ...codec.holes import data_ranges
from ...codec.source import Source, read_whole
from ...wording import brief, counted

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class LogArea:
    """The log as a ring of bytes.

    Attributes:
        source: the file, unreplayed.
        offset: file offset of the log in bytes.
        length: its length in bytes, a positive multiple of the sector size. Reads end where the file does.
    """

    source: Source
    offset: int
    length: int

    @property
    def held(self) -> int:
        """Bytes of its whole sectors that the file holds; fewer than its length where the file ends inside it."""
        inside = max(0, min(self.length, self.source.size - self.offset))
        return inside if inside == self.length else inside - inside % LOG_SECTOR_SIZE

    def read(self, position: int, length: int) -> bytes:
        """Bytes from `position` (in bytes from the start of the log, below its length) on, across the wrap."""
        first = read_whole(self.source, self.offset + position, min(length, self.length - position))
        rest = length - (self.length - position)
        return first if rest <= 0 else first + read_whole(self.source, self.offset, rest)

    def parts(self, position: int, length: int) -> Iterator[bytes]:
        """As `read`, in parts of bounded size."""
        done = 0
        while done < length:
            size = min(CHUNK, length - done)
            yield self.read((position + done) % self.length, size)
            done += size

    def file_offset(self, position: int) -> int:
        """File offset of a position in the ring."""
        return self.offset + position % self.length


Test = tuple[str, Callable[..., Any]]
_ARRAYS_FROM = 1024  # descriptors from which on arrays are worth their import


def _dropping(structure: str) -> tuple[Test, ...]:
    """The claims of a descriptor that make its entry invalid."""
    return tuple(item for item in BULK[structure].items() if RULES[item[0]].verdict == "ignore-object")


def _noting(structure: str) -> tuple[Test, ...]:
    """The claims of a descriptor whose breach is noted only."""
    return tuple(item for item in BULK[structure].items() if RULES[item[0]].verdict != "ignore-object")


_NOTES = _noting("zero_descriptor")
_TESTS = {
    ZERO_DESCRIPTOR_SIGNATURE: _dropping("zero_descriptor"),
    DATA_DESCRIPTOR_SIGNATURE: _dropping("data_descriptor"),
}


def parts(area: LogArea, position: int, count: int) -> Iterator[bytes]:
    """An entry's descriptors as bytes, in parts that each hold whole descriptors.

    The parts grow from one sector on: many entries may claim the same sectors, and most claims end in the first.

    Args:
        area: the log.
        position: where the entry starts, in bytes from the start of the log.
        count: number of descriptors; the caller has checked that they fit the log.
    """
    start, left, size = position + LOG_ENTRY_HEADER_SIZE, LOG_DESCRIPTOR_SIZE * count, LOG_SECTOR_SIZE
    while left:
        part = area.read(start % area.length, min(size, left))
        if not part:  # the file ends inside the log
            return
        yield part
        start, left, size = start + len(part), left - len(part), min(2 * size, CHUNK)


def rows(part: bytes) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Descriptors of either kind as tuples, in the form of the zero descriptor.

    Yields:
        Signature, reserved or trailing bytes as an integer, length or leading bytes as an integer, file offset, and
        sequence number.

    Spec: MS-VHDX 2.3.1.2, 2.3.1.3
    """
    return decode.rows("zero_descriptor", part)


def judge(area: LogArea, position: int, count: int, sequence: int) -> tuple[str, str, int]:
    """The first rule that a descriptor breaks, what was found, and the number of data descriptors.

    Args:
        area: the log.
        position: where the entry starts, in bytes from the start of the log.
        count: number of descriptors.
        sequence: the entry's sequence number.

    Returns:
        Rule id and words, both "" where all descriptors are right, and the count.
    """
    updates = 0
    for part in parts(area, position, count):
        if len(part) // LOG_DESCRIPTOR_SIZE >= _ARRAYS_FROM:
            broken, updates = _judge_arrays(area, part, sequence, updates)
        else:
            broken, updates = _judge_rows(area, part, sequence, updates)
        if broken:
            return broken, "in a descriptor", updates
    return "", "", updates


def notes(area: LogArea, position: int, count: int) -> Iterator[tuple[str, int]]:
    """The rules that descriptors of a valid entry break without making it invalid, and how many break each.

    Args:
        area: the log.
        position: where the entry starts, in bytes from the start of the log.
        count: number of descriptors.
    """
    totals: Counter[str] = Counter()
    for part in parts(area, position, count):
        zeros = [reserved for signature, reserved, *_ in rows(part) if signature == ZERO_DESCRIPTOR_SIGNATURE]
        for rule, test in _NOTES:
            totals[rule] += sum(not test(reserved=reserved) for reserved in zeros if reserved)
    yield from ((rule, total) for rule, total in totals.items() if total)


def _judge_rows(area: LogArea, part: bytes, sequence: int, updates: int) -> tuple[str, int]:
    for signature, _, length, target, number in rows(part):
        if signature == DATA_DESCRIPTOR_SIGNATURE:
            updates += 1
            length = LOG_SECTOR_SIZE
        elif signature != ZERO_DESCRIPTOR_SIGNATURE:
            return "LOG-015", updates
        for rule, holds in _claims(area, sequence, _TESTS[signature], length, target, number):
            if not holds:
                return rule, updates
    return "", updates


def _judge_arrays(area: LogArea, part: bytes, sequence: int, updates: int) -> tuple[str, int]:
    import numpy as np

    columns = np.frombuffer(part, dtype=np.dtype(decode.columns("zero_descriptor")))
    known = 0
    for signature, tests in _TESTS.items():
        some = columns[columns["signature"] == signature]
        known += len(some)
        data = signature == DATA_DESCRIPTOR_SIGNATURE
        updates += len(some) if data else 0
        length = np.uint64(LOG_SECTOR_SIZE) if data else some["zero_length"]
        for rule, holds in _claims(area, sequence, tests, length, some["file_offset"], some["sequence_number"]):
            if not np.all(holds):
                return rule, updates
    return ("", updates) if known == len(columns) else ("LOG-015", updates)


def _claims(
    area: LogArea, sequence: int, tests: tuple[Test, ...], length: Any, target: Any, number: Any
) -> Iterator[tuple[str, Any]]:
    """What must hold of a descriptor, or of an array of them: rule and answer, or answers."""
    for rule, test in tests:
        yield rule, test(file_offset=target, zero_length=length)
    yield "LOG-019", number == sequence
    inside = (target < LOG_TARGET_END_MAX) & (length <= LOG_TARGET_END_MAX) & (target + length <= LOG_TARGET_END_MAX)
    yield "LOG-027", inside & ((target >= area.offset + area.length) | (target + length <= area.offset))


CUT_OFF = "LOG-003"  # an entry whose end nobody has cannot have the right checksum

_DROPPING = "ignore-object"
_HALF_BITS = 8 * next(field.size or 0 for field in STRUCTURES["data_sector"].fields if field.id == "sequence_low")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One candidate: a sector of the log that starts with the entry signature.

    Attributes:
        log_offset: where it starts, in bytes from the start of the log.
        length: EntryLength as stored, in bytes.
        tail: Tail as stored, in bytes from the start of the log.
        sequence_number: as stored.
        descriptor_count: as stored.
        log_guid: sixteen bytes as stored.
        flushed_file_offset: as stored, in bytes.
        last_file_offset: as stored, in bytes.
        broken: id of the first rule that makes it no valid entry, or "" for a valid one. "LOG-012": merely stale.
        reason: what was found there, in words.
    """

    __repr__ = brief

    log_offset: int
    length: int
    tail: int
    sequence_number: int
    descriptor_count: int
    log_guid: bytes
    flushed_file_offset: int
    last_file_offset: int
    broken: str = ""
    reason: str = ""


def candidates(area: LogArea) -> Iterator[tuple[int, bytes]]:
    """The sectors that start with the entry signature: offset in the log and the header's bytes, in ascending order.

    Holes of a sparse file are passed over without reading them.
    """
    checked = 0
    for start, end in data_ranges(area.source, area.offset, area.held):
        position = max(checked, (start - area.offset) // LOG_SECTOR_SIZE * LOG_SECTOR_SIZE)
        checked = -(-(end - area.offset) // LOG_SECTOR_SIZE) * LOG_SECTOR_SIZE
        for chunk_start in range(position, checked, CHUNK):
            chunk = area.read(chunk_start, min(CHUNK, checked - chunk_start))
            starts = bytes(memoryview(chunk)[::LOG_SECTOR_SIZE])  # the first byte of each sector decides nearly always
            number = starts.find(LOG_ENTRY_SIGNATURE[:1])
            while number >= 0:
                inside = number * LOG_SECTOR_SIZE
                if chunk.startswith(LOG_ENTRY_SIGNATURE, inside):
                    yield chunk_start + inside, chunk[inside : inside + LOG_ENTRY_HEADER_SIZE]
                number = starts.find(LOG_ENTRY_SIGNATURE[:1], number + 1)


def scan(area: LogArea, log_guid: bytes | None) -> list[LogEntry]:
    """All candidates of the log, each with the verdict on it, in ascending order of position.

    Args:
        area: the log.
        log_guid: the current header's LogGuid; entries that carry another one are stale and not looked into. None
            looks into every entry (for inspection).

    Spec: MS-VHDX 2.3.2
    """
    found = []
    for position, raw in candidates(area):
        _, _, length, tail, sequence, count, _, guid, flushed, last = decode.packer("log_entry_header").unpack(raw)
        if log_guid is not None and guid != log_guid:
            broken, reason = "LOG-012", f"log_guid {decode.guid_text(guid)}"
        else:
            broken, reason = _judge(area, position, raw, length, tail, sequence, count)
        found.append(LogEntry(position, length, tail, sequence, count, guid, flushed, last, broken, reason))
    return found


def _judge(
    area: LogArea, position: int, raw: bytes, length: int, tail: int, sequence: int, count: int
) -> tuple[str, str]:
    """The first rule that the entry breaks and what was found, cheap tests first; ("", "") for a valid entry."""
    placed = decode.structure("log_entry_header", raw, area.file_offset(position))
    wrong = {f.rule: f.found for f in decode.findings(placed) if f.declaration.verdict == _DROPPING}
    if not LOG_SECTOR_SIZE <= length <= area.length:
        wrong["LOG-005"] = f"entry_length {length:#x} in a log of {area.length:#x}"
    if tail >= area.length:
        wrong["LOG-008"] = f"tail {tail:#x} in a log of {area.length:#x}"
    if area.held < area.length and position + length > area.held:
        wrong.setdefault(
            CUT_OFF, f"entry_length {length:#x}, cut off with the file at {area.file_offset(area.held):#x}"
        )
    if wrong:
        return min(wrong.items())  # rules are numbered in the order in which the fields are looked at
    broken, found, updates = judge(area, position, count, sequence)
    if broken:
        return broken, found
    first_data = data_offset(count)
    if length != first_data + updates * LOG_SECTOR_SIZE:
        return "LOG-006", f"entry_length {length:#x} with {counted(count, 'descriptor')}, {updates} of them data"
    for index in range(updates):
        broken = _broken_data_sector(
            area.read((position + first_data + index * LOG_SECTOR_SIZE) % area.length, LOG_SECTOR_SIZE), sequence
        )
        if broken:
            return broken, f"data sector {index}"
    if checksum.compute_parts("log_entry", area.parts(position, length)) != placed.fields.checksum:
        return "LOG-003", f"checksum {placed.fields.checksum:#010x}"
    return "", ""


def data_offset(descriptor_count: int) -> int:
    """Size of an entry's descriptor sectors, in bytes: where its first data sector starts.

    >>> data_offset(0), data_offset(126), data_offset(127)
    (4096, 4096, 8192)

    Spec: MS-VHDX 2.3.1
    """
    used = LOG_ENTRY_HEADER_SIZE + LOG_DESCRIPTOR_SIZE * descriptor_count
    return -(-used // LOG_SECTOR_SIZE) * LOG_SECTOR_SIZE


def _broken_data_sector(raw: bytes, sequence: int) -> str:
    signature, high, _, low = decode.packer("data_sector").unpack(raw)
    for rule, test in BULK["data_sector"].items():
        if not test(signature=signature):
            return rule
    return "" if (high, low) == divmod(sequence, 1 << _HALF_BITS) else "LOG-021"
