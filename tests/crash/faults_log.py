"""Faults of the log. They break WRT-002 (26, 28) and the order of MS-VHDX 2.3."""

from __future__ import annotations

from typing import Any

from tests.crash.fault import Patches, fault
from tests.crash.verifier import MIB, PAGE
from vhdx_runtime.write import entry, ring, session
from vhdx_runtime.write.headers import NIL

SLOT = 64 << 10
Session, Ring = session.Session, ring.Ring


def _slot(patches: Patches, alter: Any) -> None:
    """Change what is written of an entry's place; what the ring knows stays."""

    def make(original: Any) -> Any:
        def append(self: Any, sectors: Any) -> None:
            slot = self._ring.slot
            self._ring.slot = lambda length: alter(self._ring, slot(length))
            flushed = self._ring.flushed
            self._ring.flushed = lambda one: flushed(one._replace(tail=min(self._ring._home, one.start)))
            try:
                original(self, sectors)
            finally:
                del self._ring.slot, self._ring.flushed

        return append

    patches.swap(Session, "_append", make)


@fault(13, "Tail is always the entry itself")
def _(patches: Patches) -> None:
    _slot(patches, lambda one, slot: slot._replace(tail=slot.start))


@fault(14, "Tail is one entry too far")
def _(patches: Patches) -> None:
    def alter(one: Any, slot: Any) -> Any:
        starts = one.__dict__.setdefault("starts", [])
        starts.append(slot.start)
        return slot._replace(tail=min((start for start in starts if start > slot.tail), default=slot.tail))

    _slot(patches, alter)


@fault(15, "Tail never advances")
def _(patches: Patches) -> None:
    _slot(patches, lambda one, slot: slot._replace(tail=one.__dict__.setdefault("first", slot.start)))


@fault(16, "the sequence number is not raised")
def _(patches: Patches) -> None:
    _slot(
        patches,
        lambda one, slot: slot._replace(sequence_number=max(1, slot.sequence_number - slot.sequence_number % 3)),
    )


@fault(17, "the log wraps a sector too early")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def entry(self: Any, *given: Any) -> Any:
            slot, pieces = original(self, *given)
            if len(pieces) < 2:
                return slot, pieces
            raw = b"".join(part for _, part in pieces)
            first = len(pieces[0][1]) - PAGE
            return slot, [(pieces[0][0], raw[:first]), (pieces[1][0], raw[first:])]

        return entry

    patches.swap(Ring, "entry", make)


@fault(18, "the room of the log is taken for a sector more")
def _(patches: Patches) -> None:
    _room(patches, 2 * PAGE)  # a sector of the room is never used

    def make(original: Any) -> Any:
        def slot(self: Any, length: int) -> Any:
            return ring.Slot(self._next, self._next + length, min(self._home, self._next), self._number)

        return slot

    patches.swap(Ring, "slot", make)


@fault(19, "the log's space is used again before its updates are at home")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def written_home(self: Any) -> None:
            original(self)
            self._home = self._written_home

        return written_home

    patches.swap(Ring, "written_home", make)


def _room(patches: Patches, more: int) -> None:
    def make(original: Any) -> Any:
        return property(lambda self: original.fget(self) + more)

    patches.swap(Ring, "room", make)
    patches.swap(Ring, "room_at_most", make)


@fault(20, "FlushedFileOffset is a length that was not flushed")
def _(patches: Patches) -> None:
    _growth_is_not_flushed(patches)
    patches.swap(
        ring,
        "build_entry",
        lambda original: lambda sectors, **given: original(sectors, **{**given, "flushed_size": given["size"]}),
    )


@fault(21, "LastFileOffset is not raised")
def _(patches: Patches) -> None:
    first: dict[bytes, int] = {}

    def make(original: Any) -> Any:
        def build(sectors: Any, **given: Any) -> bytes:
            size = first.setdefault(given["log_guid"], 8 * MIB)
            return original(sectors, **{**given, "size": size, "flushed_size": min(size, given["flushed_size"])})

        return build

    patches.swap(ring, "build_entry", make)


def _growth_is_not_flushed(patches: Patches) -> None:
    """Data that has to be flushed still is, and so is what an entry needs; growth by itself is not."""

    def make(original: Any) -> Any:
        def commit(self: Any) -> None:
            space = self.space
            if self.pages.dirty and not self.needs_flush and space.flushed_size != space.size:
                kept = space.flushed_size
                space.flushed_size = space.size
                build = ring.build_entry
                ring.build_entry = lambda sectors, **given: build(sectors, **{**given, "flushed_size": kept})
                try:
                    original(self)
                finally:
                    ring.build_entry = build
            else:
                original(self)

        return commit

    patches.swap(Session, "commit", make)


@fault(43, "growth is not flushed before the entry that needs it")
def _(patches: Patches) -> None:
    _growth_is_not_flushed(patches)


@fault(22, "no flush after an entry")
def _(patches: Patches) -> None:
    patches.without_flush(lambda names: "_append" in names)


def _log(patches: Patches, alter: Any) -> None:
    """Replace what logs sectors: given the session, the original and the sectors."""
    patches.swap(Session, "_log", lambda original: lambda self, sectors: alter(self, original, list(sectors)))


@fault(23, "home before the entry")
def _(patches: Patches) -> None:
    def alter(self: Any, original: Any, sectors: Any) -> None:
        for offset, sector in sectors:
            self.target.write_at(offset, bytes(sector))
        original(self, sectors)

    _log(patches, alter)


@fault(24, "one sector of an entry is not written home")
def _(patches: Patches) -> None:
    def alter(self: Any, original: Any, sectors: Any) -> None:
        write, left_out = self.target.write_at, sectors[-1][0]
        self.target.write_at = lambda offset, data: None if offset == left_out else write(offset, data)
        try:
            original(self, sectors)
        finally:
            del self.target.write_at

    _log(patches, alter)


@fault(25, "a sector is built anew from the file, eight bytes off")
def _(patches: Patches) -> None:
    def alter(self: Any, original: Any, sectors: Any) -> None:
        made = []
        for offset, sector in sectors:
            old = self.target.read_at(offset, PAGE)
            is_first = old[:8] != sector[:8]
            made.append((offset, bytearray(sector[:8] + old[: PAGE - 8]) if is_first else sector))
        original(self, made)

    _log(patches, alter)


@fault(26, "the table's sectors and the bitmaps' in entries of their own")
def _(patches: Patches) -> None:
    def alter(self: Any, original: Any, sectors: Any) -> None:
        table = self._image.bat
        end = table.file_offset + MIB
        first = [one for one in sectors if table.file_offset <= one[0] < end]
        for part in (first, [one for one in sectors if one not in first]):
            if part:
                original(self, part)

    _log(patches, alter)


@fault(27, "leading and trailing bytes change places")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def pack(**given: Any) -> Any:
            leading, trailing = given["leading_bytes"], given["trailing_bytes"]
            return original(
                **{**given, "leading_bytes": bytes(trailing) + bytes(leading)[4:], "trailing_bytes": bytes(leading)[:4]}
            )

        return pack

    patches.swap(entry, "pack_data_descriptor", make)


@fault(28, "every sector in an entry of its own")
def _(patches: Patches) -> None:
    def alter(self: Any, original: Any, sectors: Any) -> None:
        for one in sectors:
            original(self, [one])

    _log(patches, alter)


@fault(29, "a second LogGuid while entries of the first are needed")
def _(patches: Patches) -> None:
    def alter(self: Any, original: Any, sectors: Any) -> None:
        if self._is_published:
            self._ring._kept = self._ring._home = self._ring._next
            self._log_guid = self._guid()
            sizes = self.space.flushed_size, self.space.size
            for offset, part in self._ring.entry(sectors, self._log_guid, *sizes)[1]:
                self.target.write_at(offset, part)
            self._update({"log_guid": self._log_guid})
        original(self, sectors)

    _log(patches, alter)


@fault(102, "an entry's checksum leaves out its last sector")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def build(sectors: Any, **given: Any) -> bytes:
            raw = original(sectors, **given)
            return raw if len(raw) <= 4 * PAGE else raw[:4] + original(sectors[:-1], **given)[4:8] + raw[8:]

        return build

    patches.swap(ring, "build_entry", make)


@fault(103, "every session's log has the same LogGuid")
def _(patches: Patches) -> None:
    patches.changes(
        lambda changes: {**changes, "log_guid": b"always-the-same!"} if changes.get("log_guid", NIL) != NIL else changes
    )
    patches.swap(
        ring,
        "build_entry",
        lambda original: lambda sectors, **given: original(sectors, **{**given, "log_guid": b"always-the-same!"}),
    )
