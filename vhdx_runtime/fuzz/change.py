"""Changes of a recipe: a few operators that take it apart and put it together otherwise, and edits of single fields.

Knows the form of recipes through their dataclasses and no part of them by name, but for the chain that a file is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass, replace
from typing import Any, Literal, NamedTuple

from ..conformance.recipe import BytesOverride, FieldOverride, Override, Recipe, make_guid
from ..conformance.structures import locator_for
from .engine.format import Edit

Operator = Literal["put", "drop", "twice", "reverse", "many", "over", "own"]
_STEP = re.compile(r"(\w+)|\[(\d+)\]")
_IDENTITIES = ("item_id", "guid", "number", "chunk")


class Change(NamedTuple):
    """One operator on a recipe.

    Attributes:
        operator: "put" (another value), "drop" or "twice" (an element of a list), "reverse" (a list), "many" (so many
            elements in a list, each new one with an identity of its own), "over" (another parent file), "own" (the file
            is its own parent).
        path: of the part, with dots and indices: "bat.blocks[1].state".
        value: plain value or bytes.
    """

    operator: Operator
    path: str
    value: Any = None

    @property
    def about(self) -> str:
        """Operator and path without indices."""
        return f"{self.operator} " + re.sub(r"\[\d+\]", "[]", self.path)


AnyEdit = Edit | Change


def changed(recipe: Recipe, edits: Iterable[AnyEdit]) -> Recipe:
    """The recipe with edits and changes applied, in order.

    Args:
        recipe: the recipe.
        edits: the edits; "over" is for whoever expands it.

    Raises:
        LookupError: a change names a part that is not there.
        TypeError, ValueError: it does not fit the part.
    """
    overrides: list[Override] = []
    for edit in edits:
        if isinstance(edit, Edit):
            overrides.append(override(edit))
        elif edit.operator == "own":
            recipe = replace(recipe, parent=locator_for(recipe))
        elif edit.operator != "over":
            recipe = _with(recipe, _steps(edit.path), edit)
    return replace(recipe, overrides=(*recipe.overrides, *overrides)) if overrides else recipe


def override(edit: Edit) -> Override:
    """The same edit as a recipe says it."""
    if isinstance(edit.value, bytes):
        return BytesOverride(edit.target, edit.offset or 0, edit.value, edit.is_sealed)
    return FieldOverride(edit.target, edit.path, edit.value, edit.is_sealed)


def parent_of(edits: Iterable[AnyEdit], default: str) -> str:
    """Name of the base that the file is put over."""
    for edit in edits:
        if isinstance(edit, Change) and edit.operator == "over":
            default = str(edit.value)
    return default


def _steps(path: str) -> list[str | int]:
    return [int(index) if index else name for name, index in _STEP.findall(path)]


def _with(part: Any, steps: Sequence[str | int], change: Change) -> Any:
    if not steps:
        return _operated(part, change)
    first, rest = steps[0], steps[1:]
    if isinstance(first, str):
        if not is_dataclass(part) or isinstance(part, type):
            raise LookupError(f"{change.path}: nothing is called {first}")
        return replace(part, **{first: _with(getattr(part, first), rest, change)})
    items = list(part)
    if not rest and change.operator in ("drop", "twice"):
        items[first : first + 1] = [items[first]] * (2 if change.operator == "twice" else 0)
    else:
        items[first] = _with(items[first], rest, change)
    return tuple(items)


def _operated(part: Any, change: Change) -> Any:
    if change.operator == "put":
        return tuple(change.value) if isinstance(change.value, list) else change.value
    if change.operator == "reverse":
        return tuple(reversed(part))
    if change.operator == "many":
        return (*part, *(_fresh(part[-1], number) for number in range(change.value - len(part))))
    raise ValueError(f"{change.path}: not an element of a list")


def _fresh(element: Any, number: int) -> Any:
    """A copy of an element with an identity of its own."""
    for name in _IDENTITIES:
        value = getattr(element, name, None)
        if isinstance(value, str):
            return replace(element, **{name: make_guid(f"{value}/{number}")})
        if isinstance(value, int):
            return replace(element, **{name: value + number + 1})
    return element


def to_plain(edits: Iterable[AnyEdit]) -> list[list[Any]]:
    """Edits as plain lists, for JSON."""
    return [["edit", *map(_plain, edit)] if isinstance(edit, Edit) else ["shape", *map(_plain, edit)] for edit in edits]


def from_plain(lists: Iterable[Sequence[Any]]) -> tuple[AnyEdit, ...]:
    """Edits out of plain lists, see `to_plain`."""
    return tuple((Edit if one[0] == "edit" else Change)(*map(_value, one[1:])) for one in lists)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _value(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
