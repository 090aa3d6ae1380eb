"""Steps that make an image simpler: what could be zero, left out, moved down or set to an ordinary value.

Whether a step is allowed is decided elsewhere; each is made for the file as it is, and steps of one list do not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from vhdx_format import layout
from vhdx_format.layout import PLACES, STRUCTURES, Field

from ...codec.source import open_source
from ...conformance import Recipe, expand
from ...disk.image import load_image
from ...wording import counted
from .. import sparse_copies
from ..mutate.relocate import Movable, State, areas, gaps, named, objects, regions, with_value
from ..mutate.structures import COUNT_PATH, StructureTarget, fields, find, seals, value

_UNITS_MAX: Final = 50_000
_PAGES_MAX: Final = 10_000
_STRAY_MAX: Final = 64
_MIB: Final = layout.OBJECT_ALIGNMENT
_ENTRY: Final = "bat_entry"
_HALVINGS: Final = (32, 16, 8, 4, 2, 1)


class SimplerStep(NamedTuple):
    """One change that makes a file simpler.

    Attributes:
        words: what it does.
        patches: file offset and bytes to put there.
        zeros: ranges (file offset, length in bytes) to make a hole of, before the patches.
        length: of the file in bytes, None to leave it.
    """

    words: str
    patches: tuple[tuple[int, bytes], ...] = ()
    zeros: tuple[tuple[int, int], ...] = ()
    length: int | None = None


def joined(steps: Iterable[SimplerStep]) -> SimplerStep:
    """Steps that do not meet as one."""
    found = list(steps)
    words = found[0].words if len(found) == 1 else f"{found[0].words}, and {len(found) - 1} more"
    patches = tuple(patch for step in found for patch in step.patches)
    return SimplerStep(words, patches, tuple(part for step in found for part in step.zeros), found[0].length)


def data(now: State) -> list[SimplerStep]:
    """Leave out what lies outside the header section, the regions and the log: blocks, in pieces of 1 MiB."""
    free = gaps(areas(now), len(now.raw))
    found = (piece for start, end in free for piece in _pieces(now, start, end, sparse_copies.STEP))
    return [SimplerStep(f"data at {start:#x}", zeros=((start, size),)) for start, size in islice(found, _UNITS_MAX)]


def log_entries(now: State) -> list[SimplerStep]:
    """Leave out entries of the log."""
    entries = [seal for seal in seals(now.raw) if seal.structure == "log_entry"]
    return [SimplerStep(f"log entry at {seal.offset:#x}", zeros=seal.parts) for seal in entries]


def replayed(now: State) -> list[SimplerStep]:
    """Write what the log says, and leave no log to replay. Spec: MS-VHDX 2.3.3."""
    source = open_source(now.path)
    try:
        overlay = load_image(source).log.overlay
        if overlay is None or len(overlay.pages) > _PAGES_MAX:
            return []
        size = overlay.page_size
        patches = tuple((number * size, overlay.page_bytes(number)) for number in sorted(overlay.pages))
        zeros = [(start, end - start) for start, end in overlay.zeros]
        return [SimplerStep("the log replayed", patches, (*zeros, *_log_guids(now)), max(overlay.size, source.size))]
    finally:
        source.close()


def _log_guids(now: State) -> Iterator[tuple[int, int]]:
    """Where the headers name a log."""
    for header in named(now, "header"):
        field = fields("header")["log_guid"]
        yield header.offset + (field.offset or 0), field.size or 0


def bat_entries(now: State) -> list[SimplerStep]:
    """Set entries of the block allocation table to zero."""
    size = STRUCTURES[_ENTRY].size or 1
    tables = regions(now, layout.BAT_REGION_GUID)
    found = (piece for start, length in tables for piece in _pieces(now, start, start + length, size))
    return [
        SimplerStep(f"BAT entry at {start:#x}", zeros=((start, count),)) for start, count in islice(found, _UNITS_MAX)
    ]


def structures(now: State) -> list[SimplerStep]:
    """Set a whole structure of fixed place to zero."""
    sizes = {place.offset: STRUCTURES[place.structure].size or 0 for place in PLACES}
    return [
        SimplerStep(f"{place.id} of zeros", zeros=((place.offset, sizes[place.offset]),))
        for place in PLACES
        if any(now.raw[place.offset : place.offset + sizes[place.offset]])
    ]


def table_rows(now: State) -> Iterator[SimplerStep]:
    """Take an entry out of a table, the last first; those behind it move up, and the count follows."""
    for table, first, path, entry in _tables():
        size = STRUCTURES[entry].size or 1
        starts = _starts(now, entry, size)
        for row in reversed(range(max((count for _, count in starts), default=0))):
            patches = []
            for start, rows in starts:
                if row < rows:
                    at, end = start + row * size, start + rows * size
                    patches.append((at, bytes(now.raw[at + size : end]) + bytes(size)))
                    patches.append(_changed(now, table, start - first, path, rows - 1))
            yield SimplerStep(f"{entry} {row} out of {max(count for _, count in starts)}", tuple(patches))


def ordinary_fields(now: State) -> list[SimplerStep]:
    """Set fields to zero; bit fields with the word that holds them."""
    found: dict[tuple[int, int], str] = {}
    for target, field in _fields(now):
        place = target.offset + (field.offset or 0), field.size or 0
        if any(now.raw[place[0] : sum(place)]):
            found.setdefault(place, f"{target.structure}.{field.id} at {target.offset:#x} to 0")
    return [SimplerStep(words, zeros=(place,)) for place, words in found.items()]


def default_fields(now: State) -> Iterator[SimplerStep]:
    """Set a field to the value that it has in an ordinary file, or to a smaller one."""
    for target, field in _fields(now):
        found = value(now.raw, target.structure, target.offset, field.id)
        usual = _defaults().get((target.structure, field.id))
        smaller = [] if field.type in ("bytes", "guid") else [found >> by for by in _HALVINGS if found >> by]
        for wanted in ([] if usual is None or usual >= found else [usual]) + ([0] if field.bits else []) + smaller:
            if wanted != found:
                words = f"{target.structure}.{field.id} at {target.offset:#x} from {found:#x} to {wanted:#x}"
                yield SimplerStep(words, (with_value(now.raw, target.offset, field, wanted),))


def lengths(now: State) -> list[SimplerStep]:
    """Cut off the zeros at the end: all of them, or those from the next border of 4 KiB or 1 MiB on."""
    end = max((start + _last(part) for start, part in sparse_copies.extents(now.path)), default=0)
    wanted = {-(-end // unit) * unit for unit in (1, layout.LOG_SECTOR_SIZE, _MIB)}
    return [SimplerStep(f"length {n:#x}", length=n) for n in sorted(wanted) if n < len(now.raw)]


def shorter(now: State) -> Iterator[SimplerStep]:
    """Cut a part of the zeros at the end off: a half of the length, a quarter, and so on."""
    end = max((start + _last(part) for start, part in sparse_copies.extents(now.path)), default=0)
    cut = (len(now.raw) - end) // 2 // _MIB * _MIB
    while cut:
        yield SimplerStep(f"length {len(now.raw) - cut:#x}", length=len(now.raw) - cut)
        cut = cut // 2 // _MIB * _MIB


def places(now: State) -> Iterator[SimplerStep]:
    """Move a region, the log, a block, or data that belong to nothing, to the first place that is free."""
    owned = list(objects(now))
    found = [*owned, *_stray(now, owned)]
    for one in found:
        others = [(other.offset, other.offset + other.length) for other in found if other.offset != one.offset]
        borders = [(start // _MIB * _MIB, -(-end // _MIB) * _MIB) for start, end in others]
        room = -(-one.length // _MIB) * _MIB
        free = gaps([(0, layout.HEADER_SECTION_SIZE), *borders], one.offset)
        target = next((start for start, end in free if end - start >= room), one.offset)
        if target < one.offset:
            inside = sparse_copies.extents(now.path, one.offset, one.offset + one.length)
            moved = [(start - one.offset + target, part) for start, part in inside]
            patches = (*moved, *one.pointers(target))
            yield SimplerStep(f"{one.words} from {one.offset:#x} to {target:#x}", patches, ((one.offset, one.length),))


def _stray(now: State, owned: Iterable[Movable]) -> Iterator[Movable]:
    """Every MiB with data outside the objects, the first ones."""
    taken = [(0, layout.HEADER_SECTION_SIZE), *((one.offset, one.offset + one.length) for one in owned)]
    found = (start for gap in gaps(taken, len(now.raw)) for start, _ in _pieces(now, *gap, _MIB))
    starts = dict.fromkeys(start // _MIB * _MIB for start in islice(found, _STRAY_MAX))
    for start in starts:
        yield Movable(start, min(_MIB, len(now.raw) - start), "data", lambda _: ())


def pieces(size: int) -> Callable[[State], list[SimplerStep]]:
    """What sets pieces of `size` bytes to zero, wherever they are."""

    def _found(now: State) -> list[SimplerStep]:
        every = islice(_pieces(now, 0, len(now.raw), size), _UNITS_MAX)
        return [
            SimplerStep(f"{counted(count, 'byte')} at {start:#x}", zeros=((start, count),)) for start, count in every
        ]

    return _found


def _pieces(now: State, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """The pieces of a range that are not zero: file offset and length."""
    for offset, part in sparse_copies.extents(now.path, start, end):
        for at in range(0, len(part), size):
            if any(part[at : at + size]):
                yield offset + at, min(size, len(part) - at)


def _last(part: bytes) -> int:
    return len(part.rstrip(b"\0"))


@cache
def _tables() -> tuple[tuple[str, int, str, str], ...]:
    """The tables that say how many entries they have: structure, offset of the first, path of the count, entry."""
    return tuple(
        (name, field.offset, path[0], field.type)
        for name, structure in STRUCTURES.items()
        for field in structure.fields
        if field.offset is not None and STRUCTURES.get(field.type) and STRUCTURES[field.type].size
        if (path := COUNT_PATH.search(field.repeat or ""))
    )


def _starts(now: State, entry: str, size: int) -> list[tuple[int, int]]:
    """Where rows of entries start, and how many each has."""
    found: list[tuple[int, int]] = []
    for place in sorted(named(now, entry), key=lambda place: place.offset):
        if found and place.offset == found[-1][0] + found[-1][1] * size:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((place.offset, 1))
    return found


def _changed(now: State, structure: str, offset: int, path: str, number: int) -> tuple[int, bytes]:
    """The patch that sets a field, given by its path."""
    while "." in path:
        first, _, path = path.partition(".")
        inner = next(field for field in STRUCTURES[structure].fields if field.id == first)
        structure, offset = inner.type, offset + (inner.offset or 0)
    return with_value(now.raw, offset, fields(structure)[path], number)


def _fields(now: State) -> Iterator[tuple[StructureTarget, Field]]:
    """Every field of every structure but checksums, which follow from the others."""
    sums = {(name, s.checksum.field.rpartition(".")[2]) for name, s in STRUCTURES.items() if s.checksum}
    names = {name for _, name in sums}
    for target in now.places:
        for field in fields(target.structure).values():
            if field.id not in names:
                yield target, field


@cache
def _defaults() -> dict[tuple[str, str], int]:
    """The values of fields in an ordinary file."""
    raw = expand(Recipe()).to_bytes()
    found: dict[tuple[str, str], int] = {}
    for target in find(raw):
        for name in fields(target.structure):
            found.setdefault((target.structure, name), value(raw, target.structure, target.offset, name))
    return found
