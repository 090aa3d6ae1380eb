"""What the reader under test makes of a damaged file: refused, or which bytes it cannot read and which are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import vhdx_runtime as vhdx
from tests.damage.spans import Span, merged, without
from tests.damage.truth import Truth

KIB, MIB = 1 << 10, 1 << 20
WHOLE = 32 * MIB  # disks up to this size are read from end to end
STEP = MIB
SMALLEST = 256 * KIB  # what raises is read again in halves down to this
PROBE = 64 * KIB
STORED = ("data", "log")


@dataclass(frozen=True)
class Answer:
    """What became of one opening.

    Attributes:
        refused: the message with which the file was refused; "" where it was opened.
        unreadable: what raised, or was listed as lost.
        wrong: what was given as sound and is not.
    """

    refused: str = ""
    unreadable: tuple[Span, ...] = field(default=())
    wrong: tuple[Span, ...] = field(default=())


def answer(raw: memoryview | bytes, parents: Sequence[bytes], truth: Truth, *, salvage: bool) -> Answer:
    """Open a file and hold every byte of its disk against the truth.

    Raises:
        AssertionError: what the disk says of where its bytes are does not fit what reading gives.
    """
    try:
        disk = vhdx.open(raw, parents=parents, salvage=salvage)
    except vhdx.VhdxError as error:
        return Answer(str(error) or "refused")
    with disk:
        try:
            return _compared(disk, truth)
        except vhdx.VhdxError as error:  # a list of ranges cannot be had
            return Answer(str(error) or "refused")


def _compared(disk: vhdx.VirtualDisk, truth: Truth) -> Answer:
    found = list(disk.ranges())
    asked = [(0, disk.size)] if disk.size <= WHOLE else merged(_worth_reading(found, disk.size, truth))
    unreadable: list[Span] = []
    wrong = merged([(min(disk.size, truth.size), max(disk.size, truth.size))])
    for start, end in asked:
        for offset in range(start, end, STEP):
            for place, data in _read(disk, offset, min(STEP, end - offset)):
                if data is None:
                    unreadable.append((place, place + min(SMALLEST, end - place)))
                else:
                    wrong += truth.wrong(place, data)
    lost = [(r.virtual_offset, r.virtual_offset + r.length) for r in disk.lost]
    unreadable += lost
    said = merged((r.virtual_offset, r.virtual_offset + r.length) for r in found if r.kind == "unreadable")
    assert not without(said, [*unreadable, *_outside(asked, disk.size)]), "the map names as unreadable what can be read"
    assert not without(lost, said), "what is lost can be read by the map"
    wrong = without(wrong, [*unreadable, *truth.open])
    return Answer("", tuple(merged([*unreadable, *said])), tuple(wrong))


def _outside(asked: Sequence[Span], size: int) -> list[Span]:
    return without([(0, size)], asked)


def _read(disk: vhdx.VirtualDisk, offset: int, length: int) -> Iterator[tuple[int, bytes | None]]:
    """The bytes of a range in pieces; None for a small piece that cannot be read."""
    try:
        yield offset, disk.read_at(offset, length)
    except vhdx.VhdxError:
        if length <= SMALLEST:
            yield offset, None
            return
        half = length // 2 // SMALLEST * SMALLEST or SMALLEST
        yield from _read(disk, offset, half)
        yield from _read(disk, offset + half, length - half)


def _worth_reading(ranges: Sequence[vhdx.Range], size: int, truth: Truth) -> Iterator[Span]:
    """Of a large disk: where the truth is not zeros, what the file stores, and the edges of what cannot be read."""
    yield from ((start, min(end, size)) for start, end in truth.used if start < size)
    for found in ranges:
        end = found.virtual_offset + found.length
        if found.kind in STORED:
            yield found.virtual_offset, end
        elif found.kind == "unreadable":
            yield found.virtual_offset, min(found.virtual_offset + PROBE, end)
            yield max(end - PROBE, found.virtual_offset), end
