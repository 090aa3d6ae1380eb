"""Values for the fields of one structure with which exactly one of its rules does not hold.

The generated parser is the only judge here: it is asked about every combination of boundary values that could matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Any

from .boundaries import integers, pointers, texts, width
from .format import Edit, Format
from .places import Place

_TRIED = 20_000


def solve(form: Format, rule: str, owner: Sequence[Place], landmarks: Sequence[int]) -> Iterator[tuple[Edit, ...]]:
    """Changes of one structure after which of its rules exactly one is broken, fewest fields first.

    Args:
        form: the format.
        rule: id of a rule that claims of this structure declare.
        owner: the fields of the structure.
        landmarks: where objects of the image start and end.
    """
    needs = _needs(form, rule, owner[0].owner)
    mine = [place for place in owner if place.field.id in needs] or list(owner)
    choices = {place.field.id: _choices(form, place, landmarks) for place in mine}
    tried = 0
    for count in range(1, len(mine) + 1):
        for chosen in combinations(mine, count):
            for values in product(*(choices[place.field.id] for place in chosen)):
                tried += 1
                if tried > _TRIED:
                    return
                raw = owner[0].owner_raw
                for place, (offset, value) in zip(chosen, values, strict=True):
                    raw = _put(form, raw, place, offset, value)
                if form.broken(owner[0].owner, raw) == {rule}:
                    yield tuple(_edit(place, *value) for place, value in zip(chosen, values, strict=True))


def _needs(form: Format, rule: str, structure: str) -> set[str]:
    return {need for claim in form.claims.get(structure, ()) if claim.rule == rule for need in claim.needs}


def _choices(form: Format, place: Place, landmarks: Sequence[int]) -> list[tuple[int | None, Any]]:
    if width(place.field):
        return [(None, value) for value in sorted({*integers(form, place), *pointers(place, landmarks)})]
    return list(texts(form, place))


def _put(form: Format, raw: bytes, place: Place, offset: int | None, value: Any) -> bytes:
    if offset is None:
        return form.put(raw, int(place.field.offset), place.field, value)
    start: int = place.field.offset + offset
    return b"".join((raw[:start], value, raw[start + len(value) :]))


def _edit(place: Place, offset: int | None, value: Any) -> Edit:
    return Edit(place.target, place.path, value, None if offset is None else place.offset + offset)
