"""What a damage may cost at most: whether the file may be refused, and which guest bytes may be unreadable.

The counterpart of `unknowable`, so that no reader is right by giving everything up. Decided from the damage alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.damage.bases import MIB, Base
from tests.damage.damages import Damage
from tests.damage.spans import Span, merged
from tests.damage.unknowable import Unknowable, excuses

STALE = {
    Unknowable.STALE_HEADER,
    Unknowable.STALE_REGIONS,
    Unknowable.LOG_END,
    Unknowable.LOG_GAP,
    Unknowable.OTHER_METADATA,
}


def may_refuse(damage: Damage) -> bool:
    """Whether what is hit is needed to open the file, and stands nowhere else in it."""
    base = damage.base
    start, end = base.metadata
    needed = [(0, 8), (start, end), *(part for entry in base.active for part in entry.parts)]
    if damage.cut is not None:
        needed += [(0, MIB), *([base.log, (0, base.entries[-1].flushed)] if base.entries else [])]
    return any(damage.hits(span) for span in needed) or _is_stale(damage)


def may_lose(damage: Damage) -> list[Span]:
    """Guest bytes that the file does not hold any more, or not for certain."""
    base = damage.base
    if _is_stale(damage) or any(damage.hits(part) for entry in base.active for part in entry.parts):
        return [(0, base.truth.size)]
    return merged(base.span(block) for block in _blocks(damage) if block < base.shape.blocks)


def _is_stale(damage: Damage) -> bool:
    return any(reason in STALE for reason, _ in excuses(damage))


def _blocks(damage: Damage) -> Iterator[int]:
    """Blocks whose entry, or sector bitmap, or bytes are hit."""
    base, (start, end) = damage.base, damage.span
    ratio = base.shape.ratio
    for index in range(max(0, (start - base.table) // 8), min(base.used_entries, -(-(end - base.table) // 8))):
        chunk, inside = divmod(index, ratio + 1)
        yield from [index - chunk] if inside < ratio else _partial(base, chunk)
    if damage.cut is not None:
        for chunk, place in base.bitmaps.items():
            yield from _partial(base, chunk) if place + MIB > damage.cut else ()
        size = base.shape.block_size
        yield from (n for n in _stored(base) if base.place(n) + size > damage.cut)


def _partial(base: Base, chunk: int) -> Iterator[int]:
    return (n for n in _stored(base) if base.state(n) == 7 and n // base.shape.ratio == chunk)


def _stored(base: Base) -> Iterator[int]:
    """Blocks that have bytes in the file."""
    for index in base.words:
        chunk, inside = divmod(index, base.shape.ratio + 1)
        if inside < base.shape.ratio and base.words[index] & 7 >= 6:
            yield index - chunk
