"""What some reader of VHDX gets wrong, each as a test: single files here, chains in the module beside this one.

Expected bytes come from the recipe's own model. In every case the wrong way of reading gives other bytes or another
verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support.reading import SparseFile, assert_reads, check, rules
from tests.support.refused import DIRTY, GIB, KIB, KNOWN_ITEM, MIB, PLAIN, refusal
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
    Item,
    Metadata,
    Recipe,
    RegionTables,
    expand,
    guid_bytes,
    make_guid,
    standard_items,
)

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
    check(Recipe(bat=Bat((Block(0, reserved=0x1FFFF), Block(1, reserved=1), Block(2, reserved=0x10000)))))


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
