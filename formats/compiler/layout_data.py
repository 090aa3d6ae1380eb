"""What the schemas declare, as dictionaries, tuples and scalars: the content of `layout.py` and `layout.json`."""

from __future__ import annotations

import json
from typing import Any

from formats.compiler.items import items
from formats.compiler.literals import Call, module, number, quoted, render
from formats.compiler.model import Field, Model, Structure, constant_value, doc, orig_ids
from formats.compiler.schema import section

STRUCT_CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "guid": "16s"}


def layout_data(model: Model) -> dict[str, Any]:
    """The whole layout, in the order of the schemas."""
    return {
        "constants": {name: _constant(name, data) for name, data in model.constants.items()},
        "guids": {name: _guid(name, data) for name, data in model.guids.items()},
        "items": items(model),
        "enums": {
            name: {value: _enum_value(value, data) for value, data in values.items()}
            for name, values in model.enums.items()
        },
        "places": tuple(model.places),
        "structures": {name: _structure(structure) for name, structure in model.structures.items()},
    }


def names(data: dict[str, Any]) -> dict[str, int | bytes]:
    """The names in capitals: constants, GUIDs as raw bytes, enumeration values."""
    result: dict[str, int | bytes] = {name.upper(): item["value"] for name, item in data["constants"].items()}
    for name, item in data["guids"].items():
        result[f"{name.upper()}_GUID"] = item["raw"]
    for enum, values in data["enums"].items():
        for value, item in values.items():
            result[f"{enum.upper()}_{item['id'].upper()}"] = value
    return result


def _constant(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "value": constant_value(data),
        "unit": data.get("unit"),
        "doc": doc(data),
        "section": section(data.get("section")),
        "orig_ids": orig_ids(data),
    }


def _guid(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "value": data["value"],
        "raw": data["raw"],
        "required": data.get("required"),
        "doc": doc(data),
        "section": section(data.get("section")),
        "orig_ids": orig_ids(data),
    }


def _enum_value(value: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"value": value, "id": data["id"], "orig_id": next(iter(orig_ids(data)), None), "doc": doc(data)}


def _structure(structure: Structure) -> dict[str, Any]:
    struct_format, struct_fields = _struct_format(structure)
    return {
        "name": structure.name,
        "schema": structure.schema.id,
        "parser": f"{structure.schema.id}:{structure.class_path}",
        "size": structure.size,
        "section": structure.section,
        "doc": doc(structure.data),
        "orig_ids": orig_ids(structure.data),
        "checksum": _checksum(structure),
        "struct_format": struct_format,
        "struct_fields": struct_fields,
        "fields": tuple(_field(item) for item in structure.fields),
        "instances": tuple(_instance(name, data) for name, data in structure.instances.items()),
    }


def _field(item: Field) -> dict[str, Any]:
    return {
        "id": item.id,
        "type": item.type,
        "offset": item.offset,
        "size": item.size,
        "bit_offset": item.bit_offset,
        "bits": item.bits,
        "unit": item.data.get("-unit"),
        "enum": item.data.get("enum"),
        "encoding": item.data.get("-encoding"),
        "orig_ids": orig_ids(item.data),
        "doc": doc(item.data),
        "section": item.section,
        "zero_rule": (item.data.get("-zero") or {}).get("id"),
        "condition": item.condition,
        "repeat": item.repeat,
    }


def _instance(name: str, data: dict[str, Any]) -> dict[str, Any]:
    rule = data.get("-rule")
    return {
        "id": name,
        "kind": "value" if "value" in data else "position",
        "unit": data.get("-unit"),
        "enum": data.get("enum"),
        "encoding": data.get("-encoding"),
        "orig_ids": orig_ids(data),
        "doc": doc(data),
        "rule": rule.get("id") if isinstance(rule, dict) else rule,
        "constant": data.get("-is"),
    }


def _checksum(structure: Structure) -> dict[str, Any] | None:
    data = structure.data.get("-checksum")
    if data is None:
        return None
    return {"rule": data["id"], "field": data["field"], "size": data.get("size"), "size_field": data.get("size-field")}


def _struct_format(structure: Structure) -> tuple[str | None, tuple[str, ...]]:
    codes = []
    for item in structure.fields:
        if item.repeat or item.condition or item.size is None or item.type == "bits":
            return None, ()
        code = f"{item.size}s" if item.type == "bytes" else STRUCT_CODES.get(item.type)
        if code is None:
            return None, ()
        codes.append(code)
    return {"le": "<", "be": ">"}[structure.endian] + "".join(codes), tuple(item.id for item in structure.fields)


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
        _table("ITEMS", "dict[str, Item]", _records("Item", data["items"])),
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
