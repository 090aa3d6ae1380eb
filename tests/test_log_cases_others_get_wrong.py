"""Logs that readers are known to get wrong: wraps, tails, stale and torn entries; each against the flat model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support.reading import assert_reads, check
from tests.support.refused import DIRTY, GARBAGE, GIB, KIB, MIB, ONLY_LOGGED, SECTOR, TWO_BLOCKS, refusal
from vhdx_runtime.conformance import (
    Bat,
    Block,
    FieldOverride,
    Fill,
    Geometry,
    Hide,
    Log,
    LogEntry,
    Recipe,
    RegionTables,
    Write,
    Zeros,
    expand,
    make_guid,
)


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
