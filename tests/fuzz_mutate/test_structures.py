"""The structures of a file are found where they lie, in whatever bytes they are looked for."""

from __future__ import annotations

import random
import struct
from collections import Counter

import pytest
from crc32c import crc32c

from tests.support.specimens import SPECIMENS
from vhdx_runtime.conformance import (
    Bat,
    Block,
    Hide,
    Log,
    LogEntry,
    Recipe,
    Zeros,
    expand,
)
from vhdx_runtime.fuzz.mutate.structures import Seal, StructureTarget, find, seals, value

KIB, MIB = 1 << 10, 1 << 20
SECTOR = 4096


def counted(places: list[StructureTarget]) -> Counter[str]:
    return Counter(place.structure for place in places)


def test_a_plain_file_has_its_structures_where_the_specification_says() -> None:
    made = expand(SPECIMENS["dynamic"])
    raw = made.to_bytes()
    places = {(place.structure, place.offset) for place in find(raw)}
    assert {("file_identifier", 0), ("header", 64 * KIB), ("header", 128 * KIB)} <= places
    assert {("region_table_header", 192 * KIB), ("region_table_entry", 256 * KIB + 16 + 32)} <= places
    metadata, bat = made.plan.extents["metadata"][0], made.plan.extents["bat"][0]
    assert {("metadata_table_entry", metadata + 32 + 32 * number) for number in range(5)} <= places
    assert {("bat_entry", bat + 8 * number) for number in (0, 2, 3)} <= places
    offset, length = struct.unpack_from("<II", raw, metadata + 32 + 16)
    assert ("file_parameters", metadata + offset) in places
    assert length == 8


def test_a_differencing_file_has_a_locator_with_its_pairs() -> None:
    raw = expand(SPECIMENS["differencing"]).to_bytes()
    found = counted(find(raw))
    assert (found["parent_locator_header"], found["parent_locator_entry"]) == (1, 5)


@pytest.mark.parametrize("position", [0, 254 * SECTOR, 255 * SECTOR])
def test_a_log_entry_is_found_with_its_parts_also_round_the_end_of_the_log(position: int) -> None:
    entries = (LogEntry((Hide("bat"), Zeros("metadata", 700 * KIB)), position=position), LogEntry((Hide("metadata"),)))
    recipe = Recipe(bat=Bat((Block(0, fills=()),)), log=Log(entries))
    raw = expand(recipe).to_bytes()
    found = find(raw)
    signatures = {
        "log_entry_header": b"loge",
        "data_descriptor": b"desc",
        "zero_descriptor": b"zero",
        "data_sector": b"data",
    }
    assert [counted(found)[kind] for kind in signatures] == [2, 3, 1, 3], "metadata: its table and its items"
    for place in found:
        if place.structure in signatures:
            assert raw[place.offset : place.offset + 4] == signatures[place.structure]
            assert place.seal is not None
            assert place.seal.structure == "log_entry"
    wraps = [seal for seal in seals(raw) if len(seal.parts) == 2]
    assert bool(wraps) == (position == 255 * SECTOR)


def test_every_checksum_of_a_healthy_file_is_right_and_stands_where_it_must() -> None:
    raw = expand(SPECIMENS["dirty"]).to_bytes()
    found = seals(raw)
    assert [seal.structure for seal in found] == ["header"] * 2 + ["region_table"] * 2 + ["log_entry"] * 2
    for seal in found:
        whole = bytearray(seal.read(raw))
        stored = struct.unpack_from("<I", whole, 4)[0]
        whole[4:8] = bytes(4)
        assert stored == crc32c(bytes(whole))
        assert seal.place == seal.offset + 4
        assert seal.is_right(raw)


def test_a_checksum_that_is_wrong_is_seen() -> None:
    raw = bytearray(expand(SPECIMENS["dirty"]).to_bytes())
    raw[128 * KIB + 100] ^= 1
    assert [seal.is_right(raw) for seal in seals(raw)] == [True, False, True, True, True, True]


def test_a_seal_meets_only_what_it_covers() -> None:
    seal = Seal("log_entry", ((2 * MIB - SECTOR, SECTOR), (MIB, SECTOR)))
    assert seal.meets(2 * MIB - 1, 1)
    assert seal.meets(MIB + SECTOR - 1, 100)
    assert not seal.meets(2 * MIB, SECTOR)
    assert not seal.meets(MIB + SECTOR, 2 * SECTOR)


def test_a_value_is_read_from_bits_from_nested_structures_and_past_the_end() -> None:
    raw = expand(SPECIMENS["dynamic"]).to_bytes()
    assert value(raw, "region_table", 192 * KIB, "header.entry_count") == 2
    assert value(raw, "region_table_entry", 192 * KIB + 16, "required") == 1
    assert value(raw, "header", 64 * KIB, "log_length") == MIB
    assert value(b"\x01\x02", "region_table_header", -8, "entry_count") == 0x0201
    assert value(b"", "header", 0, "log_length") == 0


@pytest.mark.parametrize("name", SPECIMENS)
def test_any_bytes_may_be_looked_at(name: str) -> None:
    raw = expand(SPECIMENS[name]).to_bytes()
    at = random.Random(name)
    lengths = [0, 1, 519, 65536, 69632, 70000, 262144, 327680, MIB, 3 * MIB + 7]
    for length in [*lengths, *(at.randrange(len(raw)) for _ in range(20))]:
        places = find(raw[:length])
        assert all(place.offset >= 0 and place.offset + place.size <= length for place in places)
    noise = at.randbytes(400_000)
    assert counted(find(noise))["header"] == 2


def test_a_table_that_claims_to_be_full_is_looked_at_in_part() -> None:
    raw = bytearray(expand(SPECIMENS["dynamic"]).to_bytes())
    for place in (192 * KIB, 256 * KIB):
        struct.pack_into("<I", raw, place + 8, 0xFFFFFFFF)
    assert counted(find(raw))["region_table_entry"] == 2 * 64
