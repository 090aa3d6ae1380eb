"""The ranges of a disk as a picture: a cell for a piece of the disk, a sign for what is in it.

A cell of several kinds never shows one of them only: it shows how much of it is stored, and what cannot be read comes
before everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from ..disk.ranges import LOG, MISSING, Range
from ..semantics.presence import DATA, HOLE, UNREADABLE, ZERO
from .common import size_text

_ROWS = 16
_LEAST_CELL = 1 << 12
_MARGIN = 16
_SIGNS = {DATA: "█", LOG: "▓", ZERO: "░", HOLE: "·", MISSING: "?", UNREADABLE: "✗"}
_WORDS = {
    DATA: "data",
    LOG: "supplied by the log",
    ZERO: "zero",
    HOLE: "hole",
    MISSING: "missing",
    UNREADABLE: "unreadable, also in part",
}
_COLOURS = {
    DATA: "blue",
    LOG: "yellow",
    ZERO: "green",
    HOLE: "bright_black",
    MISSING: "magenta",
    UNREADABLE: "red",
    "part": "cyan",
    "empty": "green",
}
_EIGHTHS = "▁▂▃▄▅▆▇"
_EMPTY = "▒"


def lines(ranges: Iterable[Range], offset: int, length: int, width: int) -> Iterator[str]:
    """The picture and its legend.

    Args:
        ranges: that cover the piece of the disk, in order.
        offset: of the piece, in bytes.
        length: of the piece, in bytes.
        width: characters that a line may have.
    """
    columns = 1 << max(8, width - _MARGIN).bit_length() - 1
    cell = _LEAST_CELL
    while -(-length // cell) > columns * _ROWS:
        cell *= 2
    cells: list[dict[str, int]] = [{} for _ in range(-(-length // cell))]
    totals: dict[str, int] = {}
    for found in ranges:
        totals[found.kind] = totals.get(found.kind, 0) + found.length
        _spread(found, offset, cell, cells)
    yield f"{size_text(length)} of the disk, {size_text(cell)} a cell"
    signs = [_sign(shares) for shares in cells]
    for row in range(0, len(signs), columns):
        yield f"{offset + row * cell:>#14x}  " + "".join(_painted(*sign) for sign in signs[row : row + columns])
    yield from _legend(totals, {kind for _, kind in signs})


def _spread(found: Range, offset: int, cell: int, cells: list[dict[str, int]]) -> None:
    """Add a range to the cells that it reaches."""
    position, end = found.virtual_offset - offset, found.virtual_offset - offset + found.length
    while position < end:
        number = position // cell
        stop = min(end, (number + 1) * cell)
        shares = cells[number]
        shares[found.kind] = shares.get(found.kind, 0) + stop - position
        position = stop


def _sign(shares: dict[str, int]) -> tuple[str, str]:
    """The sign of a cell and what it stands for.

    >>> _sign({"hole": 4096}), _sign({"hole": 1024, "data": 3072}), _sign({"data": 4000, "unreadable": 96})
    (('·', 'hole'), ('▆', 'part'), ('✗', 'unreadable'))
    """
    if UNREADABLE in shares:
        return _SIGNS[UNREADABLE], UNREADABLE
    if len(shares) == 1:
        kind = next(iter(shares))
        return _SIGNS[kind], kind
    stored = shares.get(DATA, 0) + shares.get(LOG, 0)
    if not stored:
        return _EMPTY, "empty"
    whole = sum(shares.values())
    return _EIGHTHS[max(1, min(len(_EIGHTHS), stored * 8 // whole)) - 1], "part"


def _painted(sign: str, kind: str) -> str:
    return click.style(sign, fg=_COLOURS[kind])


def _legend(totals: dict[str, int], shown: set[str]) -> Iterator[str]:
    """What the signs mean, and how much there is of each kind."""
    yield ""
    for kind, sign in _SIGNS.items():
        if kind in totals:
            yield f"  {_painted(sign, kind)}  {_WORDS[kind]}: {size_text(totals[kind])}"
    if "part" in shown:
        yield f"  {_painted(_EIGHTHS[0] + '…' + _EIGHTHS[-1], 'part')}  stored in part: eighths of the cell"
    if "empty" in shown:
        yield f"  {_painted(_EMPTY, 'empty')}  nothing stored in the cell, for more than one reason"
