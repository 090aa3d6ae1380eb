"""One session of a writer with a file: what it did is recorded, and every file that a crash may leave is judged.

A session starts from a sound file, or from what a crash left of the session before: then the writer's recovery is cut
as well.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from tests.crash.images import Base
from tests.crash.oracle import Call, Oracle
from tests.crash.sparse import Sparse
from tests.crash.states import Event, State, crashes
from tests.crash.verifier import HEADER_PAGES, MIB, NIL, PAGE, Reading, Refused, table_page
from tests.crash.workload import Op, watched


class Disk(Protocol):
    """A disk that can be written, as the writer gives it."""

    failure: str

    def read_at(self, offset: int, length: int) -> bytes: ...
    def write_at(self, offset: int, data: bytes) -> object: ...
    def zero(self, offset: int, length: int) -> object: ...
    def trim(self, offset: int, length: int, to: Any = ...) -> object: ...
    def flush(self) -> object: ...
    def close(self) -> object: ...


Open = Callable[[Any, Base, random.Random], Disk]
"""Open a target for writing: the target, the file it started as (it has the parent), and what draws GUIDs."""


RAISED = "the writer raised"
LIVE = "it reads otherwise than it was written"


class Finding(NamedTuple):
    """A state that is not as it has to be."""

    what: str
    state: str


class Session:
    """A session, done and recorded.

    Args:
        base: which file it is; it has the shape and the parent.
        start: the file before; of a second session what the first one left.
        ops: what the guest does.
        at: draws.
        opener: the writer.
        recording: makes the target over `start`: anything with `events` and what a target has.
        pages: more pages of the disk to watch.
        closes: whether the writer closes the file in the end.
    """

    def __init__(
        self,
        base: Base,
        start: Sparse,
        ops: Sequence[Op],
        at: random.Random,
        opener: Open,
        recording: Callable[[Sparse], Any],
        pages: Sequence[int] = (),
        *,
        closes: bool = True,
    ) -> None:
        self.base, self.start, self.at, self.opener, self.recording = base, start, at, opener, recording
        self.reading = self._read(start)
        self.pages = sorted({*watched(base.shape, list(ops), at), *pages})
        self.target = recording(start)
        self.calls: list[Call] = []
        self.findings: list[Finding] = []
        self.seen: dict[int, bytes] = {}
        self.is_closed = False
        try:
            self._run(ops, closes)
        except Exception as error:  # noqa: BLE001
            self.findings.append(Finding(RAISED, f"{len(self.calls)} calls done: {type(error).__name__}: {error}"))
        self.events: list[Event] = self.target.events
        self.oracle = Oracle(base.shape, self.calls, self.pages, self.reading.disk_page)
        self._metadata = self._places()
        self._live()

    def _run(self, ops: Sequence[Op], closes: bool) -> None:
        events = self.target.events
        try:
            disk = self.opener(self.target, self.base, self.at)
        except OSError:
            if not self.has_failed:
                raise
            return
        for op in ops:
            self._call(op, partial(do, disk, op))
        if closes:
            seen = {page: disk.read_at(page * PAGE, PAGE) for page in self.pages}
            is_given_up = bool(disk.failure)  # it has been said: closing says nothing of what was written
            self._call(Op("failed flush" if is_given_up else "flush"), disk.close)
            if not self.has_failed:
                self.seen, self.is_closed = seen, bool(events)

    @property
    def has_failed(self) -> bool:
        """The medium failed the writer: a flush that it asked for."""
        return any(event.kind == "failed" for event in self.target.events)

    def _call(self, op: Op, call: Callable[[], object]) -> None:
        """Do a call and note when; one that fails once the medium has failed acknowledges nothing."""
        begin = len(self.target.events)
        try:
            call()
        except OSError:
            if not self.has_failed:
                raise
            op = op._replace(kind="failed flush" if op.kind == "flush" else op.kind)
        self.calls.append(Call(op, begin, len(self.target.events)))

    def _live(self) -> None:
        """What the disk itself reads is what the guest wrote last."""
        for page, got in self.seen.items():
            want = self.oracle.latest[page]
            if got != want[: len(got)]:
                self.findings.append(Finding(LIVE, f"page {page} of the open disk"))
                return

    def _places(self) -> list[tuple[int, int]]:
        """Where structures lie in the file: headers, log, regions, and bitmaps in whose place no block ever was."""
        head, reading = self.reading.header, self.reading
        found = [(0, MIB), (head.log_offset, head.log_offset + head.log_length)]
        found += [(offset, offset + length) for offset, length in (reading.bat_place, reading.meta_place)]
        bitmaps = {word & ~0xFFFFF for word in reading.bitmaps.values()}
        blocks = {word & ~0xFFFFF for word in reading.entries.values()}
        start, end = reading.bat_place[0], sum(reading.bat_place)
        for event in self.events:
            if (
                event.kind == "write"
                and start <= event.offset < end
                and event.offset % PAGE == 0 == len(event.data) % PAGE
            ):
                for at in range(0, len(event.data), PAGE):
                    first = (event.offset + at - start) // 8
                    for inside, word in table_page(event.data[at : at + PAGE]):
                        is_bitmap = (first + inside) % (reading.ratio + 1) == reading.ratio
                        (bitmaps if is_bitmap else blocks).add(word & ~0xFFFFF)
        size = reading.block_size
        used = {place + at for place in blocks for at in range(0, size, MIB)}
        return found + [(place, place + MIB) for place in bitmaps - used]

    def is_metadata(self, offset: int) -> bool:
        """Whether a place of the file belongs to a structure."""
        return any(start <= offset < end for start, end in self._metadata)

    def states(self, count: int) -> Iterator[State]:
        """Crash states, each to be judged before the next."""
        return crashes(self.start, self.events, self.is_metadata, self.at, count)

    def judge(self, state: State) -> tuple[str, Reading | None]:
        """What is wrong with a state, in words ("" where nothing is), and how it reads."""
        try:
            reading = self._read(state.file)
            wrong = self.oracle.judge(state.events, reading, state.grain) or self._guids(state, reading)
        except Refused as error:
            return str(error), None
        return wrong, reading

    def _read(self, file: Sparse) -> Reading:
        """How a file reads; one that another writer left may have to grow by what its log says."""
        parent = self.base.parent_page if self.base.parents else None
        return Reading(file, parent, is_strict=not self.base.is_dirty)

    def _guids(self, state: State, reading: Reading) -> str:
        before, now = self.reading.header, reading.header
        if now.file_guid == before.file_guid and self._differs(state.file):
            return "bytes differ, and FileWriteGuid is the old one"
        if now.data_guid == NIL or now.file_guid == NIL:
            return "a nil GUID"
        _, _, is_begun = self.oracle.at(state.events)
        if now.data_guid != before.data_guid:
            return "" if is_begun else "DataWriteGuid changed before anything visible did"
        for page, old in self.oracle.initial.items():
            if reading.disk_page(page) != old:
                return f"page {page} of the disk differs, and DataWriteGuid is the old one"
        return ""

    def _differs(self, file: Sparse) -> bool:
        """Whether any byte outside the headers differs from the file as it was."""
        new = len(file.layers) - len(self.start.layers)
        if file.size != self.start.size:
            return True
        return any(
            number not in HEADER_PAGES and page != self.start.page(number)
            for layer in file.layers[:new]
            for number, page in layer.items()
        )


def do(disk: Disk, op: Op) -> None:
    """Do a call."""
    if op.kind == "write" and op.number % 7 == 3:
        disk.writefrom_at(op.offset, io.BytesIO(op.data()))
    elif op.kind == "write":
        disk.write_at(op.offset, op.data())
    elif op.kind == "zero":
        disk.zero(op.offset, op.length)
    elif op.kind == "flush":
        disk.flush()
    else:
        disk.trim(op.offset, op.length, to="zero" if op.kind == "trim-zero" else "unmapped")
