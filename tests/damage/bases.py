"""A base: a sound file, its parents, what its guest must read, and where each structure lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from tests.damage import plain, truth
from tests.damage.plain import Entry, Header, Shape
from tests.damage.recipes import chains
from tests.damage.spans import Span, merged
from tests.damage.truth import Truth

KIB, MIB = 1 << 10, 1 << 20
FIRST_SECTOR = 4 * KIB


@dataclass(frozen=True, eq=False)
class Base:
    """What is damaged.

    Attributes:
        name: of the base.
        raw: the file. Damage is put into it and taken out again.
        truth: what its guest must read.
        words: the table after replay, as 64-bit integers by index, where they are not zero.
        shape: of the disk.
        table: file offset of the BAT.
        metadata: where the metadata region is.
        older: the file as it was earlier, of the same length; b"" where that is not known.
        parents: the files below it.
    """

    name: str
    raw: bytearray
    truth: Truth
    words: dict[int, int]
    shape: Shape
    table: int
    metadata: Span
    older: bytes = b""
    parents: tuple[bytes, ...] = ()

    @cached_property
    def header(self) -> Header:
        """The current header."""
        found = plain.current_header(self.raw)
        assert found is not None
        return found

    @cached_property
    def regions(self) -> dict[bytes, Span]:
        """The regions, by GUID."""
        return plain.regions(self.raw)

    @cached_property
    def is_dirty(self) -> bool:
        """The log has to be replayed."""
        return any(self.header.log_guid)

    @cached_property
    def entries(self) -> list[Entry]:
        """All entries of a log that waits to be replayed, by ascending sequence number."""
        return plain.log_entries(self.raw, self.header) if self.is_dirty else []

    @cached_property
    def active(self) -> list[Entry]:
        """Those that are to be replayed: from the one that the newest names as its tail."""
        tail = self.entries[-1].tail + self.log[0] if self.entries else 0
        first = next((at for at, entry in enumerate(self.entries) if entry.parts[0][0] == tail), 0)
        return self.entries[first:]

    @cached_property
    def log(self) -> Span:
        """Where the log is."""
        return self.header.log_offset, self.header.log_offset + self.header.log_length

    @cached_property
    def bitmaps(self) -> dict[int, int]:
        """Chunk -> file offset of its sector bitmap."""
        if not self.shape.has_parent:
            return {}
        slots = {chunk: plain.slot_of(self.shape, chunk) for chunk in range(-(-self.shape.blocks // self.shape.ratio))}
        return {c: self.words[i] >> 20 << 20 for c, i in slots.items() if self.words.get(i, 0) & 7 == 6}

    @cached_property
    def used_entries(self) -> int:
        """How many entries the table needs."""
        chunks, blocks = -(-self.shape.blocks // self.shape.ratio), self.shape.blocks
        return chunks * (self.shape.ratio + 1) if self.shape.has_parent else plain.index_of(self.shape, blocks - 1) + 1

    @cached_property
    def areas(self) -> dict[str, tuple[Span, list[Span]]]:
        """Each structure: where it lies, and the parts of it that hold something."""
        start, end = self.metadata
        region = bytes(self.raw[start:end])
        last = max((end for _, end in plain.items(region).values()), default=0) or 68 * KIB  # 0: it is in the log
        found = {
            "identifier": ((0, 64 * KIB), [(0, FIRST_SECTOR)]),
            "header 1": ((64 * KIB, 128 * KIB), [(64 * KIB, 64 * KIB + FIRST_SECTOR)]),
            "header 2": ((128 * KIB, 192 * KIB), [(128 * KIB, 128 * KIB + FIRST_SECTOR)]),
            "region table 1": ((192 * KIB, 256 * KIB), [(192 * KIB, 192 * KIB + FIRST_SECTOR)]),
            "region table 2": ((256 * KIB, 320 * KIB), [(256 * KIB, 256 * KIB + FIRST_SECTOR)]),
            "log": (self.log, self._log_used()),
            "table": ((self.table, self.table + 8 * self.used_entries), list(self._table_used())),
            "metadata table": ((start, start + 64 * KIB), [(start, start + FIRST_SECTOR)]),
            "metadata items": ((start + 64 * KIB, end), [(start + 64 * KIB, start + last)]),
        }
        for chunk, place in self.bitmaps.items():
            bits = min(self.shape.size // self.shape.sector_size - (chunk << 23), 1 << 23)
            used = self._bitmap_used(chunk, place) or [(place, place + -(-bits // 8))]
            found[f"bitmap {chunk}"] = ((place, place + MIB), used)
        return found

    def _log_used(self) -> list[Span]:
        used = merged(part for entry in self.entries for part in entry.parts)
        return used or [(self.log[0], self.log[0] + 16 * KIB)]

    def _table_used(self) -> Iterator[Span]:
        blocks = self.shape.blocks
        if blocks <= 512 or not self.words:  # entries of blocks never written as well
            yield self.table, self.table + 8 * plain.index_of(self.shape, blocks)
        yield from merged((at := self.table + 8 * index // 512 * 512, at + 512) for index in self.words)

    def _bitmap_used(self, chunk: int, place: int) -> list[Span]:
        """The bytes that speak of blocks that are partly here."""
        first, size = chunk * self.shape.ratio, self.shape.block_size // self.shape.sector_size // 8
        numbers = [n for n in range(min(self.shape.ratio, self.shape.blocks - first)) if self.state(first + n) == 7]
        return merged((place + n * size, place + (n + 1) * size) for n in numbers)

    def state(self, block: int) -> int:
        """State of a payload block."""
        return self.words.get(plain.index_of(self.shape, block), 0) & 7

    def place(self, block: int) -> int:
        """File offset of a payload block."""
        return self.words.get(plain.index_of(self.shape, block), 0) >> 20 << 20

    @cached_property
    def first_block(self) -> int:
        """File offset behind which blocks lie."""
        return min((word >> 20 << 20 for word in self.words.values() if word & 7 >= 6), default=0)

    def span(self, block: int) -> Span:
        """Where a payload block is on the disk."""
        start = block * self.shape.block_size
        return start, min(start + self.shape.block_size, self.shape.size)


@cache
def of_recipes() -> tuple[Base, ...]:
    """The bases that are made from recipes."""
    found = []
    for chain in chains():
        made, plan = chain.files[-1], chain.files[-1].plan
        geometry, raw = made.recipe.geometry, bytearray(made.to_bytes())
        size, block, sector = geometry.virtual_disk_size, geometry.block_size, geometry.logical_sector_size
        words = {plan.payload_index(n): b.state | plan.payload.get(n, 0) for n, b in plan.blocks.items()}
        words |= {plan.bitmap_index(chunk): 6 | place for chunk, place in plan.bitmap.items()}
        start, length = plan.extents["metadata"]
        found.append(
            Base(
                name=chain.name,
                raw=raw,
                truth=truth.of_model(made.expected),
                words=words,
                shape=Shape(block, geometry.disk_type == "differencing", size, sector),
                table=plan.extents["bat"][0],
                metadata=(start, start + length),
                older=chain.older.to_bytes().ljust(len(raw), b"\0")[: len(raw)],
                parents=tuple(one.to_bytes() for one in chain.files[:-1]),
            )
        )
    return tuple(found)
