"""Writes `vhdx_packed.h` and `vhdx_fuzz.h`: packed seeds and their mutators for fuzz targets in C and C++.

The code stands in `support/`; what it knows of the format are names of `vhdx.h` and the tables made here.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from formats.compiler.literals import SUPPORT, WIDTH

MARK = "@TABLES@\n"
BITS = {"u1": 8, "u2": 16, "u4": 32, "u8": 64}
COUNT_PATH = re.compile(r"[a-z_]\w*\.[a-z_]\w*")  # the first in the expression of a repeated field is its count
NONE = "VHDX_KINDS"

Structures = dict[str, dict[str, Any]]


def emit_packed_c(data: dict[str, Any]) -> str:
    """`vhdx_packed.h`."""
    kinds = _kinds(data)
    places = [f"{{VHDX_{place['id'].upper()}_OFFSET, {_kind(place['structure'])}}}" for place in data["places"]]
    tables = _enum([*(_kind(name) for name in kinds), NONE])
    tables += f"enum {{ VHDX_PLACES = {len(places)} }};\n"
    tables += "struct vhdx_kind { uint32_t size, checksum, first, fields; }; /* checksum: where in it, 0 for none */\n"
    tables += _array("struct vhdx_kind vhdx_kinds[VHDX_KINDS]", _kind_rows(data["structures"], kinds))
    tables += "struct vhdx_place { uint64_t offset; uint32_t kind; };\n"
    tables += _array("struct vhdx_place vhdx_places[VHDX_PLACES]", places)
    return _text("vhdx_packed.h", tables)


def emit_fuzz_c(data: dict[str, Any]) -> str:
    """`vhdx_fuzz.h`."""
    structures, kinds = data["structures"], _kinds(data)
    counts = {(inner, field) for _, inner, field, _ in _counts(structures, kinds)}
    fields = [_field_row(item, (name, item["id"]) in counts) for name in kinds for item in _scalars(structures, name)]
    rows = list(_rows(structures, kinds))
    integers = sorted({item["value"] for item in _constants(data) if isinstance(item["value"], int)})
    signatures = [f"VHDX_{item['id'].upper()}" for item in _constants(data) if item["id"].endswith("_signature")]
    guids = list(data["guids"])
    tables = _enum([*(f"VHDX_GUID_{name.upper()}" for name in guids), "VHDX_GUIDS"])
    tables += _enum([f"VHDX_ROWS = {len(rows)}", f"VHDX_INTEGERS = {len(integers)}", _length(signatures)])
    tables += _enum(["VHDX_IS_COUNT = 1", "VHDX_IS_MIB = 2", "VHDX_IS_GUID = 4", "VHDX_IS_DULL = 8"])
    tables += "struct vhdx_field { uint16_t offset, size; uint8_t bit, bits, flags; }; /* bits: 0 for bytes */\n"
    tables += _array("struct vhdx_field vhdx_fields[]", fields)
    tables += "struct vhdx_row { uint32_t outer, inner, offset, count, count_size; }; /* count: where it stands */\n"
    tables += _array("struct vhdx_row vhdx_rows[VHDX_ROWS]", rows)
    tables += _array("struct vhdx_ms_guid vhdx_guids[VHDX_GUIDS]", [f"VHDX_{name.upper()}_GUID" for name in guids])
    tables += _array("uint32_t vhdx_items[VHDX_GUIDS]", [_kind(name) if name in kinds else NONE for name in guids])
    tables += _array("uint64_t vhdx_integers[VHDX_INTEGERS]", [f"UINT64_C(0x{value:X})" for value in integers])
    tables += _array("char *const vhdx_signatures[VHDX_SIGNATURES]", signatures)
    return _text("vhdx_fuzz.h", tables)


def _text(name: str, tables: str) -> str:
    before, behind = (SUPPORT / name).read_text("utf-8").split(MARK)
    return before + tables + behind


def _length(signatures: list[str]) -> str:
    return f"VHDX_SIGNATURES = {len(signatures)}"


def _kind(name: str) -> str:
    return f"VHDX_KIND_{name.upper()}"


def _kinds(data: dict[str, Any]) -> list[str]:
    """What a file is made of: from the fixed places, the known items, the BAT and the log, whole or in parts."""
    structures: Structures = data["structures"]
    found: list[str] = []
    waiting = [place["structure"] for place in data["places"]]
    waiting += ["metadata_table", *data["guids"], "bat_entry", "log_entry"]
    while waiting:
        name = waiting.pop(0)
        if name in structures and name not in found:
            found.append(name)
            waiting += [item["type"] for item in structures[name]["fields"]]
    return [name for name in found if not _is_spread(structures[name])]


def _is_spread(structure: dict[str, Any]) -> bool:
    """A log entry, which goes round the log's end, or what is one of several others: never looked at as a whole."""
    is_log = bool(structure["checksum"] and structure["checksum"]["size_field"])
    return is_log or all(item["condition"] for item in structure["fields"])


def _scalars(structures: Structures, name: str) -> list[dict[str, Any]]:
    """The fields that stand at a fixed place and are no structures themselves."""
    return [
        item
        for item in structures[name]["fields"]
        if item["offset"] is not None and item["size"] is not None and item["type"] not in structures
    ]


def _kind_rows(structures: Structures, kinds: list[str]) -> Iterator[str]:
    first = 0
    for name in kinds:
        count = len(_scalars(structures, name))
        checksum = structures[name]["checksum"]
        place = _path(structures, name, checksum["field"])[0] if checksum else 0
        yield f"{{{structures[name]['size'] or 0}, {place}, {first}, {count}}}"
        first += count


def _path(structures: Structures, name: str, path: str) -> tuple[int, int]:
    """Offset and size of a field of a structure, or of one inside it."""
    offset, size = 0, 0
    for part in path.split("."):
        item = next(item for item in structures[name]["fields"] if item["id"] == part)
        offset, size, name = offset + item["offset"], item["size"] or 0, item["type"]
    return offset, size


def _counts(structures: Structures, kinds: list[str]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Of what repeats: the structure around it, then the structure and the field of its count, and itself."""
    for name in kinds:
        for item in structures[name]["fields"]:
            path = COUNT_PATH.match(item["repeat"] or "")
            if path:
                owner, _, field = path[0].partition(".")
                yield name, next(one["type"] for one in structures[name]["fields"] if one["id"] == owner), field, item


def _rows(structures: Structures, kinds: list[str]) -> Iterator[str]:
    """The structures inside others."""
    for name in kinds:
        for item in structures[name]["fields"]:
            if item["type"] in kinds and structures[item["type"]]["size"] and item["offset"] is not None:
                path = COUNT_PATH.match(item["repeat"] or "")
                count, size = _path(structures, name, path[0]) if path else (0, 0)
                yield f"{{{_kind(name)}, {_kind(item['type'])}, {item['offset']}, {count}, {size}}}"


def _field_row(item: dict[str, Any], is_count: bool) -> str:
    bits = item["bits"] or BITS.get(item["type"], 0)
    is_dull = item["id"].startswith("reserved") or item["id"] == "checksum"
    flags = is_count * 1 | (item["unit"] == "MiB") * 2 | (item["type"] == "guid") * 4 | is_dull * 8
    return f"{{{item['offset']}, {item['size']}, {item['bit_offset']}, {bits}, {flags}}}"


def _constants(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of VHDX itself that a file may hold; other formats name themselves where VHDX has a section."""
    found = [item for item in data["constants"].values() if not item["section"][:1].isalpha()]
    return [item for item in found if not item["id"].startswith("crc32c_")]


def _enum(names: Iterable[str]) -> str:
    return _wrapped("enum { ", list(names), " };")


def _array(declaration: str, items: Iterable[str]) -> str:
    return _wrapped(f"static const {declaration} = {{\n  ", list(items), "};")


def _wrapped(head: str, items: list[str], end: str) -> str:
    lines = textwrap.wrap(", ".join(item.replace(" ", "\0") for item in items), WIDTH - 14, break_long_words=False)
    return head + "\n  ".join(line.replace("\0", " ") for line in lines) + end + "\n"
