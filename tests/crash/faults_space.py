"""Faults of data, of the file's space, of bitmaps and of trims.

They break WRT-001 (30, 31, 35, 38), WRT-002 (37, 110, 116), WRT-003 (32, 111), WRT-004 (33, 34, 39), BAT-020 (39, 40)
and SBM-001 (36, 114).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.crash.fault import Patches, fault
from vhdx_runtime.semantics.presence import DATA, ZERO
from vhdx_runtime.write import allocate, disk, session, space, trim
from vhdx_runtime.write.pages import Pages

Blocks, FileSpace, Session = allocate.Blocks, space.FileSpace, session.Session


def _without_data_flush(patches: Patches, method: str, forgets: Callable[[Any, int, bool | None], bool]) -> None:
    """A method of the blocks forgets that its data has to be flushed first.

    Args:
        patches: where to.
        method: its name; its first argument is a block or a chunk.
        forgets: whether it does: given the blocks, that argument, and whether the space taken for it was fresh (None
            where none was taken).
    """
    taken: list[bool] = []

    def take(original: Any) -> Any:
        def wrapped(self: Any, length: int) -> Any:
            found = original(self, length)
            taken.append(found.is_fresh)
            return found

        return wrapped

    def make(original: Any) -> Any:
        def wrapped(self: Any, block: int, *rest: Any, **named: Any) -> Any:
            before = self.session.needs_flush
            taken.clear()
            result = original(self, block, *rest, **named)
            if forgets(self, block, taken[-1] if taken else None):
                self.session.needs_flush = before
            return result

        return wrapped

    patches.swap(FileSpace, "take", take)
    patches.swap(Blocks, method, make)


@fault(30, "used space is used again without a flush of the data")
def _(patches: Patches) -> None:
    _without_data_flush(patches, "_write_new", lambda blocks, block, is_fresh: is_fresh is False)


@fault(31, "fresh space in a child without a flush of the data")
def _(patches: Patches) -> None:
    for method in ("_write_new", "_write_first_part"):
        _without_data_flush(patches, method, lambda blocks, block, is_fresh: is_fresh is True)


@fault(32, "freed space is used again at once")
def _(patches: Patches) -> None:
    patches.swap(FileSpace, "release", lambda original: lambda self, offset, length: self.give_back(offset, length))


@fault(33, "no zeros around what is written")
def _(patches: Patches) -> None:
    patches.swap(Blocks, "fill", lambda original: lambda self, start, end: None)


@fault(34, "data of a new block at its start")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def write_new(self: Any, block: int, inside: int, data: Any, **named: Any) -> None:
            original(self, block, 0, data, **named)

        return write_new

    patches.swap(Blocks, "_write_new", make)


@fault(35, "bits before their data")
def _(patches: Patches) -> None:
    _without_data_flush(patches, "_write_partial", lambda blocks, block, is_fresh: True)


@fault(36, "bits of a block's former life stay set")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def set_bits(self: Any, bitmap: int, start: int, end: int, *, value: bool) -> None:
            if value:
                original(self, bitmap, start, end, value=value)

        return set_bits

    patches.swap(Pages, "set_bits", make)


@fault(37, "a bitmap block in used space is not zeroed")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def bitmap(self: Any, chunk: int) -> int:
            self.fill = lambda start, end: None
            try:
                return int(original(self, chunk))
            finally:
                del self.fill

        return bitmap

    patches.swap(Blocks, "_bitmap", make)


@fault(110, "a bitmap block in used space is zeroed, and not flushed")
def _(patches: Patches) -> None:
    _without_data_flush(patches, "_bitmap", lambda blocks, chunk, is_fresh: True)
    _without_data_flush(patches, "_write_first_part", lambda blocks, block, is_fresh: True)


@fault(38, "a block becomes fully present without a flush of the data")
def _(patches: Patches) -> None:
    _without_data_flush(
        patches, "_write_partial", lambda blocks, block, is_fresh: blocks.mapping.locate(block)[0] == DATA
    )


@fault(39, "a block of zeros becomes partly present in a child")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def write(self: Any, offset: int, data: Any) -> Any:
            block = offset // self.geometry.block_size
            is_zero = self.mapping.locate(block)[0] == ZERO
            if self.geometry.has_parent and is_zero and not self._covers(offset, len(data)):
                self._write_first_part(block, offset, data)
                return False
            return original(self, offset, data)

        return write

    patches.swap(Blocks, "write", make)


@fault(40, "a trim gives a child's block back to the parent")
def _(patches: Patches) -> None:
    patches.swap(trim, "_UNMAPPED", lambda original: 0)


@fault(41, "a trim of blocks that are covered in part")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def covered(blocks: Any, offset: int, length: int) -> tuple[int, int]:
            size = blocks.geometry.block_size
            return offset // size, -(-(offset + length) // size)

        return covered

    patches.swap(disk, "covered", make)


@fault(42, "unknown space is taken for zeros")
def _(patches: Patches) -> None:
    patches.swap(
        FileSpace, "take", lambda original: lambda self, length: original(self, length)._replace(is_fresh=True)
    )


@fault(44, "a flush that failed is tried again")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def flush(self: Any) -> None:
            try:
                self.target.flush()
            except OSError:
                self.target.flush()
            original(self)

        return flush

    patches.swap(Session, "_flush", make)


@fault(111, "freed space is given away twice")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def release(self: Any, offset: int, length: int) -> None:
            original(self, offset, length)
            original(self, offset, length)

        return release

    patches.swap(FileSpace, "release", make)


@fault(112, "a flush without new data does nothing")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def commit(self: Any) -> None:
            if self.needs_flush or not self.pages.dirty or self._is_over:
                original(self)

        return commit

    patches.swap(Session, "commit", make)


@fault(113, "a flush without changed entries does nothing")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def commit(self: Any) -> None:
            if self.pages.dirty:
                original(self)

        return commit

    patches.swap(Session, "commit", make)


@fault(114, "one bit too many is set")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def set_bits(self: Any, bitmap: int, start: int, end: int, *, value: bool) -> None:
            original(self, bitmap, start, end + value, value=value)

        return set_bits

    patches.swap(Pages, "set_bits", make)


@fault(115, "what is written at the end of one block goes on in the file, not in the next block")
def _(patches: Patches) -> None:
    def make(original: Any) -> Any:
        def write(self: Any, offset: int, data: Any) -> int:
            self._session.begin()
            self._blocks.write(offset, data)
            return len(data)

        return write

    patches.swap(disk.WritableDisk, "_write", make)


@fault(116, "the bitmap's own entry is left for the next commit")
def _(patches: Patches) -> None:
    late: list[tuple[Any, int, int, int]] = []

    def put(original: Any) -> Any:
        def entry(self: Any, index: int, state: int, place: int) -> None:
            ratio = self.geometry.chunk_ratio
            if index % (ratio + 1) == ratio:
                self.bat.put(index, place | state)
                late.append((self, index, state, place))
            else:
                original(self, index, state, place)

        return entry

    def commit(original: Any) -> Any:
        def wrapped(self: Any) -> None:
            original(self)
            for blocks, index, state, place in [one for one in late if one[0].session is self]:
                late.remove((blocks, index, state, place))
                sector = blocks.entry_sector(index)
                at = blocks.bat.file_offset + 8 * index - sector
                self.pages.page(sector)[at : at + 8] = (place | state).to_bytes(8, "little")

        return wrapped

    patches.swap(Blocks, "_put_entry", put)
    patches.swap(Session, "commit", commit)


@fault(117, "space that was unused when the file was opened is cut off although it is used")
def _(patches: Patches) -> None:
    patches.swap(FileSpace, "end", lambda original: lambda self: min(original(self), self._floor or original(self)))
