"""The one core of all mutators: find the structures, change some, make the checksums right again.

A change of a field is useless where a checksum covers it, unless the checksum follows. So every object whose bytes were
changed, and whatever was wrong before, is sealed anew; now and then one is left wrong on purpose.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from . import file_edits
from .file_edits import Change, Kind
from .structures import Raw, StructureTarget, find, seals
from .values import Around

_KINDS: Final[tuple[tuple[Kind, int], ...]] = (
    (file_edits.change_fields, 60),
    (file_edits.change_bytes, 8),
    (file_edits.copy_structure, 8),
    (file_edits.edit_table, 6),
    (file_edits.copy_object, 3),
    (file_edits.change_length, 5),
    (file_edits.splice_entry, 6),
    (file_edits.rotate_log, 4),
)
_CROSSING: Final[tuple[tuple[Kind, int], ...]] = (
    (file_edits.copy_structure, 6),
    (file_edits.copy_object, 2),
    (file_edits.splice_entry, 4),
    (file_edits.change_fields, 2),
)
_STACKED: Final = (1, 1, 1, 1, 2, 2, 3, 4)
_TRIES: Final = 8
_LEFT_WRONG: Final = 0.03
_BORROWS: Final = 0.4


@dataclass(frozen=True, slots=True)
class Specimen:
    """A file to change, with its structures.

    Attributes:
        raw: its bytes.
        places: its structures, as `structures.find` gives them.
    """

    raw: Raw
    places: tuple[StructureTarget, ...]


def specimen(raw: Raw) -> Specimen:
    """Find the structures of a file."""
    return Specimen(raw, tuple(find(raw)))


def mutate(raw: Raw, seed: int, max_size: int, other: Raw | None = None) -> bytearray:
    """A changed copy of a file: the same for the same arguments.

    Args:
        raw: the file; what lies behind `max_size` is cut off.
        seed: any integer; another one gives another change.
        max_size: most bytes that the result may have.
        other: another file, from which structures may be copied.

    Returns:
        The new bytes, their checksums right in at least 95 of 100 cases.
    """
    at = random.Random(seed)
    base = specimen(raw[:max_size])
    donor = specimen(other) if other is not None and at.random() < _BORROWS else base
    return _changed_copy(base, propose(at, base, donor, _KINDS), at, max_size)


def crossover(raw: Raw, other: Raw, seed: int, max_size: int) -> bytearray:
    """A copy of a file with structures of another one in the place of its own; otherwise as `mutate`."""
    at = random.Random(seed)
    base = specimen(raw[:max_size])
    return _changed_copy(base, propose(at, base, specimen(other), _CROSSING), at, max_size)


def sealed(raw: Raw) -> bytearray:
    """A copy of a file with every checksum right, as far as the objects can be found. Spec: MS-VHDX 2.2.2, 2.2.3."""
    buffer = bytearray(raw)
    for seal in seals(buffer):
        right = seal.computed(buffer)
        buffer[seal.place : seal.place + len(right)] = right
    return buffer


def _changed_copy(base: Specimen, change: Change, at: random.Random, max_size: int) -> bytearray:
    buffer = bytearray(base.raw)
    write(buffer, change, at, max_size)
    return buffer


@contextmanager
def changed(buffer: bytearray, base: Specimen, donor: Specimen, seed: int, max_size: int) -> Iterator[memoryview]:
    """As `mutate`, in place where the length stays: the changed file, for as long as the context lasts.

    Args:
        buffer: the bytes of `base`; the same again afterwards.
        base: the file, at most `max_size` long.
        donor: another file, or the same.
        seed: see `mutate`.
        max_size: see `mutate`.
    """
    at = random.Random(seed)
    change = propose(at, base, donor)
    target = buffer if change.length is None else bytearray(buffer)
    undo = write(target, change, at, max_size)
    try:
        with memoryview(target) as view:
            yield view
    finally:
        if target is buffer:
            for place, data in reversed(undo):
                buffer[place : place + len(data)] = data


def propose(at: random.Random, base: Specimen, donor: Specimen, kinds: Sequence[tuple[Kind, int]] = _KINDS) -> Change:
    """One change, or some on top of one another.

    Args:
        at: where chance comes from.
        base: the file.
        donor: where structures may be copied from.
        kinds: kinds of change, and how likely each is.
    """
    around = Around(base.raw, base.places, donor.raw, donor.places)
    functions, weights = zip(*kinds, strict=True)
    patches: list[tuple[int, bytes]] = []
    length = None
    wanted = at.choice(_STACKED)
    for _ in range(_TRIES):
        found = at.choices(functions, weights)[0](at, around)
        patches += found.patches
        length = found.length if found.length is not None else length
        wanted -= found is not file_edits.NOTHING
        if wanted <= 0:
            break
    return Change(tuple(patches), length)


def write(buffer: bytearray, change: Change, at: random.Random, max_size: int) -> list[tuple[int, bytes]]:
    """Apply a change to a file in memory and seal what it touched.

    Args:
        buffer: the file; never longer than `max_size` afterwards.
        change: what to do.
        at: decides whether one checksum is left wrong, and whether those that were wrong before are made right.
        max_size: in bytes.

    Returns:
        What was there before: file offsets and bytes, to be put back last first.
    """
    undo: list[tuple[int, bytes]] = []
    length = min(len(buffer) if change.length is None else change.length, max_size)
    if length != len(buffer):
        buffer.extend(bytes(max(0, length - len(buffer))))
        del buffer[length:]
    touched = []
    for start, data in change.patches:
        data = data[: max(0, len(buffer) - start)]
        if data:
            undo.append((start, bytes(buffer[start : start + len(data)])))
            buffer[start : start + len(data)] = data
            touched.append((start, len(data)))
    return undo + _seal(buffer, touched, at)


def _seal(buffer: bytearray, touched: Sequence[tuple[int, int]], at: random.Random) -> list[tuple[int, bytes]]:
    undo = []
    leaves_one, mends_all = at.random() < _LEFT_WRONG, at.random() < 0.9
    for seal in seals(buffer):
        is_touched = any(seal.meets(start, size) for start, size in touched)
        if not is_touched and not mends_all:
            continue
        if is_touched and leaves_one:
            leaves_one = False
            continue
        right, place = seal.computed(buffer), seal.place
        if buffer[place : place + len(right)] != right:
            undo.append((place, bytes(buffer[place : place + len(right)])))
            buffer[place : place + len(right)] = right
    return undo
