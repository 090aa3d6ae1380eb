"""Overrides: what is expanded is the same whether the rest of the recipe is remembered or not, and covers rightly."""

from __future__ import annotations

import pickle
import struct
import time
from dataclasses import fields, replace
from functools import cache

import pytest
from crc32c import crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cases import all_cases
from vhdx_runtime.conformance import (
    Bat,
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
    ParentLocator,
    Recipe,
    RecipeError,
    RegionTables,
    Write,
    Zeros,
    expand,
    make_guid,
    standard_items,
)
from vhdx_runtime.conformance.build.expand import Recent
from vhdx_runtime.conformance.build.sparse import SparseBytes
from vhdx_runtime.conformance.cases import Case

KIB, MIB = 1 << 10, 1 << 20
FEW = (Fill(0, 4096, b"few "),)
BLOCKS = Bat((Block(0, fills=FEW), Block(2, fills=FEW)))
DIRTY = Log((LogEntry((Hide("bat"), Hide("metadata", length=4096))), LogEntry((Zeros("bat", 8192),))))
RECIPES = (
    Recipe(bat=BLOCKS),
    Recipe(bat=BLOCKS, log=DIRTY),
    Recipe(bat=BLOCKS, log=Log((LogEntry((Hide("region_table_1", stale="noise"), Hide("file", length=2 * MIB))),))),
    Recipe(bat=BLOCKS, log=Log((LogEntry((Write("bat", 4096, bytes(9000)),), position=MIB - 4096, torn=(1,)),))),
    Recipe(bat=BLOCKS, headers=(HeaderCopy(1, damage="torn"), HeaderCopy(2, damage="bad_checksum"))),
    Recipe(bat=Bat((Block(0, fills=FEW, file_offset_mb=2), Block(1, fills=FEW, file_offset_mb=3)))),
    Recipe(metadata=Metadata(extra=(Item(make_guid("over"), b"over the table", offset=40),))),
)
TARGETS = ["file", "file_identifier", "header_1", "header_2", "region_table_1", "region_table_2", "metadata_table"]
TARGETS += ["virtual_disk_size", "file_parameters", "bat[0]", "bat[1]", "bat[2]", "bat[131072]", "log[0]", "log[1]", ""]
FIELDS = [
    "sequence_number",
    "checksum",
    "header.checksum",
    "header.entry_count",
    "entries[1].length",
    "entries[0].guid",
]
FIELDS += ["state", "file_offset_mb_low", "header.log_guid", "virtual_disk_size", "creator", "no_such_field"]
VALUES = st.sampled_from([0, 1, 7, 255, 1 << 20, (1 << 64) - 1, make_guid("other"), bytes(16), b"\xff" * 4])


@st.composite
def overrides(draw: st.DrawFn) -> FieldOverride | BytesOverride:
    target, is_sealed = draw(st.sampled_from(TARGETS)), draw(st.booleans())
    if draw(st.booleans()):
        return FieldOverride(target, draw(st.sampled_from(FIELDS)), draw(VALUES), is_sealed)
    offset = draw(st.sampled_from([0, 3, 8, 40, 4095, 65530, MIB, 2 * MIB + 33, 3 * MIB]))
    return BytesOverride(target, offset, draw(st.binary(min_size=1, max_size=9)), is_sealed)


def outcome(recipe: Recipe) -> tuple[object, ...]:
    try:
        made = expand(recipe)
    except RecipeError as error:
        return (str(error),)
    return made.length, made.extents, made.expected, [(one.target, one.data, one.parts) for one in made.items]


def forgotten(recipe: Recipe) -> Recipe:
    """The same recipe in new parts, of which nothing can be remembered."""
    copy: Recipe = pickle.loads(pickle.dumps(recipe))
    return copy


def warm(recipe: Recipe) -> None:
    """Have the recipe without its overrides remembered: what is asked for twice is."""
    for _ in range(3):
        expand(replace(recipe, overrides=()))


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(RECIPES), st.lists(overrides(), min_size=1, max_size=4))
def test_what_is_remembered_changes_nothing(recipe: Recipe, changes: list[FieldOverride | BytesOverride]) -> None:
    changed = replace(recipe, overrides=tuple(changes))
    cold = outcome(forgotten(changed))
    warm(recipe)
    assert outcome(changed) == cold
    assert outcome(recipe) == outcome(forgotten(recipe)), "and the other way round"


@cache
def cases_with_overrides() -> tuple[Case, ...]:
    return tuple(case for case in all_cases() if len(case.files) == 1 and case.files[0].overrides)


def test_cases_with_overrides_expand_alike_when_remembered() -> None:
    chosen = cases_with_overrides()[::5]
    assert len(chosen) > 20
    for case in chosen:
        cold = outcome(forgotten(case.files[0]))
        warm(case.files[0])
        assert outcome(case.files[0]) == cold, case.id


def at(made: Expanded, offset: int, length: int) -> bytes:
    return made.to_bytes()[offset : offset + length]


@pytest.mark.parametrize("times", [1, 4])
def test_an_override_of_what_the_log_hides_stands_in_the_log(times: int) -> None:
    recipe = Recipe(name=f"hidden-{times}", bat=BLOCKS, log=DIRTY)
    override = BytesOverride("metadata_table", 100, b"\xa5\x5a\xa5")
    for _ in range(times):
        made = expand(replace(recipe, overrides=(override,)))
    assert at(made, 2 * MIB, 4096) == bytes(4096), "the place itself is stale"
    sectors = [made.to_bytes()[start : start + 4096] for start in range(MIB, MIB + 16 * KIB, 4096)]
    assert [sector[100:103] for sector in sectors if sector[:4] == b"data"][1] == b"\xa5\x5a\xa5"
    entry = made.to_bytes()[MIB : MIB + 12 * KIB]
    assert struct.unpack_from("<4sI", entry) == (b"loge", crc32c(entry[:4] + bytes(4) + entry[8:]))


def test_an_override_does_not_show_where_something_else_was_written_later() -> None:
    items = standard_items(Geometry())
    over = Item(make_guid("over"), b"over", offset=64 * KIB + 2)
    recipe = Recipe(metadata=Metadata(items, (over,)))
    for _ in range(3):
        made = expand(replace(recipe, overrides=(BytesOverride("file_parameters", 0, b"12345678"),)))
    assert at(made, 2 * MIB + 64 * KIB, 8) == b"12over78"


def test_a_block_over_the_table_hides_overrides_of_its_entries() -> None:
    recipe = Recipe(bat=Bat((Block(0, fills=(Fill(0, 16, b"payload!"),), file_offset_mb=3),)))
    changes = (FieldOverride("bat[1]", "state", 6), FieldOverride("bat[2]", "state", 7))
    for _ in range(3):
        made = expand(replace(recipe, overrides=changes))
    assert at(made, 3 * MIB, 24) == b"payload!payload!" + struct.pack("<Q", 7)


def test_an_entry_that_a_block_has_can_be_overridden() -> None:
    for _ in range(3):
        made = expand(replace(RECIPES[0], overrides=(FieldOverride("bat[2]", "file_offset_mb_low", 4),)))
    assert struct.unpack("<3Q", at(made, 3 * MIB, 24)) == (4 << 20 | 6, 0, 4 << 20 | 6), "both blocks in one place"


OTHERWISE: dict[str, object] = {
    "name": "another",
    "creator": "someone else",
    "geometry": Geometry("fixed"),
    "headers": (HeaderCopy(8), HeaderCopy(7)),
    "regions": RegionTables(("metadata", "bat")),
    "metadata": Metadata(gap=8),
    "parent": ParentLocator(()),
    "bat": Bat((Block(1, fills=FEW),)),
    "log": DIRTY,
    "file_order": ("bat", "metadata", "log"),
    "file_length": 5 * MIB,
    "is_tight": True,
}


@pytest.mark.parametrize("part", OTHERWISE)
def test_recipes_that_share_all_but_one_part_are_told_apart(part: str) -> None:
    first = RECIPES[0]
    if part == "parent":
        first = Recipe(geometry=Geometry("differencing"), parent=ParentLocator((("key", "value"),)))
    second = replace(first, **{part: OTHERWISE[part]})  # type: ignore[arg-type]
    assert set(OTHERWISE) == {one.name for one in fields(Recipe)} - {"overrides", "file_name"}
    cold = [outcome(forgotten(one)) for one in (first, second)]
    assert cold[0] != cold[1]
    for one in (first, second):
        warm(one)
    assert [outcome(one) for one in (first, second)] == cold


def test_bytes_of_the_file_win_over_everything() -> None:
    changes = (BytesOverride("file", 64 * KIB, b"last"), FieldOverride("header_1", "signature", b"more"))
    for _ in range(3):
        made = expand(replace(RECIPES[0], overrides=changes))
    assert at(made, 64 * KIB, 4) == b"last"


def test_overrides_after_the_first_cost_little() -> None:
    """Processor time of an image whose recipe is remembered, against one whose recipe is not."""
    recipe, override = RECIPES[0], FieldOverride("header_2", "sequence_number", 9)
    changed = [replace(recipe, overrides=(replace(override, value=number),)) for number in range(60)]
    new = [forgotten(one) for one in changed]
    warm(recipe)
    spent = []
    for group in (changed, new):
        start = time.process_time()
        for one in group:
            expand(one)
        spent.append(time.process_time() - start)
    assert spent[0] < spent[1] / 2


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_fork_and_its_origin_are_two_files(data: st.DataObject) -> None:
    size = 200 * KIB
    files, models = [SparseBytes()], [bytearray(size)]
    for _ in range(data.draw(st.integers(1, 8))):
        index = data.draw(st.integers(0, len(files) - 1))
        action = data.draw(st.sampled_from(["write", "write", "fork", "settle"]))
        if action == "fork":
            files.append(files[index].fork())
            models.append(bytearray(models[index]))
        elif action == "settle":
            files[index].settle()
        else:
            offset, length = data.draw(st.integers(0, size - 1)), data.draw(st.sampled_from([1, 4096, 65536, 70000]))
            part = (data.draw(st.sampled_from([b"\0", b"x", b"\0y"])) * length)[: min(length, size - offset)]
            files[index].write(offset, part)
            models[index][offset : offset + len(part)] = part
    end = data.draw(st.integers(1, size))
    for file, model in zip(files, models, strict=True):
        assert file.read(0, size) == model
        found = bytearray(end)
        for offset, part in file.extents(end):
            assert any(part)
            found[offset : offset + len(part)] = part
        assert found == model[:end]


def test_only_so_much_is_remembered() -> None:
    recent: Recent[str] = Recent(2, 100)
    parts = [(object(),) for _ in range(4)]
    assert not recent.keep(parts[0], "once", len), "what was missed once only is not kept"
    assert recent.keep(parts[0], "twice", len)
    assert recent.get(parts[0]) == "twice"
    assert recent.get((object(),)) is None
    for index in (1, 2):
        assert [recent.keep(parts[index], "x" * 25, len) for _ in range(2)] == [False, True]
    assert [recent.get(one) for one in parts[:3]] == [None, "x" * 25, "x" * 25], "the one asked for longest ago is gone"
    assert [recent.keep(parts[3], "x" * 26, len) for _ in range(2)] == [False, False], "too heavy"


def test_their_weight_counts_too() -> None:
    recent: Recent[str] = Recent(50, 100)
    parts = [(object(),) for _ in range(6)]
    for one in parts:
        recent.keep(one, "", len)
        recent.keep(one, "x" * 24, len)
    assert [recent.get(one) is not None for one in parts] == [False, False, True, True, True, True]
