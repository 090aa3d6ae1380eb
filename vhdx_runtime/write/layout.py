"""A new container: where its parts lie, and the bytes of all of them but the guest's.

Knows sizes and their limits, the order of the parts in the file and their structures, all through the layout and the
generated builders. Writes nothing; knows nothing of files.

The parts lie as Hyper-V puts them: the header section, the log, the metadata, the BAT, then the blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from struct import pack
from typing import Any, Final
from uuid import uuid4

from vhdx_format import layout

from ..codec import encode
from ..semantics import items
from ..semantics.geometry import Geometry
from ..semantics.metadata import NEEDED
from .headers import NIL, built
from .patch import Patch

TYPES: Final = ("dynamic", "fixed", "differencing")
SECTOR_SIZES: Final = (layout.SECTOR_SIZE_512, layout.SECTOR_SIZE_4096)
METADATA_LENGTH: Final = layout.OBJECT_ALIGNMENT
"""Bytes of the metadata region of a new file: the table takes 64 KiB, all items together a few hundred bytes more."""

_ENTRY: Final = layout.STRUCTURES["bat_entry"].size or 0
_PAGE: Final = layout.LOG_SECTOR_SIZE
_IN_PAGE: Final = _PAGE // _ENTRY
_AT_ONCE: Final = 256 * _IN_PAGE  # entries that are made at once
_UTF16: Final = "utf-16-le"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a new container lie, in bytes of the file.

    Attributes:
        geometry: sizes of the disk and its blocks.
        log_length: of the log, which follows the header section.
    """

    geometry: Geometry
    log_length: int

    @property
    def log_offset(self) -> int:
        """File offset of the log."""
        return layout.HEADER_SECTION_SIZE

    @property
    def metadata_offset(self) -> int:
        """File offset of the metadata region."""
        return self.log_offset + self.log_length

    @property
    def bat_offset(self) -> int:
        """File offset of the BAT region."""
        return self.metadata_offset + METADATA_LENGTH

    @property
    def bat_length(self) -> int:
        """Bytes of the BAT region: whole MiB."""
        return _whole(self.geometry.entry_count * _ENTRY)

    @property
    def data_offset(self) -> int:
        """File offset behind the last part: there the blocks begin."""
        return self.bat_offset + self.bat_length

    @property
    def full_size(self) -> int:
        """Bytes of a file that has room for every block."""
        return self.data_offset + self.geometry.payload_blocks * self.geometry.block_size


@dataclass(frozen=True, slots=True)
class Contents:
    """What a new container says of itself.

    Attributes:
        creator: name of the program that makes it.
        virtual_disk_id: identity of the disk, 16 bytes as stored; a child has its parent's.
        locator: bytes of the parent locator, or None.
    """

    creator: str
    virtual_disk_id: bytes
    locator: bytes | None = None


def plan(
    size: int,
    disk_type: str,
    *,
    block_size: int | None = None,
    logical_sector_size: int | None = None,
    physical_sector_size: int | None = None,
    log_size: int | None = None,
) -> Layout:
    """Decide the sizes of a new container.

    Args:
        size: of the virtual disk in bytes; one that is no whole number of sectors is rounded up.
        disk_type: "dynamic", "fixed" or "differencing".
        block_size: in bytes; None for 32 MiB, of fixed and differencing files 2 MiB.
        logical_sector_size: in bytes; None for 512.
        physical_sector_size: in bytes; None for 4096.
        log_size: in bytes; None for 1 MiB.

    Raises:
        TypeError: a size that is no whole number.
        ValueError: a size that the format does not allow; the message says which are.

    Spec: MS-VHDX 2.6.2

    >>> made = plan(1000, "dynamic")
    >>> made.geometry.virtual_disk_size, made.geometry.block_size >> 20, made.data_offset >> 20
    (1024, 32, 4)
    """
    if disk_type not in TYPES:
        raise ValueError(f"type must be one of {', '.join(TYPES)}, not {disk_type!r}")
    usual = layout.BLOCK_SIZE_DEFAULT_DYNAMIC if disk_type == "dynamic" else layout.BLOCK_SIZE_DEFAULT_OTHER
    block_size = usual if block_size is None else block_size
    logical = SECTOR_SIZES[0] if logical_sector_size is None else logical_sector_size
    physical = layout.PHYSICAL_SECTOR_SIZE_DEFAULT if physical_sector_size is None else physical_sector_size
    log_size = layout.LOG_SIZE_DEFAULT if log_size is None else log_size
    _require_sizes(size, block_size, logical, physical, log_size)
    size = -(-size // logical) * logical
    geometry = Geometry(disk_type == "differencing", disk_type == "fixed", size, block_size, logical, physical)
    return Layout(geometry, log_size)


def _require_sizes(size: int, block_size: int, logical: int, physical: int, log_size: int) -> None:
    given: tuple[Any, ...] = (size, block_size, logical, physical, log_size)
    for one in given:
        if not isinstance(one, int):
            raise TypeError(f"sizes are whole numbers of bytes, not {one!r}")
    if not 0 < size <= layout.VIRTUAL_DISK_SIZE_MAX:
        raise ValueError(f"size must be from 1 to {layout.VIRTUAL_DISK_SIZE_MAX} bytes (64 TiB), not {size}")
    smallest, largest = layout.BLOCK_SIZE_MIN, layout.BLOCK_SIZE_MAX
    if not smallest <= block_size <= largest or block_size & (block_size - 1):
        raise ValueError(f"block size must be a power of two from 1 MiB to 256 MiB, not {block_size} bytes")
    for name, value in (("logical", logical), ("physical", physical)):
        if value not in SECTOR_SIZES:
            raise ValueError(f"{name} sector size must be 512 or 4096 bytes, not {value}")
    if not layout.LOG_SIZE_MIN <= log_size <= layout.LOG_LENGTH_USUAL_MAX or log_size % layout.OBJECT_ALIGNMENT:
        raise ValueError(f"log size must be a whole number of MiB, from 1 MiB to 1 GiB, not {log_size} bytes")


def structures(made: Layout, contents: Contents) -> Iterator[Patch]:
    """Everything but the headers and the BAT, in the order of the file.

    Raises:
        ValueError: a creator that is too long.

    Spec: MS-VHDX 2.2.1, 2.2.3 and 2.6
    """
    identifier = {"signature": layout.FILE_SIGNATURE, "creator": _creator(contents.creator)}
    yield Patch(layout.FILE_IDENTIFIER_OFFSET, encode.build("file_identifier", identifier))
    table = _region_table(made)
    yield Patch(layout.REGION_TABLE_1_OFFSET, table)
    yield Patch(layout.REGION_TABLE_2_OFFSET, table)
    yield Patch(made.metadata_offset, _metadata(made.geometry, contents))


def headers(made: Layout) -> Iterator[Patch]:
    """Both headers, of a file that was closed: with new GUIDs, and nothing in the log.

    Spec: MS-VHDX 2.2.2
    """
    fields: dict[str, Any] = {
        "file_write_guid": uuid4().bytes_le,
        "data_write_guid": uuid4().bytes_le,
        "log_guid": NIL,
        "log_version": layout.LOG_VERSION,
        "version": layout.HEADER_VERSION,
        "log_length": made.log_length,
        "log_offset": made.log_offset,
    }
    for number, offset in enumerate((layout.HEADER_1_OFFSET, layout.HEADER_2_OFFSET), 1):
        yield Patch(offset, built(fields | {"sequence_number": number}))


def locator(pairs: list[tuple[str, str]]) -> bytes:
    """A parent locator: header, entries, then the strings, each key before its value.

    Raises:
        ValueError: a text that UTF-16 cannot hold, or that is too long for its length field.

    Spec: MS-VHDX 2.6.2.6
    """
    texts = [(key.encode(_UTF16), value.encode(_UTF16)) for key, value in pairs]
    position = layout.PARENT_LOCATOR_HEADER_SIZE + layout.PARENT_LOCATOR_ENTRY_SIZE * len(texts)
    entries = []
    for key, value in texts:
        places = {"key_offset": position, "value_offset": position + len(key)}
        entries.append(places | {"key_length": len(key), "value_length": len(value)})
        position += len(key) + len(value)
    header = {"locator_type": layout.VHDX_LOCATOR_TYPE_GUID, "key_value_count": len(texts)}
    strings = b"".join(key + value for key, value in texts)
    return encode.build("parent_locator", {"header": header, "entries": entries, "strings": strings})


def _creator(name: str) -> bytes:
    room = next(field.size or 0 for field in layout.STRUCTURES["file_identifier"].fields if field.id == "creator")
    raw = name.encode(_UTF16)
    if len(raw) > room:
        raise ValueError(f"creator: {len(raw) // 2} UTF-16 units, there is room for {room // 2}")
    return raw.ljust(room, b"\0")


def _region_table(made: Layout) -> bytes:
    entries = [
        {"guid": layout.BAT_REGION_GUID, "file_offset": made.bat_offset, "length": made.bat_length, "required": True},
        {
            "guid": layout.METADATA_REGION_GUID,
            "file_offset": made.metadata_offset,
            "length": METADATA_LENGTH,
            "required": True,
        },
    ]
    header = {"signature": layout.REGION_SIGNATURE, "entry_count": len(entries)}
    raw = encode.build("region_table", {"header": header, "entries": entries})
    return encode.seal("region_table", raw.ljust(layout.REGION_TABLE_SIZE, b"\0"))


def _metadata(geometry: Geometry, contents: Contents) -> bytes:
    """The metadata table and all items behind it, the items in a row."""
    values = items.defaults() | asdict(geometry) | {"virtual_disk_id": contents.virtual_disk_id}
    contents_of = {name: items.content(name, values) for name in NEEDED}
    if contents.locator is not None:
        contents_of["parent_locator"] = contents.locator
    places, position = {}, layout.METADATA_TABLE_SIZE
    for name, raw in contents_of.items():
        places[name] = position, len(raw)
        position += len(raw)
    return items.written(places) + b"".join(contents_of.values())


class Table:
    """The BAT of a new file: places given block by block, over what all blocks begin with.

    Args:
        made: the file's layout.
        state: of all blocks that get no place. With a state that has a place, all blocks lie in a row.
    """

    def __init__(self, made: Layout, state: int) -> None:
        self._made = made
        self._state = state
        self._pages: dict[int, bytearray] = {}  # only what was set, so that a large table costs little

    def place(self, block: int, file_offset: int) -> None:
        """Say that a payload block is wholly there, from this file offset on, a whole number of MiB."""
        number, inside = divmod(self._made.geometry.payload_index(block), _IN_PAGE)
        page = self._pages.setdefault(number, bytearray(_PAGE))
        entry = file_offset | layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
        page[inside * _ENTRY : (inside + 1) * _ENTRY] = entry.to_bytes(_ENTRY, "little")

    def parts(self) -> Iterator[Patch]:
        """The table, in the order of the file; what is zero may be left out.

        Spec: MS-VHDX 2.5
        """
        offset = self._made.bat_offset
        if self._state == layout.PAYLOAD_BLOCK_STATE_NOT_PRESENT:
            for number in sorted(self._pages):
                yield Patch(offset + number * _PAGE, bytes(self._pages[number]))
            return
        for first in range(0, self._made.geometry.entry_count, _AT_ONCE):
            raw = self._uniform(first, min(_AT_ONCE, self._made.geometry.entry_count - first))
            yield Patch(offset + first * _ENTRY, self._with_places(first, raw))

    def _with_places(self, first: int, raw: bytes) -> bytes:
        """Entries from the `first` one on, those that were set in their places."""
        made = bytearray(raw)
        for number in range(first // _IN_PAGE, (first + _AT_ONCE) // _IN_PAGE) if self._pages else ():
            page = self._pages.get(number, b"")
            for inside in range(0, len(page), _ENTRY):
                if any(page[inside : inside + _ENTRY]):
                    start = number * _PAGE - first * _ENTRY + inside
                    made[start : start + _ENTRY] = page[inside : inside + _ENTRY]
        return bytes(made)

    def _uniform(self, first: int, count: int) -> bytes:
        """Entries as all blocks begin with; those of sector bitmap blocks, and of no block, are zero."""
        geometry = self._made.geometry
        made = bytearray()
        index, end = first, first + count
        while index < end:
            chunk, inside = divmod(index, geometry.cycle)
            block = chunk * geometry.chunk_ratio + inside
            payload = min(geometry.chunk_ratio - inside, end - index)
            used = max(0, min(payload, geometry.payload_blocks - block))
            made += self._row(block, used)
            index += payload + 1
            made += bytes((min(index, end) - first) * _ENTRY - len(made))
        return bytes(made)

    def _row(self, block: int, count: int) -> bytes:
        """Entries of blocks that follow one another."""
        if self._state != layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT:
            return self._state.to_bytes(_ENTRY, "little") * count
        size = self._made.geometry.block_size
        start = self._made.data_offset + block * size + self._state
        return pack(f"<{count}Q", *range(start, start + count * size, size))


def _whole(length: int) -> int:
    return -(-length // layout.OBJECT_ALIGNMENT) * layout.OBJECT_ALIGNMENT
