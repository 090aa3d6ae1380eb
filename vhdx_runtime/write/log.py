"""The log as a writer uses it: what replay means is written home, and updates go through it so that a crash is no harm.

Gives operations; reads nothing but the overlay of a replayed log, writes nothing. Knows the form of an entry and the
order of flushes. Knows nothing of what the updates are, nor whether the log's place is sound: its caller does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ..codec.overlay import Overlay
from .entry import SECTOR, capacity
from .headers import NIL, HeaderPair, updated
from .operation import Flush, Operation, Resize, Write, clearing, copies
from .ring import Ring

Update: TypeAlias = tuple[int, bytes]
"""File offset of a sector, and its new bytes."""

_PARTS: Final = 2  # of the log: while an entry is written into one, the entry before it stays whole in the other


@dataclass(frozen=True, slots=True)
class Space:
    """The log and the file around it.

    Attributes:
        offset: file offset of the log in bytes.
        length: its length in bytes.
        file_size: length of the file in bytes, with all that the updates need.
    """

    offset: int
    length: int
    file_size: int

    @property
    def part(self) -> int:
        """Bytes that one entry may take."""
        return self.length // _PARTS // SECTOR * SECTOR

    @property
    def capacity(self) -> int:
        """Updates that fit in one entry.

        >>> Space(1 << 20, 1 << 20, 4 << 20).capacity
        126
        """
        return capacity(self.part)


def replayed(view: Overlay) -> Iterator[Operation]:
    """What writes the replayed log into the file: its updates at their places, the length that it calls for, a flush.

    The log itself stays as it is; a crash in between leaves it to be replayed again.

    Args:
        view: the overlay over the file as it is.

    Yields:
        Operations. The header update that gives up the log comes after them.

    Spec: MS-VHDX 2.3.3
    """
    if view.size > view.base.size:
        yield Resize(view.size)
    for start, end in view.zeros:
        yield from clearing(view.base, view, start, min(end, view.base.size))
    numbers = sorted(view.pages)
    yield from copies(view, ((number * SECTOR, min((number + 1) * SECTOR, view.size)) for number in numbers))
    yield Flush()


def transaction(
    pair: HeaderPair, space: Space, groups: Sequence[Sequence[Update]], log_guid: bytes
) -> tuple[HeaderPair, list[Operation]]:
    """Write sectors so that after a crash at any moment each entry's updates are there in full, or not at all.

    An entry without updates is written first, then the headers name its LogGuid: from then on there is always a valid
    entry. Each further entry is flushed before its sectors are written home, and these before the next one. In the end
    the headers give up the log.

    Args:
        pair: the headers as they are, with LogGuid nil.
        space: the log; its contents do not matter any more.
        groups: sectors that belong together, in the order in which they are to be written; a group that fits in one
            entry is never divided.
        log_guid: a new one.

    Returns:
        The headers after that, and what to do.

    Raises:
        IntegrityError: the headers' sequence number cannot be raised.
        ValueError: the log has no room for an update.

    Spec: MS-VHDX 2.3, 2.3.1
    """
    batches = list(_batches(groups, space.capacity))
    ring = Ring(space.offset, space.length)
    operations = _logged(ring, (), log_guid, space.file_size)
    pair, publishing = updated(pair, {"log_guid": log_guid})
    operations += publishing
    for batch in batches:
        operations += _logged(ring, batch, log_guid, space.file_size)
        operations += [*(Write(offset, data) for offset, data in batch), Flush()]
        ring.written_home()
        ring.settled()
    pair, closing = updated(pair, {"log_guid": NIL})
    return pair, operations + closing


def _logged(ring: Ring, batch: Sequence[Update], log_guid: bytes, size: int) -> list[Operation]:
    """Write an entry and flush it."""
    slot, pieces = ring.entry(batch, log_guid, size, size)
    ring.flushed(slot)
    return [*(Write(offset, part) for offset, part in pieces), Flush()]


def _batches(groups: Sequence[Sequence[Update]], capacity: int) -> Iterator[list[Update]]:
    if capacity < 1:
        raise ValueError("the log has no room for an update")
    batch: list[Update] = []
    for group in groups:
        if batch and len(batch) + len(group) > capacity:
            yield batch
            batch = []
        for update in group:
            if len(batch) == capacity:
                yield batch
                batch = []
            batch.append(update)
    if batch:
        yield batch
