"""Hostile files: only VhdxError escapes, and time and memory follow the bytes that are really there."""

from __future__ import annotations

import random
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from crc32c import crc32c

import vhdx_runtime as vhdx
from tests.support.measured import Cost, costs
from tests.support.mutators import Mutant, Target, applied, mutant, targets
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
    Recipe,
    RegionTables,
    Zeros,
    expand,
    locator_for,
    make_guid,
    standard_items,
)

KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
SECTOR = 4096
LOG = 16 * MIB


def assert_cheap(cost: Cost, *, mib: int = 50, seconds: float = 1.0) -> None:
    assert cost.mib < mib, cost
    assert cost.seconds < seconds, cost


# Small files that claim much


HUGE = Geometry(virtual_disk_size=64 * TIB)
PART = Bat((Block(0, fills=(Fill(0, 4096),)),))
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
        {"HDR-011"},
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


@pytest.mark.parametrize("name", CLAIMS)
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


@pytest.mark.parametrize("fill", [b"a", b"\0", b"\xd8"])
def test_a_locator_of_65535_pairs_over_the_same_bytes_costs_little(fill: bytes, tmp_path: Path) -> None:
    item = Item("parent_locator", locator_item(65535, fill), is_required=True)
    others = tuple(one for one in standard_items(Geometry("differencing")) if one.item_id != "parent_locator")
    regions = RegionTables(metadata_length=2 * MIB)
    recipe = Recipe(geometry=Geometry("differencing"), metadata=Metadata(items=(*others, item)), regions=regions)
    for cost in costs(expand(recipe).write(tmp_path)).values():
        assert_cheap(cost)


# A log of 16 MiB


GUID = bytes(range(1, 17))
TARGET = 40 * MIB


def entry(log: bytearray, at: int, sequence: int, tail: int, zeros: int, data: int = 0, *, spread: int = 1) -> int:
    """Write a valid entry into a log; returns its length. Built from plain struct formats."""
    count = zeros + data
    area = -(-(64 + 32 * count) // SECTOR) * SECTOR
    length = area + SECTOR * data
    head = struct.pack("<4sIIIQII16sQQ", b"loge", 0, length, tail, sequence, count, 0, GUID, 0, TARGET)
    places = [TARGET + SECTOR * (number * spread % 60_000) for number in range(count)]
    descriptors = [struct.pack("<4sIQQQ", b"zero", 0, SECTOR * 3, place, sequence) for place in places[:zeros]]
    descriptors += [
        struct.pack("<4s4s8sQQ", b"desc", b"tail", b"leading!", place, sequence) for place in places[zeros:]
    ]
    sector = struct.pack("<4sI", b"data", sequence >> 32) + b"\x5a" * 4084 + struct.pack("<I", sequence & 0xFFFFFFFF)
    raw = bytearray((head + b"".join(descriptors)).ljust(area, b"\0") + sector * data)
    struct.pack_into("<I", raw, 4, crc32c(raw))
    log[at : at + length] = raw
    return length


def one_entry_of_zero_descriptors() -> bytearray:
    log = bytearray(LOG)
    entry(log, 0, 1, 0, (LOG - 64) // 32)
    return log


def one_entry_of_zero_descriptors_far_apart() -> bytearray:
    log = bytearray(LOG)
    entry(log, 0, 1, 0, (LOG - 64) // 32, spread=7)
    return log


def one_entry_of_data_descriptors() -> bytearray:
    log = bytearray(LOG)
    entry(log, 0, 1, 0, 0, 4063)
    return log


def an_entry_of_zero_descriptors_in_every_sector() -> bytearray:
    log = bytearray(LOG)
    for number in range(LOG // SECTOR):
        entry(log, number * SECTOR, number + 1, 0, 126, spread=13)
    return log


def an_entry_of_one_data_sector_in_every_second_sector() -> bytearray:
    log = bytearray(LOG)
    for number in range(LOG // SECTOR // 2):
        entry(log, 2 * number * SECTOR, number + 1, 0, 0, 1)
    return log


def an_entry_in_every_sector_and_no_two_in_a_row() -> bytearray:
    log = bytearray(LOG)
    for number in range(LOG // SECTOR):
        entry(log, number * SECTOR, 10**6 - 2 * number, number * SECTOR, 1)
    return log


def overlapping(length: int, count: int, kind: bytes) -> bytearray:
    """In every sector the start of an entry that would reach over its neighbours."""
    log = bytearray(LOG)
    for number in range(LOG // SECTOR):
        head = struct.pack("<4sIIIQII16sQQ", b"loge", 1, length, 0, number + 1, count, 0, GUID, 0, 0)
        tails = (SECTOR, TARGET, number + 1) if kind == b"zero" else (0, TARGET, number + 1)
        descriptor = struct.pack("<4sI3Q", kind, 0, *tails)
        log[number * SECTOR : (number + 1) * SECTOR] = (head + descriptor * 126)[:SECTOR]
    return log


def entries_that_claim_the_whole_log() -> bytearray:
    return overlapping(LOG, (LOG - 64) // 32, b"zero")


def entries_of_data_that_claim_the_whole_log() -> bytearray:
    return overlapping(LOG, 4063, b"desc")


def entries_that_reach_over_126_others() -> bytearray:
    return overlapping(127 * SECTOR, 126, b"desc")


def entries_that_reach_over_126_data_sectors_and_are_cut() -> bytearray:
    """Everything is right but the checksum, over and over."""
    log = bytearray(LOG)
    at, sequence = 0, 1
    while at + 127 * SECTOR <= LOG:
        at += entry(log, at, sequence, 0, 0, 126)
        log[at - 100] ^= 1
        sequence += 1
    return log


def nested_descriptors() -> bytearray:
    """One sector in two starts an entry whose descriptors go on through all that follow."""
    log = overlapping(LOG, (LOG - 64) // 32, b"zero")
    descriptor = struct.pack("<4sI3Q", b"zero", 0, SECTOR, TARGET, 1)
    for number in range(LOG // SECTOR):
        if number % 64:
            log[number * SECTOR : (number + 1) * SECTOR] = descriptor * 128
        else:
            struct.pack_into("<Q", log, number * SECTOR + 16, 1)
            log[number * SECTOR + 64 : (number + 1) * SECTOR] = descriptor * 126
    return log


LOGS: list[tuple[Callable[[], bytearray], set[str]]] = [
    (one_entry_of_zero_descriptors, {"opened"}),
    (one_entry_of_zero_descriptors_far_apart, {"opened"}),
    (one_entry_of_data_descriptors, {"opened"}),
    (an_entry_of_zero_descriptors_in_every_sector, {"opened"}),
    (an_entry_of_one_data_sector_in_every_second_sector, {"opened"}),
    (an_entry_in_every_sector_and_no_two_in_a_row, {"opened"}),
    (entries_that_claim_the_whole_log, {"LOG-024"}),
    (entries_of_data_that_claim_the_whole_log, {"LOG-024"}),
    (entries_that_reach_over_126_others, {"LOG-024"}),
    (entries_that_reach_over_126_data_sectors_and_are_cut, {"LOG-024"}),
    (nested_descriptors, {"LOG-024", "LOG-031"}),
]


@pytest.mark.parametrize(("make", "outcomes"), LOGS, ids=[make.__name__ for make, _ in LOGS])
def test_a_log_of_16_mib_costs_little(make: Callable[[], bytearray], outcomes: set[str], tmp_path: Path) -> None:
    guid = "04030201-0605-0807-090a-0b0c0d0e0f10"
    recipe = Recipe(bat=PART, log=Log(length=LOG, guid=guid, is_dirty=True), file_length=40 * MIB)
    recipe = replace(recipe, overrides=(BytesOverride("file", MIB, bytes(make())),))
    found = costs(expand(recipe).write(tmp_path))
    assert_cheap(found["open"], mib=256, seconds=2.0)
    assert_cheap(found["load"], mib=256, seconds=4.0)  # scans twice: to replay, and to list
    assert {cost.outcome for cost in found.values()} <= outcomes


# Mutants


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
PARENT = expand(Recipe("base", bat=PART)).to_bytes()
BATCHES, BATCH = 10, 500


def specimens() -> list[tuple[str, bytearray, list[Target]]]:
    made: dict[str, Expanded] = {name: expand(recipe) for name, recipe in SPECIMENS.items()}
    return [(name, bytearray(one.to_bytes()), targets(one)) for name, one in made.items()]


def options(seed: int) -> dict[str, Any]:
    """Mostly the defaults; each rescue now and then."""
    at = random.Random(f"options {seed}")
    chosen: dict[str, Any] = {"salvage": at.random() < 0.3}
    if at.random() < 0.3:
        chosen["without_parent"] = True
    else:
        chosen["parents"] = [PARENT]
    if at.random() < 0.1:
        chosen["log"] = "ignore"
    if at.random() < 0.1:
        chosen["header"] = at.choice((1, 2))
    return chosen


def attempt(raw: memoryview, seed: int) -> str:
    """Open and use a mutant; says how it ended."""
    at = random.Random(f"reads {seed}")
    chosen = options(seed)
    outcome = "read"
    with vhdx.open(raw, **chosen) as disk:
        for _ in range(4):
            offset, length = at.choice((0, MIB - 100, at.randrange(disk.size + 1), disk.size)), at.randrange(70_000)
            try:
                found = disk.read_at(offset, length)
            except vhdx.IntegrityError:
                outcome = "lost a block"
            else:
                assert len(found) == max(0, min(length, disk.size - offset))
        list(islice(disk.ranges(0, min(disk.size, 8 * MIB)), 500))
    return outcome


@pytest.mark.parametrize("batch", range(BATCHES))
def test_only_vhdx_errors_escape_from_mutants(batch: int) -> None:
    outcomes: Counter[str] = Counter()
    zoo = specimens()
    intact = [bytes(raw) for _, raw, _ in zoo]
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        name, raw, places = zoo[seed % len(zoo)]
        damage = mutant(seed, raw, places)
        outcomes[judged(name, raw, damage, seed)] += 1
    assert [bytes(raw) for _, raw, _ in zoo] == intact, "the mutator cleans up"
    assert outcomes["read"] > BATCH // 10, outcomes
    assert outcomes["refused"] > BATCH // 10, outcomes


def judged(name: str, raw: bytearray, damage: Mutant, seed: int) -> str:
    start = time.process_time()
    with applied(raw, damage) as damaged:
        try:
            outcome = attempt(damaged, seed)
        except vhdx.VhdxError:
            outcome = "refused"
        except BaseException as error:
            error.add_note(f"seed {seed}, a mutant of {name}: {damage.words}; options {sorted(options(seed))}")
            raise
    assert time.process_time() - start < 2, f"seed {seed}, a mutant of {name}, took too long: {damage.words}"
    return outcome


@pytest.mark.parametrize(
    "length", [0, 1, 7, 8, 519, 65535, 65536, 69632, 135168, 196608, 262144, 327680, MIB - 1, MIB, 2 * MIB]
)
def test_a_file_that_ends_anywhere_is_refused_and_can_be_loaded(length: int, tmp_path: Path) -> None:
    raw = expand(SPECIMENS["dirty"]).to_bytes()[:length]
    with pytest.raises(vhdx.VhdxError) as caught:
        vhdx.open(raw)
    assert caught.value.rule
    path = tmp_path / "cut.vhdx"
    path.write_bytes(raw)
    with pytest.raises(vhdx.VhdxError):
        vhdx.open(path)


def test_random_bytes_are_refused() -> None:
    at = random.Random(0)
    for length in (1, 512, 70_000, 400_000, 2 * MIB):
        with pytest.raises(vhdx.FormatError):
            vhdx.open(at.randbytes(length))


@pytest.mark.parametrize(
    ("call", "arguments"),
    [("read_at", (-1, 5)), ("read_at", (0, -5)), ("readinto_at", (-1, bytearray(5))), ("ranges", (-1, 5))],
)
def test_a_callers_misuse_is_a_value_error(call: str, arguments: tuple[Any, ...]) -> None:
    with vhdx.open(PARENT) as disk, pytest.raises(ValueError, match="negative"):
        list(getattr(disk, call)(*arguments))
    with pytest.raises(ValueError, match="closed"):
        disk.read_at(0, 5)
    for wrong in ({"log": "yes"}, {"header": 3}):
        with pytest.raises(ValueError):
            vhdx.open(PARENT, **wrong)  # type: ignore[arg-type]
