"""Seeds in packed form: the file's length and what in it is not zero, a few KB for a file of many MiB.

The form is that of `formats/packed_image.ksy` with literals only, so that the C header made from the same schema reads
and writes it, and so does whatever unpacks the conformance suite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final

from vhdx_format import layout
from vhdx_format.layout import STRUCTURES

from ...errors import FormatError, IntegrityError, Place, UnsupportedError

_HEADER: Final = Struct(STRUCTURES["packed_image"].struct_format or "")
_RUN: Final = Struct(STRUCTURES["packed_run"].struct_format or "")
_GAP: Final = bytes(_RUN.size)  # as many zeros cost no more than another run


def pack(extents: Iterable[tuple[int, bytes]], length: int) -> bytes:
    r"""Pack a file.

    Args:
        extents: what it holds, as (file offset, bytes); the rest is zero.
        length: of the file in bytes.

    Returns:
        The same bytes for the same file, if `extents` are in order and touch one another nowhere.

    >>> len(pack([(0, b"vhdxfile"), (1 << 16, bytes(4000) + b"head")], 6 << 20))
    62
    """
    parts = [_HEADER.pack(layout.PACKED_MAGIC, length)]
    for offset, data in extents:
        for start, end in _runs(data):
            parts += _RUN.pack(layout.PACKED_LITERAL, offset + start, end - start), data[start:end]
    return b"".join(parts)


def _runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of what is not zero, zeros too few to be worth a run included."""
    position = 0
    while position < len(data):
        start = len(data) - len(data[position:].lstrip(b"\0")) if data[position] == 0 else position
        if start == len(data):
            return
        gap = data.find(_GAP, start)
        position = len(data) if gap < 0 else gap
        yield start, start + len(data[start:position].rstrip(b"\0"))


def unpack(packed: bytes, size_max: int = layout.PACKED_SEED_SIZE_MAX) -> bytearray:
    """The file of a packed seed; see `extents`."""
    length, found = extents(packed, size_max)
    image = bytearray(length)
    for offset, data in found:
        image[offset : offset + len(data)] = data
    return image


def extents(packed: bytes, size_max: int = layout.PACKED_SEED_SIZE_MAX) -> tuple[int, list[tuple[int, memoryview]]]:
    """The length of a packed seed's file, and what it holds, as (file offset, bytes).

    Args:
        packed: the seed.
        size_max: longest file to make, in bytes.

    Raises:
        FormatError: it is no packed image, or ends inside a run.
        IntegrityError: a run writes past the end of the file.
        UnsupportedError: the file is longer than `size_max`, or has runs that are no literals.
    """
    if len(packed) < _HEADER.size or not packed.startswith(layout.PACKED_MAGIC):
        raise FormatError("not a packed image", place=Place("packed_image", "magic", 0))
    _, length = _HEADER.unpack_from(packed)
    if length > size_max:
        message = f"packed image: a file of {length} bytes, at most {size_max} are allowed"
        raise UnsupportedError(message, place=Place("packed_image", "file_length", len(layout.PACKED_MAGIC)))
    held = memoryview(packed)
    return length, [(offset, held[start : start + count]) for offset, start, count in _checked(packed, length)]


def _checked(packed: bytes, length: int) -> Iterator[tuple[int, int, int]]:
    """The runs: file offset, place of their bytes in `packed`, and how many these are."""
    position = _HEADER.size
    while position < len(packed):
        place = Place("packed_run", "", position)
        if len(packed) - position < _RUN.size:
            raise FormatError(f"{place}: cut off", place=place)
        kind, offset, count = _RUN.unpack_from(packed, position)
        position += _RUN.size
        if kind != layout.PACKED_LITERAL:
            raise UnsupportedError(f"{place}: {kind!r} is no literal, and a seed has nothing else", place=place)
        if count > len(packed) - position:
            raise FormatError(f"{place}: cut off, {count} bytes of a literal were expected", place=place)
        if offset + count > length:
            raise IntegrityError(f"{place}: it writes past the end of the file, {length:#x}", place=place)
        yield offset, position, count
        position += count
