"""What a guest must read: its disk by units of 64 KiB that are not all zeros, and where an answer differs from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np

from tests.damage.spans import Span, merged
from vhdx_runtime.conformance import GuestModel

UNIT = 1 << 16
SECTOR = 512
ZERO_UNIT = bytes(UNIT)


@dataclass(frozen=True)
class Truth:
    """A disk.

    Attributes:
        size: in bytes.
        units: number of a unit -> its bytes, of full length, for units that are not all zeros.
        open: ranges that nobody can know even of the sound file; never compared.
    """

    size: int
    units: dict[int, bytes]
    open: tuple[Span, ...] = ()

    @cached_property
    def used(self) -> list[Span]:
        """Where the units lie."""
        return merged((number * UNIT, min((number + 1) * UNIT, self.size)) for number in self.units)

    @cached_property
    def digest(self) -> str:
        """sha256 over all units, each as its offset (64 bits, little-endian) followed by its bytes."""
        found = sha256()
        for number in sorted(self.units):
            found.update((number * UNIT).to_bytes(8, "little") + self.units[number][: self.size - number * UNIT])
        return found.hexdigest()

    def whole(self) -> bytes:
        """All bytes, of a small disk."""
        found = bytearray(-(-self.size // UNIT) * UNIT)
        for number, unit in self.units.items():
            found[number * UNIT : (number + 1) * UNIT] = unit
        return bytes(found[: self.size])

    def wrong(self, offset: int, data: bytes) -> Iterator[Span]:
        """Where bytes that were read at an offset are not the true ones, to 512 bytes."""
        done = 0
        while done < len(data):
            number, skip = divmod(offset + done, UNIT)
            part = data[done : done + UNIT - skip]
            true = self.units.get(number, ZERO_UNIT)
            true = true if len(part) == UNIT else true[skip : skip + len(part)]
            if part != true:
                yield from _sectors(offset + done, part, true)
            done += len(part)


def _sectors(offset: int, part: bytes, true: bytes) -> Iterator[Span]:
    """Runs of sectors that differ; `offset` and the length of both are multiples of a sector, but at the disk's end."""
    rest = -len(part) % SECTOR
    rows = [np.frombuffer(data + bytes(rest), np.uint8).reshape(-1, SECTOR) for data in (part, true)]
    numbers = np.flatnonzero((rows[0] != rows[1]).any(axis=1))
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
        yield offset + int(run[0]) * SECTOR, offset + min((int(run[-1]) + 1) * SECTOR, len(part))


def of_pieces(size: int, pieces: Iterable[tuple[int, bytes]]) -> Truth:
    """A disk of some size, of which some bytes are given, by offsets at multiples of 64 KiB; the rest is zeros."""
    return Truth(size, dict(_units(pieces)))


def of_model(model: GuestModel, unknown: Iterable[Span] = ()) -> Truth:
    """The disk that the recipe of a file means, and ranges besides those of the model that nobody can know."""
    numbers = {
        number for start, end in model.candidates() for number in range(start // UNIT, -(-min(end, model.size) // UNIT))
    }
    lost = tuple(merged([*unknown, *((start, start + length) for start, length in model.lost())]))
    return Truth(model.size, dict(_units((n * UNIT, model.read(n * UNIT, UNIT)) for n in sorted(numbers))), lost)


def _units(pieces: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    for offset, data in pieces:
        for start in range(0, len(data), UNIT):
            unit = data[start : start + UNIT].ljust(UNIT, b"\0")
            if unit != ZERO_UNIT:
                yield (offset + start) // UNIT, unit
