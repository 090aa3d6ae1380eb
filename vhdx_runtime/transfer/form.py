"""What a conversion is to make: its format, told by a name or by the caller, and the sizes of a container."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..write.layout import Layout

FORMATS: Final = ("vhdx", "vhd", "raw")
RAW_ENDINGS: Final = (".raw", ".img", ".dd", ".bin", ".iso", ".ima")
"""Endings of names that raw images have."""

_ENDINGS: Final = {".vhdx": "vhdx", ".avhdx": "vhdx", ".vhd": "vhd"} | dict.fromkeys(RAW_ENDINGS, "raw")


@dataclass(frozen=True, slots=True)
class ResultForm:
    """What a conversion is to make.

    Attributes:
        format: "vhdx", "vhd" or "raw".
        disk_type: "dynamic" or "fixed"; of a container.
        block_size: in bytes, None for the usual one; of a container, like all that follows.
        logical_sector_size: in bytes; None for 512.
        physical_sector_size: in bytes; None for 4096.
        log_size: in bytes; None for 1 MiB.
        block_state: "not-present" or "zero" for what is not stored, None for the usual one.
        creator: name of the program; None for this one.
        allocate: have the file system keep room for the whole file; of all formats.
    """

    format: str = "vhdx"
    disk_type: str = "dynamic"
    block_size: int | None = None
    logical_sector_size: int | None = None
    physical_sector_size: int | None = None
    log_size: int | None = None
    block_state: str | None = None
    creator: str | None = None
    allocate: bool = False

    def layout(self, size: int) -> Layout:
        """Where the parts of a container lie that holds so many bytes.

        Raises:
            ValueError: a size that the format does not allow.
        """
        if self.disk_type == "differencing":
            raise ValueError("a conversion makes no child: it stands alone")
        from ..write.layout import plan  # a raw image needs none of it

        return plan(
            size,
            self.disk_type,
            block_size=self.block_size,
            logical_sector_size=self.logical_sector_size,
            physical_sector_size=self.physical_sector_size,
            log_size=self.log_size,
        )


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion made.

    Attributes:
        size: of what was converted, in bytes.
        virtual_size: of the disk that was made: whole sectors, of a VHD whole MiB.
        written: bytes of the disk that were written; the rest is holes, or in no block.
    """

    size: int
    virtual_size: int
    written: int


def format_of(name: str) -> str | None:
    """The format that the ending of a name stands for, or None.

    >>> format_of("disk.VHDX"), format_of("disk.img"), format_of("disk.qcow2")
    ('vhdx', 'raw', None)
    """
    return _ENDINGS.get(os.path.splitext(name)[1].lower())
