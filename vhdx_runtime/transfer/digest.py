"""Digests of a disk: of all its bytes by several algorithms in one pass, and of its non-zero units only.

The second is for disks too large to be read from end to end: what is known to be zero costs nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from ..codec.source import Source
from ..disk.virtual import VirtualDisk
from ..errors import became_shorter
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
    return _digested(chunks(disk, lost), advance, algorithms)


def file_digests(source: Source, advance: Callable[[int], object], algorithms: Sequence[str]) -> dict[str, str]:
    """Digest all bytes of a file as it is; see `digests`.

    Args:
        source: the file.
        advance: called with the file offset up to which all is digested.
        algorithms: names that `hashlib` knows.

    Raises:
        VhdxError: a range cannot be read, or the file became shorter.
    """

    def _chunks() -> Iterator[bytes]:
        for position in range(0, source.size, _STEP):
            raw = source.read_at(position, _STEP)
            if len(raw) < min(_STEP, source.size - position):
                raise became_shorter(source.name)
            yield raw

    return _digested(_chunks(), advance, algorithms)


def fixed_algorithms() -> list[str]:
    """Names of the algorithms of `hashlib` whose digests have one length, those that there are everywhere."""
    return sorted(
        name for name in hashlib.algorithms_guaranteed if hashlib.new(name, usedforsecurity=False).digest_size
    )


def _digested(
    data: Iterable[bytes | memoryview], advance: Callable[[int], object], algorithms: Sequence[str]
) -> dict[str, str]:
    from concurrent.futures import ThreadPoolExecutor  # slow to import

    states: dict[str, Any] = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    position = 0
    with ThreadPoolExecutor(len(states)) as pool:
        pending: list[Any] = []
        for chunk in data:  # read while the one before is digested
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
    digest = UnitDigest()
    digest.add_extents(of_disk(disk, lost), disk.size, disk.readinto_at, advance)
    return digest.hexdigest(), digest.units


class UnitDigest:
    """The digest that `SPARSE_DEFINITION` defines, fed in ascending order.

    Attributes:
        units: how many were not zero so far.
    """

    def __init__(self) -> None:
        self._state = hashlib.sha256()
        self.units = 0

    def hexdigest(self) -> str:
        """The digest of all that was added."""
        return self._state.hexdigest()

    def add(self, position: int, data: memoryview) -> None:
        """Digest the units of some bytes, which start at a unit, that are not zero."""
        raw = bytes(data)  # a view is compared byte by byte
        if raw == _ZERO_STEP[: len(raw)]:
            return
        for start in range(0, len(raw), SPARSE_UNIT):
            unit = raw[start : start + SPARSE_UNIT]
            if unit != _ZERO_STEP[: len(unit)]:
                self._state.update((position + start).to_bytes(_OFFSET_BYTES, "little"))
                self._state.update(unit)
                self.units += 1

    def add_extents(
        self,
        extents: Iterable[Extent],
        size: int,
        readinto_at: Callable[[int, memoryview], object],
        advance: Callable[[int], object],
    ) -> None:
        """Digest all units that an extent touches.

        Args:
            extents: the parts that may hold something, in ascending order.
            size: in bytes, of all.
            readinto_at: fills a buffer from an offset on.
            advance: called with the offset up to which all is digested.

        Raises:
            VhdxError: a range cannot be read.
        """
        buffer = memoryview(bytearray(_STEP))
        for start, end in _unit_spans(extents, size):
            for position in range(start, end, _STEP):
                part = buffer[: end - position]
                readinto_at(position, part)
                self.add(position, part)
                advance(position + len(part))
        advance(size)


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
