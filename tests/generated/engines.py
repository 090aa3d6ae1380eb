"""The two generated engines behind one face: both turn bytes into plain values; hypothesis makes values for both."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import construct
import kaitaistruct
from hypothesis import strategies as st
from vhdx_format.builders import BUILDERS
from vhdx_format.layout import STRUCTURES, Field

WIDTHS = {"u1": 8, "u2": 16, "u4": 32, "u8": 64}
FIXED = sorted(
    name
    for name, structure in STRUCTURES.items()
    if all(
        field.offset is not None and field.size and not field.repeat and not field.condition
        for field in structure.fields
    )
)
UNREADABLE = "unreadable"


def parser(name: str) -> Any:
    """The Kaitai class of a structure."""
    module, _, path = STRUCTURES[name].parser.partition(":")
    found: Any = import_module(f"vhdx_format.{module}")
    for part in path.split("."):
        found = getattr(found, part)
    return found


def kaitai(name: str, raw: bytes) -> Any:
    """A structure, parsed by Kaitai."""
    parsed = parser(name)(kaitaistruct.KaitaiStream(io.BytesIO(raw)))
    parsed._read()
    return parsed


def by_kaitai(name: str, raw: bytes) -> Any:
    """Plain values as Kaitai reads them, or UNREADABLE."""
    try:
        return plain(name, kaitai(name, raw), getattr)
    except (EOFError, kaitaistruct.KaitaiStructError, ValueError):
        return UNREADABLE


def by_construct(name: str, raw: bytes) -> Any:
    """Plain values as construct reads them, or UNREADABLE."""
    try:
        return plain(name, BUILDERS[name].parse(raw), lambda parsed, field, default: parsed.get(field, default))
    except construct.ConstructError:
        return UNREADABLE


def plain(name: str, parsed: Any, get: Any) -> dict[str, Any]:
    """The fields of a parsed structure as numbers, bytes, mappings and lists."""
    return {field.id: _value(field, get(parsed, field.id, None), get) for field in STRUCTURES[name].fields}


def _value(field: Field, value: Any, get: Any) -> Any:
    inner = "ms_guid" if field.type == "guid" else field.type
    if inner not in STRUCTURES or value is None:
        return value
    return [plain(inner, item, get) for item in value] if field.repeat else plain(inner, value, get)


def noise(size: int) -> st.SearchStrategy[bytes]:
    """Random bytes; cheap for hypothesis however many they are."""
    if size <= 64:
        return st.binary(min_size=size, max_size=size)
    return st.integers(0, 2**32 - 1).map(lambda seed: random.Random(seed).randbytes(size))


def values(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Values for every field of a structure. Counts fit the lists; nothing else fits anything."""
    if name == "log_descriptor":
        return st.one_of(
            values("zero_descriptor").map(lambda item: {"zero": item | {"signature": b"zero"}, "data": None}),
            values("data_descriptor").map(lambda item: {"zero": None, "data": item | {"signature": b"desc"}}),
        )
    drawn = st.fixed_dictionaries({field.id: _drawn(field) for field in STRUCTURES[name].fields})
    return drawn.map(lambda item: fitted(name, item))


def _drawn(field: Field) -> st.SearchStrategy[Any]:
    if field.repeat:
        return st.lists(values(field.type), max_size=4)
    if field.type == "guid":
        return values("ms_guid")
    if field.type in STRUCTURES:
        return values(field.type)
    if field.type == "bits":
        return st.booleans() if field.bits == 1 else st.integers(0, 2**field.bits - 1)
    if field.type in WIDTHS:
        return st.integers(0, 2 ** WIDTHS[field.type] - 1)
    return noise(field.size) if field.size is not None else st.just(b"")


def fitted(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """The same values with counts that fit the lists and fillers that fill."""
    if name in ("region_table", "metadata_table"):
        header = 16 if name == "region_table" else 32
        item["header"]["entry_count"] = len(item["entries"])
        item["unused"] = bytes(65536 - header - 32 * len(item["entries"]))
    if name == "parent_locator":
        item["header"]["key_value_count"] = len(item["entries"])
    if name == "log_entry":
        used = 64 + 32 * len(item["descriptors"])
        item["header"]["descriptor_count"] = len(item["descriptors"])
        item["header"]["entry_length"] = 4096 * (1 + len(item["data_sectors"]))
        item["padding"] = bytes(4096 - used)
    return item


def built(name: str) -> st.SearchStrategy[bytes]:
    """The bytes of a structure with random values."""
    return values(name).map(BUILDERS[name].build)


def harvest(image: Any) -> Iterator[tuple[str, bytes]]:
    """Structures out of an image file: their names and bytes. Finds its way with literals, not with generated code."""

    def read(offset: int, length: int) -> bytes:
        image.seek(offset)
        return bytes(image.read(length))

    def number(raw: bytes, offset: int, size: int) -> int:
        return int.from_bytes(raw[offset : offset + size], "little")

    yield "file_identifier", read(0, 65536)
    headers = [read(offset, 4096) for offset in (65536, 131072)]
    yield from (("header", raw) for raw in headers)
    tables = [read(offset, 65536) for offset in (196608, 262144)]
    yield from (("region_table", raw) for raw in tables)
    current = max((raw for raw in headers if raw[:4] == b"head"), key=lambda raw: number(raw, 8, 8))
    yield from _harvest_log(read(number(current, 72, 8), min(number(current, 68, 4), 1 << 20)), number)
    table = next(raw for raw in tables if raw[:4] == b"regi")
    for start in range(16, 16 + 32 * number(table, 8, 4), 32):
        yield "region_table_entry", table[start : start + 32]
        guid, offset = table[start : start + 4], number(table, start + 16, 8)
        if guid == bytes.fromhex("6677c22d"):
            entries = read(offset, 8 * 64)
            yield from (("bat_entry", entries[index : index + 8]) for index in range(0, len(entries), 8))
        if guid == bytes.fromhex("06a27c8b"):
            yield from _harvest_metadata(read(offset, 1 << 20), number)


def _harvest_log(log: bytes, number: Any) -> Iterator[tuple[str, bytes]]:
    for start in range(0, len(log), 4096):
        length = number(log, start + 8, 4)
        if log[start : start + 4] == b"loge" and start + length <= len(log):
            yield "log_entry", log[start : start + length]
            yield "log_entry_header", log[start : start + 64]
            slots = [log[place : place + 32] for place in range(start + 64, start + 4096, 32)]
            kinds = {b"zero": "zero_descriptor", b"desc": "data_descriptor"}
            yield from ((kinds[slot[:4]], slot) for slot in slots if slot[:4] in kinds)
        if log[start : start + 4] == b"data":
            yield "data_sector", log[start : start + 4096]


ITEMS = {
    "3767a1ca": "file_parameters",
    "2442a52f": "virtual_disk_size",
    "ab12cabe": "virtual_disk_id",
    "1dbf4181": "logical_sector_size",
    "c748a3cd": "physical_sector_size",
    "2d5fd3a8": "parent_locator",
}


def _harvest_metadata(region: bytes, number: Any) -> Iterator[tuple[str, bytes]]:
    yield "metadata_table", region[:65536]
    for start in range(32, 32 + 32 * number(region, 10, 2), 32):
        yield "metadata_table_entry", region[start : start + 32]
        offset, length = number(region, start + 16, 4), number(region, start + 20, 4)
        name = ITEMS.get(region[start : start + 4].hex())
        if name:
            yield name, region[offset : offset + length]
