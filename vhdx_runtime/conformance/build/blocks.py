"""Blocks of a recipe: their entries in the table, their bytes, their sector bitmaps, and how a guest reads them.

Where a block goes is the plan's business.
"""

from __future__ import annotations

from functools import lru_cache

from vhdx_format import layout

from ...codec import encode
from ..recipes.recipe import Block, Fill, Recipe, RecipeError
from .model import GuestBlock, GuestModel, fill_bytes
from .pattern import image_tag
from .plan import FilePlan, default_state
from .sparse import SparseBytes

_STEP = 1 << 20
MB_BITS = {field.id: field.bits for field in layout.STRUCTURES["bat_entry"].fields}
_ENTRIES_KEPT = 1 << 10


def bat_entries(plan: FilePlan) -> dict[int, bytes]:
    """Entries of the table that are not zero, by index. Spec: MS-VHDX 2.5.1."""
    entries: dict[int, bytes] = {}
    for number, block in plan.blocks.items():
        offset = plan.payload.get(number, (block.file_offset_mb or 0) * layout.OBJECT_ALIGNMENT)
        entries[plan.payload_index(number)] = bat_entry(block.state, offset, block.reserved)
    for chunk, bitmap in plan.bitmaps.items():
        offset = plan.bitmap.get(chunk, (bitmap.file_offset_mb or 0) * layout.OBJECT_ALIGNMENT)
        entries[plan.bitmap_index(chunk)] = bat_entry(bitmap.state, offset, 0)
    return entries


@lru_cache(_ENTRIES_KEPT)
def bat_entry(state: int = 0, file_offset: int = 0, reserved: int = 0) -> bytes:
    """One entry; the offset in bytes. Spec: MS-VHDX 2.5.1."""
    high, low = divmod(file_offset // layout.OBJECT_ALIGNMENT, 1 << MB_BITS["file_offset_mb_low"])
    fields = {"state": state, "reserved": reserved, "file_offset_mb_low": low, "file_offset_mb_high": high}
    return encode.build("bat_entry", fields)


def write_blocks(recipe: Recipe, plan: FilePlan, file: SparseBytes) -> None:
    """Write what lies in the space of every payload block and sector bitmap block.

    Raises:
        RecipeError: sectors that the chunk does not have.

    Spec: MS-VHDX 2.4
    """
    block_size = recipe.geometry.block_size
    for number, place in plan.payload.items():
        block = plan.blocks[number]
        if place < layout.HEADER_SECTION_SIZE:
            continue  # an offset that points at the header section must not spoil it
        tag = image_tag(recipe.name, stale=not _holds_data(block))
        for fill in _fills(recipe, block):
            for start in range(fill.offset, fill.offset + fill.length, _STEP):
                count = min(_STEP, fill.offset + fill.length - start)
                file.write(place + start, fill_bytes(tag, number, block_size, (fill,), start, count))
    for chunk, place in plan.bitmap.items():
        if place >= layout.HEADER_SECTION_SIZE:
            file.write(place, _bitmap(recipe, plan, chunk))


def _holds_data(block: Block) -> bool:
    return block.state in (layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT, layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT)


def _fills(recipe: Recipe, block: Block) -> tuple[Fill, ...]:
    if block.fills is not None:
        return block.fills
    return (Fill(0, recipe.geometry.block_size),)


def _bitmap(recipe: Recipe, plan: FilePlan, chunk: int) -> bytes:
    """The sector bitmap block of a chunk, bit 0 of byte 0 for its first sector. Spec: MS-VHDX 2.4."""
    bits = bytearray(layout.SECTOR_BITMAP_BLOCK_SIZE)
    per_block = recipe.geometry.block_size // recipe.geometry.logical_sector_size
    runs = list(plan.bitmaps[chunk].sectors)
    for number, block in plan.blocks.items():
        if number // plan.chunk_ratio == chunk:
            base = number % plan.chunk_ratio * per_block
            runs += [(base + first, count) for first, count in block.sectors]
    for first, count in runs:
        _set_bits(bits, first, count)
    return bytes(bits)


def _set_bits(bits: bytearray, first: int, count: int) -> None:
    end = first + count
    if not 0 <= first <= end <= len(bits) * 8:
        raise RecipeError(f"bitmap: sectors {first}..{end} are not in the chunk")
    while first < end:
        if first % 8 == 0 and end - first >= 8:
            whole = (end - first) // 8
            bits[first // 8 : first // 8 + whole] = b"\xff" * whole
            first += whole * 8
        else:
            bits[first // 8] |= 1 << first % 8
            first += 1


def guest_model(recipe: Recipe, plan: FilePlan) -> GuestModel:
    """What a guest must see, of a file without a parent."""
    geometry = recipe.geometry
    blocks = {number: _guest_block(recipe, plan, block) for number, block in plan.blocks.items()}
    return GuestModel(
        geometry.virtual_disk_size,
        geometry.block_size,
        geometry.logical_sector_size,
        image_tag(recipe.name),
        blocks,
        _guest_block(recipe, plan, Block(0, default_state(recipe), fills=())),
    )


def _guest_block(recipe: Recipe, plan: FilePlan, block: Block) -> GuestBlock:
    """How a block in this state reads.

    Where the specification leaves it open: undefined and unmapped blocks, and the number that draft 0.95 gave to
    unmapped, are zero; a partially present block of a file without parent is all there. An entry with reserved bits
    set tells only of a block that is in the file; nobody knows what any other said.

    Spec: MS-VHDX 2.5.1.1
    """
    is_differencing = recipe.geometry.disk_type == "differencing"
    fills = _fills(recipe, block)
    if block.state == layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT:
        return GuestBlock("own", fills)
    if block.reserved and block.state != layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT:
        return GuestBlock("lost")
    if block.state == layout.PAYLOAD_BLOCK_STATE_NOT_PRESENT:
        return GuestBlock("parent" if is_differencing else "zero")
    if block.state == layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT:
        if not is_differencing:
            return GuestBlock("own", fills)
        has_bitmap = block.number // plan.chunk_ratio in plan.bitmap
        return GuestBlock("mixed", fills, block.sectors) if has_bitmap else GuestBlock("lost")
    zeros = (
        layout.PAYLOAD_BLOCK_STATE_UNDEFINED,
        layout.PAYLOAD_BLOCK_STATE_ZERO,
        layout.PAYLOAD_BLOCK_STATE_UNMAPPED,
        layout.PAYLOAD_BLOCK_STATE_UNMAPPED_V095,
    )
    return GuestBlock("zero" if block.state in zeros else "lost")
