"""What a recipe can say: a tree of plain values that describes one VHDX file and what its guest is meant to see.

What the parts mean for the bytes is said in the modules that build them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal
from uuid import UUID

from vhdx_format import layout


@dataclass(frozen=True, slots=True)
class Zeros:
    """A zero descriptor over `length` bytes at `offset` in the target.

    A target is "file", "bat", "metadata", the GUID of an extra region, "region_table_1", "region_table_2", "bitmap[0]"
    (a chunk) or "payload[3]" (a block).
    """

    target: str = "file"
    offset: int = 0
    length: int = layout.LOG_SECTOR_SIZE


@dataclass(frozen=True, slots=True)
class Write:
    """Data descriptors for `data`, whole log sectors, at `offset` in the target."""

    target: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Hide:
    """Data descriptors for what the file ought to hold there; the file itself holds something else.

    Attributes:
        target: see `Zeros`.
        offset: in the target, bytes.
        length: bytes, or None for all of the target.
        stale: what the file holds instead.
        sparse: leave out sectors that are zero (the file then holds zeros there).
    """

    target: str
    offset: int = 0
    length: int | None = None
    stale: Literal["zero", "noise"] = "zero"
    sparse: bool = True


Update = Zeros | Write | Hide


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log entry, or several alike or in a row.

    Attributes:
        updates: what it does, in order.
        label: a name that `tail` of other entries can use.
        sequence_number: None for one more than the entry before.
        position: log offset in bytes; None for the end of the entry before. An entry wraps where the log ends.
        tail: "run" (the first entry of the row of entries that this one continues), "self", a label, or a log offset.
        log_guid: None for the log's.
        flushed_file_offset: bytes, None for what the file really has, down to the MiB.
        last_file_offset: bytes, None for the end of everything that the recipe places.
        split: most descriptors for one entry; the rest goes into following entries.
        repeat: how many times the entry is written, each time with the next sequence number.
        torn: sectors of the entry (of each, where there are several) that never reached the file.
    """

    updates: tuple[Update, ...] = ()
    label: str = ""
    sequence_number: int | None = None
    position: int | None = None
    tail: str | int = "run"
    log_guid: str | None = None
    flushed_file_offset: int | None = None
    last_file_offset: int | None = None
    split: int | None = None
    repeat: int = 1
    torn: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """The log area.

    Attributes:
        entries: in the order in which they were written; a later one overwrites what it meets.
        length: of the area in bytes.
        offset: file offset in bytes, or None for the expander's choice.
        guid: LogGuid of the entries; None for one that follows from the recipe's name.
        is_dirty: whether the header names that GUID; None: where there are entries.
    """

    entries: tuple[LogEntry, ...] = ()
    length: int = layout.LOG_SIZE_DEFAULT
    offset: int | None = None
    guid: str | None = None
    is_dirty: bool | None = None


DiskType = Literal["fixed", "dynamic", "differencing"]
Damage = Literal["none", "zeroed", "bad_checksum", "torn"]
BlockOrder = Literal["ascending", "descending", "scrambled"]
NIL_GUID = str(UUID(int=0))


class RecipeError(ValueError):
    """A recipe asks for something that cannot be built; the message names the part."""


def make_guid(label: str) -> str:
    """A GUID that follows from a label, so that the same recipe always gives the same bytes.

    >>> make_guid("image/data")
    'b1c06834-0481-e33e-80e8-00aa321884fa'
    """
    return str(UUID(bytes=sha256(label.encode()).digest()[:16]))


def is_plain_name(name: str) -> bool:
    r"""True for the name of a file that stays in its folder, on every system: parts of printable text, "/" in between.

    >>> [is_plain_name(name) for name in ("a.vhdx", "deep/a", "../a", "/a", "a/../../b", "C:a", "a\\b", "")]
    [True, True, False, False, False, False, False, False]
    """
    parts = name.split("/")
    return name.isprintable() and not {"", ".", ".."} & set(parts) and not {"\\", ":"} & set(name)


def guid_bytes(text: str) -> bytes:
    """The sixteen bytes of a GUID as a file stores them."""
    return UUID(text).bytes_le


@dataclass(frozen=True, slots=True)
class Geometry:
    """Type and sizes of the virtual disk, in bytes.

    Spec: MS-VHDX 2.6.2
    """

    disk_type: DiskType = "dynamic"
    virtual_disk_size: int = 4 * layout.BLOCK_SIZE_MIN
    block_size: int = layout.BLOCK_SIZE_MIN
    logical_sector_size: int = layout.SECTOR_SIZE_512
    physical_sector_size: int = layout.SECTOR_SIZE_4096
    virtual_disk_id: str = ""


@dataclass(frozen=True, slots=True)
class HeaderCopy:
    """One header slot; what is None follows from the rest of the recipe.

    Attributes:
        damage: "torn" leaves only the first 512 bytes of a header whose reserved bytes were not zero, so that its
            checksum fails.
    """

    sequence_number: int
    file_write_guid: str | None = None
    data_write_guid: str | None = None
    log_guid: str | None = None
    log_offset: int | None = None
    log_length: int | None = None
    version: int = layout.HEADER_VERSION
    log_version: int = layout.LOG_VERSION
    damage: Damage = "none"


@dataclass(frozen=True, slots=True)
class ExtraRegion:
    """A region that the specification does not define. `content` is written at its start; sizes in bytes."""

    guid: str
    length: int = layout.OBJECT_ALIGNMENT
    required: bool = False
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class RegionTables:
    """Both copies of the region table, and how long the regions are.

    Attributes:
        order: entries in the table's order: "bat", "metadata" or the GUID of one of `extra`; names may be left out or
            repeated. Extra regions that it does not name follow.
        known_required: the Required bit of the BAT and metadata entries.
        damage: of copy 1 and copy 2.
        bat_length: bytes, or None for what the geometry needs.
        metadata_length: bytes.
    """

    order: tuple[str, ...] = ("bat", "metadata")
    extra: tuple[ExtraRegion, ...] = ()
    known_required: bool = True
    damage: tuple[Damage, Damage] = ("none", "none")
    bat_length: int | None = None
    metadata_length: int = layout.OBJECT_ALIGNMENT


@dataclass(frozen=True, slots=True)
class Item:
    """One metadata item.

    Attributes:
        item_id: name of a known item ("file_parameters") or a GUID.
        content: its bytes, or None for what the recipe gives a known item.
        offset: from the start of the region in bytes, or None for the expander's choice (0 where it is empty).
    """

    item_id: str
    content: bytes | None = None
    is_user: bool = False
    is_virtual_disk: bool = False
    is_required: bool = False
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata table and its items.

    Attributes:
        items: in the table's order, or None for `standard_items`.
        extra: items after those.
        data_order: the order in which the items' bytes lie, as positions in the table; those not named follow.
        gap: bytes left free between items.
    """

    items: tuple[Item, ...] | None = None
    extra: tuple[Item, ...] = ()
    data_order: tuple[int, ...] = ()
    gap: int = 0


@dataclass(frozen=True, slots=True)
class ParentLocator:
    """The parent locator item: pairs in the table's order; a bytes object stands for a string that is not UTF-16."""

    pairs: tuple[tuple[str | bytes, str | bytes], ...]
    locator_type: str = str(UUID(bytes_le=layout.VHDX_LOCATOR_TYPE_GUID))


@dataclass(frozen=True, slots=True)
class Fill:
    """Bytes of a payload block: `length` bytes from `offset` in the block, the pattern or `data` over and over."""

    offset: int
    length: int
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One payload block.

    Attributes:
        number: of the block.
        state: of its BAT entry.
        fills: what its space in the file holds, None for the pattern from end to end; the rest of the space is zero.
        sectors: runs (first, count) of the block's sectors whose bitmap bit is set. A bit counts in state 7 only.
        file_offset_mb: FileOffsetMB of the entry; None for the expander's choice.
        anchored: give the block space although its state has none, filled with bytes that no guest may see.
        reserved: reserved bits of the entry.
    """

    number: int
    state: int = layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT
    fills: tuple[Fill, ...] | None = None
    sectors: tuple[tuple[int, int], ...] = ()
    file_offset_mb: int | None = None
    anchored: bool = False
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Bitmap:
    """A sector bitmap block that shall differ from what the blocks ask for: its state, its place, further set bits."""

    chunk: int
    state: int = layout.SECTOR_BITMAP_BLOCK_STATE_PRESENT
    file_offset_mb: int | None = None
    sectors: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Bat:
    """The blocks and where they lie.

    Attributes:
        blocks: those unlike the type's default: fully present and zero in a fixed file, not present elsewhere.
        bitmaps: chunks whose sector bitmap differs from what the blocks ask for.
        order: of the blocks (and bitmap blocks) in the file.
        seed: of the scrambled order.
        spacing_mb: MiB left free before each block.
        default_state: of the blocks not listed, or None for the type's.
    """

    blocks: tuple[Block, ...] = ()
    bitmaps: tuple[Bitmap, ...] = ()
    order: BlockOrder = "ascending"
    seed: int = 0
    spacing_mb: int = 0
    default_state: int | None = None


@dataclass(frozen=True, slots=True)
class FieldOverride:
    """Another value for any field of the schema.

    Attributes:
        target: the object: "file_identifier", "header_1", "region_table_2", "metadata_table", "file_parameters",
            "parent_locator", "bat[17]" (an index of the table), "log[0]" and so on.
        field: path in it: "sequence_number", "entries[1].file_offset", "descriptors[0].zero.zero_length".
        value: integer, bytes, or GUID text.
        is_sealed: the checksum is computed after the change; False: before it.
    """

    target: str
    field: str
    value: int | bytes | str
    is_sealed: bool = True


@dataclass(frozen=True, slots=True)
class BytesOverride:
    """Other bytes at an offset of an object (see `FieldOverride`), or of the "file" once all else is written."""

    target: str
    offset: int
    data: bytes
    is_sealed: bool = True


Override = FieldOverride | BytesOverride


@dataclass(frozen=True, slots=True)
class Recipe:
    """One VHDX file.

    Attributes:
        name: mixed into the pattern and into every GUID that the recipe leaves open.
        file_name: None for the name with ".vhdx".
        creator: text of the file type identifier.
        parent: None in a differencing file: a locator for the parent that it is expanded over.
        file_order: what lies behind the header section, in this order: "log", "metadata", "bat", GUIDs of extra
            regions, "blocks". What is left out follows at the end, the blocks last.
        file_length: bytes; None for the end of the last object. A shorter file is cut off.
        is_tight: what else lies at multiples of 1 MiB lies at multiples of 4 KiB, right behind the region tables.
        overrides: applied to the object once it is built.
    """

    name: str = "image"
    file_name: str | None = None
    creator: str = "vhdx-runtime conformance"
    geometry: Geometry = field(default_factory=Geometry)
    headers: tuple[HeaderCopy, HeaderCopy] = (HeaderCopy(1), HeaderCopy(2))
    regions: RegionTables = field(default_factory=RegionTables)
    metadata: Metadata = field(default_factory=Metadata)
    parent: ParentLocator | None = None
    bat: Bat = field(default_factory=Bat)
    log: Log = field(default_factory=Log)
    file_order: tuple[str, ...] = ("log", "metadata", "bat")
    file_length: int | None = None
    is_tight: bool = False
    overrides: tuple[Override, ...] = ()

    @property
    def path(self) -> str:
        """Name of the file."""
        return self.file_name or f"{self.name}.vhdx"

    @property
    def data_write_guid(self) -> str:
        """DataWriteGuid of the healthy header with the larger sequence number: what a child links to."""
        healthy = [header for header in self.headers if header.damage == "none"]
        best = max(healthy, key=lambda header: header.sequence_number, default=self.headers[0])
        return best.data_write_guid or make_guid(f"{self.name}/data")


_IS_LAST = "virtual_disk_id".__eq__  # Hyper-V writes it behind the others


def standard_items(geometry: Geometry) -> tuple[Item, ...]:
    """The items that a file of this geometry needs, in the order in which Hyper-V writes them. Spec: MS-VHDX 2.6.2."""
    names = sorted((name for name, item in layout.ITEMS.items() if item.missing), key=_IS_LAST)
    names += ["parent_locator"] * (geometry.disk_type == "differencing")
    return tuple(Item(one, is_virtual_disk=layout.ITEMS[one].owner == "disk", is_required=True) for one in names)
