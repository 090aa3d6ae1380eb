"""Fields of a file by path: what they hold, and how two files differ in them.

Finds them through the layout in the objects that a file is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vhdx_format import layout

from ..codec import decode
from .engine.boundaries import is_seal, value_of, width
from .engine.format import Format, Root
from .engine.places import Place, places


class Fields:
    """Fields of objects, by path: "header_1.sequence_number", "region_table_1.entries[0].guid".

    Attributes:
        roots: the objects by name.
    """

    def __init__(self, roots: Mapping[str, Root]) -> None:
        self.roots = roots
        self._known: dict[str, dict[str, Place]] = {}

    def _of(self, target: str) -> dict[str, Place]:
        """The fields of one object by path; looked for when they are asked for."""
        if target not in self._known:
            found = places(LAYOUT, self.roots[target]) if target in self.roots else ()
            self._known[target] = {f"{target}.{one.path}": one for one in found}
        return self._known[target]

    def _place(self, path: str) -> Place | None:
        return self._of(path.partition(".")[0]).get(path)

    def number(self, path: str) -> int | None:
        """What an integer field holds; None where there is no such field."""
        place = self._place(path)
        return value_of(place) if place and width(place.field) else None

    def raw(self, path: str) -> bytes:
        """The bytes of a field; empty where there is no such field."""
        place = self._place(path)
        if place is None:
            return b""
        start: int = place.field.offset
        return place.owner_raw[start : start + place.field.size]

    def current_header(self) -> str:
        """Name of the valid header with the larger sequence number, "" where none is valid.

        Spec: MS-VHDX 2.2.2
        """
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


def _is_header(raw: bytes) -> bool:
    placed = decode.structure("header", raw)
    return decode.holds(placed, "HDR-001") and decode.checksum_finding(placed) is None


def _parse(structure: str, raw: bytes) -> Any:
    return decode.structure(structure, raw).fields


LAYOUT = Format(
    structures=layout.STRUCTURES,
    constants={},
    guids={},
    enums={},
    rules={},
    claims={},
    parse=_parse,
    broken=lambda *_: frozenset(),
    put=lambda raw, *_: raw,
)
