"""Giving blocks up: trim, and writing zeros without writing them.

Only blocks that a range covers change their state; the last one counts as covered where the range reaches the disk's
end. A block of a child never goes back to its parent.
"""

from __future__ import annotations

from typing import Final

from vhdx_format import layout

from ..semantics.bat import split
from ..semantics.presence import DATA, HOLE, PARENT, PARTIAL, ZERO
from .allocate import Blocks

UNMAPPED: Final = "unmapped"
TO_ZERO: Final = "zero"

_UNMAPPED: Final = layout.PAYLOAD_BLOCK_STATE_UNMAPPED
_ZERO: Final = layout.PAYLOAD_BLOCK_STATE_ZERO


def covered(blocks: Blocks, offset: int, length: int) -> tuple[int, int]:
    """The payload blocks that lie in a range as a whole: the first, and the one behind the last.

    Args:
        blocks: of the container.
        offset: virtual offset in bytes.
        length: in bytes.
    """
    geometry = blocks.geometry
    size, end = geometry.block_size, offset + length
    first = -(-offset // size)
    last = geometry.payload_blocks if end >= geometry.virtual_disk_size else end // size
    return first, max(first, last)


def give_up(blocks: Blocks, first: int, last: int, to: str) -> None:
    """Have payload blocks `first` to `last` (exclusive) read as zeros.

    Args:
        blocks: of the container.
        first: number of a block.
        last: of the one behind the last.
        to: "unmapped", or "zero" for the state that says that the guest wrote zeros.

    Raises:
        FileError: it could not be done for all of them.

    Spec: MS-VHDX 2.5.1.1
    """
    for block, count, kind, _ in blocks.mapping.blocks(first, last):
        if kind == HOLE or (kind == ZERO and to == UNMAPPED):
            continue
        for number in range(block, block + count):
            _give_up_one(blocks, number, kind, to)


def _give_up_one(blocks: Blocks, block: int, kind: str, to: str) -> None:
    geometry, space = blocks.geometry, blocks.session.space
    size = geometry.block_size
    index = geometry.payload_index(block)
    state, place = split(blocks.bat.word(index))
    is_stored = kind in (DATA, PARTIAL)
    if geometry.leave_block_allocated and not geometry.has_parent:
        if is_stored and to == TO_ZERO:  # a block in state ZERO has no place to keep
            blocks.session.begin()
            blocks.fill(place, place + size)
        elif is_stored:
            blocks.reserve(index)
            blocks.put(block, _UNMAPPED, place)
        return
    wanted = _ZERO if to == TO_ZERO else _UNMAPPED
    if state == wanted or kind not in (DATA, PARTIAL, PARENT, ZERO):
        return
    blocks.reserve(index)
    free = place if is_stored else blocks.kept_place(block)
    blocks.put(block, wanted, 0)
    if free:
        space.release(free, size)
