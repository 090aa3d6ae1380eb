"""The objects of a file that can be moved, and what says where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from vhdx_format import layout
from vhdx_format.layout import Field

from .structures import Raw, StructureTarget, fields, find, value

_ENTRY: Final = "bat_entry"
_OWNERS: Final = {"region_table_entry": ("file_offset", "length"), "header": ("log_offset", "log_length")}

Pointers = Callable[[int], tuple[tuple[int, bytes], ...]]


@dataclass(frozen=True, slots=True)
class State:
    """A file as it is.

    Attributes:
        path: of the file.
        raw: its bytes; holes cost nothing.
        places: its structures.
    """

    path: Path
    raw: Raw
    places: tuple[StructureTarget, ...]


def state(path: Path, raw: Raw) -> State:
    """Find the structures of a file."""
    return State(path, raw, tuple(find(raw)))


class Movable(NamedTuple):
    """An object of the file.

    Attributes:
        offset: file offset in bytes.
        length: in bytes, as far as it lies in the file.
        words: what it is.
        pointers: takes another file offset, gives the patches (file offset, bytes) that say it is there.
    """

    offset: int
    length: int
    words: str
    pointers: Pointers


def areas(now: State) -> Iterator[tuple[int, int]]:
    """What blocks may not use: start and end of the header section, of each region and of the log."""
    yield 0, layout.HEADER_SECTION_SIZE
    for found in objects(now, blocks=False):
        yield found.offset, found.offset + found.length


def regions(now: State, guid: bytes) -> list[tuple[int, int]]:
    """Offset and length of each region of that GUID that a table speaks of."""
    found: set[tuple[int, int]] = set()
    for place in now.places:
        if place.structure == "region_table_entry" and bytes(now.raw[place.offset : place.offset + len(guid)]) == guid:
            offset, length = (value(now.raw, place.structure, place.offset, n) for n in _OWNERS[place.structure])
            found.add((offset, length))
    return sorted((start, length) for start, length in found if start < len(now.raw))


def objects(now: State, *, blocks: bool = True) -> Iterator[Movable]:
    """What can be moved: regions and the log, then blocks. Spec: MS-VHDX 2.2.2, 2.2.3, 2.5."""
    found: dict[tuple[int, int], list[StructureTarget]] = {}
    for place in now.places:
        if place.structure in _OWNERS:
            offset, length = (value(now.raw, place.structure, place.offset, name) for name in _OWNERS[place.structure])
            if length and layout.HEADER_SECTION_SIZE <= offset < len(now.raw):
                found.setdefault((offset, min(length, len(now.raw) - offset)), []).append(place)
    for (offset, length), owners in sorted(found.items()):
        yield Movable(offset, length, "region or log", _pointers(now, [(o, _OWNERS[o.structure][0]) for o in owners]))
    size = max((value(now.raw, p.structure, p.offset, "block_size") for p in named(now, "file_parameters")), default=0)
    for place in named(now, _ENTRY) if blocks and size else ():
        word = int.from_bytes(now.raw[place.offset : place.offset + place.size], "little")
        offset = word & layout.BAT_FILE_OFFSET_MASK
        if layout.HEADER_SECTION_SIZE <= offset < len(now.raw):
            yield Movable(offset, min(size, len(now.raw) - offset), "block", _word(place, word))


def named(now: State, structure: str) -> list[StructureTarget]:
    """The structures of a kind."""
    return [place for place in now.places if place.structure == structure]


def _pointers(now: State, owners: list[tuple[StructureTarget, str]]) -> Pointers:
    def _patches(target: int) -> tuple[tuple[int, bytes], ...]:
        return tuple(with_value(now.raw, o.offset, fields(o.structure)[name], target) for o, name in owners)

    return _patches


def _word(place: StructureTarget, word: int) -> Pointers:
    def _patches(target: int) -> tuple[tuple[int, bytes], ...]:
        return ((place.offset, (word & ~layout.BAT_FILE_OFFSET_MASK | target).to_bytes(place.size, "little")),)

    return _patches


def gaps(areas: Iterable[tuple[int, int]], end: int) -> Iterator[tuple[int, int]]:
    """What lies between ranges, up to an end."""
    position = 0
    for start, stop in sorted(areas):
        if position < min(start, end):
            yield position, min(start, end)
        position = max(position, stop)
    if position < end:
        yield position, end


def with_value(raw: Raw, offset: int, field: Field, number: int) -> tuple[int, bytes]:
    """The patch that gives a field of the structure at `offset` a value; bits beside it stay."""
    start, size = offset + (field.offset or 0), field.size or 0
    if field.bits:
        mask = (1 << field.bits) - 1 << field.bit_offset
        word = int.from_bytes(raw[start : start + size], "little")
        number = word & ~mask | number << field.bit_offset & mask
    return start, (number % (1 << 8 * size)).to_bytes(size, "little")
