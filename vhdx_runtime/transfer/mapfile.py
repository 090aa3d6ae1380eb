"""Which parts of a copy are sound, in the form that GNU ddrescue and its kin read and write.

Knows the form: a line of state, then the whole disk in rows of position, size and status.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Final

from ..codec.holes import joined
from ..disk.ranges import MISSING
from ..disk.virtual import VirtualDisk
from ..semantics.presence import UNREADABLE

_FINISHED: Final = "+"
_FAILED: Final = "-"
_NOT_TRIED: Final = "?"


def lines(disk: VirtualDisk, program: str) -> Iterator[str]:
    """The mapfile of a disk that was copied from end to end.

    Lost parts have the status "-". Where more places of the file failed than are remembered, sound parts behind the
    last known one have "?".

    Args:
        disk: opened for salvage, read from end to end.
        program: who writes it, for the comment.
    """
    yield f"# Mapfile. Created by {program}"
    yield "# current_pos  current_status  current_pass"
    yield f"{0:#010x}     {_FINISHED}               1"
    yield "#      pos        size  status"
    failed = sorted((r.virtual_offset, r.virtual_offset + r.length) for r in disk.lost if r.file_offset is not None)
    known = failed[-1][1] if disk.unlisted and failed else disk.size
    position = 0
    for start, end in joined(merge(_unreadable(disk), failed)):
        yield from _sound(position, start, known)
        yield f"{start:#010x}  {end - start:#010x}  {_FAILED}"
        position = end
    yield from _sound(position, disk.size, known)


def _sound(start: int, end: int, known: int) -> Iterator[str]:
    """Rows of what was copied: up to `known` nothing failed that is not remembered."""
    for low, high, status in ((start, min(end, known), _FINISHED), (max(start, known), end, _NOT_TRIED)):
        if low < high:
            yield f"{low:#010x}  {high - low:#010x}  {status}"


def _unreadable(disk: VirtualDisk) -> Iterator[tuple[int, int]]:
    for found in disk.ranges():
        if found.kind in (UNREADABLE, MISSING):
            yield found.virtual_offset, found.virtual_offset + found.length
