"""Which entries of the block allocation table differ between two files whose tables begin at one place.

Works on whole pieces of both tables at once, so that millions of entries cost little; entries in a row that changed
alike are one change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from vhdx_format.layout import OBJECT_ALIGNMENT, SECTOR_BITMAP_BLOCK_SIZE, STRUCTURES

from ..codec.holes import data_ranges
from ..codec.source import Source, read_whole
from ..semantics.bat import ENTRY_SIZE, Bat, split
from ..semantics.geometry import Geometry
from .bat import PATH, state_name
from .block_digests import BlockDigests
from .claims import Bounds
from .space import Array
from .words import BITMAP, owner

_STEP: Final = 1 << 20
_OTHER, _EQUAL, _NEXT = 0, 1, 2  # how a word follows the one before it
_BITS: Final = STRUCTURES["bat_entry"].fields

Advance = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class EntryRun:
    """Entries in a row that differ, of which on either side each is equal to the one before or a block further on.

    Attributes:
        index: of the first entry.
        entries: how many there are.
        start: file offset of the first byte that differs.
        end: behind the last one.
        bytes: how many differ.
        ranges: how many runs of bytes that is.
        words: the first entry on both sides.
        last: the last entry on both sides.
        owner: what the entry describes: "payload", "sector_bitmap" or "unused".
    """

    index: int
    entries: int
    start: int
    end: int
    bytes: int
    ranges: int
    words: tuple[int, int]
    last: tuple[int, int]
    owner: str

    @property
    def path(self) -> str:
        """Address, as the tree has it for entries in a row."""
        last = self.index + self.entries - 1
        return f"{PATH}[{self.index}]" if self.entries == 1 else f"{PATH}[{self.index}..{last}]"

    @property
    def paths(self) -> tuple[str, str]:
        """Address on both sides."""
        return self.path, self.path

    @property
    def fields(self) -> tuple[str, ...]:
        """Addresses of the bit fields that differ in any of the entries."""
        changed = (self.words[0] ^ self.words[1]) | (self.last[0] ^ self.last[1])
        return tuple(f"{self.path}.{bit.id}" for bit in _BITS if changed >> bit.bit_offset & (1 << bit.bits) - 1)

    def as_values(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "fields": list(self.fields),
            "path_a": self.path,
            "path_b": self.path,
            "start": self.start,
            "end": self.end,
            "bytes": self.bytes,
            "ranges": self.ranges,
            "entries": self.entries,
            "value_a": self.words[0],
            "value_b": self.words[1],
        }

    def texts(self) -> tuple[str, str]:
        """State and place on both sides, for people."""
        old, new = (self._text(number) for number in (0, 1))
        return old, new

    def _text(self, side: int) -> str:
        state, place = split(self.words[side])
        _, last = split(self.last[side])
        places = f"{place // OBJECT_ALIGNMENT}" if place == last else (
            f"{place // OBJECT_ALIGNMENT} … {last // OBJECT_ALIGNMENT}")  # fmt: skip
        text = state_name(self.owner, state) or f"state {state}"
        reserved = " with reserved bits" if self.words[side] - state - place else ""
        return f"{text}{reserved} at {places} MiB" if place or last else f"{text}{reserved}"


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of two files, and where both have entries.

    Attributes:
        sources: both files.
        bat: the table of the first one.
        geometry: the sizes of the first one's disk.
        within: file offsets of the first entry, and behind the last one that both have.
    """

    sources: tuple[Source, Source]
    bat: Bat
    geometry: Geometry
    within: Bounds

    def changes(self, advance: Advance) -> Iterator[EntryRun]:
        """The entries that differ, in order.

        Args:
            advance: called with the file offset up to which all is compared.
        """
        low, high = self.within
        held = sorted(part for source in self.sources for part in data_ranges(source, low, high - low))
        done = low
        for begun, stop in held:  # of whole entries
            begun = max(done, begun - (begun - low) % ENTRY_SIZE)
            stop = min(high, stop + -(stop - low) % ENTRY_SIZE)
            for at in range(begun, stop, _STEP):
                yield from self._piece(at, min(_STEP, stop - at))
                advance(at)
            done = max(done, stop)

    def _piece(self, at: int, length: int) -> Iterator[EntryRun]:
        one, other = (read_whole(source, at, length) for source in self.sources)
        if one == other:
            return
        olds, news = (np.frombuffer(raw, dtype="<u8") for raw in (one, other))
        differs = (np.frombuffer(one, dtype=np.uint8) != np.frombuffer(other, dtype=np.uint8)).reshape(-1, ENTRY_SIZE)
        found = np.flatnonzero(olds != news)
        firsts = np.flatnonzero(np.append(True, self._breaks(found, olds[found], news[found])))
        rises = differs.copy()
        rises[:, 1:] &= ~differs[:, :-1]
        sizes, ranges = (np.add.reduceat(counted.sum(axis=1)[found], firsts).tolist() for counted in (differs, rises))
        lasts = np.append(firsts[1:], len(found)) - 1
        index = (at - self.bat.file_offset) // ENTRY_SIZE
        rows = zip(found[firsts].tolist(), found[lasts].tolist(), sizes, ranges, strict=True)
        for first, last, size, count in rows:
            start = at + first * ENTRY_SIZE + int(differs[first].argmax())
            end = at + (last + 1) * ENTRY_SIZE - int(differs[last][::-1].argmax())
            words, after = ((int(olds[place]), int(news[place])) for place in (first, last))
            kind = owner(self.geometry, index + first)[0]
            yield EntryRun(index + first, last - first + 1, start, end, size, count, words, after, kind)

    def _breaks(self, found: Array, olds: Array, news: Array) -> Array:
        """Whether each entry that differs, but for the first, begins a new run."""
        breaks: Array = np.diff(found) != 1
        for words in (olds, news):
            steps = words[1:] - words[:-1]  # of unsigned integers: backwards is very far
            follows = np.select([steps == 0, steps == self.geometry.block_size], [_EQUAL, _NEXT], _OTHER)
            breaks |= follows == _OTHER
            breaks[1:] |= (follows[1:] != follows[:-1]) & (follows[:-1] != _OTHER)
        return breaks


@dataclass(slots=True)
class EntryChanges:
    """What became of the entries of the block allocation table.

    Attributes:
        contents: of the files, to compare the blocks of entries that name another place; None where nobody wants to
            know.
        block_size: of payload blocks, in bytes.
        states: how many entries went from one state to another one, by the names of both.
        moved: how many keep their state and name another place.
        same: how many of these have the same bytes there; None where that was not looked at.
    """

    contents: tuple[BlockDigests, BlockDigests] | None = None
    block_size: int = 0
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: int = 0
    same: int | None = None

    def add(self, run: EntryRun) -> None:
        """Take changed entries into account."""
        (old, place), (new, other) = split(run.words[0]), split(run.words[1])
        if old != new:
            self.states[state_name(run.owner, old), state_name(run.owner, new)] += run.entries
            return
        if place == other:
            return
        self.moved += run.entries
        if self.contents is None:
            return
        one, another = self.contents
        size = SECTOR_BITMAP_BLOCK_SIZE if run.owner == BITMAP else self.block_size
        steps = [(last - first) // max(1, run.entries - 1) for first, last in zip(run.words, run.last, strict=True)]
        pairs = ((place + number * steps[0], other + number * steps[1]) for number in range(run.entries))
        self.same = (self.same or 0) + sum(one.digest(a, size) == another.digest(b, size) for a, b in pairs)

    def as_values(self) -> dict[str, Any]:
        """As plain values."""
        states = [{"a": old, "b": new, "entries": count} for (old, new), count in self.states.items()]
        return {"states": states, "moved": self.moved, "moved_same_bytes": self.same}
