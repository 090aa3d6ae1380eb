"""Writes `layout.py` and `layout.json`: what the schemas declare, as plain data."""

from __future__ import annotations

import json
from typing import Any

from formats.compiler.layout_data import names
from formats.compiler.literals import Call, module, number, quoted, render

TITLE = "The layout of VHDX as plain data: structures, constants, GUIDs, enumerations and fixed places."
INNER = {"fields": "Field", "instances": "Instance"}
ALWAYS = ("offset", "value")


def emit_layout(data: dict[str, Any]) -> str:
    """`layout.py`."""
    lines = []
    for name, value in names(data).items():
        lines.append(f"{name}: Final = {quoted(value) if isinstance(value, bytes) else number(value)}\n")
    enums = {
        name: {value: _record("EnumValue", item) for value, item in values.items()}
        for name, values in data["enums"].items()
    }
    places = tuple(_record("Place", item) for item in data["places"])
    lines += [
        _table("CONSTANTS", "dict[str, Constant]", _records("Constant", data["constants"])),
        _table("GUIDS", "dict[str, Guid]", _records("Guid", data["guids"])),
        _table("ENUMS", "dict[str, dict[int, EnumValue]]", enums),
        _table("PLACES", "tuple[Place, ...]", places),
        _table("STRUCTURES", "dict[str, Structure]", _records("Structure", data["structures"])),
    ]
    return module(TITLE, "layout_records.py", "".join(lines))


def _table(name: str, kind: str, value: Any) -> str:
    opening = f"{name}: Final[{kind}] = "
    return f"\n{opening}{render(value, 0, len(opening))}\n"


def _records(name: str, items: dict[str, Any]) -> dict[str, Call]:
    return {key: _record(name, item) for key, item in items.items()}


def _record(name: str, item: dict[str, Any]) -> Call:
    """A record's call; what has nothing to say is left to the record's defaults."""
    kept: dict[str, Any] = {}
    for key, value in item.items():
        if key in INNER:
            value = tuple(_record(INNER[key], inner) for inner in value)
        elif key == "checksum" and value is not None:
            value = _record("Checksum", value)
        if key in ALWAYS or value is False or value not in (None, (), "", 0):
            kept[key] = value
    return Call(name, kept)


def emit_json(data: dict[str, Any]) -> str:
    """`layout.json`: the same data; GUIDs as stored are hexadecimal, other bytes their ASCII text."""
    return json.dumps(_plain(data), indent=1, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): item.hex() if key == "raw" else _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.decode("ascii") if isinstance(value, bytes) else value
