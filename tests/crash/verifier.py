"""Is this a file that any reader takes, and what does its disk hold? A reader of its own, for states by the million.

Written from the specification with its own numbers; it imports nothing of the project. It is strict where a writer has
to be: what a lenient reader would forgive is a fault here. It is fast because a page that was judged once is not judged
again, and because it reads only the pages of the disk that it is asked for.

Spec: MS-VHDX 2.1 to 2.6.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, Protocol
from uuid import UUID

from crc32c import crc32c

PAGE, KIB, MIB = 4096, 1 << 10, 1 << 20
ZERO, NIL = bytes(PAGE), bytes(16)
HEADER_PAGES = (16, 32)
TABLE_PAGES = ((48, 64), (64, 80))
LOGGABLE = 192 * KIB
BAT, METADATA = (
    UUID("2dc27766-f623-4200-9d64-115e9bfd4a08").bytes_le,
    UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le,
)
ITEMS = {
    UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b").bytes_le: ("parameters", 8, 4),
    UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8").bytes_le: ("size", 8, 6),
    UUID("beca12ab-b2e6-4523-93ef-c309e000c746").bytes_le: ("page83", 16, 6),
    UUID("8141bf1d-a96f-4709-ba47-f233a8faab5f").bytes_le: ("logical", 4, 6),
    UUID("cda348c7-445d-4471-9cc9-e9885251c556").bytes_le: ("physical", 4, 6),
    UUID("a8d35f2d-b30b-454d-abf7-d3d84834ab0c").bytes_le: ("locator", 0, 4),
}
PRESENT, PARTIAL = 6, 7
ANCHORS = (1, 3)


class Refused(Exception):
    """A reader refuses this file, or a part of it, or a writer may not leave it so."""


class File(Protocol):
    """A file by its pages."""

    size: int

    def page(self, number: int) -> bytes:
        """A page of 4 KiB."""
        ...


class Header(NamedTuple):
    """A sound header; lengths and offsets in bytes."""

    sequence_number: int
    file_guid: bytes
    data_guid: bytes
    log_guid: bytes
    log_length: int
    log_offset: int


class Entry(NamedTuple):
    """A sound log entry; its updates are (first page, pages, the page's bytes or b"" for zeros)."""

    sequence_number: int
    length: int
    tail: int
    flushed: int
    last: int
    updates: tuple[tuple[int, int, bytes], ...]


@lru_cache(1 << 15)
def header(page: bytes) -> Header | None:
    """A header, or None where its signature or checksum is not right."""
    if page[:4] != b"head" or crc32c(page[:4] + bytes(4) + page[8:]) != int.from_bytes(page[4:8], "little"):
        return None
    number, file_guid, data_guid, log_guid, log_version, version, length, offset = struct.unpack_from(
        "<Q16s16s16sHHIQ", page, 8
    )
    if version != 1 or log_version != 0 or any(page[80:]):
        raise Refused("header: version or reserved bytes")
    if length % MIB or offset % MIB or not length or not offset:
        raise Refused("header: place of the log")
    return Header(number, file_guid, data_guid, log_guid, length, offset)


def current_header(file: File) -> Header:
    """The header that counts."""
    found = [one for number in HEADER_PAGES if (one := header(file.page(number)))]
    if not found:
        raise Refused("HDR: no header is valid")
    if len(found) == 2 and found[0].sequence_number == found[1].sequence_number:
        raise Refused("HDR: two headers with the same sequence number")
    return max(found, key=lambda one: one.sequence_number)


@lru_cache(1 << 16)
def entry(pages: tuple[bytes, ...], guid: bytes, log: tuple[int, int]) -> Entry | None:
    """A log entry from its pages, or None where it is none.

    Args:
        pages: as many as its length says.
        guid: LogGuid of the header.
        log: pages of the log in the file, first and behind the last.
    """
    raw = b"".join(pages)
    _, length, tail, number, count, reserved, own, flushed, last = struct.unpack_from("<IIIQII16sQQ", raw, 4)
    first = -(-(64 + 32 * count) // PAGE)
    if own != guid or not number or first > len(pages) or tail % PAGE or tail >= (log[1] - log[0]) * PAGE:
        return None
    if crc32c(raw[:4] + bytes(4) + raw[8:]) != int.from_bytes(raw[4:8], "little"):
        return None
    if reserved or flushed % MIB or last % MIB or last < flushed:
        raise Refused("log entry: fields that no writer may write")
    updates, at = [], first
    for start in range(64, 64 + 32 * count, 32):
        kind, trailing, middle, offset, own_number = struct.unpack_from("<4s4s8sQQ", raw, start)
        if own_number != number or offset % PAGE:
            return None
        if kind == b"zero":
            size = int.from_bytes(middle, "little")
            if any(trailing) or size % PAGE:
                raise Refused("zero descriptor")
            updates.append((offset // PAGE, size // PAGE, b""))
        elif kind == b"desc":
            if at >= len(pages) or pages[at][:4] != b"data":
                return None
            if struct.unpack_from("<I4084xI", pages[at], 4) != (number >> 32, number & 0xFFFFFFFF):
                return None
            updates.append((offset // PAGE, 1, middle + pages[at][8:4092] + trailing))
            at += 1
        else:
            return None
    if at != len(pages) or length != len(pages) * PAGE:
        return None
    for page, many, _ in updates:
        if page * PAGE < LOGGABLE or (page < log[1] and page + many > log[0]):
            raise Refused("log entry: an update of what may not be logged")
    return Entry(number, length, tail, flushed, last, tuple(updates))


def active(file: File, head: Header) -> list[Entry]:
    """The active sequence from its tail to its head."""
    first, count = head.log_offset // PAGE, head.log_length // PAGE
    log = (first, first + count)
    found: dict[int, Entry] = {}
    page = file.page
    for at in range(count):
        top = page(first + at)
        if top[:4] == b"loge" and top[32:48] == head.log_guid:
            length = int.from_bytes(top[8:12], "little")
            if length % PAGE == 0 and PAGE <= length <= head.log_length:
                pages = tuple([page(first + (at + n) % count) for n in range(length // PAGE)])
                one = entry(pages, head.log_guid, log)
                if one:
                    found[at] = one
    for at, last in sorted(found.items(), key=lambda item: -item[1].sequence_number):
        run, place = [], last.tail // PAGE
        used = 0
        while (
            (one := found.get(place))
            and (not run or one.sequence_number == run[-1].sequence_number + 1)
            and used + one.length <= head.log_length
        ):
            run.append(one)
            used += one.length
            if place == at:
                return run
            place = (place + one.length // PAGE) % count
    raise Refused("LOG-024: the log has no valid sequence")


class Replayed:
    """A file with its log replayed in memory, or as it is where there is nothing to replay."""

    def __init__(self, file: File, head: Header) -> None:
        self.file, self.header = file, head
        self.size, self.promised = file.size, 0
        self.replayed: dict[int, bytes] = {}
        self.page: Callable[[int], bytes] = file.page
        if head.log_offset + head.log_length > file.size:
            raise Refused("HDR: the log is not inside the file")
        if head.log_guid == NIL:
            return
        run = active(file, head)
        if file.size < run[-1].flushed:
            raise Refused("LOG: the file is shorter than FlushedFileOffset")
        for one in run:
            for number, count, data in one.updates:
                for page in range(number, number + count):
                    self.replayed[page] = data or ZERO
        self.promised = run[-1].last
        self.size = max(file.size, self.promised)
        self.page = self._page

    def _page(self, number: int) -> bytes:
        found = self.replayed.get(number)
        return self.file.page(number) if found is None else found


@lru_cache(256)
def region_table(pages: tuple[bytes, ...]) -> dict[bytes, tuple[int, int]] | None:
    """Regions by GUID as (offset, length), or None where the table is not valid."""
    raw = b"".join(pages)
    if raw[:4] != b"regi" or crc32c(raw[:4] + bytes(4) + raw[8:]) != int.from_bytes(raw[4:8], "little"):
        return None
    count = int.from_bytes(raw[8:12], "little")
    found = {}
    for at in range(16, 16 + 32 * count, 32):
        guid, offset, length, required = struct.unpack_from("<16sQII", raw, at)
        if offset % MIB or length % MIB or not offset or required > 1 or guid in found:
            raise Refused("RGN: a region")
        found[guid] = (offset, length)
    return found


@lru_cache(256)
def metadata(pages: tuple[bytes, ...]) -> dict[str, bytes]:
    """The items of a metadata region by name, from its first pages."""
    raw = b"".join(pages)
    if raw[:8] != b"metadata":
        raise Refused("MDT: signature")
    found = {}
    for n in range(int.from_bytes(raw[10:12], "little")):
        guid, offset, length, flags = struct.unpack_from("<16sIII", raw, 32 + 32 * n)
        name, size, wanted = ITEMS[guid]
        if flags != wanted or (size and length != size) or offset < 64 * KIB:
            raise Refused(f"MDT: {name}")
        found[name] = raw[offset : offset + length]
    return found


@lru_cache(1 << 13)
def table_page(page: bytes) -> tuple[tuple[int, int], ...]:
    """The entries of a page of the BAT that are not zero, as (place in the page, entry)."""
    words = struct.unpack("<512Q", page)
    if any(word & 0xFFFF8 for word in words):
        raise Refused("BAT: reserved bits")
    return tuple((at, word) for at, word in enumerate(words) if word)


class Reading:
    """A file whose structures hold, and its disk page by page.

    Args:
        file: the file as a crash left it.
        parent: gives a page of the parent's disk, for a file that has one.
        is_strict: also ask what only a careful writer does: every place inside the file as it is, before it grows.

    Raises:
        Refused: something does not hold.
    """

    def __init__(self, file: File, parent: Callable[[int], bytes] | None = None, *, is_strict: bool = True) -> None:
        self.header = current_header(file)
        self.view = view = Replayed(file, self.header)
        self.page = page = view.page
        tables = [region_table(tuple([page(n) for n in range(*pages)])) for pages in TABLE_PAGES]
        if tables[0] is None or tables[0] != tables[1]:
            raise Refused("RGN: the tables are not both valid and the same")
        self.bat_place, self.meta_place = tables[0][BAT], tables[0][METADATA]
        first = self.meta_place[0] // PAGE
        items = metadata(tuple([page(n) for n in range(first, first + 20)]))
        self.block_size, flags = struct.unpack("<II", items["parameters"])
        self.has_parent = bool(flags & 2)
        self.disk_size = int.from_bytes(items["size"], "little")
        self.sector_size = int.from_bytes(items["logical"], "little")
        self.parent = parent
        self.ratio = (self.sector_size << 23) // self.block_size
        self.blocks = -(-self.disk_size // self.block_size)
        self.entries: dict[int, int] = {}
        self.bitmaps: dict[int, int] = {}
        self._table()
        end = self._places(file.size if is_strict else view.size)
        if is_strict and view.promised and end > view.promised:
            raise Refused(f"LOG: places end at {end:#x}, LastFileOffset is {view.promised:#x}")
        self._bits_behind_the_end()

    def _table(self) -> None:
        ratio = self.ratio
        chunks = -(-self.blocks // ratio)
        count = chunks * (ratio + 1) if self.has_parent else self.blocks + (self.blocks - 1) // ratio
        first = self.bat_place[0] // PAGE
        for number in range(-(-count // 512)):
            page = self.page(first + number)
            if page is ZERO:
                continue
            for at, word in table_page(page):
                index = number * 512 + at
                chunk, inside = divmod(index, ratio + 1)
                if index >= count or (inside < ratio and chunk * ratio + inside >= self.blocks):
                    raise Refused(f"BAT: entry {index} behind the disk's end is {word:#x}")
                if inside == ratio:
                    self.bitmaps[chunk] = word
                else:
                    self.entries[chunk * ratio + inside] = word

    def _places(self, size: int) -> int:
        """Every place is inside the file, and no two overlap; gives the end of the last one."""
        head = self.header
        taken = [(0, MIB, "headers"), (head.log_offset, head.log_offset + head.log_length, "log")]
        taken += [(offset, offset + length, "region") for offset, length in (self.bat_place, self.meta_place)]
        for block, word in self.entries.items():
            state, offset = word & 7, word & ~0xFFFFF
            if state in (4, 5) or (state == PARTIAL and not self.has_parent):
                raise Refused(f"BAT: block {block} has state {state}")
            if state == PARTIAL and block // self.ratio not in self.bitmaps:
                raise Refused(f"BAT-012: block {block} is partly present, and its chunk has no bitmap")
            if state >= PRESENT or (state in ANCHORS and offset):
                taken.append((offset, offset + self.block_size, f"block {block}"))
            elif offset:
                raise Refused(f"BAT-014: block {block} of state {state} has a place")
        for chunk, word in self.bitmaps.items():
            if word & 7 != PRESENT or not self.has_parent:
                raise Refused(f"BAT: bitmap {chunk} is {word:#x}")
            taken.append(((word & ~0xFFFFF), (word & ~0xFFFFF) + MIB, f"bitmap {chunk}"))
        taken.sort()
        end, last = 0, ""
        for start, stop, name in taken:
            if start < end:
                raise Refused(f"LAY: {name} overlaps {last}")
            end, last = stop, name
        if end > size:
            raise Refused(f"BAT-006: {last} ends at {end:#x} behind the file's end at {size:#x}")
        return end

    def _bits_behind_the_end(self) -> None:
        """The bits of sectors behind the disk's end are clear: in the page of the first of them, and in some more."""
        sector = self.disk_size // self.sector_size
        word, bit = self.bitmaps.get(sector >> 23, 0), sector & 0x7FFFFF
        if word:
            first, at = (word & ~0xFFFFF) // PAGE, bit >> 15
            page = self.page(first + at)
            if page is not ZERO and int.from_bytes(page, "little") >> (bit & 0x7FFF):
                raise Refused("SBM-002: bits behind the disk's end")
            if any(self.page(first + n) != ZERO for n in range(at + 1, 256, 50)):
                raise Refused("SBM-002: bits behind the disk's end")

    def disk_page(self, number: int) -> bytes:
        """A page of the disk: 4 KiB at number × 4 KiB; zeros behind the disk's end."""
        offset = number * PAGE
        block = offset // self.block_size
        word = self.entries.get(block, 0)
        state = word & 7
        if state == PRESENT:
            return self.page(((word & ~0xFFFFF) + offset % self.block_size) // PAGE)
        if state == PARTIAL:
            return self._mixed(number, block, word)
        if state == 0 and self.parent is not None:
            return self.parent(number)
        return ZERO

    def _mixed(self, number: int, block: int, word: int) -> bytes:
        bits = self.bits(number)
        if not bits:
            return self._below(number)
        own = self.page(((word & ~0xFFFFF) + number * PAGE % self.block_size) // PAGE)
        if bits == 0xFF:
            return own
        below = self._below(number)
        parts = [own if bits >> n & 1 else below for n in range(8)]
        return b"".join([part[n * 512 : n * 512 + 512] for n, part in enumerate(parts)])

    def _below(self, number: int) -> bytes:
        assert self.parent is not None
        return self.parent(number)

    def bits(self, number: int) -> int:
        """The bits of a page's sectors, eight where sectors have 512 bytes; one bit stands for all eight where 4096."""
        sector = number * PAGE // self.sector_size
        chunk, bit = sector >> 23, sector & 0x7FFFFF
        byte = self.page((self.bitmaps[chunk] & ~0xFFFFF) // PAGE + (bit >> 15))[bit >> 3 & 0xFFF]
        if self.sector_size == PAGE:
            return 0xFF if byte >> (bit & 7) & 1 else 0
        return byte
