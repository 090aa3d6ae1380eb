"""Two things wrong in one file: the recipes of two cases put together, where they can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import count, product
from typing import Any

from tests.repair.support import cases_of
from vhdx_runtime.conformance import Block, HeaderCopy, Recipe, RecipeError
from vhdx_runtime.conformance.cases import Case

TRIED = 3
SIZE_MAX = 32 << 20


class Incompatible(Exception):
    """Two recipes want two values of one field."""


def combinations_of(first: str, second: str) -> Iterator[Case]:
    """Cases made of a case that breaks one rule and a case that breaks another; they may break both or not."""
    for one, two in product(*(_candidates(rule) for rule in (first, second))):
        if len(one.files) != len(two.files):
            continue
        try:
            files = tuple(_merged(a, b, Recipe(), "") for a, b in zip(one.files, two.files, strict=True))
            case = replace(one, id=f"{one.id}+{two.id}"[:100], files=files, over={})
            if case.expand()[-1].length <= SIZE_MAX:
                yield case
        except (Incompatible, RecipeError, ValueError, KeyError):
            continue


def _candidates(rule: str) -> list[Case]:
    usual = [case for case in cases_of(rule) if case.open.header is None and case.open.log == "replay"]
    return sorted(usual, key=lambda case: (len(case.findings), case.id))[:TRIED]


def _merged(one: Any, two: Any, default: Any, name: str) -> Any:
    """What both say, where only one of them says anything unusual, or where both can be had."""
    if one == two or two == default:
        return one
    if one == default:
        return two
    if name in _CHOICES:
        return _CHOICES[name](one, two)
    if is_dataclass(one) and type(one) is type(two):
        usual = default if type(default) is type(one) else one
        values = {
            field.name: _merged(
                getattr(one, field.name), getattr(two, field.name), getattr(usual, field.name), field.name
            )
            for field in fields(one)
        }
        return replace(one, **values)  # type: ignore[type-var]
    if isinstance(one, tuple) and isinstance(two, tuple):
        return _joined(one, two)
    raise Incompatible(name)


_CHOICES: dict[str, Callable[[Any, Any], Any]] = {
    "name": lambda one, two: one,
    "file_name": lambda one, two: one,
    "virtual_disk_size": max,
    "spacing_mb": max,
    "pairs": lambda one, two: tuple((dict(one) | dict(two)).items()),
}


def _joined(one: tuple[Any, ...], two: tuple[Any, ...]) -> tuple[Any, ...]:
    if all(isinstance(item, HeaderCopy) for item in one + two) and len(one) == len(two):
        usual = (HeaderCopy(1), HeaderCopy(2))
        return tuple(_merged(a, b, c, "headers") for a, b, c in zip(one, two, usual, strict=True))
    if all(isinstance(item, Block) for item in one + two):
        taken = {item.number for item in one}
        rest = [item for item in two if item not in one]
        return one + tuple(
            item if item.number not in taken else _elsewhere(item, taken | {b.number for b in rest}) for item in rest
        )
    return one + tuple(item for item in two if item not in one)


def _elsewhere(block: Block, taken: set[int]) -> Block:
    return replace(block, number=next(number for number in count() if number not in taken))
