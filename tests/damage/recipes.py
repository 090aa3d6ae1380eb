"""The sound files that are damaged, as recipes; each with the file as it was some writes earlier, in the same layout.

Every block is full of bytes that tell where they belong, so that zeros, the parent's bytes or those of another block
never look right by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vhdx_runtime.conformance import (
    NIL_GUID,
    Bat,
    Bitmap,
    Block,
    BytesOverride,
    Expanded,
    FieldOverride,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    Recipe,
    Zeros,
    expand,
    expand_chain,
    make_guid,
    standard_items,
)

KIB, MIB = 1 << 10, 1 << 20
NEW, OLD = (HeaderCopy(7), HeaderCopy(8)), (HeaderCopy(4), HeaderCopy(5))
ENDS = (Fill(0, 96 * KIB), Fill(MIB - 96 * KIB, 96 * KIB))
RUNS = ((0, 3), (9, 1), (100, 1000), (2040, 8))
FEW = ((0, 1), (3, 2), (100, 100), (255, 1))
CHILD = "differencing"


@dataclass(frozen=True)
class Chain:
    """A chain to damage the last file of, and that file as it was earlier."""

    name: str
    files: tuple[Expanded, ...]
    older: Expanded


def blocks(*numbers: int, **more: object) -> tuple[Block, ...]:
    """Fully present blocks."""
    return tuple(Block(number, **more) for number in numbers)  # type: ignore[arg-type]


def parent_of(size: int, *numbers: int, name: str = "base", **shape: int) -> Recipe:
    """A dynamic parent with data in some blocks."""
    return Recipe(name, geometry=Geometry("dynamic", size, **shape), headers=NEW, bat=Bat(blocks(*numbers)))


PARENT = parent_of(8 * MIB, *range(7))
MIXED = (Block(0, 7, sectors=RUNS), Block(1), Block(2, 7, sectors=((5, 1), (2047, 1))), Block(4, 2), Block(6))
SPREAD = tuple(Item(make_guid(f"extra {n}"), b"%d" % n * 9, is_user=True) for n in range(20))


def _dirty(*entries: LogEntry, **more: int) -> Log:
    return Log(entries, **more)


def recipes() -> Iterator[tuple[str, tuple[Recipe, ...]]]:
    """Name and chain of each; the last file is the one to damage."""
    yield "dynamic", (Recipe(bat=Bat(blocks(0, 2, 3, 5, 6)), geometry=Geometry("dynamic", 8 * MIB)),)
    yield (
        "dynamic 4K",
        (Recipe(bat=Bat(blocks(0, 1, 3), order="scrambled"), geometry=Geometry("dynamic", 5 * MIB, 1 * MIB, 4096)),),
    )
    yield "fixed", (Recipe(bat=Bat(blocks(0, 1, 2, 3)), geometry=Geometry("fixed", 4 * MIB - 512)),)
    yield (
        "fixed 4K",
        (Recipe(bat=Bat(blocks(0, 1, 2)), geometry=Geometry("fixed", 6 * MIB, 2 * MIB, 4096)),),
    )
    states = (Block(0), Block(1, 1, anchored=True), Block(2, 2), Block(3, 3), Block(4, 3, anchored=True), Block(5))
    yield "states", (Recipe(bat=Bat(states, spacing_mb=1), geometry=Geometry("dynamic", 8 * MIB)),)
    yield "large blocks", (Recipe(bat=Bat(blocks(1, fills=ENDS)), geometry=Geometry("dynamic", 96 * MIB, 32 * MIB)),)
    yield (
        "descending",
        (Recipe(bat=Bat(blocks(0, 3), order="descending"), geometry=Geometry("dynamic", 9 * MIB, 2 * MIB)),),
    )
    yield "log last", (_log_last(),)
    yield "spread items", (_spread_items(),)
    yield "many pages", (_many_pages(),)
    yield from _children()
    yield from _dirty_ones()


def _log_last() -> Recipe:
    order = ("metadata", "blocks", "bat", "log")
    return Recipe(bat=Bat(blocks(0, 1, 5)), geometry=Geometry("dynamic", 6 * MIB), file_order=order)


def _spread_items() -> Recipe:
    geometry = Geometry("dynamic", 4 * MIB)
    items = Metadata((*SPREAD, *standard_items(geometry)), gap=4 * KIB)
    return Recipe(bat=Bat(blocks(0, 3)), geometry=geometry, metadata=items)


def _many_pages() -> Recipe:
    numbers = (0, 1, 63, 64, 511, 512, 1000, 1535, 1536, 2047, 2099)
    return Recipe(bat=Bat(blocks(*numbers, fills=ENDS)), geometry=Geometry("dynamic", 2100 * MIB))


def _children() -> Iterator[tuple[str, tuple[Recipe, ...]]]:
    yield "child", (PARENT, Recipe("child", bat=Bat(MIXED), geometry=Geometry(CHILD, 8 * MIB)))
    large = {"logical_sector_size": 4096}
    mixed = Bat((Block(0, 7, sectors=FEW), Block(1, 7, sectors=((0, 250),)), Block(3)), order="descending")
    yield (
        "child 4K",
        (
            parent_of(6 * MIB, 0, 1, 2, 3, **large),
            Recipe("child", bat=mixed, geometry=Geometry(CHILD, 6 * MIB, **large)),
        ),
    )
    middle = Recipe(
        "middle", bat=Bat((Block(0, 7, sectors=RUNS), Block(3, 2))), geometry=Geometry(CHILD, 8 * MIB, 2 * MIB)
    )
    top = Recipe("top", bat=Bat((Block(0, 7, sectors=((1, 1), (50, 50))), Block(5))), geometry=Geometry(CHILD, 8 * MIB))
    yield "grandchild", (PARENT, middle, top)
    fills = {"fills": ENDS}
    edges = (Block(0, 7, sectors=((0, 100),), **fills), Block(511, 7, sectors=((1900, 148),), **fills))
    edges += (Block(512, 7, sectors=((0, 64),), **fills), Block(575, **fills), Block(64, **fills))
    size = 4608 * MIB
    wide = Geometry("dynamic", size, 8 * MIB)
    below = Recipe("base", geometry=wide, headers=NEW, bat=Bat(blocks(0, 64, 511, **fills)))
    yield "child of two chunks", (below, Recipe("child", bat=Bat(edges), geometry=Geometry(CHILD, size, 8 * MIB)))


def _dirty_ones() -> Iterator[tuple[str, tuple[Recipe, ...]]]:
    geometry = Geometry("dynamic", 6 * MIB)
    three = Bat(blocks(0, 1, 4))
    one = LogEntry((Hide("bat"), Hide("metadata")))
    yield "dirty", (Recipe(bat=three, geometry=geometry, log=_dirty(one)),)
    noisy = LogEntry((Hide("bat", stale="noise"), Zeros("metadata", 700 * KIB)))
    yield "dirty over noise", (Recipe(bat=three, geometry=geometry, log=_dirty(LogEntry(), noisy)),)
    row = (LogEntry(), LogEntry((Hide("region_table_2"),)), LogEntry((Hide("bat"),)), LogEntry((Hide("metadata"),)))
    wrapped = (replace(row[0], position=MIB - 4 * KIB), *row[1:])
    yield "dirty, wrapped", (Recipe(bat=three, geometry=geometry, log=_dirty(*wrapped)),)
    last = ("metadata", "bat", "blocks", "log")
    yield "dirty, log last", (Recipe(bat=three, geometry=geometry, log=_dirty(*row), file_order=last),)
    gap = (LogEntry(), LogEntry((Hide("bat"),)), LogEntry((Hide("region_table_2"),)), LogEntry())
    yield "dirty, long log", (Recipe(bat=three, geometry=geometry, log=_dirty(*gap)),)
    logged = (LogEntry((Hide("bitmap[0]"), Hide("bat"), Hide("region_table_1")), split=2), LogEntry())
    yield (
        "dirty child",
        (PARENT, Recipe("child", bat=Bat(MIXED), geometry=Geometry(CHILD, 8 * MIB), log=_dirty(*logged))),
    )
    once = (HeaderCopy(7, log_guid=NIL_GUID), HeaderCopy(8))
    yield (
        "dirty, one header",
        (Recipe(bat=three, geometry=geometry, log=_dirty(LogEntry((Hide("bat"),))), headers=once),),
    )
    grown = LogEntry((Hide("bat"),), flushed_file_offset=4 * MIB)
    yield "dirty, grown since", (Recipe(bat=three, geometry=geometry, log=_dirty(grown)),)


def chains() -> Iterator[Chain]:
    """All of them, expanded."""
    for name, files in recipes():
        last = files[-1] if files[-1].headers == NEW or name == "dirty, one header" else replace(files[-1], headers=NEW)
        made = expand_chain((*files[:-1], last))
        older = _earlier(made[-1])
        if name == "descending":
            made, older = _with_moved_table(made[-1], older)
        yield Chain(name, made, expand(older, made[-2] if len(made) > 1 else None))


def _earlier(made: Expanded) -> Recipe:
    """The file before half of its blocks, one block of size and the present log were there."""
    recipe, plan = made.recipe, made.plan
    kept = [block for number, block in plan.blocks.items() if number % 2 == 0 or recipe.geometry.disk_type == "fixed"]
    at_home = tuple(replace(b, file_offset_mb=plan.payload[b.number] // MIB) for b in kept if b.number in plan.payload)
    bitmaps = tuple(Bitmap(chunk, file_offset_mb=place // MIB) for chunk, place in plan.bitmap.items())
    size = recipe.geometry.virtual_disk_size
    is_dynamic = recipe.geometry.disk_type == "dynamic" and max(plan.blocks) < plan.payload_blocks - 1
    smaller = replace(recipe.geometry, virtual_disk_size=size - (recipe.geometry.block_size if is_dynamic else 0))
    guid = make_guid("an earlier session")
    return replace(
        recipe,
        geometry=smaller,
        headers=OLD,
        bat=Bat(at_home, bitmaps),
        log=Log((LogEntry((), repeat=8),), recipe.log.length, guid=guid, is_dirty=False),
        file_length=made.length,
    )


def _with_moved_table(made: Expanded, older: Recipe) -> tuple[tuple[Expanded, ...], Recipe]:
    """The BAT was moved since: the older region tables name a place that is free now and still holds an older table."""
    table = expand(older).to_bytes()[made.plan.extents["bat"][0] :][: 64 * KIB]
    leftover = BytesOverride("file", made.length, table)
    recipe = replace(made.recipe, file_length=made.length + MIB, overrides=(leftover,))
    moved = tuple(FieldOverride(f"region_table_{copy}", "entries[0].file_offset", made.length) for copy in (1, 2))
    return (expand(recipe),), replace(older, file_length=made.length + MIB, overrides=(*moved, leftover))
