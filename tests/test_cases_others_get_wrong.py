"""What some reader of VHDX gets wrong, each as a test: single files here, chains in the module beside this one.

Expected bytes come from the recipe's own model. In every case the wrong way of reading gives other bytes or another
verdict.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support.reading import SparseFile, assert_reads, check, rules
from vhdx_runtime.conformance import (
    NIL_GUID,
    Bat,
    Block,
    BytesOverride,
    ExtraRegion,
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
    RegionTables,
    Write,
    Zeros,
    expand,
    guid_bytes,
    make_guid,
    standard_items,
)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SECTOR = 4096
TWO_BLOCKS = Bat((Block(0), Block(2)))
PLAIN = Recipe(bat=TWO_BLOCKS)
ONLY_LOGGED = LogEntry((Hide("bat"),))
DIRTY = Recipe(bat=TWO_BLOCKS, log=Log((ONLY_LOGGED,)))
GARBAGE = b"\xa6" * SECTOR
KNOWN_ITEM = "2fa54224-cd1b-4876-b211-5dbed83bf4b8"  # virtual disk size


def refusal(recipe: Recipe, **options: Any) -> vhdx.VhdxError:
    """The error with which a file is refused."""
    with pytest.raises(vhdx.VhdxError) as caught:
        vhdx.open(expand(recipe).to_bytes(), **options)
    return caught.value


# Reads


@pytest.mark.parametrize("order", ["ascending", "descending", "scrambled"])
@pytest.mark.parametrize("block_size", [MIB, 2 * MIB])
def test_reads_start_mid_block_and_cross_blocks_that_lie_in_any_order(order: Any, block_size: int) -> None:
    blocks = tuple(Block(number) for number in range(12) if number not in (3, 8))
    geometry = Geometry(virtual_disk_size=12 * block_size - 512, block_size=block_size)
    check(Recipe(geometry=geometry, bat=Bat(blocks, order=order, spacing_mb=1)), salvage=False)


@pytest.mark.parametrize("disk_type", ["dynamic", "fixed"])
def test_blocks_behind_a_sector_bitmap_entry_are_not_shifted(disk_type: Any) -> None:
    edge = (Fill(MIB - 4096, 4096), Fill(0, 4096))
    blocks = tuple(Block(number, fills=edge) for number in (0, 4095, 4096, 4097, 8191, 8192))
    check(Recipe(geometry=Geometry(disk_type, 8 * GIB + 2 * MIB), bat=Bat(blocks)))


def test_file_offsets_above_4_gib_are_not_cut() -> None:
    block = Block(1, file_offset_mb=(4 * GIB) // MIB + 5)
    recipe = Recipe(bat=Bat((Block(0, file_offset_mb=9), block)))
    made = expand(recipe)
    assert made.length > 4 * GIB
    with vhdx.open(SparseFile(made)) as disk:
        assert_reads(disk, made.expected)


@pytest.mark.parametrize("size", [512, 1536, MIB - 512, MIB + 512, 3 * MIB + 4096, 5 * MIB // 2])
@pytest.mark.parametrize("disk_type", ["dynamic", "fixed"])
def test_a_disk_need_not_end_with_a_block(size: int, disk_type: Any) -> None:
    blocks = tuple(Block(number) for number in range(-(-size // MIB)))
    made = expand(Recipe(geometry=Geometry(disk_type, size), bat=Bat(blocks)))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)
        assert disk.read_at(size - 5, 100) == made.expected.read(size - 5, 5)
        assert disk.read_at(size, 1) == disk.read_at(size + MIB, 1) == b""


@pytest.mark.parametrize("disk_type", ["dynamic", "fixed"])
def test_logical_sectors_of_4096_bytes(disk_type: Any) -> None:
    blocks = (Block(0), Block(5), Block(32768), Block(32769))
    edges = tuple(replace(block, fills=(Fill(0, 70_000),)) for block in blocks)
    check(Recipe(geometry=Geometry(disk_type, 32 * GIB + 2 * MIB, MIB, 4096), bat=Bat(edges, order="scrambled")))


@pytest.mark.parametrize("physical", [512, 4096])
def test_the_physical_sector_size_moves_nothing(physical: int) -> None:
    check(replace(PLAIN, geometry=Geometry(physical_sector_size=physical)))
    check(replace(PLAIN, geometry=Geometry(logical_sector_size=4096, physical_sector_size=physical)))


def test_a_last_block_that_old_writers_cut_short_is_readable() -> None:
    recipe = Recipe(geometry=Geometry(virtual_disk_size=MIB + 64 * KIB), bat=Bat((Block(0), Block(1))))
    made = expand(replace(recipe, file_length=expand(recipe).length - MIB + 64 * KIB))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)


def test_a_block_past_the_end_of_the_file_is_lost_alone() -> None:
    made = expand(replace(PLAIN, file_length=expand(PLAIN).length - MIB))
    with vhdx.open(made.to_bytes()) as disk:
        assert disk.read_at(0, 2 * MIB) == made.expected.read(0, 2 * MIB)
        with pytest.raises(vhdx.IntegrityError) as caught:
            disk.read_at(2 * MIB + 7, 5)
    assert caught.value.rule == "BAT-006"
    with vhdx.open(made.to_bytes(), salvage=True) as disk:
        assert disk.read_at(0, 4 * MIB) == made.expected.read(0, 2 * MIB) + bytes(2 * MIB)
        assert [(piece.virtual_offset, piece.length) for piece in disk.lost] == [(2 * MIB, MIB)]


# Block states


@pytest.mark.parametrize("disk_type", ["fixed", "dynamic"])
@pytest.mark.parametrize("sector", [512, 4096])
@pytest.mark.parametrize("state", [0, 1, 2, 3, 5, 6, 7])
def test_every_block_state_without_a_parent(state: int, disk_type: Any, sector: int) -> None:
    blocks = (Block(0), Block(1, state), Block(2, state, anchored=True), Block(3))
    check(Recipe(geometry=Geometry(disk_type, logical_sector_size=sector), bat=Bat(blocks)))


@pytest.mark.parametrize("disk_type", ["fixed", "dynamic"])
def test_the_reserved_state_4_spoils_its_own_block_only(disk_type: Any) -> None:
    made = expand(Recipe(geometry=Geometry(disk_type), bat=Bat((Block(0), Block(1, 4, anchored=True), Block(2)))))
    with vhdx.open(made.to_bytes()) as disk:
        assert disk.read_at(0, MIB) == made.expected.read(0, MIB)
        assert disk.read_at(2 * MIB, 2 * MIB) == made.expected.read(2 * MIB, 2 * MIB)
        for offset, length in ((MIB, 1), (2 * MIB - 1, 2), (0, 4 * MIB)):
            with pytest.raises(vhdx.IntegrityError) as caught:
                disk.read_at(offset, length)
            assert caught.value.rule == "BAT-003"
    with vhdx.open(made.to_bytes(), salvage=True) as disk:
        assert_reads(disk, made.expected)
        assert {(piece.virtual_offset // MIB, piece.kind) for piece in disk.lost} == {(1, "unreadable")}


@pytest.mark.parametrize("state", [6, 7])
def test_an_allocated_block_without_an_offset_is_never_read_from_the_header_section(state: int) -> None:
    made = expand(Recipe(bat=Bat((Block(0, state, file_offset_mb=0), Block(1)))))
    raw = made.to_bytes()
    with vhdx.open(raw) as disk:
        with pytest.raises(vhdx.IntegrityError) as caught:
            disk.read_at(64 * KIB, 4096)
        assert caught.value.rule in {"BAT-004", "BAT-005"}
        assert disk.read_at(MIB, MIB) == made.expected.read(MIB, MIB)


def test_reserved_bits_of_an_entry_are_no_part_of_its_offset() -> None:
    check(Recipe(bat=Bat((Block(0, reserved=0x1FFFF), Block(1, 2, reserved=1), Block(2, reserved=0x10000)))))


def test_a_sector_bitmap_entry_in_a_file_without_parent_is_ignored() -> None:
    overrides = (FieldOverride("bat[4096]", "state", 6), FieldOverride("bat[4096]", "file_offset_mb_low", 3))
    blocks = (Block(4095, fills=(Fill(0, 9000),)), Block(4096, fills=(Fill(0, 9000),)))
    geometry = Geometry(virtual_disk_size=5 * GIB)
    check(Recipe(geometry=geometry, bat=Bat(blocks), overrides=overrides))


# Headers


def headers(first: HeaderCopy, second: HeaderCopy) -> Recipe:
    return replace(DIRTY, headers=(first, second))


STALE = NIL_GUID  # a stale header denies the log, and so the whole BAT


@pytest.mark.parametrize("damage", ["zeroed", "torn", "bad_checksum"])
@pytest.mark.parametrize("damaged", [1, 2])
def test_a_damaged_header_never_counts_whatever_its_sequence_number(damage: Any, damaged: int) -> None:
    bad, good = HeaderCopy(99, log_guid=STALE, damage=damage), HeaderCopy(3)
    recipe = headers(bad, good) if damaged == 1 else headers(good, bad)
    made = expand(recipe)
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)
        assert disk.image.headers.current is not None
        assert disk.image.headers.current.number == 3 - damaged
        assert "HDR-005" in rules(disk.image)
        assert not disk.image.headers.copies[damaged - 1].valid


@pytest.mark.parametrize("numbers", [(7, 8), (8, 7), (2**63, 5), (2**64 - 1, 0), (1 << 32, 5)])
def test_the_larger_sequence_number_is_current(numbers: tuple[int, int]) -> None:
    first, second = numbers
    newer = 1 if first > second else 2
    copies = [HeaderCopy(number, log_guid=None if number == max(numbers) else STALE) for number in numbers]
    made = expand(headers(copies[0], copies[1]))
    with vhdx.open(made.to_bytes()) as disk:
        assert disk.image.headers.current is not None
        assert disk.image.headers.current.number == newer
        assert_reads(disk, made.expected)


def test_two_identical_headers_are_fine_with_a_warning() -> None:
    made = expand(headers(HeaderCopy(5), HeaderCopy(5)))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)
        found = [finding for finding in disk.image.findings if finding.rule == "HDR-004"]
        assert [finding.verdict for finding in found] == ["warn"]


def test_two_headers_that_differ_under_one_number_are_refused_unless_one_is_named() -> None:
    recipe = headers(HeaderCopy(5), HeaderCopy(5, log_guid=STALE))
    assert refusal(recipe).rule == "HDR-004"
    made = expand(recipe)
    with vhdx.open(made.to_bytes(), header=1) as disk:
        assert_reads(disk, made.expected)
    with vhdx.open(made.to_bytes(), header=2) as disk:
        assert disk.read_at(0, disk.size) == bytes(disk.size)


def test_no_valid_header_is_refused() -> None:
    error = refusal(headers(HeaderCopy(5, damage="zeroed"), HeaderCopy(6, damage="bad_checksum")))
    assert error.rule == "HDR-003"


def test_a_newer_header_of_another_version_is_refused_and_not_passed_over() -> None:
    assert refusal(headers(HeaderCopy(5), HeaderCopy(6, version=2))).rule == "HDR-006"
    check(headers(HeaderCopy(6), HeaderCopy(5, version=2)))


def test_a_log_version_counts_only_where_there_is_something_to_replay() -> None:
    assert refusal(headers(HeaderCopy(5), HeaderCopy(6, log_version=1))).rule == "HDR-007"
    check(replace(PLAIN, headers=(HeaderCopy(5), HeaderCopy(6, log_version=1))))


# Region tables


@pytest.mark.parametrize("damage", ["zeroed", "torn", "bad_checksum"])
@pytest.mark.parametrize("damaged", [1, 2])
def test_one_damaged_region_table_is_no_loss(damage: Any, damaged: int) -> None:
    tables = RegionTables(damage=(damage, "none") if damaged == 1 else ("none", damage))
    check(replace(PLAIN, regions=tables))
    assert refusal(replace(PLAIN, regions=RegionTables(damage=(damage, damage)))).rule == "RGN-003"


def test_region_table_1_wins_where_both_are_valid_and_differ() -> None:
    override = FieldOverride("region_table_2", "entries[0].file_offset", MIB)
    made = expand(replace(PLAIN, overrides=(override,)))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)
        assert "RGN-004" in rules(disk.image)


def test_regions_and_blocks_may_lie_anywhere() -> None:
    tables = RegionTables(order=("metadata", "bat"))
    check(replace(PLAIN, regions=tables, file_order=("blocks", "bat", "log", "metadata")))
    check(replace(DIRTY, regions=tables, file_order=("metadata", "blocks", "log", "bat")))


def test_an_unknown_optional_region_is_passed_over_and_a_required_one_refused() -> None:
    for is_required in (False, True):
        region = ExtraRegion(make_guid("unknown"), required=is_required, content=b"theirs")
        recipe = replace(PLAIN, regions=RegionTables(order=(region.guid, "bat", "metadata"), extra=(region,)))
        if is_required:
            error = refusal(recipe)
            assert (error.rule, type(error)) == ("RGN-014", vhdx.UnsupportedError)
        else:
            check(recipe)


def test_known_regions_need_no_required_bit() -> None:
    check(replace(PLAIN, regions=RegionTables(known_required=False)))


def test_a_table_of_as_many_regions_as_fit_is_read_to_its_end() -> None:
    extra = tuple(ExtraRegion(make_guid(f"r{number}"), 0) for number in range(2045))
    order = (*(region.guid for region in extra), "metadata", "bat")
    check(replace(PLAIN, regions=RegionTables(order=order, extra=extra)))


# Metadata


def test_an_unknown_optional_item_is_passed_over_and_a_required_one_refused() -> None:
    for is_required in (False, True):
        item = Item(make_guid("unknown"), b"\x01\x02\x03", is_required=is_required, is_virtual_disk=True)
        recipe = replace(PLAIN, metadata=Metadata(extra=(item,)))
        if is_required:
            error = refusal(recipe)
            assert (error.rule, type(error)) == ("MDT-015", vhdx.UnsupportedError)
        else:
            check(recipe)


def test_user_items_never_stand_in_for_those_of_the_format() -> None:
    user = (
        Item(KNOWN_ITEM, (123).to_bytes(8, "little"), is_user=True, is_virtual_disk=True),
        Item(make_guid("note"), "Grüße".encode(), is_user=True),
        Item(make_guid("empty"), b"", is_user=True),
    )
    items = standard_items(PLAIN.geometry)
    check(replace(PLAIN, metadata=Metadata(items=(*user, *items))))
    check(replace(PLAIN, metadata=Metadata(items=(*items, *user), data_order=(6, 3, 0), gap=1)))


def test_a_disk_without_its_size_is_refused_though_a_user_item_has_that_name() -> None:
    items = tuple(item for item in standard_items(PLAIN.geometry) if item.item_id != "virtual_disk_size")
    user = Item(KNOWN_ITEM, (MIB).to_bytes(8, "little"), is_user=True)
    assert refusal(replace(PLAIN, metadata=Metadata(items=(*items, user)))).rule == "ITM-006"


@pytest.mark.parametrize(
    ("name", "rule"),
    [("file_parameters", "ITM-001"), ("virtual_disk_size", "ITM-006"), ("logical_sector_size", "ITM-012")],
)
def test_an_item_without_which_nothing_can_be_computed_is_missed(name: str, rule: str) -> None:
    items = tuple(item for item in standard_items(PLAIN.geometry) if item.item_id != name)
    assert refusal(replace(PLAIN, metadata=Metadata(items=items))).rule == rule


@pytest.mark.parametrize("name", ["virtual_disk_id", "physical_sector_size"])
def test_an_item_that_no_read_needs_can_be_missing(name: str) -> None:
    items = tuple(item for item in standard_items(PLAIN.geometry) if item.item_id != name)
    check(replace(PLAIN, metadata=Metadata(items=items)))


def test_an_item_twice_is_refused() -> None:
    items = standard_items(PLAIN.geometry)
    assert refusal(replace(PLAIN, metadata=Metadata(items=(*items, items[1])))).rule == "MDT-005"


def test_items_lie_at_any_byte_and_in_any_order() -> None:
    for order in ((4, 3, 2, 1, 0), (2, 0, 4)):
        check(replace(PLAIN, metadata=Metadata(data_order=order, gap=7)))


def test_the_largest_metadata_table_is_read_to_its_end() -> None:
    items = [Item(make_guid(f"u{number}"), b"", is_user=True) for number in range(1024)]
    items += [Item(make_guid(f"s{number}"), b"") for number in range(1018)]
    check(replace(PLAIN, metadata=Metadata(items=(*items, *standard_items(PLAIN.geometry)))))


def test_the_mark_of_an_unfinished_file_is_refused() -> None:
    marker = Item("incomplete_file_marker", b"", is_required=True)
    assert refusal(replace(PLAIN, metadata=Metadata(extra=(marker,)))).rule in {"MDT-015", "MDT-018"}


# The log


def test_a_bat_that_exists_only_in_the_log_is_read_from_there() -> None:
    made = expand(DIRTY)
    raw = made.to_bytes()
    with vhdx.open(raw) as disk:
        assert_reads(disk, made.expected)
        assert disk.image.log.state == "replayed"
    with vhdx.open(raw, log="ignore") as disk:
        assert disk.read_at(0, disk.size) == bytes(disk.size)
    assert raw == made.to_bytes()


@pytest.mark.parametrize("stale", ["zero", "noise"])
@pytest.mark.parametrize("split", [None, 1, 2])
def test_everything_that_the_log_may_hold_is_read_from_there(stale: Any, split: int | None) -> None:
    hidden = tuple(Hide(name, stale=stale) for name in ("region_table_1", "region_table_2", "metadata", "bat"))
    check(Recipe(bat=TWO_BLOCKS, log=Log((LogEntry(hidden, split=split),))))


@pytest.mark.parametrize("entries_before_the_end", range(6))
def test_a_run_wraps_the_ring(entries_before_the_end: int) -> None:
    steps = [LogEntry((Write("metadata", (512 + 4 * index) * KIB, GARBAGE),)) for index in range(4)]
    first = replace(steps[0], position=MIB - 2 * SECTOR * entries_before_the_end or 0, sequence_number=2**63)
    position = (MIB - 2 * SECTOR * entries_before_the_end) % MIB
    entries = (replace(first, position=position), *steps[1:], ONLY_LOGGED)
    check(Recipe(bat=TWO_BLOCKS, log=Log(entries)))


@pytest.mark.parametrize("sectors_before_the_end", range(1, 9))
def test_an_entry_wraps_the_ring(sectors_before_the_end: int) -> None:
    writes = Write("metadata", 512 * KIB, bytes(range(256)) * 64)
    many = tuple(Zeros("metadata", (600 + 4 * (index % 60)) * KIB) for index in range(140))
    entry = LogEntry((*many, writes, Hide("bat"), Hide("metadata")), position=MIB - SECTOR * sectors_before_the_end)
    check(Recipe(bat=TWO_BLOCKS, log=Log((entry,))))


def test_valid_entries_before_the_tail_are_not_replayed() -> None:
    spoiler = LogEntry((Write("bat", 0, GARBAGE), Zeros("metadata", 0, 64 * KIB)))
    last = LogEntry((Hide("region_table_1"),), tail="self")
    made = expand(Recipe(bat=TWO_BLOCKS, log=Log((spoiler, spoiler, last))))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)
        assert len(disk.image.log.entries()) == 3
        assert len(disk.image.log.active) == 1


def test_replay_starts_at_the_tail_and_goes_through_the_middle() -> None:
    spoiler = LogEntry((Write("bat", 0, GARBAGE),))
    entries = (
        spoiler,
        LogEntry((Hide("bat"),), label="tail", tail="self"),
        LogEntry((Hide("region_table_1"),), tail="tail"),
        LogEntry((Write("metadata", 512 * KIB, GARBAGE),), tail="tail"),
    )
    check(Recipe(bat=TWO_BLOCKS, log=Log(entries)))


def test_stale_entries_of_an_earlier_session_are_not_replayed() -> None:
    old = LogEntry((Write("bat", 0, GARBAGE),), log_guid=make_guid("earlier"), sequence_number=900)
    live = LogEntry((Hide("metadata"),), sequence_number=3)
    check(Recipe(bat=TWO_BLOCKS, log=Log((old, replace(old, sequence_number=None), live, old))))
    clean = Recipe(bat=TWO_BLOCKS, log=Log((replace(old, log_guid=None),), is_dirty=False))
    check(clean)


def test_entries_overwritten_in_part_are_not_replayed() -> None:
    old = LogEntry((Write("bat", 0, GARBAGE * 3),), position=0, sequence_number=50)
    live = LogEntry((Hide("bat"), Hide("metadata", 64 * KIB)), position=SECTOR, sequence_number=20)
    check(Recipe(bat=TWO_BLOCKS, log=Log((old, live))))


def test_of_two_runs_the_one_with_the_newer_head_counts() -> None:
    older = LogEntry((Write("bat", 0, GARBAGE),), position=512 * KIB, sequence_number=10)
    newer = (LogEntry((Hide("metadata"),), position=0, sequence_number=9), LogEntry((Hide("bat"),)), LogEntry())
    check(Recipe(bat=TWO_BLOCKS, log=Log((*newer, older))))
    check(Recipe(bat=TWO_BLOCKS, log=Log((older, *newer))))


@pytest.mark.parametrize("torn", [(0,), (1,), (2,), (1, 2)])
def test_a_torn_newest_entry_leaves_the_one_before_as_the_head(torn: tuple[int, ...]) -> None:
    newest = LogEntry((Write("bat", 0, GARBAGE * 2),), torn=torn)
    check(Recipe(bat=TWO_BLOCKS, log=Log((ONLY_LOGGED, LogEntry(), newest))))


def test_a_torn_entry_in_the_middle_ends_the_run_before_it() -> None:
    torn = LogEntry((Write("bat", 0, GARBAGE * 2),), torn=(2,))
    after = LogEntry((Write("bat", 0, GARBAGE),), tail="run")
    check(Recipe(bat=TWO_BLOCKS, log=Log((ONLY_LOGGED, torn, after))))


@pytest.mark.parametrize("is_split", [False, True])
def test_zeros_over_data_are_zeros(is_split: bool) -> None:
    updates = (
        Write("bat", 0, GARBAGE * 4),
        Zeros("bat", SECTOR, 2 * SECTOR),
        Zeros("bat", 0),
        Zeros("bat", 3 * SECTOR),
    )
    recipe = Recipe(geometry=Geometry(virtual_disk_size=3 * GIB), bat=Bat((Block(2100, fills=(Fill(0, 9000),)),)))
    entries = tuple(LogEntry((update,)) for update in updates) if is_split else (LogEntry(updates),)
    check(replace(recipe, log=Log(entries)))


@pytest.mark.parametrize("is_split", [False, True])
def test_data_over_zeros_is_data(is_split: bool) -> None:
    updates = (Zeros("bat", 0, MIB), Hide("bat", stale="noise"), Zeros("bat", 64 * SECTOR, SECTOR))
    geometry = Geometry(virtual_disk_size=3 * GIB)
    blocks = tuple(Block(number, fills=(Fill(0, 600),)) for number in (0, 511, 512, 1023, 1024))
    entries = tuple(LogEntry((update,)) for update in updates) if is_split else (LogEntry(updates),)
    check(Recipe(geometry=geometry, bat=Bat(blocks), log=Log(entries)))


def test_the_last_of_many_writes_to_a_sector_wins() -> None:
    noise = [Write("bat", 0, bytes([number]) * SECTOR) for number in range(1, 20)]
    entries = (LogEntry(tuple(noise[:10])), LogEntry(tuple(noise[10:])), ONLY_LOGGED)
    # The entry that hides the table is written first, or it would hide what the others left; its number makes it last.
    entries = (
        replace(ONLY_LOGGED, sequence_number=3, position=(12 + 11) * SECTOR - 2 * SECTOR),
        replace(entries[0], sequence_number=1, position=0, tail=0),
        replace(entries[1], sequence_number=2, position=11 * SECTOR, tail=0),
    )
    check(Recipe(bat=TWO_BLOCKS, log=Log((replace(entries[0], tail=0), *entries[1:]))))


@pytest.mark.parametrize("missing", [1, MIB // 2, MIB])
def test_a_log_grows_the_file(missing: int) -> None:
    recipe = Recipe(bat=Bat((Block(0), Block(2, fills=()))), log=Log((ONLY_LOGGED,)))
    made = expand(replace(recipe, file_length=expand(recipe).length - missing))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)
        assert disk.image.view.size == expand(recipe).length


def test_a_log_holds_what_lies_past_the_end_of_the_file() -> None:
    recipe = Recipe(bat=TWO_BLOCKS, log=Log((LogEntry((Hide("bat"), Hide("metadata"))),)))
    recipe = replace(recipe, file_order=("log", "blocks", "bat", "metadata"))
    made = expand(replace(recipe, file_length=4 * MIB))
    assert made.plan.extents["bat"][0] >= made.length
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)


def test_a_write_past_the_announced_end_grows_the_file_too() -> None:
    recipe = Recipe(bat=TWO_BLOCKS, log=Log((LogEntry((Hide("bat"),), last_file_offset=0),)))
    recipe = replace(recipe, file_order=("log", "metadata", "blocks", "bat"), file_length=5 * MIB)
    check(recipe)


def test_an_empty_head_entry_is_a_head() -> None:
    check(Recipe(bat=TWO_BLOCKS, log=Log((ONLY_LOGGED, LogEntry()))))
    check(Recipe(bat=TWO_BLOCKS, log=Log((LogEntry(),))))
    spoiler = LogEntry((Write("bat", 0, GARBAGE),))
    check(Recipe(bat=TWO_BLOCKS, log=Log((spoiler, LogEntry(tail="self")))))


@pytest.mark.parametrize("position", [0, SECTOR, 100 * SECTOR, MIB - SECTOR])
@pytest.mark.parametrize("tail", ["self", "run"])
def test_a_log_full_of_valid_entries_of_one_sector_ends(position: int, tail: str) -> None:
    entry = LogEntry((Zeros("metadata", 700 * KIB),), position=position, repeat=256, tail=tail)
    made = expand(Recipe(bat=TWO_BLOCKS, log=Log((entry,))))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)
        assert len(disk.image.log.entries()) == 256
        assert len(disk.image.log.active) == (256 if tail == "run" else 1)


def test_a_log_full_of_one_entry_that_wraps_is_replayed() -> None:
    sectors = MIB // SECTOR - 2 - 1
    big = Write("metadata", 64 * KIB + SECTOR, GARBAGE * (sectors - 2))
    entry = LogEntry((big, Hide("bat")), position=77 * SECTOR)
    made = expand(Recipe(bat=TWO_BLOCKS, log=Log((entry,)), regions=RegionTables(metadata_length=2 * MIB)))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)


def test_a_log_guid_without_an_entry_is_refused() -> None:
    assert refusal(Recipe(bat=TWO_BLOCKS, log=Log(is_dirty=True))).rule == "LOG-024"
    stale = LogEntry((Hide("bat"),), log_guid=make_guid("earlier"))
    assert refusal(Recipe(bat=TWO_BLOCKS, log=Log((stale,)))).rule == "LOG-024"


def test_a_head_whose_tail_points_nowhere_is_no_head() -> None:
    assert refusal(Recipe(bat=TWO_BLOCKS, log=Log((LogEntry(tail=512 * KIB),)))).rule == "LOG-024"
    entries = (
        replace(ONLY_LOGGED, tail="self"),
        LogEntry((Write("bat", 0, GARBAGE),), position=64 * KIB, tail=96 * KIB),
    )
    check(Recipe(bat=TWO_BLOCKS, log=Log(entries)))


def test_a_gap_in_the_sequence_numbers_ends_a_run() -> None:
    entries = (LogEntry((Write("bat", 0, GARBAGE),)), LogEntry((Hide("metadata"),), sequence_number=3, tail="self"))
    check(Recipe(bat=TWO_BLOCKS, log=Log(entries)))
    dangling = LogEntry((Write("bat", 0, GARBAGE),), sequence_number=3, tail=0)
    check(Recipe(bat=TWO_BLOCKS, log=Log((replace(ONLY_LOGGED, tail="self"), dangling))))


@pytest.mark.parametrize("kept", [0, MIB])
def test_a_file_cut_behind_the_back_of_its_log_is_refused(kept: int) -> None:
    recipe = Recipe(bat=TWO_BLOCKS, log=Log((LogEntry((Hide("bat"),), flushed_file_offset=6 * MIB),)))
    made = replace(recipe, file_length=5 * MIB + kept)
    if kept:
        check(made)
    else:
        assert refusal(made).rule == "LOG-025"


@pytest.mark.parametrize(
    "override",
    [
        FieldOverride("log[1]", "header.entry_length", 0),
        FieldOverride("log[1]", "header.entry_length", 4097),
        FieldOverride("log[1]", "header.entry_length", 2 * MIB),
        FieldOverride("log[1]", "header.tail", 1),
        FieldOverride("log[1]", "header.tail", MIB),
        FieldOverride("log[1]", "header.sequence_number", 0),
        FieldOverride("log[1]", "header.descriptor_count", 0xFFFFFFFF),
        FieldOverride("log[1]", "header.descriptor_count", 127),
        FieldOverride("log[1]", "header.checksum", 1, is_sealed=False),
        FieldOverride("log[1]", "descriptors[0].data.signature", b"dest"),
        FieldOverride("log[1]", "descriptors[0].data.sequence_number", 1),
        FieldOverride("log[1]", "descriptors[0].data.file_offset", 3 * MIB + 512),
        FieldOverride("log[1]", "descriptors[0].data.file_offset", 64 * KIB),
        FieldOverride("log[1]", "descriptors[0].data.file_offset", MIB),
        FieldOverride("log[1]", "descriptors[0].data.file_offset", 2**64 - 4096),
        FieldOverride("log[1]", "data_sectors[0].signature", b"daten"[:4]),
        FieldOverride("log[1]", "data_sectors[0].sequence_high", 1),
        FieldOverride("log[1]", "data_sectors[0].sequence_low", 1),
    ],
    ids=lambda override: f"{override.field}={override.value!r:.20}",
)
def test_an_entry_with_one_wrong_field_does_not_exist(override: FieldOverride) -> None:
    wrong = LogEntry((Write("bat", 0, GARBAGE),), tail="run")
    check(Recipe(bat=TWO_BLOCKS, log=Log((ONLY_LOGGED, wrong)), overrides=(override,)))


def test_payload_below_the_log_is_read_through_it() -> None:
    recipe = Recipe(bat=TWO_BLOCKS, log=Log((LogEntry((Hide("payload[2]", 128 * KIB, 40 * KIB, stale="noise"),)),)))
    made = expand(recipe)
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)
        kinds = [(piece.kind, piece.length) for piece in disk.ranges(2 * MIB, MIB)]
        assert kinds == [("data", 128 * KIB), ("log", 40 * KIB), ("data", MIB - 168 * KIB)]


def test_a_larger_log_elsewhere_in_the_file_is_found() -> None:
    log = Log((replace(ONLY_LOGGED, position=3 * MIB - SECTOR),), length=3 * MIB)
    check(Recipe(bat=TWO_BLOCKS, log=log, file_order=("bat", "metadata", "blocks", "log")))


# Names and texts


@pytest.mark.parametrize("creator", ["", "Grüße 日本 𝄞", "x" * 256])
def test_the_creator_is_any_text(creator: str) -> None:
    made = expand(replace(PLAIN, creator=creator))
    with vhdx.open(made.to_bytes()) as disk:
        assert disk.image.creator == creator
        assert_reads(disk, made.expected)


def test_a_creator_that_is_no_text_hinders_nothing() -> None:
    check(replace(PLAIN, overrides=(BytesOverride("file_identifier", 8, b"\x00\xd8" * 256),)))


def test_another_signature_is_no_vhdx() -> None:
    error = refusal(replace(PLAIN, overrides=(BytesOverride("file", 0, b"VHDXFILE"),)))
    assert (error.rule, type(error)) == ("FTI-001", vhdx.FormatError)


def test_guids_are_compared_as_stored() -> None:
    made = expand(replace(PLAIN, geometry=Geometry(virtual_disk_id="00112233-4455-6677-8899-aabbccddeeff")))
    assert guid_bytes("00112233-4455-6677-8899-aabbccddeeff") in made.to_bytes()
    assert bytes.fromhex("33221100 5544 7766 8899 aabbccddeeff") in made.to_bytes()
