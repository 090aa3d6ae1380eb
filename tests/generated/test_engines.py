"""The parser and the builder of every structure agree with one another, and both with the layout."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import construct
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vhdx_format.builders import BUILDERS
from vhdx_format.layout import STRUCTURES, Field

from tests.generated.engines import (
    FIXED,
    UNREADABLE,
    built,
    by_construct,
    by_kaitai,
    harvest,
    kaitai,
    noise,
    parser,
    values,
)

ALL = sorted(STRUCTURES)
SHARDS = 4


def test_every_structure_has_a_parser_and_a_builder() -> None:
    assert set(BUILDERS) == set(STRUCTURES)
    assert len(ALL) >= 26
    for name in ALL:
        fields = [field.id for field in STRUCTURES[name].fields]
        assert list(parser(name).SEQ_FIELDS) == fields


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=25)
def test_what_construct_builds_kaitai_parses_to_the_same_values(name: str, data: st.DataObject) -> None:
    item = data.draw(values(name))
    raw = BUILDERS[name].build(item)
    if STRUCTURES[name].size is not None:
        assert len(raw) == STRUCTURES[name].size
    assert by_kaitai(name, raw) == item
    assert by_construct(name, raw) == item


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=25)
def test_what_construct_parses_it_builds_again(name: str, data: st.DataObject) -> None:
    raw = data.draw(built(name))
    parsed = BUILDERS[name].parse(raw)
    assert BUILDERS[name].build(parsed) == raw


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=10)
def test_both_parse_random_bytes_to_the_same_values(name: str, data: st.DataObject) -> None:
    size = STRUCTURES[name].size
    raw = data.draw(noise(size) if size is not None else st.sampled_from([12, 64, 4096, 12288]).flatmap(noise))
    found = by_kaitai(name, raw)
    assert by_construct(name, raw) == found
    assert size is None or found != UNREADABLE


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=25)
def test_both_parse_damaged_structures_to_the_same_values(name: str, data: st.DataObject) -> None:
    raw = bytearray(data.draw(built(name)))
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, 95), st.integers(0, 255)), max_size=4)):
        raw[place % len(raw)] = value
    raw = raw[: data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))]
    assert by_construct(name, bytes(raw)) == by_kaitai(name, bytes(raw))


@pytest.mark.images
@pytest.mark.parametrize("shard", range(SHARDS))
def test_both_parse_the_structures_of_real_images_to_the_same_values(real_images: Any, shard: int) -> None:
    seen: Counter[str] = Counter()
    for image_id in sorted(real_images.records)[shard::SHARDS]:
        with real_images.path(image_id).open("rb") as image:
            for name, raw in set(harvest(image)):
                seen[name] += 1
                found = by_kaitai(name, raw)
                assert by_construct(name, raw) == found, (image_id, name)
                assert found != UNREADABLE, (image_id, name)
    assert {"header", "region_table", "log_entry", "bat_entry", "metadata_table", "file_parameters"} <= set(seen)


@pytest.mark.parametrize("name", ALL)
def test_a_builder_wants_every_field(name: str) -> None:
    item = _zeros(name)
    for field in STRUCTURES[name].fields:
        if not field.condition:
            with pytest.raises((construct.ConstructError, KeyError)):
                BUILDERS[name].build({key: value for key, value in item.items() if key != field.id})


def _zeros(name: str) -> dict[str, Any]:
    found = by_kaitai(name, bytes(STRUCTURES[name].size or 12288))
    assert found != UNREADABLE
    return dict(found)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("bat_entry", "state", 8),
        ("bat_entry", "reserved", 1 << 17),
        ("bat_entry", "file_offset_mb_high", -1),
        ("file_parameters", "has_parent", 2),
        ("header", "version", 1 << 16),
        ("header", "signature", b"heads"),
        ("header", "sequence_number", 1 << 64),
    ],
)
def test_a_builder_refuses_what_a_width_cannot_hold(name: str, field: str, value: object) -> None:
    with pytest.raises(construct.ConstructError):
        BUILDERS[name].build(_zeros(name) | {field: value})


@pytest.mark.parametrize("name", ["region_table", "metadata_table"])
def test_a_list_is_written_at_its_own_length_whatever_the_count_says(name: str) -> None:
    item = _zeros(name)
    entry = _zeros(f"{name}_entry")
    item["header"]["entry_count"] = 2047
    raw = BUILDERS[name].build(item | {"entries": [entry] * 3, "unused": b"x"})
    assert len(raw) == (16 if name == "region_table" else 32) + 3 * 32 + 1


def test_a_log_entry_is_written_at_its_own_length_whatever_its_header_says() -> None:
    descriptor = {"zero": _zeros("zero_descriptor") | {"signature": b"zero"}, "data": None}
    item = {"header": _zeros("log_entry_header") | {"descriptor_count": 99}, "descriptors": [descriptor] * 2}
    raw = BUILDERS["log_entry"].build(item | {"padding": b"pad", "data_sectors": [_zeros("data_sector")]})
    assert len(raw) == 64 + 2 * 32 + 3 + 4096


def test_a_parent_locator_is_built_with_the_strings_behind_its_entries() -> None:
    header = {"locator_type": {"raw": bytes(16)}, "reserved": 0, "key_value_count": 1}
    entry = {"key_offset": 32, "value_offset": 34, "key_length": 2, "value_length": 4}
    raw = BUILDERS["parent_locator"].build({"header": header, "entries": [entry], "strings": b"k\0v\0w\0"})
    parsed = kaitai("parent_locator", raw)
    assert (parsed.entries[0].key, parsed.entries[0].value) == (b"k\0", b"v\0w\0")
    assert BUILDERS["parent_locator"].parse(raw).strings == b"k\0v\0w\0"
    assert len(BUILDERS["parent_locator"].build({"header": header, "entries": [entry], "strings": b""})) == 32


@pytest.mark.parametrize("name", FIXED)
def test_kaitai_reads_each_field_where_the_layout_says(name: str) -> None:
    parsed = kaitai(name, bytes(STRUCTURES[name].size or 0))
    for field in STRUCTURES[name].fields:
        if field.type != "bits":
            place = parsed._debug[field.id]
            assert (place["start"], place["end"] - place["start"]) == (field.offset, field.size), field.id


@pytest.mark.parametrize("name", FIXED)
def test_flipping_a_bit_changes_exactly_the_field_that_the_layout_has_there(name: str) -> None:
    structure = STRUCTURES[name]
    assert structure.size is not None
    generator = random.Random(name)
    raw = generator.randbytes(structure.size)
    before = by_kaitai(name, raw)
    for bit in _bits_to_try(structure.size * 8, list(structure.fields), generator):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        after = by_kaitai(name, bytes(flipped))
        changed = {field for field, value in after.items() if value != before[field]}
        assert changed == {field.id for field in structure.fields if _covers(field, bit)}, bit


def _bits_to_try(total: int, fields: list[Field], generator: random.Random) -> list[int]:
    """All bits of a small structure; of a large one the edges of its fields and a few in between."""
    if total <= 1024:
        return list(range(total))
    edges = {
        edge
        for field in fields
        for edge in ((field.offset or 0) * 8, ((field.offset or 0) + (field.size or 0)) * 8 - 1)
    }
    return sorted(edges | {generator.randrange(total) for _ in range(50)})


def _covers(field: Field, bit: int) -> bool:
    assert field.offset is not None
    assert field.size is not None
    start = field.offset * 8 + field.bit_offset
    return start <= bit < start + (field.bits or field.size * 8)


@pytest.mark.parametrize("name", [name for name in ALL if name not in FIXED and name != "log_descriptor"])
@given(data=st.data())
@settings(max_examples=10)
def test_structures_inside_structures_lie_where_the_layout_says(name: str, data: st.DataObject) -> None:
    raw = data.draw(built(name))
    parsed = kaitai(name, raw)
    for field in STRUCTURES[name].fields:
        size = STRUCTURES[field.type].size if field.type in STRUCTURES else None
        if size is None:
            continue
        items = getattr(parsed, field.id) if field.repeat else [getattr(parsed, field.id)]
        places = parsed._debug[field.id]["arr"] if field.repeat else [parsed._debug[field.id]]
        assert field.offset is None or parsed._debug[field.id]["start"] == field.offset
        for item, place in zip(items, places, strict=True):
            assert place["end"] - place["start"] == size
            if field.type != "log_descriptor":
                alone = by_kaitai(field.type, raw[place["start"] : place["end"]])
                assert {key: getattr(item, key) for key, value in alone.items() if not isinstance(value, dict)} == {
                    key: value for key, value in alone.items() if not isinstance(value, dict)
                }
