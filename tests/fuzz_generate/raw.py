"""The bytes of an image of the corpus, looked up by offsets written out here; shares nothing with the reader."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import crc32c

from vhdx_runtime.fuzz.corpus.corpus import Made

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SECTOR = 4 * KIB
SLOTS, TABLES = (64 * KIB, 128 * KIB), (192 * KIB, 256 * KIB)
NIL = bytes(16)
BAT = bytes.fromhex("6677c22d23f600429d64115e9bfd4a08")
METADATA = bytes.fromhex("06a27c8b90479a4bb8fe575f050f886e")
PARAMETERS = bytes.fromhex("3767a1ca36fa434db3b633f0aa44e76b")
DISK_SIZE = bytes.fromhex("2442a52f1bcd7648b2115dbed83bf4b8")
LOGICAL = bytes.fromhex("1dbf41816fa90947ba47f233a8faab5f")
LOCATOR = bytes.fromhex("2d5fd3a80bb34d45abf7d3d84834ab0c")


class Header(NamedTuple):
    """A header slot: whether signature and checksum are right, and its fields."""

    is_valid: bool
    sequence: int
    file_guid: bytes
    data_guid: bytes
    log_guid: bytes
    log_version: int
    log_length: int
    log_offset: int


class Extent(NamedTuple):
    """An entry of the region table or of the metadata table."""

    guid: bytes
    offset: int
    length: int

    @property
    def end(self) -> int:
        """Behind its last byte, past any width."""
        return self.offset + self.length


class LogEntry(NamedTuple):
    """What starts with "loge" in a sector of the log: its place there, fields, and its bytes around the log's end."""

    position: int
    length: int
    tail: int
    sequence: int
    descriptor_count: int
    guid: bytes
    last_file_offset: int
    raw: bytes

    @property
    def is_sealed(self) -> bool:
        """All its bytes are there and its checksum is right."""
        return len(self.raw) == self.length >= 64 and is_right(self.raw)

    def descriptors(self) -> Iterator[tuple[bytes, int, int]]:
        """Signature, zero length or 8 bytes of data, and file offset of those that are there."""
        for index in range(min(self.descriptor_count, (len(self.raw) - 64) // 32)):
            kind, _, value, target = struct.unpack_from("<4sIQQ", self.raw, 64 + 32 * index)
            yield kind, value, target


def is_right(raw: bytes) -> bool:
    """Whether the four bytes from offset 4 are the CRC-32C of all bytes with zeros in their place."""
    return int(struct.unpack_from("<I", raw, 4)[0]) == crc32c.crc32c(raw[:4] + bytes(4) + raw[8:])


class Raw:
    """An image as bytes."""

    def __init__(self, made: Made) -> None:
        self.made = made
        self.rules = set(made.label["rules"])
        self.length: int = made.image.length
        self._extents = made.image.extents
        self._starts = [offset for offset, _ in self._extents]

    def at(self, offset: int, length: int) -> bytes:
        """Bytes of the file; fewer where it ends."""
        length = max(min(length, self.length - offset), 0)
        found = bytearray(length)
        for start, data in self._extents[max(bisect_right(self._starts, offset) - 1, 0) :]:
            if start >= offset + length:
                break
            low, high = max(start, offset), min(start + len(data), offset + length)
            if low < high:
                found[low - offset : high - offset] = data[low - start : high - start]
        return bytes(found)

    def number(self, offset: int, size: int) -> int:
        """An unsigned integer."""
        return int.from_bytes(self.at(offset, size), "little")

    @cached_property
    def headers(self) -> list[Header]:
        """Both slots."""
        found = []
        for slot in SLOTS:
            raw = self.at(slot, SECTOR).ljust(SECTOR, b"\0")
            _, _, sequence, file_guid, data_guid, log_guid, version, _, length, offset = struct.unpack_from(
                "<4sIQ16s16s16sHHIQ", raw
            )
            is_valid = raw[:4] == b"head" and is_right(raw)
            found.append(Header(is_valid, sequence, file_guid, data_guid, log_guid, version, length, offset))
        return found

    @property
    def current(self) -> Header | None:
        """The valid header with the larger sequence number."""
        return max((one for one in self.headers if one.is_valid), key=lambda one: one.sequence, default=None)

    def table(self, copy: int) -> tuple[bool, list[Extent]]:
        """A copy of the region table: whether signature and checksum are right, and its first entries."""
        raw = self.at(TABLES[copy], 64 * KIB).ljust(64 * KIB, b"\0")
        count = min(struct.unpack_from("<I", raw, 8)[0], 16)
        entries = [Extent(*struct.unpack_from("<16sQI", raw, 16 + 32 * index)) for index in range(count)]
        return raw[:4] == b"regi" and is_right(raw), entries

    @cached_property
    def regions(self) -> list[Extent]:
        """Entries of the first copy that is valid."""
        tables = [self.table(0), self.table(1)]
        return next((entries for is_valid, entries in tables if is_valid), [])

    def region(self, guid: bytes) -> Extent | None:
        """The first region with a GUID."""
        return next((one for one in self.regions if one.guid == guid), None)

    @cached_property
    def items(self) -> list[Extent]:
        """Entries of the metadata table, as far as there are 16; offsets in the region."""
        region = self.region(METADATA)
        if region is None or self.at(region.offset, 8) != b"metadata":
            return []
        count = min(self.number(region.offset + 10, 2), 16)
        return [
            Extent(*struct.unpack("<16sII", self.at(region.offset + 32 + 32 * index, 24).ljust(24, b"\0")))
            for index in range(count)
        ]

    def item(self, guid: bytes, length: int = 8) -> bytes:
        """The start of an item's bytes; b"" where there is none."""
        region, entry = self.region(METADATA), next((one for one in self.items if one.guid == guid), None)
        return self.at(region.offset + entry.offset, min(length, entry.length)) if region and entry else b""

    def value(self, guid: bytes, size: int) -> int | None:
        """An item, or the start of one, as a number; None where there is none."""
        raw = self.item(guid, size)
        return int.from_bytes(raw, "little") if len(raw) == size else None

    @property
    def block_size(self) -> int:
        """Bytes; 0 where that is not known."""
        return self.value(PARAMETERS, 4) or 0

    @property
    def has_parent(self) -> bool:
        """Whether it is a differencing file."""
        return bool(int.from_bytes(self.item(PARAMETERS)[4:], "little") & 2)

    @property
    def is_fixed(self) -> bool:
        """Whether its blocks are to stay allocated."""
        return int.from_bytes(self.item(PARAMETERS)[4:], "little") & 3 == 1

    @property
    def ratio(self) -> int:
        """Payload blocks of a chunk; 0 where that is not known."""
        return (1 << 23) * (self.value(LOGICAL, 4) or 0) // self.block_size if self.block_size else 0

    @property
    def blocks(self) -> int:
        """Payload blocks of the disk; 0 where that is not known."""
        return -(-(self.value(DISK_SIZE, 8) or 0) // self.block_size) if self.block_size else 0

    @cached_property
    def bat(self) -> dict[int, tuple[int, int]]:
        """State and file offset of the first 64 Ki entries of the table that are not zero, by index."""
        region = self.region(BAT)
        raw = self.at(region.offset, min(region.length, 512 * KIB)) if region else b""
        words = struct.unpack(f"<{len(raw) // 8}Q", raw[: len(raw) // 8 * 8])
        return {index: (word & 7, word >> 20 << 20) for index, word in enumerate(words) if word}

    def payload(self, number: int) -> tuple[int, int]:
        """State and file offset of a payload block."""
        return self.bat.get(number + number // self.ratio, (0, 0)) if self.ratio else (0, 0)

    @cached_property
    def payloads(self) -> dict[int, tuple[int, int]]:
        """State and file offset of the payload blocks of the disk whose entry is not zero."""
        width = self.ratio + 1
        pairs = {at // width * self.ratio + at % width: one for at, one in self.bat.items() if at % width != self.ratio}
        return {number: one for number, one in pairs.items() if number < self.blocks} if self.ratio else {}

    @cached_property
    def bitmaps(self) -> dict[int, tuple[int, int]]:
        """State and file offset of the sector bitmap entries that are not zero, by chunk."""
        width = self.ratio + 1
        return {at // width: one for at, one in self.bat.items() if at % width == self.ratio} if self.ratio else {}

    @cached_property
    def log(self) -> list[LogEntry]:
        """What looks like a log entry, in the order of the log; of whatever header is current, else of the first."""
        header = self.current or self.headers[0]
        area = self.at(header.log_offset, min(header.log_length, 64 * MIB))
        found = []
        for position in range(0, len(area), SECTOR):
            if area[position : position + 4] == b"loge":
                fields = struct.unpack_from("<4sIIIQII16sQQ", area.ljust(position + 64, b"\0"), position)
                length, tail, sequence, count, guid, last = (fields[index] for index in (2, 3, 4, 5, 7, 9))
                rest = area[:position] if len(area) == header.log_length else b""  # the file may end in the log
                whole = (area[position:] + rest)[:length] if length <= len(area) else b""
                found.append(LogEntry(position, length, tail, sequence, count, guid, last, whole))
        return found

    @property
    def live(self) -> list[LogEntry]:
        """The log entries that are whole and have the current header's LogGuid, in the order of the log."""
        return [one for one in self.log if self.current and one.guid == self.current.log_guid and one.is_sealed]

    @cached_property
    def pairs(self) -> dict[str, str]:
        """The parent locator: texts by key."""
        raw = self.item(LOCATOR, MIB)
        found: dict[str, str] = {}
        for index in range(min(int.from_bytes(raw[18:20], "little"), 64)):
            if len(entry := raw[20 + 12 * index : 32 + 12 * index]) == 12:
                key, value, key_length, value_length = struct.unpack("<IIHH", entry)
                texts = (raw[key : key + key_length], raw[value : value + value_length])
                name, text = (one.decode("utf-16-le", "replace") for one in texts)
                found.setdefault(name, text)
        return found

    def seals(self) -> Iterator[tuple[str, int, bool]]:
        """Every checksum: the rule about it, where its object starts in the file (or the log), and whether it is right.

        An object without its signature has a checksum all the same, and one that the file's end cuts off a wrong one; a
        place of zeros holds no object. A log entry that is shorter than its header or longer than the log covers
        nothing that one could compute.
        """
        for rule, places, size in (("HDR-002", SLOTS, SECTOR), ("RGN-002", TABLES, 64 * KIB)):
            for place in places:
                raw = self.at(place, size)
                if any(raw):
                    yield rule, place, len(raw) == size and is_right(raw)
        for entry in self.log:
            if len(entry.raw) == entry.length >= 64:
                yield "LOG-003", entry.position, is_right(entry.raw)
