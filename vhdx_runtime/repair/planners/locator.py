"""Repairs of the parent locator: how its pairs are written, and, where the caller names the parent, what they say.

That a file is the parent is for the caller to say: without one named, no linkage and no path is made up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from vhdx_format import layout

from ...change.change_set import AUTO, OFFERED
from ...check import Report
from ...codec import encode
from ...codec.decode import guid_text
from ...disk.image import Image
from ...semantics import metadata as metadata_module
from ...semantics.locator import (
    ABSOLUTE_WIN32_PATH,
    PARENT_LINKAGE,
    PARENT_LINKAGE2,
    RELATIVE_PATH,
    VOLUME_PATH,
    Locator,
    Pair,
    linkage_text,
)
from ..plan import Repair
from . import metadata
from .fields import changed

OF_PARENT = ("CHN-002", "PLC-001", "PLC-013", "PLC-016")
"""Rules that only a parent that the caller names mends."""

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


_PATHS = (RELATIVE_PATH, VOLUME_PATH, ABSOLUTE_WIN32_PATH)
_NUL = "\0".encode("utf-16-le")
_SURROGATES = range(0xD800, 0xE000)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def repairs(image: Image, report: Report, parent: Image | None = None, *, is_found: bool = False) -> Iterator[Repair]:
    """Repairs of the parent locator.

    Args:
        image: as it reads with all earlier repairs done.
        report: on it.
        parent: the parent that the caller names and vouches for, or None.
        is_found: there is a parent to which the linkage leads: it never leads to another one then.

    Spec: MS-VHDX 2.6.2.6
    """
    item = image.metadata.get("parent_locator")
    if "PLC-002" in report.totals and item is not None:
        patches = metadata.removed(image, item)
        yield Repair(("PLC-002",), "take the parent locator out of the metadata table", OFFERED, patches=patches)
    if image.geometry is None or not image.geometry.has_parent:
        return
    locator = image.locator
    editable = None
    if locator is not None and item is not None:
        if "PLC-005" in report.totals:
            patches = changed(locator.header, reserved=0)
            yield Repair(("PLC-005",), "clear the reserved word of the parent locator", AUTO, patches=patches)
        editable = opened(locator, metadata_module.read(image.view, item))
        if editable is not None:
            yield from _rewritten(image, report, locator, editable)
    if parent is not None:
        yield from _linked(image, parent, locator, editable, is_found)


def _rewritten(image: Image, report: Report, locator: Locator, editable: Editable) -> Iterator[Repair]:
    """What can be written otherwise, or left out, without knowing the parent."""
    if "PLC-010" in report.totals:
        yield from _stored(
            image, "PLC-010", AUTO, "take NULs from the ends of strings", editable, _trimmed(locator, editable)
        )
        what = "leave out pairs that are no text, and replace half surrogate pairs"
        yield from _stored(image, "PLC-010", OFFERED, what, editable, _readable(locator, editable))
    if "PLC-014" in report.totals and locator.usable:
        what = "write the linkages as GUIDs in braces and small letters"
        yield from _stored(image, "PLC-014", AUTO, what, editable, _normalised(locator, editable))
        second = locator.pair(PARENT_LINKAGE2)
        if second is not None and second.value is not None and linkage_text(second.value) is None:
            left = without(editable, _index(locator, second))
            yield from _stored(image, "PLC-014", OFFERED, f"leave {PARENT_LINKAGE2} out, no GUID", editable, left)
    volume = locator.pair(VOLUME_PATH)
    has_other_path = any(locator.pair(key) for key in (RELATIVE_PATH, ABSOLUTE_WIN32_PATH))
    if "PLC-017" in report.totals and volume is not None and has_other_path:
        left = without(editable, _index(locator, volume))
        yield from _stored(image, "PLC-017", OFFERED, f"leave {VOLUME_PATH} out, which names no volume", editable, left)


def _stored(image: Image, rule: str, consent: str, summary: str, old: Editable, new: Editable) -> Iterator[Repair]:
    """A repair that stores an edited locator, where it differs and there is room."""
    item = image.metadata.get("parent_locator")
    if new == old or item is None:
        return
    patches = metadata.replaced(image, item, emitted(new))
    if patches is not None:
        yield Repair((rule,), f"parent locator: {summary}", consent, patches=patches)


def _index(locator: Locator, pair: Pair) -> int:
    return next(index for index, other in enumerate(locator.pairs) if other is pair)


def _trimmed(locator: Locator, editable: Editable) -> Editable:
    """Without the NUL behind keys and values that are text otherwise."""
    for index, pair in enumerate(locator.pairs):
        if pair.skipped or pair.key is None or pair.value is None:
            continue
        entry = editable.entries[index]
        lengths = []
        for name in ("key", "value"):
            start = entry[f"{name}_offset"] - editable.base
            length = entry[f"{name}_length"]
            ends = start >= 0 and editable.strings[start : start + length].endswith(_NUL)
            lengths.append(length - len(_NUL) if ends and length > len(_NUL) else length)
        if lengths != [entry["key_length"], entry["value_length"]]:
            editable = with_lengths(editable, index, *lengths)
    return editable


def _readable(locator: Locator, editable: Editable) -> Editable:
    """Without pairs that are no text; half surrogate pairs replaced, but in paths, where they may be part of a name."""
    for index in reversed(range(len(locator.pairs))):
        pair = locator.pairs[index]
        if pair.skipped == "PLC-010" or _has_half_pair(pair.key):
            editable = without(editable, index)
        elif pair.key not in _PATHS and pair.value is not None and _has_half_pair(pair.value):
            text = "".join(_REPLACEMENT if ord(letter) in _SURROGATES else letter for letter in pair.value)
            editable = with_value(editable, index, text)
    return editable


def _has_half_pair(text: str | None) -> bool:
    return text is not None and any(ord(letter) in _SURROGATES for letter in text)


def _normalised(locator: Locator, editable: Editable) -> Editable:
    for key in (PARENT_LINKAGE, PARENT_LINKAGE2):
        pair = locator.pair(key)
        text = linkage_text(pair.value) if pair is not None and pair.value is not None else None
        if pair is not None and text is not None and text != pair.value:
            editable = with_value(editable, _index(locator, pair), text)
    return editable


def _linked(
    image: Image, parent: Image, locator: Locator | None, editable: Editable | None, is_found: bool
) -> Iterator[Repair]:
    """What the parent that the caller names lets the locator say."""
    current = parent.headers.current
    if current is None or current.fields.data_write_guid.is_nil or not _has_equal_sectors(image, parent):
        return
    raw = current.fields.data_write_guid.raw
    linkage, path = f"{{{guid_text(raw)}}}", _relative_path(image.name, parent.name)
    if locator is None:
        made = with_pair(empty(), PARENT_LINKAGE, linkage)
        content = emitted(with_pair(made, RELATIVE_PATH, path))
        patches = metadata.added(image, "parent_locator", content)
        if patches is not None:
            yield Repair(("PLC-001",), f"add a parent locator for {parent.name}", OFFERED, patches=patches)
        return
    if editable is None or not locator.usable:
        return
    yield from _relinked(image, locator, editable, linkage, raw, is_found)
    if not any(locator.pair(key) for key in _PATHS):
        new = with_pair(editable, RELATIVE_PATH, path)
        yield from _stored(image, "PLC-016", OFFERED, f"add {RELATIVE_PATH} {path}", editable, new)


def _has_equal_sectors(image: Image, parent: Image) -> bool:
    one, two = image.geometry, parent.geometry
    return one is not None and two is not None and one.logical_sector_size == two.logical_sector_size


def _relinked(
    image: Image, locator: Locator, editable: Editable, linkage: str, raw: bytes, is_found: bool
) -> Iterator[Repair]:
    pair = locator.pair(PARENT_LINKAGE)
    if pair is None:
        new = with_pair(editable, PARENT_LINKAGE, linkage)
        yield from _stored(image, "PLC-013", OFFERED, f"add {PARENT_LINKAGE} {linkage}", editable, new)
    elif raw not in locator.linkage:
        rule = "CHN-002" if pair.value is not None and linkage_text(pair.value) else "PLC-014"
        if rule == "CHN-002" and is_found:  # the one that is named may stand above it: a layer would be lost
            return
        new = with_value(editable, _index(locator, pair), linkage)
        what = f"set {PARENT_LINKAGE} to {linkage}, from {pair.value!r}; the caller vouches for the parent's contents"
        yield from _stored(image, rule, OFFERED, what, editable, new)


def _relative_path(child: str, parent: str) -> str:
    r"""The path from the child's folder to the parent as Windows writes it.

    >>> _relative_path("disks/child.avhdx", "disks/base/base.vhdx")
    '.\\base\\base.vhdx'
    """
    path = os.path.relpath(os.path.abspath(parent), os.path.dirname(os.path.abspath(child)))
    parts = path.split(os.sep)
    return "\\".join(parts if parts[0] == os.pardir else (os.curdir, *parts))
