"""What a repair is, and what a plan of repairs is: values that can be shown before a byte is written.

A planner is a function `repairs(image, report)` that yields `Repair`s for findings of the report; each structure has a
module of its own. It is called with what the file reads like once the log is replayed and all earlier repairs are done,
and again after each round, so it looks at `image.view` alone and never at what it planned before. Rules about the log
are dealt with in `log`; without a current header, or with a log that cannot be replayed, only `headers` and `log` are
asked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ..change.change_set import LOSSY, OFFERED, Alteration, ChangeSet
from ..check import Report
from ..codec.source import Readable
from ..disk.image import Image
from ..findings import Finding
from ..wording import brief
from ..write.patch import Patch

ASKED: Final = "needs consent"
"""How the reason of a repair begins that is left out only because nobody agreed to it."""


@dataclass(frozen=True, slots=True)
class Repair(Alteration):
    """One repair: an alteration with the rules that it is for.

    Attributes:
        rules: ids of the rules whose findings it mends.
        summary: what it does, in one line.
        consent: "auto", "offered" (done when one of its rules is named) or "lossy" (has a flag of its own).
        loses: what is given up, in words with ranges of the disk; "" unless lossy.
        lacks: what somebody has to say before it can be done, in words; "" where nothing.
        asks: ids of rules all of which must be named where consent is "offered"; where empty, any of `rules` will do.
    """

    __repr__ = brief

    rules: tuple[str, ...]
    summary: str
    consent: str
    loses: str = ""
    asks: tuple[str, ...] = ()
    lacks: str = ""


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

    __repr__ = brief

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

    __repr__ = brief

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

    __repr__ = brief

    finding: Finding
    count: int
    reason: str


@dataclass(frozen=True)
class Plan:
    """All that a repair does, and all that it leaves; nothing is written yet.

    Attributes:
        changes: what is done to the file.
        steps: the repairs, in the order in which they build on one another.
        declined: repairs that somebody has to agree to, or that would do harm.
        unmended: what stays broken.
        before: what a check finds now.
        after: what a check will find.
    """

    __repr__ = brief

    changes: ChangeSet
    steps: tuple[Step, ...]
    declined: tuple[Declined, ...]
    unmended: tuple[Unmended, ...]
    before: Report
    after: Report

    @property
    def leaves_log(self) -> bool:
        """Whether the file then has a log to replay that it had not: a second repair writes it into the file."""
        return self.changes.preview.log.state == "replayed" != self.changes.image.log.state


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user wants.

    Attributes:
        offered: ids of rules whose offered repairs are agreed to.
        lossy: repairs that give something up are agreed to.
        keep: whether a rule is to be mended at all.
        parents: files named as parents.
        parent_dirs: folders to look for parents in.
        with_chain: judge the link to the parent as well.
        values: what the file does not say any more, by field; see `given`.
    """

    offered: Collection[str] = frozenset()
    lossy: bool = False
    keep: Callable[[str], bool] = lambda rule: True
    parents: tuple[Readable, ...] = ()
    parent_dirs: tuple[str | os.PathLike[str], ...] = ()
    with_chain: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)

    def not_agreed(self, repair: Repair) -> str:
        """Why a repair is not agreed to, with what to say if it is to be done; "" where it is."""
        if repair.lacks:
            return repair.lacks
        offered = set(self.offered)
        if repair.consent == OFFERED:
            is_agreed = offered.issuperset(repair.asks) if repair.asks else not offered.isdisjoint(repair.rules)
            return "" if is_agreed else f"{ASKED}: --offer {','.join(repair.asks or repair.rules)}"
        return "gives something up: --lossy" if repair.consent == LOSSY and not self.lossy else ""
