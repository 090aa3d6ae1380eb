"""Ranges: pieces of the virtual disk as a caller sees them, and how neighbours become one.

Knows how a chain answers for a range: each container says what it leaves to its parent. Reads no guest bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..codec.overlay import Overlay
from ..semantics.presence import DATA, HOLE, PARENT, PARTIAL, UNREADABLE, ZERO
from .image import Image
from .mapping import Piece

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
            there: zeros), "unreadable", or "partial" (asked for only: see `VirtualDisk.ranges`).
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


def joined(first: Range, second: Range) -> Range | None:
    """Two ranges as one, where the second follows the first, or None."""
    return _merge(first, second) if first.virtual_offset + first.length == second.virtual_offset else None


def take(listed: list[Range], found: Range, most: int) -> bool:
    """Add a range to a list, to its last one where it follows that; False where the list has no room for it."""
    both = joined(listed[-1], found) if listed else None
    if both:
        listed[-1] = both
    elif len(listed) < most:
        listed.append(found)
    else:
        return False
    return True


def pieces_of(
    images: Sequence[Image], depth: int, offset: int, length: int, *, coarse: bool = False
) -> Iterator[tuple[int, Piece]]:
    """What a chain says of a range from one of its containers on, as pieces; none is left to a parent.

    Args:
        images: the chain, child first.
        depth: of the container to begin with.
        offset: virtual offset in bytes.
        length: in bytes.
        coarse: that of `VirtualDisk.ranges`.

    Yields:
        The depth of the container that decided it, and the piece.
    """
    image = images[depth]
    inside = max(0, min(length, image.size - offset))
    if inside and image.mapping is not None:
        for piece in image.mapping.pieces(offset, inside, coarse=coarse):
            if piece.kind == PARTIAL and _hides(images, depth, piece):
                yield from pieces_of(images, depth, piece.virtual_offset, piece.length)
            elif piece.kind != PARENT:
                yield depth, piece
            elif depth + 1 < len(images):
                yield from pieces_of(images, depth + 1, piece.virtual_offset, piece.length, coarse=coarse)
            else:
                yield depth, piece._replace(kind=MISSING)
    if inside < length:
        yield depth, Piece(offset + inside, length - inside, HOLE, 0)


def _hides(images: Sequence[Image], depth: int, piece: Piece) -> bool:
    """Whether something below a piece of the kind partial is lost; not where nothing at all is there."""
    last = len(images) - 1
    below = pieces_of(images, depth + 1, piece.virtual_offset, piece.length, coarse=True) if depth < last else ()
    return any(
        found.kind in (UNREADABLE, MISSING) or (found.kind == PARTIAL and deeper == last) for deeper, found in below
    )


def of_chain(images: Sequence[Image], offset: int, length: int, *, coarse: bool) -> Iterator[Range]:
    """The ranges of a chain, of which neighbours may be of the same kind; arguments as those of `pieces_of`."""
    for depth, piece in pieces_of(images, 0, offset, length, coarse=coarse):
        image = images[depth]
        if piece.kind != DATA:
            yield Range(piece.virtual_offset, piece.length, piece.kind, image.name, None, depth)
        elif isinstance(image.view, Overlay):
            yield from _through(image.view, piece, image.name, depth)
        else:
            yield Range(piece.virtual_offset, piece.length, DATA, image.name, piece.file_offset, depth)


def _through(view: Overlay, piece: Piece, name: str, depth: int) -> Iterator[Range]:
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
