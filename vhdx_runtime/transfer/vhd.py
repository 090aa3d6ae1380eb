"""The footer that makes a fixed VHD of a raw image, and which disks can have one; the disk before such a footer.

Knows the geometry that an old BIOS is shown, and the footer's checksum. Depends on the generated layout; knows nothing
of what the disk holds.
"""

from __future__ import annotations

import os
import time
from contextlib import closing, suppress
from typing import Final
from uuid import uuid4

from vhdx_format import layout

from ..codec import decode
from ..codec.source import FileSource
from ..disk.foreign import has_vhd_footer, recognise
from ..disk.image import load_image
from ..errors import FormatError, IntegrityError, UnsupportedError, VhdxError
from ..wording import size_text

_FOOTER: Final = layout.STRUCTURES["vhd_footer"].size or 0
_CHECKSUM: Final = next(field for field in layout.STRUCTURES["vhd_footer"].fields if field.id == "checksum")
_COMPLEMENT: Final = (1 << 8 * (_CHECKSUM.size or 0)) - 1


def whole(size: int) -> int:
    """A size in bytes, rounded up to what a VHD may have: whole MiB."""
    return -(-size // layout.VHD_SIZE_UNIT) * layout.VHD_SIZE_UNIT


def require_possible(name: str, size: int, logical_sector_size: int | None) -> None:
    """See that a disk can be a VHD.

    Args:
        name: of what holds the disk.
        size: in bytes.
        logical_sector_size: in bytes, None where nothing is known of it.

    Raises:
        UnsupportedError: it is empty or too large, or has sectors of another size.
    """
    if not size:
        raise UnsupportedError(f"{name}: is empty, and no disk has no bytes")
    if size > layout.VHD_SIZE_MAX:
        limit = layout.VHD_SIZE_MAX >> 30
        raise UnsupportedError(f"{name}: a VHD holds at most {limit} GiB, the disk has {size_text(size)}; make a VHDX")
    if logical_sector_size not in (None, layout.VHD_SECTOR_SIZE):
        what = f"the disk has sectors of {logical_sector_size} bytes; make a VHDX"
        raise UnsupportedError(f"{name}: a VHD has sectors of {layout.VHD_SECTOR_SIZE} bytes, {what}")


def geometry(size: int) -> tuple[int, int, int]:
    """Cylinders, heads and sectors per track of a disk; together at most the disk, for large disks much less.

    Args:
        size: in bytes.

    >>> geometry(1 << 30), geometry(127 << 30)
    ((2080, 16, 63), (65278, 16, 255))
    """
    most = layout.VHD_CYLINDERS_MAX * layout.VHD_HEADS_MAX
    sectors = min(size // layout.VHD_SECTOR_SIZE, most * layout.VHD_SECTORS_PER_TRACK_MAX)
    heads = layout.VHD_HEADS_MAX
    if sectors >= most * layout.VHD_SECTORS_PER_TRACK_LARGE:
        return sectors // layout.VHD_SECTORS_PER_TRACK_MAX // heads, heads, layout.VHD_SECTORS_PER_TRACK_MAX
    track = layout.VHD_SECTORS_PER_TRACK_SMALL
    tracks = sectors // track
    heads = max(layout.VHD_HEADS_MIN, -(-tracks // layout.VHD_CYLINDERS_SMALL))
    if tracks >= heads * layout.VHD_CYLINDERS_SMALL or heads > layout.VHD_HEADS_MAX:
        heads, track = layout.VHD_HEADS_MAX, layout.VHD_SECTORS_PER_TRACK_MEDIUM
        tracks = sectors // track
    if tracks >= heads * layout.VHD_CYLINDERS_SMALL:
        heads, track = layout.VHD_HEADS_MAX, layout.VHD_SECTORS_PER_TRACK_LARGE
        tracks = sectors // track
    return tracks // heads, heads, track


def footer(size: int) -> bytes:
    """The footer of a new fixed VHD.

    Args:
        size: of the disk before it in bytes, whole MiB.
    """
    from ..codec import encode  # reading needs no builders, which are slow to import

    cylinders, heads, track = geometry(size)
    fields = {
        "cookie": layout.VHD_COOKIE,
        "features": layout.VHD_FEATURES,
        "format_version": layout.VHD_VERSION,
        "data_offset": layout.VHD_NO_DATA_OFFSET,
        "time_stamp": max(0, int(time.time()) - layout.VHD_EPOCH),
        "creator_application": layout.VHD_CREATOR_APPLICATION,
        "creator_version": layout.VHD_VERSION,
        "creator_host_os": layout.VHD_CREATOR_HOST_OS,
        "original_size": size,
        "current_size": size,
        "cylinders": cylinders,
        "heads": heads,
        "sectors_per_track": track,
        "disk_type": layout.VHD_TYPE_FIXED,
        "unique_id": uuid4().bytes,
    }
    return encode.build("vhd_footer", {**fields, "checksum": _COMPLEMENT - sum(encode.build("vhd_footer", fields))})


def is_fixed(path: str | os.PathLike[str]) -> bool:
    """Whether a file can be read, and only the footer at its end says what it is: that of a VHD, as of a fixed one."""
    with suppress(VhdxError), closing(FileSource(path)) as source:
        if has_vhd_footer(source):  # some programs put one behind a VHDX, too
            named = load_image(source).foreign
            return named is not None and named.id == "vhd-fixed"
    return False


def fixed_disk(path: str | os.PathLike[str]) -> FileSource:
    """The disk in a fixed VHD: the file without its footer.

    Raises:
        FileError: the file cannot be opened or read.
        FormatError: no footer stands at its end.
        UnsupportedError: a dynamic VHD, or a child of one.
        IntegrityError: the footer contradicts itself, or says another size.
    """
    source = FileSource(path)
    try:
        _require_fixed(source)
    except VhdxError:
        source.close()
        raise
    source.size -= _FOOTER
    return source


def _require_fixed(source: FileSource) -> None:
    name, size = source.name, source.size - _FOOTER
    raw = source.read_at(max(0, size), _FOOTER)
    if not raw.startswith(layout.VHD_COOKIE) or size < 0:
        raise FormatError(f"{name}: is no fixed VHD: no footer of a VHD stands at its end")
    footer = decode.structure("vhd_footer", raw, size).fields
    computed = _COMPLEMENT - sum(raw) + sum(raw[_CHECKSUM.offset or 0 :][: _CHECKSUM.size])
    if footer.checksum != computed:
        what = f"footer at {size:#x}: checksum {footer.checksum:#x}, expected {computed:#x}, as computed"
        raise IntegrityError(f"{name}: {what}")
    if footer.disk_type != layout.VHD_TYPE_FIXED:
        raise UnsupportedError(f"{name}: is a dynamic VHD, or a child of one", hint=recognise(source).hint)
    if footer.current_size != size:
        what = f"the footer says a disk of {size_text(footer.current_size)}, before it stand {size_text(size)}"
        raise IntegrityError(f"{name}: {what}")
