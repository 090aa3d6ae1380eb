"""The structures as the schemas declare them: fields with offsets, constants, GUIDs, enumerations, places.

What an expression of a schema means is not decided here (see `expressions`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from formats.compiler.schema import Schema, SchemaError, section, text, words

INTEGER_SIZES = {"u1": 1, "u2": 2, "u4": 4, "u8": 8}
GUID_STRUCTURE = "ms_guid"
GUID_SIZE = 16


@dataclass
class Field:
    """One field of a structure's `seq`. `offset` and `size` in bytes, None where they vary."""

    id: str
    type: str
    data: dict[str, Any]
    offset: int | None = None
    size: int | None = None
    bit_offset: int = 0
    bits: int = 0
    section: str = ""

    @property
    def repeat(self) -> str | None:
        """The repeat expression of the schema ("eos" where it repeats to the end), None for a single field."""
        kind = self.data.get("repeat")
        return str(self.data["repeat-expr"]) if kind == "expr" else kind

    @property
    def condition(self) -> str | None:
        """The schema's `if`, None where the field is always there."""
        return self.data.get("if")


@dataclass
class Structure:
    """One type that has a `seq`, under the name that is unique in the whole format."""

    name: str
    schema: Schema
    path: tuple[str, ...]
    data: dict[str, Any]
    section: str
    size: int | None = None
    fields: list[Field] = field(default_factory=list)

    @property
    def instances(self) -> dict[str, dict[str, Any]]:
        """The schema's instances by id."""
        return self.data.get("instances") or {}

    @property
    def endian(self) -> str:
        """Byte order of its integers: "le", or "be"."""
        return str(self.schema.data["meta"]["endian"])

    @property
    def class_path(self) -> str:
        """The Kaitai class inside its module: "LogEntry.LogEntryHeader"."""
        return ".".join(camel(part) for part in self.path)

    def where(self, item: str) -> str:
        """File and item, as messages name them."""
        return f"{self.schema.file}: {self.name}.{item}"


@dataclass
class Model:
    """Everything the schemas declare."""

    schemas: tuple[Schema, ...]
    structures: dict[str, Structure]
    constants: dict[str, dict[str, Any]]
    guids: dict[str, dict[str, Any]]
    enums: dict[str, dict[int, dict[str, Any]]]
    places: list[dict[str, Any]]


def camel(name: str) -> str:
    """The class name that Kaitai gives an id."""
    return "".join(part.capitalize() for part in name.split("_"))


def build(schemas: tuple[Schema, ...]) -> Model:
    """Puts the schemas together and places every field.

    Raises:
        SchemaError: two declarations of one name, an unknown type, bit fields that do not fill whole words, or a size
            that contradicts the fields.
    """
    model = Model(schemas, {}, {}, {}, {}, [])
    for schema in schemas:
        for structure in _structures(schema):
            _add(model.structures, structure.name, structure, schema)
        for constant in schema.data.get("-constants", ()):
            _add(model.constants, constant["id"], constant, schema)
        for guid in schema.data.get("-guids", ()):
            raw = uuid.UUID(guid["value"]).bytes_le
            _add(model.guids, guid["id"], {**guid, "raw": raw}, schema)
        for name, values in _enums(schema):
            _add(model.enums, name, values, schema)
    for structure in model.structures.values():
        _place_fields(model, structure)
    for schema in schemas:
        model.places.extend(_places(model, schema))
    return model


def _add(table: dict[str, Any], name: str, value: Any, schema: Schema) -> None:
    if name in table:
        raise SchemaError(f"{schema.file}: {name} is declared twice")
    table[name] = value


def _structures(schema: Schema) -> Iterator[Structure]:
    if schema.is_map:
        return
    top = section(schema.data.get("doc-ref"))
    if "seq" in schema.data:
        yield Structure(schema.id, schema, (schema.id,), schema.data, top)
    for name, data in (schema.data.get("types") or {}).items():
        if "seq" in data:
            yield Structure(name, schema, (schema.id, name), data, section(data.get("doc-ref")) or top)


def _enums(schema: Schema) -> Iterator[tuple[str, dict[int, dict[str, Any]]]]:
    for owner in [schema.data, *(schema.data.get("types") or {}).values()]:
        yield from (owner.get("enums") or {}).items()


def _place_fields(model: Model, structure: Structure) -> None:
    """Gives every field its offset, size and bits; then the structure its size."""
    if structure.fields:
        return
    offset: int | None = 0
    run: list[Field] = []
    for data in structure.data["seq"]:
        item = Field(data["id"], "", data, section=section(data.get("doc-ref")) or structure.section)
        structure.fields.append(item)
        kind = data.get("type")
        if isinstance(kind, str) and kind.startswith("b") and kind[1:].isdigit():
            item.type, item.bits = "bits", int(kind[1:])
            run.append(item)
            continue
        offset = _close_words(structure, run, offset)
        run = []
        item.type, item.size = _type_and_size(model, structure, item)
        item.offset = offset
        fixed = item.size is not None and not item.repeat and not item.condition
        offset = offset + item.size if fixed and offset is not None and item.size is not None else None
    end = _close_words(structure, run, offset)
    declared = structure.data.get("-size")
    if declared is not None and end is not None and declared != end:
        raise SchemaError(f"{structure.schema.file}: {structure.name}: -size is {declared}, the fields take {end}")
    structure.size = declared if declared is not None else end
    _place_alternatives(structure)


def _place_alternatives(structure: Structure) -> None:
    """Fields that exclude one another (all have an `if`, the whole has a `-size`) all start at 0."""
    if "-size" in structure.data and all(item.condition for item in structure.fields):
        for item in structure.fields:
            item.offset = 0


def _close_words(structure: Structure, run: list[Field], offset: int | None) -> int | None:
    """Packs consecutive bit fields into little-endian words of 8, 16, 32 or 64 bits, lowest bits first."""
    if not run:
        return offset
    total = sum(item.bits for item in run)
    if total not in (8, 16, 32, 64):
        raise SchemaError(f"{structure.where(run[0].id)}: bit fields of {total} bits do not fill a word")
    meta = {**structure.schema.data["meta"], **structure.data.get("meta", {})}
    if meta.get("bit-endian") != "le":
        raise SchemaError(f"{structure.where(run[0].id)}: bit fields need bit-endian: le")
    bit = 0
    for item in run:
        if item.bits > 32:
            raise SchemaError(f"{structure.where(item.id)}: wider than 32 bits")
        item.offset, item.size, item.bit_offset = offset, total // 8, bit
        bit += item.bits
    return None if offset is None else offset + total // 8


def _type_and_size(model: Model, structure: Structure, item: Field) -> tuple[str, int | None]:
    kind, size = item.data.get("type"), item.data.get("size")
    fixed = size if isinstance(size, int) else None
    if kind is None:
        return "bytes", fixed
    if kind in INTEGER_SIZES:
        return kind, INTEGER_SIZES[kind]
    name = kind.split("::")[-1]
    if name not in model.structures:
        raise SchemaError(f"{structure.where(item.id)}: unknown type {kind}")
    inner = model.structures[name]
    _place_fields(model, inner)
    return "guid" if name == GUID_STRUCTURE else name, fixed if size is not None else inner.size


def _places(model: Model, schema: Schema) -> Iterator[dict[str, Any]]:
    """The fixed places; each must say what the map's instance of the same name says."""
    for place in schema.data.get("-places", ()):
        where = f"{schema.file}: -places {place['id']}"
        constant = model.constants.get(place["offset"])
        if constant is None:
            raise SchemaError(f"{where}: {place['offset']} is not a constant")
        view = schema.data["instances"].get(place["id"], {})
        if (view.get("pos"), view.get("type")) != (constant["value"], place["type"]):
            raise SchemaError(f"{where}: the instance of that name has another position or type")
        yield {"id": place["id"], "structure": place["type"], "offset": constant["value"]}


def constant_value(constant: dict[str, Any]) -> int | bytes:
    """A constant's value: an integer, or the ASCII bytes of a text."""
    value = constant["value"]
    return value if isinstance(value, int) else str(value).encode("ascii")


def structure_of(model: Model, item: Field) -> Structure | None:
    """The structure that a field's type names, None for scalars."""
    return model.structures.get(GUID_STRUCTURE if item.type == "guid" else item.type)


def doc(data: dict[str, Any]) -> str:
    """The `doc` of any declaration, folded."""
    return text(data.get("doc"))


def orig_ids(data: dict[str, Any]) -> tuple[str, ...]:
    """The `-orig-id` of any declaration."""
    return words(data.get("-orig-id"))
