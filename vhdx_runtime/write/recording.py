"""A file in memory that remembers how it was written, and what a crash may leave of it.

For crash tests of whatever writes through a target, yours too: record it, then hold what each crash leaves against what
has to be there. A medium writes whole sectors; what was not flushed may be there or not, in any order. What the bytes
mean is all the same here.

A disk is made and written in memory; whatever a crash leaves of it opens, and has what was flushed:

>>> import vhdx_runtime as vhdx
>>> from vhdx_runtime.write.disk import open_writable
>>> from vhdx_runtime.write.recording import Recording, crashes
>>> made = Recording(b"")
>>> geometry = vhdx.create(made, size=4 << 20, block_size=1 << 20).geometry
>>> target = Recording(made.content())
>>> with open_writable(target) as disk:
...     _ = disk.write_at(0, b"A" * 4096)
...     disk.flush()
...     acknowledged = len(target.events)
...     _ = disk.write_at(0, b"B" * 4096)
>>> flushed = Recording(made.content()).after(target.events[:acknowledged])
>>> for what, left in crashes(flushed, target.events[acknowledged:]):
...     with vhdx.open(left.content()) as disk:
...         assert set(disk.read_at(0, 4096)) <= set(b"AB"), what
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ..codec.source import BytesSource, Source
from .patch import Patch, pages

MEDIUM_SECTOR: Final = 512
"""Bytes that a medium writes whole or not at all."""

_PAGE: Final = 4096
_MISSING: Final = 16  # events of one window that are left out, one at a time; of more, some


class Event(NamedTuple):
    """Something that was done to a file.

    Attributes:
        kind: "write", "resize" or "flush".
        offset: file offset of a write, new length of a resize, both in bytes; else 0.
        data: of a write.
    """

    kind: str
    offset: int = 0
    data: bytes = b""


class Recording:
    """A target in memory, over another source that stays as it is. Only what was written is held.

    Args:
        initial: what the file holds.
        name: what to call it.
    """

    def __init__(self, initial: Source | bytes, name: str = "<recording>") -> None:
        self.initial = BytesSource(initial) if isinstance(initial, bytes) else initial
        self.name = name
        self.fd: int | None = None
        self.size = self.initial.size
        self.events: list[Event] = []
        self._pages: dict[int, bytes] = {}
        self._kept = self.size  # bytes of the initial file that were never cut off

    @property
    def identity(self) -> Hashable:
        """As `Source.identity`."""
        return ("recording", id(self))

    def read_at(self, offset: int, length: int) -> bytes:
        """As `Source.read_at`."""
        end = min(offset + length, self.size)
        parts = []
        while offset < end:
            number, inside = divmod(offset, _PAGE)
            page = self._pages.get(number)
            stop = min(end, (number + 1) * _PAGE)
            if page is None:
                while stop < end and stop // _PAGE not in self._pages:
                    stop = min(end, stop + _PAGE)
                parts.append(self._original(offset, stop))
            else:
                parts.append(page[inside : inside + stop - offset])
            offset = stop
        return b"".join(parts)

    def readinto_at(self, offset: int, buffer: memoryview) -> int:
        """As `Source.readinto_at`."""
        data = self.read_at(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write_at(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """As `Target.write_at`."""
        self._do(Event("write", offset, bytes(data)))

    def resize(self, size: int) -> None:
        """As `Target.resize`."""
        self._do(Event("resize", size))

    def flush(self) -> None:
        """As `Target.flush`."""
        self._do(Event("flush"))

    def close(self) -> None:
        """Do nothing: the bytes stay."""

    def content(self) -> bytes:
        """The bytes as they are now."""
        return self.read_at(0, self.size)

    def changed(self) -> bool:
        """Whether any byte, or the length, is not what it was."""
        if self.size != self.initial.size or self._kept < self.initial.size:
            return self.content() != self.initial.read_at(0, self.initial.size)
        return any(page != self._original(n * _PAGE, (n + 1) * _PAGE) for n, page in self._pages.items())

    def after(self, events: Iterable[Event]) -> Recording:
        """A file as this one is now, to which some events happened; this one stays as it is."""
        made = Recording(self.initial, self.name)
        made.size, made._kept, made._pages = self.size, self._kept, dict(self._pages)
        for event in events:
            made._do(event)
        return made

    def _do(self, event: Event) -> None:
        self.events.append(event)
        if event.kind == "resize":
            self._cut(event.offset)
            self.size = event.offset
        elif event.kind == "write":
            self.size = max(self.size, event.offset + len(event.data))
            for number, inside, part in pages([Patch(event.offset, event.data)], _PAGE):
                old = self._pages.get(number) or self._original(number * _PAGE, (number + 1) * _PAGE)
                self._pages[number] = old[:inside] + part + old[inside + len(part) :]

    def _cut(self, size: int) -> None:
        """Forget what lies behind a length."""
        number, inside = divmod(size, _PAGE)
        if number in self._pages:
            self._pages[number] = self._pages[number][:inside].ljust(_PAGE, b"\0")
        for other in [one for one in self._pages if one * _PAGE >= size]:
            del self._pages[other]
        self._kept = min(self._kept, size)

    def _original(self, start: int, end: int) -> bytes:
        return self.initial.read_at(start, max(0, min(end, self._kept) - start)).ljust(end - start, b"\0")


def crashes(initial: Source | bytes, events: Sequence[Event]) -> Iterator[tuple[str, Recording]]:
    """Files that a crash may leave, each with what happened.

    After each event: everything so far is there. Of each write besides: only its first or last half, only every other
    sector; and everything since the last flush but that write. Not every order that is possible, but each kind of loss
    at each place.

    Args:
        initial: the file before.
        events: what was done to it.

    Yields:
        What was cut where, and the file.
    """
    durable = running = Recording(initial)  # as of the last flush, and with everything since then
    window: list[Event] = []
    yield "before the first event", durable.after(())
    for number, event in enumerate(events):
        if event.kind == "flush":
            for missing in range(0, len(window) - 1, 1 + len(window) // _MISSING):
                rest = window[:missing] + window[missing + 1 :]
                yield f"event {number}: without {missing} of {len(window)}", durable.after(rest)
            durable, window = running, []
            continue
        for label, torn in _torn(event):
            yield f"event {number}: {label}", running.after(torn)
        window.append(event)
        running = running.after([event])
        yield f"event {number}: done", running.after(())
        if len(window) > 1:
            yield f"event {number}: alone", durable.after([event])


def _torn(event: Event) -> Iterator[tuple[str, list[Event]]]:
    """Parts of a write that may be all that is left of it."""
    count = -(-len(event.data) // MEDIUM_SECTOR)
    if count < 2:
        return
    sectors = [
        Event("write", event.offset + at, event.data[at : at + MEDIUM_SECTOR])
        for at in range(0, len(event.data), MEDIUM_SECTOR)
    ]
    yield "first half", sectors[: count // 2]
    yield "last half", sectors[count // 2 :]
    yield "every other sector", sectors[::2]
    yield "all but the first sector", sectors[1:]
