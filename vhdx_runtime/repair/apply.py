"""Carry out a plan of repairs: the mended file is checked again, and the check held against what the plan says."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from ..change import apply as engine
from ..check import Report, check_image
from ..disk.image import Image
from ..write.target import Target
from .plan import Plan


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the file.

    Attributes:
        report: what a check finds now; None where the file was put back.
        failure: why the file was put back, or "".
    """

    report: Report | None
    failure: str = ""


def apply(
    plan: Plan, target: Target, undo_path: str | os.PathLike[str], progress: Callable[[int], None] | None = None
) -> Outcome:
    """Carry out a plan; see `change.apply.apply`, also for what it raises.

    Args:
        plan: made for this file, and with something to do.
        target: the file, open for writing.
        undo_path: name of the undo file; nothing must have it. It stays, whatever comes.
        progress: called with the number of bytes written so far.

    Returns:
        The outcome. Where writing failed, the disk reads otherwise than the plan says, or more is wrong than it says,
        the file is as it was.
    """
    reports: list[Report] = []

    def judge(after: Image) -> str:
        """Check the file as it has become."""
        reports.append(check_image(after))
        return worse(reports[-1], plan.after)

    failure = engine.apply(plan.changes, target, undo_path, judge, progress)
    return Outcome(None, failure) if failure else Outcome(reports[-1])


def worse(report: Report, planned: Report) -> str:
    """Why a container by itself is worse than a plan says; "" where it is not."""
    is_lost = bool(report.refused or report.failure) and not (planned.refused or planned.failure)
    if is_lost or any(count > planned.totals.get(rule, 0) for rule, count in report.totals.items()):
        return f"the file did not become what the plan said: {report.conclusion}"
    return ""
