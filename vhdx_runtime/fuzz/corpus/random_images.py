"""Random images: a sound file with a few fields changed to values at which something may happen.

The same seed gives the same images on every platform: what is drawn depends on a hash of the seed, not on a library's
generator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Final

from ...conformance.build.structures import table_items
from ..engine.boundaries import representatives, texts, value_of, width
from ..engine.format import Edit, FieldPlace, places
from .bases import bases
from .entries import Entry, parents
from .subject import VHDX, Container

RANDOM_COUNT: Final = 16
_NAME: Final = re.compile(r"random-(\d+)-(\d+)")
_CHANGES_MAX: Final = 4
_WORD: Final = 8
_ITEMS_MAX: Final = 64


class Draw:
    """Numbers that follow from a text."""

    def __init__(self, text: str) -> None:
        self._text, self._count = text, 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        digest = sha256(f"{self._text}/{self._count}".encode()).digest()
        self._count += 1
        return int.from_bytes(digest[:_WORD], "little") % limit


def random_entries(seed: int, count: int) -> Iterator[Entry]:
    """Random images of a seed."""
    for number in range(count):
        yield random_entry(seed, number)


def random_entry(seed: int, number: int) -> Entry:
    """One random image."""
    draw = Draw(f"{seed}/{number}")
    names = _names()
    name = names[draw.below(len(names))]
    choices = _places(name)
    edits = {}
    for _ in range(1 + draw.below(_CHANGES_MAX)):
        place = choices[draw.below(len(choices))]
        edits[place.target, place.path] = _edit(draw, place)
    return Entry(f"random-{seed}-{number}", "random", name, tuple(edits.values()), seed=seed)


def by_name(name: str) -> Entry | None:
    """The random image of that id; None where it is no such id."""
    match = _NAME.fullmatch(name)
    return random_entry(int(match[1]), int(match[2])) if match else None


@cache
def _names() -> tuple[str, ...]:
    """Bases to change; those of thousands of items would take all the time."""
    small = [base for base in bases().values() if len(table_items(base.recipe)) <= _ITEMS_MAX]
    return tuple(base.name for base in small if base.swept)


@cache
def _places(name: str) -> tuple[FieldPlace, ...]:
    base = bases()[name]
    subject = Container(base, parents(base.parent))
    return tuple(place for root in subject.roots for place in places(VHDX, root))


def _values(place: FieldPlace) -> tuple[int, ...]:
    """Boundary values of a field; the same wherever the structure that owns it holds the same bytes."""
    return _values_of(place._replace(target="", group="", path="", owner_offset=0, image_offset=0))


@cache
def _values_of(place: FieldPlace) -> tuple[int, ...]:
    return tuple(representatives(VHDX, place))


def _edit(draw: Draw, place: FieldPlace) -> Edit:
    """A boundary value, or any."""
    if width(place.field):
        values = _values(place)
        value = values[draw.below(len(values))] if values and draw.below(4) else draw.below(1 << width(place.field))
        return Edit(place.target, place.path, value if value != value_of(place) else value ^ 1)
    found = texts(VHDX, place)
    offset, data = found[draw.below(len(found))]
    return Edit(place.target, place.path, data, place.offset + offset)
