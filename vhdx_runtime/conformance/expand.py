"""From a recipe to a file and to what its guest must see.

Two steps: the draft, which is the recipe without its overrides, and the objects that overrides change laid over it.
Uses the layout and the builders only, nothing that reads a VHDX, so that the reader can be held against it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vhdx_format import layout

from . import objects, sparse, structures
from .draft import Draft, draft
from .log_area import write_log
from .model import GuestModel
from .objects import Object
from .plan import Plan
from .recipe import BytesOverride, Recipe, RecipeError
from .sparse import SparseBytes

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
    plan: Plan
    length: int
    extents: tuple[tuple[int, bytes], ...]
    expected: GuestModel
    items: tuple[Object, ...]

    def write(self, folder: Path) -> Path:
        """Write the file, sparse, under the recipe's name into a folder; returns its path."""
        path = folder / self.recipe.path
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


def _overridden(recipe: Recipe, found: Draft) -> tuple[SparseBytes, tuple[Object, ...]]:
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


def _tables(recipe: Recipe, found: Draft, targets: Collection[str]) -> tuple[Object, ...]:
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


def _bat(recipe: Recipe, found: Draft, targets: Collection[str]) -> Iterator[Object]:
    matches = [_TARGET.fullmatch(target) for target in targets]
    for index in sorted({int(match[2]) for match in matches if match and match[1] == "bat"}):
        one = found.bat_object(index)
        if one is not None:
            yield _finished(recipe, one)


def _check(recipe: Recipe, found: Draft) -> None:
    """Raise the error of an override that names nothing in the file."""
    for target in (override.target for override in recipe.overrides):
        if target in _PLAIN_TARGETS or target in found.item_ids:
            continue
        match = _TARGET.fullmatch(target)
        last = {"log": len(found.log) - 1, "bat": layout.BAT_ENTRIES_MAX}.get(match[1], -1) if match else -1
        if not (match and int(match[2]) <= last):
            raise RecipeError(f"override: nothing in the file is called {target}")
