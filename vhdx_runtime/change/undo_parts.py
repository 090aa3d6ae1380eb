"""What of a file has to be kept so that a list of operations can be taken back, and which lists can be.

Looks at operations and at the file before they are run. How what is kept is stored belongs to `undo`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from vhdx_format.layout import SECTOR_SIZE_512 as SECTOR

from ..codec.holes import is_zero
from ..codec.overlay import merge_ranges
from ..codec.source import Source
from ..write.operation import STEP, Copy, Operation, Resize, Write

UNIT: Final = 4096
"""Zeros are told from data in units of these bytes: the lists stay short."""

Ranges = list[tuple[int, int]]


def require_whole_sectors(size: int, operations: Iterable[Operation]) -> None:
    """Refuse what is written in part: it could not be told from what somebody else wrote.

    Args:
        size: length of the file before, in bytes.
        operations: what is to be done to it.

    Raises:
        ValueError: something is.
    """
    for one in operations:
        if isinstance(one, Resize):
            if one.size < size and one.size % SECTOR:
                raise ValueError(f"cut to {one.size}, inside a sector")
            size = one.size
        elif isinstance(one, Write | Copy):
            end = one.file_offset + one.length
            if one.file_offset % SECTOR or (end % SECTOR and end < size):
                raise ValueError(f"written from {one.file_offset} to {end}, not by whole sectors")
            size = max(size, end)


def sizes(size: int, operations: Iterable[Operation]) -> tuple[int, int]:
    """Least and largest length of the file on the way."""
    seen = [size]
    for one in operations:
        if isinstance(one, Resize):
            seen.append(one.size)
        elif isinstance(one, Write | Copy):
            seen.append(max(seen[-1], one.file_offset + one.length))
    return min(seen), max(seen)


def divided(source: Source, ranges: Ranges) -> tuple[Ranges, Ranges]:
    """Ranges parted into those with bytes and those that are all zeros; what lies behind the file's end is neither."""
    found: dict[bool, Ranges] = {True: [], False: []}
    for start, end in ranges:
        for offset in range(start // SECTOR * SECTOR, min(end, source.size), STEP):
            data = source.read_at(offset, min(STEP, end - offset))
            for at in range(0, len(data), UNIT):
                unit = data[at : at + UNIT]
                found[is_zero(unit)].append((offset + at, offset + at + len(unit)))
    return merge_ranges(found[False]), merge_ranges(found[True])


DIGEST: Final = 8
"""Bytes that are kept of the digest of a sector."""

_UNIT: Final = 4096


def digest(sector: bytes) -> bytes:
    """Of a sector; one that the file's end cuts off counts as filled up with zeros."""
    return blake2b(sector.ljust(SECTOR, b"\0"), digest_size=DIGEST).digest()


class Written:
    """The sectors of some writes.

    Args:
        file: holds their digests, in the order of the writes, one behind another.
        place: of the first digest in it.
        writes: half-open ranges of file offsets that begin with a sector, in order, perhaps with repetitions.
    """

    def __init__(self, file: Source, place: int, writes: list[tuple[int, int]]) -> None:
        self._file = file
        self._place = place
        self._writes = writes

    @cached_property
    def _index(self) -> dict[int, list[tuple[int, int, int]]]:
        """By number of unit, the writes that reach into it: start, end, and place of their digests."""
        at = self._place
        found: dict[int, list[tuple[int, int, int]]] = {}
        for start, end in self._writes:
            for number in range(start // _UNIT, -(-end // _UNIT)):
                found.setdefault(number, []).append((start, end, at))
            at += -(-(end - start) // SECTOR) * DIGEST
        return found

    def has(self, offset: int, sector: bytes) -> bool:
        """Whether a sector, at its file offset in bytes, holds what one of the writes put there."""
        mine = digest(sector)
        for start, end, at in self._index.get(offset // _UNIT, ()):
            place = at + (offset - start) // SECTOR * DIGEST
            if start <= offset < end and self._file.read_at(place, DIGEST) == mine:
                return True
        return False


SIZE_MAX: Final = 1 << 47
"""Not in the spec: bytes of the longest file that is believed in."""

_KEYS: Final = frozenset(("format", "version", "name", "plan", "own", "size", "sizes", "saved", "zeros", "writes"))
_LATER_KEYS: Final = frozenset(("modified",))
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME_MAX: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Form:
    """The first line; ranges are half-open, sorted and apart but for `writes`.

    Attributes:
        name: the image that the undo file was made for, as it was called then.
        plan: digest of the plan, see `Plan.digest`.
        own: digest of the image's size and header section as they were.
        size: length of the image before, in bytes.
        sizes: least and largest length that it had in between.
        saved: half-open ranges of file offsets whose bytes are kept.
        zeros: the same of those that were all zeros.
        writes: ranges that were written, in order, with repetitions.
        modified: when the file was last changed before, in nanoseconds since 1970, or None.
    """

    name: str
    plan: str
    own: str
    size: int
    sizes: tuple[int, int]
    saved: Ranges
    zeros: Ranges
    writes: Ranges
    modified: int | None


def read(said: dict[str, Any], room: int) -> Form:
    """Read the first line.

    Args:
        said: what it says.
        room: bytes of the undo file between that line and the seal.

    Raises:
        ValueError: it contradicts itself, or the file.
    """
    _require(_KEYS <= said.keys() <= _KEYS | _LATER_KEYS, f"has the keys {', '.join(map(str, said))}")
    name, plan, own, size, sizes = (said[key] for key in ("name", "plan", "own", "size", "sizes"))
    _require(isinstance(name, str) and len(name) <= _NAME_MAX, "has no name")
    _require(all(isinstance(one, str) and _SHA256.fullmatch(one) for one in (plan, own)), "has no digest of its file")
    modified = said.get("modified")
    _require(modified is None or (type(modified) is int and abs(modified) < 1 << 63), "has a time that is none")
    _require(isinstance(sizes, list) and len(sizes) == 2, "names no sizes")
    _require(all(type(one) is int for one in (size, *sizes)), "has sizes that are no numbers")
    _require(0 <= sizes[0] <= size <= sizes[1] <= SIZE_MAX, f"has sizes out of bounds: {size}, {sizes}")
    saved, zeros, writes = (_ranges(said[key], key) for key in ("saved", "zeros", "writes"))
    for first, second in pairwise(sorted(saved + zeros)):
        _require(first[1] <= second[0], f"keeps {second[0]:#x} twice")
    _require(all(end <= size for _, end in saved + zeros), "keeps what lies behind the end of the file")
    _require(all(end <= sizes[1] for _, end in writes), "writes behind the end of the file")
    _require(saved == sorted(saved) and zeros == sorted(zeros), "keeps ranges in no order")
    needed = sum(end - start for start, end in saved)
    needed += sum(-(-(end - start) // SECTOR) * DIGEST for start, end in writes)
    _require(needed == room, f"needs {needed} bytes behind its first line, and has {room}")
    return Form(name, plan, own, size, (sizes[0], sizes[1]), saved, zeros, writes, modified)


def _ranges(said: Any, key: str) -> Ranges:
    _require(isinstance(said, list), f"has no list {key}")
    found = []
    for one in said:
        is_pair = isinstance(one, list) and len(one) == 2 and all(type(number) is int for number in one)
        _require(is_pair and one[0] >= 0 and one[1] > 0 and not one[0] % SECTOR, f"{key} has the range {one!r:.40}")
        found.append((one[0], one[0] + one[1]))
    return found


def _require(claim: bool, why: str) -> None:
    if not claim:
        raise ValueError(why)
