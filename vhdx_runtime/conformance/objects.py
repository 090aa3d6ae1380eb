"""Objects of a file that overrides can name: as built, as overrides and seal leave them, and where they lie.

Knows damage and seals, and that what is written later covers what was written before; of what is in an object it knows
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from vhdx_format import layout

from ..codec import checksum
from . import overrides
from .recipe import Damage, Override
from .sparse import SparseBytes

_TORN_AT = layout.SECTOR_SIZE_512
Span = tuple[int, int]


class Object(NamedTuple):
    """One object. Offsets and lengths in bytes.

    Attributes:
        target: its name in overrides; "" for bytes that none can name.
        structure: what it is, in the layout; "" for none.
        built: its bytes before overrides, seal and damage.
        data: its bytes as they go into the file.
        damage: what is done to it at the end.
        offsets: where fields start that the layout cannot place.
        parts: (file offset, length) of its pieces, in order; more than one where the log's end or a torn write splits
            it. The pieces of an object that is not placed yet are none.
        starts: where each piece starts in the object.
        order: how many writes the file had seen when it was there.
    """

    target: str
    structure: str
    built: bytes
    data: bytes
    damage: Damage = "none"
    offsets: Mapping[str, int] | None = None
    parts: tuple[Span, ...] = ()
    starts: tuple[int, ...] = ()
    order: int = 0


def make(
    target: str,
    structure: str,
    built: bytes,
    changes: Sequence[Override] = (),
    damage: Damage = "none",
    offsets: Mapping[str, int] | None = None,
) -> Object:
    """An object that has no place yet, see `Object`; of `changes`, those of its name count.

    Raises:
        RecipeError: a field that the structure does not have, a value that does not fit.
    """
    return finished(Object(target, structure, built, built, damage, offsets), changes)


def finished(one: Object, changes: Sequence[Override]) -> Object:
    """The object as overrides, the seal and its damage leave it.

    Args:
        one: the object; what it was made to before does not count.
        changes: overrides; those of other objects are passed over.

    Raises:
        RecipeError: a field that the structure does not have, a value that does not fit.
    """
    data = overrides.finish(one.target, one.structure, one.built, changes, one.offsets)
    return one._replace(data=_damaged(data, one.structure, one.damage))


def _damaged(raw: bytes, structure: str, damage: Damage) -> bytes:
    if damage == "zeroed":
        return bytes(len(raw))
    if damage == "torn":
        return raw[:_TORN_AT].ljust(len(raw), b"\0")
    if damage == "bad_checksum":
        start = checksum.position(structure)
        return raw[:start] + bytes([raw[start] ^ 0xFF]) + raw[start + 1 :]
    return raw


def place(file: SparseBytes, one: Object, offset: int) -> Object:
    """Write an object to a file and return it with its place.

    Args:
        file: the file.
        one: the object.
        offset: in the file.
    """
    file.write(offset, one.data)
    return one._replace(parts=((offset, len(one.data)),), starts=(0,), order=len(file.written))


def lay_over(file: SparseBytes, one: Object, written: Sequence[Span]) -> None:
    """Write an object again to where it lies, but for what has been written over it since.

    Args:
        file: the file.
        one: the object, with its place.
        written: all writes of the file that the object was placed in, in order.
    """
    later = written[one.order :]
    for (offset, length), start in zip(one.parts, one.starts, strict=True):
        for low, high in _uncovered(offset, offset + length, later):
            file.write(low, one.data[start + low - offset : start + high - offset])


def touches(one: Object, ranges: Sequence[Span]) -> bool:
    """Whether a piece of the object lies in one of some ranges (start, end) of the file."""
    return any(start < offset + length and offset < end for offset, length in one.parts for start, end in ranges)


def _uncovered(start: int, end: int, later: Sequence[Span]) -> Iterator[Span]:
    """The parts (start, end) of a range that no later write meets.

    >>> list(_uncovered(0, 10, [(8, 4), (2, 3), (2, 0)]))
    [(0, 2), (5, 8)]
    """
    for offset, length in sorted(span for span in later if span[0] < end and start < span[0] + span[1]):
        if start < offset:
            yield start, offset
        start = max(start, offset + length)
    if start < end:
        yield start, end
