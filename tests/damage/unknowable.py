"""What no reader can know: the classes of damage that leave no trace, and which guest bytes each may make wrong.

All is decided from the damage, that is from the sound file and the bytes put over it, and never from an answer. A class
is as narrow as the format allows: a word of the table excuses its own block only, and only where what stands there now
is a sound entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from tests.damage import plain
from tests.damage.bases import KIB, MIB, Base
from tests.damage.damages import ELSEWHERE, NOISE, OLDER, Damage
from tests.damage.spans import Span

PAYLOAD, BITMAP = "payload", "bitmap"


class Unknowable(Enum):
    """A class; its value says why the file holds no evidence."""

    ZEROED_ENTRY = "An entry of the table reads zero: not present is what a table says of blocks never written."
    OTHER_ENTRY = "An entry of the table is another sound one (older, from elsewhere): it carries no checksum or owner."
    MASKED_ENTRY = (
        "An entry names a place inside the file and a state of data: the reserved bits beside are masked, as every "
        "reader does, for the sake of files whose writers set them."
    )
    CHANCE_ENTRY = "Noise whose seventeen reserved bits are clear by chance, one entry in 131,072."
    BITMAP_BITS = "Bits of a sector bitmap are others: any bits are a sound bitmap, and it carries no checksum."
    OTHER_METADATA = "The metadata hold other sound values: neither table nor items carry a checksum."
    STALE_HEADER = (
        "The current header is gone and the other copy is sound, but older: so does a crash while a header is written "
        "leave a file."
    )
    STALE_REGIONS = "The first region table is an older sound one: no number says which of two copies is newer."
    LOG_END = "The newest entries of the log are gone: so does a crash while they are written leave a file."
    LOG_GAP = (
        "An entry in the middle of the log is gone: the specification takes the newest sequence that is whole, as "
        "after a crash of a writer with several entries on their way. A check names the entries that are left over."
    )
    CUT_REPLAYED = (
        "The file is cut where the log says that it may end, and replay makes it longer again: so does a crash leave a "
        "file that was growing."
    )


Excuse = tuple[Unknowable, Span]


def excuses(damage: Damage) -> Iterator[Excuse]:
    """Which guest bytes may be silently wrong, and why."""
    yield from _entries(damage)
    if damage.cut is None:
        yield from _bits(damage)
    for reason in (_other_metadata(damage), _stale_header(damage), _stale_regions(damage), _less_of_the_log(damage)):
        if reason:
            yield reason, (0, 1 << 63)
    yield from _cut_and_replayed(damage)


def _entries(damage: Damage) -> Iterator[Excuse]:
    """Words of the table that are others now, and sound."""
    base, start, end = damage.base, *damage.span
    low = max(0, (start - base.table) // 8)
    high = min(base.used_entries, -(-(end - base.table) // 8)) if damage.cut is None else 0
    for index in range(low, high):
        place = base.table + 8 * index
        word = int.from_bytes(damage.read(place, place + 8), "little")
        chunk, inside = divmod(index, base.shape.ratio + 1)
        owner = BITMAP if inside == base.shape.ratio else PAYLOAD
        reason = _reason(damage, owner, word) if word != base.words.get(index, 0) else None
        if reason and owner == PAYLOAD and (block := index - chunk) < base.shape.blocks:
            yield reason, base.span(block)
        elif reason and owner == BITMAP and base.shape.has_parent:
            yield from ((reason, base.span(block)) for block in _partial(base, chunk))


def _partial(base: Base, chunk: int) -> Iterator[int]:
    first = chunk * base.shape.ratio
    yield from (n for n in range(first, min(first + base.shape.ratio, base.shape.blocks)) if base.state(n) == 7)


def _reason(damage: Damage, owner: str, word: int) -> Unknowable | None:
    """Why a word of the table counts as sound, or None where the word itself is evidence that it is not."""
    state, reserved, place = word & 7, word >> 3 & 0x1FFFF, word >> 20 << 20
    is_inside = MIB <= place < len(damage.base.raw)
    if not word:
        return Unknowable.ZEROED_ENTRY if owner == PAYLOAD else None
    if state >= 6 and is_inside:
        return _by_filling(damage) if not reserved else Unknowable.MASKED_ENTRY
    if state in (0, 1, 2, 3, 5) and not reserved and owner == PAYLOAD:
        return _by_filling(damage)
    return None


def _by_filling(damage: Damage) -> Unknowable | None:
    if damage.filling in (OLDER, ELSEWHERE):
        return Unknowable.OTHER_ENTRY
    return Unknowable.CHANCE_ENTRY if damage.filling == NOISE else None


def _bits(damage: Damage) -> Iterator[Excuse]:
    """Sectors of partly present blocks whose bit is another now."""
    base, shape = damage.base, damage.base.shape
    for chunk, place in base.bitmaps.items():
        start, end = max(damage.span[0], place), min(damage.span[1], place + MIB)
        if start >= end:
            continue
        old, new = _true_bits(damage, start, end), damage.read(start, end)
        for at in (n for n in range(end - start) if old[n] != new[n]):
            sector = (chunk << 23) + 8 * (start - place + at)
            block = sector * shape.sector_size // shape.block_size
            if block < shape.blocks and base.state(block) == 7:
                yield Unknowable.BITMAP_BITS, (sector * shape.sector_size, (sector + 8) * shape.sector_size)


def _true_bits(damage: Damage, start: int, end: int) -> bytes:
    """What a sector bitmap held before; where a log hides it, nothing is assumed to be the same."""
    old = bytes(damage.base.raw[start:end])
    return bytes(byte ^ 0xFF for byte in damage.read(start, end)) if damage.base.is_dirty else old


def _other_metadata(damage: Damage) -> Unknowable | None:
    start, end = damage.base.metadata
    if damage.cut is not None or not damage.hits((start, end)):
        return None
    is_sound = plain.shape(damage.read(start, end)) not in (None, damage.base.shape)
    return Unknowable.OTHER_METADATA if is_sound else None


def _stale_header(damage: Damage) -> Unknowable | None:
    if not any(damage.hits((slot, slot + 4 * KIB)) for slot in plain.HEADERS):
        return None
    now, old = plain.current_header(damage.read(0, 192 * KIB)), damage.base.header
    what = ("log_guid", "log_offset", "log_length")
    is_other = now is not None and any(getattr(now, name) != getattr(old, name) for name in what)
    return Unknowable.STALE_HEADER if is_other else None


def _stale_regions(damage: Damage) -> Unknowable | None:
    if not any(damage.hits((place, place + plain.TABLE_SIZE)) for place in plain.REGION_TABLES):
        return None
    is_other = plain.regions(damage.read(0, 320 * KIB)) not in ({}, damage.base.regions)
    return Unknowable.STALE_REGIONS if is_other else None


def _less_of_the_log(damage: Damage) -> Unknowable | None:
    """Which end the log has now, where entries that are to be replayed are gone and older ones are left."""
    base = damage.base
    gone = [entry for entry in base.active if any(damage.hits(part) for part in entry.parts)]
    if not gone or all(entry.sequence_number >= gone[0].sequence_number for entry in base.entries):
        return None
    return Unknowable.LOG_END if gone == base.active[-len(gone) :] else Unknowable.LOG_GAP


def _cut_and_replayed(damage: Damage) -> Iterator[Excuse]:
    base = damage.base
    if damage.cut is None or not base.entries:
        return
    newest = base.entries[-1]
    if newest.flushed <= damage.cut < newest.last:
        for block in (n for n in range(base.shape.blocks) if base.state(n) >= 6):
            if base.place(block) + base.shape.block_size > damage.cut:
                yield Unknowable.CUT_REPLAYED, base.span(block)
