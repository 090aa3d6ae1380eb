"""Structures out of bytes: the one place through which every parse goes, and where rules of one structure are answered.

A structure that is cut short or damaged is parsed as far as it goes; nothing is judged here that involves two
structures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from struct import Struct
from typing import Any

from kaitaistruct import BytesIO, KaitaiStream, KaitaiStructError
from vhdx_format.layout import STRUCTURES, Field
from vhdx_format.rules import CLAIMS, RULES, Claim

from ..errors import Place
from ..findings import Finding, make
from ..wording import brief, counted
from . import checksum

_UNREADABLE = (EOFError, KaitaiStructError, ValueError, ArithmeticError)
_SHOWN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Placed:
    """A structure as parsed, and where it was.

    Attributes:
        structure: name in the layout.
        label: what to call this copy of it ("header 2").
        file_offset: absolute file offset of its first byte.
        raw: the bytes that were parsed; shorter than the structure where the file ends.
        fields: the generated Kaitai object; a field that was not reached is missing from it.
        complete: every field was reached.
    """

    __repr__ = brief

    structure: str
    label: str
    file_offset: int
    raw: bytes
    fields: Any
    complete: bool

    def place(self, field: str = "") -> Place:
        """The place of a field (or of the whole structure) in the file."""
        offset = _fields(self.structure)[field].offset if field in _fields(self.structure) else 0
        return Place(self.label, field, None if offset is None else self.file_offset + offset)


@cache
def _parser(structure: str) -> Any:
    module, _, path = STRUCTURES[structure].parser.partition(":")
    found: Any = import_module(f"vhdx_format.{module}")
    for name in path.split("."):
        found = getattr(found, name)
    return found


@cache
def _fields(structure: str) -> dict[str, Field]:
    return {field.id: field for field in STRUCTURES[structure].fields}


def structure(name: str, raw: bytes, file_offset: int = 0, label: str = "") -> Placed:
    """Parse one structure.

    Args:
        name: its name in the layout.
        raw: its bytes, or as many of them as there are; never changed.
        file_offset: absolute file offset of `raw`.
        label: what to call it in findings; the name with spaces where empty.

    Returns:
        The structure, `complete` False where the bytes ended before it did. Never raises for what the bytes say.
    """
    parsed = _parser(name)(KaitaiStream(BytesIO(raw)))
    complete = True
    try:
        parsed._read()
    except _UNREADABLE:
        complete = False
    return Placed(name, label or name.replace("_", " "), file_offset, raw, parsed, complete)


def elements(placed: Placed, name: str) -> list[Placed]:
    """The elements of a repeated field, each with its own place; those that were reached only.

    Args:
        placed: a structure with a repeated field of a structure of fixed size.
        name: that field.

    Returns:
        One `Placed` an element, in the order of the file.
    """
    field = _fields(placed.structure)[name]
    size = STRUCTURES[field.type].size
    if size is None or field.offset is None or name not in vars(placed.fields):
        return []
    label = field.type.replace("_", " ")
    found = []
    for index, parsed in enumerate(vars(placed.fields)[name]):
        start = field.offset + index * size
        raw = placed.raw[start : start + size]
        found.append(Placed(field.type, f"{label} {index}", placed.file_offset + start, raw, parsed, len(raw) == size))
    return found


def part(placed: Placed, name: str) -> Placed | None:
    """A structure inside a structure (the header of a table, say), or None where it was not reached."""
    field = _fields(placed.structure)[name]
    if field.offset is None or name not in vars(placed.fields):
        return None
    size = STRUCTURES[field.type].size or 0
    raw = placed.raw[field.offset : field.offset + size]
    parsed = vars(placed.fields)[name]
    return Placed(field.type, placed.label, placed.file_offset + field.offset, raw, parsed, len(raw) == size)


def is_read(placed: Placed, field: str) -> bool:
    """True where the field was read to its end."""
    return placed.complete or "end" in placed.fields._debug[field]


def answer(placed: Placed, claim: Claim) -> bool | None:
    """Whether a claim holds: True, False, or None where it cannot be said.

    A claim cannot be said when a field that it needs was not read to its end, or when its own condition is false.
    """
    if not placed.complete and not all(is_read(placed, need) for need in claim.needs):
        return None
    try:
        value = getattr(placed.fields, claim.instance)
    except _UNREADABLE:
        return None
    return None if value is None else bool(value)


def findings(placed: Placed, tags: Collection[str] = (), conditions: Collection[str] = ()) -> list[Finding]:
    """The broken claims of one structure, as findings.

    Args:
        placed: the structure.
        tags: what is known of its context ("payload", "has_parent"); a claim counts only when all tags that it applies
            to are here.
        conditions: conditions for the verdict, see `findings.make`.

    Returns:
        One finding a broken claim, at the first field that it needs.
    """
    claims = _applicable(placed.structure, frozenset(tags))
    return [_finding(placed, claim, conditions) for claim in claims if answer(placed, claim) is False]


@cache
def _applicable(structure: str, tags: frozenset[str]) -> tuple[Claim, ...]:
    return tuple(claim for claim in CLAIMS.get(structure, ()) if tags.issuperset(RULES[claim.rule].applies))


def holds(placed: Placed, rule: str) -> bool:
    """True where every claim of the structure that declares `rule` holds (and could be evaluated)."""
    return all(answer(placed, claim) is True for claim in CLAIMS[placed.structure] if claim.rule == rule)


def _finding(placed: Placed, claim: Claim, conditions: Collection[str]) -> Finding:
    field = claim.needs[0] if claim.needs else ""
    if said := RULES[claim.rule].broken:
        return make(claim.rule, placed.place(field), said, "", conditions)
    shown = ", ".join(f"{need} {shown_value(vars(placed.fields)[need])}" for need in claim.needs)
    return make(claim.rule, placed.place(field), shown or "otherwise", expectation(claim.rule), conditions)


@cache
def expectation(rule: str) -> str:
    """The claim of a rule as the end of a sentence: "that the version is 1"."""
    first = RULES[rule].text.partition(". ")[0].rstrip(".")
    word = first.partition(" ")[0]
    return "that " + (first[0].lower() + first[1:] if word[1:].islower() or len(word) == 1 else first)


def checksum_finding(placed: Placed, conditions: Collection[str] = ()) -> Finding | None:
    """The finding for a checksum that is not the one computed, or None; also for a structure cut short.

    The structure's layout says which bytes are covered. Spec: MS-VHDX 2.2.2, 2.2.3.1
    """
    declared = STRUCTURES[placed.structure].checksum
    if declared is None:
        raise ValueError(f"{placed.structure} has no checksum")
    size = declared.size or len(placed.raw)
    start = checksum.position(placed.structure)
    place = Place(placed.label, "checksum", placed.file_offset + start)
    if len(placed.raw) < size:
        return make(
            declared.rule, place, f"only {counted(len(placed.raw), 'byte')} in the file", f"{size} bytes", conditions
        )
    stored = int.from_bytes(placed.raw[start : start + 4], "little")
    computed = checksum.compute(placed.structure, memoryview(placed.raw)[:size])
    if stored == computed:
        return None
    return make(declared.rule, place, f"checksum {stored:#010x}", f"{computed:#010x}, as computed", conditions)


@cache
def packer(name: str) -> Struct:
    """The `struct.Struct` of a structure of whole-byte fields, for bulk decoding where an object each is too dear.

    Returns:
        The compiled format; its values come in the order of the layout's `struct_fields`.
    """
    declared = STRUCTURES[name].struct_format
    if declared is None:
        raise ValueError(f"{name} has no struct format")
    return Struct(declared)


def rows(name: str, raw: bytes | memoryview) -> Iterator[tuple[Any, ...]]:
    """Plain tuples of consecutive structures of whole-byte fields; a rest too short for one is left out."""
    compiled = packer(name)
    return compiled.iter_unpack(raw[: len(raw) // compiled.size * compiled.size])


def columns(name: str) -> list[tuple[str, str]]:
    """Field ids and numpy type codes of a structure of whole-byte fields, for bulk decoding as arrays."""
    packer(name)
    fields = STRUCTURES[name].fields
    return [(field.id, f"S{field.size}" if field.type == "bytes" else f"<{field.type}") for field in fields]


def guid_text(raw: bytes) -> str:
    """Text form of a GUID's sixteen stored bytes.

    >>> guid_text(bytes.fromhex("6677c22d23f60042 9d64115e9bfd4a08"))
    '2dc27766-f623-4200-9d64-115e9bfd4a08'
    """
    from uuid import UUID  # not needed to open an image, and slow to import

    return str(UUID(bytes_le=bytes(raw)))


def shown_value(value: Any) -> str:
    """A field's value as messages show it: integers in hex from 10 on, bytes as ASCII where they are, GUIDs as text."""
    if isinstance(value, bool):
        return "set" if value else "clear"
    if isinstance(value, int):
        return str(value) if value < 10 else f"{value:#x}"
    if isinstance(value, bytes):
        return _shown_bytes(value)
    raw = getattr(value, "raw", None)
    return guid_text(raw) if isinstance(raw, bytes) else type(value).__name__


def _shown_bytes(value: bytes) -> str:
    if value.isascii() and value.decode("ascii").isprintable():
        return f'"{value.decode("ascii")}"'
    rest = "" if len(value) <= _SHOWN_BYTES else f"… ({len(value)} bytes)"
    return value[:_SHOWN_BYTES].hex(" ") + rest
