"""Of every class of defect that readers are known for there is an image, found by its bytes.

No file can show what a program does while it writes: that it puts what allocates a block at the block's start, loses
its last valid header, keeps two tables for one file, or logs half a sector. For these there are files in the state that
such a program leaves behind or trips over. That a host does not attach files that it keeps compressed is in no byte of
a file either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from uuid import UUID

import pytest

from tests.fuzz_generate.raw import (
    BAT,
    DISK_SIZE,
    GIB,
    KIB,
    LOCATOR,
    LOGICAL,
    METADATA,
    MIB,
    NIL,
    PARAMETERS,
    SECTOR,
    SLOTS,
    TABLES,
    Extent,
    Raw,
)

pytestmark = pytest.mark.xdist_group("fuzz-corpus")

Claim = Callable[[Raw], bool]
FULL, PARTIAL = 6, 7
END_32, END_64 = 1 << 32, 1 << 64


def is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def both_regions(raw: Raw) -> tuple[Extent, Extent] | None:
    """Table of blocks and metadata, in the order of the region table."""
    found = [one for one in raw.regions if one.guid in (BAT, METADATA)]
    return (found[0], found[1]) if len(found) == 2 and found[0].guid != found[1].guid else None


def overlap(relation: Callable[[Extent, Extent], bool]) -> Claim:
    """Whether the two regions that every reader knows lie to each other in a way."""

    def claim(raw: Raw) -> bool:
        regions = both_regions(raw)
        return regions is not None and relation(*regions)

    return claim


def present(raw: Raw) -> Iterator[tuple[int, int, int]]:
    """Number, state and file offset of the payload blocks that are said to be in the file."""
    return ((number, *one) for number, one in raw.payloads.items() if one[0] in (FULL, PARTIAL))


def data(raw: Raw) -> Iterator[tuple[int, int]]:
    """File offset and end of what live log entries change."""
    for entry in raw.live:
        for kind, value, target in entry.descriptors():
            yield target, target + (value if kind == b"zero" else SECTOR)


def data_guids(raw: Raw) -> list[bytes]:
    return [one.data_guid for one in raw.headers]


def links(raw: Raw, key: str, guid: bytes) -> bool:
    """Whether the locator has a GUID under a key."""
    try:
        return UUID(raw.pairs.get(key, "")).bytes_le == guid
    except ValueError:
        return False


def is_clean(raw: Raw) -> bool:
    return raw.current is not None and raw.current.log_guid == NIL


def is_one_copy_right(raw: Raw, number: int, start: bytes) -> bool:
    """Whether of two region tables only this one is right, and the other begins in a way."""
    rights = [raw.table(copy)[0] for copy in (0, 1)]
    return rights[number] and not rights[1 - number] and raw.at(TABLES[1 - number], 4) == start


def has_harmful_entry_behind_tail(raw: Raw) -> bool:
    """An entry of the row that the newest one ends, before its Tail, zeroes bytes that are in use."""
    for older, newer in pairwise(raw.live):
        is_next = newer.sequence == older.sequence + 1 and newer.position == older.position + older.length
        if is_next and newer.tail == newer.position:
            for kind, size, target in older.descriptors():
                if kind == b"zero" and any(raw.at(target, size)):
                    return True
    return False


def has_run_that_begins_within_a_byte(raw: Raw) -> bool:
    """A bit is set in a bitmap that is in use, the one before it in the same byte is not."""
    for number, (state, _) in raw.payloads.items():
        kept, offset = raw.bitmaps.get(number // raw.ratio, (0, 0))
        if state == PARTIAL and kept == FULL:
            per_block = raw.block_size // (raw.value(LOGICAL, 4) or 1)
            bits = raw.at(offset + number % raw.ratio * per_block // 8, per_block // 8)
            if any(byte & ~(byte << 1) & 0xFE for byte in bits):
                return True
    return False


SIZES: dict[str, Claim] = {
    "a block size of zero": lambda raw: raw.value(PARAMETERS, 4) == 0,
    "a block size that is no power of two": lambda raw: raw.block_size > 0 and not is_power_of_two(raw.block_size),
    "a block size above 256 MiB": lambda raw: raw.block_size > 256 * MIB,
    "a sector size of zero": lambda raw: raw.value(LOGICAL, 4) == 0,
    "a sector size that there is not": lambda raw: raw.value(LOGICAL, 4) not in (None, 0, 512, 4096),
    "a disk of zero bytes": lambda raw: raw.value(DISK_SIZE, 8) == 0,
    "a disk of more blocks than 32 bits count": lambda raw: raw.blocks > END_32,
    "a disk that ends within a block": lambda raw: (
        not raw.rules and (raw.value(DISK_SIZE, 8) or 0) % (raw.block_size or 1) > 0
    ),
    "fewer blocks than make a chunk, and a bitmap for them": lambda raw: (
        raw.has_parent and 0 < raw.blocks < raw.ratio and raw.bitmaps.get(0, (0, 0))[0] == FULL
    ),
    "a table of blocks of 4 GiB less 1 MiB": lambda raw: (
        next((one.length for one in raw.regions if one.guid == BAT), 0) == END_32 - MIB
    ),
    "a log of 4 GiB less 1 MiB": lambda raw: raw.current is not None and raw.current.log_length == END_32 - MIB,
    "65535 pairs in a locator": lambda raw: raw.item(LOCATOR, 20)[18:20] == b"\xff\xff",
    "a creator that fills its field": lambda raw: not raw.rules and all(map(any, units(raw.at(8, 512)))),
    "a creator that is no text": lambda raw: not is_text(raw.at(8, 512)),
}


def units(raw: bytes) -> list[bytes]:
    return [raw[at : at + 2] for at in range(0, len(raw), 2)]


def is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-16-le")
    except UnicodeDecodeError:
        return False
    return True


ENDS: dict[str, Claim] = {
    "a region whose end passes 64 bits": lambda raw: any(one.end >= END_64 for one in raw.regions),
    "an item whose end passes 32 bits": lambda raw: any(one.end >= END_32 for one in raw.items),
    "a log whose end passes 64 bits": lambda raw: (
        raw.current is not None and raw.current.log_offset + raw.current.log_length >= END_64
    ),
    "a block whose end passes 64 bits": lambda raw: any(at + raw.block_size >= END_64 for _, _, at in present(raw)),
    "a log entry whose descriptors take more than 32 bits": lambda raw: any(
        one.descriptor_count * 32 >= END_32 for one in raw.log if one.is_sealed
    ),
    "a log entry of 2 GiB or more": lambda raw: any(one.length >= 1 << 31 for one in raw.log),
    "a log entry that zeroes exabytes": lambda raw: any(end - start >= 1 << 60 for start, end in data(raw)),
    "a region that reaches into the next": overlap(lambda a, b: a.offset < b.offset < a.end < b.end),
    "a region that begins in the one before": overlap(lambda a, b: b.offset < a.offset < b.end < a.end),
    "a region around another": overlap(lambda a, b: a.offset < b.offset and b.end < a.end),
    "a region inside another": overlap(lambda a, b: b.offset < a.offset and a.end < b.end),
    "two regions in one place": lambda raw: (
        len(places := [one.offset for one in raw.regions if one.length]) > len(set(places))
    ),
}

HEADERS: dict[str, Claim] = {
    "the largest sequence number there is": lambda raw: raw.current is not None and raw.current.sequence == END_64 - 1,
    "two headers alike to the byte": lambda raw: (
        raw.headers[0].is_valid and raw.at(SLOTS[0], SECTOR) == raw.at(SLOTS[1], SECTOR)
    ),
    "no valid header": lambda raw: raw.current is None and raw.length > MIB,
    "only the first header is valid": lambda raw: [one.is_valid for one in raw.headers] == [True, False],
    "only the second header is valid": lambda raw: [one.is_valid for one in raw.headers] == [False, True],
    "headers with different GUIDs, and nothing wrong": lambda raw: (
        not raw.rules and all(one.is_valid for one in raw.headers) and len(set(data_guids(raw))) == 2
    ),
    "a second region table with a wrong checksum": lambda raw: is_one_copy_right(raw, 0, b"regi"),
    "a second region table with another signature": lambda raw: is_one_copy_right(raw, 0, b"head"),
    "a first region table with a wrong checksum": lambda raw: is_one_copy_right(raw, 1, b"regi"),
    "a first region table with another signature": lambda raw: (
        raw.table(1)[0] and not raw.table(0)[0] and raw.at(TABLES[0], 4) != b"regi"
    ),
    "no metadata where the table of blocks is sound": lambda raw: (
        is_clean(raw)
        and (regions := both_regions(raw)) is not None
        and raw.at(next(one.offset for one in regions if one.guid == METADATA), 8) != b"metadata"
        and raw.length >= max(one.end for one in regions)
    ),
    "a log version that is not 0": lambda raw: raw.current is not None and raw.current.log_version != 0,
}

LOGS: dict[str, Claim] = {
    "a log full of one-sector entries": lambda raw: (
        len(raw.live) == raw.headers[0].log_length // SECTOR > 0 and {one.length for one in raw.live} == {SECTOR}
    ),
    "an entry that goes round the end of the log": lambda raw: any(
        one.position + one.length > raw.headers[0].log_length for one in raw.live
    ),
    "old entries in a log that is clean": lambda raw: (
        not raw.rules and is_clean(raw) and any(e.is_sealed for e in raw.log)
    ),
    "an entry of another session, with a larger number": lambda raw: (
        not raw.rules
        and any(
            old.is_sealed and old.guid not in (NIL, live.guid) and old.sequence > live.sequence
            for live in raw.live
            for old in raw.log
        )
    ),
    "an entry before the Tail that must not be made again": lambda raw: (
        not raw.rules and has_harmful_entry_behind_tail(raw)
    ),
    "blocks past the end of the file until the log is replayed": lambda raw: (
        not raw.rules and any(one.last_file_offset > raw.length for one in raw.live)
    ),
    "entries of the length of the log in very many sectors": lambda raw: (
        sum(one.length * 2 > raw.headers[0].log_length and one.is_sealed for one in raw.log) >= 64
    ),
    "an update of a header": lambda raw: any(start < 192 * KIB for start, _ in data(raw)),
    "an update of the log itself": lambda raw: any(
        raw.headers[0].log_offset <= start < raw.headers[0].log_offset + raw.headers[0].log_length
        for start, _ in data(raw)
    ),
    "an update behind 2^63": lambda raw: any(start >= 1 << 63 for start, _ in data(raw)),
    "an update whose end passes 64 bits": lambda raw: any(end >= END_64 for _, end in data(raw)),
    "an update of the first sector of the table of blocks": lambda raw: (
        not raw.rules and (region := raw.region(BAT)) is not None and region.offset in dict(data(raw))
    ),
    "no entry of whole MiB": lambda raw: not raw.rules and bool(raw.live) and all(e.length % MIB for e in raw.live),
}

BLOCKS: dict[str, Claim] = {
    "blocks whose entries lie on both sides of a sector's border": lambda raw: {511, 512} <= set(raw.bat),
    "entries behind the last one that the disk needs": lambda raw: (
        not raw.has_parent
        and raw.ratio > 0
        and raw.rules == {"BAT-018"}
        and max(raw.bat, default=0) >= raw.blocks + (raw.blocks - 1) // raw.ratio
    ),
    "a block behind 4 GiB in the file": lambda raw: not raw.rules and any(at >= 4 * GIB for _, _, at in present(raw)),
    "a fixed disk with blocks in the second chunk": lambda raw: (
        not raw.rules and raw.is_fixed and raw.payload(raw.ratio)[0] == FULL
    ),
    "a dynamic disk with blocks in the second chunk": lambda raw: (
        not raw.rules and not raw.is_fixed and not raw.has_parent and raw.payload(raw.ratio)[0] == FULL
    ),
    "a child with blocks in the second chunk": lambda raw: (
        not raw.rules and raw.has_parent and raw.payload(raw.ratio)[0] == FULL
    ),
    "a child without bitmap whose blocks are the parent's": lambda raw: (
        not raw.rules and is_clean(raw) and raw.has_parent and not raw.bat
    ),
    "a block at offset 0": lambda raw: any(at == 0 for _, _, at in present(raw)),
    "an offset for a block that is not there": lambda raw: any(s in (0, 2) and at for s, at in raw.payloads.values()),
    "a block on a structure of the file": lambda raw: any(
        start < at + raw.block_size and at < end
        for _, _, at in present(raw)
        for start, end in [(one.log_offset, one.log_offset + one.log_length) for one in raw.headers]
        + [(one.offset, one.end) for one in raw.regions]
    ),
    "a block past the end of the file": lambda raw: (
        is_clean(raw) and any(at >= raw.length for state, at in raw.payloads.values() if state == FULL)
    ),
    "a last block cut off where the disk has ended": lambda raw: (
        raw.rules == {"BAT-006"} and raw.payload(raw.blocks - 1)[1] + raw.block_size > raw.length
    ),
    "two blocks in one place": lambda raw: (
        len(places := [at for _, state, at in present(raw) if state == FULL and at]) > len(set(places))
    ),
    "neighbours on the disk that are none in the file": lambda raw: (
        not raw.rules
        and any(
            raw.payload(n + 1)[0] == FULL != at + raw.block_size != raw.payload(n + 1)[1] for n, _, at in present(raw)
        )
    ),
    "a partially present block without bitmap": lambda raw: any(
        state == PARTIAL and raw.has_parent and raw.bitmaps.get(number // raw.ratio, (0, 0))[0] != FULL
        for number, state, _ in present(raw)
    ),
    "a bitmap past the end of the file": lambda raw: any(
        state == FULL and at + MIB > raw.length for state, at in raw.bitmaps.values()
    ),
    "a bitmap of a state that there is not": lambda raw: any(state not in (0, 6) for state, _ in raw.bitmaps.values()),
    "sectors of a child that begin within a byte of the bitmap": lambda raw: (
        not raw.rules and raw.has_parent and has_run_that_begins_within_a_byte(raw)
    ),
    "a bitmap entry far behind the blocks of a small child": lambda raw: (
        not raw.rules and raw.has_parent and 0 < raw.blocks < raw.ratio in raw.bat
    ),
}

CHAINS: dict[str, Claim] = {
    "a file that is its own parent": lambda raw: (
        raw.has_parent and raw.current is not None and links(raw, "parent_linkage", raw.current.data_guid)
    ),
    "a child of a shorter parent": lambda raw: raw.has_parent and raw.made.label["parent"] == "parent-shorter",
    "a second linkage that is nil": lambda raw: not raw.rules and links(raw, "parent_linkage2", NIL),
    "a nil linkage to a file with a nil GUID": lambda raw: (
        raw.current is not None and raw.current.data_guid == NIL and links(raw, "parent_linkage", NIL)
    ),
    "a relative path that begins with a drive": lambda raw: raw.pairs.get("relative_path", "")[1:3] == ":\\",
    "a relative path to another machine": lambda raw: raw.pairs.get("relative_path", "").startswith("\\\\"),
    "a relative path that climbs": lambda raw: "\\..\\..\\" in raw.pairs.get("relative_path", ""),
    "an absolute path out of the folder": lambda raw: (
        not raw.rules and raw.pairs.get("absolute_win32_path", "").startswith("\\\\?\\C:\\")
    ),
}

CLASSES = SIZES | ENDS | HEADERS | LOGS | BLOCKS | CHAINS


@pytest.mark.parametrize("name", CLASSES)
def test_there_is_an_image_with(labelled: list[Raw], name: str) -> None:
    found = [raw.made.entry.id for raw in labelled if CLASSES[name](raw)]
    assert found, name
    assert len(found) < len(labelled) // 2, f"{name}: {len(found)} images: this tells nothing"
