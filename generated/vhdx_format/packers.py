"""Packers: the structures that a writer makes in masses, from their fields to bytes in one call of `struct`.

Arguments are named as the fields, two halves of bits standing as the whole that they make. Whoever leaves out a
reserved field or a checksum gets zeros. What a width cannot hold is a `struct.error`.

Machine-written from formats/ by `make generate`; do not edit.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

_HEADER = Struct("<4sIQ16s16s16sHHIQ4016s")


def pack_header(*, signature: bytes | bytearray, sequence_number: int, file_write_guid: bytes | bytearray, data_write_guid: bytes | bytearray, log_guid: bytes | bytearray, log_version: int, version: int, log_length: int, log_offset: int, checksum: int = 0, reserved: bytes | bytearray = b"") -> bytes:
    """The bytes of a `header`."""
    return _HEADER.pack(signature, checksum, sequence_number, file_write_guid, data_write_guid, log_guid, log_version, version, log_length, log_offset, reserved)


_LOG_ENTRY_HEADER = Struct("<4sIIIQII16sQQ")


def pack_log_entry_header(*, signature: bytes | bytearray, entry_length: int, tail: int, sequence_number: int, descriptor_count: int, log_guid: bytes | bytearray, flushed_file_offset: int, last_file_offset: int, checksum: int = 0, reserved: int = 0) -> bytes:
    """The bytes of a `log_entry_header`."""
    return _LOG_ENTRY_HEADER.pack(signature, checksum, entry_length, tail, sequence_number, descriptor_count, reserved, log_guid, flushed_file_offset, last_file_offset)


_ZERO_DESCRIPTOR = Struct("<4sIQQQ")


def pack_zero_descriptor(*, signature: bytes | bytearray, zero_length: int, file_offset: int, sequence_number: int, reserved: int = 0) -> bytes:
    """The bytes of a `zero_descriptor`."""
    return _ZERO_DESCRIPTOR.pack(signature, reserved, zero_length, file_offset, sequence_number)


_DATA_DESCRIPTOR = Struct("<4s4s8sQQ")


def pack_data_descriptor(*, signature: bytes | bytearray, trailing_bytes: bytes | bytearray, leading_bytes: bytes | bytearray, file_offset: int, sequence_number: int) -> bytes:
    """The bytes of a `data_descriptor`."""
    return _DATA_DESCRIPTOR.pack(signature, trailing_bytes, leading_bytes, file_offset, sequence_number)


_DATA_SECTOR = Struct("<4sI4084sI")


def pack_data_sector(*, signature: bytes | bytearray, sequence_high: int, data: bytes | bytearray, sequence_low: int) -> bytes:
    """The bytes of a `data_sector`."""
    return _DATA_SECTOR.pack(signature, sequence_high, data, sequence_low)


_BAT_ENTRY = Struct("<Q")


def pack_bat_entry(*, state: int, file_offset_mb: int, reserved: int = 0) -> bytes:
    """The bytes of a `bat_entry`."""
    return _BAT_ENTRY.pack(state | reserved << 3 | file_offset_mb << 20)


def pack_bat_entry_into(buffer: Any, offset: int, /, *, state: int, file_offset_mb: int, reserved: int = 0) -> None:
    """Write a `bat_entry` into a buffer, `offset` in bytes."""
    _BAT_ENTRY.pack_into(buffer, offset, state | reserved << 3 | file_offset_mb << 20)
