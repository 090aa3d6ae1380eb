"""Small files that claim much: time and memory follow the bytes that are really there."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.measured import assert_cheap, costs
from tests.support.sampling import sampled
from tests.support.specimens import PART
from vhdx_runtime.conformance import (
    Bat,
    Block,
    FieldOverride,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    Recipe,
    RegionTables,
    Zeros,
    expand,
    locator_for,
    make_guid,
    standard_items,
)

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
SECTOR = 4096


HUGE = Geometry(virtual_disk_size=64 * TIB)
CLAIMS: dict[str, tuple[Recipe, set[str]]] = {
    "a disk of 64 TiB, its table past the end": (
        Recipe(geometry=HUGE, file_order=("log", "metadata", "blocks", "bat"), bat=PART, file_length=4 * MIB),
        {"opened", "RGN-012"},
    ),
    "a disk of 64 TiB with a parent": (
        Recipe(geometry=replace(HUGE, disk_type="differencing"), file_length=4 * MIB, parent=locator_for(Recipe())),
        {"opened", "RGN-012"},
    ),
    "all regions past the end": (Recipe(geometry=HUGE, file_length=MIB), {"RGN-012"}),
    "a log of 4095 MiB": (
        Recipe(
            headers=(HeaderCopy(1), HeaderCopy(2, log_length=4095 * MIB, log_guid=make_guid("log"))), file_length=MIB
        ),
        {"HDR-011", "LOG-024"},  # with salvage, the log is looked at as far as it is there
    ),
    "a log of 4095 MiB that nobody needs": (
        Recipe(headers=(HeaderCopy(1), HeaderCopy(2, log_length=4095 * MIB))),
        {"opened"},
    ),
    "2^32 - 1 regions": (
        Recipe(overrides=tuple(FieldOverride(f"region_table_{n}", "header.entry_count", 2**32 - 1) for n in (1, 2))),
        {"RGN-005", "RGN-003"},
    ),
    "65535 items": (Recipe(overrides=(FieldOverride("metadata_table", "header.entry_count", 65535),)), {"MDT-003"}),
    "2^32 - 1 descriptors": (
        Recipe(
            log=Log((LogEntry((Zeros("bat"),)),)),
            overrides=(FieldOverride("log[0]", "header.descriptor_count", 2**32 - 1),),
        ),
        {"LOG-024"},
    ),
    "an entry of 4 GiB": (
        Recipe(
            log=Log((LogEntry((Zeros("bat"),)),)),
            overrides=(FieldOverride("log[0]", "header.entry_length", 2**32 - SECTOR),),
        ),
        {"LOG-024"},
    ),
    "zeros over 2^62 bytes": (
        Recipe(
            log=Log((LogEntry((Zeros("bat"),)),)),
            overrides=(FieldOverride("log[0]", "descriptors[0].zero.zero_length", 2**62),),
        ),
        {"LOG-024", "LOG-028", "LOG-031"},
    ),
    "zeros over 60 TiB": (
        Recipe(
            log=Log((LogEntry((Hide("bat"), Zeros("bat", MIB, 60 * TIB))),)),
            bat=PART,
            file_order=("log", "metadata", "blocks", "bat"),
        ),
        {"opened", "LOG-028"},
    ),
    "a region of 4095 MiB": (
        Recipe(overrides=tuple(FieldOverride(f"region_table_{n}", "entries[1].length", 4095 * MIB) for n in (1, 2))),
        {"opened", "RGN-012"},
    ),
    "an item of 4 GiB": (
        Recipe(overrides=(FieldOverride("metadata_table", "entries[0].length", 2**32 - 1),)),
        {"MDT-007"},
    ),
    "every block at 2^64 - 2^20": (
        Recipe(
            geometry=Geometry(virtual_disk_size=5 * GIB),
            bat=Bat(default_state=6, blocks=(Block(0),)),
            overrides=(FieldOverride("bat[0]", "file_offset_mb_high", 2**32 - 1),),
            file_length=16 * MIB,
        ),
        {"opened"},
    ),
}


@pytest.mark.parametrize("name", sampled(CLAIMS, *list(CLAIMS)[::3]))
def test_a_small_file_that_claims_much_costs_little(name: str, tmp_path: Path) -> None:
    recipe, outcomes = CLAIMS[name]
    for cost in costs(expand(recipe).write(tmp_path)).values():
        assert_cheap(cost)
        assert cost.outcome in outcomes


def locator_item(pairs: int, fill: bytes) -> bytes:
    """A locator of 1 MiB whose pairs all use the same bytes."""
    head = bytes.fromhex("b7ef4ab09ed1814ab78925b8e9445913") + struct.pack("<HH", 0, pairs)
    entries = b"".join(struct.pack("<IIHH", MIB - 65536, MIB - 65536, 65534, 65534) for _ in range(min(pairs, 80_000)))
    return (head + entries).ljust(MIB, fill)[:MIB]


@pytest.mark.parametrize("fill", sampled([b"a", b"\0", b"\xd8"], b"\0"))
def test_a_locator_of_65535_pairs_over_the_same_bytes_costs_little(fill: bytes, tmp_path: Path) -> None:
    item = Item("parent_locator", locator_item(65535, fill), is_required=True)
    others = tuple(one for one in standard_items(Geometry("differencing")) if one.item_id != "parent_locator")
    regions = RegionTables(metadata_length=2 * MIB)
    recipe = Recipe(geometry=Geometry("differencing"), metadata=Metadata(items=(*others, item)), regions=regions)
    for cost in costs(expand(recipe).write(tmp_path)).values():
        assert_cheap(cost)
