"""What differs between two files as lines for people, entries in a row that changed alike as one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from ..wording import counted, shown
from .difference import LeafChange
from .entry_changes import EntryRun
from .node import Bit, Node, steps
from .render import Paint, value_text

_HEX_BYTES: Final = 16
_BEHIND: Final = "behind the end"


def lines(found: Iterable[LeafChange | EntryRun], start: int, limit: int, paint: Paint) -> Iterator[str]:
    """Changes, by the object that they are in.

    Args:
        found: in ascending order.
        start: file offset at which both sides start.
        limit: lines for each object, 0 for all.
        paint: gives colours.
    """
    for name, members in groupby(found, _object):
        yield paint(shown(name), "name")
        left_out = count = number = 0
        for replaced, alike in groupby(members, _replaced):
            for text, change in _rows(replaced, alike):
                number += 1
                if limit and number > limit:
                    count, left_out = count + 1, left_out + change.bytes
                else:
                    yield f"  {start + change.start:#14x} {change.bytes:>9}  {text or _row(change)}"
        if count:
            more = f"… and {counted(count, 'change')} more, {counted(left_out, 'byte')}; --limit 0 shows all"
            yield paint(f"  {'':14} {'':9}  {more}", "dim")


def _object(change: LeafChange | EntryRun) -> str:
    one, other = (_BEHIND if path is None else steps(path)[0].partition("[")[0] for path in change.paths)
    return one if one == other else f"{one} → {other}"


def _replaced(change: LeafChange | EntryRun) -> str:
    """What was replaced with what, where both are not the same thing, or copies of it; else ""."""
    one, other = change.paths
    if one == other or isinstance(change, EntryRun):
        return ""
    tails = [steps(path or "")[1:] for path in (one, other)]
    depth = 1 if one is None or other is None else 2
    return "" if tails[0] == tails[1] != [] else f"{_address(change.first, depth)} → {_address(change.second, depth)}"


def _rows(replaced: str, alike: Iterator[LeafChange | EntryRun]) -> Iterator[tuple[str, LeafChange | EntryRun]]:
    """Changes each by itself, but for those of one thing that was replaced with another one."""
    if not replaced:
        yield from (("", change) for change in alike)
        return
    first = next(alike)
    size = first.bytes + sum(change.bytes for change in alike)
    yield replaced, LeafChange(None, None, first.start, first.end, size)


def _row(change: LeafChange | EntryRun) -> str:
    if isinstance(change, EntryRun):
        count = "" if change.entries == 1 else f"{change.entries} entries: "
        old, new = change.texts()
        return f"{change.path}  {count}{old} → {new}"
    one, other = change.first, change.second
    if one is None or other is None:
        return "only one of the two is so long"
    where = shown(one.path if one.path == other.path else ".".join(steps(one.path)[1:]))
    return f"{where}  {_bits(one, other) if one.bits else _said(change, one, other)}"


def _address(node: Node | None, depth: int) -> str:
    """The object, or with a depth of 2 also what of it."""
    return _BEHIND if node is None else shown(".".join(steps(node.path)[:depth]))


def _bits(one: Node, other: Node) -> str:
    pairs = zip(one.bits, other.bits, strict=False)
    return ", ".join(f"{old.name} {_bit(old)} → {_bit(new)}" for old, new in pairs if old.value != new.value)


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
