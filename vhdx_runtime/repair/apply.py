"""Carry out a plan: undo file first, then the operations, then a second look at everything.

What is found afterwards is held against what the plan said; a file that reads otherwise is put back at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from ..check import Report, check_image
from ..codec.overlay import Overlay, Page, merge_ranges
from ..codec.source import Source
from ..errors import IntegrityError, VhdxError
from ..image import load_image
from ..write.operation import run, touched
from ..write.target import Target
from . import undo as undo_file
from .draft import PAGE
from .guest import Difference, differences
from .identity import fingerprint, stamp
from .plan import Plan


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the file.

    Attributes:
        report: what a check finds now; None where the file was put back.
        difference: how the disk differs from what it was.
        failure: why the file was put back, or "".
    """

    report: Report | None
    difference: Difference
    failure: str = ""


def apply(
    plan: Plan, target: Target, undo_path: str | os.PathLike[str], progress: Callable[[int], None] | None = None
) -> Outcome:
    """Carry out a plan.

    Args:
        plan: made for this file, and with something to do.
        target: the file, open for writing.
        undo_path: name of the undo file; nothing must have it. It stays, whatever comes.
        progress: called with the number of bytes written so far.

    Returns:
        The outcome. Where writing failed, or the disk reads otherwise than the plan said, the file is as it was.

    Raises:
        IntegrityError: the file is not the one that the plan was made for, or could not be put back; the message says
            which.
        FileExistsError: there is such an undo file.
        OSError: the undo file could not be written; nothing is changed.
    """
    require_unchanged(plan, target)
    undo_file.save(undo_path, target, plan.digest, plan.operations)
    try:
        run(target, plan.operations, progress)
        outcome = _judged(plan, target, undo_path)
    except (OSError, VhdxError) as error:
        outcome = Outcome(None, Difference(), str(error))
    if outcome.failure:
        _put_back(target, undo_path, outcome.failure)
    return outcome


def require_unchanged(plan: Plan, source: Source) -> None:
    """Refuse a file that is not, or not any more, the one that a plan was made for.

    Raises:
        IntegrityError: it is not.
    """
    image = plan.image.source
    same = fingerprint(source, touched(plan.operations, source.size)) == plan.digest
    if not same or source.size != image.size or stamp(source) not in (0, plan.stamp):
        raise IntegrityError(f"{source.name}: has changed since the plan was made; nothing is written")


def _judged(plan: Plan, target: Target, undo_path: str | os.PathLike[str]) -> Outcome:
    """Hold the file against the plan."""
    undo = undo_file.load(undo_path)
    try:
        before, after = load_image(as_before(undo, target)), load_image(target)
        report = check_image(after)
        found = differences(before, after, touched(plan.operations, undo.size))
    finally:
        undo.file.close()
    beyond = merge_ranges([*plan.changed, *found.changed]) != merge_ranges(plan.changed)
    if beyond:
        start, end = found.changed[0]
        return Outcome(None, found, f"the guest would read something else from {start:#x} to {end:#x} on")
    if _is_worse(report, plan.after):
        return Outcome(None, found, f"the file did not become what the plan said: {report.conclusion}")
    return Outcome(report, found)


def _is_worse(report: Report, planned: Report) -> bool:
    """More is wrong with the container by itself than the plan said."""
    is_lost = bool(report.refused or report.failure) and not (planned.refused or planned.failure)
    return is_lost or any(count > planned.totals.get(rule, 0) for rule, count in report.totals.items())


def as_before(undo: undo_file.Undo, target: Source) -> Source:
    """The file as it was before, over what it is now; nothing is written."""
    pages: dict[int, Page] = {}
    for offset, data in chain(undo.originals(), undo.zero_pieces()):
        for start in range(offset // PAGE * PAGE, offset + len(data), PAGE):
            first, last = max(start, offset), min(start + PAGE, offset + len(data))
            known = pages.get(start // PAGE)
            old = known.leading if known else target.read_at(start, PAGE).ljust(PAGE, b"\0")
            part = data[first - offset : last - offset]
            pages[start // PAGE] = Page(old[: first - start] + part + old[last - start :], 0, b"", (0, 0))
    return Overlay(target, pages, [], undo.size)


def _put_back(target: Target, undo_path: str | os.PathLike[str], why: str) -> None:
    undo = undo_file.load(undo_path)
    try:
        undo_file.restore(undo, target)
    except (OSError, VhdxError) as error:
        name = os.fsdecode(undo_path)
        raise IntegrityError(f"{target.name}: {why}; putting it back failed too: {error}. Keep {name}") from error
    finally:
        undo.file.close()
