"""The log as a ring of entries: where the next one goes, what its Tail is, and whether there is room.

Positions count on across the wrap, so that the older of two is always the smaller one. Two bounds follow one another
round the ring: entries from `home` on may not be at home on the medium yet, so a new entry names the first of them as
its Tail; entries from `kept` on are those that the newest entry on the medium needs, so nothing may overwrite them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from ..errors import IntegrityError
from .entry import SECTOR, Sector, build_entry, entry_length

FIRST_SEQUENCE_NUMBER: Final = 1


class Slot(NamedTuple):
    """The place of one entry.

    Attributes:
        start: position, counted on across the wrap.
        end: position behind it.
        tail: position of the entry that its Tail names.
        sequence_number: of the entry.
    """

    start: int
    end: int
    tail: int
    sequence_number: int


class Ring:
    """The log of one session.

    Args:
        offset: file offset of the log in bytes.
        length: its length in bytes.
        start: position of the first entry in bytes, a multiple of the sector size below `length`.
    """

    def __init__(self, offset: int, length: int, start: int = 0) -> None:
        self.offset = offset
        self.length = length
        self._next = start
        self._kept = start
        self._home = start
        self._written_home = start
        self._number = FIRST_SEQUENCE_NUMBER

    @property
    def room(self) -> int:
        """Longest entry in bytes that can be written now. One sector is always left, for an entry that makes room."""
        return self._kept + self.length - self._next - SECTOR

    @property
    def room_at_most(self) -> int:
        """Longest entry in bytes that finds room once all others are at home: an empty one stays before it."""
        return self.length - 2 * SECTOR

    def slot(self, length: int) -> Slot:
        """Where an entry of `length` bytes goes.

        Raises:
            IntegrityError: it would overwrite an entry that is needed.
        """
        if self._next + length > self._kept + self.length:
            raise IntegrityError(f"the log at {self.offset:#x} has no room for an entry of {length} bytes")
        return Slot(self._next, self._next + length, self._home, self._number)

    def entry(
        self, sectors: Collection[Sector], log_guid: bytes, flushed_size: int, size: int
    ) -> tuple[Slot, list[tuple[int, bytes]]]:
        """An entry where it goes; call `flushed` once it is on the medium.

        Args:
            sectors: see `build_entry`.
            log_guid: of the header.
            flushed_size: see `build_entry`.
            size: see `build_entry`.

        Returns:
            Its place, and its bytes with their file offsets: two pieces where it goes on at the start of the log.

        Raises:
            IntegrityError: it would overwrite an entry that is needed.
        """
        slot = self.slot(entry_length(len(sectors)))
        tail = slot.tail % self.length
        raw = build_entry(
            sectors,
            tail=tail,
            sequence_number=slot.sequence_number,
            log_guid=log_guid,
            flushed_size=flushed_size,
            size=size,
        )
        first = self.length - slot.start % self.length
        pieces = [(self.offset + slot.start % self.length, raw[:first]), (self.offset, raw[first:])]
        return slot, [(offset, part) for offset, part in pieces if part]

    def flushed(self, slot: Slot) -> None:
        """The entry is on the medium; all that came before its Tail is not needed any more."""
        self._next, self._kept, self._number = slot.end, slot.tail, slot.sequence_number + 1

    def written_home(self) -> None:
        """The sectors of all entries are written at home; not flushed."""
        self._written_home = self._next

    def settled(self) -> None:
        """The file was flushed: what was written home is on the medium."""
        self._home = self._written_home
