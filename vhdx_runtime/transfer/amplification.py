"""Whether a disk gives more bytes than its files hold: many blocks may lie on the same bytes of a file.

A sound disk never does. Depends on the extents; what is made of the answer is for others.
"""

from __future__ import annotations

from ..codec.holes import data_ranges
from ..disk.virtual import VirtualDisk
from ..errors import VhdxError
from .extents import Lost, of_disk


def held(disk: VirtualDisk) -> int:
    """Bytes that the files of a disk hold, holes left out."""
    sources = (image.source for image in disk.images)
    return sum(end - start for source in sources for start, end in data_ranges(source, 0, source.size))


def is_amplified(disk: VirtualDisk, stored: int) -> bool:
    """Whether the parts of a disk that may hold anything are longer than what its files hold, as `held` gives it."""
    try:
        for extent in of_disk(disk, Lost()):
            stored -= extent.length
            if stored < 0:
                return True
    except VhdxError:  # whoever reads the disk is told
        pass
    return False
