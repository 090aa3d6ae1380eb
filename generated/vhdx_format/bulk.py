"""The claims of structures that come in masses, as functions of integers or of numpy arrays of integers.

Arguments are named as the fields, `file_offset_mb` standing for its two halves; further ones are ignored. The result is
a truth value, or an array of them: True where the claim holds. `BULK` has the functions by structure and rule.

Machine-written from formats/ by `make generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final


def bat_entry_is_allocated(*, state: Any, **_: Any) -> Any:
    """The entry's file offset counts. State 6 means so of both kinds of entry."""
    return (state == 6) | (state == 7)


def bat_entry_reserved_is_zero(*, reserved: Any, **_: Any) -> Any:
    """Bits 3 to 19 of an entry are zero."""
    return reserved == 0


def bat_entry_payload_state_is_defined(*, state: Any, **_: Any) -> Any:
    """The state of a payload block is one that the specification defines: 4 and 5 are not."""
    return (state != 4) & (state != 5)


def bat_entry_not_partially_present(*, state: Any, **_: Any) -> Any:
    """Only a differencing file has partially present blocks."""
    return state != 7


def bat_entry_allocated_offset_is_set(*, state: Any, file_offset_mb: Any, **_: Any) -> Any:
    """A block that is in the file lies at 1 MiB or later; offset 0 is no place."""
    return ((state == 6) | (state == 7)) ^ True | (file_offset_mb >= 1)


def bat_entry_sector_bitmap_state_is_defined(*, state: Any, **_: Any) -> Any:
    """The state of a sector bitmap block is 0 or 6."""
    return (state == 0) | (state == 6)


def bat_entry_sector_bitmap_is_absent(*, state: Any, **_: Any) -> Any:
    """Only a differencing file has sector bitmap blocks."""
    return state == 0


def bat_entry_unused_offset_is_zero(*, state: Any, file_offset_mb: Any, **_: Any) -> Any:
    """An entry of a block that is not present, or zero, has no file offset."""
    return (file_offset_mb == 0) | (state != 0) & (state != 2)


def bat_entry_fixed_is_present(*, state: Any, **_: Any) -> Any:
    """In a fixed file every block is fully present. Others are tolerated; qemu-img makes them."""
    return state == 6


def zero_descriptor_reserved_is_zero(*, reserved: Any, **_: Any) -> Any:
    """The reserved word of a zero descriptor is zero."""
    return reserved == 0


def zero_descriptor_zero_length_is_aligned(*, zero_length: Any, **_: Any) -> Any:
    """The length of a zeroed range is a multiple of 4 KiB."""
    return zero_length % 4096 == 0


def zero_descriptor_file_offset_is_aligned(*, file_offset: Any, **_: Any) -> Any:
    """What a descriptor updates starts at a multiple of 4 KiB."""
    return file_offset % 4096 == 0


def zero_descriptor_file_offset_is_past_headers(*, file_offset: Any, **_: Any) -> Any:
    """No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log."""
    return file_offset >= 196608


def data_descriptor_file_offset_is_aligned(*, file_offset: Any, **_: Any) -> Any:
    """What a descriptor updates starts at a multiple of 4 KiB."""
    return file_offset % 4096 == 0


def data_descriptor_file_offset_is_past_headers(*, file_offset: Any, **_: Any) -> Any:
    """No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log."""
    return file_offset >= 196608


def data_sector_signature_is_data(*, signature: Any, **_: Any) -> Any:
    """A data sector begins with the four characters "data"."""
    return signature == b"data"


BULK: Final[dict[str, dict[str, Callable[..., Any]]]] = {
    "bat_entry": {
        "BAT-002": bat_entry_reserved_is_zero,
        "BAT-003": bat_entry_payload_state_is_defined,
        "BAT-004": bat_entry_not_partially_present,
        "BAT-005": bat_entry_allocated_offset_is_set,
        "BAT-010": bat_entry_sector_bitmap_state_is_defined,
        "BAT-011": bat_entry_sector_bitmap_is_absent,
        "BAT-014": bat_entry_unused_offset_is_zero,
        "BAT-016": bat_entry_fixed_is_present,
    },
    "zero_descriptor": {
        "LOG-016": zero_descriptor_reserved_is_zero,
        "LOG-017": zero_descriptor_zero_length_is_aligned,
        "LOG-018": zero_descriptor_file_offset_is_aligned,
        "LOG-026": zero_descriptor_file_offset_is_past_headers,
    },
    "data_descriptor": {
        "LOG-018": data_descriptor_file_offset_is_aligned,
        "LOG-026": data_descriptor_file_offset_is_past_headers,
    },
    "data_sector": {
        "LOG-020": data_sector_signature_is_data,
    },
}
