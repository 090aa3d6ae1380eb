"""What is to change in a container: values that can be shown before a byte is written.

An `Alteration` says what one change is, in terms of structures and lengths; a `ChangeSet` is all that is going to be
done to one file, in order, and what comes of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from vhdx_format.layout import HEADER_SECTION_SIZE, HEADER_SECTION_USED

from ..codec.overlay import Overlay, merge_ranges
from ..codec.source import Source
from ..disk.image import Image
from ..wording import brief
from ..write.operation import STEP, Operation, Write, touched
from ..write.patch import Patch, diff
from .guest import differences, is_open
from .relocation import Move


def fingerprint(source: Source, ranges: Iterable[tuple[int, int]]) -> str:
    """SHA-256, in hex, of a file's size, its header section, and ranges of it.

    Args:
        source: the file.
        ranges: half-open ranges of file offsets; what lies behind the end is left out.
    """
    digest = sha256(f"{source.size}\n".encode())
    for start, end in merge_ranges([(0, HEADER_SECTION_USED), *ranges]):
        for offset in range(start, min(end, source.size), STEP):
            digest.update(source.read_at(offset, min(STEP, end - offset)))
    return digest.hexdigest()


def stamp(source: Source) -> int:
    """When the file was last written, in nanoseconds; 0 for what is no file."""
    return 0 if source.fd is None else os.fstat(source.fd).st_mtime_ns


def replaced(
    image: Image, patches: tuple[Patch, ...], *, commits_log: bool
) -> tuple[tuple[Patch, ...], tuple[bytes, ...]]:
    """Patches with what they replace; where the log is committed, with what replay changes before them.

    Args:
        image: the container as it reads when their turn comes.
        patches: what is done.
        commits_log: the log is replayed into the file as well.

    Returns:
        All patches, and for each the bytes that stand there; fewer where the file ends before.
    """
    source: Source = image.view
    if commits_log and isinstance(image.view, Overlay):
        patches, source = (*_replayed(image.view), *patches), image.source
    return patches, tuple(source.read_at(patch.file_offset, len(patch.data)) for patch in patches)


def headers_at_last(source: Source, operations: Iterable[Operation]) -> tuple[tuple[Patch, bytes], ...]:
    """What differs in both headers once all is done, each with the bytes that stand there now."""
    last = {one.file_offset: one.data for one in operations if isinstance(one, Write) and one.is_checked}
    found = []
    for offset, data in sorted(last.items()):
        if offset < HEADER_SECTION_SIZE:
            old = source.read_at(offset, len(data)).ljust(len(data), b"\0")
            found += [
                (patch, old[patch.file_offset - offset :][: len(patch.data)]) for patch in diff(offset, old, data)
            ]
    return tuple(found)


def _replayed(view: Overlay) -> Iterator[Patch]:
    """What differs in the sectors that a log supplies."""
    size = view.page_size
    for number in sorted(view.pages):
        offset = number * size
        yield from diff(offset, view.base.read_at(offset, size).ljust(size, b"\0"), view.page_bytes(number))


AUTO: Final = "auto"
OFFERED: Final = "offered"
LOSSY: Final = "lossy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One change of a container, whole or not at all.

    Attributes:
        patches: bytes in the file as it reads after replay; they do not overlap. A patch of anything under a checksum
            covers the whole checksum as well. Never in the header slots or in the log.
        header: fields of the header to change, by id, GUIDs as sixteen bytes; both slots are written anew then, with
            reserved bytes that are zero. Where no header is current, all fields (but for signature and checksum);
            those left out are zero. "sequence_number" restarts the count.
        needs_header_update: write both header slots anew even though no field changes.
        commits_log: write what replay of the log means into the file, and give up the log.
        new_size: length of the file in bytes, at least what it has; or None.
        moves: what is copied behind the end of the file, by ascending targets; `new_size` holds all of it.
    """

    __repr__ = brief

    patches: tuple[Patch, ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict)
    needs_header_update: bool = False
    commits_log: bool = False
    new_size: int | None = None
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All that is done to one file, and what comes of it; nothing is written yet.

    Attributes:
        image: the container as it is.
        preview: the container as it will read.
        operations: what is done to the file, in order; empty where there is nothing to do.
        headers: of both headers as they will be at last, what differs, each with the bytes that stand there now.
        changed: half-open ranges of the disk that read otherwise afterwards.
        is_comparable: the disk can be read now, so that its bytes can be compared with those afterwards.
        consent: what somebody agreed to: "auto" (nothing had to be), "offered", or "lossy" (something is given up).
        digest: SHA-256, in hex, of the file's size, its header section and all that is going to be overwritten.
        stamp: when the file was last written, in nanoseconds; 0 for what is no file.
    """

    __repr__ = brief

    image: Image
    preview: Image
    operations: tuple[Operation, ...]
    headers: tuple[tuple[Patch, bytes], ...]
    changed: tuple[tuple[int, int], ...]
    is_comparable: bool
    consent: str
    digest: str
    stamp: int

    @property
    def written(self) -> int:
        """Bytes that are written in all; what goes through the log is written twice."""
        return sum(getattr(operation, "length", 0) for operation in self.operations)

    def misread(self, before: Image, after: Image) -> str:
        """Why the guest reads something else than these changes say; "" where it does not."""
        found = differences(before, after, touched(self.operations, before.source.size))
        if merge_ranges([*self.changed, *found.changed]) == merge_ranges(self.changed):
            return ""
        start, end = found.changed[0]
        return f"the guest would read something else from {start:#x} to {end:#x} on"


def change_set(
    image: Image,
    preview: Image,
    operations: tuple[Operation, ...] = (),
    changed: Iterable[tuple[int, int]] = (),
    consent: str = AUTO,
) -> ChangeSet:
    """The changes for a file as it is now; see `ChangeSet` for the arguments.

    Raises:
        ValueError: the guest reads something else afterwards, and nobody agreed to give anything up.
        FormatError: the system cannot read the file.
    """
    ranges = tuple(changed)
    if ranges and consent != LOSSY:
        raise ValueError(f"the guest reads something else from {ranges[0][0]:#x} on, and consent is {consent!r}")
    source = image.source
    return ChangeSet(
        image=image,
        preview=preview,
        operations=operations,
        headers=headers_at_last(source, operations),
        changed=ranges,
        is_comparable=is_open(image),
        consent=consent,
        digest=fingerprint(source, touched(operations, source.size)),
        stamp=stamp(source),
    )
