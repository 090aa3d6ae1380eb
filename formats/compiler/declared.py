"""The structures as declarations for other languages see them: readers of fields, derived values, rules.

What an expression says is a Python syntax tree (see `expressions`) over names of the same structure; a language only
has to spell it. A field that the bytes at hand do not reach has no value, and neither has what is derived from it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from formats.compiler.expressions import STREAM_SIZE, Parsers, context, subscripts
from formats.compiler.model import INTEGER_SIZES, Field, Model, Structure, doc

FLAG, NUMBER, BYTES, ELEMENTS, REST = "flag", "number", "bytes", "elements", "rest"


@dataclass(frozen=True)
class Reader:
    """A field at a fixed place: FLAG and NUMBER of `bits` bits, BYTES, or ELEMENTS of `size` bytes from `offset` on.

    REST is what lies behind the elements: `count` says where their number stands, in how many bits, and its bound.
    """

    id: str
    kind: str
    offset: int
    size: int
    bit: int = 0
    bits: int = 0
    doc: str = ""
    count: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True)
class Value:
    """A derived FLAG or NUMBER, made of the fields and values that it `reads`; `sized`: and of the stream's size."""

    id: str
    kind: str
    expression: ast.expr
    reads: tuple[str, ...]
    sized: bool
    doc: str


@dataclass(frozen=True)
class Rule:
    """What must hold: the value `name`; or, of kind "zero", that field's bytes are zero; or the "checksum"."""

    id: str
    name: str
    kind: str
    doc: str


@dataclass
class Declared:
    """One structure. `constants` are the values that stand for a constant: its kind ("constants", "guids") and id."""

    name: str
    size: int | None
    big_endian: bool
    doc: str
    readers: dict[str, Reader] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    constants: dict[str, tuple[str, str]] = field(default_factory=dict)
    checksum: tuple[int, int | None, int | None] | None = None  # where it is, bytes covered, or where these are told

    @property
    def byte_rules(self) -> list[Rule]:
        """The rules that no value decides: of reserved bytes and checksums."""
        return [rule for rule in self.rules if rule.kind != "value"]

    def is_sized(self, name: str) -> bool:
        """True for a value that needs the stream's size."""
        return name in self.values and self.values[name].sized


def declare(model: Model, parsers: Parsers) -> list[Declared]:
    """Every structure, in the order of the schemas."""
    return [_declare(model, parsers, structure) for structure in model.structures.values()]


def _declare(model: Model, parsers: Parsers, structure: Structure) -> Declared:
    section = f"MS-VHDX {structure.section}" if structure.section[:1].isdigit() else structure.section
    found = Declared(
        structure.name, structure.size, structure.endian == "be", f"{doc(structure.data)} {section}".rstrip()
    )
    for reader in (*_readers(model, structure), *_positioned(parsers, structure), *_rest(model, parsers, structure)):
        found.readers[reader.id] = reader
    for item in structure.fields:
        if zero := item.data.get("-zero"):
            found.rules.append(Rule(zero["id"], f"{item.id}_bytes_are_zero", "zero", doc(zero)))
    for name, data in structure.instances.items():
        if constant := data.get("-is"):
            found.constants[name] = ("constants" if constant in model.constants else "guids", constant)
    _add_values(parsers, structure, found)
    if declared := structure.data.get("-checksum"):
        size_field = declared.get("size-field")
        told = None if size_field is None else place(model, structure, size_field)
        found.checksum = (place(model, structure, declared["field"]), declared.get("size"), told)
        found.rules.append(Rule(declared["id"], "checksum_is_right", "checksum", doc(declared)))
    return found


def place(model: Model, structure: Structure, path: str) -> int:
    """The offset of a field, which may be one of a part ("header.checksum")."""
    offset = 0
    for name in path.split("."):
        item = next(one for one in structure.fields if one.id == name)
        offset += item.offset or 0
        structure = model.structures.get(item.type, structure)
    return offset


def _readers(model: Model, structure: Structure) -> Iterator[Reader]:
    for item in structure.fields:
        size = item.size if item.size is not None else _size_of(model, item)
        if item.offset is None or size is None:
            continue
        if item.repeat:
            yield Reader(item.id, ELEMENTS, item.offset, size, doc=doc(item.data))
        elif item.type == "bits":
            kind = FLAG if item.bits == 1 else NUMBER
            yield Reader(item.id, kind, item.offset, size, item.bit_offset, item.bits, doc(item.data))
        elif item.type in INTEGER_SIZES:
            yield Reader(item.id, NUMBER, item.offset, size, 0, 8 * size, doc(item.data))
        else:
            yield Reader(item.id, BYTES, item.offset, size, doc=doc(item.data))


def _size_of(model: Model, item: Field) -> int | None:
    inner = model.structures.get(item.type)
    return None if inner is None else inner.size


def _positioned(parsers: Parsers, structure: Structure) -> Iterator[Reader]:
    """The instances that are bytes at a fixed place."""
    for name, (start, size) in parsers.of(structure).positioned.items():
        if isinstance(start, ast.Constant) and isinstance(size, ast.Constant):
            where = int(str(start.value)), int(str(size.value))
            yield Reader(name, BYTES, *where, doc=doc(structure.instances[name]))


def _rest(model: Model, parsers: Parsers, structure: Structure) -> Iterator[Reader]:
    """The field behind elements whose number is a field with a bound, in a structure of fixed size."""
    for before, item in pairwise(structure.fields):
        told = parsers.of(structure).counts.get(before.id)
        if structure.size is None or not isinstance(told, ast.IfExp) or before.offset is None:
            continue
        bound = parsers.inline(structure, told.orelse, context(), item.id)
        path = ast.unparse(told.body).removeprefix("self.").split(".")
        outer = model.structures[next(one.type for one in structure.fields if one.id == path[0])]
        bits = 8 * next(one.size or 0 for one in outer.fields if one.id == path[1])
        if isinstance(bound, ast.Constant):
            count = place(model, structure, ".".join(path)), bits, int(str(bound.value))
            yield Reader(item.id, REST, before.offset, _size_of(model, before) or 0, doc=doc(item.data), count=count)


def _add_values(parsers: Parsers, structure: Structure, found: Declared) -> None:
    kept = frozenset(parsers.of(structure).values)
    pending = [
        name
        for name, data in structure.instances.items()
        if "value" in data and not {"-is", "enum"} & data.keys() and not _indexes(parsers, structure, name)
    ]
    while pending:
        name = pending.pop(0)
        expression = parsers.value(structure, name, context(), kept)
        reads = tuple(sorted(subscripts(expression) - found.constants.keys()))
        if not found.readers.keys() | found.values.keys() >= set(reads):
            pending.append(name)
            continue
        sized = any(isinstance(node, ast.Name) and node.id == STREAM_SIZE for node in ast.walk(expression))
        sized = sized or any(found.values[read].sized for read in reads if read in found.values)
        data = structure.instances[name]
        found.values[name] = Value(name, _kind(found, expression), expression, reads, sized, doc(data))
    order = [name for name in structure.instances if name in found.values]
    for name in order:
        if rule := structure.instances[name].get("-rule"):
            found.rules.append(
                Rule(rule if isinstance(rule, str) else rule["id"], name, "value", found.values[name].doc)
            )


def _indexes(parsers: Parsers, structure: Structure, name: str) -> bool:
    return "byte_array_index" in ast.unparse(parsers.of(structure).values[name])


def _kind(found: Declared, expression: ast.expr) -> str:
    if isinstance(expression, ast.Compare | ast.BoolOp | ast.UnaryOp):
        return FLAG
    if isinstance(expression, ast.Subscript) and isinstance(expression.slice, ast.Constant):
        name = str(expression.slice.value)
        return found.readers[name].kind if name in found.readers else found.values[name].kind
    return NUMBER


@dataclass(frozen=True)
class Constant:
    """A constant: `owner` is its enumeration, "guids" for GUIDs, "places" for file offsets, else empty."""

    owner: str
    id: str
    value: int | bytes
    doc: str


def constants(data: dict[str, Any]) -> Iterator[Constant]:
    """Everything that has a name and a value, enumerations apart."""
    for name, item in data["constants"].items():
        yield Constant("", name, item["value"], item["doc"])
    for name, item in data["guids"].items():
        yield Constant("guids", name, item["raw"], f"{item['value']}: {item['doc']}")
    for item in data["places"]:
        yield Constant("places", item["id"], item["offset"], f"File offset of this structure, a `{item['structure']}`.")
