"""Ranges: pieces of the virtual disk as a caller sees them, and how neighbours become one.

Knows the shape of a range and how the log's overlay divides a piece. Reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .codec.overlay import Overlay
from .mapping import DATA, ZERO, Piece

LOG = "log"
MISSING = "missing"


class Range(NamedTuple):
    """A piece of the virtual disk, and where its bytes are.

    Attributes:
        virtual_offset: in bytes.
        length: in bytes.
        kind: "data" (in `file` at `file_offset`), "log" (supplied by the replayed log of `file`, for that offset),
        "zero"
            (defined as zeros), "hole" (stored nowhere in the chain: zeros), "missing" (left to a parent that is not
            there: zeros) or "unreadable".
        file: name of the container of the chain that decided it.
        file_offset: of the first byte, for data and log, and in lists of what was lost where reading the file failed;
            else None.
        depth: position of that container in the chain, 0 for the one that was opened.
    """

    virtual_offset: int
    length: int
    kind: str
    file: str
    file_offset: int | None
    depth: int


def merged(ranges: Iterable[Range]) -> Iterator[Range]:
    """Neighbours of the same kind in the same container that lie one behind another, as one."""
    pending: Range | None = None
    for found in ranges:
        joined = _merge(pending, found) if pending else found
        if joined is None and pending:
            yield pending
        pending = joined or found
    if pending:
        yield pending


def through(view: Overlay, piece: Piece, name: str, depth: int) -> Iterator[Range]:
    """A piece of data as the parts that the file supplies, that the log supplies, and that the log set to zero."""
    for file_offset, length, kind in view.pieces(piece.file_offset, piece.length):
        virtual = piece.virtual_offset + file_offset - piece.file_offset
        if kind == "zero":
            yield Range(virtual, length, ZERO, name, None, depth)
        else:
            yield Range(virtual, length, DATA if kind == "base" else LOG, name, file_offset, depth)


def _merge(first: Range, second: Range) -> Range | None:
    if first.kind != second.kind or first.depth != second.depth:
        return None
    if first.file_offset is not None and first.file_offset + first.length != second.file_offset:
        return None
    return first._replace(length=first.length + second.length)
