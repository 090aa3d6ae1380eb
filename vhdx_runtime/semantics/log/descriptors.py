"""The descriptors of a log entry: reading them as rows, and judging them.

Knows which rules make an entry invalid through a descriptor. Many descriptors are judged as arrays, few as integers, by
the same functions. Descriptors are streamed; none is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from vhdx_format.bulk import BULK
from vhdx_format.layout import (
    DATA_DESCRIPTOR_SIGNATURE,
    LOG_DESCRIPTOR_SIZE,
    LOG_ENTRY_HEADER_SIZE,
    LOG_SECTOR_SIZE,
    LOG_TARGET_END_MAX,
    ZERO_DESCRIPTOR_SIGNATURE,
)
from vhdx_format.rules import RULES

from ...codec import decode
from .area import CHUNK, LogArea

Test = tuple[str, Callable[..., Any]]
_ARRAYS_FROM = 1024  # descriptors from which on arrays are worth their import


def _dropping(structure: str) -> tuple[Test, ...]:
    """The claims of a descriptor that make its entry invalid."""
    return tuple(item for item in BULK[structure].items() if RULES[item[0]].verdict == "ignore-object")


def _noting(structure: str) -> tuple[Test, ...]:
    """The claims of a descriptor whose breach is noted only."""
    return tuple(item for item in BULK[structure].items() if RULES[item[0]].verdict != "ignore-object")


_NOTES = _noting("zero_descriptor")
_TESTS = {
    ZERO_DESCRIPTOR_SIGNATURE: _dropping("zero_descriptor"),
    DATA_DESCRIPTOR_SIGNATURE: _dropping("data_descriptor"),
}


def parts(area: LogArea, position: int, count: int) -> Iterator[bytes]:
    """An entry's descriptors as bytes, in parts that each hold whole descriptors.

    The parts grow from one sector on: many entries may claim the same sectors, and most claims end in the first.

    Args:
        area: the log.
        position: where the entry starts, in bytes from the start of the log.
        count: number of descriptors; the caller has checked that they fit the log.
    """
    start, left, size = position + LOG_ENTRY_HEADER_SIZE, LOG_DESCRIPTOR_SIZE * count, LOG_SECTOR_SIZE
    while left:
        part = area.read(start % area.length, min(size, left))
        if not part:  # the file became shorter since it was opened
            return
        yield part
        start, left, size = start + len(part), left - len(part), min(2 * size, CHUNK)


def rows(part: bytes) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Descriptors of either kind as tuples, in the form of the zero descriptor.

    Yields:
        Signature, reserved or trailing bytes as an integer, length or leading bytes as an integer, file offset, and
        sequence number.

    Spec: MS-VHDX 2.3.1.2, 2.3.1.3
    """
    return decode.rows("zero_descriptor", part)


def judge(area: LogArea, position: int, count: int, sequence: int) -> tuple[str, str, int]:
    """The first rule that a descriptor breaks, what was found, and the number of data descriptors.

    Args:
        area: the log.
        position: where the entry starts, in bytes from the start of the log.
        count: number of descriptors.
        sequence: the entry's sequence number.

    Returns:
        Rule id and words, both "" where all descriptors are right, and the count.
    """
    updates = 0
    for part in parts(area, position, count):
        if len(part) // LOG_DESCRIPTOR_SIZE >= _ARRAYS_FROM:
            broken, updates = _judge_arrays(area, part, sequence, updates)
        else:
            broken, updates = _judge_rows(area, part, sequence, updates)
        if broken:
            return broken, "in a descriptor", updates
    return "", "", updates


def notes(area: LogArea, position: int, count: int) -> Iterator[tuple[str, int]]:
    """The rules that descriptors of a valid entry break without making it invalid, and how many break each.

    Args:
        area: the log.
        position: where the entry starts, in bytes from the start of the log.
        count: number of descriptors.
    """
    totals: Counter[str] = Counter()
    for part in parts(area, position, count):
        zeros = [reserved for signature, reserved, *_ in rows(part) if signature == ZERO_DESCRIPTOR_SIGNATURE]
        for rule, test in _NOTES:
            totals[rule] += sum(not test(reserved=reserved) for reserved in zeros if reserved)
    yield from ((rule, total) for rule, total in totals.items() if total)


def _judge_rows(area: LogArea, part: bytes, sequence: int, updates: int) -> tuple[str, int]:
    for signature, _, length, target, number in rows(part):
        if signature == DATA_DESCRIPTOR_SIGNATURE:
            updates += 1
            length = LOG_SECTOR_SIZE
        elif signature != ZERO_DESCRIPTOR_SIGNATURE:
            return "LOG-015", updates
        for rule, holds in _claims(area, sequence, _TESTS[signature], length, target, number):
            if not holds:
                return rule, updates
    return "", updates


def _judge_arrays(area: LogArea, part: bytes, sequence: int, updates: int) -> tuple[str, int]:
    import numpy as np

    columns = np.frombuffer(part, dtype=np.dtype(decode.columns("zero_descriptor")))
    known = 0
    for signature, tests in _TESTS.items():
        some = columns[columns["signature"] == signature]
        known += len(some)
        data = signature == DATA_DESCRIPTOR_SIGNATURE
        updates += len(some) if data else 0
        length = np.uint64(LOG_SECTOR_SIZE) if data else some["zero_length"]
        for rule, holds in _claims(area, sequence, tests, length, some["file_offset"], some["sequence_number"]):
            if not np.all(holds):
                return rule, updates
    return ("", updates) if known == len(columns) else ("LOG-015", updates)


def _claims(
    area: LogArea, sequence: int, tests: tuple[Test, ...], length: Any, target: Any, number: Any
) -> Iterator[tuple[str, Any]]:
    """What must hold of a descriptor, or of an array of them: rule and answer, or answers."""
    for rule, test in tests:
        yield rule, test(file_offset=target, zero_length=length)
    yield "LOG-019", number == sequence
    inside = (target < LOG_TARGET_END_MAX) & (length <= LOG_TARGET_END_MAX) & (target + length <= LOG_TARGET_END_MAX)
    yield "LOG-027", inside & ((target >= area.offset + area.length) | (target + length <= area.offset))
