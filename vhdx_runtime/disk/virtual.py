"""The virtual disk: guest bytes out of a container and its parents.

Knows the ways to read: a range, into a buffer, as a raw file object, as a list of where the bytes are. Reads are safe
from several threads at once, in a process made by a fork, and beside a close: they give the right bytes or raise.
"""

from __future__ import annotations

import io
import mmap
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from operator import index
from threading import Lock
from typing import Any, NoReturn

from ..codec.held import writable_view
from ..codec.overlay import Overlay
from ..errors import VhdxError, became_shorter
from ..portable import HAS_PREAD, pread
from ..semantics.presence import DATA, HOLE, PARTIAL, UNREADABLE, ZERO
from ..wording import shown
from .chain import Chain
from .image import Image
from .mapping import Piece
from .ranges import Range, merged, of_chain, pieces_of, take

_LOST_KEPT = 100_000
_DIRECT_KEPT = 1 << 16
_ZEROS = bytes(1 << 20)
_SALVAGED_AT_ONCE = 4096
_SHARED_FROM = 2 << 20


class VirtualDisk(io.RawIOBase):
    """The guest's view of a chain, read-only.

    Args:
        chain: the container and its parents.
        salvage: unreadable ranges read as zeros and are listed in `lost`, instead of raising.
        mapped: small reads may come from a mapping of the file; never when salvaging. If somebody cuts the file off
            while it is open, or its medium fails, such a read ends the process instead of raising.

    Attributes:
        size: in bytes.
        image: the container that was opened.
        salvaging: unreadable ranges read as zeros.
        lost: ranges that were asked for and could not be read (salvage only), neighbours joined.
        unlisted: how many more there were, as only the first 100,000 are kept.
    """

    # What each small read looks at; as slots it is found faster.
    __slots__ = ("_block_size", "_displacements", "_fd", "_mapped", "_mask", "_shift", "_zero_blocks")

    def __init__(self, chain: Chain, *, salvage: bool = False, mapped: bool = False) -> None:
        super().__init__()
        self.image = chain.images[0]
        self.size = self.image.size
        self.lost: list[Range] = []
        self.unlisted = 0
        self._chain = chain
        self._images = chain.images
        self.salvaging = salvage
        self._may_map = mapped and not salvage
        self._position = 0
        self._block_size = self.image.geometry.block_size if self.image.geometry else 1
        self._shift = self._block_size.bit_length() - 1
        self._mask = self._block_size - 1
        self._displacements: dict[int, int] = {}
        self._zero_blocks: set[int] = set()
        fd = self.image.source.fd
        self._fd = fd if fd is not None and HAS_PREAD else -1  # -1 once closed, for good
        self._mapped: mmap.mmap | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {shown(self.name)!r}, mode {self.mode!r}, {self.size} bytes>"

    @property
    def name(self) -> str:
        """Path of the container that was opened, or what stands for it; as of any file object."""
        return self.image.name

    @property
    def mode(self) -> str:
        """As given to `vhdx_runtime.open`: "r", or "r+" for a disk that can be written."""
        return "r+" if self.writable() else "r"

    @property
    def images(self) -> tuple[Image, ...]:
        """The container that was opened, its parent, and so on."""
        return self._images

    @property
    def chain(self) -> Chain:
        """How each parent was found, and what is to be said of it."""
        return self._chain

    @property
    def links(self) -> NoReturn:
        """Gone; for one release its use names what there is instead."""
        raise AttributeError("a disk has no `links`: how parents were found is `chain`, the containers are `images`")

    def read_at(self, offset: int, length: int) -> bytes:
        """Read guest bytes.

        Args:
            offset: virtual offset in bytes.
            length: in bytes; what lies past the disk's end is left out.

        Returns:
            The bytes.

        Raises:
            ValueError: a negative argument, or a closed disk.
            VhdxError: the range cannot be read (not when salvaging).

        Spec: MS-VHDX 2.5.1.1
        """
        block = offset >> self._shift
        if 0 < length <= self._block_size - (offset & self._mask):
            displacement = self._displacements.get(block)
            if displacement is not None:
                start = offset + displacement
                if self._mapped is not None:
                    return self._mapped[start : start + length]
                try:
                    data = pread(self._fd, length, start)
                except OSError:
                    data = b""  # the long way tells what is wrong
                if len(data) == length and self._fd >= 0:  # else it was closed, and the number may be another file's
                    return data
            elif block in self._zero_blocks:
                return bytes(length)
        self._check(offset, length)
        buffer = bytearray(max(0, min(length, self.size - offset)))
        self._fill(offset, memoryview(buffer))
        self._remember(block)
        return bytes(buffer)

    def readinto_at(self, offset: int, buffer: Any) -> int:
        """Fill a writable buffer with guest bytes from `offset` on.

        Returns:
            Number of bytes; fewer than the buffer holds only at the disk's end.

        Raises:
            ValueError: a negative offset, a closed disk, or a buffer that is not contiguous.
            TypeError: a buffer that is not writable.
            VhdxError: the range cannot be read (not when salvaging).
        """
        view = writable_view(buffer)
        self._check(offset, len(view))
        length = max(0, min(len(view), self.size - offset))
        self._fill(offset, view[:length])
        return length

    def _check(self, offset: int, length: int) -> None:
        if self.closed:
            raise ValueError("read of a closed disk")
        if offset < 0 or length < 0:
            raise ValueError("offset and length must not be negative")

    def _fill(self, offset: int, buffer: memoryview) -> None:
        """Fill a buffer; of a large one a helper takes pieces from the end, as copying is all it takes.

        The helper ends with the read: a thread that stayed would be missing in a process made by a fork. Nor is it
        waited for before it has begun: on a busy machine that takes longer than the read; then it must not hold the
        buffer either.
        """
        pieces = pieces_of(self._images, 0, offset, len(buffer), coarse=True)
        if len(buffer) < _SHARED_FROM or self.salvaging:
            self._fill_pieces(pieces, offset, buffer, self.salvaging)
            return
        left, at_work = deque(pieces), Lock()
        failures: list[BaseException] = []
        target = [buffer]

        def _help() -> None:
            with at_work:
                try:
                    for part in target:
                        self._fill_pieces(_emptied(left.pop), offset, part, False)
                except BaseException as error:  # noqa: BLE001 - raised below, where the caller is
                    failures.append(error)

        with suppress(RuntimeError):  # the system gives no more threads, or the interpreter ends
            start_new_thread(_help, ())
        try:
            self._fill_pieces(_emptied(left.popleft), offset, buffer, False)
        finally:
            left.clear()
            with at_work:  # nobody may write to the buffer any more once this returns
                target.clear()
        if failures:
            raise failures[0]

    def _fill_pieces(
        self, pieces: Iterable[tuple[int, Piece]], offset: int, buffer: memoryview, salvaging: bool
    ) -> None:
        for depth, piece in pieces:
            start = piece.virtual_offset - offset
            part = buffer[start : start + piece.length]
            if piece.kind == DATA:
                self._fill_data(depth, piece, part, salvaging)
            elif piece.kind == PARTIAL:
                for smaller, done in _steps(piece, len(_ZEROS)):
                    self._fill_partial(depth, smaller, part[done : done + smaller.length], salvaging)
            else:
                if piece.kind == UNREADABLE:
                    self._give_up(depth, piece, salvaging)
                for done in range(0, piece.length, len(_ZEROS)):
                    part[done : done + len(_ZEROS)] = _ZEROS[: piece.length - done]

    def _fill_data(self, depth: int, piece: Piece, part: memoryview, salvaging: bool) -> None:
        view = self._images[depth].view
        try:
            if view.readinto_at(piece.file_offset, part) != piece.length:
                raise became_shorter(view.name)
        except VhdxError:
            if not salvaging:
                raise
            if piece.length > _SALVAGED_AT_ONCE:  # save what can be had on both sides of the bad place
                for smaller, done in _steps(piece, _SALVAGED_AT_ONCE):
                    self._fill_data(depth, smaller, part[done : done + smaller.length], salvaging)
            else:
                self._give_up(depth, piece, salvaging)
                part[:] = bytes(piece.length)

    def _fill_partial(self, depth: int, piece: Piece, part: memoryview, salvaging: bool) -> None:
        """Read what lies below, and lay the sectors that are in the file over it."""
        mapping, start, length = self._images[depth].mapping, piece.virtual_offset, piece.length
        own = bytearray(length)
        try:
            part[:] = own
            if depth + 1 < len(self._images):
                below = pieces_of(self._images, depth + 1, start, length, coarse=True)
                self._fill_pieces(below, start, part, False)
            self._fill_data(depth, piece, memoryview(own), False)
            if mapping is not None:
                mapping.lay_over(piece, own, part)
        except VhdxError:  # of a sector, perhaps, that is not asked for
            self._fill_pieces(pieces_of(self._images, depth, start, length), start, part, salvaging)

    def _remember(self, block: int) -> None:
        """Note a block that the file itself holds whole, or that is all zeros: small reads of it go straight there."""
        mapping, view = self.image.mapping, self.image.view
        if mapping is None or self.image.source.fd is None or (block + 1) * self._block_size > self.size:
            return
        if len(self._displacements) + len(self._zero_blocks) > _DIRECT_KEPT:
            self._displacements.clear()
            self._zero_blocks.clear()
        kind, base = mapping.locate(block)
        if kind in (ZERO, HOLE):
            return self._zero_blocks.add(block)
        touched = isinstance(view, Overlay) and view.touches(base, self._block_size)
        whole = base + self._block_size <= self.image.source.size
        if kind == DATA and whole and not touched:
            if self._may_map and self._mapped is None:
                self._map()
            if self._mapped is not None or self._fd >= 0:
                self._displacements[block] = base - block * self._block_size

    def _map(self) -> None:
        """Map the file, where it has a size that the system can map."""
        fd = self.image.source.fd
        try:
            mapped = mmap.mmap(-1 if fd is None else fd, self.image.source.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError, OverflowError):
            self._may_map = False
            return
        if self.image.source.fd is None:  # closed in the meantime: the number may have been another file's
            mapped.close()
        else:
            self._mapped = mapped

    def _give_up(self, depth: int, piece: Piece, salvaging: bool) -> None:
        image = self._images[depth]
        if not salvaging and image.mapping is not None:
            raise image.why_unreadable(piece.virtual_offset)
        place = piece.file_offset if piece.kind == DATA else None
        found = Range(piece.virtual_offset, piece.length, UNREADABLE, image.name, place, depth)
        self.unlisted += not take(self.lost, found, _LOST_KEPT)

    def ranges(self, offset: int = 0, length: int | None = None, *, coarse: bool = False) -> Iterator[Range]:
        """Where the bytes of a range are, without reading them.

        Neighbours of the same kind that lie one behind another come as one.

        Args:
            offset: virtual offset in bytes.
            length: in bytes, None for the rest of the disk; what lies past the end is left out.
            coarse: many sectors that a container and what lies below it give in turns come as one range, of the kind
                "partial". Nothing in it is lost; but in the last container of a chain the sectors that it leaves to a
                parent are missing.

        Yields:
            Ranges in ascending order, without gaps.

        Raises:
            ValueError: a negative argument, or a closed disk.
        """
        self._check(offset, length or 0)
        length = max(0, min(self.size - offset, self.size if length is None else length))
        yield from merged(of_chain(self._images, offset, length, coarse=coarse))

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("a disk cannot be copied or pickled; open it again, in each process for itself")

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position that `read` and `readinto` use; returns it."""
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise ValueError(f"whence must be 0, 1 or 2, not {whence}")
        offset = index(offset)
        base = (0, self._position, self.size)[whence]
        if base + offset < 0:
            raise ValueError("the position must not be negative")
        self._position = base + offset
        return self._position

    def write(self, _: Any, /) -> int:
        """Refuse it, as all that follow: a disk is written where it was opened with `mode="r+"`."""
        self._refuse_writing()

    def write_at(self, offset: int, data: Any) -> int:
        """Refuse it."""
        self._refuse_writing()

    def writefrom_at(self, offset: int, source: Any, length: int | None = None) -> int:
        """Refuse it."""
        self._refuse_writing()

    def trim(self, offset: int, length: int, *, to: str = "unmapped") -> None:
        """Refuse it."""
        self._refuse_writing()

    def zero(self, offset: int, length: int) -> None:
        """Refuse it."""
        self._refuse_writing()

    def truncate(self, _: int | None = None, /) -> NoReturn:
        """Refuse it."""
        self._refuse_writing()

    def _refuse_writing(self) -> NoReturn:
        if self.closed:
            raise ValueError("write to a closed disk")
        raise io.UnsupportedOperation(f'{self.name}: opened read-only; vhdx_runtime.open(…, mode="r+") writes')

    def tell(self) -> int:
        """The position that `read` and `readinto` use."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a writable buffer from the position on and move it; returns the number of bytes, 0 at the end."""
        count = self.readinto_at(self._position, buffer)
        self._position += count
        return count

    def close(self) -> None:
        """Close every file of the chain."""
        if not self.closed:
            self._fd = -1
            self._displacements.clear()
            self._zero_blocks.clear()
            if self._mapped is not None:
                self._mapped.close()
            for image in self._images:
                image.close()
        super().close()


def _emptied(take_one: Callable[[], tuple[int, Piece]]) -> Iterator[tuple[int, Piece]]:
    """What a list gives until it is empty; another thread may take from it, too."""
    with suppress(IndexError):
        while True:
            yield take_one()


def _steps(piece: Piece, size: int) -> Iterator[tuple[Piece, int]]:
    """A piece with a place in the file, step by step, each with where it begins in the piece."""
    for done in range(0, piece.length, size):
        length = min(size, piece.length - done)
        yield Piece(piece.virtual_offset + done, length, piece.kind, piece.file_offset + done), done
