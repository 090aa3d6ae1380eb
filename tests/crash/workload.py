"""What a guest does, by number: small and whole writes, zeros, trims and flushes on a few blocks, again and again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.crash.images import Shape, content
from tests.crash.verifier import PAGE


class Op(NamedTuple):
    """One call.

    Attributes:
        kind: "write", "zero", "trim" (unmapped), "trim-zero" or "flush".
        offset: of the disk, in bytes.
        length: in bytes.
        number: of the writer; its sectors carry it. Zero where zeros are written.
    """

    kind: str
    offset: int = 0
    length: int = 0
    number: int = 0

    def data(self) -> bytes:
        """What a write writes."""
        if not self.number:
            return bytes(self.length)
        first, last = self.offset // PAGE, -(-(self.offset + self.length) // PAGE)
        whole = b"".join([content(page, self.number) for page in range(first, last)])
        return whole[self.offset - first * PAGE :][: self.length]


def workload(shape: Shape, at: random.Random, count: int, number: int = 2) -> Iterator[Op]:
    """Calls, ready to be done in order.

    Args:
        shape: of the disk.
        at: draws.
        count: how many.
        number: of the first writer.
    """
    hot = at.sample(shape.hot, at.randint(3, len(shape.hot)))
    flushes = at.choice((0.08, 0.2, 0.45))
    whole = at.choice((0.2, 0.2, 0.05, 0.5)) if shape.is_child else at.choice((0.03, 0.1))
    trims = at.choice((0.0, 0.12, 0.3))
    for n in range(count):
        draw = at.random()
        block = at.choice(hot)
        start = block * shape.block_size
        if draw < flushes:
            yield Op("flush")
            continue
        draw = at.random()
        if draw < whole:
            made = Op("write", start, shape.span, number + n)
        elif draw < whole + trims:
            made = _trim(shape, at, start)
        else:
            made = _small(shape, at, start, number + n)
        offset = made.offset if made.offset < shape.size else start
        yield made._replace(offset=offset, length=min(made.length, shape.size - offset))


def sweep(shape: Shape, at: random.Random, number: int = 2) -> Iterator[Op]:
    """Changes all over the disk, and hardly a flush: what changes together fills the log."""
    trims, flushes = at.choice((0.0, 0.5, 1.0, 1.0)), at.choice((0.0, 0.0, 0.005))
    for n, block in enumerate(at.sample(shape.hot, len(shape.hot))):
        start = block * shape.block_size
        trim = Op(at.choice(("trim", "trim-zero")), start, shape.block_size)
        yield trim if at.random() < trims else _small(shape, at, start, number + n)
        if at.random() < flushes:
            yield Op("flush")


def steady(shape: Shape, at: random.Random, number: int = 2) -> Iterator[Op]:
    """Small writes, each with a flush: the log wraps."""
    for n in range(at.choice((40, 90, 140))):
        yield _small(shape, at, at.choice(shape.hot) * shape.block_size, number + n)
        if at.random() < 0.9:
            yield Op("flush")


def filling(shape: Shape, at: random.Random, number: int = 2) -> Iterator[Op]:
    """Blocks that get a part, then all, then nothing, each with a flush."""
    for n in range(0, at.choice((12, 30)), 3):
        start = at.choice(shape.hot) * shape.block_size
        length = min(shape.span, shape.size - start)
        yield _small(shape, at, start, number + n)
        yield from [Op("flush")] * (at.random() < 0.8)
        yield Op("write", start, length, number + n + 1)
        yield from [Op("flush")] * (at.random() < 0.8)
        if at.random() < 0.4:
            yield Op("trim", start, length)
            yield from [Op("flush")] * (at.random() < 0.5)


def _trim(shape: Shape, at: random.Random, start: int) -> Op:
    kind = at.choice(("trim", "trim", "trim-zero", "zero"))
    length = shape.block_size * at.choice((1, 1, 2))
    if at.random() < 0.4:  # some blocks are covered in part only
        cut = at.randrange(0, shape.block_size, shape.sector_size)
        length = max(shape.sector_size, length - at.choice((0, cut)))
        return Op(kind, start + cut, min(length, 2 * shape.span) if kind == "zero" else length)
    return Op(kind, start, length)


def _small(shape: Shape, at: random.Random, start: int, number: int) -> Op:
    sector = shape.sector_size
    length = sector * at.choice((1, 1, 1, 2, 3, 7, 8, 16, 40))
    room = min(shape.block_size, shape.size - start)
    place = at.choice((0, room - length, at.randrange(0, max(sector, room - length), sector), PAGE * at.randrange(4)))
    if at.random() < 0.1:
        place, length = shape.block_size - sector * at.choice((1, 5)), length + 8 * sector  # into the next block
    if at.random() < 0.06:
        number = 0
    offset = max(0, min(start + place, shape.size - sector) // sector * sector)
    if at.random() < 0.05:  # not whole sectors
        offset, length = offset + at.randrange(sector), at.choice((1, 100, sector))
    return Op("write", offset, min(length, shape.size - offset), number)


def pages_of(op: Op) -> range:
    """The pages of the disk that a call touches."""
    return range(op.offset // PAGE, -(-(op.offset + op.length) // PAGE)) if op.length else range(0)


def watched(shape: Shape, ops: list[Op], at: random.Random) -> list[int]:
    """Pages of the disk that are looked at in each state: those of small writes, some of large ones, and neighbours."""
    found: set[int] = set()
    end = -(-shape.size // PAGE)
    each = shape.block_size // PAGE
    blocks = set(at.sample(shape.hot, 3))
    for op in ops:
        pages = pages_of(op)
        if len(pages) <= 12:
            found.update(pages)
            found.update((pages[0] - 1, pages[-1] + 1) if pages else ())
        else:
            found.update((pages[0], pages[1], pages[-2], pages[-1]))
        blocks.update(range(op.offset // shape.block_size, -(-(op.offset + op.length) // shape.block_size)))
    for block in blocks:
        found.update((block * each, block * each + each - 1))
        found.update(block * each + at.randrange(each) for _ in range(4))
    return sorted(page for page in found if 0 <= page < end)
