"""Builders: a construct for each structure, with the same names and the same values as the parsers.

A mapping goes in and bytes come out, whatever the rules say of them. Every field must be given; a conditional one may
be None. A list is written at its own length and trailing bytes as they are; only parsing follows the counts.

Machine-written from formats/ by `make generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from construct import (
    Array,
    Bytes,
    Computed,
    Construct,
    Default,
    FixedSized,
    GreedyBytes,
    If,
    Int8ub,
    Int8ul,
    Int16ub,
    Int16ul,
    Int32ub,
    Int32ul,
    Int64ub,
    Int64ul,
    IntegerError,
    Rebuild,
    StreamError,
    Struct,
)


def _base(ctx: Any) -> int:
    """Where the stream begins in its own count: construct's substreams go on counting from the outer one."""
    return getattr(ctx._io, "parent_stream_offset", 0)


def _stream_size(ctx: Any) -> int:
    """Size in bytes of what is being parsed."""
    here = ctx._io.tell()
    ctx._io.seek(0, 2)
    end: int = ctx._io.tell()
    ctx._io.seek(here)
    return end - _base(ctx)


def _peek(position: int, size: int) -> Construct:
    """Bytes that stand at a position of what is being parsed; nothing when building."""

    def read(ctx: Any) -> bytes | None:
        if not ctx._parsing:
            return None
        here = ctx._io.tell()
        ctx._io.seek(_base(ctx) + position)
        found = bytes(ctx._io.read(size))
        ctx._io.seek(here)
        if len(found) < size:
            raise StreamError(f"{len(found)} bytes at {position}, not {size}")
        return found

    return Computed(read)


def _size(name: str, parsed: Callable[[Any], int]) -> Callable[[Any], int]:
    """Size of a field: that of the value given when building, what the structure says when parsing."""
    return lambda ctx: parsed(ctx) if ctx._parsing else len(ctx[name])


def _count(name: str, parsed: Callable[[Any], int]) -> Callable[[Any], int]:
    """Length of a list: that of the list given when building, what the structure says when parsing."""
    return lambda ctx: max(0, parsed(ctx)) if ctx._parsing else len(ctx[name])


def _present(name: str, parsed: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a field is there: where it was given when building, where the structure says so when parsing."""
    return lambda ctx: parsed(ctx) if ctx._parsing else ctx.get(name) is not None


def _join(**widths: int) -> Callable[[Any], int]:
    """The word that holds the named bit fields, lowest bits first."""

    def word(ctx: Any) -> int:
        value = shift = 0
        for name, width in widths.items():
            part = int(ctx[name])
            if not 0 <= part < 1 << width:
                raise IntegerError(f"{name} is {part}, which {width} bits cannot hold")
            value |= part << shift
            shift += width
        return value

    return word


def _bits(word: str, shift: int, width: int) -> Construct:
    """The field of `width` bits at `shift` of a word."""
    return Computed(lambda ctx: ctx[word] >> shift & (1 << width) - 1)


def _flag(word: str, shift: int) -> Construct:
    """The flag at bit `shift` of a word."""
    return Computed(lambda ctx: bool(ctx[word] >> shift & 1))


bat_entry = Struct(
    "_word_at_0" / Rebuild(Int64ul, _join(state=3, reserved=17, file_offset_mb_low=12, file_offset_mb_high=32)),
    "state" / _bits("_word_at_0", 0, 3),
    "reserved" / _bits("_word_at_0", 3, 17),
    "file_offset_mb_low" / _bits("_word_at_0", 20, 12),
    "file_offset_mb_high" / _bits("_word_at_0", 32, 32),
)

file_identifier = Struct(
    "signature" / Bytes(8),
    "creator" / Bytes(512),
    "reserved" / Bytes(65016),
)

ms_guid = Struct(
    "raw" / Bytes(16),
)

header = Struct(
    "signature" / Bytes(4),
    "checksum" / Int32ul,
    "sequence_number" / Int64ul,
    "file_write_guid" / ms_guid,
    "data_write_guid" / ms_guid,
    "log_guid" / ms_guid,
    "log_version" / Int16ul,
    "version" / Int16ul,
    "log_length" / Int32ul,
    "log_offset" / Int64ul,
    "reserved" / Bytes(4016),
)

log_entry_header = Struct(
    "signature" / Bytes(4),
    "checksum" / Int32ul,
    "entry_length" / Int32ul,
    "tail" / Int32ul,
    "sequence_number" / Int64ul,
    "descriptor_count" / Int32ul,
    "reserved" / Int32ul,
    "log_guid" / ms_guid,
    "flushed_file_offset" / Int64ul,
    "last_file_offset" / Int64ul,
)

zero_descriptor = Struct(
    "signature" / Bytes(4),
    "reserved" / Int32ul,
    "zero_length" / Int64ul,
    "file_offset" / Int64ul,
    "sequence_number" / Int64ul,
)

data_descriptor = Struct(
    "signature" / Bytes(4),
    "trailing_bytes" / Bytes(4),
    "leading_bytes" / Bytes(8),
    "file_offset" / Int64ul,
    "sequence_number" / Int64ul,
)

log_descriptor = Struct(
    "signature" / _peek(0, 4),
    "zero" / If(_present("zero", lambda ctx: ctx["signature"] == b"zero"), zero_descriptor),
    "data" / If(_present("data", lambda ctx: ctx["signature"] == b"desc"), data_descriptor),
)

data_sector = Struct(
    "signature" / Bytes(4),
    "sequence_high" / Int32ul,
    "data" / Bytes(4084),
    "sequence_low" / Int32ul,
)

log_entry = Struct(
    "header" / log_entry_header,
    "descriptors" / Array(
        _count("descriptors", lambda ctx: ctx["header"]["descriptor_count"]),
        FixedSized(32, log_descriptor),
    ),
    "padding" / Bytes(
        _size(
            "padding",
            lambda ctx: (64 + 32 * ctx["header"]["descriptor_count"] + 4096 - 1) // 4096 * 4096 - 64 - 32 * ctx["header"]["descriptor_count"],
        ),
    ),
    "data_sectors" / Array(
        _count(
            "data_sectors",
            lambda ctx: (ctx["header"]["entry_length"] - (64 + 32 * ctx["header"]["descriptor_count"] + 4096 - 1) // 4096 * 4096) // 4096,
        ),
        FixedSized(4096, data_sector),
    ),
)

file_parameters = Struct(
    "block_size" / Int32ul,
    "_word_at_4" / Rebuild(Int32ul, _join(leave_block_allocated=1, has_parent=1, reserved=30)),
    "leave_block_allocated" / _flag("_word_at_4", 0),
    "has_parent" / _flag("_word_at_4", 1),
    "reserved" / _bits("_word_at_4", 2, 30),
)

virtual_disk_size = Struct(
    "virtual_disk_size" / Int64ul,
)

virtual_disk_id = Struct(
    "virtual_disk_id" / ms_guid,
)

logical_sector_size = Struct(
    "logical_sector_size" / Int32ul,
)

physical_sector_size = Struct(
    "physical_sector_size" / Int32ul,
)

chs_parameters = Struct(
    "heads_per_cylinder" / Int32ul,
    "sectors_per_track" / Int32ul,
)

pmem_label_storage_area = Struct(
    "version" / Int16ul,
    "reserved" / Int16ul,
    "guid" / ms_guid,
    "data_offset" / Int32ul,
    "data_length" / Int32ul,
)

metadata_table_header = Struct(
    "signature" / Bytes(8),
    "reserved" / Int16ul,
    "entry_count" / Int16ul,
    "reserved2" / Bytes(20),
)

metadata_table_entry = Struct(
    "item_id" / ms_guid,
    "offset" / Int32ul,
    "length" / Int32ul,
    "_word_at_24" / Rebuild(Int32ul, _join(is_user=1, is_virtual_disk=1, is_required=1, reserved=29)),
    "is_user" / _flag("_word_at_24", 0),
    "is_virtual_disk" / _flag("_word_at_24", 1),
    "is_required" / _flag("_word_at_24", 2),
    "reserved" / _bits("_word_at_24", 3, 29),
    "reserved2" / Int32ul,
)

metadata_table = Struct(
    "header" / metadata_table_header,
    "entries" / Array(
        _count("entries", lambda ctx: ctx["header"]["entry_count"] if ctx["header"]["entry_count"] < 2047 else 2047),
        metadata_table_entry,
    ),
    "unused" / GreedyBytes,
)

packed_image = Struct(
    "magic" / Bytes(8),
    "file_length" / Int64ul,
)

packed_run = Struct(
    "kind" / Bytes(1),
    "offset" / Int64ul,
    "length" / Int64ul,
)

parent_locator_header = Struct(
    "locator_type" / ms_guid,
    "reserved" / Int16ul,
    "key_value_count" / Int16ul,
)

parent_locator_entry = Struct(
    "key_offset" / Int32ul,
    "value_offset" / Int32ul,
    "key_length" / Int16ul,
    "value_length" / Int16ul,
)

parent_locator = Struct(
    "header" / parent_locator_header,
    "entries" / Array(
        _count(
            "entries",
            lambda ctx: ctx["header"]["key_value_count"] if ctx["header"]["key_value_count"] < (_stream_size(ctx) - 20) // 12 else (_stream_size(ctx) - 20) // 12,
        ),
        parent_locator_entry,
    ),
    "strings" / GreedyBytes,
)

region_table_header = Struct(
    "signature" / Bytes(4),
    "checksum" / Int32ul,
    "entry_count" / Int32ul,
    "reserved" / Int32ul,
)

region_table_entry = Struct(
    "guid" / ms_guid,
    "file_offset" / Int64ul,
    "length" / Int32ul,
    "_word_at_28" / Rebuild(Int32ul, _join(required=1, reserved=31)),
    "required" / _flag("_word_at_28", 0),
    "reserved" / _bits("_word_at_28", 1, 31),
)

region_table = Struct(
    "header" / region_table_header,
    "entries" / Array(
        _count("entries", lambda ctx: ctx["header"]["entry_count"] if ctx["header"]["entry_count"] < 2047 else 2047),
        region_table_entry,
    ),
    "unused" / GreedyBytes,
)

vhd_footer = Struct(
    "cookie" / Bytes(8),
    "features" / Int32ub,
    "format_version" / Int32ub,
    "data_offset" / Int64ub,
    "time_stamp" / Int32ub,
    "creator_application" / Bytes(4),
    "creator_version" / Int32ub,
    "creator_host_os" / Bytes(4),
    "original_size" / Int64ub,
    "current_size" / Int64ub,
    "cylinders" / Int16ub,
    "heads" / Int8ub,
    "sectors_per_track" / Int8ub,
    "disk_type" / Int32ub,
    "checksum" / Int32ub,
    "unique_id" / Bytes(16),
    "saved_state" / Int8ub,
    "reserved" / Bytes(427),
)

BUILDERS: Final[dict[str, Construct]] = {
    "bat_entry": bat_entry,
    "file_identifier": file_identifier,
    "header": header,
    "log_entry": log_entry,
    "log_entry_header": log_entry_header,
    "log_descriptor": log_descriptor,
    "zero_descriptor": zero_descriptor,
    "data_descriptor": data_descriptor,
    "data_sector": data_sector,
    "file_parameters": file_parameters,
    "virtual_disk_size": virtual_disk_size,
    "virtual_disk_id": virtual_disk_id,
    "logical_sector_size": logical_sector_size,
    "physical_sector_size": physical_sector_size,
    "chs_parameters": chs_parameters,
    "pmem_label_storage_area": pmem_label_storage_area,
    "metadata_table": metadata_table,
    "metadata_table_header": metadata_table_header,
    "metadata_table_entry": metadata_table_entry,
    "ms_guid": ms_guid,
    "packed_image": packed_image,
    "packed_run": packed_run,
    "parent_locator": parent_locator,
    "parent_locator_header": parent_locator_header,
    "parent_locator_entry": parent_locator_entry,
    "region_table": region_table,
    "region_table_header": region_table_header,
    "region_table_entry": region_table_entry,
    "vhd_footer": vhd_footer,
}
