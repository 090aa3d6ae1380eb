"""From a recipe to a file and to what its guest must see.

Puts the parts together: plan, structures, blocks, log, headers, and the flat model. Uses the layout and the builders
only, nothing that reads a VHDX, so that the reader can be held against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vhdx_format import layout

from ..codec import encode
from . import sparse, structures
from .log_area import write_log
from .model import GuestBlock, GuestModel, fill_bytes
from .overrides import finish
from .pattern import image_tag
from .plan import Plan, default_state, make_plan
from .recipe import Block, BytesOverride, Fill, ParentLocator, Recipe, RecipeError

_STEP = 1 << 20
_TARGET = re.compile(r"(bat|log)\[(\d+)\]")
_PLAIN_TARGETS = frozenset(
    ("file", "file_identifier", "header_1", "header_2", "region_table_1", "region_table_2", "metadata_table")
)
_ENTRY_SIZE = layout.STRUCTURES["bat_entry"].size or 0
_MB_LOW_BITS = 12


@dataclass(frozen=True, slots=True)
class Expanded:
    """A file, as its non-zero parts, and its guest's disk.

    Attributes:
        recipe: what it was made from.
        plan: where everything lies.
        length: of the file in bytes.
        extents: (file offset, bytes), sorted, apart from each other.
        expected: what reading the virtual disk must give.
    """

    recipe: Recipe
    plan: Plan
    length: int
    extents: tuple[tuple[int, bytes], ...]
    expected: GuestModel

    def write(self, folder: Path) -> Path:
        """Write the file, sparse, under the recipe's name into a folder; returns its path."""
        path = folder / self.recipe.path
        sparse.save(path, self.extents, self.length)
        return path

    def to_bytes(self) -> bytes:
        """The whole file, for small ones."""
        result = bytearray(self.length)
        for offset, data in self.extents:
            result[offset : offset + len(data)] = data
        return bytes(result)


def expand(recipe: Recipe, parent: Expanded | None = None) -> Expanded:
    """Make the file that a recipe describes.

    Args:
        recipe: the recipe.
        parent: for a differencing recipe, what its reads are delegated to; without one they are zero.

    Returns:
        The file and the guest's view; the same bytes for the same recipe.

    Raises:
        RecipeError: the recipe asks for something that cannot be built.
    """
    plan = make_plan(recipe)
    file = sparse.SparseBytes()
    locator = recipe.parent or (structures.locator_for(parent.recipe) if parent is not None else None)
    for offset, data in _metadata_region(recipe, plan, locator):
        file.write(offset, data)
    for number, place in ((1, layout.REGION_TABLE_1_OFFSET), (2, layout.REGION_TABLE_2_OFFSET)):
        file.write(place, structures.region_table(recipe, plan, number))
    _write_bat(recipe, plan, file)
    _write_blocks(recipe, plan, file)
    log_entries = write_log(recipe, plan, file)
    file.write(layout.FILE_IDENTIFIER_OFFSET, structures.file_identifier(recipe))
    for number, place in ((1, layout.HEADER_1_OFFSET), (2, layout.HEADER_2_OFFSET)):
        file.write(place, structures.header(recipe, plan, number))
    for override in recipe.overrides:
        _check_target(recipe, override.target, log_entries)
        if isinstance(override, BytesOverride) and override.target == "file":
            file.write(override.offset, override.data)
    expected = _model(recipe, plan, parent.expected if parent is not None else None)
    return Expanded(recipe, plan, plan.length, file.extents(plan.length), expected)


def expand_chain(recipes: Sequence[Recipe]) -> tuple[Expanded, ...]:
    """Expand a chain, base first; each recipe's parent is the one before it."""
    found: list[Expanded] = []
    for recipe in recipes:
        found.append(expand(recipe, found[-1] if found else None))
    return tuple(found)


def _check_target(recipe: Recipe, target: str, log_entries: int) -> None:
    names = {item.item_id for item in structures.table_items(recipe)} | _PLAIN_TARGETS
    match = _TARGET.fullmatch(target)
    last = {"log": log_entries - 1, "bat": layout.BAT_ENTRIES_MAX}.get(match[1], -1) if match else -1
    if target not in names and not (match and int(match[2]) <= last):
        raise RecipeError(f"override: nothing in the file is called {target}")


def _metadata_region(recipe: Recipe, plan: Plan, locator: ParentLocator | None) -> Iterable[tuple[int, bytes]]:
    start, _ = plan.extents["metadata"]
    yield from ((start + offset, data) for offset, data in structures.metadata(recipe, locator))
    for region in recipe.regions.extra:
        yield plan.extents[region.guid][0], region.content


def _write_bat(recipe: Recipe, plan: Plan, file: sparse.SparseBytes) -> None:
    words: dict[int, dict[str, int]] = {}
    for number, block in plan.blocks.items():
        offset = plan.payload.get(number, (block.file_offset_mb or 0) * layout.OBJECT_ALIGNMENT)
        words[plan.payload_index(number)] = _word(block.state, offset, block.reserved)
    for chunk, bitmap in plan.bitmaps.items():
        offset = plan.bitmap.get(chunk, (bitmap.file_offset_mb or 0) * layout.OBJECT_ALIGNMENT)
        words[plan.bitmap_index(chunk)] = _word(bitmap.state, offset, 0)
    matches = [_TARGET.fullmatch(override.target) for override in recipe.overrides]
    overridden = {int(match[2]) for match in matches if match and match[1] == "bat"}
    start, length = plan.extents["bat"]
    for index in words.keys() | overridden:
        if (index + 1) * _ENTRY_SIZE <= length:
            raw = encode.build("bat_entry", words.get(index, {}))
            file.write(start + index * _ENTRY_SIZE, finish(f"bat[{index}]", "bat_entry", raw, recipe.overrides))


def _word(state: int, file_offset: int, reserved: int) -> dict[str, int]:
    high, low = divmod(file_offset // layout.OBJECT_ALIGNMENT, 1 << _MB_LOW_BITS)
    return {"state": state, "reserved": reserved, "file_offset_mb_low": low, "file_offset_mb_high": high}


def _write_blocks(recipe: Recipe, plan: Plan, file: sparse.SparseBytes) -> None:
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


def _bitmap(recipe: Recipe, plan: Plan, chunk: int) -> bytes:
    """The sector bitmap block of a chunk, bit 0 of byte 0 for its first sector.

    Spec: MS-VHDX 2.4
    """
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


def _model(recipe: Recipe, plan: Plan, parent: GuestModel | None) -> GuestModel:
    geometry = recipe.geometry
    blocks = {number: _guest_block(recipe, plan, block) for number, block in plan.blocks.items()}
    return GuestModel(
        geometry.virtual_disk_size,
        geometry.block_size,
        geometry.logical_sector_size,
        image_tag(recipe.name),
        blocks,
        _guest_block(recipe, plan, Block(0, default_state(recipe), fills=())),
        parent,
    )


def _guest_block(recipe: Recipe, plan: Plan, block: Block) -> GuestBlock:
    """How a block in this state reads.

    Where the specification leaves it open: undefined and unmapped blocks, and the number that draft 0.95 gave to
    unmapped, are zero; a partially present block of a file without parent is all there.

    Spec: MS-VHDX 2.5.1.1
    """
    is_differencing = recipe.geometry.disk_type == "differencing"
    fills = _fills(recipe, block)
    if block.state == layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT:
        return GuestBlock("own", fills)
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
