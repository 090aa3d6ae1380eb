"""Finding the entries of the log and judging each.

Knows the log area as a ring of sectors and what makes an entry valid. Knows nothing of what the log's targets are. Work
is bounded: two entries of right structure cannot share a sector, so whatever the log holds, each of its bytes is looked
at a fixed number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vhdx_format.bulk import BULK
from vhdx_format.layout import (
    LOG_DESCRIPTOR_SIZE,
    LOG_ENTRY_HEADER_SIZE,
    LOG_ENTRY_SIGNATURE,
    LOG_SECTOR_SIZE,
    STRUCTURES,
)

from ...codec import checksum, decode
from ...codec.holes import data_ranges
from . import descriptors
from .area import CHUNK, LogArea

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
    for start, end in data_ranges(area.source, area.offset, area.length):
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

    Returns:
        Valid and invalid candidates.

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
    if wrong:
        return min(wrong.items())  # rules are numbered in the order in which the fields are looked at
    broken, found, updates = descriptors.judge(area, position, count, sequence)
    if broken:
        return broken, found
    first_data = data_offset(count)
    if length != first_data + updates * LOG_SECTOR_SIZE:
        return "LOG-006", f"entry_length {length:#x} with {count} descriptors, {updates} of them data"
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
