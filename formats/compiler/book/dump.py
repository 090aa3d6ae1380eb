"""A structure's bytes, a field a line, with the values that the generated parser reads from them.

The text goes into the book as it is, and can be read back: offset, at most eight bytes, field, value. A line with
only `*` stands for zeros up to the offset of the next line; the last line has the end's offset alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from vhdx_format.layout import ENUMS, GUIDS, STRUCTURES, Field

from vhdx_runtime.codec import decode

PER_LINE = 8
_ALL_SHOWN = 64
_GUID_NAMES = {guid.raw: name for name, guid in GUIDS.items()}
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_BYTES_WIDTH = 3 * PER_LINE - 1
Row = tuple[int, bytes, str, str]


def dump(structure: str, raw: bytes) -> str:
    """The dump of a structure that stands alone."""
    placed = decode.structure(structure, raw)
    return "\n".join(_lines(list(_rows(structure, placed.fields, raw, 0, "")), len(raw))) + "\n"


def _lines(rows: list[Row], end: int) -> Iterator[str]:
    width = max(len(f"{end:x}"), 4)
    names = max(len(name) for _, _, name, _ in rows)
    for offset, raw, name, value in rows:
        said = f"  {name:<{names}}  {value}".rstrip()
        if not raw:
            yield " " * (width + 2 + _BYTES_WIDTH) + said
        for start in range(0, len(raw), PER_LINE):
            part = raw[start : start + PER_LINE]
            if start and _is_left_out(raw, start):
                if not _is_left_out(raw, start - PER_LINE) or start == PER_LINE:
                    yield " " * (width - 1) + "*"
                continue
            yield f"{offset + start:{width}x}  {part.hex(' '):<{_BYTES_WIDTH}}{'' if start else said}".rstrip()
    yield f"{end:{width}x}"


def _is_left_out(raw: bytes, start: int) -> bool:
    """True inside a row of zeros of a long field, except at the field's start."""
    return start > 0 and len(raw) > _ALL_SHOWN // 4 and not any(raw[start : start + PER_LINE])


def _rows(structure: str, parsed: Any, raw: bytes, base: int, prefix: str) -> Iterator[Row]:
    cursor = 0
    for _, group in groupby(STRUCTURES[structure].fields, lambda item: item.offset if item.type == "bits" else item.id):
        members = list(group)
        item = members[0]
        value = getattr(parsed, item.id, None)
        if value is None or (item.condition and not hasattr(parsed, item.id)):
            continue
        if item.type == "bits":
            word = raw[cursor : cursor + (item.size or 0)]
            for number, bit in enumerate(members):
                said = _value(bit, getattr(parsed, bit.id), b"")
                yield base + cursor, b"" if number else word, prefix + bit.id, said
            cursor += len(word)
            continue
        for number, element in enumerate(value if item.repeat else [value]):
            name = f"{prefix}{item.id}[{number}]" if item.repeat else prefix + item.id
            size = _size(item, element, raw, cursor)
            part = raw[cursor : cursor + size]
            if item.type in STRUCTURES:
                yield from _rows(item.type, element, part, base + cursor, name + ".")
            elif part:
                yield base + cursor, part, name, _value(item, element, part)
            cursor += size
    yield from _computed(structure, parsed, base, prefix)


def _size(item: Field, element: Any, raw: bytes, cursor: int) -> int:
    if item.type in STRUCTURES:
        fixed = STRUCTURES[item.type].size
        return len(raw) - cursor if fixed is None else fixed
    return len(element) if item.type == "bytes" else item.size or 0


def _computed(structure: str, parsed: Any, base: int, prefix: str) -> Iterator[Row]:
    """The values that the schema computes, where this structure alone can tell them."""
    for item in STRUCTURES[structure].instances:
        if item.rule or item.constant or item.id.endswith("_max") or (item.kind != "value" and not item.encoding):
            continue
        try:
            value = getattr(parsed, item.id)
        except (EOFError, ValueError, AttributeError):
            continue
        if value is not None and not isinstance(value, bool):
            field = Field(item.id, "bytes", enum=item.enum, encoding=item.encoding, unit=item.unit)
            yield base, b"", f"= {prefix}{item.id}", _value(field, value, value if isinstance(value, bytes) else b"")


def _value(item: Field, value: Any, raw: bytes) -> str:
    if isinstance(value, bool):
        return "1 (yes)" if value else "0 (no)"
    if isinstance(value, int):
        return _integer(item, value)
    if item.type == "guid":
        known = _GUID_NAMES.get(value.raw, "" if any(value.raw) else "nil")
        return decode.guid_text(value.raw) + (f" ({known})" if known else "")
    if item.encoding and any(raw):
        return f'"{raw.decode(item.encoding, "replace").partition(chr(0))[0]}"'
    if not any(raw):
        return f"{len(raw)} zero bytes"
    if raw.isascii() and raw.decode("ascii").isprintable():
        return f'"{raw.decode("ascii")}"'
    return raw.hex(" ") if len(raw) <= PER_LINE else f"{len(raw)} bytes"


def _integer(item: Field, value: int) -> str:
    known = ENUMS[item.enum].get(value) if item.enum else None
    if known:
        return f"{value} ({known.id})"
    said = [f"{value:#x}"] if value > 9 else []
    if item.unit == "bytes" and value and not value % 1024:
        power = min(((value & -value).bit_length() - 1) // 10, len(_UNITS) - 1)
        said.append(f"{value >> 10 * power} {_UNITS[power]}")
    unit = f" {item.unit}" if item.unit and item.unit != "bytes" else ""
    return f"{value}{unit.replace(' 4', ' × 4')}" + (f" ({', '.join(said)})" if said else "")
