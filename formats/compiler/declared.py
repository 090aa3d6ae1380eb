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


OPERATORS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "/",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: "&&",
    ast.Or: "||",
}


class Language:
    """How a C-like language spells things; a subclass says what is different in it, and lays the file out."""

    size_name = "stream_size"

    def name(self, one: Declared, name: str) -> str:
        """A field or value, as it is used in expressions."""
        return name

    def constant(self, kind: str, name: str) -> str:
        """A constant or GUID, as expressions use it."""
        raise NotImplementedError

    def number(self, value: int) -> str:
        """An integer of 64 bits."""
        return number(value)

    def raw(self, value: bytes) -> str:
        """Bytes that have no name."""
        raise NotImplementedError

    def equal(self, left: str, right: str, is_equal: bool) -> str:
        """Bytes are equal, or are not."""
        return f"{left} {self.operator(ast.Eq if is_equal else ast.NotEq)} {right}"

    def operator(self, kind: type) -> str:
        """A binary operator."""
        return OPERATORS[kind]

    def choice(self, test: str, yes: str, no: str) -> str:
        """One of two values."""
        return f"{test} ? {yes} : {no}"

    def spell(self, one: Declared, node: ast.expr, depth: int = 0) -> str:
        """An expression over local names."""
        if isinstance(node, ast.Constant):
            return self.raw(node.value) if isinstance(node.value, bytes) else self.number(int(str(node.value)))
        if isinstance(node, ast.Call):
            return self.size_name
        if isinstance(node, ast.Subscript):
            return self._named(one, node)
        if isinstance(node, ast.UnaryOp):
            return f"!{self.spell(one, node.operand, 1)}"
        if isinstance(node, ast.IfExp):
            text = self.choice(*(self.spell(one, part, 0) for part in (node.test, node.body, node.orelse)))
        elif isinstance(node, ast.Compare):
            text = self._compared(one, node)
        elif isinstance(node, ast.BinOp):
            left, right = (self.spell(one, part, 1) for part in (node.left, node.right))
            text = f"{left} {self.operator(type(node.op))} {right}"
        elif isinstance(node, ast.BoolOp):
            text = f" {self.operator(type(node.op))} ".join(self.spell(one, part, 1) for part in node.values)
        else:
            raise NotImplementedError(ast.unparse(node))
        return f"({text})" if depth else text

    def _named(self, one: Declared, node: ast.Subscript) -> str:
        if isinstance(node.value, ast.Subscript):  # the bytes of a GUID
            return self._named(one, node.value)
        name = str(ast.literal_eval(node.slice))
        return self.constant(*one.constants[name]) if name in one.constants else self.name(one, name)

    def _compared(self, one: Declared, node: ast.Compare) -> str:
        left, right = (self.spell(one, part, 1) for part in (node.left, node.comparators[0]))
        if not self._is_bytes(one, node.left):
            return f"{left} {self.operator(type(node.ops[0]))} {right}"
        return self.equal(left, right, isinstance(node.ops[0], ast.Eq))

    def _is_bytes(self, one: Declared, node: ast.expr) -> bool:
        while isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
            node = node.value
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
            return False
        name = str(node.slice.value)
        return name in one.readers and one.readers[name].kind == BYTES


def number(value: int) -> str:
    """Decimal where it is small, else hexadecimal."""
    return str(value) if value < 1 << 16 else f"0x{value:X}"


def camel(name: str, *, is_local: bool = False) -> str:
    """An id in CamelCase, or in camelCase."""
    words = [part[:1].upper() + part[1:] for part in name.split("_")]
    return words[0].lower() + "".join(words[1:]) if is_local else "".join(words)


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


def comment(text: str, mark: str, indent: str = "") -> str:
    """A comment of as many lines as the text has."""
    return "".join(f"{indent}{mark} {line}".rstrip() + "\n" for line in text.splitlines())
