"""Sound files with logs of every kind; see `bases`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vhdx_format import layout

from ..conformance.log_recipe import Hide, Log, LogEntry, Write, Zeros
from ..conformance.recipe import Bat, Block, Geometry, HeaderCopy, Recipe, make_guid

_MIB = layout.OBJECT_ALIGNMENT
_SECTOR = layout.LOG_SECTOR_SIZE
_TABLE = Hide("bat")


def log_recipes(disk: Geometry, blocks: tuple[Block, ...]) -> Iterator[Recipe]:
    """Files with a log to replay, with one that is there and asks for nothing, and with none.

    Args:
        disk: what those hold that are about the log alone.
        blocks: what the others hold.

    Spec: MS-VHDX 2.3
    """
    nowhere = (HeaderCopy(1, log_offset=0), HeaderCopy(2, log_offset=0))
    yield Recipe(name="log-none", geometry=disk, headers=nowhere, log=Log(length=0))
    yield Recipe(name="log-last", bat=Bat(blocks), file_order=("metadata", "bat", "blocks", "log"))
    one = LogEntry((_TABLE, Hide("metadata", length=_SECTOR)))
    yield Recipe(name="log-one", bat=Bat(blocks), log=Log((one,)))
    yield Recipe(
        name="log-grows", bat=Bat((Block(0, fills=()),)), log=Log((LogEntry((_TABLE,)),)), file_length=4 * _MIB
    )
    yield from _rows(Bat(blocks))
    yield from _old(Bat(blocks))
    wipe = LogEntry((Zeros("bat", _SECTOR, _MIB - _SECTOR), Hide("bat", length=_SECTOR)))
    yield Recipe(name="log-zeros", bat=Bat(blocks), log=Log((wipe,)))
    start = LogEntry((_TABLE,), position=_MIB - _SECTOR, sequence_number=1 << 40)
    yield Recipe(name="log-wrapped", bat=Bat(blocks), log=Log((start, LogEntry((), tail="run"))))
    yield Recipe(name="log-full", bat=Bat(blocks[:1]), log=Log((LogEntry((), repeat=_MIB // _SECTOR),)))
    both = Hide("region_table_1", length=_SECTOR), Hide("region_table_2", length=_SECTOR)
    yield Recipe(name="log-region-tables", geometry=disk, log=Log((LogEntry(both),)))


def _rows(bat: Bat) -> Iterator[Recipe]:
    """Several entries, all of one sequence or not."""
    slack = LogEntry((Zeros("bat", 8 * _SECTOR), Write("bat", 9 * _SECTOR, bytes(_SECTOR))))
    later = replace(slack, tail=0)
    yield Recipe(name="log-several", bat=bat, log=Log((LogEntry((_TABLE,), sequence_number=5), later, later)))
    older = LogEntry((Zeros("bat", 8 * _SECTOR),))
    newer = LogEntry((_TABLE, *slack.updates), sequence_number=20, position=16 * _SECTOR, tail="self")
    yield Recipe(name="log-apart", bat=bat, log=Log((older, newer)))


def _old(bat: Bat) -> Iterator[Recipe]:
    """Entries whose updates must not be made again: what they change has long been changed by others."""
    harm = (Zeros(f"payload[{bat.blocks[0].number}]"),)
    done = LogEntry(harm, sequence_number=7)
    yield Recipe(name="log-behind-tail", bat=bat, log=Log((done, LogEntry((_TABLE,), tail="self"))))
    other = replace(done, sequence_number=1 << 20, log_guid=make_guid("an earlier session"))
    live = LogEntry((_TABLE,), sequence_number=3, position=8 * _SECTOR)
    yield Recipe(name="log-stale", bat=bat, log=Log((other, live)))
    yield Recipe(name="log-left", bat=bat, log=Log((done, replace(done, sequence_number=None)), is_dirty=False))
