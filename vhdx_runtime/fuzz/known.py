"""Values on which readers are known to have failed, as changes of sound files: what the corpus always holds.

Each is a class of defect, not a file that some program wrote: a divisor of zero, a product or a sum that passes the
width of a number, a count that reads on, regions that lie on each other, one copy of two that is damaged, a path that
leads out of the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vhdx_format import layout

from ..codec import encode
from ..conformance.blocks import MB_BITS
from ..conformance.recipe import NIL_GUID
from .bases import bases
from .change import AnyEdit, Change
from .container import make, window
from .engine.format import Edit

_MIB: Final = layout.OBJECT_ALIGNMENT
_PAST_32_BITS: Final = (1 << 32) + 1
_MOST_MIB: Final = (1 << 32) - _MIB
_LAST_MIB: Final = (1 << 64) - _MIB
_HEADERS: Final = ("header_1", "header_2")
_TABLES: Final = ("region_table_1", "region_table_2")
_NESTED: Final = 64
_PATHS: Final = {
    "path-that-climbs": "\\..\\..\\..\\elsewhere\\parent.vhdx",
    "path-with-a-drive": "C:\\images\\parent.vhdx",
    "path-of-another-machine": "\\\\server\\share\\parent.vhdx",
}

Known = tuple[str, str, tuple[AnyEdit, ...]]


def known() -> Iterator[Known]:
    """Name of the class, name of the sound file, and the change."""
    yield from _sizes()
    yield from _ends()
    yield from _overlaps()
    yield from _copies()
    yield from _chains()
    yield "log-of-nested-entries", "log-full", tuple(_nested())


def _sizes() -> Iterator[Known]:
    """What is divided by, multiplied, counted or allocated."""
    yield "block-size-zero", "dynamic", (Edit("file_parameters", "block_size", 0),)
    yield "sector-size-zero", "dynamic", (Edit("logical_sector_size", "logical_sector_size", 0),)
    size = _PAST_32_BITS * layout.BLOCK_SIZE_MIN
    yield "block-count-past-32-bits", "dynamic", (Edit("virtual_disk_size", "virtual_disk_size", size),)
    product = (1 << 32) // layout.LOG_DESCRIPTOR_SIZE
    yield "descriptors-wrap", "log-several", (Edit("log[2]", "header.descriptor_count", product),)
    yield "pairs-without-end", "child-full", (Edit("parent_locator", "header.key_value_count", 65535),)
    yield "log-of-4095-mib", "log-last", _alike(_HEADERS, "log_length", _MOST_MIB)
    yield "region-of-4095-mib", "log-none", _alike(_TABLES, "entries[0].length", _MOST_MIB)
    border = layout.LOG_SECTOR_SIZE // (layout.STRUCTURES["bat_entry"].size or 1)
    undefined = max(layout.ENUMS["payload_block_state"]) - 3
    yield "entry-at-a-sector-border", "wide", (Edit(f"bat[{border}]", "state", undefined),)
    disk = Change("put", "geometry.virtual_disk_size", 3 * _MIB)
    yield "last-block-cut-where-unused", "blocks-2m", (disk, Change("put", "file_length", 7 * _MIB))


def _ends() -> Iterator[Known]:
    """Sums of a place and a length that wrap."""
    yield "region-end-wraps", "dynamic", _alike(_TABLES, "entries[0].file_offset", _LAST_MIB)
    yield "log-end-wraps", "dynamic", _alike(_HEADERS, "log_offset", _LAST_MIB)
    yield "item-end-wraps", "dynamic", (Edit("metadata_table", "entries[0].offset", (1 << 32) - 4),)
    halves = ("file_offset_mb_high", "file_offset_mb_low")
    yield "block-offset-wraps", "dynamic", tuple(Edit("bat[0]", half, (1 << MB_BITS[half]) - 1) for half in halves)


def _overlaps() -> Iterator[Known]:
    """Two regions, one behind the other: the first is made to reach into the second, or to go round it."""
    lengths = tuple(Change("put", f"regions.{name}_length", 3 * _MIB) for name in ("bat", "metadata"))
    longer, around = 4 * _MIB, 6 * _MIB
    for name, entry, order in (("bat", 0, ["bat", "metadata", "log"]), ("metadata", 1, ["metadata", "bat", "log"])):
        base = (*lengths, Change("put", "file_order", order))
        yield f"{name}-region-reaches-into-the-next", "dynamic", (*base, *_long(entry, longer))
        inner = _long(1 - entry, 2 * _MIB)
        yield f"{name}-region-around-the-next", "dynamic", (*base, *_long(entry, around), *inner)


def _copies() -> Iterator[Known]:
    """One of two copies is damaged, and it is not the first."""
    yield "current-header-torn", "dynamic", (Change("put", "headers[1].damage", "torn"),)
    yield "second-region-table-torn", "dynamic", (Change("put", "regions.damage[1]", "torn"),)
    yield (
        "second-region-table-other-signature",
        "dynamic",
        (Edit("region_table_2", "header.signature", layout.HEADER_SIGNATURE),),
    )


def _chains() -> Iterator[Known]:
    """Paths that must not be followed, and a linkage that links nothing."""
    for name, path in _PATHS.items():
        yield name, "child", (Change("put", "parent.pairs[1][1]", path),)  # the first pair is the linkage
    yield "parent-that-ends-before", "child", (Change("over", "parent file", "parent-shorter"),)
    nil = tuple(Change("put", f"headers[{copy}].data_write_guid", NIL_GUID) for copy in (0, 1))
    yield "nil-linkage-to-nil", "child", (*nil, Change("own", "parent"))


def _nested() -> Iterator[Edit]:
    """Entries in many sectors of a log, each as long as what is left of it and with its checksum right.

    Who computes checksums before all else goes over the log as often as there are entries.
    """
    made = make(bases()["log-full"], (), {})
    start, length = made.plan.extents["log"]
    area = bytearray(window(made, start, length))
    fields = {field.id: field for field in layout.STRUCTURES["log_entry_header"].fields}
    first, last = (fields[name].offset or 0 for name in ("checksum", "entry_length"))
    size = last + (fields["entry_length"].size or 0)
    for position in range((_NESTED - 1) * layout.LOG_SECTOR_SIZE, -1, -layout.LOG_SECTOR_SIZE):
        area[position + last : position + size] = (length - position).to_bytes(size - last, "little")
        area[position:] = encode.seal("log_entry", bytes(area[position:]))
        yield Edit(
            "file", "log.checksum_and_length", bytes(area[position + first : position + size]), start + position + first
        )


def _alike(targets: tuple[str, ...], path: str, value: int) -> tuple[Edit, ...]:
    return tuple(Edit(target, path, value) for target in targets)


def _long(entry: int, length: int) -> tuple[Edit, ...]:
    return _alike(_TABLES, f"entries[{entry}].length", length)
