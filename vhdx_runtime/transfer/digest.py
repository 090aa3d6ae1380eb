"""Digests of a disk: of all its bytes by several algorithms in one pass, and of its non-zero units only.

The second is for disks too large to be read from end to end: what is known to be zero costs nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from ..disk import VirtualDisk
from .copying import chunks
from .extents import Extent, Lost, of_disk

ALGORITHMS: Final = ("md5", "sha1", "sha256")
SPARSE_UNIT: Final = 1 << 16
SPARSE_DEFINITION: Final = (
    "sha256 over all 64 KiB units (aligned, the last one may be short) of the virtual disk that have a non-zero byte, "
    "in ascending order, each as little-endian u64 offset followed by the bytes of the unit"
)

_STEP: Final = 1 << 22
_OFFSET_BYTES: Final = 8
_ZERO_STEP: Final = bytes(_STEP)


def digests(
    disk: VirtualDisk, lost: Lost, advance: Callable[[int], object], algorithms: Sequence[str] = ALGORITHMS
) -> dict[str, str]:
    """Digest all bytes of a disk, each algorithm in a thread of its own.

    Args:
        disk: the disk.
        lost: takes down what cannot be had; it counts as zeros.
        advance: called with the virtual offset up to which all is digested.
        algorithms: names that `hashlib` knows.

    Returns:
        Hexadecimal digest by name.

    Raises:
        VhdxError: a range cannot be read.
    """
    states: dict[str, Any] = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    position = 0
    with ThreadPoolExecutor(len(states)) as pool:
        pending: list[Any] = []
        for chunk in chunks(disk, lost):  # read while the one before is digested
            for task in pending:
                task.result()
            advance(position)
            pending = [pool.submit(state.update, chunk) for state in states.values()]
            position += len(chunk)
        for task in pending:
            task.result()
    advance(position)
    return {name: state.hexdigest() for name, state in states.items()}


def sparse_digest(disk: VirtualDisk, lost: Lost, advance: Callable[[int], object]) -> tuple[str, int]:
    """Digest the units of a disk that have a non-zero byte; see `SPARSE_DEFINITION`.

    Args:
        disk: the disk.
        lost: takes down what cannot be had; it counts as zeros.
        advance: called with the virtual offset up to which all is digested.

    Returns:
        Hexadecimal digest and the number of units in it.

    Raises:
        VhdxError: a range cannot be read.
    """
    state = hashlib.sha256()
    units = 0
    buffer = memoryview(bytearray(_STEP))
    for start, end in _unit_spans(of_disk(disk, lost), disk.size):
        for position in range(start, end, _STEP):
            count = disk.readinto_at(position, buffer[: end - position])
            if buffer[:count] != _ZERO_STEP[:count]:
                units += _add_units(state, position, bytes(buffer[:count]))
            advance(position + count)
    advance(disk.size)
    return state.hexdigest(), units


def _add_units(state: Any, position: int, data: bytes) -> int:
    """Digest the units of `data`, which starts at a unit, that are not zero; returns how many."""
    units = 0
    for start in range(0, len(data), SPARSE_UNIT):
        unit = data[start : start + SPARSE_UNIT]
        if unit != _ZERO_STEP[: len(unit)]:
            state.update((position + start).to_bytes(_OFFSET_BYTES, "little"))
            state.update(unit)
            units += 1
    return units


def _unit_spans(extents: Iterable[Extent], size: int) -> Iterator[tuple[int, int]]:
    """The extents as (start, end), widened to whole units and joined where they then touch."""
    first = last = 0
    for extent in extents:
        start = extent.virtual_offset // SPARSE_UNIT * SPARSE_UNIT
        end = min(size, -(-extent.end // SPARSE_UNIT) * SPARSE_UNIT)
        if start > last:
            if last > first:
                yield first, last
            first = start
        last = max(last, end)
    if last > first:
        yield first, last
