"""Payload blocks and sector bitmap blocks as nodes.

Whose a byte is comes from `space`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from vhdx_format.layout import SECTOR_BITMAP_BLOCK_SIZE

from ..codec.overlay import known_end
from ..disk.image import Image
from ..semantics import bitmap
from ..semantics.bat import Bat, split
from ..semantics.geometry import Geometry
from .area import Area
from .bat import state_name, unreadable
from .node import Detail, Node
from .space import BlockSpace, Span, is_present, span_of
from .words import BITMAP, PAYLOAD, Run, owner, runs

_INDEX = re.compile(r"(block|bitmap)\[(\d{1,12})\]")
_RUNS_SHOWN = 64
_CLEAR, _SET, _MIXED = "clear", "set", "mixed"
_KEPT = "not present: a place that the entry keeps"

Measure: TypeAlias = "Callable[[], BlockSpace]"


def nodes(image: Image, bat: Bat, geometry: Geometry, space: Measure) -> Iterator[Node]:
    """The list of all sector bitmap blocks and that of all payload blocks that have a place in the file.

    Args:
        image: the file.
        bat: its table.
        geometry: its shape.
        space: gives the places of all blocks; asked when the first block is.
    """
    maker = _Maker(image, bat, geometry, space)
    yield Node("bitmaps", "bitmaps", "list", children=maker.bitmaps, seek=maker.mapping)
    yield Node("blocks", "blocks", "list", children=maker.blocks, seek=maker.holding)


def find(image: Image, bat: Bat, geometry: Geometry, space: Measure, name: str) -> Node | None:
    """The block called "block[5]" or the bitmap called "bitmap[0]", also one without a place in the file; or None."""
    match = _INDEX.fullmatch(name)
    if match is None:
        return None
    number = int(match[2])
    is_block = match[1] == "block"
    if number >= (geometry.payload_blocks if is_block else geometry.bitmap_blocks):
        return None
    index = geometry.payload_index(number) if is_block else geometry.bitmap_index(number)
    run = Run(index, 1, PAYLOAD if is_block else BITMAP, number, bat.word(index))
    maker = _Maker(image, bat, geometry, space)
    return maker.block(run) if is_block else maker.bitmap(run)


class _Maker:
    def __init__(self, image: Image, bat: Bat, geometry: Geometry, space: Measure) -> None:
        self.image = image
        self.bat = bat
        self.geometry = geometry
        self.space = space

    def blocks(self) -> Iterator[Node]:
        """Runs of payload blocks that have a place, in the order of the table; also across sector bitmap entries."""
        pending: Run | None = None
        for run in runs(self.bat, self.geometry):
            if run.owner != PAYLOAD or not run.file_offset:
                continue
            if pending is not None and self._follows(pending, run):
                pending = pending._replace(entries=pending.entries + run.entries)
                continue
            if pending is not None:
                yield self.block(pending)
            pending = run
        if pending is not None:
            yield self.block(pending)

    def _follows(self, before: Run, after: Run) -> bool:
        step = before.entries * self.geometry.block_size if before.is_present else 0
        return after.number == before.number + before.entries and after.word == before.word + step

    def block(self, run: Run) -> Node:
        """The node of a run of payload blocks."""
        name = f"block[{run.number}]" if run.entries == 1 else f"block[{run.number}..{run.number + run.entries - 1}]"
        details: dict[str, Detail] = {
            "first_block": run.number,
            "blocks": run.entries,
            "state": run.state,
            "virtual_offset": run.number * self.geometry.block_size,
            "bat_index": run.first,
        }
        meaning = state_name(PAYLOAD, run.state)
        if not run.file_offset:
            note = unreadable(self.image, run.number)
            return Node(name, name, "payload", value=run.state, meaning=meaning, details=details, note=note)
        span = span_of(run, self.geometry.block_size)
        return self._area(span).node(
            name,
            name,
            "payload" if run.is_present else "kept",
            span.file_offset,
            span.end - span.file_offset,
            value=run.state,
            meaning=meaning,
            details=details,
            note=self._trouble(run, span) if run.is_present else _KEPT,
        )

    def _trouble(self, run: Run, span: Span) -> str:
        """Why a block of a run cannot be read, as far as one look at its ends says."""
        if run.entries == 1:
            return unreadable(self.image, run.number)
        if span.end <= self.space().file_size:
            return ""
        return unreadable(self.image, run.number) or unreadable(self.image, run.number + run.entries - 1)

    def _area(self, span: Span) -> Area:
        return Area(self.image.view, self.space().zone(span), {})

    def holding(self, file_offset: int) -> Iterator[Node]:
        """The payload blocks that lie over a byte of the file, one by one."""
        return (self.block(run) for run in self._over(file_offset, PAYLOAD, self.geometry.block_size))

    def mapping(self, file_offset: int) -> Iterator[Node]:
        """The sector bitmap blocks that lie over a byte of the file."""
        return (self.bitmap(run) for run in self._over(file_offset, BITMAP, SECTOR_BITMAP_BLOCK_SIZE))

    def _over(self, file_offset: int, kind: str, size: int) -> Iterator[Run]:
        for first, inside in self.space().over(file_offset):
            index = first + inside // size
            found = owner(self.geometry, index)
            if found[0] == kind:
                yield Run(index, 1, *found, self.bat.word(index))

    def bitmaps(self) -> Iterator[Node]:
        """The sector bitmap blocks that have a place, in the order of the table."""
        for chunk in range(self.geometry.bitmap_blocks):
            index = self.geometry.bitmap_index(chunk)
            run = Run(index, 1, BITMAP, chunk, self.bat.word(index))
            if run.file_offset:
                yield self.bitmap(run)

    def bitmap(self, run: Run) -> Node:
        """The node of one sector bitmap block, its bits by payload block below it. Spec: MS-VHDX 2.4."""
        name = f"bitmap[{run.number}]"
        meaning = state_name(BITMAP, run.state)
        details: dict[str, Detail] = {"chunk": run.number, "state": run.state, "bat_index": run.first}
        if not run.file_offset:
            return Node(name, name, "sector_bitmap", value=run.state, meaning=meaning, details=details)
        span = span_of(run, self.geometry.block_size)
        area = self._area(span)
        is_whole = known_end(self.image.view, span.file_offset) >= span.file_offset + span.size
        present = is_present(run) and is_whole
        kept = "not in the file as a whole, so it says nothing" if is_present(run) else _KEPT

        shares = _Shares(area, self.bat, self.geometry, run.number, span.file_offset)

        return area.node(
            name,
            name,
            "sector_bitmap" if present else "kept",
            span.file_offset,
            span.size,
            value=run.state,
            meaning=meaning,
            details=details,
            note="" if present else kept,
            children=shares.nodes if present else None,
            seek=shares.holding if present else None,
        )


@dataclass(frozen=True, slots=True)
class _Shares:
    """The bits of a sector bitmap block, by payload block.

    Attributes:
        area: of the sector bitmap block.
        bat: the table.
        geometry: sizes of the disk.
        chunk: whose bits they are.
        offset: file offset of the first one.
    """

    area: Area
    bat: Bat
    geometry: Geometry
    chunk: int
    offset: int

    @property
    def _size(self) -> int:
        """Bytes of one payload block's bits."""
        return SECTOR_BITMAP_BLOCK_SIZE // self.geometry.chunk_ratio

    @property
    def _first(self) -> int:
        return self.chunk * self.geometry.chunk_ratio

    @property
    def _count(self) -> int:
        return min(self.geometry.chunk_ratio, self.geometry.payload_blocks - self._first)

    def nodes(self) -> Iterator[Node]:
        """Blocks whose bits are all clear, or all set, as runs; then the bits that no block uses."""
        size, raw = self._size, self.area.source.read_at(self.offset, SECTOR_BITMAP_BLOCK_SIZE)

        def _kind(place: int) -> tuple[str, int]:
            filling = _filling(raw[place * size : (place + 1) * size])
            return filling, place if filling == _MIXED else 0

        for (filling, _), group in groupby(range(self._count), _kind):
            members = list(group)
            yield self._share(members[0], len(members), filling, raw[members[0] * size : (members[-1] + 1) * size])
        yield from self._unused()

    def holding(self, file_offset: int) -> Iterator[Node]:
        """The bits of one block, or those that no block uses."""
        place = (file_offset - self.offset) // self._size
        if place >= self._count:
            yield from self._unused()
            return
        raw = self.area.source.read_at(self.offset + place * self._size, self._size)
        yield self._share(place, 1, _filling(raw), raw)

    def _share(self, place: int, count: int, filling: str, raw: bytes) -> Node:
        number = self._first + place
        name = f"block[{number}]" if count == 1 else f"block[{number}..{number + count - 1}]"
        details: dict[str, Detail] = {"bits": filling, "first_block": number, "blocks": count}
        if filling == _MIXED:
            details |= _described(self.bat, self.geometry, number, raw)
        note = f"{details['set_bits']} of {len(raw) * 8} bits set" if filling == _MIXED else f"all {filling}"
        start = self.offset + place * self._size
        path = f"bitmap[{self.chunk}].{name}"
        return self.area.node(name, path, "bitmap_bits", start, len(raw), details=details, note=note)

    def _unused(self) -> Iterator[Node]:
        used = self._count * self._size
        if used < SECTOR_BITMAP_BLOCK_SIZE:
            path = f"bitmap[{self.chunk}].unused"
            note = "bits behind the disk's end"
            yield self.area.filled(
                "unused", path, "free", self.offset + used, SECTOR_BITMAP_BLOCK_SIZE - used, note=note
            )


def _filling(raw: bytes) -> str:
    if raw.count(0) == len(raw):
        return _CLEAR
    return _SET if raw.count(255) == len(raw) else _MIXED


def _described(bat: Bat, geometry: Geometry, block: int, raw: bytes) -> dict[str, Detail]:
    """The runs of a block's bits: first sector in the block, number of sectors, 1 for bits that are set."""
    shown: list[list[int]] = []
    more = False
    for start, count, value in bitmap.runs(raw, 0, len(raw) * 8):
        if len(shown) == _RUNS_SHOWN:
            more = True
            break
        shown.append([start, count, int(value)])
    state, _ = split(bat.word(geometry.payload_index(block)))
    set_bits = int.from_bytes(raw, "little").bit_count()
    return {"set_bits": set_bits, "runs": list(shown), "more_runs": more, "block_state": state}
