"""Where everything of a recipe lies in its file: the log, the regions, every block. Numbers only, no bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from vhdx_format import layout

from ..recipes.recipe import Bitmap, Block, Geometry, Recipe, RecipeError

_MIB = layout.OBJECT_ALIGNMENT
_ENTRY_SIZE = layout.STRUCTURES["bat_entry"].size or 0
_PARTIAL = layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT
_FULL = layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
_NOT_PRESENT = layout.PAYLOAD_BLOCK_STATE_NOT_PRESENT
_BLOCKS_MAX = 250_000  # not in the spec: each is an object in memory


@dataclass(frozen=True, slots=True)
class FilePlan:
    """Places in the file, in bytes where nothing else is said.

    Attributes:
        chunk_ratio: payload blocks in a chunk.
        payload_blocks: of the virtual disk.
        entry_count: entries that the table needs.
        extents: "log", "bat", "metadata" and GUIDs of extra regions → (file offset, length).
        blocks: every payload block whose entry is not zero.
        bitmaps: every sector bitmap whose entry is not zero.
        payload: block number → file offset of its space, for blocks that have space.
        bitmap: chunk number → file offset, for sector bitmaps that have space.
        end: end of the last object.
        length: of the file.
    """

    chunk_ratio: int
    payload_blocks: int
    entry_count: int
    extents: dict[str, tuple[int, int]]
    blocks: dict[int, Block]
    bitmaps: dict[int, Bitmap]
    payload: dict[int, int]
    bitmap: dict[int, int]
    end: int
    length: int

    def payload_index(self, number: int) -> int:
        """Index of a payload block's entry in the table. Spec: MS-VHDX 2.5."""
        return number + number // self.chunk_ratio

    def bitmap_index(self, chunk: int) -> int:
        """Index of a sector bitmap's entry in the table. Spec: MS-VHDX 2.5."""
        return chunk * (self.chunk_ratio + 1) + self.chunk_ratio


def make_plan(recipe: Recipe) -> FilePlan:
    """Decide where everything lies.

    Returns:
        The plan; the same for the same recipe.

    Raises:
        RecipeError: a block twice or outside the disk, sizes that allow no arithmetic, an unknown name in `file_order`.
    """
    geometry = recipe.geometry
    chunk_ratio, payload_blocks, entry_count = _counts(geometry)
    blocks = _blocks(recipe, payload_blocks)
    bitmaps = _bitmaps(recipe, blocks, chunk_ratio)
    extents, payload, bitmap, end = _place(recipe, entry_count, blocks, bitmaps)
    length = end if recipe.file_length is None else recipe.file_length
    return FilePlan(chunk_ratio, payload_blocks, entry_count, extents, blocks, bitmaps, payload, bitmap, end, length)


def _counts(geometry: Geometry) -> tuple[int, int, int]:
    if geometry.block_size < 1 or geometry.logical_sector_size < 1 or geometry.virtual_disk_size < 1:
        raise RecipeError(f"geometry: sizes must be positive (use an override for others): {geometry}")
    chunk_ratio = max(layout.SECTORS_PER_CHUNK * geometry.logical_sector_size // geometry.block_size, 1)
    payload_blocks = -(-geometry.virtual_disk_size // geometry.block_size)
    if geometry.disk_type == "differencing":
        return chunk_ratio, payload_blocks, -(-payload_blocks // chunk_ratio) * (chunk_ratio + 1)
    return chunk_ratio, payload_blocks, payload_blocks + (payload_blocks - 1) // chunk_ratio


def _blocks(recipe: Recipe, payload_blocks: int) -> dict[int, Block]:
    default = default_state(recipe)
    numbers = range(payload_blocks) if default != _NOT_PRESENT else range(0)
    if len(numbers) > _BLOCKS_MAX:
        raise RecipeError(f"bat: {len(numbers)} blocks that are there, at most {_BLOCKS_MAX}")
    blocks = {number: Block(number, default, fills=()) for number in numbers}
    seen: set[int] = set()
    for block in recipe.bat.blocks:
        if block.number in seen or not 0 <= block.number < payload_blocks:
            raise RecipeError(f"bat.blocks: block {block.number} is there twice or outside the disk")
        seen.add(block.number)
        blocks[block.number] = block
    return blocks


def default_state(recipe: Recipe) -> int:
    """State of the blocks that the recipe does not list."""
    if recipe.bat.default_state is not None:
        return recipe.bat.default_state
    return _FULL if recipe.geometry.disk_type == "fixed" else _NOT_PRESENT


def _bitmaps(recipe: Recipe, blocks: dict[int, Block], chunk_ratio: int) -> dict[int, Bitmap]:
    needed = sorted({n // chunk_ratio for n, block in blocks.items() if block.state == _PARTIAL or block.sectors})
    found = {chunk: Bitmap(chunk) for chunk in needed} if recipe.geometry.disk_type == "differencing" else {}
    return found | {bitmap.chunk: bitmap for bitmap in recipe.bat.bitmaps}


def _place(
    recipe: Recipe, entry_count: int, blocks: dict[int, Block], bitmaps: dict[int, Bitmap]
) -> tuple[dict[str, tuple[int, int]], dict[int, int], dict[int, int], int]:
    unit = layout.LOG_SECTOR_SIZE if recipe.is_tight else _MIB
    lengths = _lengths(recipe, entry_count, unit)
    names = (*recipe.file_order, *(name for name in lengths if name not in recipe.file_order))
    names = names if "blocks" in names else (*names, "blocks")
    extents: dict[str, tuple[int, int]] = {}
    payload: dict[int, int] = {}
    bitmap: dict[int, int] = {}
    position = layout.HEADER_SECTION_USED if recipe.is_tight else layout.HEADER_SECTION_SIZE
    for name in names:
        if name == "blocks":
            position = _place_blocks(recipe, blocks, bitmaps, payload, bitmap, position)
        elif name in lengths:
            start = recipe.log.offset if name == "log" and recipe.log.offset is not None else position
            extents[name] = (start, lengths[name])
            position = max(position, _up(start + lengths[name], unit))
        else:
            raise RecipeError(f"file_order: no object is called {name}")
    ends = [offset + _up(recipe.geometry.block_size) for offset in payload.values()]
    ends += [offset + layout.SECTOR_BITMAP_BLOCK_SIZE for offset in bitmap.values()]
    return extents, payload, bitmap, max([position, *ends])


def _lengths(recipe: Recipe, entry_count: int, unit: int) -> dict[str, int]:
    tables = recipe.regions
    bat_length = tables.bat_length if tables.bat_length is not None else _up(entry_count * _ENTRY_SIZE, unit)
    fixed = {"log": recipe.log.length, "metadata": tables.metadata_length, "bat": bat_length}
    return fixed | {region.guid: region.length for region in tables.extra}


def _place_blocks(
    recipe: Recipe,
    blocks: dict[int, Block],
    bitmaps: dict[int, Bitmap],
    payload: dict[int, int],
    bitmap: dict[int, int],
    position: int,
) -> int:
    """Give space to every block that needs it, in the recipe's order; returns where the space ends."""
    for kind, number in _ordered(recipe, blocks, bitmaps):
        owner = blocks[number] if kind == "payload" else bitmaps[number]
        size = _up(recipe.geometry.block_size) if kind == "payload" else layout.SECTOR_BITMAP_BLOCK_SIZE
        places = payload if kind == "payload" else bitmap
        if owner.file_offset_mb is not None:
            places[number] = owner.file_offset_mb * _MIB
            continue
        position += recipe.bat.spacing_mb * _MIB
        places[number] = position
        position += size
    return position


def _ordered(recipe: Recipe, blocks: dict[int, Block], bitmaps: dict[int, Bitmap]) -> list[tuple[str, int]]:
    found = list(_with_space(blocks, bitmaps))
    if recipe.bat.order == "descending":
        return found[::-1]
    if recipe.bat.order == "scrambled":
        return sorted(found, key=lambda item: sha256(f"{recipe.bat.seed}/{item[0]}/{item[1]}".encode()).digest())
    return found


def _with_space(blocks: dict[int, Block], bitmaps: dict[int, Bitmap]) -> Iterator[tuple[str, int]]:
    for chunk in sorted(bitmaps):
        if bitmaps[chunk].state == layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT:
            yield "bitmap", chunk
    for number in sorted(blocks):
        if has_space(blocks[number]):
            yield "payload", number


def has_space(block: Block) -> bool:
    """True where the block has space in the file: its state says so, or the recipe does."""
    return block.state in (_FULL, _PARTIAL) or block.anchored


def _up(length: int, unit: int = _MIB) -> int:
    return -(-length // unit) * unit
