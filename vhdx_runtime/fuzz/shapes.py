"""What else a recipe could say: for each of its parts the changes that its type allows.

Goes through the dataclasses by their annotations: choices get every other choice, numbers their neighbours and places,
lists lose, repeat and turn round their elements, texts are spelled otherwise.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union

from vhdx_format import layout

from ..conformance.recipe import NIL_GUID, Recipe, make_guid
from .change import Change

_LEFT_OUT = {"name", "file_name", "creator", "overrides", "seed", "sectors", "label", "repeat", "data_order", "gap"}
_MIB = layout.OBJECT_ALIGNMENT
_STEPS = (1, layout.SECTOR_SIZE_512, layout.LOG_SECTOR_SIZE, layout.SECTORS_PER_BLOCK_MIN * 256, _MIB)
_STATES = 1 << 3
_MANY_FROM, _MANY_TO = 1000, 1100
_PLACED = ("file_length", "log.offset")
_LENGTH_MAX = 1 << 31
_NIL = f"{{{NIL_GUID}}}"


def shapes(recipe: Recipe, landmarks: Sequence[int]) -> Iterator[Change]:
    """Every change of one part of a recipe.

    Args:
        recipe: the recipe.
        landmarks: where objects of its file start and end, in bytes.
    """
    for field in fields(recipe):
        if field.name not in _LEFT_OUT:
            hint = typing.get_type_hints(Recipe)[field.name]
            yield from _part(field.name, getattr(recipe, field.name), hint, landmarks)


def _part(path: str, value: Any, hint: Any, landmarks: Sequence[int]) -> Iterator[Change]:
    options = _options(hint)
    if isinstance(value, bool) or (bool in options and value is None):
        yield from (Change("put", path, choice) for choice in (False, True) if choice != value)
    elif typing.get_origin(hint) is Literal:
        yield from (Change("put", path, choice) for choice in typing.get_args(hint) if choice != value)
    elif isinstance(value, int) or (value is None and int in options):
        yield from (Change("put", path, number) for number in _numbers(path, value, landmarks))
    elif is_dataclass(value) and not isinstance(value, type):
        if type(None) in options:
            yield Change("put", path, None)
        hints = typing.get_type_hints(type(value))
        for field in fields(value):
            if field.name not in _LEFT_OUT:
                yield from _part(f"{path}.{field.name}", getattr(value, field.name), hints[field.name], landmarks)
    elif isinstance(value, tuple):
        yield from _list(path, value, hint, landmarks)
    elif isinstance(value, str | bytes) and path.startswith("parent.pairs"):
        yield from (Change("put", path, text) for text in spellings(value) if text != value)


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


def _list(path: str, value: tuple[Any, ...], hint: Any, landmarks: Sequence[int]) -> Iterator[Change]:
    arguments = [one for one in typing.get_args(_options(hint)[0] if _options(hint) else hint) if one is not Ellipsis]
    is_open = Ellipsis in typing.get_args(_options(hint)[0])
    if is_open and len(value) > 1:
        yield Change("reverse", path)
    for index, element in enumerate(value):
        where = f"{path}[{index}]"
        if is_open:
            yield Change("drop", where)
            yield Change("twice", where)
        inner = arguments[index] if not is_open and index < len(arguments) else arguments[0]
        yield from _part(where, element, inner, landmarks)
    if is_open and value and is_dataclass(value[0]):
        limits = {one.value for one in layout.CONSTANTS.values() if isinstance(one.value, int)}
        for limit in sorted(limit for limit in limits if _MANY_FROM < limit < _MANY_TO):
            yield from (Change("many", path, limit + more) for more in (0, 1, -len(value), 1 + len(value)))


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
