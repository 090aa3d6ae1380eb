"""The arrays of a file that may have millions of members, and the members of which conditions hold.

Conditions are tried on the table's words, many at once; a node is made only of an entry for which they may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from vhdx_format.layout import BAT_STATE_MASK

from ..semantics.bat import Bat
from ..semantics.geometry import Geometry
from ..semantics.table import CHUNK, MIB, Array, Part, parts
from .area import Area
from .bat import state_name
from .facts import Condition
from .node import Node
from .words import BITMAP, PAYLOAD, UNUSED

Make: TypeAlias = "Callable[[int], Node | None]"
Vectors: TypeAlias = "Callable[[Part, Geometry], dict[str, Array]]"

OWNERS = (UNUSED, PAYLOAD, BITMAP)
"""What an entry may describe, as `Part` has it: neither, a payload block, a sector bitmap block."""

_NAMED = ("state", "value", "meaning", "owner")


@dataclass(frozen=True, slots=True)
class Series:
    """An array of nodes.

    Attributes:
        count: of its members.
        make: makes a member by its number.
        table: the BAT whose entries the members are, or that describe them; None where there are few of them.
        geometry: the shape of the disk.
        vectors: facts about the members as arrays, by name.
        is_entries: the members are the entries themselves, not payload blocks.
        area: of the table, where the members are its entries.
    """

    count: int
    make: Make
    table: Bat | None
    geometry: Geometry
    vectors: Vectors
    is_entries: bool
    area: Area | None = None

    def nodes(self, wanted: range, conditions: Sequence[Condition]) -> Iterator[Node]:
        """The members with some numbers for which conditions may hold: all of those for which they do, and others.

        Args:
            wanted: numbers of members, in steps of 1.
            conditions: all of them must hold.
        """
        inside = range(max(0, wanted.start), min(wanted.stop, self.count))
        numbers = self._numbers(inside, conditions) if conditions and self.table is not None else inside
        for number in numbers:
            made = self.make(number)
            if made is not None:
                yield made

    def _numbers(self, inside: range, conditions: Sequence[Condition]) -> Iterator[int]:
        first = inside.start if self.is_entries else self.geometry.payload_index(inside.start)
        last = inside.stop if self.is_entries else self.geometry.payload_index(inside.stop)
        for part in parts(self.table, self.geometry) if self.table is not None else ():
            if part.start + CHUNK <= first or part.start >= last:
                continue
            chosen = _may_hold(part, self.vectors(part, self.geometry), conditions)
            if self.is_entries:
                numbers = np.flatnonzero(chosen) + part.start
            else:
                numbers = part.blocks(chosen & part.is_payload)
            yield from (number for number in numbers.tolist() if number in inside)


def entry_vectors(part: Part, _: Geometry) -> dict[str, Array]:
    """Facts about entries of the BAT, by the names that their nodes have for them."""
    places = part.offset * np.uint64(MIB)
    index = part.indices
    found = {"index": index, "value": part.words, "state": part.state, "file_offset_mb": part.offset}
    return found | {"file_offset": places}


def block_vectors(part: Part, geometry: Geometry) -> dict[str, Array]:
    """Facts about payload blocks, by the names that their nodes have for them."""
    index = part.indices
    number = geometry.block_of(index)
    found = {"bat_index": index, "first_block": number, "value": part.state, "state": part.state}
    return found | {"virtual_offset": number * geometry.block_size}


def _may_hold(part: Part, vectors: dict[str, Array], conditions: Sequence[Condition]) -> Array:
    chosen: Array = np.ones(len(part.words), dtype=bool)
    for one in conditions:
        if one.number is not None and one.field in vectors:
            chosen &= one.compare(vectors[one.field], one.number)
        elif one.number is None and one.field in _NAMED:
            chosen &= _by_name(one)[part.is_payload + np.uint8(2) * part.is_bitmap, part.state]
    return chosen


def _by_name(one: Condition) -> Array:
    """Whether a condition on the name of a state holds, by what an entry describes and its state."""
    known: list[list[bool]] = []
    for owner in OWNERS:
        row: list[bool] = []
        for state in range(BAT_STATE_MASK + 1):
            said: dict[str, Any] = {"state": state, "value": state, "owner": owner}
            said |= {"meaning": meaning} if (meaning := state_name(owner, state)) else {}
            row.append(one.holds(said))
        known.append(row)
    return np.array(known)
