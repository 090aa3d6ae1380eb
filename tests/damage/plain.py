"""A second, slow reading of a file's structures, for sound files: where they lie and what the table says of each block.

Written from the specification with numbers of its own, and shares no line with the reader under test.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from crc32c import crc32c

from tests.damage.spans import Span

KIB, MIB = 1 << 10, 1 << 20
HEADERS, REGION_TABLES = (64 * KIB, 128 * KIB), (192 * KIB, 256 * KIB)
TABLE_SIZE = 64 * KIB  # of a region table, and of the metadata table
BAT, METADATA = (
    UUID("2dc27766-f623-4200-9d64-115e9bfd4a08").bytes_le,
    UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le,
)
PARAMETERS = UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b").bytes_le
DISK_SIZE = UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8").bytes_le
SECTOR_SIZE = UUID("8141bf1d-a96f-4709-ba47-f233a8faab5f").bytes_le


@dataclass(frozen=True)
class Header:
    """A sound header: its slot, and what it says."""

    slot: int
    sequence_number: int
    log_guid: bytes
    log_length: int
    log_offset: int


@dataclass(frozen=True)
class Entry:
    """A log entry that looks whole: where it lies in the file (in two parts where it wraps), and what it says."""

    parts: tuple[Span, ...]
    sequence_number: int
    tail: int
    flushed: int
    last: int


@dataclass(frozen=True)
class Shape:
    """The disk as the metadata says it; sizes in bytes."""

    block_size: int
    has_parent: bool
    size: int
    sector_size: int

    @property
    def ratio(self) -> int:
        """Payload blocks in a chunk."""
        return (self.sector_size << 23) // self.block_size

    @property
    def blocks(self) -> int:
        """Payload blocks of the disk."""
        return -(-self.size // self.block_size)


def sealed(raw: bytes) -> bool:
    """Whether the checksum in bytes 4 to 7 is that of all bytes, itself taken as zero."""
    return crc32c(raw[:4] + bytes(4) + raw[8:]) == struct.unpack_from("<I", raw, 4)[0]


def current_header(raw: bytes | bytearray | memoryview) -> Header | None:
    """The sound header with the larger sequence number; header 1 of two that are the same."""
    found = []
    for slot in HEADERS:
        page = bytes(raw[slot : slot + 4096])
        if len(page) == 4096 and page[:4] == b"head" and sealed(page):
            number, guid, length, offset = struct.unpack_from("<Q32x16s4xIQ", page, 8)
            found.append(Header(slot, number, guid, length, offset))
    return max(found, key=lambda header: header.sequence_number, default=None)


def regions(raw: bytes | bytearray | memoryview) -> dict[bytes, Span]:
    """The regions of the first sound region table, by GUID; {} where neither is sound."""
    for place in REGION_TABLES:
        table = bytes(raw[place : place + TABLE_SIZE])
        if len(table) == TABLE_SIZE and table[:4] == b"regi" and sealed(table):
            entries = (
                struct.unpack_from("<16sQI", table, 16 + 32 * n) for n in range(struct.unpack_from("<I", table, 8)[0])
            )
            return {guid: (offset, offset + length) for guid, offset, length in entries}
    return {}


def items(region: bytes) -> dict[bytes, Span]:
    """The metadata items that the table of a metadata region names: where each lies in the region."""
    if region[:8] != b"metadata":
        return {}
    count = struct.unpack_from("<H", region, 10)[0]
    entries = (struct.unpack_from("<16sII", region, 32 + 32 * n) for n in range(min(count, 2047)))
    return {guid: (offset, offset + length) for guid, offset, length in entries}


def shape(region: bytes) -> Shape | None:
    """What a metadata region says of the disk, or None where it says nothing that can be."""
    found = items(region)
    needed = [found.get(guid, (0, 0)) for guid in (PARAMETERS, DISK_SIZE, SECTOR_SIZE)]
    if [end - start for start, end in needed] != [8, 8, 4] or any(end > len(region) for _, end in needed):
        return None
    block, flags = struct.unpack_from("<II", region, needed[0][0])
    size, sector = struct.unpack_from("<Q", region, needed[1][0])[0], struct.unpack_from("<I", region, needed[2][0])[0]
    is_block = MIB <= block <= 256 * MIB and not block & (block - 1)
    if not is_block or sector not in (512, 4096) or not 0 < size <= 64 << 40 or size % sector:
        return None
    return Shape(block, bool(flags & 2), size, sector)


def log_entries(raw: bytes | bytearray | memoryview, header: Header) -> list[Entry]:
    """All entries of the header's LogGuid that are whole, by ascending sequence number."""
    start, length = header.log_offset, header.log_length
    log = bytes(raw[start : start + length])
    found = [entry for at in range(0, len(log), 4096) if (entry := _entry(log, at, start, header.log_guid))]
    return sorted(found, key=lambda entry: entry.sequence_number)


def _entry(log: bytes, at: int, start: int, guid: bytes) -> Entry | None:
    head = log[at : at + 64]
    if head[:4] != b"loge" or head[32:48] != guid:
        return None
    size, tail, number = struct.unpack_from("<IIQ", head, 8)
    whole = (log[at:] + log[:at])[:size]
    if not 4096 <= size <= len(log) or size % 4096 or not sealed(whole):
        return None
    flushed, last = struct.unpack_from("<QQ", head, 48)
    wrapped = max(0, at + size - len(log))
    parts = ((start + at, start + at + size - wrapped), (start, start + wrapped))
    return Entry(tuple(part for part in parts if part[0] < part[1]), number, tail, flushed, last)


def index_of(shape: Shape, block: int) -> int:
    """The table's entry of a payload block."""
    return block + block // shape.ratio


def slot_of(shape: Shape, chunk: int) -> int:
    """The table's entry of a chunk's sector bitmap."""
    return chunk * (shape.ratio + 1) + shape.ratio


def word(raw: bytes | bytearray | memoryview, table: int, index: int) -> int:
    """An entry of the table; 0 behind the file's end."""
    return int.from_bytes(raw[table + 8 * index : table + 8 * index + 8], "little")


def disk_pieces(raw: bytes, table: int, disk: Shape, parent: bytes = b"") -> Iterator[tuple[int, bytes]]:
    """What a sound file whose log is empty says of its disk, as (offset, bytes); what it leaves out is zeros.

    Args:
        raw: the file.
        table: where its BAT is.
        disk: what its metadata says.
        parent: the whole disk of its parent.
    """
    for block in range(disk.blocks):
        start = block * disk.block_size
        size = min(disk.block_size, disk.size - start)
        entry = word(raw, table, index_of(disk, block))
        own = raw[entry >> 20 << 20 :][:size] if entry & 7 >= 6 else b""
        if entry & 7 == 6:
            yield start, own
        elif disk.has_parent and entry & 7 in (0, 7):
            yield start, _mixed(raw, table, disk, block, own, parent[start : start + size].ljust(size, b"\0"))


def _mixed(raw: bytes, table: int, disk: Shape, block: int, own: bytes, below: bytes) -> bytes:
    if not own:
        return below
    bitmap = word(raw, table, slot_of(disk, block // disk.ratio)) >> 20 << 20
    mixed, sectors = bytearray(below), disk.block_size // disk.sector_size
    for sector in range(len(own) // disk.sector_size):
        bit = block % disk.ratio * sectors + sector
        if raw[bitmap + bit // 8] >> bit % 8 & 1:
            part = slice(sector * disk.sector_size, (sector + 1) * disk.sector_size)
            mixed[part] = own[part]
    return bytes(mixed)
