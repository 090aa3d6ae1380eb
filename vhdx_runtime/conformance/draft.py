"""What a recipe comes to without its overrides: a file, its objects by name, and what the guest must see.

Recipes that differ in nothing but overrides have this in common, so the last few are remembered. Uses the layout and
the builders only, nothing that reads a VHDX.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

from vhdx_format import layout

from . import objects, structures
from .blocks import bat_entries, bat_entry, guest_model, write_blocks
from .log_area import write_log
from .log_recipe import Hide
from .model import GuestModel
from .objects import Object, Span
from .plan import Plan, make_plan
from .recent import Recent
from .recipe import ParentLocator, Recipe
from .sparse import SparseBytes

_ENTRY_SIZE: Final = layout.STRUCTURES["bat_entry"].size or 0
# Not in the specification, bounds of ours: drafts kept, their bytes, and what a record of a block or a write counts as.
_KEPT: Final = 128
_KEPT_BYTES: Final = 48 << 20
_RECORD: Final = 256


@dataclass(frozen=True, slots=True)
class Draft:
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

    plan: Plan
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
        """An entry of the block allocation table; None behind the end of the region.

        Spec: MS-VHDX 2.5.1
        """
        start, length = self.plan.extents["bat"]
        if (index + 1) * _ENTRY_SIZE > length:
            return None
        raw = self.bat.get(index) or bat_entry()
        one = objects.make(f"bat[{index}]", "bat_entry", raw)
        place = start + index * _ENTRY_SIZE, _ENTRY_SIZE
        return one._replace(parts=(place,), starts=(0,), order=self.bat_order)


_RECENT: Final[Recent[Draft]] = Recent(_KEPT, _KEPT_BYTES)
_PARTS: Final = tuple(one.name for one in fields(Recipe) if one.name not in ("overrides", "file_name"))


def draft(recipe: Recipe, locator: ParentLocator | None) -> Draft:
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


def _weight(one: Draft) -> int:
    """About how many bytes of memory it takes."""
    files = one.file.weight + (one.before_log.weight if one.before_log else 0)
    named = sum(len(found.built) + len(found.data) for found in (*one.tables, *one.log, *one.heads))
    records = len(one.file.written) + len(one.plan.blocks) + len(one.item_ids)
    return files + named + records * _RECORD


def _draft(recipe: Recipe, locator: ParentLocator | None) -> Draft:
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
    return Draft(
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


def _write_tables(recipe: Recipe, plan: Plan, locator: ParentLocator | None, file: SparseBytes) -> tuple[Object, ...]:
    start, _ = plan.extents["metadata"]
    found = [objects.place(file, one, start + at) for at, one in structures.metadata(recipe, locator)]
    for region in recipe.regions.extra:
        file.write(plan.extents[region.guid][0], region.content)
    for number, offset in ((1, layout.REGION_TABLE_1_OFFSET), (2, layout.REGION_TABLE_2_OFFSET)):
        found.append(objects.place(file, structures.region_table(recipe, plan, number), offset))
    return tuple(found)


def _write_heads(recipe: Recipe, plan: Plan, file: SparseBytes) -> tuple[Object, ...]:
    found = [objects.place(file, structures.file_identifier(recipe), layout.FILE_IDENTIFIER_OFFSET)]
    for number, offset in ((1, layout.HEADER_1_OFFSET), (2, layout.HEADER_2_OFFSET)):
        found.append(objects.place(file, structures.header(recipe, plan, number), offset))
    return tuple(found)
