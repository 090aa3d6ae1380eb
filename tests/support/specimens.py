"""Small healthy files of every kind, as recipes and as bytes: what mutants are made of."""

from __future__ import annotations

from functools import cache

from tests.support.mutators import Target, targets
from vhdx_runtime.conformance import (
    Bat,
    Block,
    Expanded,
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
    locator_for,
    make_guid,
)

KIB, MIB = 1 << 10, 1 << 20
PART = Bat((Block(0, fills=(Fill(0, 4096),)),))
SECTORS_OF_A_CHILD = ((0, 3), (9, 1), (100, 1000))
SPECIMENS = {
    "dynamic": Recipe(bat=Bat((Block(0, fills=(Fill(0, 9000),)), Block(2, fills=()), Block(3, 2)))),
    "fixed": Recipe(geometry=Geometry("fixed", 3 * MIB, logical_sector_size=4096), bat=Bat((Block(1, fills=()),))),
    "differencing": Recipe(
        geometry=Geometry("differencing", 3 * MIB),
        bat=Bat((Block(0, 7, fills=(Fill(0, 9000),), sectors=SECTORS_OF_A_CHILD), Block(1, fills=()))),
        parent=locator_for(Recipe("base"), is_full=True),
    ),
    "dirty": Recipe(
        bat=Bat((Block(0, fills=(Fill(0, 9000),)), Block(1, fills=()))),
        log=Log((LogEntry((Hide("bat"), Hide("metadata"), Zeros("metadata", 700 * KIB))), LogEntry())),
    ),
    "dirty child": Recipe(
        geometry=Geometry("differencing", 3 * MIB),
        bat=Bat((Block(1, 7, fills=(Fill(0, 9000),), sectors=SECTORS_OF_A_CHILD),)),
        log=Log((LogEntry((Hide("bitmap[0]"), Hide("bat"), Hide("region_table_1")), split=1),)),
        parent=locator_for(Recipe("base")),
    ),
    "items": Recipe(
        metadata=Metadata(extra=(Item(make_guid("u"), b"123", is_user=True), Item(make_guid("e"), b""))),
        headers=(HeaderCopy(5), HeaderCopy(5)),
    ),
}


@cache
def parent() -> bytes:
    """The file that the locators of the differencing specimens name."""
    return expand(Recipe("base", bat=PART)).to_bytes()


def specimens() -> list[tuple[str, bytearray, list[Target]]]:
    """Each specimen: name, bytes to damage and put right again, and the places where damage does something."""
    made: dict[str, Expanded] = {name: expand(recipe) for name, recipe in SPECIMENS.items()}
    return [(name, bytearray(one.to_bytes()), targets(one)) for name, one in made.items()]
