"""What a repair is, and what a plan of repairs is: values that can be shown before a byte is written.

A planner is a function `repairs(image, report)` that yields `Repair`s for findings of the report; each structure has a
module of its own. It is called with what the file reads like once the log is replayed and all earlier repairs are done,
and again after each round, so it looks at `image.view` alone and never at what it planned before. Rules about the log
are dealt with in `log`; without a current header, or with a log that cannot be replayed, only `headers` and `log` are
asked. Knows nothing of how a plan comes about (`planning`) or is carried out (`apply`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ..check import Report
from ..findings import Finding
from ..image import Image
from ..write.operation import Operation
from ..write.patch import Patch
from .moved import Move

AUTO: Final = "auto"
OFFERED: Final = "offered"
LOSSY: Final = "lossy"


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair, whole or not at all.

    Attributes:
        rules: ids of the rules whose findings it mends.
        summary: what it does, in one line.
        consent: "auto", "offered" (done when one of its rules is named) or "lossy" (has a flag of its own).
        loses: what is given up, in words with ranges of the disk; "" unless lossy.
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

    rules: tuple[str, ...]
    summary: str
    consent: str
    loses: str = ""
    patches: tuple[Patch, ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict)
    needs_header_update: bool = False
    commits_log: bool = False
    new_size: int | None = None
    moves: tuple[Move, ...] = ()


Planner: TypeAlias = Callable[[Image, Report], Iterator[Repair]]
"""Yields the repairs for findings of a report. What it yields in one call must be right each by itself; where two
claim the same bytes or header field, only the first is taken and the planner is asked again."""

LinkPlanner: TypeAlias = Callable[[Image, Report, "Image | None"], Iterator[Repair]]
"""A planner that is also told the parent that the caller named, or None: that of `locator`."""


@dataclass(frozen=True, slots=True)
class Declined:
    """A repair that is not done.

    Attributes:
        repair: what would be done.
        reason: why it is not, in words.
    """

    repair: Repair
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """A repair that is done, byte for byte.

    Attributes:
        repair: what is done.
        patches: those of the repair; of a log that is replayed, what it changes, ranges of zeros left out.
        old: for each of the patches, the bytes that stand there when its turn comes; fewer where the file ends before.
    """

    repair: Repair
    patches: tuple[Patch, ...] = ()
    old: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmended:
    """A rule that stays broken.

    Attributes:
        finding: one of its findings.
        count: how many there are.
        reason: why no repair mends it, in words.
    """

    finding: Finding
    count: int
    reason: str


@dataclass(frozen=True)
class Plan:
    """All that a repair does, and all that it leaves; nothing is written yet.

    Attributes:
        image: the container as it is.
        preview: the container as it will read.
        steps: the repairs, in the order in which they build on one another.
        declined: repairs that somebody has to agree to, or that would do harm.
        unmended: what stays broken.
        before: what a check finds now.
        after: what a check will find.
        operations: what is done to the file, in order; empty where there is nothing to do.
        headers: of both headers as they will be at last, what differs, each with the bytes that stand there now.
        changed: half-open ranges of the disk that read otherwise afterwards; empty unless something is given up.
        is_comparable: the disk can be read now, so that its bytes can be compared with those afterwards.
        digest: SHA-256, in hex, of the file's size, its header section and all that is going to be overwritten.
        stamp: when the file was last written, in nanoseconds; 0 for what is no file.
    """

    image: Image
    preview: Image
    steps: tuple[Step, ...]
    declined: tuple[Declined, ...]
    unmended: tuple[Unmended, ...]
    before: Report
    after: Report
    operations: tuple[Operation, ...]
    headers: tuple[tuple[Patch, bytes], ...]
    changed: tuple[tuple[int, int], ...]
    is_comparable: bool
    digest: str
    stamp: int

    @property
    def written(self) -> int:
        """Bytes that are written in all; what goes through the log is written twice."""
        return sum(getattr(operation, "length", 0) for operation in self.operations)
