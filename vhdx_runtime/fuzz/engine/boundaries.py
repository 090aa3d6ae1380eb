"""Values at which something may change, for any field: ends of its width, borders of alignment, limits, places, wraps.

Everything comes from the layout: widths, constants, enumerations, sizes of structures, GUIDs; and from the image:
where its objects lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .format import Edit, FieldPlace, Format

WIDTHS = {"u1": 8, "u2": 16, "u4": 32, "u8": 64}
_ALIGNMENTS = (9, 12, 16, 20)  # shifts
_ALL_BITS = 4
_SHIFTS = {"bytes": 0, "MiB": 20}
_QUOTIENT = 1 << 32
_LONE_SURROGATE = b"\x3d\xd8"
_CASE_BIT = 0x20


def width(field: Any) -> int:
    """Width of an integer field in bits; 0 of any other."""
    return int(field.bits) or WIDTHS.get(field.type, 0)


def value_of(place: FieldPlace) -> int:
    """What an integer field holds."""
    field = place.field
    word = int.from_bytes(place.owner_raw[field.offset : field.offset + field.size], "little")
    return (word >> (field.bit_offset or 0)) & ((1 << width(field)) - 1)


def shift_of(field: Any) -> int | None:
    """How far a field's value is shifted to be one in bytes; None where it counts nothing in the image."""
    return _SHIFTS.get(field.unit)


def integers(form: Format, place: FieldPlace) -> list[int]:
    """Values at the borders of an integer field's width, of alignments, of the format's limits; ascending."""
    bits, now = width(place.field), value_of(place)
    top = 1 << bits
    if bits <= _ALL_BITS:
        return [value for value in range(top) if value != now]
    found = {0, 1, 2, top - 1, top - 2, top // 2 - 1, top // 2, top // 2 + 1, top // 4}
    found |= _around(now)
    found |= set(form.enums.get(place.field.enum or "", ()))
    limits = [one.value for one in form.constants.values() if isinstance(one.value, int)]
    for limit in limits:
        found |= {limit - 1, limit, limit + 1, 2 * limit}
    found |= set(_wraps(form, place, top))
    return sorted(value for value in found if 0 <= value < top and value != now)


def pointers(place: FieldPlace, landmarks: Sequence[int]) -> list[int]:
    """Values that lead to an object of the image, across its start, or so far that a sum wraps; ascending.

    Args:
        place: a field with a unit of bytes or of MiB; others lead nowhere.
        landmarks: where objects of the image start and end.
    """
    shift, top = shift_of(place.field), 1 << width(place.field)
    if shift is None or width(place.field) <= _ALL_BITS:
        return []
    found = {landmark >> shift for landmark in landmarks} | {(landmark >> shift) - 1 for landmark in landmarks}
    found |= {(landmark - (1 << _ALIGNMENTS[-1])) >> shift for landmark in landmarks}
    found |= {top - (1 << step) for step in _ALIGNMENTS}
    return sorted(value for value in found if 0 <= value < top and value != value_of(place))


def representatives(form: Format, place: FieldPlace) -> list[int]:
    """Of the boundary values the outermost and the nearest of each kind that the structure's own rules tell apart."""
    now = value_of(place)
    kinds: dict[frozenset[str], list[int]] = {}
    for value in integers(form, place):
        raw = form.put(place.owner_raw, place.field.offset, place.field, value)
        kinds.setdefault(form.broken(place.owner, raw), []).append(value)
    found: set[int] = set()
    for values in kinds.values():
        below, above = [value for value in values if value < now], [value for value in values if value > now]
        found |= {values[0], values[-1], *below[-2:], *above[:2], *above[-2:]}
    return sorted(found)


def _around(now: int) -> set[int]:
    """Neighbours of a value, also by alignment, and its fractions and multiples."""
    steps = {1, *(1 << shift for shift in _ALIGNMENTS), *(1 << shift - 1 for shift in _ALIGNMENTS)}
    near = {now + step for step in steps} | {now - step for step in steps}
    return near | {now // 2, now * 2, now * 3, now * 4, now * 16}


def _wraps(form: Format, place: FieldPlace, top: int) -> Iterator[int]:
    """Values whose sum, product or quotient with something near passes a width."""
    sizes = {int(one.size) for one in form.structures.values() if one.size}
    for size in sizes:
        yield from (top // size - 1, top // size, top // size + 1)
    for field in form.structures[place.owner].fields:
        if width(field) and field.id != place.field.id:
            other = value_of(place._replace(field=field))
            yield from (top - other - 1, top - other, top - other + 1)
    for shift in _ALIGNMENTS:
        yield from (top - (1 << shift), _QUOTIENT << shift, (_QUOTIENT + 1) << shift, (_QUOTIENT - 1) << shift)


def texts(form: Format, place: FieldPlace) -> list[tuple[int, bytes]]:
    """Changes worth trying in a field of bytes: (offset in the field, bytes)."""
    field = place.field
    size: int = field.size
    now = place.owner_raw[field.offset : field.offset + size]
    found: list[tuple[int, bytes]] = []
    if field.type == "guid":
        known = [one.raw for one in form.guids.values()]
        found += [(0, raw) for raw in (bytes(size), b"\xff" * size, *known)]
    if size <= 64:
        found += [(0, bytes(size)), (0, now[::-1]), (0, bytes(byte ^ _CASE_BIT for byte in now))]
    for offset in {0, size // 2, size - 1}:
        found += [(offset, bytes([now[offset] ^ 1])), (offset, bytes([now[offset] ^ 0xFF]))]
    if field.encoding:
        found += [(0, _LONE_SURROGATE), (size - 2, _LONE_SURROGATE), (1, b"\xd8"), (0, b"\xff\xff")]
        found += [(0, b"A\0" * (size // 2))]
    return [(offset, data) for offset, data in found if now[offset : offset + len(data)] != data]


def edits(form: Format, place: FieldPlace, landmarks: Sequence[int] = ()) -> Iterator[Edit]:
    """Every change worth trying in one field."""
    if is_seal(form, place):
        now = value_of(place)
        flipped = (now ^ 1, now ^ (1 << width(place.field) - 1), 0, (1 << width(place.field)) - 1)
        yield from (Edit(place.target, place.path, value, None, False) for value in flipped)
    elif width(place.field):
        values = {*representatives(form, place), *pointers(place, landmarks)}
        yield from (Edit(place.target, place.path, value) for value in sorted(values))
    else:
        for offset, data in texts(form, place):
            yield Edit(place.target, place.path, data, place.offset + offset)


def is_seal(form: Format, place: FieldPlace) -> bool:
    """True for the field that holds a checksum."""
    return any(
        one.checksum is not None and _last(one.checksum.field) == place.field.id and _owns(form, name, place)
        for name, one in form.structures.items()
    )


def _owns(form: Format, name: str, place: FieldPlace) -> bool:
    """Whether the checksum field of a structure is in the structure that owns a place."""
    owner = name
    for step in form.structures[name].checksum.field.split(".")[:-1]:
        owner = next(field.type for field in form.structures[owner].fields if field.id == step)
    return owner == place.owner


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def distance(before: Iterable[Edit], after: Iterable[Edit]) -> int:
    """How far two changes of the same fields are apart: of integers the difference, of bytes the bits that differ."""
    total = 0
    for one, other in zip(before, after, strict=True):
        if isinstance(one.value, int) and isinstance(other.value, int):
            total += abs(one.value - other.value)
        elif isinstance(one.value, bytes) and isinstance(other.value, bytes):
            both = zip(one.value.ljust(len(other.value), b"\0"), other.value.ljust(len(one.value), b"\0"), strict=True)
            total += sum((a ^ b).bit_count() for a, b in both)
    return total
