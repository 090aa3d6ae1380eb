"""VHDX for the engine: its tables and parser, and sound files as subjects whose changes a full check judges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from vhdx_format import layout
from vhdx_format.rules import CLAIMS, RULES

from ...check import check_image, check_with_parents
from ...check.report import Report
from ...codec.source import Source, open_source
from ...conformance.build import objects, structures
from ...conformance.build.expand import Expanded, expand
from ...conformance.recipes.recipe import RecipeError
from ...disk.image import load_image
from ..engine.format import Edit, Format, Root
from .bases import Base
from .claims import broken_claims
from .fields import parse
from .recipe_edits import AnyEdit, RecipeChange, changed, parent_of, shapes

_NO_PARENT: Final = "CHN-001"  # what a file without its parent is refused by, though none of its bytes break it


class SparseSource:
    """The bytes of an expanded file, held as the parts that are not zero."""

    fd = None

    def __init__(self, made: Expanded) -> None:
        self.name = made.recipe.path
        self.size = made.length
        self._made = made

    @property
    def identity(self) -> Hashable:
        """None: it is no file."""
        return None

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes of a range, fewer at the end."""
        return window(self._made, offset, max(min(length, self.size - offset), 0))

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill a buffer, as far as the file goes; how many bytes were read."""
        data = self.read_at(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Nothing to close."""


def broken_rules(made: Expanded, folder: Path | None = None) -> frozenset[str]:
    """Ids of the rules that a check of the file reports.

    Args:
        made: the file.
        folder: where its parents stand, for a file that has some; it is written there too.
    """
    found = reports(made, folder)
    lost = {_NO_PARENT} if found[0].state == "unreadable" and not found[0].totals else set()
    return frozenset(rule for report in found for rule in report.totals) | lost


def reports(made: Expanded, folder: Path | None = None) -> list[Report]:
    """What a check of the file says, see `broken_rules`."""
    source: Source = SparseSource(made) if folder is None else open_source(made.write(folder))
    with load_image(source) as image:
        if folder is None and not (image.geometry and image.geometry.has_parent):
            return [check_image(image)]
        return check_with_parents(image)


_ENTRY = layout.STRUCTURES["bat_entry"].size or 0
_SECTOR = layout.LOG_SECTOR_SIZE
_TABLE_EDGE = _SECTOR // _ENTRY
_LENGTH = next(f for f in layout.STRUCTURES["log_entry_header"].fields if f.id == "entry_length")
_SEQUENCE_AT = next(f.offset or 0 for f in layout.STRUCTURES["log_entry_header"].fields if f.id == "sequence_number")
_FAILURES = (RecipeError, LookupError, TypeError, ValueError, OverflowError)


VHDX = Format(
    structures=layout.STRUCTURES,
    constants=layout.CONSTANTS,
    guids=layout.GUIDS,
    enums=layout.ENUMS,
    rules=RULES,
    claims=CLAIMS,
    parse=parse,
    broken=broken_claims,
    put=objects.replaced,
)


class Container:
    """A sound file that can be changed and judged.

    Attributes:
        base: the file.
        name: of the base.
        parents: expanded bases that it can be put over, by name.
        folder: where these stand as files; None: they do not, and no file with a parent can be judged.
        paired: the length of a file is also changed together with fields.
    """

    paired = frozenset({"put file_length"})

    def __init__(self, base: Base, parents: Mapping[str, Expanded], folder: Path | None = None) -> None:
        """A sound file, see above."""
        self.base = base
        self.name = base.name
        self.parents = parents
        self.folder = folder

    @cached_property
    def made(self) -> Expanded:
        """The file as it is."""
        return self.expand(())

    def expand(self, edits: Sequence[AnyEdit], file_name: str | None = None) -> Expanded:
        """The file with changes.

        Args:
            edits: the changes.
            file_name: what to call it, None for what the recipe says.

        Raises:
            RecipeError, LookupError, TypeError, ValueError, OverflowError: it cannot be made.
        """
        return make(self.base, edits, self.parents, file_name)

    def judge(self, edits: Sequence[Any]) -> frozenset[str] | None:
        """Rules that the changed file breaks; None where it cannot be made."""
        try:
            made = self.expand(edits)
        except _FAILURES:
            return None
        return broken_rules(made, self.folder if self.base.parent else None)

    @cached_property
    def roots(self) -> Sequence[Root]:
        """The objects of the file."""
        return tuple(roots(self.made))

    def is_wanted(self, path: str) -> bool:
        """Whether the search is to change a part of the file."""
        return path.startswith(self.base.swept) and not path.startswith(self.base.spared)

    def cut(self, length: int) -> tuple[RecipeChange]:
        """The change that leaves so many bytes of the file."""
        return (RecipeChange("put", "file_length", length),)

    @cached_property
    def landmarks(self) -> Sequence[int]:
        """Where objects start and end."""
        plan = self.made.plan
        starts = {place.offset for place in layout.PLACES} | {layout.HEADER_SECTION_USED, layout.HEADER_SECTION_SIZE}
        ends = {start + length for start, length in plan.extents.values()}
        starts |= ends | {start for start, _ in plan.extents.values()} | set(plan.payload.values())
        return sorted(starts | set(plan.bitmap.values()) | {plan.end, plan.length})

    @cached_property
    def shapes(self) -> Sequence[tuple[AnyEdit, ...]]:
        """Changes of its shape, of its padding and of the chain that it stands in."""
        found: list[tuple[AnyEdit, ...]] = [
            (one,) for one in shapes(self.base.recipe, self.landmarks) if self.is_wanted(one.path)
        ]
        unused = [Edit(f"region_table_{copy}", "unused", b"\x01", layout.REGION_TABLE_SIZE - 1) for copy in (1, 2)]
        found += [tuple(unused[:1]), tuple(unused)] * self.is_wanted("region_table_1")
        found += [(edit,) for edit in _slack(self.made) if self.is_wanted(edit.path) or self.is_wanted(edit.target)]
        if self.base.parent:
            found += [
                (RecipeChange("over", "parent file", name),)
                for name in self.parents
                if name != self.base.parent and self.is_wanted("parent")
            ]
            found += [(RecipeChange("own", "parent"),)] * self.is_wanted("parent")
        return found


def make(
    base: Base, edits: Sequence[AnyEdit], parents: Mapping[str, Expanded], file_name: str | None = None
) -> Expanded:
    """A base with changes, as a file, see `Container.expand`."""
    name = parent_of(edits, base.parent)
    recipe = base.recipe if file_name is None else replace(base.recipe, file_name=file_name)
    if name != base.parent:
        recipe = replace(recipe, parent=structures.locator_for(parents[name].recipe))
    return expand(changed(recipe, edits), parents[name] if name else None)


def roots(made: Expanded) -> Iterator[Root]:
    """The objects of a file that overrides can name, with their bytes."""
    for place in layout.PLACES:
        size = layout.STRUCTURES[place.structure].size or 0
        yield Root(place.id, place.structure, window(made, place.offset, size), place.offset, place.structure)
    yield from _metadata(made)
    yield from _bat(made)
    yield from _log(made)


def _metadata(made: Expanded) -> Iterator[Root]:
    start, _ = made.plan.extents["metadata"]
    size = layout.METADATA_TABLE_SIZE
    yield Root("metadata_table", "metadata_table", window(made, start, size), start, "metadata_table")
    for one in made.items:
        yield Root(one.target, one.structure, one.data, one.parts[0][0], one.target)


def _bat(made: Expanded) -> Iterator[Root]:
    """Entries of the table: those in use, the first behind them, the last in the region, and at a sector's border."""
    plan = made.plan
    start, length = plan.extents["bat"]
    used = [plan.payload_index(number) for number in plan.blocks] + [plan.bitmap_index(one) for one in plan.bitmaps]
    ends = [plan.payload_index(plan.payload_blocks - 1), plan.entry_count - 1, plan.entry_count]
    indexes = {*sorted(used)[:6], *used[-2:], *ends, _TABLE_EDGE - 1, _TABLE_EDGE, length // _ENTRY - 1, 0, 1}
    for index in sorted(indexes):
        if (index + 1) * _ENTRY <= length:
            offset = start + index * _ENTRY
            yield Root(f"bat[{index}]", "bat_entry", window(made, offset, _ENTRY), offset, f"bat[{index}]")


def _log(made: Expanded) -> Iterator[Root]:
    """Entries of the log in the order in which they were written."""
    start, length = made.plan.extents["log"]
    found = []
    for position in sorted(_entry_positions(made, start, length)):
        size = int.from_bytes(_of_area(made, position + (_LENGTH.offset or 0), _LENGTH.size or 0), "little")
        raw = _of_area(made, position, size)
        raw += _of_area(made, 0, min(size - len(raw), position))
        found.append((int.from_bytes(raw[_SEQUENCE_AT : _SEQUENCE_AT + 8], "little"), start + position, raw))
    for index, (_, offset, raw) in enumerate(sorted(found)[:3]):
        yield Root(f"log[{index}]", "log_entry", raw, offset, f"log[{index}]")


def _entry_positions(made: Expanded, start: int, length: int) -> set[int]:
    """Log offsets of sectors that begin as entries do."""
    sign = layout.LOG_ENTRY_SIGNATURE
    sectors: set[int] = set()
    for offset, data in _extents(made, start, start + length):
        low, high = max(offset - start, 0), min(offset + len(data) - start, length)
        sectors.update(range(low // _SECTOR * _SECTOR, high, _SECTOR))
    return {position for position in sectors if _of_area(made, position, len(sign)) == sign}


def _of_area(made: Expanded, position: int, count: int) -> bytes:
    """Bytes of the log area, fewer where it ends."""
    start, length = made.plan.extents["log"]
    return window(made, start + position, max(min(count, length - position), 0))


def _extents(made: Expanded, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The non-zero parts of a file that reach into a range."""
    first = bisect_right(made.extents, start, key=itemgetter(0)) - 1
    for index in range(max(first, 0), len(made.extents)):
        offset, data = made.extents[index]
        if offset >= end:
            return
        if start < offset + len(data):
            yield offset, data


def window(made: Expanded, offset: int, length: int) -> bytes:
    """A range of a file's bytes, zeros behind its end."""
    end = offset + length
    parts, done = [], offset
    for start, data in _extents(made, offset, end):
        low, high = max(start, offset), min(start + len(data), end)
        parts += [bytes(low - done), data[low - start : high - start]]
        done = high
    return b"".join((*parts, bytes(end - done)))


def _slack(made: Expanded) -> Iterator[Edit]:
    """A byte that is not zero, first and last in every place that holds nothing."""
    header = layout.HEADER_SIZE
    for copy, offset in (("header_1", layout.HEADER_1_OFFSET), ("header_2", layout.HEADER_2_OFFSET)):
        for place in (offset + header, offset + layout.HEADER_SLOT_SIZE - 1):
            yield Edit("file", f"{copy}_padding", b"\x01", place)
    for place in (layout.HEADER_SECTION_USED, layout.HEADER_SECTION_SIZE - 1):
        yield Edit("file", "header_section.tail", b"\x80", place)
    yield Edit("metadata_table", "unused", b"\x01", layout.METADATA_TABLE_SIZE - 1)
    for chunk, place in made.plan.bitmap.items():
        for byte in (0, layout.SECTOR_BITMAP_BLOCK_SIZE - 1):
            yield Edit("file", f"sector_bitmap[{chunk}].bits", b"\x80", place + byte)
        yield Edit("file", f"sector_bitmap[{chunk}].bits", b"\xff" * layout.LOG_SECTOR_SIZE, place)
