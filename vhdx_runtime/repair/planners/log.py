"""Repairs of the log: write what it means into the file, or give it up.

How replay reaches the file is known in `write`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...change.change_set import AUTO, OFFERED
from ...check import Report
from ...disk.image import Image
from ...wording import agreeing, counted
from ...write.headers import NIL
from ..plan import Repair

COMMIT = "LOG-001"
_TRUNCATED = "LOG-025"
_NO_SEQUENCE = "LOG-024"
_STALE = "LOG-012"
_LEFT_OVER = {"LOG-022", "LOG-023"}
_OWNED_TWICE = "HDR-012"


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Replay the log into the file; or, where no sequence is valid, set LogGuid to nil.

    A log that shares bytes with another object is left: replaying it would decide which of the two owns them.

    Spec: MS-VHDX 2.3.3
    """
    refusing = {finding.rule for finding in report.findings if finding.verdict == "refuse"}
    if image.log.state == "replayed":
        if _OWNED_TWICE in refusing:
            return
        if not refusing & {finding.rule for finding in image.log.findings}:
            yield _commit(image)
        elif _TRUNCATED in refusing and image.log.overlay:
            yield from _lengthened(image, image.source.size, image.log.overlay.size)
    elif _NO_SEQUENCE in report.totals:
        summary = f"headers: LogGuid nil, as no sequence of the log is valid; {_at_stake(image)}"
        yield Repair((_NO_SEQUENCE,), summary, OFFERED, header={"log_guid": NIL})


def _commit(image: Image) -> Repair:
    """Replay; with consent where whole entries that are newer stand apart, which would be given up."""
    left = [finding for finding in image.log.findings if finding.rule in _LEFT_OVER]
    if not left:
        return Repair((COMMIT,), f"{_commit_summary(image)}{_torn(image)}", AUTO, commits_log=True)
    summary = f"{_commit_summary(image)}; newer entries, which do not follow on, are given up: {left[0].place}"
    return Repair((COMMIT,), summary, OFFERED, commits_log=True)


def _torn(image: Image) -> str:
    """What to say of entries that were begun after those that count, and do not hold together."""
    current, last = image.headers.current, image.log.active[-1].sequence_number
    entries = image.log.entries(current.fields.log_guid.raw) if current is not None else []
    newer = [entry for entry in entries if entry.broken not in ("", _STALE) and entry.sequence_number > last]
    if not newer:
        return ""
    begun = agreeing(counted(len(newer), "newer entry", "newer entries"), "does", "do")
    return f"; {begun} not hold together, torn as the machine stopped or damaged since: what only that held is lost"


def _commit_summary(image: Image) -> str:
    count, overlay = len(image.log.active), image.log.overlay
    sectors, zeros = (len(overlay.pages), len(overlay.zeros)) if overlay else (0, 0)
    entries = counted(count, "entry", "entries")
    ranges = f" and {zeros} range{'' if zeros == 1 else 's'} of zeros" if zeros else ""
    return f"log: {entries} replayed into the file, {sectors} sector{'' if sectors == 1 else 's'}{ranges}"


def _lengthened(image: Image, size: int, grown: int) -> Iterator[Repair]:
    from ...check.cut import covered  # needs numpy, which takes its time to load
    from .layout import lengthening

    summary = f"log: the file lengthened with zeros from {size:#x} to {grown:#x}, then the log replayed into it"
    repair = lengthening(image, _TRUNCATED, summary, covered(image, grown, size), grown)
    yield from [replace(repair, commits_log=True, new_size=None)] if repair else []


def _at_stake(image: Image) -> str:
    """What giving up a log without a valid sequence may cost."""
    current = image.headers.current
    entries = image.log.entries(current.fields.log_guid.raw) if current is not None else []
    live = [entry for entry in entries if entry.broken != _STALE]
    if not live:
        return "no entry of it carries that GUID, so what it held cannot be known"
    sound = [entry for entry in live if not entry.broken]
    updates = sum(entry.descriptor_count for entry in sound)
    return (
        f"of {len(live)} entries that carry that GUID {len(sound)} are sound, with {updates} updates, and cannot be "
        "replayed; metadata may be older than the data"
    )
