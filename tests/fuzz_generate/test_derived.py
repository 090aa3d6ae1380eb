"""What the corpus holds because declarations call for it, whether or not a reader is known for it; told by bytes.

Numbers are written out here.
"""

from __future__ import annotations

import struct
from collections import Counter
from itertools import pairwise

import pytest

from tests.fuzz_generate.raw import BAT, KIB, METADATA, MIB, SECTOR, Raw
from vhdx_runtime.fuzz.corpus.corpus import Made

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fuzz-corpus")]

DYNAMIC_ENDS = (0, 64, 68, 128, 132, 192, 256, 320, 1024, 2048, 2112, 3072, 4096, 5120)  # KiB: structures of "dynamic"
ITEMS = {  # as bytes of the GUID: what every file has, and what a child has
    "file parameters": "3767a1ca36fa434db3b633f0aa44e76b",
    "virtual disk size": "2442a52f1bcd7648b2115dbed83bf4b8",
    "virtual disk id": "ab12cabee6b2234593efc309e000c746",
    "logical sector size": "1dbf41816fa90947ba47f233a8faab5f",
    "physical sector size": "c748a3cd5d4471449cc9e98852 51c556".replace(" ", ""),
    "parent locator": "2d5fd3a80bb34d45abf7d3d84834ab0c",
}
STATES = (0, 1, 2, 3, 6)
FULL, PARTIAL = 6, 7


@pytest.mark.parametrize("guid", [BAT, METADATA])
def test_each_region_is_listed_twice_somewhere(labelled: list[Raw], guid: bytes) -> None:
    assert [raw for raw in labelled if Counter(one.guid for one in raw.regions)[guid] == 2]


@pytest.mark.parametrize("name", ITEMS)
def test_each_item_is_listed_twice_somewhere(labelled: list[Raw], name: str) -> None:
    guid = bytes.fromhex(ITEMS[name])
    assert [raw for raw in labelled if Counter(one.guid for one in raw.items)[guid] == 2]


def test_a_block_size_is_in_its_range_and_no_power_of_two(labelled: list[Raw]) -> None:
    odd = [raw for raw in labelled if MIB < raw.block_size < 256 * MIB and raw.block_size & (raw.block_size - 1)]
    assert odd
    assert all("ITM-002" not in raw.rules for raw in odd)
    assert [raw for raw in labelled if raw.block_size == 512 * MIB and "ITM-003" not in raw.rules]


def test_two_headers_of_one_number_differ_in_each_field(labelled: list[Raw]) -> None:
    differ: set[int] = set()
    for raw in labelled:
        first, second = raw.headers
        if first.is_valid and second.is_valid and first.sequence == second.sequence and first != second:
            differ |= {at for at, (a, b) in enumerate(zip(first, second, strict=True)) if a != b}
    assert differ >= {2, 3, 4, 5, 6, 7}  # GUIDs, version of the log, its length and offset


@pytest.mark.parametrize("end", DYNAMIC_ENDS)
def test_a_file_ends_where_each_structure_starts_or_ends(whole: list[Made], end: int) -> None:
    assert [one for one in whole if one.image.length == end * KIB]


def test_files_end_in_each_structure(whole: list[Made]) -> None:
    lengths = sorted({one.image.length for one in whole if one.entry.base == "dynamic"})
    for start, end in pairwise(DYNAMIC_ENDS):
        assert any(start * KIB < length < end * KIB for length in lengths), start


def test_more_is_counted_than_fits(labelled: list[Raw]) -> None:
    counts = {int.from_bytes(raw.item(bytes.fromhex(ITEMS["parent locator"]), 20)[18:20], "little") for raw in labelled}
    assert any(2 < count < 1000 for count in counts)
    assert [raw for raw in labelled if any(one.offset + one.length == MIB + 1 for one in raw.items)]
    assert [raw for raw in labelled if any(one.end == raw.length + 1 for one in raw.regions)]
    assert [raw for raw in labelled if any(at == raw.length and state == FULL for state, at in raw.bitmaps.values())]
    assert [raw for raw in labelled if any(one.last_file_offset > 1 << 60 for one in raw.live)]


def test_every_key_and_value_of_a_locator_is_no_text_somewhere(whole: list[Made]) -> None:
    locator = [one for one in whole if one.entry.base == "child-full" and "PLC-010" in one.entry.broken]
    raws = [Raw(one).item(bytes.fromhex(ITEMS["parent locator"]), 4 * KIB) for one in locator]
    odd: set[tuple[int, int]] = set()
    for raw in raws:
        for index in range(5):
            lengths = struct.unpack_from("<HH", raw, 28 + 12 * index)
            odd |= {(index, part) for part in (0, 1) if lengths[part] % 2}
    assert odd >= {(index, part) for index in (0, 1, 3, 4) for part in (0, 1)}  # 2 leads to the parent


def test_a_child_of_4_kib_sectors_has_a_bitmap(labelled: list[Raw]) -> None:
    wide = [raw for raw in labelled if raw.has_parent and raw.ratio * raw.block_size == 1 << 35]
    assert [raw for raw in wide if not raw.rules and any(state == FULL for state, _ in raw.bitmaps.values())]


def test_logs_are_full_and_end_with_their_area(labelled: list[Raw]) -> None:
    assert [raw for raw in labelled if any(one.length == MIB == raw.headers[0].log_length for one in raw.live)]
    assert [raw for raw in labelled if any(one.position + one.length == MIB and one.position for one in raw.live)]
    assert [raw for raw in labelled if {0, MIB - 2 * SECTOR} <= {one.position for one in raw.live}]


@pytest.mark.parametrize("has_parent", [False, True])
def test_the_first_the_middle_and_the_last_block_have_every_state(labelled: list[Raw], has_parent: bool) -> None:
    small = [raw for raw in labelled if not raw.rules and raw.blocks == 3 and raw.has_parent == has_parent]
    seen = {tuple(raw.payload(number)[0] for number in range(3)) for raw in small}
    wanted = {(state,) * 3 for state in (*STATES, *([PARTIAL] if has_parent else []))}
    assert seen >= wanted
