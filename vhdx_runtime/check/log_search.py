"""Logs that no header names, as it is lost, and whether one of them may still be needed.

A sequence of entries whose updates all stand at their places already changes nothing: it is not needed. One that would
only take places of blocks away is older than what stands there, as a log that is still needed has something to add.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from vhdx_format import layout

from ..codec.decode import guid_text
from ..codec.holes import data_ranges, is_zero
from ..codec.source import Source
from ..disk.image import Image
from ..semantics.bat import ENTRY_SIZE
from ..semantics.log import state
from ..semantics.log.entries import CHUNK, LogArea, LogEntry, candidates, scan

_MIB: Final = layout.OBJECT_ALIGNMENT
_LENGTHS: Final = 8  # ours: MiB up to which lengths of a log are tried one by one


@dataclass(frozen=True, slots=True)
class Pending:
    """A log that would change the file.

    Attributes:
        offset: file offset in bytes.
        length: in bytes.
        guid: its LogGuid.
        entries: how many would be replayed.
    """

    offset: int
    length: int
    guid: bytes
    entries: int

    @property
    def text(self) -> str:
        """What to say to have it replayed."""
        return f"--set log_guid={guid_text(self.guid)} (replays {self.entries} entries at {self.offset:#x})"


def is_any(source: Source, start: int, end: int) -> bool:
    """Whether anything like a log entry lies in a range of the file."""
    return any(True for _ in candidates(LogArea(source, start, end - start)))


def pending(source: Source, start: int, end: int) -> Iterator[Pending]:
    """The logs in a range of the file that would change it; of one log, as it may lie there in several ways, one.

    Args:
        source: the file as it is.
        start: file offset in bytes, a whole MiB.
        end: file offset in bytes, a whole MiB.

    Spec: MS-VHDX 2.3.3
    """
    found: dict[bytes, Pending] = {}
    for length in sorted({end - start, *range(_MIB, min(end - start, _LENGTHS * _MIB) + 1, _MIB)}):
        for one in _pending_in(LogArea(source, start, length), found):
            found.setdefault(one.guid, one)
    yield from found.values()


def left(image: Image) -> list[Pending]:
    """The logs that would change the file and that only the lost header may have named.

    Returns:
        Those in the log area of the current header that it does not name; none where both headers are valid.

    Spec: MS-VHDX 2.2.2, 2.3.3
    """
    current, area = image.headers.current, image.log.area
    if current is None or area is None or all(copy.valid for copy in image.headers.copies):
        return []
    return list(_pending_in(area, {current.fields.log_guid.raw}))


def _pending_in(area: LogArea, known: Collection[bytes]) -> Iterator[Pending]:
    """The logs in an area that would change the file, but for those whose LogGuid is known."""
    entries: dict[bytes, list[LogEntry]] = {}
    for entry in scan(area, None):
        entries.setdefault(entry.log_guid, []).append(entry)
    for guid, some in entries.items():
        active = state.active(some, area.length)
        if active and guid not in known and _changes(area, active):
            yield Pending(area.offset, area.length, guid, len(active))


def _changes(area: LogArea, active: list[LogEntry]) -> bool:
    """Whether replaying a sequence has anything to add to the file."""
    view = state.overlay(area.source, area, active)
    page = view.page_size
    updates = ((view.page_bytes(number), number * page) for number in view.pages)
    is_same = all(_adds_nothing(raw, area.source.read_at(offset, page).ljust(page, b"\0")) for raw, offset in updates)
    return not is_same


def _adds_nothing(new: bytes, old: bytes) -> bool:
    """Whether a page is another one, or that with words that name no place instead of what they say."""
    pairs = ((new[at : at + ENTRY_SIZE], old[at : at + ENTRY_SIZE]) for at in range(0, len(new), ENTRY_SIZE))
    return all(one == two or int.from_bytes(one, "little") <= layout.BAT_STATE_MASK for one, two in pairs)


def holds_data(source: Source, start: int, end: int) -> bool:
    """Whether anything but zeros lies in a half-open range of file offsets."""
    pieces = data_ranges(source, start, end - start)
    steps = ((at, min(CHUNK, last - at)) for first, last in pieces for at in range(first, last, CHUNK))
    return any(not is_zero(source.read_at(at, length)) for at, length in steps)
