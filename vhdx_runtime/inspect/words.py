"""The BAT as runs of entries that continue one another; a run of zeros may go over sector bitmap entries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from vhdx_format.layout import PAYLOAD_BLOCK_STATE_FULLY_PRESENT

from ..semantics.bat import Bat, split
from ..semantics.geometry import Geometry
from ..semantics.table import run_starts

PAYLOAD = "payload"
BITMAP = "sector_bitmap"
UNUSED = "unused"


class Run(NamedTuple):
    """Entries that continue one another.

    Attributes:
        first: index of the first entry.
        entries: number of entries.
        owner: "payload", "sector_bitmap", or "unused" for entries that no block of the disk uses. A run of zeros may go
            over sector bitmap entries.
        number: of the first entry's payload block or chunk.
        word: the first entry; the others are equal, or lie one block further on each.
    """

    first: int
    entries: int
    owner: str
    number: int
    word: int

    @property
    def state(self) -> int:
        """State of all entries of the run."""
        return split(self.word)[0]

    @property
    def file_offset(self) -> int:
        """Where the first entry's block is, in bytes; 0 for nowhere."""
        return split(self.word)[1]

    @property
    def is_present(self) -> bool:
        """The blocks hold data, by their state. Spec: MS-VHDX 2.5.1."""
        return self.state >= PAYLOAD_BLOCK_STATE_FULLY_PRESENT


def owner(geometry: Geometry, index: int) -> tuple[str, int]:
    """What an entry describes: kind of block and its number; "unused" for payload blocks behind the disk's end."""
    kind, number = geometry.owner(index)
    return (UNUSED, number) if kind == PAYLOAD and number >= geometry.payload_blocks else (kind, number)


def runs(bat: Bat, geometry: Geometry) -> Iterator[Run]:
    """All entries that the disk needs and the region holds, as runs in the order of the table. Spec: MS-VHDX 2.5."""
    begun: Run | None = None
    for indices, words, _ in run_starts(bat, geometry):
        for index, word in zip(indices.tolist(), words.tolist(), strict=True):
            kind, number = owner(geometry, index)
            if begun is not None:
                if word == 0 == begun.word and UNUSED not in (kind, begun.owner):
                    continue
                yield begun._replace(entries=index - begun.first)
            begun = Run(index, 0, kind, number, word)
    if begun is not None:
        yield begun._replace(entries=bat.entry_count - begun.first)
