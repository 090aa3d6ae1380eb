"""Sizes, and the arithmetic that leads from a guest byte to an entry of the BAT.

Pure integer arithmetic over values that were checked before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vhdx_format.layout import SECTORS_PER_CHUNK


@dataclass(frozen=True, slots=True)
class Geometry:
    """The shape of a virtual disk and of its BAT.

    Attributes:
        has_parent: the file is differencing.
        leave_block_allocated: the flag of fixed files.
        virtual_disk_size: in bytes, positive.
        block_size: in bytes, a power of two.
        logical_sector_size: in bytes, 512 or 4096.
        physical_sector_size: in bytes.
    """

    has_parent: bool
    leave_block_allocated: bool
    virtual_disk_size: int
    block_size: int
    logical_sector_size: int
    physical_sector_size: int

    @property
    def disk_type(self) -> str:
        """One of "differencing", "fixed" and "dynamic". Spec: MS-VHDX 2.6.2.1."""
        if self.has_parent:
            return "differencing"
        return "fixed" if self.leave_block_allocated else "dynamic"

    @property
    def tags(self) -> tuple[str, ...]:
        """What rules may ask of the file: "has_parent" or "no_parent", and "fixed"."""
        parent = "has_parent" if self.has_parent else "no_parent"
        return (parent, "fixed") if self.disk_type == "fixed" else (parent,)

    @property
    def chunk_size(self) -> int:
        """Bytes of the virtual disk that one sector bitmap block describes. Spec: MS-VHDX 2.4."""
        return SECTORS_PER_CHUNK * self.logical_sector_size

    @property
    def chunk_ratio(self) -> int:
        """Payload blocks in a chunk. Spec: MS-VHDX 2.4."""
        return self.chunk_size // self.block_size

    @property
    def payload_blocks(self) -> int:
        """Payload blocks of the disk, the last one perhaps in part. Spec: MS-VHDX 2.5."""
        return -(-self.virtual_disk_size // self.block_size)

    @property
    def bitmap_blocks(self) -> int:
        """Chunks of the disk, the last one perhaps in part. Spec: MS-VHDX 2.5."""
        return -(-self.payload_blocks // self.chunk_ratio)

    @property
    def entry_count(self) -> int:
        """Entries that the BAT needs: up to the last bitmap entry with a parent, else up to the last payload entry.

        >>> Geometry(False, False, 10 << 30, 32 << 20, 512, 512).entry_count
        322
        >>> Geometry(True, False, 10 << 30, 32 << 20, 512, 512).entry_count
        387

        Spec: MS-VHDX 2.5
        """
        if self.has_parent:
            return self.bitmap_blocks * self.cycle
        return self.payload_blocks + (self.payload_blocks - 1) // self.chunk_ratio

    def payload_index(self, block: int) -> int:
        """Index in the BAT of payload block `block`.

        Spec: MS-VHDX 2.5

        >>> Geometry(False, False, 10 << 30, 32 << 20, 512, 512).payload_index(128)
        129
        """
        return block + block // self.chunk_ratio

    def bitmap_index(self, chunk: int) -> int:
        """Index in the BAT of the sector bitmap block of `chunk`.

        Spec: MS-VHDX 2.5

        >>> Geometry(True, False, 4 << 20, 2 << 20, 512, 512).bitmap_index(0)
        2048
        """
        return chunk * self.cycle + self.chunk_ratio

    @property
    def cycle(self) -> int:
        """Entries of the BAT for a whole chunk: those of its payload blocks, then that of its sector bitmap block.

        Spec: MS-VHDX 2.5
        """
        return self.chunk_ratio + 1

    def chunk_of(self, index: Any) -> Any:
        """Number of the chunk to which an entry of the BAT, or each of an array, belongs. Spec: MS-VHDX 2.5."""
        return index // self.cycle

    def block_of(self, index: Any) -> Any:
        """Number of the payload block that an entry of the BAT, or each of an array, describes.

        Of a sector bitmap block's entry, that of the payload block behind it; so of a number of entries, how many
        payload blocks they hold.

        Spec: MS-VHDX 2.5

        >>> Geometry(False, False, 10 << 30, 32 << 20, 512, 512).block_of(129)
        128
        """
        return index - index // self.cycle

    def owner(self, index: int) -> tuple[str, int]:
        """What entry `index` of the BAT describes: ("payload", block) or ("sector_bitmap", chunk).

        Spec: MS-VHDX 2.5
        """
        if index % self.cycle == self.chunk_ratio:
            return "sector_bitmap", self.chunk_of(index)
        return "payload", self.block_of(index)
