"""Images to measure with, built by plain code that shares nothing with the package under test."""

from __future__ import annotations

import os
import random
import struct
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import crc32c

KIB, MIB, TIB = 1 << 10, 1 << 20, 1 << 40
BLOCK = MIB
CHUNK_RATIO = 4096
FULLY_PRESENT = 6
LOG, METADATA, BAT = 1 * MIB, 2 * MIB, 3 * MIB
SECTOR = 4 * KIB
ENTRY_DESCRIPTORS = 120
LOG_GUID = UUID(int=7).bytes_le

ITEMS = (
    ("caa16737-fa36-4d43-b3b6-33f0aa44e76b", 4, struct.pack("<II", BLOCK, 0)),
    ("2fa54224-cd1b-4876-b211-5dbed83bf4b8", 6, b""),
    ("beca12ab-b2e6-4523-93ef-c309e000c746", 6, UUID(int=9).bytes_le),
    ("8141bf1d-a96f-4709-ba47-f233a8faab5f", 6, struct.pack("<I", 512)),
    ("cda348c7-445d-4471-9cc9-e9885251c556", 6, struct.pack("<I", 4096)),
)


@dataclass(frozen=True)
class Sample:
    """An image and what is known of it: `blocks` maps a block of the disk to its file offset, in bytes."""

    path: Path
    size: int
    blocks: dict[int, int]

    def expected(self, offset: int, length: int) -> bytes:
        """The guest's bytes, from the plan alone."""
        parts = []
        while length:
            number, start = divmod(offset, BLOCK)
            count = min(BLOCK - start, length)
            data = block_bytes(number) if number in self.blocks else bytes(BLOCK)
            parts.append(data[start : start + count])
            offset, length = offset + count, length - count
        return b"".join(parts)


def block_bytes(number: int) -> bytes:
    """What block `number` holds: it names itself every 16 bytes."""
    return struct.pack("<QQ", number, ~number & (1 << 64) - 1) * (BLOCK // 16)


def scrambled(folder: Path, name: str, *, data_blocks: int, empty_blocks: int, with_log: bool = False) -> Sample:
    """A dynamic disk whose data blocks lie in random order, with empty blocks between them.

    Args:
        folder: where to put it.
        name: file name.
        data_blocks: number of blocks with data.
        empty_blocks: number of blocks without.
        with_log: leave a log to be replayed. It rewrites sectors of the BAT region with the bytes that they have
            already, so that readers which ignore it still read the right disk.
    """
    chance = random.Random(2026)
    total = data_blocks + empty_blocks
    numbers = sorted(chance.sample(range(total), data_blocks))
    places = list(range(data_blocks))
    chance.shuffle(places)
    blocks = {number: 4 * MIB + place * BLOCK for number, place in zip(numbers, places, strict=True)}
    bat = bytearray(MIB)
    for number, offset in blocks.items():
        struct.pack_into("<Q", bat, 8 * (number + number // CHUNK_RATIO), offset | FULLY_PRESENT)
    path = folder / name
    length = 4 * MIB + data_blocks * BLOCK
    with open(path, "wb") as file:
        _write_head(file.fileno(), total * BLOCK, MIB, log_guid=LOG_GUID if with_log else bytes(16))
        os.pwrite(file.fileno(), bat, BAT)
        for number, offset in blocks.items():
            os.pwrite(file.fileno(), block_bytes(number), offset)
        if with_log:
            os.pwrite(file.fileno(), _log(bat, length), LOG)
    return Sample(path, total * BLOCK, blocks)


def full_64_tib(folder: Path, name: str, *, run: int | None = None) -> Sample:
    """A 64 TiB disk with 1 MiB blocks, every one present: half a GiB of BAT; the payload is one hole.

    Args:
        folder: must lie on a file system that allows such long files, as tmpfs does.
        name: file name.
        run: None: the blocks lie in order. Otherwise pieces of so many blocks lie in reverse order.
    """
    import numpy

    count = 64 * TIB // BLOCK
    first = BAT // MIB + 513
    order = numpy.arange(count, dtype="<u8")
    if run:
        order = order.reshape(-1, run)[::-1].reshape(-1)
    entries = ((order + numpy.uint64(first)) << numpy.uint64(20)) | numpy.uint64(FULLY_PRESENT)
    chunks = numpy.zeros((count // CHUNK_RATIO, CHUNK_RATIO + 1), dtype="<u8")
    chunks[:, :CHUNK_RATIO] = entries.reshape(-1, CHUNK_RATIO)
    path = folder / name
    with open(path, "wb") as file:
        _write_head(file.fileno(), 64 * TIB, 513 * MIB, log_guid=bytes(16))
        file.seek(BAT)
        chunks.reshape(-1)[:-1].tofile(file)
        file.truncate((first + count) * MIB)
    return Sample(path, 64 * TIB, {})


def _write_head(fd: int, virtual_size: int, bat_length: int, *, log_guid: bytes) -> None:
    os.pwrite(fd, b"vhdxfile" + "benchmark".encode("utf-16le"), 0)
    for slot, sequence in ((1, 1), (2, 2)):
        fields = struct.pack("<QQQ", sequence, 1, 0) + UUID(int=2).bytes_le + log_guid
        fields += struct.pack("<HHIQ", 0, 1, MIB, LOG)
        os.pwrite(fd, _sealed(b"head", fields.ljust(SECTOR - 8, b"\0")), slot * 64 * KIB)
    regions = _region("2dc27766-f623-4200-9d64-115e9bfd4a08", BAT, bat_length)
    regions += _region("8b7ca206-4790-4b9a-b8fe-575f050f886e", METADATA, MIB)
    table = _sealed(b"regi", (struct.pack("<II", 2, 0) + regions).ljust(64 * KIB - 8, b"\0"))
    os.pwrite(fd, table, 192 * KIB)
    os.pwrite(fd, table, 256 * KIB)
    os.pwrite(fd, _metadata(virtual_size), METADATA)


def _sealed(signature: bytes, rest: bytes) -> bytes:
    return signature + struct.pack("<I", crc32c.crc32c(signature + bytes(4) + rest)) + rest


def _region(guid: str, offset: int, length: int) -> bytes:
    return UUID(guid).bytes_le + struct.pack("<QII", offset, length, 1)


def _metadata(virtual_size: int) -> bytes:
    table = b"metadata" + struct.pack("<HH20x", 0, len(ITEMS))
    items = b""
    for guid, flags, content in ITEMS:
        content = content or struct.pack("<Q", virtual_size)
        table += UUID(guid).bytes_le + struct.pack("<IIII", 64 * KIB + len(items), len(content), flags, 0)
        items += content
    return table.ljust(64 * KIB, b"\0") + items


def _log(bat: bytes, file_length: int) -> bytes:
    """Entries that rewrite every sector of the BAT region."""
    sectors = [(BAT + start, bytes(bat[start : start + SECTOR])) for start in range(0, len(bat) - 16 * SECTOR, SECTOR)]
    entries = b""
    for sequence, start in enumerate(range(0, len(sectors), ENTRY_DESCRIPTORS), 1):
        part = sectors[start : start + ENTRY_DESCRIPTORS]
        descriptors = b"".join(
            b"desc" + data[-4:] + data[:8] + struct.pack("<QQ", offset, sequence) for offset, data in part
        )
        length = SECTOR * (1 + len(part))
        fields = struct.pack("<IIQII", length, 0, sequence, len(part), 0) + LOG_GUID
        fields += struct.pack("<QQ", file_length, file_length) + descriptors
        body = fields.ljust(SECTOR - 8, b"\0")
        for _, data in part:
            body += b"data" + struct.pack("<I", sequence >> 32) + data[8:-4] + struct.pack("<I", sequence & 0xFFFFFFFF)
        entries += _sealed(b"loge", body)
    return entries
