"""Repairs of the log: write what it means into the file, or give it up.

Knows when replay is sound and when it needs somebody's consent. How replay reaches the file is known in `write`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..check import Report
from ..image import Image
from ..write.headers import NIL
from .fields import ranges_text
from .guest import blocks_at
from .plan import AUTO, OFFERED, Repair

COMMIT = "LOG-001"
_TRUNCATED = "LOG-025"
_NO_SEQUENCE = "LOG-024"
_STALE = "LOG-012"


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Replay the log into the file; or, where no sequence is valid, set LogGuid to nil.

    Args:
        image: the container.
        report: what is wrong with it.

    Spec: MS-VHDX 2.3.3
    """
    refusing = {finding.rule for finding in report.findings if finding.verdict == "refuse"}
    if image.log.state == "replayed":
        if not refusing & {finding.rule for finding in image.log.findings}:
            yield Repair((COMMIT,), _commit_summary(image), AUTO, commits_log=True)
        elif _TRUNCATED in refusing and image.log.overlay:
            yield _lengthened(image, image.source.size, image.log.overlay.size)
    elif _NO_SEQUENCE in report.totals:
        summary = f"headers: LogGuid nil, as no sequence of the log is valid; {_at_stake(image)}"
        yield Repair((_NO_SEQUENCE,), summary, OFFERED, header={"log_guid": NIL})


def _commit_summary(image: Image) -> str:
    count, overlay = len(image.log.active), image.log.overlay
    sectors, zeros = (len(overlay.pages), len(overlay.zeros)) if overlay else (0, 0)
    entries = f"{count} entr{'y' if count == 1 else 'ies'}"
    ranges = f" and {zeros} range{'' if zeros == 1 else 's'} of zeros" if zeros else ""
    return f"log: {entries} replayed into the file, {sectors} sector{'' if sectors == 1 else 's'}{ranges}"


def _lengthened(image: Image, size: int, grown: int) -> Repair:
    summary = f"log: the file lengthened with zeros from {size:#x} to {grown:#x}, then the log replayed into it"
    lost = [(start, end - start) for start, end in blocks_at(image, [(size, grown)])]
    loses = f"what lay beyond {size:#x} stays lost: {ranges_text(lost)} read as zeros" if lost else ""
    return Repair((_TRUNCATED,), summary, OFFERED, loses, commits_log=True)


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
