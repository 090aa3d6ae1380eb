"""Changed entries of the block allocation table as patches, by the million."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...semantics.bat import ENTRY_SIZE
from ...write.patch import Patch

Array = np.ndarray[Any, np.dtype[Any]]

_EXACT = 64  # runs of changed entries in a part of the table up to which no unchanged entry is written
_GAP = 512  # entries between two changed ones from which on they stand in different runs


def changed_entries(table: int, start: int, old: Array, new: Array) -> Iterator[Patch]:
    """The patches that turn some entries in a row into others.

    Args:
        table: file offset of the table, in bytes.
        start: index of the first entry.
        old: the words as they are.
        new: the words as they are to be, as many.

    Yields:
        Patches in ascending order that do not touch; where much changes they hold unchanged entries in between.

    >>> old = np.array([1, 2, 3, 4], "<u8")
    >>> [(p.file_offset, len(p.data)) for p in changed_entries(0x1000, 10, old, np.array([1, 9, 9, 4], "<u8"))]
    [(4184, 16)]
    """
    indices = np.flatnonzero(old != new)
    if not len(indices):
        return
    for first, last in _runs(indices):
        yield Patch(table + (start + first) * ENTRY_SIZE, new[first : last + 1].astype("<u8").tobytes())


def cleared_entries(table: int, indices: Array) -> Iterator[Patch]:
    """The patches that make some entries zero, and nothing else.

    Args:
        table: file offset of the table, in bytes.
        indices: of the entries, ascending, of a part of the table in which no other entry differs from zero.

    Yields:
        Patches in ascending order that do not touch.

    >>> [(p.file_offset, p.data.hex()) for p in cleared_entries(0, np.array([2, 3, 5]))]
    [(16, '00000000000000000000000000000000'), (40, '0000000000000000')]
    """
    for first, last in _runs(indices):
        yield Patch(table + first * ENTRY_SIZE, bytes((last + 1 - first) * ENTRY_SIZE))


def _runs(indices: Array) -> list[tuple[int, int]]:
    """First and last of each run of neighbours; where there are many, of each run with small gaps."""
    breaks = np.flatnonzero(np.diff(indices) > 1) + 1
    if len(breaks) > _EXACT:
        breaks = np.flatnonzero(np.diff(indices) > _GAP) + 1
    firsts = indices[np.concatenate([[0], breaks]).astype(np.int64)]
    lasts = indices[np.concatenate([breaks, [len(indices)]]).astype(np.int64) - 1]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
