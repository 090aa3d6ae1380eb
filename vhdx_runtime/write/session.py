"""One session of writing: the headers at its start and end, the log in between, and the order of every flush.

Nothing is changed before the headers have new GUIDs. Sectors of tables and bitmaps go to the log, which is flushed, and
only then home; data goes to its place at once. Whatever fails on the way to the medium ends the session: nobody knows
what is there, so nothing more is written, and whoever opens the file next replays its log.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NoReturn
from uuid import UUID

from vhdx_format.layout import STRUCTURES

from ..disk.image import Image
from ..errors import FileError, file_error
from .entry import Sector, capacity, entry_length
from .headers import NIL, pair_of, updated
from .operation import run
from .pages import Pages
from .ring import Ring
from .space import FileSpace, Taken
from .target import Target

_GUID_SIZE: Final = next(field.size or 0 for field in STRUCTURES["ms_guid"].fields)
_MOST_SECTORS: Final = 1022  # in one entry: what is not committed yet stays in memory


class Session:
    """Writing to one file. Whoever calls has the lock of the disk.

    Args:
        image: the container, with nothing to replay.
        target: its file.
        pages: the file with the changed sectors.
        entropy: gives that many random bytes, for new GUIDs.
        log_start: position of the first entry in the log, in bytes.

    Attributes:
        has_begun: the headers say that what the guest sees changes.
        failure: why nothing can be written any more, or "".
        needs_flush: data must be on the medium before the entries that show it are logged.
        space: the file's space.
        pages: the file with the changed sectors.
        target: the file.
    """

    def __init__(
        self, image: Image, target: Target, pages: Pages, entropy: Callable[[int], bytes], log_start: int = 0
    ) -> None:
        self.target = target
        self.pages = pages
        self.space = FileSpace(target, image.geometry.block_size if image.geometry else 1)
        self.has_begun = False
        self.needs_flush = False
        self.failure = ""
        self._image = image
        self._process = os.getpid()
        self._is_over = False
        self._is_surveyed = False
        self._pair = pair_of(image.headers)
        self._entropy = entropy
        self._ring = Ring(image.log.offset, image.log.length, log_start)
        self._log_guid = NIL
        self._is_published = False
        self.capacity = min(_MOST_SECTORS, capacity(self._ring.room_at_most))

    @property
    def is_open(self) -> bool:
        """Data may be written: it has begun, did not fail, and is not over; not in a process made by a fork."""
        return self.has_begun and not self.failure and not self._is_over and self._process == os.getpid()

    def begin(self) -> None:
        """See to it that the headers have new GUIDs before anything that the guest sees changes.

        Raises:
            FileError: they could not be written, or writing was given up before.

        Spec: MS-VHDX 2.2.2
        """
        self._require_sound()
        if not self.has_begun:
            with self._giving_up("the headers could not be updated"):
                self._update({"file_write_guid": self._guid(), "data_write_guid": self._guid()})
            self.has_begun = True

    def reserve(self, sectors: int) -> None:
        """Make room for `sectors` more that are to change together, so that one entry holds them.

        Call it before the first of them changes.

        Raises:
            FileError: what has changed so far could not be committed.
        """
        self.begin()
        if not self._is_surveyed:
            try:
                self.space.survey(self._image)
            except OSError as error:
                self._fail("cannot grow", error)
            self._is_surveyed = True
        if len(self.pages.dirty) + sectors > self.capacity:
            self.commit()

    def take(self, length: int) -> Taken:
        """Take space for a block of `length` bytes.

        Raises:
            FileError: the file cannot grow; nothing has changed.
        """
        try:
            return self.space.take(length)
        except OSError as error:
            self._fail("cannot grow", error)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Write data to its place in the file.

        Raises:
            FileError: it could not be written; what was there may be changed in part.
        """
        try:
            self.target.write_at(offset, data)
        except OSError as error:
            self._fail(f"cannot be written at {offset:#x}", error)

    def commit(self) -> None:
        """Have everything on the medium: data, then an entry with the changed sectors, which then go home.

        Raises:
            FileError: it could not be done, or writing was given up before.

        Spec: MS-VHDX 2.3
        """
        if self._is_over or not (self.has_begun or self.failure):
            return
        self._require_sound()
        with self._giving_up("what was written could not be brought to the medium"):
            if not self.pages.dirty:
                self._flush()
                return
            if self.needs_flush or self.space.flushed_size != self.space.size:
                self._flush()
            self._log(sorted(self.pages.dirty.items()))
            self.pages.settle()
            self.space.settle()

    def end(self) -> None:
        """Commit, give up the log, and cut off what the file grew by and did not need.

        Raises:
            FileError: it could not be done; the log is replayed when the file is opened next.

        Spec: MS-VHDX 2.3.1
        """
        try:
            if not self.has_begun or self.failure or self._process != os.getpid():
                return
            self.commit()
            with self._giving_up("the log could not be given up"):
                if self._is_published:
                    self._flush()
                    self._update({"log_guid": NIL})
                end = self.space.end()
                if end < self.space.size:
                    self.space.resize(end)
                    self._flush()
        finally:
            self._is_over = True

    def _log(self, sectors: Collection[Sector]) -> None:
        if entry_length(len(sectors)) > self._ring.room:
            self._flush()  # now all entries are at home, and one without updates says so
            self._append(())
        self._append(sectors)
        if not self._is_published:
            self._update({"log_guid": self._log_guid})
            self._is_published = True
        for offset, sector in sectors:
            self.target.write_at(offset, sector)
        self._ring.written_home()

    def _append(self, sectors: Collection[Sector]) -> None:
        """Write an entry and flush it."""
        if not any(self._log_guid):
            self._log_guid = self._guid()
        sizes = self.space.flushed_size, self.space.size
        slot, pieces = self._ring.entry(sectors, self._log_guid, *sizes)
        for offset, part in pieces:
            self.target.write_at(offset, part)
        self._flush()
        self._ring.flushed(slot)

    def _flush(self) -> None:
        self.target.flush()
        self.space.flushed_size = self.space.size
        self.needs_flush = False
        self._ring.settled()

    def _update(self, changes: Mapping[str, Any]) -> None:
        self._pair, operations = updated(self._pair, changes)
        run(self.target, operations)

    def _guid(self) -> bytes:
        return UUID(bytes=self._entropy(_GUID_SIZE), version=4).bytes_le

    def _require_sound(self) -> None:
        if self._process != os.getpid():
            raise ValueError(f"{self.target.name}: was opened by another process, which writes it; open it again")
        if self.failure:
            hint = "open it again, which replays its log, to see what is there"
            raise self._error(f"nothing is written any more, since {self.failure}; {hint}", OSError(errno.EIO, ""))

    def _error(self, message: str, cause: OSError) -> FileError:
        return file_error(f"{self.target.name}: {message}", cause, self.target.name)

    def _fail(self, what: str, error: OSError) -> NoReturn:
        """Raise an error of the system as one that says what could not be done."""
        if isinstance(error, FileError):
            raise error
        raise self._error(f"{what}: {error.strerror or error}", error) from error

    @contextmanager
    def _giving_up(self, what: str) -> Iterator[None]:
        """Write nothing more once something failed on its way to the medium."""
        try:
            yield
        except BaseException as error:
            self.failure = self.failure or f"{what}: {getattr(error, 'strerror', None) or error}"
            if isinstance(error, OSError) and not isinstance(error, FileError):
                raise self._error(self.failure, error) from error
            raise
