"""The virtual disk: guest bytes out of a container and its parents.

Knows how a chain answers for a range (each container says what it leaves to its parent) and the ways to read: a range,
into a buffer, as a raw file object, as a list of where the bytes are. Reads are safe from several threads at once.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any

from .chain import Chain
from .codec.overlay import Overlay
from .errors import IntegrityError, VhdxError
from .image import Image
from .mapping import DATA, HOLE, PARENT, UNREADABLE, ZERO, Piece
from .ranges import MISSING, Range, merged, through

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_LOST_KEPT = 100_000
_DIRECT_KEPT = 1 << 16
_ZEROS = bytes(1 << 20)
_SALVAGED_AT_ONCE = 4096
_HALVED_FROM = 2 << 20


class VirtualDisk(io.RawIOBase):
    """The guest's view of a chain, read-only.

    Args:
        chain: the container and its parents.
        salvage: unreadable ranges read as zeros and are listed in `lost`, instead of raising.
        mapped: small reads may come from a mapping of the file, which is faster; never when salvaging. If somebody cuts
            the file off while it is open, or its medium fails, such a read ends the process instead of raising.

    Attributes:
        size: in bytes.
        image: the container that was opened.
        salvaging: unreadable ranges read as zeros.
        lost: ranges that were asked for and could not be read (salvage only).
    """

    def __init__(self, chain: Chain, *, salvage: bool = False, mapped: bool = True) -> None:
        super().__init__()
        self.image = chain.images[0]
        self.size = self.image.size
        self.lost: list[Range] = []
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
        self._mapped: mmap.mmap | None = None
        self._workers: ThreadPoolExecutor | None = None
        self._lock = Lock()

    @property
    def chain(self) -> tuple[Image, ...]:
        """The container that was opened, its parent, and so on."""
        return self._images

    @property
    def links(self) -> Chain:
        """How each parent was found."""
        return self._chain

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
                return self._mapped[start : start + length]  # type: ignore[index]
            if block in self._zero_blocks:
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
            ValueError: a negative offset, or a closed disk.
            VhdxError: the range cannot be read (not when salvaging).
        """
        view = memoryview(buffer).cast("B")
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
        """Fill a buffer; a large one in two halves at once, as copying is all it takes."""
        if len(buffer) < _HALVED_FROM or self.salvaging:
            self._fill_pieces(self._pieces(0, offset, len(buffer)), offset, buffer)
            return
        pieces = list(self._pieces(0, offset, len(buffer)))
        half = len(pieces) // 2
        second = self._helper().submit(self._fill_pieces, pieces[half:], offset, buffer)
        try:
            self._fill_pieces(pieces[:half], offset, buffer)
        except BaseException:
            second.exception()  # nobody may write to the buffer any more once this returns
            raise
        second.result()

    def _helper(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._workers is None:
                from concurrent.futures import ThreadPoolExecutor  # not needed to open an image, and slow to import

                self._workers = ThreadPoolExecutor(1, "vhdx-read")
            return self._workers

    def _fill_pieces(self, pieces: Iterable[tuple[int, Piece]], offset: int, buffer: memoryview) -> None:
        for depth, piece in pieces:
            start = piece.virtual_offset - offset
            part = buffer[start : start + piece.length]
            if piece.kind == DATA:
                self._fill_data(depth, piece, part)
            else:
                if piece.kind == UNREADABLE:
                    self._give_up(depth, piece)
                for done in range(0, piece.length, len(_ZEROS)):
                    part[done : done + len(_ZEROS)] = _ZEROS[: piece.length - done]

    def _fill_data(self, depth: int, piece: Piece, part: memoryview) -> None:
        view = self._images[depth].view
        try:
            if view.readinto_at(piece.file_offset, part) != piece.length:
                raise IntegrityError(f"{view.name}: the file became shorter while it was read")
        except VhdxError:
            if not self.salvaging:
                raise
            if piece.length > _SALVAGED_AT_ONCE:  # save what can be had on both sides of the bad place
                for done in range(0, piece.length, _SALVAGED_AT_ONCE):
                    size = min(_SALVAGED_AT_ONCE, piece.length - done)
                    smaller = Piece(piece.virtual_offset + done, size, DATA, piece.file_offset + done)
                    self._fill_data(depth, smaller, part[done : done + size])
            else:
                self._give_up(depth, piece)
                part[:] = bytes(piece.length)

    def _remember(self, block: int) -> None:
        """Note a block that the file itself holds whole, or that is all zeros: small reads of it go straight there.

        Small reads come from a mapping of the file, where there is a file of a size that the system can map.
        """
        mapping, view = self.image.mapping, self.image.view
        if mapping is None or not self._may_map or (block + 1) * self._block_size > self.size:
            return
        if len(self._displacements) + len(self._zero_blocks) > _DIRECT_KEPT:
            self._displacements.clear()
            self._zero_blocks.clear()
        kind, base = mapping.locate(block)
        if kind in (ZERO, HOLE):
            return self._zero_blocks.add(block)
        touched = isinstance(view, Overlay) and view.touches(base, self._block_size)
        whole = base + self._block_size <= self.image.source.size
        if kind == DATA and whole and not touched and self._map() is not None:
            self._displacements[block] = base - block * self._block_size

    def _map(self) -> mmap.mmap | None:
        fd = self.image.source.fd
        if self._mapped is None and fd is not None:
            try:
                self._mapped = mmap.mmap(fd, self.image.source.size, access=mmap.ACCESS_READ)
            except (OSError, ValueError, OverflowError):
                return None
        return self._mapped

    def _give_up(self, depth: int, piece: Piece) -> None:
        image = self._images[depth]
        if not self.salvaging and image.mapping is not None:
            raise image.mapping.why_unreadable(piece.virtual_offset)
        if len(self.lost) < _LOST_KEPT:
            place = piece.file_offset if piece.kind == DATA else None
            self.lost.append(Range(piece.virtual_offset, piece.length, UNREADABLE, image.name, place, depth))

    def _pieces(self, depth: int, offset: int, length: int) -> Iterator[tuple[int, Piece]]:
        """The range as pieces, each with the depth of the container that decided it; none is left to a parent."""
        image = self._images[depth]
        inside = max(0, min(length, image.size - offset))
        if inside and image.mapping is not None:
            for piece in image.mapping.pieces(offset, inside):
                if piece.kind != PARENT:
                    yield depth, piece
                elif depth + 1 < len(self._images):
                    yield from self._pieces(depth + 1, piece.virtual_offset, piece.length)
                else:
                    yield depth, piece._replace(kind=MISSING)
        if inside < length:
            yield depth, Piece(offset + inside, length - inside, HOLE, 0)

    def ranges(self, offset: int = 0, length: int | None = None) -> Iterator[Range]:
        """Where the bytes of a range are, without reading them.

        Neighbours of the same kind that lie one behind another come as one.

        Args:
            offset: virtual offset in bytes.
            length: in bytes, None for the rest of the disk; what lies past the end is left out.

        Yields:
            Ranges in ascending order, without gaps.

        Raises:
            ValueError: a negative argument, or a closed disk.
        """
        self._check(offset, length or 0)
        length = max(0, min(self.size - offset, self.size if length is None else length))
        yield from merged(self._found(offset, length))

    def _found(self, offset: int, length: int) -> Iterator[Range]:
        for depth, piece in self._pieces(0, offset, length):
            image = self._images[depth]
            if piece.kind != DATA:
                yield Range(piece.virtual_offset, piece.length, piece.kind, image.name, None, depth)
            elif isinstance(image.view, Overlay):
                yield from through(image.view, piece, image.name, depth)
            else:
                yield Range(piece.virtual_offset, piece.length, DATA, image.name, piece.file_offset, depth)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position that `read` and `readinto` use; returns it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}.get(whence)
        if base is None:
            raise ValueError(f"whence must be 0, 1 or 2, not {whence}")
        if base + offset < 0:
            raise ValueError("the position must not be negative")
        self._position = base + offset
        return self._position

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
            self._displacements.clear()
            self._zero_blocks.clear()
            if self._mapped is not None:
                self._mapped.close()
            if self._workers is not None:
                self._workers.shutdown()
            for image in self._images:
                image.close()
        super().close()
