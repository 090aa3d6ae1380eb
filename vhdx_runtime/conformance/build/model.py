"""What the guest must see, worked out from the recipe's intent alone: a flat disk over its parent's.

Knows how kinds of blocks answer and shares no code with the reader that it is held against; no byte of an expanded
file is looked at here. A disk of any size can be read range by range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from ..recipes.recipe import Fill
from .pattern import pattern

Kind = Literal["own", "zero", "parent", "mixed", "lost"]
_DIGEST_UNIT = 1 << 16
_STEP = 1 << 22


@dataclass(frozen=True, slots=True)
class GuestBlock:
    """How a block answers reads.

    Attributes:
        kind: own (this file's bytes), zero, parent, mixed (own sectors where `sectors` says so, else the parent's) or
            lost (no reader can say; taken as zero).
        fills: this file's bytes.
        sectors: runs (first, count) of the block's own sectors.
    """

    kind: Kind
    fills: tuple[Fill, ...] = ()
    sectors: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class GuestModel:
    """A virtual disk as the recipe means it. Sizes in bytes; `default` is for blocks that `blocks` does not list."""

    size: int
    block_size: int
    sector_size: int
    tag: int
    blocks: Mapping[int, GuestBlock]
    default: GuestBlock
    parent: GuestModel | None = None

    def read(self, offset: int, length: int) -> bytes:
        """The guest's bytes of a range; what lies past the end of the disk is left out."""
        end = min(offset + length, self.size)
        parts = []
        while offset < end:
            number, start = divmod(offset, self.block_size)
            count = min(self.block_size - start, end - offset)
            parts.append(self._block_part(number, start, count))
            offset += count
        return b"".join(parts)

    def candidates(self) -> Iterator[tuple[int, int]]:
        """Ranges (offset, end) outside which everything is zero; they may overlap and come in any order."""
        for number, block in self.blocks.items():
            base = number * self.block_size
            for fill in block.fills if block.kind in ("own", "mixed") else ():
                yield base + fill.offset, min(base + fill.offset + fill.length, self.size)
        if self.parent is not None:
            yield from self.parent.candidates()

    def lost(self) -> list[tuple[int, int]]:
        """Ranges (offset, length) that no reader of this file can deliver, in order."""
        numbers = sorted(number for number, block in self.blocks.items() if block.kind == "lost")
        starts = [number * self.block_size for number in numbers]
        return [(start, min(self.block_size, self.size - start)) for start in starts]

    def sha256(self) -> str:
        """Digest of the whole disk, hexadecimal; for disks small enough to be read from end to end."""
        digest = sha256()
        for offset in range(0, self.size, _STEP):
            digest.update(self.read(offset, _STEP))
        return digest.hexdigest()

    def sparse_digest(self) -> str:
        """Digest of a disk of any size, hexadecimal.

        It is sha256 over all 64 KiB units that have a non-zero byte, in ascending order, each as its offset (64 bits,
        little-endian) followed by its bytes.
        """
        digest = sha256()
        units = {
            unit
            for start, end in self.candidates()
            for unit in range(start // _DIGEST_UNIT, -(-min(end, self.size) // _DIGEST_UNIT))
        }
        for unit in sorted(units):
            data = self.read(unit * _DIGEST_UNIT, _DIGEST_UNIT)
            if data.count(0) != len(data):
                digest.update((unit * _DIGEST_UNIT).to_bytes(8, "little") + data)
        return digest.hexdigest()

    def _block_part(self, number: int, start: int, count: int) -> bytes:
        block = self.blocks.get(number, self.default)
        virtual_offset = number * self.block_size + start
        if block.kind == "own":
            return fill_bytes(self.tag, number, self.block_size, block.fills, start, count)
        if block.kind == "parent":
            return self._parent(virtual_offset, count)
        if block.kind == "mixed":
            return self._mixed(block, number, start, count)
        return bytes(count)

    def _mixed(self, block: GuestBlock, number: int, start: int, count: int) -> bytes:
        result = bytearray(self._parent(number * self.block_size + start, count))
        own = fill_bytes(self.tag, number, self.block_size, block.fills, start, count)
        for first, sectors in block.sectors:
            low = max(first * self.sector_size - start, 0)
            high = min((first + sectors) * self.sector_size - start, count)
            if low < high:
                result[low:high] = own[low:high]
        return bytes(result)

    def _parent(self, offset: int, length: int) -> bytes:
        data = self.parent.read(offset, length) if self.parent is not None else b""
        return data + bytes(length - len(data))


def fill_bytes(tag: int, number: int, block_size: int, fills: tuple[Fill, ...], start: int, count: int) -> bytes:
    """A range of a block's bytes as its fills say, zero where they say nothing; a later fill covers an earlier one.

    Args:
        tag: of the image, for the pattern.
        number: of the block.
        block_size: bytes.
        fills: see `Fill`.
        start: of the range in the block, bytes.
        count: bytes.

    Returns:
        `count` bytes.
    """
    if len(fills) == 1 and fills[0].offset <= start and start + count <= fills[0].offset + fills[0].length:
        return _filled(tag, number, block_size, fills[0], start, start + count)
    result = bytearray(count)
    for fill in fills:
        low, high = max(fill.offset, start), min(fill.offset + fill.length, start + count)
        if low < high:
            result[low - start : high - start] = _filled(tag, number, block_size, fill, low, high)
    return bytes(result)


def _filled(tag: int, number: int, block_size: int, fill: Fill, low: int, high: int) -> bytes:
    if fill.data is None:
        return pattern(tag, number, number * block_size + low, high - low)
    skip = (low - fill.offset) % len(fill.data)
    repeats = -(-(skip + high - low) // len(fill.data))
    return (fill.data * repeats)[skip : skip + high - low]
