"""The images from which the book takes its dumps and pictures, as recipes of the conformance engine.

Everything in the book that shows bytes comes from one of these three files.
"""

from __future__ import annotations

from vhdx_format import layout

from ..codec import encode
from ..conformance import (
    Bat,
    Block,
    Expanded,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    Recipe,
    Write,
    Zeros,
    expand,
    expand_chain,
    guid_bytes,
    make_guid,
)
from ..conformance.recipes.recipe import DiskType

MIB = 1 << 20
SECTOR = layout.LOG_SECTOR_SIZE
SIZE = 16 * MIB
TARGET = 512 << 10  # free space of the metadata region, in which the log of `journal` can write without harm
_FULL = layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
_PARTIAL = layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT


def chain() -> tuple[Expanded, ...]:
    """base.vhdx and, over it, child.vhdx: a partially present block, further items, a log that hides the BAT."""
    base = Recipe(
        name="base", geometry=Geometry(virtual_disk_size=SIZE), bat=Bat(blocks=(Block(0), Block(2), Block(5)))
    )
    blocks = (Block(0), Block(1, layout.PAYLOAD_BLOCK_STATE_ZERO), Block(2, _PARTIAL, sectors=((0, 8), (24, 40))))
    update = LogEntry((Hide("bat"), Zeros("metadata", TARGET, 4 * SECTOR)), sequence_number=41)
    child = Recipe(
        name="child",
        geometry=Geometry(disk_type="differencing", virtual_disk_size=SIZE),
        headers=(HeaderCopy(7), HeaderCopy(8)),
        metadata=Metadata(extra=_items()),
        bat=Bat(blocks=blocks),
        log=Log(entries=(update,)),
    )
    return expand_chain((base, child))


def _items() -> tuple[Item, ...]:
    """Items outside the specification, so that every structure of the schemas is in the file."""
    chs = encode.build("chs_parameters", {"heads_per_cylinder": 16, "sectors_per_track": 63})
    area = {
        "version": 1,
        "guid": guid_bytes(make_guid("child/label")),
        "data_offset": 96 << 10,
        "data_length": 32 << 10,
    }
    return (
        Item("chs_parameters", chs),
        Item("pmem_label_storage_area", encode.build("pmem_label_storage_area", area)),
        Item(make_guid("child/note"), "written by a user".encode("utf-16-le"), is_user=True),
    )


def journal() -> Expanded:
    """journal.vhdx: four entries round the end of the log, of which the last three are active."""
    before = LogEntry((Zeros("payload[0]", 0, 2 * SECTOR),), sequence_number=70, position=MIB - 2 * SECTOR)
    first = LogEntry((Zeros("metadata", TARGET, 4 * SECTOR), Write("bat", 0, bytes(SECTOR))), label="oldest")
    second = LogEntry((Write("metadata", TARGET + SECTOR, b"\x5a" * SECTOR), Hide("bat")))
    recipe = Recipe(
        name="journal",
        geometry=Geometry(virtual_disk_size=SIZE),
        headers=(HeaderCopy(21), HeaderCopy(20)),
        bat=Bat(blocks=(Block(0), Block(3))),
        log=Log(entries=(before, first, second, LogEntry(tail="oldest", last_file_offset=7 * MIB))),
    )
    return expand(recipe)


def states(disk_type: DiskType) -> Expanded:
    """A disk of eight blocks, number n in state n."""
    blocks = tuple(Block(n, n, sectors=((0, 8),) if n == _PARTIAL else ()) for n in range(8))
    return expand(
        Recipe(
            name=f"states-{disk_type}",
            geometry=Geometry(disk_type=disk_type, virtual_disk_size=8 * MIB),
            bat=Bat(blocks=blocks),
        ),
        chain()[0] if disk_type == "differencing" else None,
    )
