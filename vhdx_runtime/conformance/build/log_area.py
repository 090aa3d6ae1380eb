"""Log entries of a recipe to bytes in the log area, and stale bytes in the places that the log will set right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from vhdx_format import layout

from ...codec import encode
from ..recipes.recipe import Hide, LogEntry, Recipe, RecipeError, Update, Write, Zeros, guid_bytes
from .objects import Object, Span, make
from .pattern import image_tag, pattern
from .plan import FilePlan
from .sparse import SparseBytes
from .structures import log_guid

_SECTOR = layout.LOG_SECTOR_SIZE
_LEADING, _TRAILING = 8, 4
_TARGET = re.compile(r"(\w+)\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One descriptor: `data` of a sector, or None for a zero descriptor over `length` bytes; offsets in the file."""

    file_offset: int
    data: bytes | None
    length: int = _SECTOR


@dataclass(slots=True)
class LogWriter:
    """What was written so far: where the next entry goes and which run it would continue.

    Attributes:
        entries: the entries, with their places, in order.
        seen: ranges (start, end) of the file whose bytes went into them.
    """

    entries: list[Object] = field(default_factory=list)
    seen: list[Span] = field(default_factory=list)
    sequence_number: int = 0
    position: int = 0
    run_start: int = 0
    guid: str = ""
    labels: dict[str, int] = field(default_factory=dict)


def write_log(recipe: Recipe, plan: FilePlan, file: SparseBytes) -> LogWriter:
    """Put every entry of the recipe's log into the file.

    Args:
        recipe: the recipe.
        plan: where the log and the targets of its updates lie.
        file: complete but for the log; places that the log hides are changed.

    Returns:
        The entries, and what of the file they depend on.
    """
    area = LogWriter()
    for entry in recipe.log.entries:
        descriptors = [d for update in entry.updates for d in _descriptors(recipe, plan, file, area, update)]
        size = entry.split or max(len(descriptors), 1)
        groups = [descriptors[start : start + size] for start in range(0, len(descriptors), size)] or [[]]
        for index, group in enumerate(groups * entry.repeat):
            one = entry if index == 0 else replace(entry, sequence_number=None, position=None, label="")
            _write_entry(recipe, plan, file, area, one, group)
    return area


def extent(recipe: Recipe, plan: FilePlan, target: str) -> tuple[int, int]:
    """File offset and length in bytes of what an update names, see `Zeros.target`."""
    match = _TARGET.fullmatch(target)
    name, number = (match[1], int(match[2])) if match else (target, 0)
    if name == "file":
        return 0, max(plan.end, plan.length)
    if target in plan.extents:
        return plan.extents[target]
    tables = {"region_table_1": layout.REGION_TABLE_1_OFFSET, "region_table_2": layout.REGION_TABLE_2_OFFSET}
    if target in tables:
        return tables[target], layout.REGION_TABLE_SIZE
    if name == "bitmap" and number in plan.bitmap:
        return plan.bitmap[number], layout.SECTOR_BITMAP_BLOCK_SIZE
    if name == "payload" and number in plan.payload:
        return plan.payload[number], recipe.geometry.block_size
    raise RecipeError(f"log: nothing in the file is called {target}")


def _descriptors(
    recipe: Recipe, plan: FilePlan, file: SparseBytes, area: LogWriter, update: Update
) -> Iterator[Descriptor]:
    start, whole = extent(recipe, plan, update.target)
    start += update.offset
    if isinstance(update, Zeros):
        yield Descriptor(start, None, update.length)
    elif isinstance(update, Write):
        for offset in range(0, len(update.data), _SECTOR):
            yield Descriptor(start + offset, update.data[offset : offset + _SECTOR].ljust(_SECTOR, b"\0"))
    else:
        length = whole - update.offset if update.length is None else update.length
        area.seen.append((start // _SECTOR * _SECTOR, start + length + _SECTOR))
        yield from _hidden(recipe, file, update, start, start + length)


def _hidden(recipe: Recipe, file: SparseBytes, update: Hide, start: int, end: int) -> Iterator[Descriptor]:
    if update.sparse:
        sectors = list(file.pages(start, end))
    else:
        sectors = [(offset, file.read(offset, _SECTOR)) for offset in range(start, end, _SECTOR)]
    tag = image_tag(recipe.name, stale=True)
    for offset, data in sectors:
        stale = pattern(tag, 0, offset, _SECTOR) if update.stale == "noise" else bytes(_SECTOR)
        file.write(offset, stale)
        yield Descriptor(offset, data.ljust(_SECTOR, b"\0"))


def _write_entry(
    recipe: Recipe, plan: FilePlan, file: SparseBytes, area: LogWriter, entry: LogEntry, descriptors: list[Descriptor]
) -> None:
    position = area.position if entry.position is None else entry.position
    sequence_number = area.sequence_number + 1 if entry.sequence_number is None else entry.sequence_number
    guid = entry.log_guid or log_guid(recipe)
    if (position, sequence_number, guid) != (area.position, area.sequence_number + 1, area.guid):
        area.run_start = position
    if entry.label:
        area.labels[entry.label] = position
    one = _entry(recipe, plan, area, replace(entry, position=position, sequence_number=sequence_number), descriptors)
    area.entries.append(_place_in_ring(plan, file, position, one, entry.torn))
    area.position = (position + len(one.data)) % plan.extents["log"][1]
    area.sequence_number, area.guid = sequence_number, guid


def _entry(recipe: Recipe, plan: FilePlan, log: LogWriter, entry: LogEntry, descriptors: list[Descriptor]) -> Object:
    sequence_number = entry.sequence_number or 0
    area = layout.LOG_ENTRY_HEADER_SIZE + layout.LOG_DESCRIPTOR_SIZE * len(descriptors)
    area = -(-area // _SECTOR) * _SECTOR
    sectors = [_data_sector(d.data, sequence_number) for d in descriptors if d.data is not None]
    flushed = plan.length // layout.OBJECT_ALIGNMENT * layout.OBJECT_ALIGNMENT
    fields = {
        "signature": layout.LOG_ENTRY_SIGNATURE,
        "entry_length": area + _SECTOR * len(sectors),
        "tail": _tail(log, entry),
        "sequence_number": sequence_number,
        "descriptor_count": len(descriptors),
        "log_guid": guid_bytes(entry.log_guid or log_guid(recipe)),
        "flushed_file_offset": flushed if entry.flushed_file_offset is None else entry.flushed_file_offset,
        "last_file_offset": plan.end if entry.last_file_offset is None else entry.last_file_offset,
    }
    head = encode.build("log_entry_header", fields) + b"".join(_descriptor(d, sequence_number) for d in descriptors)
    raw = head.ljust(area, b"\0") + b"".join(sectors)
    return make(f"log[{len(log.entries)}]", "log_entry", raw, recipe.overrides, offsets={"data_sectors": area})


def _tail(log: LogWriter, entry: LogEntry) -> int:
    if isinstance(entry.tail, int):
        return entry.tail
    places = {"run": log.run_start, "self": entry.position or 0} | log.labels
    if entry.tail not in places:
        raise RecipeError(f"log: no entry before this one is labelled {entry.tail}")
    return places[entry.tail]


def _descriptor(descriptor: Descriptor, sequence_number: int) -> bytes:
    fields: dict[str, int | bytes] = {"file_offset": descriptor.file_offset, "sequence_number": sequence_number}
    if descriptor.data is None:
        fields |= {"signature": layout.ZERO_DESCRIPTOR_SIGNATURE, "zero_length": descriptor.length}
        return encode.build("zero_descriptor", fields)
    fields |= {
        "signature": layout.DATA_DESCRIPTOR_SIGNATURE,
        "leading_bytes": descriptor.data[:_LEADING],
        "trailing_bytes": descriptor.data[-_TRAILING:],
    }
    return encode.build("data_descriptor", fields)


def _data_sector(data: bytes, sequence_number: int) -> bytes:
    high, low = divmod(sequence_number, 1 << 32)
    fields = {
        "signature": layout.DATA_SECTOR_SIGNATURE,
        "sequence_high": high,
        "data": data[_LEADING:-_TRAILING],
        "sequence_low": low,
    }
    return encode.build("data_sector", fields)


def _place_in_ring(plan: FilePlan, file: SparseBytes, position: int, one: Object, torn: tuple[int, ...]) -> Object:
    """Write an entry around the log's end; sectors in `torn` keep what was there."""
    start, length = plan.extents["log"]
    if len(one.data) > length:
        raise RecipeError(f"log: an entry of {len(one.data)} bytes does not fit in {length}")
    pieces: list[tuple[int, Span]] = []
    for index in range(0, len(one.data), _SECTOR):
        count = min(_SECTOR, len(one.data) - index)
        offset = start + (position + index) % length
        if index // _SECTOR in torn:
            continue
        before, (place, done) = pieces[-1] if pieces else (0, (0, 0))
        if (before + done, place + done) == (index, offset) and pieces:
            pieces[-1] = before, (place, done + count)
        else:
            pieces.append((index, (offset, count)))
    for index, (offset, count) in pieces:
        file.write(offset, one.data[index : index + count])
    parts, starts = tuple(part for _, part in pieces), tuple(index for index, _ in pieces)
    return one._replace(parts=parts, starts=starts, order=len(file.written))
