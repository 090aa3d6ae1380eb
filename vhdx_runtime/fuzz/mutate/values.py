"""Values for a field that are worth a try: what the layout and the file itself make interesting.

Borders of the field's width, constants and limits of the format, places and lengths of other structures in the field's
unit, what the same field holds elsewhere (also in another file), and small steps from the value there is.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vhdx_format.layout import (
    CONSTANTS,
    GUIDS,
    LOG_SECTOR_SIZE,
    OBJECT_ALIGNMENT,
    SECTOR_SIZE_512,
    STRUCTURES,
    Field,
)

from .structures import COUNT_PATH, Raw, StructureTarget, fields

_BITS: Final = {"u1": 8, "u2": 16, "u4": 32, "u8": 64}
_CONSTANTS: Final = sorted({item.value for item in CONSTANTS.values() if isinstance(item.value, int)})
_SIGNATURES: Final = sorted({item.value for item in CONSTANTS.values() if isinstance(item.value, bytes)})
_GUIDS: Final = sorted(guid.raw for guid in GUIDS.values())
_UNITS: Final = (1, 8, SECTOR_SIZE_512, LOG_SECTOR_SIZE, OBJECT_ALIGNMENT)
_STEPS: Final = (0, 0, 0, 0, *(step for unit in _UNITS for step in (unit, -unit)))
_TEXTS: Final = tuple(text.encode("utf-16-le", "surrogatepass") for text in ("\0", "\ud800", "\udfff", "\U0001f4be"))
_MIB: Final = "MiB"
_SMALL_COUNTS: Final = 0.85
_COUNTS: Final = frozenset(
    match[0].partition(".")[2]
    for structure in STRUCTURES.values()
    for field in structure.fields
    if (match := COUNT_PATH.match(field.repeat or ""))
)  # ids of the fields that say how many of something there are


@dataclass(frozen=True, slots=True)
class Around:
    """What the file around a field offers.

    Attributes:
        raw: the file.
        places: its structures.
        other: another file whose fields may be copied, or the same.
        others: structures of that file.
    """

    raw: Raw
    places: Sequence[StructureTarget]
    other: Raw
    others: Sequence[StructureTarget]


def stored(raw: Raw, target: StructureTarget, field: Field) -> bytes:
    """The bytes of a field; of a bit field those of the word that holds it."""
    start = target.offset + (field.offset or 0)
    return bytes(raw[start : start + (field.size or 0)])


def other_value(at: random.Random, target: StructureTarget, field: Field, around: Around) -> bytes:
    """Another value for a field.

    Returns:
        As many bytes as the field has; of a bit field the word that holds it, its other bits as they were.
    """
    old = stored(around.raw, target, field)
    if at.random() < 0.15:
        return _copied(at, target, field, around) or old
    if field.type == "bits":
        word = int.from_bytes(old, "little")
        mask = (1 << field.bits) - 1
        value = _number(at, field, word >> field.bit_offset & mask, field.bits, around) & mask
        return (word & ~(mask << field.bit_offset) | value << field.bit_offset).to_bytes(len(old), "little")
    if field.type in _BITS:
        bits = _BITS[field.type]
        value = _number(at, field, int.from_bytes(old, "little"), bits, around)
        return (value % (1 << bits)).to_bytes(len(old), "little")
    if field.type == "guid":
        return at.choice((bytes(len(old)), at.choice(_GUIDS), at.choice(_GUIDS), _flipped(at, old)))
    return _bytes(at, old)


def _number(at: random.Random, field: Field, old: int, bits: int, around: Around) -> int:
    """Another value for an integer of so many bits; may be too large for it."""
    kind = at.randrange(6)
    if bits <= 4:
        return at.getrandbits(bits) if kind else old ^ 1
    if field.id in _COUNTS and at.random() < _SMALL_COUNTS:  # thousands of empty entries teach little and cost much
        return at.choice((0, 1, old - 1, old + 1, old + 2, 2 * old))
    if kind == 0:
        border = at.choice((0, 1 << bits - 1, 1 << bits))
        return border + at.choice((0, 0, 1, -1, -2, 2))
    if kind == 1:
        return at.choice([value for value in _CONSTANTS if value >> bits == 0]) + at.choice(_STEPS)
    if kind == 2:
        return _place(at, around) // (OBJECT_ALIGNMENT if field.unit == _MIB else 1)
    if kind == 3:
        return at.choice((old + 1, old - 1, old * 2, old // 2, -old, ~old, old + at.choice(_STEPS)))
    if kind == 4:
        return old ^ 1 << at.randrange(bits)
    return at.getrandbits(at.randrange(1, bits + 1))


def _place(at: random.Random, around: Around) -> int:
    """A file offset or a length that means something in this file."""
    target = at.choice(around.places) if around.places else None
    start, size = (target.offset, target.size) if target else (0, 0)
    length = len(around.raw)
    place = at.choice((start, start + size, start // OBJECT_ALIGNMENT * OBJECT_ALIGNMENT, length, length - start, size))
    return place + at.choice(_STEPS)


def _copied(at: random.Random, target: StructureTarget, field: Field, around: Around) -> bytes | None:
    """What a field of the same name or of the same type holds elsewhere, or None where there is none."""
    raw, places = (around.other, around.others) if at.random() < 0.5 else (around.raw, around.places)
    same = [place for place in places if place.structure == target.structure and place != target]
    if same and at.random() < 0.5:
        return stored(raw, at.choice(same), field)
    alike = [
        (place, known)
        for place in places
        for known in fields(place.structure).values()
        if (known.type, known.size, known.bits) == (field.type, field.size, field.bits) and known.type != "bits"
    ]
    if not alike:
        return None
    return stored(raw, *at.choice(alike))


def _flipped(at: random.Random, old: bytes) -> bytes:
    changed = bytearray(old)
    if changed:
        changed[at.randrange(len(changed))] ^= 1 << at.randrange(8)
    return bytes(changed)


def _bytes(at: random.Random, old: bytes) -> bytes:
    """Other bytes where the layout says no more than how many: text, signatures, reserved and data bytes."""
    kind = at.randrange(5)
    if kind == 0:
        return _flipped(at, old)
    if kind == 1:
        return at.choice((bytes(len(old)), b"\xff" * len(old)))
    if kind == 2:
        return (at.choice(_SIGNATURES) + old)[: len(old)] if at.random() < 0.5 else _placed(at, old, at.randbytes(8))
    if kind == 3:
        return _placed(at, old, at.choice(_TEXTS))
    return _placed(at, old, at.randbytes(at.randrange(1, 64)))


def _placed(at: random.Random, old: bytes, part: bytes) -> bytes:
    """Some bytes over a part of the old ones."""
    start = at.randrange(len(old)) if old else 0
    return (old[:start] + part + old[start + len(part) :])[: len(old)]
