"""One log entry: its bytes, from the sectors that it updates.

The form of an entry stands here; where in the log it goes, and when, `ring` and `session` know.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, TypeAlias

from vhdx_format import layout
from vhdx_format.packers import pack_data_descriptor, pack_data_sector, pack_log_entry_header

from ..codec import encode
from ..semantics.log.entries import data_offset

SECTOR: Final = layout.LOG_SECTOR_SIZE

Sector: TypeAlias = "tuple[int, bytes | bytearray]"
"""File offset of a sector, and its new bytes."""

_SIZES: Final = {field.id: field.size or 0 for field in layout.STRUCTURES["data_descriptor"].fields}
_LEADING: Final = _SIZES["leading_bytes"]
_TRAILING: Final = _SIZES["trailing_bytes"]
_HALF_BITS: Final = 8 * next(
    field.size or 0 for field in layout.STRUCTURES["data_sector"].fields if field.id == "sequence_low"
)


def entry_length(count: int) -> int:
    """Length in bytes of an entry that updates `count` sectors.

    >>> entry_length(0), entry_length(126), entry_length(127)
    (4096, 520192, 528384)

    Spec: MS-VHDX 2.3.1
    """
    return data_offset(count) + count * SECTOR


def capacity(length: int) -> int:
    """How many sectors an entry of at most `length` bytes can update.

    >>> capacity(520192), capacity(528383)
    (126, 126)
    """
    count = max(0, length // SECTOR - 1)
    while count and entry_length(count) > length:
        count -= 1
    return count


def build_entry(
    sectors: Collection[Sector],
    *,
    tail: int,
    sequence_number: int,
    log_guid: bytes,
    flushed_size: int,
    size: int,
) -> bytes:
    """The bytes of an entry.

    Args:
        sectors: what it updates; a shorter one, at the end of a file, is filled up with zeros.
        tail: position in the log of the oldest entry that must be replayed with this one, in bytes.
        sequence_number: positive.
        log_guid: of the header.
        flushed_size: a length of the file in bytes that is on the medium.
        size: a length of the file in bytes that holds all that the entry refers to.

    Spec: MS-VHDX 2.3.1
    """
    sectors = [(offset, data.ljust(SECTOR, b"\0")) for offset, data in sectors]
    whole = layout.OBJECT_ALIGNMENT
    high, low = divmod(sequence_number, 1 << _HALF_BITS)
    length = entry_length(len(sectors))
    header = pack_log_entry_header(
        signature=layout.LOG_ENTRY_SIGNATURE,
        entry_length=length,
        tail=tail,
        sequence_number=sequence_number,
        descriptor_count=len(sectors),
        log_guid=log_guid,
        flushed_file_offset=flushed_size // whole * whole,
        last_file_offset=-(-size // whole) * whole,
    )
    used = layout.LOG_ENTRY_HEADER_SIZE + layout.LOG_DESCRIPTOR_SIZE * len(sectors)
    parts = [header, *(_descriptor(offset, data, sequence_number) for offset, data in sectors)]
    parts.append(bytes(data_offset(len(sectors)) - used))
    halves = {"sequence_high": high, "sequence_low": low}
    for _, data in sectors:
        middle = data[_LEADING:-_TRAILING]
        parts.append(pack_data_sector(signature=layout.DATA_SECTOR_SIGNATURE, data=middle, **halves))
    return encode.seal("log_entry", b"".join(parts))


def _descriptor(offset: int, data: bytes | bytearray, sequence_number: int) -> bytes:
    return pack_data_descriptor(
        signature=layout.DATA_DESCRIPTOR_SIGNATURE,
        trailing_bytes=data[-_TRAILING:],
        leading_bytes=data[:_LEADING],
        file_offset=offset,
        sequence_number=sequence_number,
    )
