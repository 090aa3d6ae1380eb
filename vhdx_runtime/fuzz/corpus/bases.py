"""Sound files of every shape: what the search starts from, and the corpus's valid part.

Each is a recipe that breaks no rule. They hold little data, so that hundreds of them stay small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from vhdx_format import layout

from ...conformance.build.structures import locator_for
from ...conformance.recipes.recipe import (
    Bat,
    Bitmap,
    Block,
    ExtraRegion,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    ParentLocator,
    Recipe,
    RegionTables,
    Write,
    Zeros,
    make_guid,
    standard_items,
)
from .extreme_bases import child_recipes, full_log_recipes, state_recipes

_TABLE = Hide("bat")


def log_recipes(disk: Geometry, blocks: tuple[Block, ...]) -> Iterator[Recipe]:
    """Files with a log to replay, with one that is there and asks for nothing, and with none. Spec: MS-VHDX 2.3."""
    nowhere = (HeaderCopy(1, log_offset=0), HeaderCopy(2, log_offset=0))
    yield Recipe(name="log-none", geometry=disk, headers=nowhere, log=Log(length=0))
    yield Recipe(name="log-last", bat=Bat(blocks), file_order=("metadata", "bat", "blocks", "log"))
    one = LogEntry((_TABLE, Hide("metadata", length=_SECTOR)))
    yield Recipe(name="log-one", bat=Bat(blocks), log=Log((one,)))
    yield Recipe(
        name="log-grows", bat=Bat((Block(0, fills=()),)), log=Log((LogEntry((_TABLE,)),)), file_length=4 * _MIB
    )
    yield from _rows(Bat(blocks))
    yield from _old(Bat(blocks))
    wipe = LogEntry((Zeros("bat", _SECTOR, _MIB - _SECTOR), Hide("bat", length=_SECTOR)))
    yield Recipe(name="log-zeros", bat=Bat(blocks), log=Log((wipe,)))
    start = LogEntry((_TABLE,), position=_MIB - _SECTOR, sequence_number=1 << 40)
    yield Recipe(name="log-wrapped", bat=Bat(blocks), log=Log((start, LogEntry((), tail="run"))))
    yield Recipe(name="log-full", bat=Bat(blocks[:1]), log=Log((LogEntry((), repeat=_MIB // _SECTOR),)))
    both = Hide("region_table_1", length=_SECTOR), Hide("region_table_2", length=_SECTOR)
    yield Recipe(name="log-region-tables", geometry=disk, log=Log((LogEntry(both),)))


def _rows(bat: Bat) -> Iterator[Recipe]:
    """Several entries, all of one sequence or not."""
    slack = LogEntry((Zeros("bat", 8 * _SECTOR), Write("bat", 9 * _SECTOR, bytes(_SECTOR))))
    later = replace(slack, tail=0)
    yield Recipe(name="log-several", bat=bat, log=Log((LogEntry((_TABLE,), sequence_number=5), later, later)))
    older = LogEntry((Zeros("bat", 8 * _SECTOR),))
    newer = LogEntry((_TABLE, *slack.updates), sequence_number=20, position=16 * _SECTOR, tail="self")
    yield Recipe(name="log-apart", bat=bat, log=Log((older, newer)))


def _old(bat: Bat) -> Iterator[Recipe]:
    """Entries whose updates must not be made again: what they change has long been changed by others."""
    harm = (Zeros(f"payload[{bat.blocks[0].number}]"),)
    done = LogEntry(harm, sequence_number=7)
    yield Recipe(name="log-behind-tail", bat=bat, log=Log((done, LogEntry((_TABLE,), tail="self"))))
    other = replace(done, sequence_number=1 << 20, log_guid=make_guid("an earlier session"))
    live = LogEntry((_TABLE,), sequence_number=3, position=8 * _SECTOR)
    yield Recipe(name="log-stale", bat=bat, log=Log((other, live)))
    yield Recipe(name="log-left", bat=bat, log=Log((done, replace(done, sequence_number=None)), is_dirty=False))


def item_recipes(disk: Geometry) -> tuple[Recipe, Recipe, Recipe]:
    """A few items, as many as the table holds, and a region with room for items of 1 MiB. Spec: MS-VHDX 2.6.1."""
    many = tuple(
        Item(make_guid(f"user {number}"), b"", is_user=True) for number in range(layout.METADATA_USER_ENTRIES_MAX)
    )
    system = range(layout.METADATA_ENTRIES_MAX - len(many) - len(standard_items(disk)))
    rest = tuple(Item(make_guid(f"system {number}"), b"") for number in system)
    items = Recipe(name="items", geometry=disk, metadata=Metadata(extra=(*many[:3], rest[0])))
    crowded = Recipe(name="items-2047", geometry=disk, metadata=Metadata(extra=(*many, *rest)))
    roomy = Recipe(
        name="items-large",
        geometry=disk,
        regions=RegionTables(metadata_length=3 * _MIB),
        metadata=Metadata(extra=(large_item(),)),
    )
    return items, crowded, roomy


def large_item() -> Item:
    """An item of some size, apart from the others."""
    return Item(make_guid("a large item"), bytes(range(256)), offset=3 * layout.METADATA_TABLE_SIZE)


_MIB: Final = layout.OBJECT_ALIGNMENT
_SECTOR: Final = layout.LOG_SECTOR_SIZE
_FULL: Final = layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
_PARTIAL: Final = layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT
_ZERO: Final = layout.PAYLOAD_BLOCK_STATE_ZERO
_UNDEFINED: Final = layout.PAYLOAD_BLOCK_STATE_UNDEFINED
_UNMAPPED: Final = layout.PAYLOAD_BLOCK_STATE_UNMAPPED
_FEW: Final = (Fill(0, layout.LOG_SECTOR_SIZE, b"vhdx-fuzz "),)
_TIGHT_PARENT: Final = "parent-tight"
_TINY_DISK: Final = Geometry(virtual_disk_size=layout.BLOCK_SIZE_MIN)


@dataclass(frozen=True, slots=True)
class Base:
    """A sound file.

    Attributes:
        recipe: the file.
        parent: name of the base that it is put over, "" for none.
        swept: what the search changes in it: beginnings of the names of objects and of parts of the recipe, "" for all.
        spared: beginnings of what it leaves alone all the same: the path by which the parent is found. Without that one
            it would be for the folder, and for who reads, whether another path leads to a parent.
    """

    recipe: Recipe
    parent: str = ""
    swept: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of its recipe."""
        return self.recipe.name


def _data(number: int) -> Block:
    """A block with a few bytes of its own."""
    return Block(number, fills=_FEW)


def _few(*states: int) -> tuple[Block, ...]:
    return tuple(Block(number, state, fills=_FEW) for number, state in enumerate(states))


@cache
def bases() -> Mapping[str, Base]:
    """All bases by name, parents before their children."""
    found = [*_plain(), *_shaped(), *_logs(), *_parents(), *_children(), *_tight(), *_extreme()]
    return {base.name: base for base in found}


def _plain() -> list[Base]:
    dynamic = Recipe(
        name="dynamic",
        metadata=Metadata(standard_items(Geometry()), (Item(make_guid("user item"), b"user", is_user=True),)),
        bat=Bat((_data(0), _data(2))),
    )
    states = Recipe(
        name="states",
        geometry=Geometry(virtual_disk_size=6 * _MIB),
        bat=Bat((*_few(_FULL, _ZERO), Block(2, _UNDEFINED, fills=(), anchored=True), Block(3, _UNMAPPED, fills=()))),
    )
    fixed = Recipe(name="fixed", geometry=Geometry("fixed", 2 * _MIB), bat=Bat((_data(0), _data(1))))
    two = Recipe(
        name="blocks-2m",
        geometry=Geometry(virtual_disk_size=4 * _MIB, block_size=2 * _MIB),
        bat=Bat((_data(0), _data(1))),
    )
    table = ("bat",)
    return [
        Base(dynamic, swept=("",)),
        Base(states, swept=table),
        Base(fixed, swept=("bat", "file_parameters", "file_length")),
        Base(two, swept=("bat", "file_length")),
    ]


def _shaped() -> list[Base]:
    extra = ExtraRegion(make_guid("optional region"), content=b"kept by who does not know it")
    second = ExtraRegion(make_guid("another optional region"))
    regions = Recipe(
        name="regions",
        regions=RegionTables(("metadata", extra.guid, "bat"), (extra, second)),
        log=Log(length=0),
        metadata=Metadata(
            extra=(Item(make_guid("an item"), b"item"), Item(make_guid("empty item"), b""), large_item()), gap=24
        ),
        file_order=("bat", "log", "blocks", "metadata"),
        bat=Bat((_data(1),)),
    )
    wide = Recipe(
        name="wide",
        geometry=Geometry(virtual_disk_size=514 * _MIB),
        bat=Bat((_data(511), _data(512)), order="descending"),
    )
    chunk = layout.CHUNK_SIZE_512 // _MIB
    chunks = Recipe(
        name="chunks",
        geometry=Geometry(virtual_disk_size=(chunk + 2) * _MIB),
        bat=Bat((_data(chunk - 1), _data(chunk)), (Bitmap(0, layout.SECTOR_BITMAP_BLOCK_STATE_NOT_PRESENT),)),
    )
    chosen = (regions, wide, chunks, *item_recipes(_TINY_DISK), *_ends())
    swept = {"regions": ("region", "metadata"), "wide": ("bat",), "chunks": ("bat",), "items": ("metadata",)}
    swept |= {"items-large": ("metadata_table",), "items-2047": ("metadata_table.header",)}
    swept |= {"native-4k": ("virtual_disk_size", "physical_sector_size"), "largest": ("virtual_disk_size",)}
    return [Base(one, swept=swept.get(one.name, ())) for one in chosen]


def _ends() -> tuple[Recipe, ...]:
    """Sizes and numbers at the ends of what is allowed."""
    largest = Recipe(
        name="largest",
        geometry=Geometry(virtual_disk_size=layout.VIRTUAL_DISK_SIZE_MAX, block_size=layout.BLOCK_SIZE_MAX),
    )
    native = Recipe(
        name="native-4k",
        geometry=Geometry(virtual_disk_size=3 * _MIB, logical_sector_size=layout.SECTOR_SIZE_4096),
        bat=Bat(_few(_FULL, _ZERO, _FULL), order="scrambled", seed=3),
    )
    small = layout.SECTOR_SIZE_512
    odd = Recipe(
        name="odd-end",
        creator="no room for a zero" * 14 + "here",
        geometry=Geometry(virtual_disk_size=2 * _MIB + 3 * small, physical_sector_size=small),
        headers=(HeaderCopy(9), HeaderCopy(8)),
        bat=Bat((_data(2),)),
    )
    nearly = Recipe(
        name="last-sequence",
        headers=(HeaderCopy(layout.SEQUENCE_NUMBER_MAX - 1), HeaderCopy(layout.SEQUENCE_NUMBER_MAX - 2)),
        geometry=_TINY_DISK,
    )
    chunk = layout.CHUNK_SIZE_512 // layout.BLOCK_SIZE_MAX
    fixed = Recipe(  # the last block lies behind 4 GiB, and its entry behind that of a sector bitmap
        name="fixed-two-chunks",
        geometry=Geometry("fixed", (chunk + 1) * layout.BLOCK_SIZE_MAX, layout.BLOCK_SIZE_MAX),
        bat=Bat((_data(0), _data(chunk - 1), _data(chunk))),
    )
    return largest, native, odd, nearly, fixed


def _logs() -> list[Base]:
    around = ("header", "log", "file_length")
    swept = {"log-none": around, "log-last": around, "log-one": around, "log-grows": ("log", "file_length")}
    swept |= dict.fromkeys(("log-several", "log-apart", "log-zeros"), ("log",))
    found = log_recipes(_TINY_DISK, (_data(0), _data(2)))
    return [Base(one, swept=swept.get(one.name, ())) for one in found]


def _parents() -> list[Base]:
    disk = Geometry(virtual_disk_size=4 * _MIB)
    parent = Recipe(name="parent", geometry=disk, bat=Bat((_data(0), _data(1))))
    native = replace(disk, logical_sector_size=layout.SECTOR_SIZE_4096)
    others = {
        "parent-4k": replace(parent, geometry=native),
        "parent-longer": replace(parent, geometry=replace(disk, virtual_disk_size=5 * _MIB)),
        "parent-shorter": replace(parent, geometry=replace(disk, virtual_disk_size=2 * _MIB)),
        "parent-2m-blocks": replace(parent, geometry=replace(disk, block_size=2 * _MIB)),
        "parent-dirty": replace(parent, log=Log((LogEntry(),))),
    }
    same = make_guid(f"{parent.name}/data")
    headers = (HeaderCopy(1, data_write_guid=same), HeaderCopy(2, data_write_guid=same))
    others = {name: replace(recipe, headers=headers) for name, recipe in others.items()}
    return [Base(parent), *(Base(replace(recipe, name=name)) for name, recipe in others.items())]


def _children() -> list[Base]:
    parent = bases_parent()
    geometry = Geometry("differencing", 4 * _MIB)
    runs = ((0, 3), (64, 9))
    own = (_data(0), Block(1, _PARTIAL, fills=_FEW, sectors=runs), Block(2, _ZERO, fills=()))
    child = Recipe(name="child", geometry=geometry, bat=Bat(own), parent=locator_for(parent))
    locator = _full_locator(parent)
    full = Recipe(name="child-full", geometry=geometry, bat=Bat(own[:1]), parent=locator)
    relative = [key for key, _ in locator.pairs].index(layout.KEY_RELATIVE_PATH.decode())
    bare = Recipe(name="child-empty", geometry=geometry, parent=locator_for(parent))
    chunk = layout.CHUNK_SIZE_512 // _MIB
    two = Recipe(
        name="child-two-chunks",
        geometry=replace(geometry, virtual_disk_size=(chunk + 2) * _MIB + layout.SECTOR_SIZE_512),
        bat=Bat((Block(chunk - 1, _PARTIAL, fills=_FEW, sectors=((5, 14),)), _data(chunk)), order="descending"),
    )
    small_parent = Recipe(name="parent-two-chunks", geometry=replace(two.geometry, disk_type="dynamic"))
    two = replace(two, parent=locator_for(small_parent))
    dirty = replace(child, name="child-dirty", log=Log((LogEntry((Hide("bitmap[0]"), Hide("bat"))),)))
    late = (Zeros("bitmap[0]", 0, layout.SECTOR_BITMAP_BLOCK_SIZE), Hide("bitmap[0]"), Hide("bat"))
    grows = replace(
        child,
        name="child-log-grows",
        bat=Bat(own[:2], order="descending"),
        log=Log((LogEntry(late),)),
        file_length=6 * _MIB,
    )
    return [
        Base(grows, "parent", ("log[",)),
        Base(child, "parent", ("bat", "file", "parent", "metadata", "sector_bitmap", "header_2")),
        Base(full, "parent", ("parent",), spared=(f"parent_locator.entries[{relative}]",)),
        Base(bare, "parent", ("file_parameters", "virtual_disk_size")),
        Base(small_parent),
        Base(two, "parent-two-chunks", ("bat", "sector_bitmap", "file_length")),
        Base(dirty, "parent"),
    ]


def _full_locator(parent: Recipe) -> ParentLocator:
    """All five pairs, all as they are to be. Spec: MS-VHDX 2.6.2.6.3."""
    hyper_v = locator_for(parent, is_full=True)
    absolute = layout.KEY_ABSOLUTE_WIN32_PATH.decode()
    pairs = ((key, str(value).replace("/", "\\")) for key, value in hyper_v.pairs)
    prefixed = ((key, "\\\\?\\" + value if key == absolute else value) for key, value in pairs)
    return replace(hyper_v, pairs=tuple(prefixed))


def bases_parent() -> Recipe:
    """The recipe of the parent that most children have."""
    return _parents()[0].recipe


def _tight() -> list[Base]:
    """Files whose objects lie where no sound file has them, so that the whole is small; see `Recipe.is_tight`.

    The log lies where it is to lie, behind the file's end, but in the one that has something in it.
    """
    regions = RegionTables(metadata_length=layout.METADATA_TABLE_SIZE + 2 * _SECTOR)
    plain = Recipe(
        name="tight",
        is_tight=True,
        regions=regions,
        metadata=Metadata(extra=(Item(make_guid("user item"), b"user", is_user=True),)),
        log=Log(offset=_MIB),
        file_order=("metadata", "bat", "log"),
        file_length=layout.HEADER_SECTION_USED + regions.metadata_length + _SECTOR,
    )
    entries = (LogEntry((Hide("bat"),)), LogEntry((Zeros("bat"),)))
    dirty = Recipe(
        name="tight-log",
        is_tight=True,
        regions=regions,
        metadata=plain.metadata,
        log=Log(entries, length=8 * _SECTOR),
    )
    geometry = Geometry("differencing", layout.BLOCK_SIZE_MIN, layout.BLOCK_SIZE_MAX)
    over = Geometry("dynamic", geometry.virtual_disk_size, geometry.block_size)
    parent = replace(plain, name=_TIGHT_PARENT, file_name=f"parents/{_TIGHT_PARENT}.vhdx", geometry=over)
    child = replace(plain, name="tight-child", geometry=geometry, parent=_full_locator(parent))
    return [Base(plain), Base(dirty), Base(parent), Base(child, parent.name)]


def _extreme() -> list[Base]:
    """Not swept, so that what the search finds in the others stays what it is."""
    over = {base.name: base.recipe for base in _parents()}
    children = child_recipes(over["parent-4k"], over["parent-2m-blocks"])
    found = [Base(recipe, parent) for recipe, parent in (*state_recipes(), *children)]
    return [*found, *map(Base, full_log_recipes(_TINY_DISK))]
