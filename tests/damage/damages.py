"""What is done to a file: which structure, which bytes of it, and with what they are replaced; or where it is cut off.

The number of a damage says everything about it. Consecutive numbers go round all strata (base × structure × filling,
and base × cut); each time round, the next sector of the structure is taken.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from tests.damage.bases import MIB, Base
from tests.damage.spans import Span

ZEROS, ONES, NOISE, ELSEWHERE, OLDER, CUT = "zeros", "0xFF", "noise", "sector of elsewhere", "older content", "cut off"
TEXTS = {
    "text": b"BAD SECTOR",
    "text of a line": b"*** unreadable ***\r\n",
    "text of ddrescue": b"0x0000000000300200  0x00000200  -\n",
    "text of eight": b"NO DATA!",
    "text in UTF-16": "FILLED ".encode("utf-16-le"),
}
ONCE = "text once, then zeros"
FILLINGS = (ZEROS, ONES, *TEXTS, ONCE, NOISE, ELSEWHERE, OLDER)
SIZES = (512, 4096)
ROW = 64 << 10
TRIES = 16
STRIDE = 7  # every so many visits of a stratum go anywhere in the structure, or take a row of sectors


@dataclass(frozen=True)
class Damage:
    """One damage.

    Attributes:
        number: of the damage.
        base: the file that is damaged.
        structure: what is hit.
        filling: what is put there.
        offset: in the file.
        data: the bytes put there.
        cut: length that the file is cut to, or None.
    """

    number: int
    base: Base
    structure: str
    filling: str
    offset: int = 0
    data: bytes = b""
    cut: int | None = None

    @property
    def words(self) -> str:
        """To tell it by, and to make it again."""
        done = f"to {self.cut:#x}" if self.cut is not None else f"{len(self.data)} bytes at {self.offset:#x}"
        return f"damage {self.number}: {self.base.name}, {self.structure}: {self.filling}, {done}"

    @property
    def span(self) -> Span:
        """The bytes of the file that are not what they were."""
        if self.cut is not None:
            return self.cut, len(self.base.raw)
        return self.offset, self.offset + len(self.data)

    def hits(self, span: Span) -> bool:
        """Whether bytes of a range are changed, or gone."""
        start, end = max(span[0], self.span[0]), min(span[1], self.span[1])
        if self.cut is not None:
            return start < end
        return start < end and self.data[start - self.offset : end - self.offset] != self.base.raw[start:end]

    def read(self, start: int, end: int) -> bytes:
        """Bytes of the damaged file; fewer where it ends."""
        raw = bytearray(self.base.raw[start : end if self.cut is None else max(start, min(end, self.cut))])
        low, high = max(start, self.offset), min(end, self.offset + len(self.data))
        if low < high:
            raw[low - start : high - start] = self.data[low - self.offset : high - self.offset]
        return bytes(raw)

    @contextmanager
    def applied(self) -> Iterator[memoryview]:
        """The damaged file; its bytes are put right again afterwards."""
        raw, part = self.base.raw, slice(self.offset, self.offset + len(self.data))
        sound, raw[part] = raw[part], self.data
        try:
            yield memoryview(raw)[: self.cut]
        finally:
            raw[part] = sound


def strata(bases: Sequence[Base]) -> list[tuple[Base, str, str]]:
    """Every base × structure × filling, in an order that mixes them."""
    found = []
    for base in bases:
        fillings = [name for name in FILLINGS if name != OLDER or base.older]
        found += [(base, structure, filling) for structure in base.areas for filling in fillings]
        found += [(base, "file", CUT)] * len(fillings)
    random.Random("strata").shuffle(found)
    return found


@cache
def _strata(bases: tuple[Base, ...]) -> list[tuple[Base, str, str]]:
    return strata(bases)


def damage(number: int, bases: tuple[Base, ...]) -> Damage:
    """The damage of a number."""
    known = _strata(bases)
    base, structure, filling = known[number % len(known)]
    at, visit = random.Random(f"damage {number}"), number // len(known)
    if filling == CUT:
        lengths = cuts(base) if at.random() < 0.4 else [one for one in cuts(base) if one >= base.first_block]
        return Damage(number, base, structure, CUT, cut=at.choice(lengths or cuts(base)))
    for attempt in range(TRIES):
        start, end = _sector(base, structure, visit + attempt, at)
        data = filled(base, filling, start, end, at)
        if data != base.raw[start:end]:
            break
    return Damage(number, base, structure, filling, start, data)


def _sector(base: Base, structure: str, visit: int, at: random.Random) -> Span:
    """The sector of a visit: those that hold something in turn; now and then any other, or several in a row."""
    area, used = base.areas[structure]
    size = at.choice((*SIZES, ROW)) if visit % STRIDE == STRIDE - 1 else SIZES[visit % 2]
    if visit % STRIDE == STRIDE - 1:
        start = at.randrange(area[0] // size, -(-area[1] // size)) * size
    else:
        starts = sorted({s for low, high in used for s in range(low // size * size, high, size)})
        start = starts[(visit // 2 * 5 + at.randrange(len(starts)) * (visit < 2)) % len(starts)]
    return start, min(start + size, len(base.raw))


def filled(base: Base, filling: str, start: int, end: int, at: random.Random) -> bytes:
    """What is put in the place of a range of the file."""
    size = end - start
    if filling in TEXTS:
        return (TEXTS[filling] * (size // len(TEXTS[filling]) + 1))[:size]
    if filling == ONCE:
        return at.choice(list(TEXTS.values())).ljust(size, b"\0")
    if filling == NOISE:
        return at.randbytes(size)
    if filling == OLDER:
        return base.older[start:end]
    if filling == ELSEWHERE:
        return _elsewhere(base, size, at)
    return bytes(size) if filling == ZEROS else b"\xff" * size


def _elsewhere(base: Base, size: int, at: random.Random) -> bytes:
    """Another sector of the file, mostly one of a structure."""
    areas = base.areas
    low, high = at.choice([*areas[at.choice(list(areas))][1], (len(base.raw) - MIB, len(base.raw))])
    start = at.randrange(low // 512, -(-high // 512)) * 512
    return bytes(base.raw[start : start + size]).ljust(size, b"\0")


@cache
def _cuts(base_name: str, edges: tuple[int, ...], length: int) -> list[int]:
    near = {edge + step for edge in edges for step in (-4096, -512, 0, 512, 4096)}
    return sorted(cut for cut in near | set(range(0, length, MIB)) if 0 <= cut < length)


def cuts(base: Base) -> list[int]:
    """Lengths to cut a file to: at every structure's edges and a sector before and behind, and at every MiB."""
    edges = [edge for area, used in base.areas.values() for span in (area, *used) for edge in span]
    edges += [part for entry in base.entries for span in entry.parts for part in span]
    edges += [edge for block in range(min(base.shape.blocks, 8192)) if (edge := base.place(block))]
    return _cuts(base.name, tuple(edges), len(base.raw))
