"""What a recipe can say about the log: its area, its entries, and what each of them updates.

Depends on nothing but the layout's names for sizes. How an entry becomes bytes is said in `log_area`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
