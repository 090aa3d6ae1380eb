"""From a recipe to a file and to what its guest must see.

Two steps: the draft, which is the recipe without its overrides, and the objects that overrides change laid over it.
Uses the layout and the builders only, nothing that reads a VHDX, so that the reader can be held against it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from vhdx_format import layout

from ..recipes.recipe import BytesOverride, Hide, ParentLocator, Recipe, RecipeError, is_plain_name
from . import objects, sparse, structures
from .blocks import bat_entries, bat_entry, guest_model, write_blocks
from .log_area import write_log
from .model import GuestModel
from .objects import Object, Span
from .plan import FilePlan, make_plan
from .sparse import SparseBytes

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The values that were asked for last, within bounds of number and of weight."""

    def __init__(self, count: int, weight: int) -> None:
        """Nothing yet.

        Args:
            count: how many values are kept at most.
            weight: how much they may weigh together; a value of more than a quarter of it is not kept.
        """
        self._count, self._weight = count, weight
        self._held = 0
        self._kept: OrderedDict[tuple[int, ...], tuple[Value, int, tuple[Any, ...]]] = OrderedDict()
        self._missed: OrderedDict[tuple[int, ...], None] = OrderedDict()

    def get(self, parts: tuple[Any, ...]) -> Value | None:
        """What was made from these parts; None where it is not kept."""
        key = tuple(map(id, parts))
        found = self._kept.pop(key, None)
        if found is None:
            return None
        self._kept[key] = found
        return found[0]

    def keep(self, parts: tuple[Any, ...], value: Value, weigh: Callable[[Value], int]) -> bool:
        """Keep a value if it has been missed before, and forget those asked for longest ago where there are too many.

        Args:
            parts: what it was made from; kept too, so that nothing else can have their identity.
            value: the value.
            weigh: says how much it weighs.

        Returns:
            False where it is not kept: it was missed for the first time, or is too heavy.
        """
        key = tuple(map(id, parts))
        if key not in self._missed:
            self._missed[key] = None
            if len(self._missed) > self._count:
                self._missed.popitem(last=False)
            return False
        weight = weigh(value)
        if weight > self._weight // 4:
            return False
        self._held += weight - self._kept.pop(key, (value, 0, ()))[1]
        self._kept[key] = value, weight, parts
        while len(self._kept) > self._count or self._held > self._weight:
            self._held -= self._kept.popitem(last=False)[1][1]
        return True


_ENTRY_SIZE: Final = layout.STRUCTURES["bat_entry"].size or 0
# Not in the specification, bounds of ours: drafts kept, their bytes, and what a record of a block or a write counts as.
_KEPT: Final = 128
_KEPT_BYTES: Final = 48 << 20
_RECORD: Final = 256


@dataclass(frozen=True, slots=True)
class FileDraft:
    """A recipe without its overrides, expanded.

    Attributes:
        plan: where everything lies.
        before_log: the file as it is when the log is about to be written, where the log holds bytes of it; else None.
        file: the whole file.
        tables: the metadata table, its items, the region tables, in the order in which they were written.
        bat: entries of the block allocation table that are not zero, by index.
        bat_order: how many writes the file had seen when the table was there.
        log: the entries.
        seen: ranges (start, end) of the file whose bytes went into the log.
        heads: the file type identifier and the headers, written last.
        expected: what reading the virtual disk must give, of a file without a parent.
        item_ids: of everything in the metadata table.
    """

    plan: FilePlan
    before_log: SparseBytes | None
    file: SparseBytes
    tables: tuple[Object, ...]
    bat: dict[int, bytes]
    bat_order: int
    log: tuple[Object, ...]
    seen: tuple[Span, ...]
    heads: tuple[Object, ...]
    expected: GuestModel
    item_ids: frozenset[str]

    def bat_object(self, index: int) -> Object | None:
        """An entry of the block allocation table; None behind the end of the region. Spec: MS-VHDX 2.5.1."""
        start, length = self.plan.extents["bat"]
        if (index + 1) * _ENTRY_SIZE > length:
            return None
        raw = self.bat.get(index) or bat_entry()
        one = objects.make(f"bat[{index}]", "bat_entry", raw)
        place = start + index * _ENTRY_SIZE, _ENTRY_SIZE
        return one._replace(parts=(place,), starts=(0,), order=self.bat_order)


_RECENT: Final[Recent[FileDraft]] = Recent(_KEPT, _KEPT_BYTES)
_PARTS: Final = tuple(one.name for one in fields(Recipe) if one.name not in ("overrides", "file_name"))


def draft(recipe: Recipe, locator: ParentLocator | None) -> FileDraft:
    """The draft of a recipe; its overrides and the name of its file do not count.

    Args:
        recipe: the recipe.
        locator: the parent locator, for an item that has no content of its own.

    Raises:
        RecipeError: the recipe asks for something that cannot be built.
    """
    parts: tuple[Any, ...] = (*(getattr(recipe, name) for name in _PARTS), locator)
    found = _RECENT.get(parts)
    if found is None:
        found = _draft(replace(recipe, overrides=()), locator)
        if _RECENT.keep(parts, found, _weight):
            for file in (found.file, found.before_log):
                if file is not None:
                    file.settle()
    return found


def _weight(one: FileDraft) -> int:
    """About how many bytes of memory it takes."""
    files = one.file.weight + (one.before_log.weight if one.before_log else 0)
    named = sum(len(found.built) + len(found.data) for found in (*one.tables, *one.log, *one.heads))
    records = len(one.file.written) + len(one.plan.blocks) + len(one.item_ids)
    return files + named + records * _RECORD


def _draft(recipe: Recipe, locator: ParentLocator | None) -> FileDraft:
    plan = make_plan(recipe)
    file = SparseBytes()
    tables = _write_tables(recipe, plan, locator, file)
    bat = bat_entries(plan)
    start, length = plan.extents["bat"]
    for index, raw in bat.items():
        if (index + 1) * _ENTRY_SIZE <= length:
            file.write(start + index * _ENTRY_SIZE, raw)
    bat_order = len(file.written)
    write_blocks(recipe, plan, file)
    hides = any(isinstance(update, Hide) for entry in recipe.log.entries for update in entry.updates)
    before_log = file.fork() if hides else None
    log = write_log(recipe, plan, file)
    return FileDraft(
        plan,
        before_log,
        file,
        tables,
        bat,
        bat_order,
        tuple(log.entries),
        tuple(log.seen),
        _write_heads(recipe, plan, file),
        guest_model(recipe, plan),
        frozenset(item.item_id for item in structures.table_items(recipe)),
    )


def _write_tables(
    recipe: Recipe, plan: FilePlan, locator: ParentLocator | None, file: SparseBytes
) -> tuple[Object, ...]:
    start, _ = plan.extents["metadata"]
    found = [objects.place(file, one, start + at) for at, one in structures.metadata(recipe, locator)]
    for region in recipe.regions.extra:
        file.write(plan.extents[region.guid][0], region.content)
    for number, offset in ((1, layout.REGION_TABLE_1_OFFSET), (2, layout.REGION_TABLE_2_OFFSET)):
        found.append(objects.place(file, structures.region_table(recipe, plan, number), offset))
    return tuple(found)


def _write_heads(recipe: Recipe, plan: FilePlan, file: SparseBytes) -> tuple[Object, ...]:
    found = [objects.place(file, structures.file_identifier(recipe), layout.FILE_IDENTIFIER_OFFSET)]
    for number, offset in ((1, layout.HEADER_1_OFFSET), (2, layout.HEADER_2_OFFSET)):
        found.append(objects.place(file, structures.header(recipe, plan, number), offset))
    return tuple(found)


_TARGET = re.compile(r"(bat|log)\[(\d+)\]")
_PLAIN_TARGETS = frozenset(
    ("file", "file_identifier", "header_1", "header_2", "region_table_1", "region_table_2", "metadata_table")
)


@dataclass(frozen=True, slots=True)
class Expanded:
    """A file, as its non-zero parts, and its guest's disk.

    Attributes:
        recipe: what it was made from.
        plan: where everything lies.
        length: of the file in bytes.
        extents: (file offset, bytes), sorted, apart from each other.
        expected: what reading the virtual disk must give.
        items: the metadata items that overrides can name, in the table's order.
    """

    recipe: Recipe
    plan: FilePlan
    length: int
    extents: tuple[tuple[int, bytes], ...]
    expected: GuestModel
    items: tuple[Object, ...]

    def write(self, folder: Path) -> Path:
        """Write the file, sparse, under the recipe's name into a folder; returns its path."""
        path = folder / self.recipe.path
        path.parent.mkdir(parents=True, exist_ok=True)
        sparse.save(path, self.extents, self.length)
        return path

    def to_bytes(self) -> bytes:
        """The whole file, for small ones."""
        result = bytearray(self.length)
        for offset, data in self.extents:
            result[offset : offset + len(data)] = data
        return bytes(result)


def expand(recipe: Recipe, parent: Expanded | None = None) -> Expanded:
    """Make the file that a recipe describes.

    Args:
        recipe: the recipe.
        parent: for a differencing recipe, what its reads are delegated to; without one they are zero.

    Returns:
        The file and the guest's view; the same bytes for the same recipe.

    Raises:
        RecipeError: the recipe asks for something that cannot be built.
    """
    if not is_plain_name(recipe.path):
        raise RecipeError(f"file_name: {recipe.path!r}, expected the name of a file in its folder")
    try:
        return _expanded(recipe, parent)
    except RecipeError:
        raise
    except (IndexError, OverflowError, ValueError) as error:  # of a builder: a number that its field cannot hold
        raise RecipeError(": ".join(str(error).splitlines())) from error


def _expanded(recipe: Recipe, parent: Expanded | None) -> Expanded:
    locator = recipe.parent or (structures.locator_for(parent.recipe) if parent is not None else None)
    found = draft(recipe, locator)
    file, tables = _overridden(recipe, found) if recipe.overrides else (found.file, found.tables)
    expected = found.expected if parent is None else replace(found.expected, parent=parent.expected)
    items = tuple(one for one in tables if one.target in found.item_ids)
    return Expanded(recipe, found.plan, found.plan.length, file.extents(found.plan.length), expected, items)


def expand_chain(recipes: Sequence[Recipe]) -> tuple[Expanded, ...]:
    """Expand a chain, base first; each recipe's parent is the one before it."""
    found: list[Expanded] = []
    for recipe in recipes:
        found.append(expand(recipe, found[-1] if found else None))
    return tuple(found)


def _overridden(recipe: Recipe, found: FileDraft) -> tuple[SparseBytes, tuple[Object, ...]]:
    """The draft's file with every override, and its tables and items."""
    targets = {override.target for override in recipe.overrides} - {""}
    tables = _tables(recipe, found, targets)
    early = [*(one for one in tables if one.target in targets), *_bat(recipe, found, targets)]
    late = [one for one in found.log if one.target in targets]
    if found.before_log is not None and any(objects.touches(one, found.seen) for one in (*early, *late)):
        file = found.before_log.fork()
        _lay(file, early, found.before_log)
        write_log(recipe, found.plan, file)
        _lay(file, (_finished(recipe, one) for one in found.heads), found.file)
    else:
        file = found.file.fork()
        late += [one for one in found.heads if one.target in targets]
        _lay(file, (*early, *(_finished(recipe, one) for one in late)), found.file)
    _check(recipe, found)
    for override in recipe.overrides:
        if isinstance(override, BytesOverride) and override.target == "file":
            file.write(override.offset, override.data)
    return file, tables


def _tables(recipe: Recipe, found: FileDraft, targets: Collection[str]) -> tuple[Object, ...]:
    """The draft's tables and items, finished; items first, so that of two errors theirs is told."""
    changed = {}
    for index, one in sorted(enumerate(found.tables), key=lambda pair: pair[1].target not in found.item_ids):
        changed[index] = _finished(recipe, one) if one.target in targets else one
    return tuple(changed[index] for index in range(len(found.tables)))


def _finished(recipe: Recipe, one: Object) -> Object:
    return objects.finished(one, recipe.overrides)


def _lay(file: SparseBytes, changed: Iterable[Object], over: SparseBytes) -> None:
    for one in changed:
        objects.lay_over(file, one, over.written)


def _bat(recipe: Recipe, found: FileDraft, targets: Collection[str]) -> Iterator[Object]:
    matches = [_TARGET.fullmatch(target) for target in targets]
    for index in sorted({int(match[2]) for match in matches if match and match[1] == "bat"}):
        one = found.bat_object(index)
        if one is not None:
            yield _finished(recipe, one)


def _check(recipe: Recipe, found: FileDraft) -> None:
    """Raise the error of an override that names nothing in the file."""
    for target in (override.target for override in recipe.overrides):
        if target in _PLAIN_TARGETS or target in found.item_ids:
            continue
        match = _TARGET.fullmatch(target)
        last = {"log": len(found.log) - 1, "bat": layout.BAT_ENTRIES_MAX}.get(match[1], -1) if match else -1
        if not (match and int(match[2]) <= last):
            raise RecipeError(f"override: nothing in the file is called {target}")
