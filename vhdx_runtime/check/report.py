"""Everything that is wrong with a container or a chain, and what it costs the reader.

Runs all the checks and draws the conclusion. Never raises for what a file says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from vhdx_format.rules import RULES

from ..codec.overlay import missing
from ..disk.chain import Chain
from ..disk.cut import Cut
from ..disk.foreign import Named
from ..disk.image import BY_CUT, Image
from ..disk.orphans import Orphans, PossibleLoss, judge
from ..errors import Place, VhdxError
from ..findings import WRONG, Finding, repair_of
from ..semantics.bat import ENTRY_SIZE
from ..semantics.presence import UNREADABLE
from ..wording import brief, counted, short_size
from . import mending, zeros
from .advice import REPLAYED, advice
from .catalogue import UNDECIDABLE
from .listing import Listing

if TYPE_CHECKING:
    from ..disk.space import Survey

_OF_CHAIN = "chain"

# What became of the parents of a container, and what its conclusion says of them.
PARENTS_NONE = "none"
PARENTS_CHECKED = "checked"
PARENTS_DAMAGED = "checked, damaged"
PARENTS_FOUND = "found, not checked"
PARENTS_UNREADABLE = "unreadable"
PARENTS_IGNORED = "not looked for"
_SAID_OF_PARENTS = {
    PARENTS_DAMAGED: "; a parent is damaged, and what comes from its lost blocks cannot be read here either",
    PARENTS_FOUND: "; parents found but not checked (vhdx check --chain checks them)",
    PARENTS_IGNORED: "; parents not looked for and not checked",
}

_NO_ORPHANS = Orphans()
_FEW: Final = 9  # findings that are counted one by one


@dataclass(frozen=True, slots=True)
class Guest:
    """Ranges of the virtual disk.

    Attributes:
        bytes: their length in all.
        ranges: as (virtual offset, length) in bytes, in order, disjoint.
        is_complete: `ranges` are all of them, and not just the first ones.
    """

    __repr__ = brief

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
        parents: what became of its parents, one of the values above.
        hides_more: some of those left out are more than notes.
        size: of the virtual disk in bytes.
        cut: where the file ends and what it lacks, or None where it was not cut off.
        orphans: space that belongs to nothing but holds data.
        possible_loss: entries of the table that seem to be lost, or None.
        foreign: what the file is instead, where nothing says that it is a VHDX; else None.
        hint: what to do next about what `state` says, in one sentence, or "".
        is_dirty: its log has to be replayed, and can be.
        survey: who owns which bytes of it, where its table was gone through.
    """

    __repr__ = brief

    name: str
    findings: tuple[Finding, ...]
    totals: dict[str, int]
    lost: Guest = Guest()
    doubtful: Guest = Guest()
    refused: str = ""
    failure: str = ""
    hidden: int = 0
    parents: str = PARENTS_NONE
    hides_more: bool = False
    size: int = 0
    cut: Cut | None = None
    orphans: Orphans = _NO_ORPHANS
    possible_loss: PossibleLoss | None = None
    foreign: Named | None = None
    hint: str = ""
    is_dirty: bool = False
    survey: Survey | None = field(default=None, repr=False, compare=False)

    def owners(self, image: Image) -> Survey:
        """Who owns which bytes of the container on which this is the report."""
        from ..disk.space import survey

        return self.survey or survey(image)

    @property
    def state(self) -> str:
        """One of "healthy" (notes at most), "usable", "damaged" (guest bytes cannot be read) and "unreadable"."""
        if self.refused or self.failure:
            return "unreadable"
        if self.lost.bytes:
            return "damaged"
        more = self.hides_more or self.cut or self.possible_loss or sum(self.totals.values()) > self.notes
        return "usable" if more else "healthy"

    @property
    def notes(self) -> int:
        """How many of the findings are notes."""
        return sum(self._counts(is_note=True))

    def _counts(self, *, is_note: bool) -> list[int]:
        """How many findings there are of each rule of which all are notes, or of each other one."""
        more = {finding.rule for finding in self.findings if finding.verdict != "note"}
        return [count for rule, count in self.totals.items() if (rule not in more) == is_note]

    @property
    def conclusion(self) -> str:
        """One line: healthy, usable, damaged and how much, or unreadable and why; then of its parents."""
        return f"{self._conclusion}{_SAID_OF_PARENTS.get(self.parents, '')}"

    @property
    def _conclusion(self) -> str:
        if self.state == "unreadable":
            return f"unreadable: {(self.refused or self.failure).removeprefix(f'{self.name}: ')}"
        if self.state == "damaged":
            lost, size = self.lost.bytes, self.size
            text = f"damaged: {lost} of {size} guest bytes cannot be read ({short_size(lost)} of {short_size(size)})"
        else:
            more = self._counts(is_note=False) + [1] * bool(self.possible_loss)
            text = f"usable, {_of_rules(more, 'finding')}" if self.state == "usable" else "healthy"
            text += f", {_of_rules(self._counts(is_note=True), 'note')}" if self.notes else ""
        if self.possible_loss:
            text += f", possible loss of {short_size(self.possible_loss.orphans.bytes)}"
        return f"{text}, {self.hidden} left out" if self.hidden else text

    @property
    def is_serious(self) -> bool:
        """More is wrong than warnings and notes: something cannot be read, or not be relied on."""
        wrong = any(finding.verdict in WRONG for finding in self.findings)
        return wrong or self.state in ("unreadable", "damaged") or bool(self.cut or self.possible_loss)

    def only(self, keep: Callable[[str], bool]) -> Report:
        """The same without the rules for whose ids `keep` is false."""
        totals = {rule: count for rule, count in self.totals.items() if keep(rule)}
        hidden = self.hidden + sum(self.totals.values()) - sum(totals.values())
        kept = tuple(finding for finding in self.findings if keep(finding.rule))
        more = any(finding.verdict != "note" and not keep(finding.rule) for finding in self.findings)
        return replace(self, findings=kept, totals=totals, hidden=hidden, hides_more=self.hides_more or more)

    def joined(self, findings: tuple[Finding, ...]) -> Report:
        """The same with more findings; one that refuses makes the file unreadable."""
        totals = dict(self.totals)
        for finding in findings:
            totals[finding.rule] = totals.get(finding.rule, 0) + 1
        refused = self.refused or _refusal(findings)
        return replace(self, findings=(*self.findings, *findings), totals=totals, refused=refused)


def _of_rules(counts: Sequence[int], noun: str) -> str:
    """How many there are; one rule that is broken in many places is one thing to know."""
    if sum(counts) <= _FEW:
        return counted(sum(counts), noun)
    places = f" in {sum(counts)} places" if sum(counts) > len(counts) else ""
    return f"{counted(len(counts), noun)}{places}"


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
    blocks = _Blocks()
    failure, refused, foreign = "", _refusal(image.findings), image.foreign
    if foreign:
        refused = f"is no VHDX: it {foreign.text}"
    if not refused:  # else what the file means is not known well enough to judge the rest
        try:
            listing.add(zeros.findings(image))
            blocks = _check_blocks(image, listing, progress)
        except VhdxError as error:
            failure = str(error)
    has_parent = image.geometry is not None and image.geometry.has_parent
    findings = tuple(mending.decided(image, listing.findings, listing.totals, blocks.survey))
    return Report(
        image.name,
        findings,
        dict(listing.totals),
        blocks.lost,
        blocks.doubtful,
        refused,
        failure,
        size=image.size,
        parents=PARENTS_IGNORED if has_parent else PARENTS_NONE,
        cut=_cut(image, bool(refused)) if listing.totals.keys() & set(BY_CUT) else None,
        orphans=blocks.orphans,
        possible_loss=blocks.possible_loss,
        survey=blocks.survey,
        foreign=foreign,
        is_dirty=image.log.state == REPLAYED,
        hint=advice(image, findings, is_less=bool(blocks.lost.bytes), may_be_less=blocks.possible_loss is not None),
    )


def _cut(image: Image, at_a_glance: bool) -> Cut | None:
    from .table import at_the_end

    if at_a_glance or image.bat is None or image.geometry is None:
        return image.glance.cut
    return image.look(partial(at_the_end, image.bat, image.geometry)).cut


def check_chain(chain: Chain, progress: Callable[[int], None] | None = None) -> list[Report]:
    """Check every container of a chain, the one that was opened first; findings about the chain go with that one.

    Args:
        chain: as `open_chain` gives it.
        progress: called now and then with the number of bytes of the tables that were dealt with.
    """
    reports, before = [], 0
    for image in chain.images:
        report = replace(check_image(image, _behind(before, progress)), survey=None)  # it may be large
        has_parent = report.parents != PARENTS_NONE
        reports.append(replace(report, parents=PARENTS_CHECKED) if has_parent else report)
        before += table_size(image)
    damaged = [number for number, report in enumerate(reports) if report.state == "damaged"]
    for number in range(max(damaged, default=0)):
        reports[number] = replace(reports[number], parents=PARENTS_DAMAGED)
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
    report = replace(report, parents=PARENTS_UNREADABLE, hint=error.next_step or report.hint)
    if error.rule is None or error.rule in report.totals or RULES[error.rule].scope == UNDECIDABLE:
        return replace(report, refused=report.refused or str(error))
    repair = repair_of(error.rule, ()) if RULES[error.rule].scope == _OF_CHAIN else "no"  # else it is the parent's
    found = str(error).removeprefix(f"{report.name}: ")
    for source in (f" ({error.rule})", f" ({error.rule}, MS-VHDX {error.spec})"):
        found = found.removesuffix(source)
    expected = "the parent as it was" if "changed since" in found else "a parent"
    finding = Finding(error.rule, error.place or Place("chain"), found, expected, "refuse", repair)
    return replace(report.joined((finding,)), refused=report.refused or str(error))


def _refusal(findings: tuple[Finding, ...]) -> str:
    return next((str(finding.error()) for finding in findings if finding.refuses_opening), "")


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What the table and everything that it points to came to; see `Report`."""

    lost: Guest = Guest()
    doubtful: Guest = Guest()
    orphans: Orphans = _NO_ORPHANS
    possible_loss: PossibleLoss | None = None
    survey: Survey | None = None


def _check_blocks(image: Image, listing: Listing, progress: Callable[[int], None] | None) -> _Blocks:
    """Judge the table and everything that it points to."""
    from .bitmaps import Bitmaps  # these need numpy, which takes its time to load
    from .extents import ExtentCheck
    from .ranges import Ranges
    from .table import Sweep

    geometry, bat, mapping = image.geometry, image.bat, image.mapping
    if geometry is None or bat is None or mapping is None:
        return _Blocks()
    sweep = Sweep(bat, geometry, image.view.size, listing)
    sweep.run(progress)
    lost = sweep.lost
    if geometry.has_parent:
        bitmaps = Bitmaps(image.view, geometry, bat, mapping, listing)
        bitmaps.run()
        lost = lost.joined(bitmaps.lost)
    if missing(image.view):  # parts of blocks, in the middle of the file
        lost = Ranges()
        lost.take(piece[:2] for piece in mapping.pieces(0, geometry.virtual_disk_size) if piece.kind == UNREADABLE)
    survey = sweep.places.survey(image)
    space = ExtentCheck(image, geometry, bat, survey, listing)
    space.run()
    listing.add(zeros.unused_entries(image))

    def _guest(ranges: Ranges) -> Guest:
        return Guest(ranges.bytes, tuple(ranges.listed), ranges.is_complete)

    return _Blocks(_guest(lost), _guest(space.doubtful), space.orphans, judge(bat, geometry, space.orphans), survey)
