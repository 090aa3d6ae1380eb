"""Which ranges of a disk are compared: all of a small one; of a huge one the data, its borders, and samples.

Every choice follows from the model, so that two runs compare the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from ..build.model import GuestModel

WHOLE_MAX = 2 << 30
_STEP = 4 << 20
_BORDER = 64 << 10
_SAMPLES = 64
_SMALL_READS = 200
_LONG_READS = 8
_LONG = 1 << 20


def ranges(model: GuestModel) -> Iterator[tuple[int, int]]:
    """Ranges (offset, length) to compare, in order, none longer than 4 MiB, apart from each other."""
    wanted = [(0, model.size)] if model.size <= WHOLE_MAX else _of_huge(model)
    for start, end in _merged(wanted):
        for offset in range(start, end, _STEP):
            yield offset, min(_STEP, end - offset)


def small_reads(model: GuestModel, count: int = _SMALL_READS) -> Iterator[tuple[int, int]]:
    """Small unaligned reads (offset, length): around borders of blocks and sectors of the data, and anywhere else."""
    chooser = random.Random(model.size * 31 + model.block_size)
    spots = sorted({spot for start, end in model.candidates() for spot in (start, end)})
    for _ in range(count):
        near = chooser.choice(spots) if spots and chooser.random() < 0.7 else chooser.randrange(model.size)
        near -= near % model.block_size if chooser.random() < 0.2 else 0
        offset = min(max(near + chooser.randint(-600, 600), 0), model.size - 1)
        yield offset, min(chooser.choice((1, 3, 511, 512, 513, 4095, 4097, 9000)), model.size - offset)


def long_reads(model: GuestModel, count: int = _LONG_READS) -> Iterator[tuple[int, int]]:
    """Long unaligned reads (offset, length), over the borders of blocks around those of the data."""
    chooser = random.Random(model.size * 37 + model.block_size)
    spots = sorted({spot for start, end in model.candidates() for spot in (start, end)}) or [model.size // 2]
    for _ in range(count):
        block = chooser.choice(spots) // model.block_size + chooser.randint(0, 1)
        offset = max(block * model.block_size - chooser.randrange(1, min(model.block_size, _LONG)), 0)
        offset = min(offset - offset % chooser.choice((1, 512, 4096)), model.size - 1)
        yield offset, min(chooser.randrange(_LONG // 8, _LONG * 2), model.size - offset)


def _of_huge(model: GuestModel) -> Iterator[tuple[int, int]]:
    """Start and end of the disk, the data and a border on each side of it, first and last bytes of sampled blocks."""
    yield 0, _BORDER
    yield model.size - _BORDER, model.size
    for start, end in model.candidates():
        yield max(start - _BORDER, 0), min(end + _BORDER, model.size)
    chooser = random.Random(model.size)
    for _ in range(_SAMPLES):
        border = chooser.randrange(model.size // model.block_size + 1) * model.block_size
        yield max(border - _BORDER, 0), min(border + _BORDER, model.size)


def _merged(wanted: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first, last = -1, -1
    for start, end in sorted(wanted):
        if start > last:
            if first >= 0:
                yield first, last
            first, last = start, end
        else:
            last = max(last, end)
    if first >= 0:
        yield first, last
