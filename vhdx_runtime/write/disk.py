"""The virtual disk, to be read and written.

One lock stands around the table, the file's space and its bytes: whatever runs at once is done one after the other, and
nothing that was read or looked up under it is out of date.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from threading import RLock
from typing import Any, Final, NoReturn
from uuid import UUID

from ..codec.held import byte_view
from ..codec.source import Readable
from ..disk.chain import Chain, open_chain
from ..disk.image import Image, load_image
from ..disk.mapping import Mapping
from ..disk.ranges import Range
from ..disk.sizes import load_bat
from ..disk.virtual import VirtualDisk
from ..portable import pwrite
from ..semantics.presence import HOLE, ZERO
from .allocate import ZEROS, Blocks
from .entry import SECTOR
from .pages import Pages
from .recovery import recover, require_sound
from .session import Session
from .target import FileTarget, Target
from .trim import TO_ZERO, UNMAPPED, covered, give_up

_STEP: Final = 1 << 20


class WritableDisk(VirtualDisk):
    """The guest's view of a chain, whose first container is written; parents never are.

    Reads see every write that came before them. What was written is on the medium once `flush` returns, or `close`.
    When something fails on its way to the medium, the disk writes nothing more and goes on to read; opened again, the
    file is as it was at the last flush, with none, some or all of what was written since.

    Args:
        chain: the container and its parents; its view is that of `session.pages`.
        session: of writing.
        replayed: the log was replayed when the file was opened.

    Attributes:
        replayed: the log was replayed when the file was opened.
    """

    def __init__(self, chain: Chain, session: Session, *, replayed: bool = False) -> None:
        super().__init__(chain)
        self.replayed = replayed
        self._locks = os.getpid(), RLock()
        self._session = session
        image = self.image
        if image.geometry is None or image.bat is None or image.mapping is None:
            raise ValueError(f"{image.name}: has no table to write")
        parts = image.geometry, image.bat, image.mapping
        self._blocks = Blocks(image, *parts, session, super().read_at, self._forget)

    @property
    def _lock(self) -> RLock:
        """Held by who uses the disk.

        Raises:
            ValueError: this process was made by a fork while a thread held it, which does not exist here.
        """
        process, lock = self._locks
        if process != os.getpid():
            if not lock.acquire(blocking=False):
                raise ValueError(f"{self.name}: the process was forked in the middle of a write; open the file again")
            lock.release()
            self._locks = os.getpid(), lock
        return lock

    @property
    def visible_write(self) -> bool:
        """Something that the guest sees was changed since the file was opened."""
        return self._session.has_begun

    @property
    def failure(self) -> str:
        """Why nothing is written any more, or ""."""
        return self._session.failure

    def read_at(self, offset: int, length: int) -> bytes:
        """As `VirtualDisk.read_at`."""
        with self._lock:
            return super().read_at(offset, length)

    def readinto_at(self, offset: int, buffer: Any) -> int:
        """As `VirtualDisk.readinto_at`."""
        with self._lock:
            return super().readinto_at(offset, buffer)

    def ranges(self, offset: int = 0, length: int | None = None, *, coarse: bool = False) -> Iterator[Range]:
        """As `VirtualDisk.ranges`, of one moment."""
        with self._lock:
            return iter(list(super().ranges(offset, length, coarse=coarse)))

    def write_at(self, offset: int, data: Any) -> int:
        """Write guest bytes.

        Args:
            offset: virtual offset in bytes.
            data: bytes or another contiguous buffer; all of it lies inside the disk.

        Returns:
            Number of bytes, which is all of them.

        Raises:
            ValueError: a range outside the disk, or a closed disk.
            FileError: it could not be written; a part may have been. Where the file cannot grow, or data cannot be
                written, the disk stays usable; see `failure`.

        Spec: MS-VHDX 2.5.1.1
        """
        with self._lock:
            displacement = self._displacements.get(offset >> self._shift)
            if displacement is not None and type(data) is bytes and self._session.is_open:
                length = len(data)
                if length <= self._block_size - (offset & self._mask):
                    try:
                        if pwrite(self._fd, data, offset + displacement) == length:
                            return length
                    except OSError:
                        pass  # the long way tells what is wrong
            return self._write(offset, byte_view(memoryview(data)))

    def writefrom_at(self, offset: int, source: Any, length: int | None = None) -> int:
        """Write what something else holds.

        Args:
            offset: virtual offset in bytes.
            source: has `read_at(offset, length)`, and is read from its start; or a binary file object, which is read
                from its position on.
            length: in bytes; None for all that there is.

        Returns:
            Number of bytes; fewer than `length` where the source ends before.

        Raises:
            ValueError: it does not fit in the disk; what fits is written.
            FileError: it could not be written.
        """
        if length is not None and length < 0:
            raise ValueError("length must not be negative")
        source = io.BytesIO(source) if isinstance(source, (bytes, bytearray, memoryview)) else source
        if not (hasattr(source, "read_at") or hasattr(source, "read")):
            raise TypeError(f"source must be bytes, or have read or read_at, not {type(source).__name__}")
        done = 0
        while length is None or done < length:
            step = _STEP if length is None else min(_STEP, length - done)
            data = source.read_at(done, step) if hasattr(source, "read_at") else source.read(step)
            if not data:
                break
            done += self.write_at(offset + done, data)
        return done

    def flush(self) -> None:
        """Return once everything written so far is on the medium.

        Raises:
            FileError: it could not be done; nothing more is written from now on.
        """
        with self._lock:
            self._session.commit()

    def trim(self, offset: int, length: int, *, to: str = UNMAPPED) -> None:
        """Give up whole blocks: they read as zeros, and their space in the file is free, except in a fixed file.

        Blocks that the range covers in part only stay as they are.

        Args:
            offset: virtual offset in bytes.
            length: in bytes; the range lies inside the disk.
            to: "unmapped", or "zero" for the state that says that the guest wrote zeros.

        Raises:
            ValueError: a range outside the disk, another `to`, or a closed disk.
            FileError: it could not be done, for some of the blocks at least.

        Spec: MS-VHDX 2.5.1.1
        """
        if to not in (UNMAPPED, TO_ZERO):
            raise ValueError(f'to must be "unmapped" or "zero", not {to!r}')
        with self._lock:
            self._check_range(offset, length)
            give_up(self._blocks, *covered(self._blocks, offset, length), to)

    def zero(self, offset: int, length: int) -> None:
        """Write zeros; whole blocks need no space for them, except in a fixed file.

        Args:
            offset: virtual offset in bytes.
            length: in bytes; the range lies inside the disk.

        Raises:
            ValueError: a range outside the disk, or a closed disk.
            FileError: it could not be done.
        """
        with self._lock:
            self._check_range(offset, length)
            first, last = covered(self._blocks, offset, length)
            end = offset + length
            self._write_zeros(offset, min(end, first * self._block_size))
            give_up(self._blocks, first, last, TO_ZERO)
            self._write_zeros(max(offset, last * self._block_size), end)

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any, /) -> int:
        """Write at the position and move it; returns the number of bytes, fewer where the disk ends.

        Raises:
            OSError: the position is at the disk's end, or behind it (ENOSPC).
        """
        with self._lock:
            view = byte_view(memoryview(data))[: max(0, self.size - self._position)]
            if not view and memoryview(data).nbytes:
                raise OSError(errno.ENOSPC, "the disk ends here", self.image.name)
            count = self.write_at(self._position, view)
            self._position += count
            return count

    def truncate(self, _: int | None = None, /) -> NoReturn:
        """Refuse it."""
        raise io.UnsupportedOperation("a disk keeps its size; a new one of another size is made by vhdx create")

    def close(self) -> None:
        """Bring everything to the medium, give up the log, and close every file of the chain.

        Raises:
            FileError: it could not be done; the files are closed, and the log is replayed when the file is opened next.
        """
        try:
            lock = self._lock
        except ValueError:  # a fork's copy of a disk that was in use
            super().close()
            return
        with lock:
            if self.closed:
                return
            try:
                self._session.end()
            finally:
                super().close()

    def _write(self, offset: int, data: memoryview) -> int:
        self._check_range(offset, len(data))
        done = 0
        while done < len(data):
            self._session.begin()
            start = offset + done
            block = start >> self._shift
            part = data[done : done + self._block_size - (start & self._mask)]
            if self._blocks.write(start, part):
                self._remember(block)
            done += len(part)
        return done

    def _write_zeros(self, start: int, end: int) -> None:
        """Write zeros into a range that lies in one block; not where it reads as zeros anyway."""
        if start < end and self._blocks.mapping.locate(start >> self._shift)[0] not in (ZERO, HOLE):
            for offset in range(start, end, len(ZEROS)):
                self._write(offset, memoryview(ZEROS)[: end - offset])

    def _check_range(self, offset: int, length: int) -> None:
        if self.closed:
            raise ValueError("write to a closed disk")
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ValueError(f"{length} bytes at {offset:#x} do not lie in a disk of {self.size} bytes")

    def _forget(self, block: int) -> None:
        self._displacements.pop(block, None)
        self._zero_blocks.discard(block)


def open_writable(
    file: str | os.PathLike[str] | Target,
    *,
    parents: Iterable[Readable] = (),
    parent_dirs: Iterable[str | os.PathLike[str]] = (),
    entropy: Callable[[int], bytes] = os.urandom,
    log_start: int = 0,
) -> WritableDisk:
    """Open the virtual disk of a container and its parents to read and write it.

    A log that whoever wrote before left behind is replayed into the file. Besides that, nothing is changed before the
    first write.

    Args:
        file: path, or an open target, which is read and written through its file descriptor where it has one.
        parents: see `vhdx_runtime.open`.
        parent_dirs: see `vhdx_runtime.open`.
        entropy: gives that many random bytes: all GUIDs come from it.
        log_start: position in the log of the first entry, in bytes: a multiple of 4096 below the log's length.

    Returns:
        The disk. Closing it closes the target, too.

    Raises:
        VhdxError: the first rule that does not hold and that forbids to write; what mends it is said.
        FormatError: it is no regular file, is marked read-only, or somebody else has locked it.
        ValueError: an argument that makes no sense.

    Spec: MS-VHDX 2.3, 2.5
    """
    target: Target = FileTarget(file) if isinstance(file, (str, os.PathLike)) else file
    chain: Chain | None = None
    try:
        image = load_image(target)
        image.require_readable()
        require_sound(image)
        chain = open_chain(image, parents=parents, parent_dirs=parent_dirs)
        is_dirty = image.log.state == "replayed"
        if is_dirty:
            image = recover(image, target, lambda: UUID(bytes=entropy(16), version=4).bytes_le)
        if log_start % SECTOR or not 0 <= log_start < image.log.length:
            raise ValueError(f"log_start must be a multiple of {SECTOR} inside the log, not {log_start}")
        pages = Pages(target)
        image = _live(image, pages)
        session = Session(image, target, pages, entropy, log_start)
        return WritableDisk(replace(chain, images=(image, *chain.images[1:])), session, replayed=is_dirty)
    except BaseException:
        if chain:
            chain.close_parents()
        if isinstance(target, FileTarget):
            target.close()
        raise


def _live(image: Image, pages: Pages) -> Image:
    """A container that reads through the changed sectors."""
    bat = load_bat(pages, image.regions, image.geometry)[0]
    mapping = Mapping(pages, image.geometry, bat) if image.geometry and bat else None
    return replace(image, view=pages, bat=bat, mapping=mapping)
