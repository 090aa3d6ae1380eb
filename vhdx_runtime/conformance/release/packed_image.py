"""An image as a short list of operations: how the packed release stores it, small without a compressor.

A packed image is "VHDXOPS1", the file's length (64 bits, little-endian as everything) and operations until its end. An
operation is one letter, the file offset and the length in bytes (64 bits each) that it writes, and

    L  literal   the bytes
    C  copy      file offset (64 bits) of bytes that are there already; what was copied may be copied again
    S  series    first value and step (64 bits each) of 64-bit integers, one behind the other
    P  pattern   tag and block number (32 bits each) and virtual offset (64 bits): see `pattern`

Later operations write over earlier ones; what none writes is zero. Works on bytes alone and knows nothing of VHDX.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import pack
from typing import Any

import numpy as np

from ..build import pattern

MAGIC = b"VHDXOPS1"
_WORD = 8
_STEP = 1 << 20
_PATCHED_MIN = 64  # equal bytes that make a unit worth writing as pattern and setting right
_GAP = 24  # zero or equal bytes from which on two literals are cheaper than one
_RUN = 64  # bytes from which on a series or a copy is cheaper than a literal
_PERIOD_MAX = 1 << 12

Operation = tuple[str, int, int, bytes]


def packed(extents: Iterable[tuple[int, bytes]], length: int) -> bytes:
    """Pack an image."""
    parts = [MAGIC, pack("<Q", length)]
    for offset, data in extents:
        for kind, start, count, more in _operations(offset, data):
            parts.append(pack("<cQQ", kind.encode(), start, count) + more)
    return b"".join(parts)


def _operations(offset: int, data: bytes) -> Iterator[Operation]:
    done = 0
    for start, end, tag, block, first in _runs(offset, data):
        yield from _plain(offset + done, data[done:start])
        more = pack("<IIQ", tag, block, first * pattern.UNIT)
        yield "P", offset + start, end - start, more
        yield from _patches(offset + start, data[start:end], (tag, block, first * pattern.UNIT))
        done = end
    yield from _plain(offset + done, data[done:])


def _runs(offset: int, data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """Parts of `data` that are the pattern: start, end, tag, block and number of the first unit, apart and in order."""
    size = pattern.UNIT
    whole = len(data) // size * size
    last = 0
    for start, end, tag, block, number in _whole_runs(data[:whole]):
        while start - size >= last and number and _equal(data, start - size, tag, block, number - 1) >= _PATCHED_MIN:
            start, number = start - size, number - 1
        while end < len(data) and _equal(data, end, tag, block, number + (end - start) // size) >= _PATCHED_MIN:
            end = min(end + size, len(data))
        if start < last:  # the run before was extended into this one
            number += (last - start) // size
            start = last
        if start < end:
            yield start, end, tag, block, number
            last = max(last, end)


def _whole_runs(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """Runs of units that are the pattern to the byte."""
    first, end, head = 0, 0, (0, 0, 0)
    for base in range(0, len(data), _STEP):
        for start, count, tag, block, number in _runs_of_units(data, base, min(_STEP, len(data) - base)):
            known = head[2] + (base + start - first) // pattern.UNIT
            if end == base + start and (tag, block, number) == (*head[:2], known):
                end += count
                continue
            if end:
                yield first, end, *head
            first, end, head = base + start, base + start + count, (tag, block, number)
    if end:
        yield first, end, *head


def _runs_of_units(data: bytes, base: int, length: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Runs in a part of `data`: start in the part, length, tag, block and number of the first unit."""
    units = np.frombuffer(data, np.uint8, length, base).reshape(-1, pattern.UNIT)
    heads: Any = np.frombuffer(np.ascontiguousarray(units[:, : pattern.HEAD]), "<u4").reshape(-1, 4)
    numbers = heads[:, 2].astype(np.uint64) | heads[:, 3].astype(np.uint64) << np.uint64(32)
    places = np.flatnonzero(pattern.is_unit(units, heads[:, 0], heads[:, 1], numbers))
    if not len(places):
        return
    steps = np.diff(places) != 1
    steps |= np.diff(numbers[places]) != 1
    steps |= (np.diff(heads[places, :2].astype(np.int64), axis=0) != 0).any(axis=1)
    for run in np.split(places, np.flatnonzero(steps) + 1):
        index = int(run[0])
        tag, block = heads[index, :2].tolist()
        yield index * pattern.UNIT, len(run) * pattern.UNIT, tag, block, int(numbers[index])


def _equal(data: bytes, start: int, tag: int, block: int, number: int) -> int:
    """How many bytes from `start` on are those of a unit."""
    found = np.frombuffer(data, np.uint8, min(pattern.UNIT, len(data) - start), start)
    unit = pattern.pattern(tag, block, number * pattern.UNIT, pattern.UNIT)
    return int(np.count_nonzero(found == np.frombuffer(unit, np.uint8, len(found))))


def _patches(offset: int, data: bytes, place: tuple[int, int, int]) -> Iterator[Operation]:
    """Literals that make of the pattern what the data are."""
    tag, block, virtual = place
    for base in range(0, len(data), _STEP):
        part = data[base : base + _STEP]
        expected = pattern.pattern(tag, block, virtual + base, len(part))
        if part != expected:
            different = np.frombuffer(part, np.uint8) != np.frombuffer(expected, np.uint8)
            for start, end in _spans(different):
                yield "L", offset + base + start, end - start, part[start:end]


def _spans(wanted: Any) -> Iterator[tuple[int, int]]:
    """Where an array is true, spans with less than `_GAP` between them joined."""
    places = np.flatnonzero(wanted)
    if len(places):
        breaks = np.flatnonzero(np.diff(places) > _GAP)
        starts = [int(places[0]), *places[breaks + 1].tolist()]
        ends = [*places[breaks].tolist(), int(places[-1])]
        yield from ((start, end + 1) for start, end in zip(starts, ends, strict=True))


def _plain(offset: int, data: bytes) -> Iterator[Operation]:
    """Bytes that are no pattern, zeros left out."""
    for start, end in _spans(np.frombuffer(data, np.uint8) != 0):
        yield from _literals(offset + start, data[start:end])


def _literals(offset: int, data: bytes) -> Iterator[Operation]:
    """Series and repetitions, and literals for what lies between."""
    done = position = 0
    while position + _RUN <= len(data):
        series, period = _series(data, position), 0
        if series < _RUN:
            period, series = _repetition(data, position)
        if series < _RUN:
            position += _WORD
            continue
        start = position + period
        if done < start:
            yield "L", offset + done, start - done, data[done:start]
        if period:
            yield "C", offset + start, series, pack("<Q", offset + position)
        else:
            first, second = np.frombuffer(data, "<u8", 2, position).tolist()
            yield "S", offset + start, series, pack("<QQ", first, (second - first) % (1 << 64))
        done = position = start + series
    if done < len(data):
        yield "L", offset + done, len(data) - done, data[done:]


def _series(data: bytes, position: int) -> int:
    """Length of the arithmetic series of 64-bit integers that starts here, in bytes."""
    words = np.frombuffer(data, "<u8", (len(data) - position) // _WORD, position)
    if len(words) < _RUN // _WORD:
        return 0
    if len(set(np.diff(words[:3]).tolist())) > 1:  # the usual case: decide it without looking at all
        return 0
    steps = np.diff(words)
    breaks = np.flatnonzero(steps != steps[0])
    return _WORD * (int(breaks[0]) + 1 if len(breaks) else len(words))


def _repetition(data: bytes, position: int) -> tuple[int, int]:
    """Period of the repetition that starts here and for how many bytes it goes on behind its first period."""
    period = data.find(data[position : position + 16], position + 1, position + _PERIOD_MAX + 16) - position
    if period < 1:
        return 0, 0
    rest = np.frombuffer(data, np.uint8, len(data) - position - period, position + period)
    breaks = np.flatnonzero(rest != np.frombuffer(data, np.uint8, len(rest), position))
    return period, int(breaks[0]) if len(breaks) else len(rest)
