"""What the guest reads before and after: the bytes of one container's disk, compared where they can differ at all.

The disk of a container is the same where its blocks lie in the same place and nobody wrote there, so only blocks are
read whose entries, bitmaps or bytes have changed. What is left to a parent is compared as such.
"""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from vhdx_format import layout

from ..codec.holes import data_ranges, origin
from ..codec.overlay import merge_ranges
from ..disk.image import Image
from ..disk.mapping import Piece
from ..semantics.bat import ENTRY_SIZE, Bat
from ..semantics.geometry import Geometry
from ..semantics.presence import HOLE, PARENT, PARTIAL, STORED, UNREADABLE, ZERO

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

_ENTRIES: Final = 1 << 15  # of the table that are looked at together
_STEP: Final = 1 << 20  # bytes of the disk that are read together
_SECTOR: Final = layout.SECTOR_SIZE_512
_STATE_BITS: Final = layout.BAT_STATE_MASK.bit_length()

Ranges = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Difference:
    """How two states of a disk differ, as half-open ranges of virtual offsets, sorted and disjoint.

    Attributes:
        changed: could be read, and reads otherwise now or not at all.
        gained: could not be read, and can be now.
        is_known: False where the disk could not be opened before: then nothing can be compared.
    """

    changed: tuple[tuple[int, int], ...] = ()
    gained: tuple[tuple[int, int], ...] = ()
    is_known: bool = True


def differences(before: Image, after: Image, touched: Iterable[tuple[int, int]]) -> Difference:
    """Compare the disks of two states of one container.

    Args:
        before: the container as it was.
        after: the container as it is.
        touched: half-open ranges of file offsets; everywhere else both views hold the same bytes, as far as both reach.

    Raises:
        FileError: the system cannot read the file.
    """
    if not is_open(before):
        return Difference(is_known=False)
    if not is_open(after):
        return Difference(changed=((0, before.size),))
    shorter, longer = sorted((before.view.size, after.view.size))
    ranges = merge_ranges([*touched, (shorter, longer)])
    changed: Ranges = []
    gained: Ranges = []
    common = min(before.size, after.size)
    for start, end in _candidates(before, after, ranges):
        _compare(before, after, start, min(end, common), ranges, changed, gained, coarse=True)
    if before.size != after.size:
        _add(changed if after.size < before.size else gained, common, max(before.size, after.size))
    return Difference(tuple(changed), tuple(gained))


def is_open(image: Image) -> bool:
    """Whether opening gives the disk of the container, at least in part."""
    return image.mapping is not None and not any(finding.refuses_opening for finding in image.findings)


def _candidates(before: Image, after: Image, touched: Ranges) -> Iterator[tuple[int, int]]:
    """Ranges of the disk that may differ, in ascending order."""
    old, new = before.geometry, after.geometry
    if old is None or new is None or before.bat is None or after.bat is None:
        return
    same = ("has_parent", "block_size", "logical_sector_size")
    if any(getattr(old, name) != getattr(new, name) for name in same):
        yield 0, before.size
        return
    entries = chain(_entries_that_differ(before.bat, after.bat), _entries_at(after, touched))
    for start, end in _runs(_marked(old, entries)):
        yield start * old.block_size, min(end * old.block_size, before.size)


def _marked(geometry: Geometry, entries: Iterable[Array]) -> Array:
    """Which payload blocks are those of entries, given by index; a sector bitmap with a parent counts for its chunk."""
    import numpy as np

    ratio = geometry.chunk_ratio
    count = geometry.payload_blocks
    # So, pages without a mark take no memory; for an array of its own numpy asks for large ones, which do.
    marks = np.frombuffer(mmap.mmap(-1, count, access=mmap.ACCESS_COPY), dtype=bool, count=count)
    for indices in entries:
        is_payload = indices % geometry.cycle < ratio
        blocks = geometry.block_of(indices[is_payload])
        marks[blocks[blocks < len(marks)]] = True
        for number in geometry.chunk_of(indices[~is_payload]).tolist() if geometry.has_parent else ():
            marks[number * ratio : (number + 1) * ratio] = True
    return marks


def _runs(marks: Array) -> Iterator[tuple[int, int]]:
    """Marks in a row, as half-open ranges of positions."""
    begin, is_open = 0, False
    for first in range(0, len(marks), _ENTRIES):
        part = marks[first : first + _ENTRIES]
        turns = (part[1:] != part[:-1]).nonzero()[0] + 1
        for at in ([0] if part[0] != is_open else []) + turns.tolist():
            if is_open:
                yield begin, first + at
            begin, is_open = first + at, not is_open
    if is_open:
        yield begin, len(marks)


def _entries_that_differ(old: Bat, new: Bat) -> Iterator[Array]:
    """Indices of entries that mean something else; the place of a block that is not in the file means nothing."""
    import numpy as np

    def _meaning(table: Bat, raw: bytes) -> Array:
        words = np.frombuffer(raw.ljust(size, b"\0"), "<u8")
        states = words & np.uint64(layout.BAT_STATE_MASK)
        places = words & np.uint64(layout.BAT_FILE_OFFSET_MASK)
        kinds = table.presence.codes(words).astype(np.uint64) << np.uint64(_STATE_BITS)
        meant: Array = kinds | np.where(states >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT, states | places, states)
        return meant

    count, held = max(old.entry_count, new.entry_count), min(old.entry_count, new.entry_count)
    for start in range(0, count, _ENTRIES):
        stop = min(count, start + _ENTRIES)
        one, two = (table.words(start, stop - start) for table in (old, new))
        if one == two and stop <= held and (old.view.size == new.view.size or one.count(0) == len(one)):
            continue  # zero means the same in a file of any length
        size = (stop - start) * ENTRY_SIZE
        unlike = _meaning(old, one) != _meaning(new, two)
        unlike[max(0, held - start) :] = True
        yield np.flatnonzero(unlike) + start


def blocks_at(image: Image, file_ranges: Sequence[tuple[int, int]]) -> Ranges:
    """Ranges of the disk whose bytes, or whose sector bitmap, lie anywhere in ranges of the file.

    Args:
        image: a container with a mapping; without one there are none.
        file_ranges: half-open, sorted and disjoint, in file offsets.

    Returns:
        Half-open ranges of virtual offsets, whole blocks, sorted and disjoint; the last may reach past the disk's end.
    """
    if image.geometry is None:
        return []
    size = image.geometry.block_size
    blocks = _runs(_marked(image.geometry, _entries_at(image, file_ranges)))
    return [(start * size, end * size) for start, end in blocks]


def _entries_at(image: Image, file_ranges: Sequence[tuple[int, int]]) -> Iterator[Array]:
    """Indices of the entries of blocks in the file that have a byte in any of some ranges of it."""
    import numpy as np

    geometry, bat = image.geometry, image.bat
    if geometry is None or bat is None or not file_ranges:
        return
    starts, ends = (np.array(side, dtype=np.uint64) for side in zip(*file_ranges, strict=True))
    longest = max(geometry.block_size, layout.SECTOR_BITMAP_BLOCK_SIZE)
    low, high = np.uint64(max(0, file_ranges[0][0] - longest)), np.uint64(file_ranges[-1][1])
    for first in range(0, bat.entry_count, _ENTRIES):
        raw = bat.words(first, _ENTRIES)
        words = np.frombuffer(raw, "<u8", count=len(raw) // ENTRY_SIZE)
        offsets = words & np.uint64(layout.BAT_FILE_OFFSET_MASK)
        near = np.flatnonzero((offsets > low) & (offsets < high))  # few, as a rule: the rest is for them alone
        near = near[(words[near] & np.uint64(layout.BAT_STATE_MASK)) >= layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT]
        is_bitmap = (near + first) % geometry.cycle == geometry.chunk_ratio
        reach = np.where(is_bitmap, layout.SECTOR_BITMAP_BLOCK_SIZE, geometry.block_size).astype(np.uint64)
        at = np.searchsorted(ends, offsets[near], side="right")  # the first range that ends behind the block's start
        hit = starts[np.minimum(at, len(starts) - 1)] < offsets[near] + reach
        yield near[hit & (at < len(starts))] + first


def _compare(
    before: Image, after: Image, start: int, end: int, touched: Ranges, changed: Ranges, gained: Ranges, *, coarse: bool
) -> None:
    for old, new in _aligned(_pieces(before, start, end, coarse), _pieces(after, start, end, coarse)):
        span = (old.virtual_offset, old.virtual_offset + old.length)
        if PARTIAL in (old.kind, new.kind):
            if not _is_same_partial(before, after, old, new):
                _compare(before, after, *span, touched, changed, gained, coarse=False)
        elif UNREADABLE in (old.kind, new.kind):
            if old.kind != new.kind:
                _add(gained if old.kind == UNREADABLE else changed, *span)
        elif PARENT in (old.kind, new.kind):
            if old.kind != new.kind:
                _add(changed, *span)
        elif not _is_same_place(old, new, touched):
            for start_of, end_of in _unlike(before, after, old, new):
                _add(changed, start_of, end_of)


def _is_same_partial(before: Image, after: Image, old: Piece, new: Piece) -> bool:
    """Whether both take the same sectors from the file, and it holds the same bytes, those of the others too."""
    if old.kind != new.kind or before.mapping is None or after.mapping is None:
        return False
    span = old.virtual_offset, old.length
    return list(before.mapping.bits(*span)) == list(after.mapping.bits(*span)) and not any(
        _unlike(before, after, old, new)
    )


def _add(ranges: Ranges, start: int, end: int) -> None:
    """Add a range behind all others."""
    if ranges and ranges[-1][1] == start:
        ranges[-1] = (ranges[-1][0], end)
    else:
        ranges.append((start, end))


def _pieces(image: Image, start: int, end: int, coarse: bool) -> Iterator[Piece]:
    return image.mapping.pieces(start, end - start, coarse=coarse) if image.mapping and start < end else iter(())


def _aligned(first: Iterator[Piece], second: Iterator[Piece]) -> Iterator[tuple[Piece, Piece]]:
    """Two divisions of one range, cut so that the pieces of each pair cover the same bytes."""
    one, two = next(first, None), next(second, None)
    while one and two:
        length = min(one.length, two.length)
        yield one._replace(length=length), two._replace(length=length)
        one, two = _behind(one, length) or next(first, None), _behind(two, length) or next(second, None)


def _behind(piece: Piece, length: int) -> Piece | None:
    if piece.length == length:
        return None
    file_offset = piece.file_offset + length if piece.kind in STORED else 0
    return Piece(piece.virtual_offset + length, piece.length - length, piece.kind, file_offset)


def _is_same_place(old: Piece, new: Piece, touched: Ranges) -> bool:
    """Both are zeros, or the same bytes of the file where nobody wrote."""
    if old.kind in (ZERO, HOLE) and new.kind in (ZERO, HOLE):
        return True
    if old.kind != new.kind or old.file_offset != new.file_offset:
        return False
    at = bisect_right(touched, (new.file_offset + new.length - 1, 1 << 64)) - 1
    return at < 0 or touched[at][1] <= new.file_offset


def _unlike(before: Image, after: Image, old: Piece, new: Piece) -> Iterator[tuple[int, int]]:
    """The sectors of a piece that read otherwise; a hole of the file in both, or the same place of it, is not read."""
    for first, last in merge_ranges([*_held(before, old), *_held(after, new)]):
        if _is_one_origin(before, after, old, new, first, last):
            continue
        for done in range(first // _SECTOR * _SECTOR, last, _STEP):
            length = min(_STEP, last - done)
            one, two = _bytes(before, old, done, length), _bytes(after, new, done, length)
            if one == two:
                continue
            for at in range(0, length, _SECTOR):
                if one[at : at + _SECTOR] != two[at : at + _SECTOR]:
                    start = old.virtual_offset + done + at
                    yield start, start + min(_SECTOR, length - at)


def _is_one_origin(before: Image, after: Image, old: Piece, new: Piece, first: int, last: int) -> bool:
    """Whether bytes of a piece were in the file and are still, or are to be copied from there."""
    if not old.file_offset or not new.file_offset:
        return False
    was = origin(before.view, old.file_offset + first, last - first)
    return was is not None and was == origin(after.view, new.file_offset + first, last - first)


def _held(image: Image, piece: Piece) -> Iterator[tuple[int, int]]:
    """The parts of a piece that may hold anything but zeros, as half-open ranges of bytes inside it."""
    if piece.kind in STORED:
        for start, end in data_ranges(image.view, piece.file_offset, piece.length):
            yield start - piece.file_offset, end - piece.file_offset


def _bytes(image: Image, piece: Piece, skipped: int, length: int) -> bytes:
    return image.view.read_at(piece.file_offset + skipped, length) if piece.kind in STORED else bytes(length)
