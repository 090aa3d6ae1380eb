"""Changes of a file: bytes to put over it and a length to give it, made from the structures that were found in it.

Each kind of change is a function that proposes a `Change`; none touches the file, and none cares for checksums.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from vhdx_format import layout
from vhdx_format.layout import STRUCTURES

from .structures import COUNT_PATH, Raw, Seal, StructureTarget, fields, value
from .values import Around, other_value

_LOG: Final = "log_entry"
_HEADER: Final = "log_entry_header"
_SECTOR: Final = layout.LOG_SECTOR_SIZE


class Change(NamedTuple):
    """What to do to a file.

    Attributes:
        patches: file offset and bytes to put there, in order.
        length: what to cut the file to, or to lengthen it to with zeros, in bytes; None leaves it.
    """

    patches: tuple[tuple[int, bytes], ...] = ()
    length: int | None = None


Kind = Callable[[random.Random, Around], Change]
NOTHING: Final = Change()


def chosen(at: random.Random, places: Sequence[StructureTarget]) -> StructureTarget | None:
    """One of some structures, each kind of structure as likely as the others."""
    kinds = sorted({place.structure for place in places})
    if not kinds:
        return None
    kind = at.choice(kinds)
    return at.choice([place for place in places if place.structure == kind])


def change_fields(at: random.Random, around: Around) -> Change:
    """Give one to three fields of a structure another value; often the same in its other copy."""
    target = chosen(at, around.places)
    if target is None:
        return NOTHING
    copies = [place for place in around.places if place.structure == target.structure and place != target]
    names = list(fields(target.structure).values())
    patches = []
    for _ in range(at.choice((1, 1, 1, 2, 3))):
        field = at.choice(names)
        data = other_value(at, target, field, around)
        patches.append((target.offset + (field.offset or 0), data))
        if copies and target.seal and at.random() < 0.4:
            patches.append((at.choice(copies).offset + (field.offset or 0), data))
    return Change(tuple(patches))


def change_bytes(at: random.Random, around: Around) -> Change:
    """Change bytes in or behind a structure, whatever they are."""
    target = chosen(at, around.places)
    if target is None:
        return NOTHING
    start = target.offset + at.randrange(target.size + at.choice((0, 0, 64, _SECTOR)) or 1)
    if at.random() < 0.5:
        data = bytes(byte ^ 1 << at.randrange(8) for byte in around.raw[start : start + 1])
    else:
        data = at.choice((at.randbytes(at.randrange(1, 64)), bytes(at.randrange(1, 64)), b"\xff" * at.randrange(1, 32)))
    return Change(((start, data),))


def copy_structure(at: random.Random, around: Around) -> Change:
    """Put a structure over another of its kind, from this file or the other one, or let the two change places."""
    target = chosen(at, around.places)
    if target is None:
        return NOTHING
    swaps = at.random() < 0.3
    raw, places = (around.raw, around.places) if swaps or at.random() < 0.6 else (around.other, around.others)
    source = chosen(at, [place for place in places if place.structure == target.structure and place != target])
    if source is None:
        return NOTHING
    patches = [(target.offset, bytes(raw[source.offset : source.offset + source.size]))]
    if swaps:
        patches.append((source.offset, bytes(raw[target.offset : target.offset + target.size])))
    return Change(tuple(patches))


def copy_object(at: random.Random, around: Around) -> Change:
    """Put a whole object that a checksum covers over another of its kind: one header slot over the other, say."""
    target = _sealed(at, around.places, layout_only=True)
    if target is None:
        return NOTHING
    swaps = at.random() < 0.25
    raw, places = (around.raw, around.places) if swaps or at.random() < 0.7 else (around.other, around.others)
    alike = [place.seal for place in places if place.seal and place.seal.structure == target.structure]
    source = at.choice(sorted({seal for seal in alike if seal != target} or {target}))
    patches = [(target.offset, source.read(raw))]
    if swaps:
        patches.append((source.offset, target.read(raw)))
    return Change(tuple(patches))


def edit_table(at: random.Random, around: Around) -> Change:
    """Take an entry out of a table, put one in twice, or append one; the count follows, mostly."""
    rows = [place for place in around.places if place.structure in _TABLES]
    target = chosen(at, rows)
    if target is None:
        return NOTHING
    table, count_path, first = _TABLES[target.structure]
    size = target.size
    start = _first(rows, target)
    raw, base = around.raw, start - first
    count = value(raw, table, base, count_path)
    end = start + size * min(count, len(rows))
    inside, behind = bytes(raw[target.offset : target.offset + size]), bytes(raw[target.offset + size : end])
    kind = at.randrange(3)
    if kind == 0:
        patches, step = [(target.offset, behind + bytes(size))], -1
    elif kind == 1:
        patches, step = [(target.offset + size, inside + behind)], 1
    else:
        extra = bytearray(inside)
        extra[: STRUCTURES["ms_guid"].size] = at.randbytes(STRUCTURES["ms_guid"].size or 0)
        patches, step = [(end, bytes(extra[:size]))], 1
    if at.random() < 0.8:
        patches.append(_count(raw, table, base, count_path, count + step))
    return Change(tuple(patches))


def change_length(at: random.Random, around: Around) -> Change:
    """Cut the file anywhere, before or behind a structure, or make it longer."""
    target = at.choice(around.places) if around.places else StructureTarget("", 0, 0)
    length, unit = len(around.raw), layout.OBJECT_ALIGNMENT
    base = at.choice((target.offset, target.offset + target.size, at.randrange(length + 1), length, length))
    whole = base // unit * unit
    return Change((), max(0, at.choice((base, base - 1, base + 1, whole, whole + unit, base + 512, base - 512))))


def splice_entry(at: random.Random, around: Around) -> Change:
    """Put a log entry, from this file or the other one, somewhere into the log, mostly so that it counts."""
    home = _sealed(at, around.places)
    source_raw, places = (around.raw, around.places) if at.random() < 0.5 else (around.other, around.others)
    source = _sealed(at, places)
    if home is None or source is None:
        return NOTHING
    entry = bytearray(source.read(source_raw))
    count = value(entry, _HEADER, 0, "descriptor_count")
    before = bytes(around.raw[home.offset : home.offset + layout.LOG_ENTRY_HEADER_SIZE])
    if at.random() < 0.8:  # the same log, and a number that follows
        guid = fields(_HEADER)["log_guid"]
        start = guid.offset or 0
        entry[start : start + (guid.size or 0)] = before[start : start + (guid.size or 0)]
        number = value(before, _HEADER, 0, "sequence_number") + at.choice((1, 1, 1, 0, -1, 2))
        _renumber(entry, number % (layout.SEQUENCE_NUMBER_MAX + 1), count)
    place = at.choice((home.offset, home.offset + sum(size for _, size in home.parts)))
    if at.random() < 0.5:  # by itself a sequence: its tail is its own place
        log = value(around.raw, "header", _header(around), "log_offset")
        _put(entry, "tail", max(0, place - log))
    return Change(((place, bytes(entry)),))


def rotate_log(at: random.Random, around: Around) -> Change:
    """Turn the ring by some sectors, mostly with the tails, so that entries go round its end."""
    header = _header(around)
    start, length = (value(around.raw, "header", header, name) for name in ("log_offset", "log_length"))
    sectors = length // _SECTOR
    if sectors < 2 or start + length > len(around.raw):
        return NOTHING
    turn = at.choice((1, sectors - 1, at.randrange(1, sectors))) * _SECTOR
    ring = bytearray(around.raw[start : start + length])
    if at.random() < 0.85:
        for place in around.places:
            if place.structure == _HEADER and start <= place.offset < start + length:
                tail = (value(ring, _HEADER, place.offset - start, "tail") + turn) % length
                _put(ring, "tail", tail, place.offset - start)
    return Change(((start, bytes(ring[-turn:] + ring[:-turn])),))


def _renumber(entry: bytearray, number: int, count: int) -> None:
    """Give an entry, its descriptors and its data sectors a sequence number."""
    _put(entry, "sequence_number", number)
    first, size = layout.LOG_ENTRY_HEADER_SIZE, layout.LOG_DESCRIPTOR_SIZE
    for index in range(min(count, (len(entry) - first) // size)):
        _put(entry, "sequence_number", number, first + index * size, "zero_descriptor")
    area = -(-(first + size * count) // _SECTOR) * _SECTOR
    high, low = divmod(number, 1 << 8 * (fields("data_sector")["sequence_low"].size or 0))
    for start in range(area, len(entry), _SECTOR):
        _put(entry, "sequence_high", high, start, "data_sector")
        _put(entry, "sequence_low", low, start, "data_sector")


def _put(raw: bytearray, name: str, number: int, offset: int = 0, structure: str = _HEADER) -> None:
    field = fields(structure)[name]
    start, size = offset + (field.offset or 0), field.size or 0
    if start + size <= len(raw):
        raw[start : start + size] = (number % (1 << 8 * size)).to_bytes(size, "little")


def _header(around: Around) -> int:
    """File offset of the header with the larger sequence number, whatever its state."""
    places = [place.offset for place in around.places if place.structure == "header"]
    return max(places, key=lambda place: value(around.raw, "header", place, "sequence_number"), default=0)


def _sealed(at: random.Random, places: Sequence[StructureTarget], *, layout_only: bool = False) -> Seal | None:
    """An object that a checksum covers: one of fixed place, or a log entry."""
    found = sorted({place.seal for place in places if place.seal and (place.seal.structure == _LOG) != layout_only})
    return at.choice(found) if found else None


def _tables() -> dict[str, tuple[str, str, int]]:
    """The entries of tables that say how many they have: entry to table, path of the count, offset of the first."""
    found = {}
    for name, structure in STRUCTURES.items():
        for field in structure.fields:
            path = COUNT_PATH.match(field.repeat or "")
            if path and field.offset is not None and STRUCTURES[field.type].size:
                found[field.type] = (name, path[0], field.offset)
    return found


_TABLES: Final = _tables()


def _first(rows: Sequence[StructureTarget], target: StructureTarget) -> int:
    """File offset of the first entry of the table in which an entry stands: those before it without a gap."""
    starts = {row.offset for row in rows if row.structure == target.structure}
    start = target.offset
    while start - target.size in starts:
        start -= target.size
    return start


def _count(raw: Raw, table: str, base: int, path: str, number: int) -> tuple[int, bytes]:
    owner, _, name = path.partition(".")
    inner = next(field for field in STRUCTURES[table].fields if field.id == owner)
    field = fields(inner.type)[name]
    size = field.size or 0
    place = base + (inner.offset or 0) + (field.offset or 0)
    return place, (number % (1 << 8 * size)).to_bytes(size, "little")
