"""Files that are small and make much of it: shared structures, claims, growth by the log, nested entries.

Written with literals of their own, so that nothing here can agree with the package by mistake.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import UUID

from crc32c import crc32c

KIB, MIB, TIB = 1 << 10, 1 << 20, 1 << 40
SECTOR = 4096
BAT_GUID = UUID("2dc27766-f623-4200-9d64-115e9bfd4a08").bytes_le
METADATA_GUID = UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
ITEMS = (
    ("caa16737-fa36-4d43-b3b6-33f0aa44e76b", 4),
    ("2fa54224-cd1b-4876-b211-5dbed83bf4b8", 6),
    ("8141bf1d-a96f-4709-ba47-f233a8faab5f", 6),
    ("cda348c7-445d-4471-9cc9-e9885251c556", 6),
    ("beca12ab-b2e6-4523-93ef-c309e000c746", 6),
)
LOCATOR = "a8d35f2d-b30b-454d-abf7-d3d84834ab0c"
LOCATOR_TYPE = UUID("b04aefb7-d19e-4a81-b789-25b8e9445913").bytes_le
LINKAGE = "{11111111-1111-1111-1111-111111111111}"
LOG_GUID = bytes(range(1, 17))
PRESENT, PARTIAL = 6, 7


def sealed(raw: bytes) -> bytes:
    """A structure of 4 KiB or more with its checksum at offset 4."""
    cleared = raw[:4] + bytes(4) + raw[8:]
    return cleared[:4] + struct.pack("<I", crc32c(cleared)) + cleared[8:]


class File:
    """A VHDX of any shape, written sparse: only what differs from zero is there.

    Args:
        size: of the virtual disk in bytes.
        block: of a payload block in bytes.
        pairs: of the parent locator; the disk is a differencing one where there are any.
        log: file offset and length of the log.
        bat: file offset and length of the BAT region.
        is_dirty: the header names a log to be replayed.
    """

    def __init__(
        self,
        size: int,
        block: int = MIB,
        *,
        pairs: tuple[tuple[str, str], ...] = (),
        log: tuple[int, int] = (MIB, MIB),
        metadata: int = 2 * MIB,
        bat: tuple[int, int] = (3 * MIB, MIB),
        is_dirty: bool = False,
    ) -> None:
        self.parts: dict[int, bytes] = {0: b"vhdxfile"}
        self.length = 0
        self.log, self.bat = log, bat
        for number, place in ((1, 64 * KIB), (2, 128 * KIB)):
            guid = LOG_GUID if is_dirty else bytes(16)
            head = struct.pack(
                "<4sIQ16s16s16sHHIQ", b"head", 0, number, b"f" * 16, b"d" * 16, guid, 0, 1, log[1], log[0]
            )
            self.parts[place] = sealed(head.ljust(SECTOR, b"\0"))
        table = struct.pack("<4sIII", b"regi", 0, 2, 0)
        table += struct.pack("<16sQII", BAT_GUID, *bat, 1) + struct.pack("<16sQII", METADATA_GUID, metadata, MIB, 1)
        for place in (192 * KIB, 256 * KIB):
            self.parts[place] = sealed(table.ljust(64 * KIB, b"\0"))
        self._metadata(metadata, size, block, pairs)

    def _metadata(self, place: int, size: int, block: int, pairs: tuple[tuple[str, str], ...]) -> None:
        values = [struct.pack("<II", block, 2 if pairs else 0), struct.pack("<Q", size), struct.pack("<I", 512)]
        values += [struct.pack("<I", 4096), b"i" * 16]
        items = list(ITEMS)
        if pairs:
            items.append((LOCATOR, 4))
            values.append(_locator(pairs))
        table, at, body = struct.pack("<8sHH20x", b"metadata", 0, len(items)), 64 * KIB, b""
        for (guid, bits), value in zip(items, values, strict=True):
            table += struct.pack("<16sIIII", UUID(guid).bytes_le, at, len(value), bits, 0)
            at, body = at + len(value), body + value
        self.parts[place] = table
        self.parts[place + 64 * KIB] = body

    def entries(self, *entries: tuple[int, list[bytes], int]) -> None:
        """Fill the log: sequence number, descriptors and LastFileOffset of each entry."""
        at = self.log[0]
        for sequence, descriptors, last in entries:
            sectors = sum(1 for one in descriptors if one[:4] == b"desc")
            area = -(-(64 + 32 * len(descriptors)) // SECTOR) * SECTOR
            head = struct.pack(
                "<4sIIIQII16sQQ",
                b"loge",
                0,
                area + sectors * SECTOR,
                0,
                sequence,
                len(descriptors),
                0,
                LOG_GUID,
                0,
                last,
            )
            raw = (head + b"".join(descriptors)).ljust(area, b"\0")
            raw += struct.pack("<4sI4084sI", b"data", 0, b"", sequence) * sectors
            self.parts[at] = sealed(raw)
            at += len(raw)

    def table(self, words: bytes) -> None:
        """Fill the BAT."""
        self.parts[self.bat[0]] = words

    def write(self, path: Path, length: int) -> Path:
        """Write it with a length in bytes."""
        with path.open("wb") as file:
            for place, raw in self.parts.items():
                if place < length:
                    file.seek(place)
                    file.write(raw[: length - place])
            file.truncate(length)
        return path


def _locator(pairs: tuple[tuple[str, str], ...]) -> bytes:
    at, body = 20 + 12 * len(pairs), b""
    head = LOCATOR_TYPE + struct.pack("<HH", 0, len(pairs))
    for key, value in pairs:
        names = key.encode("utf-16-le"), value.encode("utf-16-le")
        head += struct.pack("<IIHH", at, at + len(names[0]), len(names[0]), len(names[1]))
        at, body = at + len(names[0]) + len(names[1]), body + names[0] + names[1]
    return head + body


def zero(sequence: int, place: int, length: int) -> bytes:
    """A zero descriptor."""
    return struct.pack("<4sIQQQ", b"zero", 0, length, place, sequence)


def data(sequence: int, place: int) -> bytes:
    """A data descriptor, of zeros."""
    return struct.pack("<4s4s8sQQ", b"desc", b"tail", b"leading!", place, sequence)


def growth_by_the_log(path: Path, last: int = 40_000 * MIB, stored: int = 0) -> Path:
    """Both region tables gone, and a log that says how long the file was; so many MiB of it are still there."""
    file = File(8 * MIB, is_dirty=True)
    for place in (192 * KIB, 256 * KIB):
        del file.parts[place]
    file.entries((1, [zero(1, 4 * MIB, SECTOR)], last))
    for number in range(stored):
        file.parts[(4 + number) * MIB] = struct.pack("<Q", 5 * MIB | PRESENT) * (MIB // 8)  # as a BAT might look
    return file.write(path, (4 + stored) * MIB)


def growth_without_end(path: Path) -> Path:
    """The same, to the last MiB that there can be."""
    return growth_by_the_log(path, 1 << 62)


def one_bitmap(path: Path, chunks: int = 1, blocks: int = 4096) -> Path:
    """Partial blocks of several chunks, all with the same bytes and the same bitmap: every second sector present.

    `blocks` is how many of the last chunk belong to the disk.
    """
    per = 4096
    file = File(((chunks - 1) * per + blocks) * MIB, pairs=(("parent_linkage", LINKAGE), ("relative_path", "p.vhdx")))
    block, bitmap = 5 * MIB | PARTIAL, 4 * MIB | PRESENT
    file.table((struct.pack("<Q", block) * per + struct.pack("<Q", bitmap)) * chunks)
    file.parts[4 * MIB] = b"\x55" * MIB
    file.parts[5 * MIB] = b"\xaa" * MIB
    return file.write(path, 6 * MIB)


def eight_chunks_on_one_bitmap(path: Path) -> Path:
    return one_bitmap(path, 8)


def entries_on_one_block(path: Path, count: int = 3000) -> Path:
    """Entries that all lead to the same MiB."""
    file = File(count * MIB)
    file.table(struct.pack("<Q", 4 * MIB | PRESENT) * count)
    file.parts[4 * MIB] = b"\xaa" * MIB
    return file.write(path, 5 * MIB)


def zero_descriptors(path: Path) -> Path:
    """A log full of them, each for another page."""
    count = (61 * MIB - SECTOR) // 32
    file = File(8 * MIB, log=(4 * MIB, 62 * MIB), is_dirty=True)
    file.entries((1, [zero(1, 80 * MIB + 2 * SECTOR * number, SECTOR) for number in range(count)], 80 * MIB))
    return file.write(path, 80 * MIB)


def claim_of_64_tib(path: Path) -> Path:
    """The largest disk with the smallest blocks: its table of 512 MiB is one hole."""
    return File(64 * TIB, bat=(3 * MIB, 513 * MIB)).write(path, 600 * MIB)


def page_of_each_mib_of_the_table(path: Path) -> Path:
    """The same of a child, of each MiB of the table one page stored: of text, of places kept, of places far behind."""
    pairs = (("parent_linkage", LINKAGE), ("relative_path", "p.vhdx"))
    file = File(64 * TIB, pairs=pairs, bat=(3 * MIB, 513 * MIB))
    words = (0x4141414141414141, 600 * MIB | 2, 10_000 * MIB | PRESENT)
    for number in range(513):
        file.parts[(3 + number) * MIB] = struct.pack("<Q", words[number % 3]) * 512
    return file.write(path, 516 * MIB)


def case_variants(path: Path) -> Path:
    """Thousands of files whose names are that of the parent but for the case."""
    name = "abcdefghijklm.vhdx"
    for number in range(1, 1 << 13):
        letters = [letter.upper() if number >> at & 1 else letter for at, letter in enumerate(name[:13])]
        (path.parent / ("".join(letters) + name[13:])).touch()
    file = File(8 * MIB, pairs=(("parent_linkage", LINKAGE), ("relative_path", name)))
    return file.write(path, 4 * MIB)


AMPLIFIERS: Final[tuple[Callable[[Path], Path], ...]] = (
    growth_by_the_log,
    growth_without_end,
    one_bitmap,
    eight_chunks_on_one_bitmap,
    entries_on_one_block,
    zero_descriptors,
    claim_of_64_tib,
    page_of_each_mib_of_the_table,
    case_variants,
)
