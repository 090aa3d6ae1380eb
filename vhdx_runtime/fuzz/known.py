"""Values on which readers are known to have failed, as changes of sound files: what the corpus always holds.

Each is a class of defect, not a file that some program wrote: a divisor of zero, a product or a sum that passes the
width of a number, a count that reads on, an entry at the border of a sector.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vhdx_format import layout

from .engine.format import Edit

_MIB: Final = layout.OBJECT_ALIGNMENT
_PAST_32_BITS: Final = (1 << 32) + 1
_LAST_MIB: Final = (1 << 64) - _MIB
_HEADERS: Final = ("header_1", "header_2")
_TABLES: Final = ("region_table_1", "region_table_2")


def known() -> Iterator[tuple[str, str, tuple[Edit, ...]]]:
    """Name of the class, name of the sound file, and the change."""
    product = (1 << 32) // layout.LOG_DESCRIPTOR_SIZE
    yield "block-size-zero", "dynamic", (Edit("file_parameters", "block_size", 0),)
    yield "sector-size-zero", "dynamic", (Edit("logical_sector_size", "logical_sector_size", 0),)
    size = _PAST_32_BITS * layout.BLOCK_SIZE_MIN
    yield "block-count-past-32-bits", "dynamic", (Edit("virtual_disk_size", "virtual_disk_size", size),)
    yield "descriptors-wrap", "log-several", (Edit("log[2]", "header.descriptor_count", product),)
    yield "region-end-wraps", "dynamic", _alike(_TABLES, "entries[0].file_offset", _LAST_MIB)
    yield "log-end-wraps", "dynamic", _alike(_HEADERS, "log_offset", _LAST_MIB)
    yield "item-end-wraps", "dynamic", (Edit("metadata_table", "entries[0].offset", (1 << 32) - 4),)
    yield "pairs-without-end", "child-full", (Edit("parent_locator", "header.key_value_count", 65535),)
    border = layout.LOG_SECTOR_SIZE // (layout.STRUCTURES["bat_entry"].size or 1)
    undefined = max(layout.ENUMS["payload_block_state"]) - 3
    yield "entry-at-a-sector-border", "wide", (Edit(f"bat[{border}]", "state", undefined),)
    yield "block-offset-wraps", "dynamic", (Edit("bat[0]", "file_offset_mb_high", (1 << 32) - 1),)


def _alike(targets: tuple[str, ...], path: str, value: int) -> tuple[Edit, ...]:
    return tuple(Edit(target, path, value) for target in targets)
