"""Which rules an image breaks, as a full check finds, without writing it where it stands alone.

A file with a parent is written into a folder beside it, as a chain is found by the names of files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from pathlib import Path
from typing import Final

from ..check import check_image, check_with_parents
from ..check.report import Report
from ..codec.source import Source, open_source
from ..conformance.expand import Expanded
from ..image import load_image

_NO_PARENT: Final = "CHN-001"  # what a file without its parent is refused by, though none of its bytes break it


class SparseSource:
    """The bytes of an expanded file, held as the parts that are not zero."""

    fd = None

    def __init__(self, made: Expanded) -> None:
        self.name = made.recipe.path
        self.size = made.length
        self._extents = made.extents
        self._starts = [offset for offset, _ in made.extents]

    @property
    def identity(self) -> Hashable:
        """None: it is no file."""
        return None

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes of a range, fewer at the end."""
        buffer = bytearray(max(min(length, self.size - offset), 0))
        self.readinto_at(offset, memoryview(buffer))
        return bytes(buffer)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """Fill a buffer, as far as the file goes; how many bytes were read."""
        count = max(min(len(buffer), self.size - offset), 0)
        buffer[:count] = bytes(count)
        index = max(bisect_right(self._starts, offset) - 1, 0)
        for start, data in self._extents[index:]:
            if start >= offset + count:
                break
            low, high = max(start, offset), min(start + len(data), offset + count)
            if low < high:
                buffer[low - offset : high - offset] = data[low - start : high - start]
        return count

    def close(self) -> None:
        """Nothing to close."""


def broken_rules(made: Expanded, folder: Path | None = None) -> frozenset[str]:
    """Ids of the rules that a check of the file reports.

    Args:
        made: the file.
        folder: where its parents stand, for a file that has some; it is written there too.
    """
    found = reports(made, folder)
    lost = {_NO_PARENT} if found[0].state == "unreadable" and not found[0].totals else set()
    return frozenset(rule for report in found for rule in report.totals) | lost


def reports(made: Expanded, folder: Path | None = None) -> list[Report]:
    """What a check of the file says, see `broken_rules`."""
    source: Source = SparseSource(made) if folder is None else open_source(made.write(folder))
    with load_image(source) as image:
        if folder is None and not (image.geometry and image.geometry.has_parent):
            return [check_image(image)]
        return check_with_parents(image)
