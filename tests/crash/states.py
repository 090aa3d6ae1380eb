"""What a crash may leave of a file: of that which was not flushed, any part, in sectors; of that in flight, noise too.

The medium of this model writes sectors of 512 or of 4096 bytes whole, and in any order between two flushes. A sector
that was being written when the power went may hold noise: of structures that carry a checksum or a copy in the log a
writer has to expect it. Of guest data it would be noise on any disk, so there it is not tried.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.crash.sparse import Sparse, put
from tests.crash.verifier import PAGE, ZERO


class Event(NamedTuple):
    """What was done to the file: "write", "resize" (its offset is the new length), "flush", or "none" for nothing.

    "failed" is a flush that failed: of what was on its way some is there and some never will be, whatever is flushed
    later.
    """

    kind: str
    offset: int = 0
    data: bytes = b""


class State(NamedTuple):
    """A file as a crash may leave it.

    Attributes:
        file: what is there.
        events: how many had been issued at the crash.
        how: in words.
        grain: bytes that were written whole or not at all.
    """

    file: Sparse
    events: int
    how: str
    grain: int

    @property
    def is_last(self) -> bool:
        """Nothing was lost, and nothing came after it."""
        return self.how == DONE


GRAINS = (512, PAGE)
DONE = "after the last event"
KINDS = (
    "none",
    "all",
    "alone",
    "all but one",
    "prefix",
    "structures",
    "structures",
    "data",
    "random",
    "random",
    "torn",
)
KINDS += ("torn", "garbled", "garbled")


class Medium:
    """The file while its events go by: what is durable, and what is on its way."""

    def __init__(self, start: Sparse, is_metadata: Callable[[int], bool], at: random.Random) -> None:
        self.at = at
        self.durable: dict[int, bytes] = {}
        self.file = Sparse((self.durable, *start.layers), start.size, start.name, start.key)
        self.windows: dict[int, list[Event]] = {grain: [] for grain in GRAINS}
        self.volatile: dict[int, bytes] = {}
        self.now = Sparse((self.volatile, *self.file.layers), start.size)
        self.is_metadata = is_metadata

    def do(self, event: Event) -> None:
        """Let an event go by."""
        if event.kind == "none":
            return
        if event.kind in ("flush", "failed"):
            window = self.windows[PAGE]  # a state of whole pages may follow: what failed is lost by pages, too
            after = self._after(window if event.kind == "flush" else _some(window, self.at, PAGE))
            self.durable.update(after.layers[0])
            self.file.size, self.file.key = after.size, after.key
            self.windows = {grain: [] for grain in GRAINS}
            self.volatile.clear()
            return
        self.now.size = applied(self.volatile, self.now, [event])
        for grain, window in self.windows.items():
            window.append(self._whole(event, grain))

    def _whole(self, event: Event, grain: int) -> Event:
        """A write of whole sectors: around its bytes is what was written before."""
        start, end = event.offset, event.offset + len(event.data)
        if event.kind != "write" or (start % grain == 0 == end % grain):
            return event
        start, end = start // grain * grain, min(-(-end // grain) * grain, self.now.size)
        return Event("write", start, self.now.read_at(start, end - start))

    def crash(self, kind: str, grain: int) -> tuple[Sparse, str]:
        """Draw one of the files of a kind that a crash now may leave."""
        at, window, words = self.at, self.windows[grain], kind
        if kind == "none":
            chosen: list[Event] = []
        elif kind == "all" or not window:
            chosen = window
        else:
            number = at.randrange(len(window))
            words = f"{kind} {number} of {len(window)}"
            chosen = self._chosen(kind, window, number, grain)
        file = self._after(chosen)
        if kind != "all" and at.random() < 0.1:  # the length arrived without what was written there
            ends = [event.offset + len(event.data) for event in window]
            file.size = max([file.size, *ends[: at.randint(0, len(ends))]])
        return file, words

    def _after(self, events: Sequence[Event]) -> Sparse:
        """What is durable, and upon it these events."""
        delta: dict[int, bytes] = {}
        size = applied(delta, self.file, events)
        return self.file.over(delta, size)

    def _chosen(self, kind: str, window: list[Event], number: int, grain: int) -> list[Event]:
        at = self.at
        before, event, after = window[:number], window[number], window[number + 1 :]
        if kind == "alone":
            return [event]
        if kind == "all but one":
            return before + after
        if kind == "prefix":
            return before
        if kind == "random":
            return _some(window, at, grain)
        if kind in ("structures", "data"):
            first, rest = [], []
            for one in window:
                (first if self.is_metadata(one.offset) is (kind == "structures") else rest).append(one)
            return first + at.choice(([], _some(rest, at, grain)))
        base = at.choice(([], before, before, before + after, _some(before + after, at, grain)))
        if kind == "torn":
            return base + _torn(event, at, grain)
        return base + self._garbled(window, grain)

    def _garbled(self, window: list[Event], grain: int) -> list[Event]:
        """Noise in some of the sectors of structures that are on their way."""
        at = self.at
        candidates = [event for event in window if event.kind == "write" and self.is_metadata(event.offset)]
        found = []
        for event in candidates[-1:] if at.random() < 0.3 else candidates:
            parts = sectors(event, grain)
            p = at.choice((1.0, 0.5, 2 / len(parts)))
            found += [
                Event("write", one.offset // grain * grain, at.randbytes(grain)) for one in parts if at.random() < p
            ]
        return found


def applied(pages: dict[int, bytes], below: Sparse, events: Sequence[Event]) -> int:
    """Put events into a layer over a file; gives the file's new length."""
    size = below.size
    for event in events:
        if event.kind == "write":
            put(pages, below, event.offset, event.data)
            size = max(size, event.offset + len(event.data))
        else:
            if event.offset < size:
                _cut(pages, below, event.offset)
            size = event.offset
    return size


def _cut(pages: dict[int, bytes], below: Sparse, size: int) -> None:
    first = -(-size // PAGE)
    for layer in (pages, *below.layers):
        for number in [one for one in layer if one >= first]:
            pages[number] = ZERO
    if size % PAGE:
        put(pages, below, size, bytes(PAGE - size % PAGE))


def sectors(event: Event, grain: int) -> list[Event]:
    """A write cut at the bounds of sectors."""
    if event.kind != "write":
        return [event]
    found, at, inside = [], 0, event.offset % grain
    while at < len(event.data):
        part = event.data[at : at + grain - inside]
        found.append(Event("write", event.offset + at, part))
        at, inside = at + len(part), 0
    return found


def _some(events: Sequence[Event], at: random.Random, grain: int) -> list[Event]:
    """A random part: of each event all, nothing, or some sectors."""
    found: list[Event] = []
    p, q = at.choice((0.2, 0.5, 0.8)), at.choice((0.1, 0.5, 0.9))
    for event in events:
        if at.random() < p:
            found.append(event)
        elif event.kind == "write" and len(event.data) > grain and at.random() < 0.5:
            found += [part for part in sectors(event, grain) if at.random() < q]
    return found


def _torn(event: Event, at: random.Random, grain: int) -> list[Event]:
    """A part of one event."""
    parts = sectors(event, grain)
    if len(parts) < 2:
        return []
    cut = at.randrange(1, len(parts))
    return at.choice((parts[:cut], parts[cut:], parts[::2], parts[1::2], parts[1:], parts[:-1]))


def crashes(
    start: Sparse, events: Sequence[Event], is_metadata: Callable[[int], bool], at: random.Random, count: int
) -> Iterator[State]:
    """States that a crash may leave, at most as many as asked for, in the order of the moments of the crash.

    Half of the moments are those at which most is on its way. The last one is the file after all events.

    Each is to be looked at before the next one is drawn: they share the layer of what is durable.

    Args:
        start: the file before the first event.
        events: all that was done to it.
        is_metadata: whether the bytes at a file offset may be noise while they are written.
        at: draws.
        count: how many states.
    """
    medium = Medium(start, is_metadata, at)
    busy = [number for number, event in enumerate(events) if event.kind == "flush"] or [len(events)]
    moments = sorted(at.choice((at.randint(0, len(events)), at.choice(busy))) for _ in range(count))
    done = 0
    seen = set()
    for moment in moments:
        while done < moment:
            medium.do(events[done])
            done += 1
        kind, grain = at.choice(KINDS), at.choice(GRAINS)
        file, how = medium.crash(kind, grain)
        mark = (moment, file.key, file.size, grain)
        if mark not in seen:
            seen.add(mark)
            yield State(file, moment, f"event {moment} of {len(events)}: {how}, sectors of {grain}", grain)
    for event in events[done:]:
        medium.do(event)
    file, _ = medium.crash("all", PAGE)
    yield State(file, len(events), DONE, PAGE)
