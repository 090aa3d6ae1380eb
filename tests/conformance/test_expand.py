"""The expander: what a recipe says is what the file holds, to the byte, and the model is the obvious one."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from crc32c import crc32c

from vhdx_runtime.conformance import (
    NIL_GUID,
    Bat,
    Bitmap,
    Block,
    BytesOverride,
    Expanded,
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
    RecipeError,
    RegionTables,
    Write,
    Zeros,
    expand,
    expand_chain,
    make_guid,
    standard_items,
)
from vhdx_runtime.conformance.build import sparse
from vhdx_runtime.conformance.build.pattern import pattern

KIB, MIB = 1 << 10, 1 << 20
SMALL = Recipe(bat=Bat((Block(0), Block(2, fills=(Fill(100, 5000),)))))
DIFFERENCING = Geometry("differencing", 4 * MIB)


def checksum_holds(raw: bytes) -> bool:
    return struct.unpack_from("<I", raw, 4)[0] == crc32c(raw[:4] + bytes(4) + raw[8:])


def header(made: Expanded, number: int) -> bytes:
    return made.to_bytes()[number * 64 * KIB :][: 4 * KIB]


def bat(made: Expanded, index: int, count: int = 1) -> tuple[int, ...]:
    start = made.plan.extents["bat"][0] + 8 * index
    return struct.unpack_from(f"<{count}Q", made.to_bytes(), start)


def log_sectors(made: Expanded) -> bytes:
    start, length = made.plan.extents["log"]
    return made.to_bytes()[start : start + length]


def test_the_same_recipe_gives_the_same_bytes() -> None:
    assert expand(SMALL).extents == expand(replace(SMALL)).extents
    assert expand(SMALL).extents != expand(replace(SMALL, name="other")).extents


def test_a_default_recipe_is_a_healthy_file() -> None:
    raw = expand(SMALL).to_bytes()
    assert raw[:8] == b"vhdxfile"
    assert raw[64 * KIB :][:4] == raw[128 * KIB :][:4] == b"head"
    assert checksum_holds(raw[64 * KIB :][: 4 * KIB])
    assert checksum_holds(raw[128 * KIB :][: 4 * KIB])
    assert raw[192 * KIB :][: 64 * KIB] == raw[256 * KIB :][: 64 * KIB]
    assert checksum_holds(raw[192 * KIB :][: 64 * KIB])
    count = struct.unpack_from("<I", raw, 192 * KIB + 8)[0]
    regions = [struct.unpack_from("<16sQII", raw, 192 * KIB + 16 + 32 * i) for i in range(count)]
    assert {UUID(bytes_le=guid): (offset, length, flags) for guid, offset, length, flags in regions} == {
        UUID("2DC27766-F623-4200-9D64-115E9BFD4A08"): (3 * MIB, MIB, 1),
        UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E"): (2 * MIB, MIB, 1),
    }
    assert len(raw) == 6 * MIB


def test_metadata_items_are_what_the_geometry_says() -> None:
    made = expand(replace(SMALL, geometry=Geometry("fixed", 6 * MIB, 2 * MIB, 4096, 512)))
    region = made.to_bytes()[2 * MIB : 3 * MIB]
    assert struct.unpack_from("<8sHH", region) == (b"metadata", 0, 5)
    found = {}
    for index in range(5):
        guid, offset, length, flags = struct.unpack_from("<16sIII", region, 32 + 32 * index)
        found[str(UUID(bytes_le=guid))[:8]] = (region[offset : offset + length], flags)
    assert found["caa16737"] == (struct.pack("<II", 2 * MIB, 1), 4)
    assert found["2fa54224"] == (struct.pack("<Q", 6 * MIB), 6)
    assert found["8141bf1d"] == (struct.pack("<I", 4096), 6)
    assert found["cda348c7"] == (struct.pack("<I", 512), 6)
    assert len(found["beca12ab"][0]) == 16


def test_bat_entries_are_interleaved_with_bitmap_entries() -> None:
    geometry = Geometry("differencing", 6 << 30, 256 * MIB)  # chunk ratio 16
    part = (Fill(0, 512),)
    blocks = (Block(15, fills=part), Block(16, 7, fills=part, sectors=((0, 1),)), Block(23, fills=part))
    made = expand(Recipe(geometry=geometry, bat=Bat(blocks), parent=None), expand(Recipe("base")))
    start = made.plan.extents["bat"][0]
    head = next(data for offset, data in made.extents if offset == start)
    assert made.plan.entry_count == 34
    words = struct.unpack_from("<34Q", head)
    assert {index: word & 7 for index, word in enumerate(words) if word} == {15: 6, 17: 7, 24: 6, 33: 6}


@pytest.mark.parametrize("damage", ["zeroed", "torn", "bad_checksum"])
def test_a_damaged_header_has_no_right_checksum(damage: str) -> None:
    made = expand(replace(SMALL, headers=(HeaderCopy(5), HeaderCopy(9, damage=damage))))  # type: ignore[arg-type]
    assert checksum_holds(header(made, 1))
    assert not checksum_holds(header(made, 2))
    assert (header(made, 2)[:4] == b"head") is (damage != "zeroed")


def test_a_field_can_change_before_or_after_the_checksum() -> None:
    for is_sealed in (True, False):
        override = FieldOverride("header_2", "version", 7, is_sealed)
        raw = header(expand(replace(SMALL, overrides=(override,))), 2)
        assert struct.unpack_from("<H", raw, 66)[0] == 7
        assert checksum_holds(raw) is is_sealed


def test_fields_are_found_by_path() -> None:
    overrides = (
        FieldOverride("region_table_2", "entries[1].required", 0),
        FieldOverride("region_table_2", "entries[1].reserved", 5),
        FieldOverride("bat[3]", "file_offset_mb_low", 77),
        FieldOverride("bat[1]", "reserved", 1),
        FieldOverride("file_parameters", "reserved", 1),
        FieldOverride("log[0]", "header.log_guid", NIL_GUID),
        FieldOverride("log[0]", "descriptors[1].zero.zero_length", 1 << 62),
        FieldOverride("log[0]", "data_sectors[0].sequence_low", 9),
        BytesOverride("metadata_table", 40, b"\xff"),
        BytesOverride("file", 5 * MIB, b"last"),
    )
    log = Log((LogEntry((Write("metadata", 500 * KIB, b"abc"), Zeros("metadata", 600 * KIB))),))
    made = expand(replace(SMALL, log=log, overrides=overrides))
    raw = made.to_bytes()
    assert struct.unpack_from("<I", raw, 256 * KIB + 16 + 32 + 28)[0] == 5 << 1
    assert bat(made, 3)[0] == 77 << 20
    assert bat(made, 1)[0] == 8
    assert struct.unpack_from("<II", raw, 2 * MIB + 64 * KIB) == (MIB, 4)
    entry = log_sectors(made)[:8192]
    assert entry[32:48] == bytes(16)
    assert struct.unpack_from("<Q", entry, 64 + 32 + 8)[0] == 1 << 62
    assert entry[4096:4100] == b"data"
    assert struct.unpack_from("<I", entry, 8188)[0] == 9
    assert checksum_holds(entry)
    assert raw[2 * MIB + 40] == 0xFF
    assert raw[5 * MIB : 5 * MIB + 4] == b"last"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        (FieldOverride("header_3", "version", 1), "header_3"),
        (FieldOverride("header_1", "versio", 1), "versio"),
        (FieldOverride("header_1", "version", 1 << 16), "version"),
        (FieldOverride("bat[0]", "state", 8), "3 bits"),
        (FieldOverride("region_table_1", "header", 1), "structure"),
        (FieldOverride("log[0]", "header.tail", 1), "log"),
        (BytesOverride("header_1", 4090, b"1234567"), "4096"),
    ],
)
def test_a_wrong_override_is_named(override: FieldOverride | BytesOverride, words: str) -> None:
    with pytest.raises(RecipeError, match=words.replace("[", r"\[")):
        expand(replace(SMALL, overrides=(override,)))


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (replace(SMALL, bat=Bat((Block(1), Block(1)))), "block 1"),
        (replace(SMALL, bat=Bat((Block(4),))), "block 4"),
        (replace(SMALL, file_order=("log", "blob")), "blob"),
        (replace(SMALL, geometry=DIFFERENCING), "parent"),
        (replace(SMALL, log=Log((LogEntry(tail="nobody"),))), "nobody"),
        (replace(SMALL, log=Log((LogEntry((Write("metadata", 0, bytes(MIB)),)),))), "fit"),
        (replace(SMALL, log=Log((LogEntry((Zeros("bitmap[0]"),)),))), "bitmap"),
        (replace(SMALL, metadata=Metadata(extra=(Item(make_guid("u")),))), "content"),
        (replace(SMALL, geometry=Geometry(virtual_disk_size=0)), "positive"),
    ],
)
def test_a_recipe_that_cannot_be_built_is_refused(recipe: Recipe, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        expand(recipe)


def test_metadata_can_miss_repeat_and_move_items() -> None:
    items = standard_items(SMALL.geometry)
    metadata = Metadata(items=(items[1], items[0], items[0]), data_order=(2, 1), gap=3)
    region = expand(replace(SMALL, metadata=metadata)).to_bytes()[2 * MIB : 3 * MIB]
    offsets = [struct.unpack_from("<I", region, 32 + 32 * index + 16)[0] for index in range(3)]
    assert struct.unpack_from("<H", region, 10)[0] == 3
    assert offsets == [65536 + 22, 65536 + 11, 65536]


def test_an_empty_item_has_offset_zero() -> None:
    region = expand(replace(SMALL, metadata=Metadata(extra=(Item(make_guid("u"), b""),)))).to_bytes()[2 * MIB :]
    assert struct.unpack_from("<II", region, 32 + 5 * 32 + 16) == (0, 0)


def test_log_entries_follow_each_other_and_wrap() -> None:
    entries = (
        LogEntry(position=MIB - 8192, sequence_number=41, label="first"),
        LogEntry((Write("metadata", 512 * KIB, b"1" * 4096),)),
        LogEntry(repeat=3, tail="first"),
        LogEntry(tail="self"),
    )
    ring = log_sectors(expand(replace(SMALL, log=Log(entries))))
    heads = {}
    for position in range(0, MIB, 4096):
        raw = (ring + ring)[position : position + 8192]
        if raw[:4] == b"loge":
            _, _, length, tail, number, descriptors = struct.unpack_from("<4sIIIQI", raw)
            assert checksum_holds(raw[:length])
            heads[position] = (number, length, tail, descriptors)
    first = MIB - 8192
    assert heads == {
        first: (41, 4096, first, 0),
        first + 4096: (42, 8192, first, 1),
        4096: (43, 4096, first, 0),
        8192: (44, 4096, first, 0),
        12288: (45, 4096, first, 0),
        16384: (46, 4096, 16384, 0),
    }


def test_what_is_hidden_stands_in_the_log_alone() -> None:
    clean = expand(SMALL)
    log = Log((LogEntry((Hide("bat"), Hide("region_table_1")), split=1),))
    made = expand(replace(SMALL, log=log))
    assert bat(made, 0, 4) == (0, 0, 0, 0)
    assert made.to_bytes()[192 * KIB : 256 * KIB] == bytes(64 * KIB)
    ring = log_sectors(made)
    assert [ring[at : at + 4] for at in (0, 8192, 16384)] == [b"loge", b"loge", bytes(4)]
    descriptor = struct.unpack_from("<4s4s8sQQ", ring, 64)
    home = clean.to_bytes()[3 * MIB :][:4096]
    assert descriptor == (b"desc", home[4092:], home[:8], 3 * MIB, 1)
    assert ring[4096 + 8 : 8192 - 4] == home[8:4092]


def test_a_torn_sector_keeps_what_was_there() -> None:
    entries = (LogEntry((Write("metadata", 512 * KIB, b"1" * 12288),), position=0, torn=(2,)),)
    ring = log_sectors(expand(replace(SMALL, log=Log(entries))))
    assert [ring[at : at + 4] for at in range(0, 16384, 4096)] == [b"loge", b"data", bytes(4), b"data"]


def test_bitmap_bits_are_least_significant_first() -> None:
    blocks = (Block(0, 7, sectors=((0, 1), (9, 2))), Block(2, 7, sectors=((5, 30),)))
    bitmaps = (Bitmap(0, sectors=((3, 1),)),)
    made = expand(Recipe(geometry=DIFFERENCING, bat=Bat(blocks, bitmaps)), expand(Recipe("base")))
    bits = made.to_bytes()[made.plan.bitmap[0] :][:MIB]
    found = [index for index in range(MIB * 8) if bits[index // 8] >> index % 8 & 1]
    assert found == [0, 3, 9, 10, *range(2 * 2048 + 5, 2 * 2048 + 35)]


def test_no_two_sectors_of_a_chain_are_alike() -> None:
    blocks = tuple(Block(number) for number in range(4))
    chain = expand_chain([Recipe("base", bat=Bat(blocks)), Recipe("top", geometry=DIFFERENCING, bat=Bat(blocks))])
    seen = [made.expected.read(at, 512) for made in chain for at in range(0, 4 * MIB, 512)]
    assert len(set(seen)) == 2 * 8192


@pytest.mark.slow
@pytest.mark.parametrize("block_size", [MIB, 32 * MIB])
def test_even_a_short_piece_of_another_block_is_different(block_size: int) -> None:
    at = random.Random(5)
    for _ in range(50):
        start = at.randrange(block_size - 16)
        pieces = {pattern(7, number, number * block_size + start, 16) for number in range(300)}
        assert len(pieces) == 300, start


def test_the_model_of_a_chain_is_the_layers_one_over_another() -> None:
    base = Recipe("base", geometry=Geometry(virtual_disk_size=3 * MIB), bat=Bat((Block(0), Block(2))))
    runs = ((1, 3), (100, 1), (2047, 1))
    blocks = (Block(0, 7, sectors=runs), Block(1), Block(2, state=2), Block(3, fills=(Fill(7, 9, b"ab"),)))
    lower, upper = expand_chain([base, Recipe("top", geometry=Geometry("differencing", 5 * MIB), bat=Bat(blocks))])
    below = lower.expected.read(0, 5 * MIB)
    assert len(below) == 3 * MIB
    assert below[MIB : 2 * MIB] == bytes(MIB)
    flat = bytearray(below + bytes(2 * MIB))
    own = expand(Recipe("top", geometry=Geometry(virtual_disk_size=2 * MIB), bat=Bat((Block(0), Block(1))))).expected
    for first, count in runs:
        flat[first * 512 : (first + count) * 512] = own.read(first * 512, count * 512)
    flat[MIB : 2 * MIB] = own.read(MIB, MIB)
    flat[2 * MIB : 3 * MIB] = bytes(MIB)
    flat[3 * MIB + 7 : 3 * MIB + 16] = b"ababababa"
    assert upper.expected.read(0, 9 * MIB) == bytes(flat)
    at = random.Random(1)
    for _ in range(300):
        offset, length = at.randrange(5 * MIB), at.choice((0, 1, 511, 4096, 70000))
        assert upper.expected.read(offset, length) == bytes(flat[offset : offset + length])
    for start, end in upper.expected.candidates():
        flat[start:end] = bytes(end - start)
    assert not any(flat)


def test_the_file_holds_what_the_model_says() -> None:
    made = expand(replace(SMALL, bat=Bat((Block(0), Block(1, state=3, anchored=True), Block(3)), order="scrambled")))
    raw = made.to_bytes()
    for number in (0, 3):
        place = (bat(made, number)[0] >> 20) * MIB
        assert raw[place : place + MIB] == made.expected.read(number * MIB, MIB)
    anchor = (bat(made, 1)[0] >> 20) * MIB
    assert bat(made, 1)[0] & 7 == 3
    assert any(raw[anchor : anchor + MIB])
    assert made.expected.read(MIB, MIB) == bytes(MIB)


def test_a_written_file_is_sparse_and_whole(tmp_path: Path) -> None:
    made = expand(replace(SMALL, geometry=Geometry(virtual_disk_size=64 << 30)))
    path = made.write(tmp_path)
    assert path.read_bytes() == made.to_bytes()
    assert path.stat().st_blocks * 512 <= sum(len(data) for _, data in made.extents) + 64 * KIB
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> object:
        yield 0, b"start"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        sparse.save(tmp_path / "x.vhdx", broken(), 100)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_shorter_file_is_cut(tmp_path: Path) -> None:
    made = expand(replace(SMALL, file_length=5 * MIB + 300))
    assert made.length == len(made.to_bytes()) == made.write(tmp_path).stat().st_size == 5 * MIB + 300
    assert made.to_bytes() == expand(SMALL).to_bytes()[: 5 * MIB + 300]


def test_regions_can_come_in_any_order_and_number() -> None:
    other = ExtraRegion(make_guid("other"), 2 * MIB, True, b"other's")
    tables = RegionTables(order=(other.guid, "metadata", "bat"), extra=(other,), known_required=False)
    made = expand(replace(SMALL, regions=tables, file_order=("bat", other.guid, "metadata", "log")))
    raw = made.to_bytes()
    entries = [struct.unpack_from("<16sQII", raw, 192 * KIB + 16 + 32 * index) for index in range(3)]
    assert [entry[1:] for entry in entries] == [(2 * MIB, 2 * MIB, 1), (4 * MIB, MIB, 0), (MIB, MIB, 0)]
    assert raw[2 * MIB : 2 * MIB + 7] == b"other's"


def test_a_huge_disk_costs_what_it_holds() -> None:
    blocks = tuple(Block(number << 15, fills=(Fill(0, 100),)) for number in range(1000))
    made = expand(Recipe(geometry=Geometry(virtual_disk_size=64 << 40), bat=Bat(blocks, order="scrambled")))
    assert made.plan.extents["bat"][1] == 513 * MIB
    assert made.expected.read((999 << 35) - 10, 200).count(0) < 120
    assert made.expected.sparse_digest() != made.expected.parent
