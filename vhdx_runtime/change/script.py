"""From a draft to operations: in which order its changes reach the file, so that a crash at any moment is no harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from vhdx_format.layout import (
    PLACES,
    REGION_TABLE_SIZE,
    SECTOR_BITMAP_BLOCK_SIZE,
    SECTOR_BITMAP_BLOCK_STATE_PRESENT,
)

from ..codec.overlay import Overlay
from ..disk.image import Image
from ..semantics.bat import split
from ..write.headers import HeaderPair, pair_of, updated
from ..write.log import Space, Update, replayed, transaction
from ..write.operation import Flush, Operation, Resize, Write
from .guest import blocks_at
from .preview import PAGE, Draft
from .relocation import Lengthened

_TABLES: Final = tuple(place.offset for place in PLACES if place.structure == "region_table")
_PLACE_FIELDS: Final = ("log_offset", "log_length", "log_version")

_OTHER, _BITMAP, _METADATA, _REGION, _BAT, _SPARE_TABLE, _TABLE = range(7)  # in the order in which they are written
_FIRST_LOGGED: Final = _BITMAP


def operations(draft: Draft, preview: Image, changes: Mapping[str, Any], log_guid: bytes) -> tuple[Operation, ...]:
    """What carries out a draft.

    A header update with a new FileWriteGuid comes first; then the log that is there is replayed and given up; then the
    file grows; then come copies and other bytes that nothing points to yet; then the structures, through the log where
    it is sound; and last of all the file is cut.

    Args:
        draft: what is to be done.
        preview: the container as it then reads.
        changes: more fields of the header, to be changed once the log that is there is not needed any more.
        log_guid: a new one, for the log.

    Raises:
        IntegrityError: the headers' sequence number cannot be raised as often as that takes.

    Spec: MS-VHDX 2.2.2.1, 2.3, 2.3.3
    """
    pair, done = updated(pair_of(draft.image.headers), {**({} if draft.commits_log else changes), **draft.first_header})
    size = draft.image.source.size
    if draft.commits_log and isinstance(draft.image.view, Overlay):
        done += replayed(draft.image.view)
        size = max(size, draft.image.view.size)
        pair, giving_up = updated(pair, {**draft.last_header, **changes})
        done += giving_up
    if draft.size > size:
        done += [Resize(draft.size), Flush()]
    if isinstance(draft.base, Lengthened):
        done += [*draft.base.copies(), Flush()]
    groups = _groups(draft, preview)
    others = [Write(offset, data) for offset, data in groups.pop(_OTHER, [])]
    done += [*others, Flush()] if others else []
    done += _structures(pair, preview, groups, max(size, draft.size), log_guid)
    if draft.size < size:
        done += [Resize(draft.size), Flush()]
    return tuple(done)


def _structures(
    pair: HeaderPair, preview: Image, groups: dict[int, list[Update]], size: int, log_guid: bytes
) -> list[Operation]:
    if not groups:
        return []
    space = _space(pair, preview, size)
    if space is None:
        return list(_directly(groups))
    tables = groups.pop(_SPARE_TABLE, []) + groups.pop(_TABLE, [])
    return transaction(pair, space, [*(groups[rank] for rank in sorted(groups)), tables], log_guid)[1]


def _directly(groups: dict[int, list[Update]]) -> Iterator[Operation]:
    """Without a log: what is pointed to before what points to it, and never both region tables at once."""
    for rank in sorted(groups):
        for offset, data in groups[rank]:
            yield Write(offset, data)
            if rank == _METADATA:  # what lies behind comes first, the table that names it last
                yield Flush()
        yield Flush()


def _space(pair: HeaderPair, preview: Image, size: int) -> Space | None:
    """The log, where nothing is wrong with its place and nothing else lies there."""
    offset, length = (pair.fields.get(name, 0) for name in ("log_offset", "log_length"))
    space = Space(offset, length, size)
    doubts = any(finding.place.field in _PLACE_FIELDS for finding in preview.findings)
    if doubts or any(pair.log_guid) or space.capacity < 1 or blocks_at(preview, [(offset, offset + length)]):
        return None
    return space


def _groups(draft: Draft, preview: Image) -> dict[int, list[Update]]:
    """The changed sectors by what they are part of."""
    parts = _parts(preview)
    groups: dict[int, list[Update]] = {}
    for number in sorted(draft.pages):
        offset = number * PAGE
        rank = next((rank for start, end, rank in parts if start <= offset < end), _OTHER)
        groups.setdefault(rank, []).append((offset, draft.pages[number][: max(0, draft.size - offset)]))
    if _METADATA in groups:
        groups[_METADATA].reverse()
    return groups


def _parts(preview: Image) -> list[tuple[int, int, int]]:
    """Half-open ranges of file offsets, and what they are."""
    current = preview.regions.current.number if preview.regions.current else 1
    found = []
    for number, offset in enumerate(_TABLES, 1):
        found.append((offset, offset + REGION_TABLE_SIZE, _TABLE if number == current else _SPARE_TABLE))
    ranks = {"bat": _BAT, "metadata": _METADATA}
    found += [(one.file_offset, one.end, ranks.get(one.name or "", _REGION)) for one in preview.regions.entries]
    return found + [(start, end, _BITMAP) for start, end in _bitmap_blocks(preview)]


def _bitmap_blocks(preview: Image) -> Iterator[tuple[int, int]]:
    geometry, bat = preview.geometry, preview.bat
    if geometry is None or bat is None or not geometry.has_parent:
        return
    for chunk in range(geometry.bitmap_blocks):
        state, offset = split(bat.word(geometry.bitmap_index(chunk)))
        if state >= SECTOR_BITMAP_BLOCK_STATE_PRESENT and offset:
            yield offset, offset + SECTOR_BITMAP_BLOCK_SIZE
