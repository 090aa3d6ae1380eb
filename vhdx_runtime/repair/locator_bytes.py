"""A parent locator as bytes that can be edited without touching what is not meant: pairs that cannot be read stay.

Knows that offsets count from the item's start, so that they move when the table of entries grows or shrinks. New
strings go behind the old ones, for nothing forbids pairs to share bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vhdx_format import layout

from ..codec import encode
from ..semantics.locator import Locator

_HEADER = layout.PARENT_LOCATOR_HEADER_SIZE
_ENTRY = layout.PARENT_LOCATOR_ENTRY_SIZE
_ENCODING = "utf-16-le"

Entry = dict[str, int]
"""The fields of an entry by id; offsets count as `Editable.base` says."""


@dataclass(frozen=True, slots=True)
class Editable:
    """A parent locator, taken apart.

    Attributes:
        locator_type: sixteen bytes.
        entries: where key and value of each pair lie.
        strings: the bytes behind the entries.
        base: the offset, from the start of the item, that the first byte of `strings` has in the entries.
    """

    locator_type: bytes
    entries: tuple[Entry, ...]
    strings: bytes
    base: int


def opened(locator: Locator, raw: bytes) -> Editable | None:
    """Take a locator apart, or None where it counts more pairs than were read.

    Args:
        locator: as `parse` gave it.
        raw: all bytes of the item.

    Spec: MS-VHDX 2.6.2.6
    """
    if not locator.header.complete or len(locator.pairs) != locator.header.fields.key_value_count:
        return None
    names = [field.id for field in layout.STRUCTURES["parent_locator_entry"].fields]
    entries = tuple({name: getattr(pair.entry.fields, name) for name in names} for pair in locator.pairs)
    base = _HEADER + len(entries) * _ENTRY
    return Editable(locator.header.fields.locator_type.raw, entries, raw[base:], base)


def empty() -> Editable:
    """A locator without pairs, of the type that the specification defines. Spec: MS-VHDX 2.6.2.6.1."""
    return Editable(layout.VHDX_LOCATOR_TYPE_GUID, (), b"", _HEADER)


def with_value(editable: Editable, index: int, value: str) -> Editable:
    """The same with another value in one pair. Spec: MS-VHDX 2.6.2.6.2."""
    data = value.encode(_ENCODING)
    entry = editable.entries[index] | {"value_offset": editable.base + len(editable.strings), "value_length": len(data)}
    return replace(_changed(editable, index, entry), strings=editable.strings + data)


def with_lengths(editable: Editable, index: int, key_length: int, value_length: int) -> Editable:
    """The same with other lengths, in bytes, of the strings of one pair. Spec: MS-VHDX 2.6.2.6.2."""
    lengths = {"key_length": key_length, "value_length": value_length}
    return _changed(editable, index, editable.entries[index] | lengths)


def with_pair(editable: Editable, key: str, value: str) -> Editable:
    """The same with one more pair, the last. Spec: MS-VHDX 2.6.2.6.2."""
    name, data = key.encode(_ENCODING), value.encode(_ENCODING)
    start = editable.base + len(editable.strings)
    entry = {"key_offset": start, "value_offset": start + len(name)}
    entry |= {"key_length": len(name), "value_length": len(data)}
    return replace(editable, entries=(*editable.entries, entry), strings=editable.strings + name + data)


def without(editable: Editable, index: int) -> Editable:
    """The same without one pair; its strings stay, as others may share them. Spec: MS-VHDX 2.6.2.6.2."""
    return replace(editable, entries=(*editable.entries[:index], *editable.entries[index + 1 :]))


def emitted(editable: Editable) -> bytes:
    """The bytes of the item. Spec: MS-VHDX 2.6.2.6."""
    shift = _HEADER + len(editable.entries) * _ENTRY - editable.base
    header = {"locator_type": editable.locator_type, "key_value_count": len(editable.entries)}
    parts = [encode.build("parent_locator_header", header)]
    for entry in editable.entries:
        moved = {name: _moved(name, value, editable.base, shift) for name, value in entry.items()}
        parts.append(encode.build("parent_locator_entry", moved))
    return b"".join((*parts, editable.strings))


def _moved(name: str, value: int, base: int, shift: int) -> int:
    return value + shift if name.endswith("_offset") and value >= base else value


def _changed(editable: Editable, index: int, entry: Entry) -> Editable:
    return replace(editable, entries=(*editable.entries[:index], entry, *editable.entries[index + 1 :]))
