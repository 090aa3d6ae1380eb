"""Objects of a file that overrides can name: as built, as overrides and seal leave them, and where they lie.

Knows damage and seals, and that what is written later covers what was written before; of what is in an object it knows
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from vhdx_format import layout
from vhdx_format.layout import LOG_ENTRY_HEADER_SIZE, LOG_SIZE_DEFAULT, STRUCTURES, Field

from ...codec import checksum, encode
from ..recipes.recipe import BytesOverride, Damage, FieldOverride, Override, RecipeError, guid_bytes
from .sparse import SparseBytes

_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")
_LENGTH = next(field for field in STRUCTURES["log_entry_header"].fields if field.id == "entry_length")


def finish(
    target: str,
    structure: str,
    raw: bytes,
    overrides: Sequence[Override],
    offsets: Mapping[str, int] | None = None,
) -> bytes:
    """Apply the overrides of one object and seal it in between.

    Args:
        target: name of the object; overrides of other targets are passed over.
        structure: what it is, in the layout; "" for bytes without one.
        raw: its bytes as built.
        overrides: all of the recipe's.
        offsets: where fields start that the layout cannot place ("data_sectors").

    Returns:
        The bytes, of the same length, sealed where the structure has a checksum.

    Raises:
        RecipeError: a field that the structure does not have, a value that does not fit.
    """
    mine = [override for override in overrides if override.target == target]
    for override in mine:
        if override.is_sealed:
            raw = _apply(structure, raw, override, offsets or {})
    if structure and STRUCTURES[structure].checksum is not None:
        raw = _sealed(structure, raw)
    for override in mine:
        if not override.is_sealed:
            raw = _apply(structure, raw, override, offsets or {})
    return raw


def _sealed(structure: str, raw: bytes) -> bytes:
    """Bytes with their checksum; that of a log entry is over as many bytes as the entry claims.

    What it claims behind its own end counts as zero. A claim that no entry of a usual log can make leaves the checksum
    over what was built.

    Spec: MS-VHDX 2.3.1.1
    """
    covered = len(raw)
    if structure == "log_entry":
        start, size = _LENGTH.offset or 0, _LENGTH.size or 0
        claimed = int.from_bytes(raw[start : start + size], "little")
        covered = claimed if LOG_ENTRY_HEADER_SIZE <= claimed <= LOG_SIZE_DEFAULT else covered
    whole = encode.seal(structure, raw[:covered].ljust(covered, b"\0"))
    return whole[: len(raw)] + raw[covered:]


def _apply(structure: str, raw: bytes, override: Override, offsets: Mapping[str, int]) -> bytes:
    if isinstance(override, BytesOverride):
        end = override.offset + len(override.data)
        if end > len(raw):
            raise RecipeError(f"override of {override.target}: bytes {override.offset}..{end} of {len(raw)}")
        return raw[: override.offset] + override.data + raw[end:]
    if not structure:
        raise RecipeError(f"override of {override.target}: it has no fields, only bytes")
    offset, field = _find(structure, override, offsets)
    try:
        return replaced(raw, offset, field, override.value)
    except (OverflowError, ValueError, TypeError) as error:
        raise RecipeError(f"override of {override.target} {override.field}: {error}") from error


def _find(structure: str, override: FieldOverride, offsets: Mapping[str, int]) -> tuple[int, Field]:
    """Offset in the object, and the field, of a path such as "entries[1].length"."""
    base, owner, found = 0, structure, None
    for step in override.field.split("."):
        match = _STEP.fullmatch(step)
        fields = {field.id: field for field in STRUCTURES[owner].fields} if owner in STRUCTURES else {}
        if match is None or match[1] not in fields:
            raise RecipeError(f"override of {override.target}: {owner} has no field {step}")
        found = fields[match[1]]
        start = found.offset if found.offset is not None else offsets.get(found.id, 0)
        base += start + int(match[2] or 0) * _element_size(found)
        owner = found.type
    if found is None or found.type in STRUCTURES:
        raise RecipeError(f"override of {override.target}: {override.field} is a structure, not a field")
    return base, found


def _element_size(field: Field) -> int:
    return (STRUCTURES[field.type].size or 0) if field.type in STRUCTURES else 0


def replaced(raw: bytes, offset: int, field: Field, value: int | bytes | str) -> bytes:
    """Bytes with another value in the place of a field.

    Args:
        raw: the bytes.
        offset: of the field (of the word that holds it, where it is of bits) in them.
        field: what the layout says of it.
        value: integer, bytes, or GUID text.

    Raises:
        OverflowError: an integer that is negative or too large.
        ValueError: a value that does not fit.
    """
    if isinstance(value, str):
        value = guid_bytes(value)
    if isinstance(value, int) and field.bits:
        return _with_bits(raw, offset, field, value)
    size = field.size or len(value if isinstance(value, bytes) else b"")
    data = value.to_bytes(size, "little") if isinstance(value, int) else value
    if len(data) != size or offset + size > len(raw):
        raise ValueError(f"{len(data)} bytes for a field of {size}")
    return raw[:offset] + data + raw[offset + size :]


def _with_bits(raw: bytes, offset: int, field: Field, value: int) -> bytes:
    first, width = field.bit_offset or 0, field.bits or 0
    size = -(-(first + width) // 8)
    if value >> width:
        raise ValueError(f"{value:#x} does not fit in {width} bits")
    word = int.from_bytes(raw[offset : offset + size], "little")
    word = word & ~(((1 << width) - 1) << first) | value << first
    return raw[:offset] + word.to_bytes(size, "little") + raw[offset + size :]


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
    data = finish(one.target, one.structure, one.built, changes, one.offsets)
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
    """Write an object to a file and return it with its place."""
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
