"""What a disk has to hold after a crash: what was acknowledged, and of the rest the old or the new, sector by sector.

A call is acknowledged when a flush that was called after it had returned. What the guest did is kept for the pages that
are watched, version by version; what a version is follows from the calls alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.crash.images import Shape
from tests.crash.verifier import PAGE, ZERO, Reading
from tests.crash.workload import Op, pages_of

PageOf = Callable[[int], bytes]


class Call(NamedTuple):
    """A call as it went: how many events had been issued when it began, and when it had returned."""

    op: Op
    begin: int
    end: int


class Oracle:
    """What the watched pages may hold at each moment.

    Args:
        shape: of the disk.
        calls: what the guest did.
        watched: pages of the disk, ascending.
        start: gives a page of the disk as it was before.
    """

    def __init__(self, shape: Shape, calls: Sequence[Call], watched: Sequence[int], start: PageOf) -> None:
        self.shape = shape
        self.calls = calls
        self.initial = {page: start(page) for page in watched}
        latest = dict(self.initial)
        self.changes: list[list[tuple[int, bytes]]] = []  # of each call
        for call in calls:
            changed = []
            pages = pages_of(call.op)
            if pages:
                data = call.op.data() if call.op.kind == "write" else b""
                for page in watched[bisect_left(watched, pages[0]) : bisect_left(watched, pages[-1] + 1)]:
                    new = self._new(call.op, page, latest[page], data)
                    if new != latest[page]:
                        latest[page] = new
                        changed.append((page, new))
            self.changes.append(changed)
        self.latest = latest
        self._settled = dict(self.initial)
        self._done = 0
        self._pending: dict[int, list[bytes]] = {}
        self._span = (0, 0)

    def _new(self, op: Op, page: int, old: bytes, data: bytes) -> bytes:
        """What a call makes of a page."""
        start, end = op.offset, op.offset + op.length
        if op.kind == "write":
            at = page * PAGE
            if at >= start and at + PAGE <= end:
                return data[at - start : at - start + PAGE]
            low, high = max(start - at, 0), min(end - at, PAGE)
            return old[:low] + data[at + low - start : at + high - start] + old[high:]
        if op.kind == "trim" or op.kind == "trim-zero":
            size = self.shape.block_size
            block = page * PAGE // size * size
            is_covered = start <= block and min(block + size, self.shape.size) <= end
            return ZERO if is_covered else old
        if op.kind == "zero":
            low, high = max(start - page * PAGE, 0), min(end - page * PAGE, PAGE)
            return old[:low] + bytes(high - low) + old[high:]
        return old

    def at(self, moment: int) -> tuple[dict[int, bytes], dict[int, list[bytes]], bool]:
        """What may be there at a moment, which is never before the one that was asked for last.

        Returns:
            Each page's acknowledged version; later versions of pages that have any; whether any call that changes
            what the guest sees had begun.
        """
        acknowledged = begun = 0
        for number, call in enumerate(self.calls):
            if call.begin >= moment and call.end > moment:
                break
            begun = number + 1
            if call.op.kind == "flush" and call.end <= moment:
                acknowledged = number + 1
        if (acknowledged, begun) != self._span:
            self._span = (acknowledged, begun)
            for changed in self.changes[self._done : acknowledged]:
                self._settled.update(changed)
            self._done = acknowledged
            self._pending = {}
            for changed in self.changes[acknowledged:begun]:
                for page, new in changed:
                    self._pending.setdefault(page, []).append(new)
        return self._settled, self._pending, any(call.op.kind != "flush" for call in self.calls[:begun])

    def judge(self, moment: int, reading: Reading, grain: int) -> str:
        """What is wrong with a disk after a crash, in words; "" where nothing is."""
        settled, pending, _ = self.at(moment)
        get = reading.disk_page
        for page, want in settled.items():
            got = get(page)
            if got != want:
                later = pending.get(page)
                if later is None:
                    return self._words(page, got, [want], "what was acknowledged is not there")
                if got not in later and not self._is_mixture(got, [want, *later], grain):
                    return self._words(page, got, [want, *later], "a sector is neither old nor new")
        return ""

    def _is_mixture(self, got: bytes, versions: list[bytes], grain: int) -> bool:
        """Each sector is that of some version; a large one may be torn where the medium's sectors are small."""
        size = min(grain, self.shape.sector_size) if self.shape.sector_size < PAGE else grain
        return all(any(got[at : at + size] == one[at : at + size] for one in versions) for at in range(0, PAGE, size))

    def _words(self, page: int, got: bytes, versions: list[bytes], what: str) -> str:
        at = (
            next(
                n for n in range(0, PAGE, 512) if all(got[n : n + 512] != version[n : n + 512] for version in versions)
            )
            if not self._is_mixture(got, versions, 512)
            else 0
        )
        wanted = " or ".join(sorted({version[at : at + 16].hex() for version in versions}))
        place = page * PAGE + at
        return (
            f"{what}: {place:#x} (block {place // self.shape.block_size}) is {got[at : at + 16].hex()}, wanted {wanted}"
        )
