"""Logs of 16 MiB that are made to cost much: every entry is looked at a bounded number of times."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from crc32c import crc32c

from tests.support.measured import assert_cheap, costs
from tests.support.sampling import sampled
from tests.support.specimens import PART
from vhdx_runtime.conformance import BytesOverride, Log, Recipe, expand

MIB = 1 << 20
SECTOR = 4096
LOG = 16 * MIB


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


@pytest.mark.parametrize(
    ("make", "outcomes"),
    sampled(LOGS, one_entry_of_data_descriptors, nested_descriptors),
    ids=[make.__name__ for make, _ in LOGS],
)
def test_a_log_of_16_mib_costs_little(make: Callable[[], bytearray], outcomes: set[str], tmp_path: Path) -> None:
    guid = "04030201-0605-0807-090a-0b0c0d0e0f10"
    recipe = Recipe(bat=PART, log=Log(length=LOG, guid=guid, is_dirty=True), file_length=40 * MIB)
    recipe = replace(recipe, overrides=(BytesOverride("file", MIB, bytes(make())),))
    found = costs(expand(recipe).write(tmp_path))
    assert_cheap(found["open"], mib=256, seconds=2.0)
    assert_cheap(found["load"], mib=256, seconds=4.0)  # scans twice: to replay, and to list
    assert {cost.outcome for cost in found.values()} <= outcomes
