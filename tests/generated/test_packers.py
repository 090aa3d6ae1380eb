"""Packers give the bytes that the constructs give, field by field, for whatever the fields are."""

from __future__ import annotations

import random
from struct import error
from typing import Any

import pytest
from vhdx_format import packers
from vhdx_format.builders import BUILDERS
from vhdx_format.layout import STRUCTURES

NAMES = ("header", "log_entry_header", "zero_descriptor", "data_descriptor", "data_sector", "bat_entry")
WIDTHS = {"u2": 16, "u4": 32, "u8": 64}


def _drawn(name: str, chance: random.Random) -> dict[str, Any]:
    """Every field of a structure, as a construct takes them."""
    found: dict[str, Any] = {}
    for field in STRUCTURES[name].fields:
        if field.type == "bits":
            found[field.id] = chance.getrandbits(field.bits)
        elif field.type in WIDTHS:
            width = WIDTHS[field.type]
            found[field.id] = chance.choice((0, 1, (1 << width) - 1, chance.getrandbits(width)))
        else:
            found[field.id] = chance.randbytes(field.size or 0)
    return found


def _as_built(name: str, fields: dict[str, Any]) -> bytes:
    guids = {field.id for field in STRUCTURES[name].fields if field.type == "guid"}
    given = {key: {"raw": value} if key in guids else value for key, value in fields.items()}
    return bytes(BUILDERS[name].build(given))


def _as_packed(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    if name == "bat_entry":
        low, high = fields.pop("file_offset_mb_low"), fields.pop("file_offset_mb_high")
        fields["file_offset_mb"] = low + 4096 * high
    return fields


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_are_those_of_the_construct(name: str) -> None:
    chance = random.Random(name)
    for _ in range(100):
        fields = _drawn(name, chance)
        built = _as_built(name, fields)
        assert getattr(packers, f"pack_{name}")(**_as_packed(name, dict(fields))) == built
        assert len(built) == STRUCTURES[name].size


@pytest.mark.parametrize("name", NAMES)
def test_reserved_fields_and_checksums_that_are_left_out_are_zero(name: str) -> None:
    fields = _drawn(name, random.Random(name))
    zero = {key: bytes(len(value)) if isinstance(value, bytes) else 0 for key, value in fields.items()}
    left_out = {key: value for key, value in zero.items() if key in ("reserved", "checksum")}
    kept = {key: value for key, value in fields.items() if key not in left_out}
    assert getattr(packers, f"pack_{name}")(**_as_packed(name, kept)) == _as_built(name, fields | left_out)


def test_a_sector_of_the_table_is_that_of_the_constructs() -> None:
    chance = random.Random(512)
    sector, expected = bytearray(4096), b""
    for at in range(0, 4096, 8):
        fields = _drawn("bat_entry", chance)
        expected += _as_built("bat_entry", fields)
        packers.pack_bat_entry_into(sector, at, **_as_packed("bat_entry", fields))
    assert sector == expected


def test_what_a_width_cannot_hold_is_an_error() -> None:
    with pytest.raises(error):
        packers.pack_bat_entry(state=6, file_offset_mb=1 << 44)
