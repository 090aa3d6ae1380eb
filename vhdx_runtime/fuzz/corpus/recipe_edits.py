"""Changes of a recipe: a few operators that take it apart and put it together otherwise, and edits of single fields."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, NamedTuple, Union

from vhdx_format import layout

from ...conformance.build.structures import locator_for
from ...conformance.recipes.recipe import NIL_GUID, BytesOverride, FieldOverride, Override, Recipe, make_guid
from ..engine.format import Edit

Operator = Literal["put", "drop", "twice", "reverse", "many", "over", "own"]
_STEP = re.compile(r"(\w+)|\[(\d+)\]")
_IDENTITIES = ("item_id", "guid", "number", "chunk")


class RecipeChange(NamedTuple):
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


AnyEdit = Edit | RecipeChange


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
        if isinstance(edit, RecipeChange) and edit.operator == "over":
            default = str(edit.value)
    return default


def _steps(path: str) -> list[str | int]:
    return [int(index) if index else name for name, index in _STEP.findall(path)]


def _with(part: Any, steps: Sequence[str | int], change: RecipeChange) -> Any:
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


def _operated(part: Any, change: RecipeChange) -> Any:
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
    return tuple((Edit if one[0] == "edit" else RecipeChange)(*map(_value, one[1:])) for one in lists)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _value(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


_LEFT_OUT = {"name", "file_name", "creator", "overrides", "seed", "sectors", "label", "repeat", "data_order", "gap"}
_MIB = layout.OBJECT_ALIGNMENT
_STEPS = (1, layout.SECTOR_SIZE_512, layout.LOG_SECTOR_SIZE, layout.SECTORS_PER_BLOCK_MIN * 256, _MIB)
_STATES = 1 << 3
_MANY_FROM, _MANY_TO = 1000, 1100
_PLACED = ("file_length", "log.offset")
_LENGTH_MAX = 1 << 31
_NIL = f"{{{NIL_GUID}}}"


def shapes(recipe: Recipe, landmarks: Sequence[int]) -> Iterator[RecipeChange]:
    """Every change of one part of a recipe.

    Args:
        recipe: the recipe.
        landmarks: where objects of its file start and end, in bytes.
    """
    for field in fields(recipe):
        if field.name not in _LEFT_OUT:
            hint = typing.get_type_hints(Recipe)[field.name]
            yield from _part(field.name, getattr(recipe, field.name), hint, landmarks)


def _part(path: str, value: Any, hint: Any, landmarks: Sequence[int]) -> Iterator[RecipeChange]:
    options = _options(hint)
    if isinstance(value, bool) or (bool in options and value is None):
        yield from (RecipeChange("put", path, choice) for choice in (False, True) if choice != value)
    elif typing.get_origin(hint) is Literal:
        yield from (RecipeChange("put", path, choice) for choice in typing.get_args(hint) if choice != value)
    elif isinstance(value, int) or (value is None and int in options):
        yield from (RecipeChange("put", path, number) for number in _numbers(path, value, landmarks))
    elif is_dataclass(value) and not isinstance(value, type):
        if type(None) in options:
            yield RecipeChange("put", path, None)
        hints = typing.get_type_hints(type(value))
        for field in fields(value):
            if field.name not in _LEFT_OUT:
                yield from _part(f"{path}.{field.name}", getattr(value, field.name), hints[field.name], landmarks)
    elif isinstance(value, tuple):
        yield from _list(path, value, hint, landmarks)
    elif isinstance(value, str | bytes) and path.startswith("parent.pairs"):
        yield from (RecipeChange("put", path, text) for text in spellings(value) if text != value)


def _options(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (Union, types.UnionType) else (hint,)


def _numbers(path: str, value: int | None, landmarks: Sequence[int]) -> list[int]:
    """Numbers to put in the place of one, or of none."""
    now = value or 0
    if path.endswith("_mb"):
        return sorted({landmark // _MIB for landmark in landmarks} - {value})
    if path.endswith("state"):
        return sorted(set(range(_STATES)) - {value})
    found = {0, now // 2, now * 2} | {now + step for step in _STEPS} | {now - step for step in _STEPS}
    if path.endswith("length") and now >= _MIB:
        limits = [one.value for one in layout.CONSTANTS.values() if isinstance(one.value, int)]
        found |= {limit + step for limit in limits if _MIB < limit <= _LENGTH_MAX for step in (0, _MIB)}
    if path in _PLACED:
        found |= {landmark + step for landmark in landmarks for step in (0, -1, 1, layout.SECTOR_SIZE_512, _MIB, -_MIB)}
    return sorted(number for number in found if number >= 0 and number != value)


def _list(path: str, value: tuple[Any, ...], hint: Any, landmarks: Sequence[int]) -> Iterator[RecipeChange]:
    arguments = [one for one in typing.get_args(_options(hint)[0] if _options(hint) else hint) if one is not Ellipsis]
    is_open = Ellipsis in typing.get_args(_options(hint)[0])
    if is_open and len(value) > 1:
        yield RecipeChange("reverse", path)
    for index, element in enumerate(value):
        where = f"{path}[{index}]"
        if is_open:
            yield RecipeChange("drop", where)
            yield RecipeChange("twice", where)
        inner = arguments[index] if not is_open and index < len(arguments) else arguments[0]
        yield from _part(where, element, inner, landmarks)
    if is_open and value and is_dataclass(value[0]):
        limits = {one.value for one in layout.CONSTANTS.values() if isinstance(one.value, int)}
        for limit in sorted(limit for limit in limits if _MANY_FROM < limit < _MANY_TO):
            yield from (RecipeChange("many", path, limit + more) for more in (0, 1, -len(value), 1 + len(value)))


def spellings(text: str | bytes) -> list[str | bytes]:
    """Other ways to write a key, a GUID or a path, right and wrong."""
    if isinstance(text, bytes):
        return []
    raw = text.encode("utf-16-le")
    other = f"{{{make_guid('another')}}}"
    found: list[str | bytes] = [text.upper(), text.lower(), text.strip("{}"), text[:-1], text + "\0", text + "x", ""]
    found += [raw[:-1], raw + b"\x3d\xd8", b"\x00\xdc" + raw, raw + b"\0", text.replace("\\", "/"), text + "2"]
    found += [_NIL, other, other.upper(), "\\" + text, "C:" + text.removeprefix("."), text.removeprefix("\\\\?\\")]
    found += ["\\\\?\\" + text, "..\\" + text, text.replace("Volume", "volum"), "parent_linkage2", "%41" + text]
    found += [key.decode() for key in (layout.KEY_RELATIVE_PATH, layout.KEY_VOLUME_PATH, layout.KEY_PARENT_LINKAGE)]
    return list(dict.fromkeys(found))
