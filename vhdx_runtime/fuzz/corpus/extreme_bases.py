"""Sound files for readers that write, and at the ends of what a log may be.

Every state a block may have, in the first block, a middle one and the last, which the disk uses in part only; logs that
are full or that end where their area ends; children of 4 KiB sectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from vhdx_format import layout

from ...conformance.build.structures import locator_for
from ...conformance.recipes.recipe import Bat, Block, Fill, Geometry, Hide, Log, LogEntry, Recipe, Write, Zeros

_MIB: Final = layout.OBJECT_ALIGNMENT
_SECTOR: Final = layout.LOG_SECTOR_SIZE
_PARTIAL: Final = layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT
_VALID: Final = (
    layout.PAYLOAD_BLOCK_STATE_NOT_PRESENT,
    layout.PAYLOAD_BLOCK_STATE_UNDEFINED,
    layout.PAYLOAD_BLOCK_STATE_ZERO,
    layout.PAYLOAD_BLOCK_STATE_UNMAPPED,
    layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT,
    _PARTIAL,
)
_FEW: Final = (Fill(0, _SECTOR, b"vhdx-fuzz "),)
_RUNS: Final = ((0, 1), (5, 14))  # sectors of a partially present block: its first one, and some that begin in a byte
_USED: Final = 3  # sectors of the last block


def state_recipes() -> Iterator[tuple[Recipe, str]]:
    """A file of three blocks in every state, without a parent and with one, whose recipe comes first.

    Yields:
        The recipe, and the name of the file that it is put over, "" for none.

    Spec: MS-VHDX 2.5.1.1
    """
    size = 2 * layout.BLOCK_SIZE_MIN + _USED * layout.SECTOR_SIZE_512
    plain = Geometry(virtual_disk_size=size)
    parent = Recipe(name="parent-odd-end", geometry=plain, bat=Bat(_alike(layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT)))
    yield parent, ""
    for state in _VALID:
        if state != _PARTIAL:
            yield Recipe(name=f"state-{state}", geometry=plain, bat=Bat(_alike(state))), ""
        geometry = replace(plain, disk_type="differencing")
        child = Recipe(name=f"child-state-{state}", geometry=geometry, bat=Bat(_alike(state)))
        yield replace(child, parent=locator_for(parent)), parent.name


def _alike(state: int) -> tuple[Block, ...]:
    runs = {0: _RUNS, 1: _RUNS, 2: ((0, 1), (_USED - 1, 1))} if state == _PARTIAL else {}
    return tuple(Block(number, state, fills=_FEW, sectors=runs.get(number, ())) for number in range(3))


def child_recipes(parent: Recipe, large: Recipe) -> Iterator[tuple[Recipe, str]]:
    """Children of 4 KiB sectors, and of larger blocks, with bitmaps; one of them waits for its log.

    Args:
        parent: a file of 4 KiB sectors.
        large: a file of larger blocks.
    """
    blocks = (Block(0, _PARTIAL, fills=_FEW, sectors=_RUNS), Block(1, fills=_FEW))
    for name, over in (("child-4k", parent), ("child-2m-blocks", large)):
        geometry = replace(over.geometry, disk_type="differencing")
        yield Recipe(name=name, geometry=geometry, bat=Bat(blocks), parent=locator_for(over)), over.name
    log = Log((LogEntry((Hide("bitmap[0]"), Hide("bat"))),))
    dirty = Recipe(name="child-4k-dirty", geometry=replace(parent.geometry, disk_type="differencing"), log=log)
    yield replace(dirty, bat=Bat(blocks[::-1]), parent=locator_for(parent)), parent.name


def full_log_recipes(disk: Geometry) -> Iterator[Recipe]:
    """Logs without room, and entries that end where the area ends. Spec: MS-VHDX 2.3.1.1."""
    bat = Bat((Block(0, fills=_FEW),))
    table = Hide("bat", length=_SECTOR)
    room = layout.LOG_SIZE_MIN // _SECTOR
    sectors = room - -(-(layout.LOG_ENTRY_HEADER_SIZE + room * layout.LOG_DESCRIPTOR_SIZE) // _SECTOR) + 1
    unused = Write("bat", (room - sectors) * _SECTOR, bytes(sectors * _SECTOR))
    yield Recipe(name="log-one-as-long", geometry=disk, bat=bat, log=Log((LogEntry((unused,)),)))
    last = LogEntry((table,), position=_MIB - 2 * _SECTOR)
    yield Recipe(name="log-ends-with-area", geometry=disk, bat=bat, log=Log((last,)))
    again = LogEntry((Zeros("bat", 2 * _SECTOR),))
    yield Recipe(name="log-goes-on-at-start", geometry=disk, bat=bat, log=Log((last, again, again)))
    yield Recipe(name="log-3-mib", geometry=disk, bat=bat, log=Log((replace(last, position=None),), length=3 * _MIB))
    empty = LogEntry(repeat=room)
    yield Recipe(name="log-full-and-left", geometry=disk, bat=bat, log=Log((empty,), is_dirty=False))
