"""Everything that is wrong with a container or a chain, and what it costs the reader.

Runs all the checks and draws the conclusion. Never raises for what a file says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vhdx_format.rules import RULES

from ..chain import Chain
from ..errors import Place, VhdxError
from ..findings import Finding
from ..image import Image
from ..semantics.bat import ENTRY_SIZE
from . import zeros
from .catalogue import UNDECIDABLE
from .listing import Listing

SERIOUS = ("refuse", "degrade", "ignore-object")


@dataclass(frozen=True, slots=True)
class Guest:
    """Ranges of the virtual disk.

    Attributes:
        bytes: their length in all.
        ranges: as (virtual offset, length) in bytes, in order, disjoint.
        is_complete: `ranges` are all of them, and not just the first ones.
    """

    bytes: int = 0
    ranges: tuple[tuple[int, int], ...] = ()
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    Attributes:
        name: of the file.
        findings: in the order of evaluation, of each rule the first ones only.
        totals: rule id to the number of places where it does not hold.
        lost: what of the virtual disk cannot be read.
        doubtful: what can be read, from bytes that something else in the file claims too: what the guest wrote there
            nobody can know.
        refused: why opening refuses the file, or "".
        failure: why the file could not be read to its end, or "".
        hidden: number of places that were found and left out by choice.
    """

    name: str
    findings: tuple[Finding, ...]
    totals: dict[str, int]
    lost: Guest = Guest()
    doubtful: Guest = Guest()
    refused: str = ""
    failure: str = ""
    hidden: int = 0

    @property
    def state(self) -> str:
        """One of "healthy", "usable" and "unreadable"."""
        if self.refused or self.failure:
            return "unreadable"
        return "usable" if self.totals or self.hidden else "healthy"

    @property
    def conclusion(self) -> str:
        """One line: healthy, usable, or unreadable and why."""
        if self.state == "unreadable":
            return f"unreadable: {self.refused or self.failure}"
        if self.state == "healthy":
            return "healthy"
        count = sum(self.totals.values())
        text = f"usable: {count} finding{'' if count == 1 else 's'}"
        return f"{text}, {self.hidden} left out" if self.hidden else text

    @property
    def is_serious(self) -> bool:
        """The file is unreadable, or a finding has the verdict refuse, degrade or ignore-object."""
        return self.state == "unreadable" or any(finding.verdict in SERIOUS for finding in self.findings)

    def only(self, keep: Callable[[str], bool]) -> Report:
        """The same without the rules for whose ids `keep` is false."""
        totals = {rule: count for rule, count in self.totals.items() if keep(rule)}
        hidden = self.hidden + sum(self.totals.values()) - sum(totals.values())
        kept = tuple(finding for finding in self.findings if keep(finding.rule))
        return replace(self, findings=kept, totals=totals, hidden=hidden)

    def joined(self, findings: tuple[Finding, ...]) -> Report:
        """The same with more findings; one that refuses makes the file unreadable."""
        totals = dict(self.totals)
        for finding in findings:
            totals[finding.rule] = totals.get(finding.rule, 0) + 1
        refused = self.refused or _refusal(findings)
        return replace(self, findings=(*self.findings, *findings), totals=totals, refused=refused)


def check_image(image: Image, progress: Callable[[int], None] | None = None) -> Report:
    """Check one container by itself.

    Args:
        image: as `load_image` gives it, with whatever is wrong with it.
        progress: called now and then with the number of bytes of the block allocation table that were dealt with.

    Returns:
        The report. Never raises for what the file says; where the system cannot read it, the report says so.
    """
    listing = Listing()
    listing.add(image.findings)
    lost = doubtful = Guest()
    failure, refused = "", _refusal(image.findings)
    if not refused:  # else what the file means is not known well enough to judge the rest
        try:
            listing.add(zeros.findings(image))
            lost, doubtful = _check_blocks(image, listing, progress)
        except VhdxError as error:
            failure = str(error)
    return Report(image.name, tuple(listing.findings), dict(listing.totals), lost, doubtful, refused, failure)


def check_chain(chain: Chain, progress: Callable[[int], None] | None = None) -> list[Report]:
    """Check every container of a chain, the one that was opened first; findings about the chain go with that one.

    Args:
        chain: as `open_chain` gives it.
        progress: called now and then with the number of bytes of the tables that were dealt with.
    """
    reports, before = [], 0
    for image in chain.images:
        reports.append(check_image(image, _behind(before, progress)))
        before += table_size(image)
    return [reports[0].joined(chain.findings), *reports[1:]]


def table_size(image: Image) -> int:
    """Bytes of the block allocation table that a check of the container goes through; a measure of the work."""
    return image.bat.entry_count * ENTRY_SIZE if image.bat else 0


def _behind(before: int, progress: Callable[[int], None] | None) -> Callable[[int], None] | None:
    """The same progress, after bytes that were dealt with before."""
    return None if progress is None else lambda done: progress(before + done)


def without_chain(report: Report, error: VhdxError) -> Report:
    """The report on a container whose parents could not be opened, with the reason.

    A rule for programs is the reason and no finding: where one looks for parents, no file shows.

    Args:
        report: on the container by itself.
        error: as `open_chain` raised it.
    """
    if error.rule is None or error.rule in report.totals or RULES[error.rule].scope == UNDECIDABLE:
        return replace(report, refused=report.refused or str(error))
    finding = Finding(error.rule, error.place or Place("chain"), str(error), "a parent", "refuse")
    return replace(report.joined((finding,)), refused=report.refused or str(error))


def _refusal(findings: tuple[Finding, ...]) -> str:
    refusing = (f for f in findings if f.verdict == "refuse" and f.declaration.stage == "open")
    return next((finding.message for finding in refusing), "")


def _check_blocks(image: Image, listing: Listing, progress: Callable[[int], None] | None) -> tuple[Guest, Guest]:
    """Judge the table and everything that it points to; what is lost and what is doubtful."""
    from .bitmaps import Bitmaps  # these need numpy, which takes its time to load
    from .extents import Space
    from .ranges import Ranges
    from .table import Sweep

    geometry, bat, mapping = image.geometry, image.bat, image.mapping
    if geometry is None or bat is None or mapping is None:
        return Guest(), Guest()
    sweep = Sweep(bat, geometry, image.view.size, listing)
    extents = sweep.run(progress)
    lost = sweep.lost
    if geometry.has_parent:
        bitmaps = Bitmaps(image.view, geometry, bat, mapping, listing)
        bitmaps.run()
        lost = lost.joined(bitmaps.lost)
    space = Space(image, geometry, bat, extents, listing)
    space.run()
    listing.add(zeros.unused_entries(image))

    def _guest(ranges: Ranges) -> Guest:
        return Guest(ranges.bytes, tuple(ranges.listed), ranges.is_complete)

    return _guest(lost), _guest(space.doubtful)
