"""A structure with some of its fields changed, as patches; and ranges of the disk in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vhdx_format.layout import STRUCTURES

from ...codec import encode
from ...codec.decode import Placed
from ...write.patch import Patch, diff

_SHOWN_RANGES = 20


def rebuilt(placed: Placed, **changes: Any) -> bytes:
    """The bytes of a structure of fixed size, with some fields changed; a checksum in it is left as it is.

    Args:
        placed: the structure, complete.
        changes: new values by field id; GUIDs as their sixteen stored bytes.
    """
    values = {field.id: getattr(placed.fields, field.id) for field in STRUCTURES[placed.structure].fields}
    plain = {name: getattr(value, "raw", value) for name, value in values.items()}
    return encode.build(placed.structure, plain | changes)


def changed(placed: Placed, **changes: Any) -> tuple[Patch, ...]:
    """The patches that change some fields of a structure; see `rebuilt`."""
    new = rebuilt(placed, **changes)
    return tuple(diff(placed.file_offset, placed.raw[: len(new)], new))


def ranges_text(ranges: Iterable[tuple[int, int]], *, is_complete: bool = True) -> str:
    """Ranges of the disk in words.

    >>> ranges_text([(0, 512), (4096, 512)])
    'guest bytes 0x0 to 0x200, 0x1000 to 0x1200'
    """
    every = list(ranges)
    shown = ", ".join(f"{start:#x} to {start + length:#x}" for start, length in every[:_SHOWN_RANGES])
    more = len(every) - _SHOWN_RANGES
    rest = f", and {more if is_complete else 'many'} more ranges" if more > 0 or not is_complete else ""
    return f"guest bytes {shown}{rest}"
