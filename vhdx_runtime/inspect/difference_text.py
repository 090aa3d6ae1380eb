"""What differs between two files as lines for people, entries in a row that changed alike as one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from ..wording import counted, shown
from .difference import LeafChange
from .node import Bit, Node, steps
from .render import Paint, value_text

_INDEXED: Final = re.compile(r"(.*)\[(\d+)\]")
_HEX_BYTES: Final = 16
_BEHIND: Final = "behind the end"


@dataclass(slots=True)
class _Row:
    """A change, or some that are alike and in a row."""

    first: LeafChange
    last: LeafChange
    count: int = 1
    bytes: int = 0


def lines(found: Iterable[LeafChange], start: int, limit: int, paint: Paint) -> Iterator[str]:
    """Changes, by the object that they are in.

    Args:
        found: in ascending order.
        start: file offset at which both sides start.
        limit: lines for each object, 0 for all.
        paint: gives colours.
    """
    for name, members in groupby(found, _object):
        yield paint(shown(name), "name")
        left_out = count = 0
        for number, row in enumerate(_rows(members)):
            if not limit or number < limit:
                yield f"  {start + row.first.start:#14x} {row.bytes:>9}  {_row(row)}"
            else:
                count += row.count
                left_out += row.bytes
        if count:
            more = f"… and {counted(count, 'change')} more, {counted(left_out, 'byte')}; --limit 0 shows all"
            yield paint(f"  {'':14} {'':9}  {more}", "dim")


def _object(change: LeafChange) -> str:
    one, other = (_BEHIND if path is None else steps(path)[0].partition("[")[0] for path in change.paths)
    return one if one == other else f"{one} → {other}"


def _rows(found: Iterable[LeafChange]) -> Iterator[_Row]:
    row: _Row | None = None
    for change in found:
        if row is not None and _follows(row.last, change):
            row.last = change
            row.count += 1
            row.bytes += change.bytes
            continue
        if row is not None:
            yield row
        row = _Row(change, change, 1, change.bytes)
    if row is not None:
        yield row


def _follows(before: LeafChange, after: LeafChange) -> bool:
    """More of what one thing was replaced with, or the next entry of a table, whose word changed in the same way."""
    replaced = _replaced(before)
    if replaced:
        return replaced == _replaced(after)
    old, new = _numbered(before), _numbered(after)
    if old is None or new is None or old[0] != new[0] or old[1] + 1 != new[1]:
        return False
    return _kind(before) == _kind(after)


def _replaced(change: LeafChange) -> str:
    """What was replaced with what, where both are not the same thing, or copies of it; else ""."""
    one, other = change.paths
    if one == other:
        return ""
    tails = [steps(path or "")[1:] for path in (one, other)]
    return "" if tails[0] == tails[1] != [] else f"{_address(change.first)} → {_address(change.second)}"


def _numbered(change: LeafChange) -> tuple[str, int] | None:
    one, other = change.first, change.second
    if one is None or other is None or one.path != other.path or not one.bits:
        return None
    match = _INDEXED.fullmatch(one.path)
    return (match[1], int(match[2])) if match else None


def _kind(change: LeafChange) -> list[tuple[str, str, str]]:
    return [(old.name, *((_bit(old), _bit(new)) if old.unit is None and old.meaning else ("", "")))
            for old, new in _changed_bits(change)]  # fmt: skip


def _changed_bits(change: LeafChange) -> list[tuple[Bit, Bit]]:
    if change.first is None or change.second is None:
        return []
    return [(old, new) for old, new in zip(change.first.bits, change.second.bits, strict=False)
            if old.value != new.value]  # fmt: skip


def _row(row: _Row) -> str:
    change = row.first
    one, other = change.first, change.second
    replaced = _replaced(change)
    if replaced or one is None or other is None:
        return replaced
    if row.count > 1:
        base, number = _numbered(change) or ("", 0)
        path = f"{base}[{number}..{number + row.count - 1}]"
        return f"{shown(path)}  {counted(row.count, 'entry', 'entries')}: {_words(row)}"
    where = shown(one.path if one.path == other.path else ".".join(steps(one.path)[1:]))
    return f"{where}  {_words(row) if one.bits else _said(change, one, other)}"


def _address(node: Node | None) -> str:
    """The object and what of it."""
    return _BEHIND if node is None else shown(".".join(steps(node.path)[:2]))


def _words(row: _Row) -> str:
    ends = [_changed_bits(change) for change in (row.first, row.last)]
    parts = []
    for (old, new), (old_last, new_last) in zip(*ends, strict=True):
        before, after = _range(old, old_last), _range(new, new_last)
        parts.append(f"{old.name} {before} → {after}")
    return ", ".join(parts)


def _range(first: Bit, last: Bit) -> str:
    return _bit(first) if first.value == last.value else f"{_bit(first)} … {_bit(last)}"


def _bit(bit: Bit) -> str:
    value = "?" if bit.value is None else str(bit.value)
    return f"{value} ({bit.meaning})" if bit.meaning else value


def _said(change: LeafChange, one: Node, other: Node) -> str:
    texts = [value_text(node) for node in (one, other)]
    if texts[0] != texts[1] and all(texts):
        return f"{texts[0]} → {texts[1]}"
    if one.size <= _HEX_BYTES and one.raw and other.raw:
        return f"[{one.raw.hex(' ')}] → [{other.raw.hex(' ')}]"
    return f"{counted(change.bytes, 'byte')} of {max(one.size, other.size)}, in {counted(change.ranges, 'range')}"
