"""A structure as a node and its fields as nodes below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from vhdx_format.layout import ENUMS, GUIDS, STRUCTURES, Field

from ..codec import decode
from ..codec.decode import Placed
from ..codec.holes import is_zero
from ..findings import Finding
from ..semantics import reserved
from .area import SHOWN_BYTES, Area, base_bytes
from .node import Bit, Children, Node

WORD = "flags"
_TEXT_BYTES = 16
_NONE: Mapping[str, str] = {}
_GUID_NAMES = {declared.raw: name for name, declared in GUIDS.items()}


def structure(
    area: Area,
    placed: Placed,
    name: str,
    path: str,
    *,
    size: int | None = None,
    is_part: bool = False,
    more: Callable[[], Iterable[Node]] | None = None,
    **others: Any,
) -> Node:
    """A structure with its fields below it.

    Args:
        area: where it stands.
        placed: the structure as parsed.
        name: id of the node.
        path: its address.
        size: in bytes, where the layout leaves it open or something cuts it short.
        is_part: the structure around it shows what is wrong with it as a whole.
        more: makes further children.
        others: further attributes of the node.

    Returns:
        A node; without children where the file ends before its first byte.
    """
    declared = STRUCTURES[placed.structure]
    size = len(placed.raw) if size is None and declared.size is None else declared.size if size is None else size
    size = size or 0
    repeated = [item for item in declared.fields if item.repeat and item.offset is not None]
    found = [] if is_part else list(area.at(placed.file_offset, ""))
    for item in repeated:
        found += area.at(placed.file_offset + (item.offset or 0), item.id)
    if not placed.raw:
        found += [finding for finding in area.within(placed.file_offset, size) if finding not in found]

    def _children() -> Iterator[Node]:
        yield from fields(area, placed, path, size)
        if more is not None:
            yield from more()

    made: Children | None = _children if placed.raw else None
    return area.node(
        name,
        path,
        "structure",
        placed.file_offset,
        size,
        structure=placed.structure,
        findings=tuple(found),
        children=made,
        lookup=lambda wanted: bit_node(area, placed, path, wanted),
        **others,
    )


def fields(area: Area, placed: Placed, path: str, size: int) -> Iterator[Node]:
    """The fields of a structure, in order; together they fill `size` bytes."""
    cursor = 0
    for _, group in groupby(STRUCTURES[placed.structure].fields, _group):
        members = list(group)
        first = members[0]
        start = cursor if first.offset is None else first.offset
        if start >= size:
            break
        if first.type == "bits":
            yield word(area, placed, members, WORD, f"{path}.{WORD}")
            cursor = start + (first.size or 0)
        elif first.repeat is not None:
            elements = decode.elements(placed, first.id)
            for number, element in enumerate(elements):
                name = f"{first.id}[{number}]"
                inside = min(STRUCTURES[first.type].size or 0, placed.file_offset + size - element.file_offset)
                yield structure(area, element, name, f"{path}.{name}", size=inside, **summary(element))
            cursor = start + len(elements) * (STRUCTURES[first.type].size or 0)
        elif first.type in STRUCTURES:
            length = min(STRUCTURES[first.type].size or 0, size - start)
            yield _inner(area, placed, first, f"{path}.{first.id}", start, length)
            cursor = start + length
        else:
            length = min(size - start if first.size is None else first.size, size - start)
            yield leaf(area, placed, first, f"{path}.{first.id}", start, length)
            cursor = start + length
    if cursor < size:
        yield area.filled("rest", f"{path}.rest", "free", placed.file_offset + cursor, size - cursor)


def _group(item: Field) -> int | str | None:
    """Equal for the bit fields of one word."""
    return item.offset if item.type == "bits" else item.id


def _inner(area: Area, placed: Placed, item: Field, path: str, start: int, length: int) -> Node:
    part = decode.part(placed, item.id)
    if part is None:
        offset = placed.file_offset + start
        found = area.at(offset, item.id)
        return area.node(item.id, path, "structure", offset, length, structure=item.type, findings=found)
    return structure(area, part, item.id, path, size=length, is_part=start == 0)


def leaf(area: Area, placed: Placed, item: Field, path: str, start: int, length: int) -> Node:
    """A field of whole bytes.

    Args:
        area: where the structure stands.
        placed: the structure.
        item: the field.
        path: address of the node.
        start: offset in the structure, in bytes.
        length: in bytes.
    """
    offset = placed.file_offset + start
    raw = placed.raw[start : start + length]
    value, meaning = _value(placed, item, raw)
    found = area.at(offset, item.id)
    zero = is_zero(raw) if raw and item.type == "bytes" else None
    if item.zero_rule and (broken := reserved.field(placed, item.id)):
        found = (*found, broken)
    return area.node(
        item.id,
        path,
        "field",
        offset,
        length,
        structure=placed.structure,
        field=item.id,
        value=value,
        meaning=meaning,
        unit=item.unit,
        raw=raw[:SHOWN_BYTES],
        stored=base_bytes(area.source, offset, min(length, SHOWN_BYTES)),
        findings=found,
        zero=zero,
    )


def _value(placed: Placed, item: Field, raw: bytes) -> tuple[int | str | None, str]:
    """The decoded value of a field and what it means."""
    if item.id not in vars(placed.fields) or not decode.is_read(placed, item.id):
        return None, ""
    value = vars(placed.fields)[item.id]
    if item.type == "guid":
        return decode.guid_text(value.raw), guid_name(value.raw)
    if isinstance(value, int):
        return value, _enumerated(item.enum, value)
    if item.encoding:
        return raw.decode(item.encoding, "replace").partition("\0")[0], ""
    if len(raw) <= _TEXT_BYTES and raw.isascii() and raw.decode("ascii").isprintable():
        return raw.decode("ascii"), ""
    return None, ""


def guid_name(raw: bytes) -> str:
    """Name of a known GUID, "nil", or "".

    >>> guid_name(bytes(16))
    'nil'
    """
    return _GUID_NAMES.get(raw, "") if any(raw) else "nil"


def _enumerated(enum: str | None, value: int) -> str:
    known = ENUMS[enum].get(value) if enum else None
    return known.id if known else ""


def word(area: Area, placed: Placed, members: Sequence[Field], name: str, path: str, **others: Any) -> Node:
    """A little-endian word whose bits are fields.

    Args:
        area: where the structure stands.
        placed: the structure.
        members: the bit fields, from the lowest bit on.
        name: id of the node.
        path: its address.
        others: further attributes of the node.
    """
    start, length = members[0].offset or 0, members[0].size or 0
    offset = placed.file_offset + start
    raw = placed.raw[start : start + length]
    found: list[Finding] = []
    for item in members:
        found += area.at(offset, item.id)
    is_whole = len(raw) == length
    return area.node(
        name,
        path,
        "word",
        offset,
        length,
        structure=placed.structure,
        value=int.from_bytes(raw, "little") if is_whole else None,
        raw=raw,
        stored=base_bytes(area.source, offset, length),
        bits=bits(placed, members),
        findings=tuple(found),
        **others,
    )


def bits(placed: Placed, members: Sequence[Field], meanings: Mapping[str, str] = _NONE) -> tuple[Bit, ...]:
    """The bit fields of a word, from the lowest bit on; without values where the file ends before the word does.

    Args:
        placed: the structure.
        members: the bit fields.
        meanings: what the values say, by field, where more is known than the field's own enumeration.
    """
    read = vars(placed.fields)
    is_whole = len(placed.raw) >= (members[0].offset or 0) + (members[0].size or 0)
    found = []
    for item in members:
        value = int(read[item.id]) if is_whole and item.id in read else None
        known = "" if value is None else _enumerated(item.enum, value)
        found.append(Bit(item.id, item.bit_offset, item.bits, value, meanings.get(item.id, known), item.unit))
    return tuple(found)


def bit_node(area: Area, placed: Placed, path: str, name: str) -> Node | None:
    """One bit field of a structure, with the bytes of its whole word; None where there is no such field."""
    item = next((item for item in STRUCTURES[placed.structure].fields if item.id == name and item.type == "bits"), None)
    if item is None:
        return None
    whole = word(area, placed, [item], name, f"{path}.{name}")
    bit = whole.bits[0]
    return replace(whole, kind="bits", field=name, value=bit.value, meaning=bit.meaning, unit=bit.unit)


def summary(placed: Placed) -> dict[str, Any]:
    """What to say of an element of a table in one line: the name of its GUID, if it starts with one."""
    first = STRUCTURES[placed.structure].fields[0]
    if first.type != "guid" or not decode.is_read(placed, first.id):
        return {}
    raw = vars(placed.fields)[first.id].raw
    return {"value": decode.guid_text(raw), "meaning": guid_name(raw)}
