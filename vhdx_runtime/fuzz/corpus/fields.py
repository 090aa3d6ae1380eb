"""Fields of a file by path: what they hold, and how two files differ in them.

Finds them through the layout in the objects that a file is made of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from vhdx_format import layout

from ...codec import decode
from ..engine.boundaries import is_seal, value_of, width
from ..engine.format import ELEMENTS_SEEN, FieldPlace, Format, Root, places

_STEP: Final = re.compile(r"(\w+)(?:\[(\d+)\])?")
_NEAR: Final = ELEMENTS_SEEN + 2
_READ_KEPT: Final = 1 << 11


class Fields:
    """Fields of objects, by path: "header_1.sequence_number", "region_table_1.entries[0].guid".

    Attributes:
        roots: the objects by name.
    """

    def __init__(self, roots: Mapping[str, Root]) -> None:
        self.roots = roots
        self._known: dict[str, dict[str, FieldPlace]] = {}

    def _of(self, target: str) -> dict[str, FieldPlace]:
        """The fields of one object by path; looked for when they are asked for."""
        if target not in self._known:
            found = places(LAYOUT, self.roots[target]) if target in self.roots else ()
            self._known[target] = {f"{target}.{one.path}": one for one in found}
        return self._known[target]

    def place(self, path: str) -> FieldPlace | None:
        """Where a field is; None where there is no such field."""
        target, _, rest = path.partition(".")
        return _place(self.roots[target], rest) if target in self.roots else None

    def number(self, path: str) -> int | None:
        """What an integer field holds; None where there is no such field."""
        place = self.place(path)
        return value_of(place) if place and width(place.field) else None

    def raw(self, path: str) -> bytes:
        """The bytes of a field; empty where there is no such field."""
        place = self.place(path)
        if place is None:
            return b""
        start: int = place.field.offset
        return place.owner_raw[start : start + place.field.size]

    def current_header(self) -> str:
        """Name of the valid header with the larger sequence number, "" where none is valid. Spec: MS-VHDX 2.2.2."""
        valid = [name for name in ("header_1", "header_2") if name in self.roots and _is_header(self.roots[name].raw)]
        return max(valid, key=lambda name: self.number(f"{name}.sequence_number") or 0, default="")

    def shown(self) -> dict[str, Any]:
        """Every field but checksums: integers as they are, bytes in hexadecimal."""
        found: dict[str, Any] = {}
        for target in self.roots:
            for path, place in self._of(target).items():
                if is_seal(LAYOUT, place):
                    continue
                found[path] = value_of(place) if width(place.field) else self.raw(path).rstrip(b"\0").hex()
        return found


def _place(root: Root, path: str) -> FieldPlace | None:
    """One of the `places` of an object, found without looking for the others."""
    owner, start, raw = root.structure, 0, root.raw
    *outer, last = path.split(".")
    for step in outer:
        match = _STEP.fullmatch(step)
        field = _fields(owner).get(match[1]) if match else None
        if match is None or field is None or field.type not in layout.STRUCTURES:
            return None
        offset = _inner_offset(owner, raw, field, None if match[2] is None else int(match[2]))
        if offset is None:
            return None
        owner, start = field.type, start + offset
        raw = raw[offset : offset + (layout.STRUCTURES[owner].size or len(raw))]
    field = _fields(owner).get(last)
    if field is None or field.type in layout.STRUCTURES or field.offset is None or not field.size:
        return None
    if field.offset + field.size > len(raw):
        return None
    return FieldPlace(root.target, root.group, path, owner, field, start, raw, root.offset + start)


@cache
def _fields(structure: str) -> dict[str, layout.Field]:
    return {field.id: field for field in layout.STRUCTURES[structure].fields}


def _inner_offset(owner: str, raw: bytes, field: layout.Field, index: int | None) -> int | None:
    """Where in a structure another one starts, `index` of a repeated one; None where it was not read or is not seen."""
    if (index is None) == bool(field.repeat):
        return None
    size = layout.STRUCTURES[field.type].size or 0
    if field.offset is None or (index or 0) >= _NEAR:
        count, first = _read(owner, raw, field.id)
    else:  # what lies behind the next element cannot change the answer
        count, first = _read_near(owner, raw[: field.offset + (_NEAR + 1) * size], field.id)
    if index is None:
        return first if count else None
    is_seen = index < min(count, ELEMENTS_SEEN) or index == count - 1
    return (first if field.offset is None else field.offset) + index * size if is_seen else None


def _read(owner: str, raw: bytes, field: str) -> tuple[int, int]:
    """How many structures the parser reads into a field, and where the first one starts."""
    parsed = parse(owner, raw)
    value = vars(parsed).get(field)
    if value is None:
        return 0, 0
    return len(value) if isinstance(value, list) else 1, parsed._debug[field]["start"]


_read_near = lru_cache(_READ_KEPT)(_read)


def _is_header(raw: bytes) -> bool:
    placed = decode.structure("header", raw)
    return decode.holds(placed, "HDR-001") and decode.checksum_finding(placed) is None


def parse(structure: str, raw: bytes) -> Any:
    """The fields of a structure as the parser reads them."""
    return decode.structure(structure, raw).fields


LAYOUT = Format(
    structures=layout.STRUCTURES,
    constants={},
    guids={},
    enums={},
    rules={},
    claims={},
    parse=parse,
    broken=lambda *_: frozenset(),
    put=lambda raw, *_: raw,
)
