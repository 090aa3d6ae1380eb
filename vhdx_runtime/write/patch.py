"""Patches: bytes to stand at a file offset.

Knows how to say the difference between two byte strings as patches, and how patches come together. Pure: knows
nothing of files, and nothing of what the bytes mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from ..wording import brief

# Fields of the format, and entries of the block allocation table, are whole groups of this many bytes or lie inside
# one: a patch that covers whole groups always shows a whole field, a checksum too.
_GROUP = 8


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that are to stand at a place of the file.

    Attributes:
        file_offset: where the first byte goes.
        data: the new bytes; not empty.
    """

    __repr__ = brief

    file_offset: int
    data: bytes

    @property
    def end(self) -> int:
        """File offset of the first byte behind the patch."""
        return self.file_offset + len(self.data)


def diff(file_offset: int, old: bytes, new: bytes) -> Iterator[Patch]:
    r"""What turns `old` into `new`, as patches of whole groups of eight bytes.

    Args:
        file_offset: where both stand, in bytes.
        old: the bytes that are there.
        new: the bytes that are to be there, of the same length.

    Yields:
        Patches in ascending order that do not touch one another.

    Raises:
        ValueError: the two differ in length.

    >>> [(patch.file_offset, patch.data.hex()) for patch in diff(4096, bytes(24), bytes(9) + b"\x01" + bytes(14))]
    [(4104, '0001000000000000')]
    """
    if len(old) != len(new):
        raise ValueError(f"{len(old)} bytes against {len(new)}")
    if old == new:
        return
    start = None
    for at in range(0, len(old) + _GROUP, _GROUP):
        if old[at : at + _GROUP] != new[at : at + _GROUP]:
            start = at if start is None else start
        elif start is not None:
            yield Patch(file_offset + start, new[start : min(at, len(new))])
            start = None


def overlapping(patches: Iterable[Patch]) -> bool:
    """True where two of the patches claim the same byte.

    >>> overlapping([Patch(8, b"ab"), Patch(0, b"12345678")]), overlapping([Patch(8, b"ab"), Patch(9, b"c")])
    (False, True)
    """
    ordered = sorted(patches, key=lambda patch: patch.file_offset)
    return any(before.end > after.file_offset for before, after in pairwise(ordered))


def pages(patches: Iterable[Patch], page_size: int) -> Iterator[tuple[int, int, bytes]]:
    """The patches cut at the bounds of pages, in the order in which they were given.

    Args:
        patches: any.
        page_size: in bytes.

    Yields:
        Page number, offset inside the page in bytes, and the bytes that go there.

    >>> list(pages([Patch(6, b"abcd")], 8))
    [(0, 6, b'ab'), (1, 0, b'cd')]
    """
    for patch in patches:
        done = 0
        while done < len(patch.data):
            number, inside = divmod(patch.file_offset + done, page_size)
            part = patch.data[done : done + page_size - inside]
            yield number, inside, part
            done += len(part)
