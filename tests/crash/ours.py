"""The project's own reader as a second judge: it opens the state, checks it, and reads the same disk."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from tests.crash.images import Base
from tests.crash.sparse import Sparse
from tests.crash.verifier import PAGE, Reading
from vhdx_runtime import VhdxError, VirtualDisk
from vhdx_runtime.check import check_image
from vhdx_runtime.disk.chain import open_chain
from vhdx_runtime.disk.image import load_image

SERIOUS = ("refuse", "degrade")


class FileObject(io.RawIOBase):
    """A file in memory as an open binary file."""

    def __init__(self, file: Sparse) -> None:
        super().__init__()
        self.file, self.name, self._at = file, file.name, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position."""
        self._at = offset + (0, self._at, self.file.size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read at the position."""
        count = self.file.readinto_at(self._at, memoryview(buffer).cast("B"))
        self._at += count
        return count


def judged(file: Sparse, base: Base, reading: Reading, pages: Iterable[int], *, is_closed: bool = False) -> str:
    """What the reader finds wrong, in words, or "": what it refuses or degrades, or reads otherwise than the verifier.

    Args:
        file: the state.
        base: it has the parents.
        reading: of the verifier.
        pages: of the disk, to be read.
        is_closed: nothing is left to be replayed, so that every rule has to hold that a writer must keep.
    """
    image = load_image(file)
    report = check_image(image)
    for one in report.findings:
        if one.verdict in SERIOUS or (is_closed and one.declaration.severity == "must"):
            return f"check: {one.rule}: found {one.found}, expected {one.expected}"
    try:
        parents = [FileObject(parent) for parent in base.parents]
        with VirtualDisk(open_chain(image, parents=parents)) as disk:
            for page in pages:
                got, want = disk.read_at(page * PAGE, PAGE), reading.disk_page(page)
                if got != want[: len(got)]:
                    return f"page {page} of the disk reads otherwise for the verifier"
    except VhdxError as error:
        return f"open: {error}"
    return ""
