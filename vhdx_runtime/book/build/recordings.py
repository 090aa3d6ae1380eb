"""What the writer does to a file, in order: real operations, recorded on a target in memory.

Only places and numbers that are the same each time are taken down; the GUIDs of a session are not.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from vhdx_format import layout
from vhdx_format.layout import PLACES, STRUCTURES

from ...codec import decode
from ...codec.source import BytesSource
from ...disk.image import Image, load_image
from ...write.create import create
from ...write.disk import WritableDisk, open_writable
from ...write.recording import Recording
from ..scenes import MIB, SECTOR, SIZE

_LOG_ENTRY = STRUCTURES["log_entry_header"].size or 0
_BLOCK = 3
_RING_BEFORE_THE_END = 5 * SECTOR


class RecordedStep(NamedTuple):
    """One thing that was done to the file.

    Attributes:
        kind: "write", "resize" or "flush".
        lane: "headers", "log", "tables" or "blocks" for a write, "file" for the others.
        what: in words.
        entry: of the log entry that begins here: offset in the log, length, Tail in bytes, and sequence number.
    """

    kind: str
    lane: str
    what: str
    entry: tuple[int, int, int, int] | None = None


def recordings() -> dict[str, Any]:
    """An allocating write, a trim, and a log that is written round its end; with the length of that log."""
    empty = Recording(b"")
    create(empty, size=SIZE, block_size=MIB)
    start = empty.content()

    def _allocate(disk: WritableDisk) -> None:
        disk.write_at(_BLOCK * MIB, b"x" * SECTOR)
        disk.flush()

    def _trim(disk: WritableDisk) -> None:
        disk.trim(_BLOCK * MIB, MIB)
        disk.flush()

    def _many(disk: WritableDisk) -> None:
        for block in range(5):
            disk.write_at(block * MIB, b"x" * SECTOR)
            disk.flush()

    written, allocating = _recorded(start, _allocate)
    length = load_image(BytesSource(start)).log.length
    ring = _recorded(start, _many, length - _RING_BEFORE_THE_END)[1]
    return {"allocating": allocating, "trim": _recorded(written, _trim)[1], "ring": ring, "log_length": length}


def _recorded(data: bytes, act: Callable[[WritableDisk], None], log_start: int = 0) -> tuple[bytes, list[RecordedStep]]:
    """What is done to a file that is opened, written and closed; and the file behind it."""
    target, numbers = Recording(data), count(1)
    image = load_image(BytesSource(data))
    with open_writable(target, entropy=lambda size: bytes([next(numbers)]) * size, log_start=log_start) as disk:
        act(disk)
    steps = [_step(image, *event) for event in target.events]
    kept = [step for step, before in zip(steps, [None, *steps], strict=False) if step.kind != "flush" or step != before]
    return target.content(), kept


def _step(image: Image, kind: str, offset: int, data: bytes) -> RecordedStep:
    if kind == "flush":
        return RecordedStep(kind, "file", "flush: all of the above is on the medium")
    if kind == "resize":
        return RecordedStep(kind, "file", f"file length {offset // MIB} MiB")
    for place in PLACES:
        if place.structure == "header" and place.offset == offset:
            fields = decode.structure("header", data, offset).fields
            log = "has a log" if any(fields.log_guid.raw) else "no log"
            return RecordedStep(
                kind, "headers", f"{place.id.replace('_', ' ')}: number {fields.sequence_number}, {log}"
            )
    if image.log.offset <= offset < image.log.offset + image.log.length:
        return _log_step(data, offset - image.log.offset)
    bat = image.regions.get("bat")
    if bat is not None and bat.file_offset <= offset < bat.file_offset + bat.length:
        return RecordedStep(kind, "tables", "BAT: the sector, at home")
    return RecordedStep(kind, "blocks", f"data at {offset // MIB} MiB")


def _log_step(data: bytes, offset: int) -> RecordedStep:
    if data[: len(layout.LOG_ENTRY_SIGNATURE)] != layout.LOG_ENTRY_SIGNATURE:
        return RecordedStep("write", "log", "the entry's rest, at the log's start")
    fields = decode.structure("log_entry_header", data[:_LOG_ENTRY], 0).fields
    what = f"entry {fields.sequence_number}: {fields.descriptor_count} sector, Tail {fields.tail:#x}"
    return RecordedStep("write", "log", what, (offset, fields.entry_length, fields.tail, fields.sequence_number))
