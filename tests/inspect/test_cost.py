"""Small files that claim much cost little to look at, and large ones are shown while they are read."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.images import full_64_tib
from tests.inspect.measured import LINES, Cost, cost_of
from tests.inspect.support import MIB
from tests.support.patience import assert_quick
from tests.support.sampling import sampled
from tests.support.specimens import PART
from tests.test_hostile_claims import CLAIMS, locator_item
from tests.test_hostile_logs import (
    LOG,
    entries_of_data_that_claim_the_whole_log,
    nested_descriptors,
    one_entry_of_zero_descriptors,
)
from vhdx_runtime.conformance import (
    BytesOverride,
    Geometry,
    Item,
    Log,
    Metadata,
    Recipe,
    RegionTables,
    expand,
    standard_items,
)

TIB = 1 << 40


def assert_cheap(cost: Cost, *, mib: int = 50, seconds: float = 3.0) -> None:
    assert cost.mib < mib, cost
    assert_quick(cost.seconds, seconds, str(cost))


WHOLE = (
    "a disk of 64 TiB, its table past the end",
    "a disk of 64 TiB with a parent",
    "a log of 4095 MiB that nobody needs",
    "2^32 - 1 regions",
    "65535 items",
    "zeros over 60 TiB",
    "an item of 4 GiB",
    "every block at 2^64 - 2^20",
)


@pytest.mark.parametrize("name", sampled(WHOLE, "65535 items", "a disk of 64 TiB with a parent"))
def test_a_small_file_that_claims_much_is_shown_whole(name: str, tmp_path: Path) -> None:
    recipe, _ = CLAIMS[name]
    cost = cost_of("json", expand(recipe).write(tmp_path))
    assert_cheap(cost)
    assert 50 < cost.lines < LINES


def test_a_table_that_names_one_place_for_all_blocks_costs_little(tmp_path: Path) -> None:
    recipe = Recipe(geometry=Geometry(virtual_disk_size=10_000 * MIB), file_length=8 * MIB)
    words = [6 | 4 << 20, 6 | 3 << 20, 6 | 5 << 20, 1 | 4 << 20, 7 | 900 << 20]
    table = struct.pack("<10000Q", *(words[number % 5] for number in range(10_000)))
    path = expand(replace(recipe, overrides=(BytesOverride("file", 3 * MIB, table),))).write(tmp_path)
    cost = cost_of("json", path)
    assert_cheap(cost)
    assert cost.lines > 2 * 9990
    assert_cheap(cost_of("explain", path, 4 * MIB))


@pytest.mark.slow
def test_a_table_in_which_no_two_entries_are_alike_costs_little(tmp_path: Path) -> None:
    recipe = Recipe(geometry=Geometry(virtual_disk_size=16_384 * MIB), file_length=8 * MIB)
    table = random.Random("a block's data over the table").randbytes(8 * 16_384)
    path = expand(replace(recipe, overrides=(BytesOverride("file", 3 * MIB, table),))).write(tmp_path)
    cost = cost_of("json", path)
    assert_cheap(cost)
    assert cost.lines > 16_384


def test_a_locator_of_65535_pairs_costs_little(tmp_path: Path) -> None:
    item = Item("parent_locator", locator_item(65535, b"a"), is_required=True)
    others = tuple(one for one in standard_items(Geometry("differencing")) if one.item_id != "parent_locator")
    regions = RegionTables(metadata_length=2 * MIB)
    recipe = Recipe(geometry=Geometry("differencing"), metadata=Metadata(items=(*others, item)), regions=regions)
    assert_cheap(cost_of("json", expand(recipe).write(tmp_path)))


@pytest.mark.parametrize(
    "make",
    sampled(
        [one_entry_of_zero_descriptors, entries_of_data_that_claim_the_whole_log, nested_descriptors],
        nested_descriptors,
    ),
)
def test_a_log_of_16_mib_is_looked_into_where_one_asks(make: Callable[[], bytearray], tmp_path: Path) -> None:
    guid = "04030201-0605-0807-090a-0b0c0d0e0f10"
    recipe = Recipe(bat=PART, log=Log(length=LOG, guid=guid, is_dirty=True), file_length=40 * MIB)
    path = expand(replace(recipe, overrides=(BytesOverride("file", MIB, bytes(make())),))).write(tmp_path)
    assert_cheap(cost_of("text", path, "log"), mib=256, seconds=6)
    assert_cheap(cost_of("explain", path, MIB + LOG - 40), mib=256, seconds=6)


@pytest.mark.slow
def test_a_disk_of_64_tib_with_a_full_table_is_shown_in_little_memory(tmp_path: Path) -> None:
    try:
        with open(tmp_path / "probe", "wb") as probe:
            probe.truncate(65 * TIB)
    except OSError as error:
        pytest.skip(f"a file of 64 TiB: {error.strerror} (the folder for temporary files must be a tmpfs, say)")
    path = full_64_tib(tmp_path, "full.vhdx").path
    cost = cost_of("json", path)
    path.unlink()
    assert_cheap(cost, mib=60, seconds=30)
    assert 2 * 16384 < cost.lines < 2 * 16384 + 300
