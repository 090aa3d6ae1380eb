"""The log as a writer uses it: what replay means is written home, and updates go through it so that a crash is no harm.

Gives operations; reads nothing but the overlay of a replayed log, writes nothing. Knows the form of an entry and the
order of flushes. Knows nothing of what the updates are, nor whether the log's place is sound: its caller does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from vhdx_format import layout

from ..codec import encode
from ..codec.overlay import Overlay
from ..semantics.log.entries import data_offset
from .headers import NIL, HeaderPair, updated
from .operation import Flush, Operation, Resize, Write, clearing, copies

SECTOR: Final = layout.LOG_SECTOR_SIZE

Update: TypeAlias = tuple[int, bytes]
"""File offset of a sector, and its new bytes."""

_SIZES: Final = {field.id: field.size or 0 for field in layout.STRUCTURES["data_descriptor"].fields}
_LEADING: Final = _SIZES["leading_bytes"]
_TRAILING: Final = _SIZES["trailing_bytes"]
_HALF_BITS: Final = 8 * next(
    field.size or 0 for field in layout.STRUCTURES["data_sector"].fields if field.id == "sequence_low"
)
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
        count = self.part // SECTOR - 1
        while count > 0 and data_offset(count) + count * SECTOR > self.part:
            count -= 1
        return max(0, count)


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
    operations: list[Operation] = [Write(space.offset, entry(space, 0, 1, (), log_guid)), Flush()]
    pair, publishing = updated(pair, {"log_guid": log_guid})
    operations += publishing
    for number, batch in enumerate(batches, 1):
        position = number % _PARTS * space.part
        operations += [Write(space.offset + position, entry(space, position, number + 1, batch, log_guid)), Flush()]
        operations += [*(Write(offset, data) for offset, data in batch), Flush()]
    pair, closing = updated(pair, {"log_guid": NIL})
    return pair, operations + closing


def entry(space: Space, position: int, sequence_number: int, updates: Sequence[Update], log_guid: bytes) -> bytes:
    """One log entry that ends the sequence of which it is the only one.

    Args:
        space: the log and the file.
        position: where the entry is to stand, in bytes from the start of the log.
        sequence_number: positive.
        updates: sectors; a shorter one, at the end of a file, is filled up with zeros.
        log_guid: of the header.

    Returns:
        Its bytes, a whole number of sectors.

    Spec: MS-VHDX 2.3.1
    """
    used = layout.LOG_ENTRY_HEADER_SIZE + layout.LOG_DESCRIPTOR_SIZE * len(updates)
    start = data_offset(len(updates))
    whole = layout.OBJECT_ALIGNMENT
    sectors = [(offset, data.ljust(SECTOR, b"\0")) for offset, data in updates]
    high, low = divmod(sequence_number, 1 << _HALF_BITS)
    data_sector = {"signature": layout.DATA_SECTOR_SIGNATURE, "sequence_high": high, "sequence_low": low}
    fields = {
        "header": {
            "signature": layout.LOG_ENTRY_SIGNATURE,
            "entry_length": start + len(sectors) * SECTOR,
            "tail": position,
            "sequence_number": sequence_number,
            "descriptor_count": len(sectors),
            "log_guid": log_guid,
            "flushed_file_offset": space.file_size // whole * whole,
            "last_file_offset": -(-space.file_size // whole) * whole,
        },
        "descriptors": [{"data": _descriptor(offset, data, sequence_number)} for offset, data in sectors],
        "padding": bytes(start - used),
        "data_sectors": [data_sector | {"data": data[_LEADING:-_TRAILING]} for _, data in sectors],
    }
    return encode.seal("log_entry", encode.build("log_entry", fields))


def _descriptor(file_offset: int, data: bytes, sequence_number: int) -> dict[str, int | bytes]:
    return {
        "signature": layout.DATA_DESCRIPTOR_SIGNATURE,
        "trailing_bytes": data[-_TRAILING:],
        "leading_bytes": data[:_LEADING],
        "file_offset": file_offset,
        "sequence_number": sequence_number,
    }


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
