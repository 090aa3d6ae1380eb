"""How a plan comes about: planner after planner, each on what the file reads like after the ones before.

Every repair is tried in memory and the outcome checked and compared before it is taken: one that claims to lose nothing
and changes a byte of the disk, or makes a file unreadable that is not, is turned down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeAlias
from uuid import uuid4

from vhdx_format.layout import HEADER_SECTION_SIZE

from ..change import script
from ..change.apply import tried
from ..change.change_set import AUTO, LOSSY, OFFERED, change_set, replaced
from ..change.guest import differences
from ..change.preview import Draft, begun, joined, loaded
from ..check import Report, check_image, mending, without_chain
from ..check.report import PARENTS_FOUND
from ..codec.overlay import merge_ranges
from ..codec.source import open_source
from ..disk.chain import load_chain, open_chain
from ..disk.image import Image, load_image
from ..errors import IntegrityError, VhdxError
from ..findings import Finding
from ..semantics.metadata import NEEDED
from ..write.operation import Operation
from ..write.patch import overlapping
from . import given
from .apply import worse
from .plan import Declined, Plan, Planner, Repair, Step, Unmended, Wishes
from .planners import bat, bitmaps, headers, layout, locator, log, metadata, regions

REST: Final[tuple[Planner, ...]] = (layout.repairs, bat.repairs, bitmaps.repairs)
"""The planners that look at what is behind header and log; those that a person tells something are not among them."""

_ROUNDS: Final = 16  # of all planners; each takes up what the ones before made possible
_BY_SHAPE: Final = frozenset((*mending.SHARED, "BAT-018"))  # which another size or block size breaks
_OF_SHAPE: Final = ("MDT-008",)  # items share bytes, so that one of them was written over: sizes may be wrong
_CALLS: Final = 64  # of one planner in a round: repairs of one structure that cannot be taken together


_Key: TypeAlias = tuple[tuple[str, ...], str, str]


@dataclass(slots=True)
class _State:
    """The draft, the container and the report on it, and what was decided on the way.

    What is declined, and what failed, is forgotten once something else has been repaired: then the planners are asked
    again, and what they still have to offer is all that a plan tells of it.
    """

    wishes: Wishes
    progress: Callable[[int], None] | None
    parent: Image | None
    draft: Draft
    image: Image
    report: Report
    steps: list[Step] = field(default_factory=list)
    declined: dict[_Key, Declined] = field(default_factory=dict)
    failed: dict[_Key, Declined] = field(default_factory=dict)
    taken: list[Repair] = field(default_factory=list)
    given_up: list[tuple[int, int]] = field(default_factory=list)


def make_plan(image: Image, wishes: Wishes | None = None, progress: Callable[[int], None] | None = None) -> Plan:
    """Plan the repair of one container.

    Args:
        image: the container, as `load_image` gives it by the rules, with whatever is wrong with it. It must stay open.
        wishes: what is agreed to; by default only what loses nothing and needs no consent.
        progress: called during each check with the number of bytes of the table that were dealt with.

    Returns:
        The plan. Never raises for what the file says.

    Raises:
        FileError: the system cannot read the file, or a file named as parent.
    """
    wishes = wishes or Wishes()
    parent = load_image(open_source(wishes.parents[0])) if wishes.parents else None
    try:
        report = _checked(image, wishes, progress)
        before = replace(report, survey=None)  # it may be large
        state = _State(wishes, progress, parent, begun(image, uuid4().bytes_le), image, report)
        for _ in range(_ROUNDS):
            state.declined.clear()
            state.failed.clear()
            if not sum(_settle(state, planner) for planner in _planners(state)):
                break
        return _finished(state, before)
    finally:
        if parent is not None:
            parent.close()


def _planners(state: _State) -> Iterator[Planner]:
    """The planners that may be asked, as the state is when their turn comes."""
    values = state.wishes.values
    is_log_made = "log_guid" in state.draft.header  # then the header that names the log is made by this plan
    if not is_log_made and not headers.is_log_in_doubt(state.report):
        yield log.repairs
    yield partial(headers.repairs, values=values)
    if _is_settled(state):
        yield partial(regions.repairs, values=values)
        yield from REST
        yield partial(metadata.repairs, values=values)
        yield partial(locator.repairs, parent=state.parent, is_found=bool(state.parent and _finds_parent(state)))


def _finds_parent(state: _State) -> bool:
    """Whether there is a parent to which the linkage leads, as the file reads now."""
    chain = load_chain(state.image, parents=state.wishes.parents, parent_dirs=state.wishes.parent_dirs)
    chain.close_parents()
    return len(chain.images) > 1


def _is_settled(state: _State) -> bool:
    """Whether the file means what it says as it stands: it has a current header, and no log to replay or in doubt."""
    current = state.image.headers.current
    if current is None or state.image.view.size < HEADER_SECTION_SIZE or headers.is_log_in_doubt(state.report):
        return False
    return bool(current.fields.log_guid.is_nil)


def _settle(state: _State, planner: Planner) -> bool:
    """Take all that a planner has to offer; whether anything was taken."""
    is_any = False
    for _ in range(_CALLS):
        batch = _batch(state, planner(state.image, state.report))
        if not batch:
            break
        taken = _take(state, batch)
        if not taken and len(batch) > 1:
            taken = sum(_take(state, [repair]) for repair in batch) > 0
        is_any = is_any or taken
    return is_any


def _batch(state: _State, offered: Iterable[Repair]) -> list[Repair]:
    """The repairs that are wanted and can be done together: those of a kind, none in the way of another."""
    batch: list[Repair] = []
    for repair in offered:
        if not _is_wanted(state, repair) or repair in state.taken:
            continue
        fields = [name for other in batch for name in other.header]
        apart = not overlapping([patch for one in [*batch, repair] for patch in one.patches])
        lengths = sum(one.new_size is not None for one in [*batch, repair])
        is_alone = repair.consent == LOSSY or bool(batch and batch[0].consent == LOSSY)
        if apart and lengths < 2 and not set(fields) & set(repair.header) and not (is_alone and batch):
            batch.append(repair)
    return batch


def _is_wanted(state: _State, repair: Repair) -> bool:
    """Whether a repair is agreed to; one that is not is noted with the reason."""
    wishes, key = state.wishes, _key(repair)
    if key in state.declined or key in state.failed:
        return False
    if not any(wishes.keep(rule) for rule in repair.rules):
        return False
    if reason := _unsafe_as_said(wishes, repair) or wishes.not_agreed(repair):
        state.declined[key] = Declined(repair, reason)
        return False
    return True


def _unsafe_as_said(wishes: Wishes, repair: Repair) -> str:
    """Why a repair waits that takes away what a wrong word of a person on the disk would make needless; else ""."""
    if _BY_SHAPE.isdisjoint(repair.rules) or not any(given.FIELDS[name][0] in NEEDED for name in wishes.values):
        return ""
    return "goes by what you say of the disk: look at the disk first, and repair the file again"


def _take(state: _State, repairs: list[Repair]) -> bool:
    """Try repairs together, and keep them if the outcome is as they claim; a single one that fails is declined."""
    draft = joined(state.draft, repairs)
    try:
        image = loaded(draft)
    except IntegrityError as error:
        return _turned_down(state, repairs, str(error))
    report = _checked(image, state.wishes, state.progress)
    found = differences(state.image, image, draft.differing(state.draft))
    is_lossy = any(repair.consent == LOSSY for repair in repairs)
    if found.changed and not is_lossy:
        start, end = found.changed[0]
        return _turned_down(state, repairs, f"would change what the guest reads at {start:#x} to {end:#x}")
    if found.gained and all(repair.consent == AUTO for repair in repairs):
        start, end = found.gained[0]
        return _turned_down(state, repairs, f"would give bytes for what cannot be read, {start:#x} to {end:#x}")
    doubt = next((rule for rule in _OF_SHAPE if rule in report.totals), "")
    if doubt and not found.is_known and not report.refused and all(repair.consent == AUTO for repair in repairs):
        return _turned_down(state, repairs, f"would open a disk of which nobody knows the shape ({doubt})")
    if (report.refused or report.failure) and not (state.report.refused or state.report.failure):
        return _turned_down(state, repairs, f"would leave a file that cannot be read: {report.conclusion}")
    state.steps += [_step(state.image, repair) for repair in repairs]
    state.taken += repairs
    if is_lossy:
        state.given_up += [*found.changed, *found.gained]
    state.draft, state.image, state.report = draft, image, report
    return True


def _turned_down(state: _State, repairs: list[Repair], reason: str) -> bool:
    if len(repairs) == 1:
        repair = repairs[0]
        state.failed[_key(repair)] = Declined(repair, reason)
    return False


def _key(repair: Repair) -> _Key:
    """By which a repair is known again when it is offered again."""
    return repair.rules, repair.summary, repair.consent


def _checked(image: Image, wishes: Wishes, progress: Callable[[int], None] | None) -> Report:
    """The report on a container, and on its link to the parent where that is asked for."""
    report = check_image(image, progress)
    has_parent = image.geometry is not None and image.geometry.has_parent
    if not has_parent or not (wishes.with_chain or wishes.parents):
        return report
    try:
        chain = open_chain(image, parents=wishes.parents, parent_dirs=wishes.parent_dirs)
    except VhdxError as error:
        return without_chain(report, error)
    chain.close_parents()
    return replace(report.joined(chain.findings), parents=PARENTS_FOUND)


def _step(image: Image, repair: Repair) -> Step:
    return Step(repair, *replaced(image, repair.patches, commits_log=repair.commits_log))


def _finished(state: _State, before: Report) -> Plan:
    changed = tuple(merge_ranges(state.given_up))
    fields = {"data_write_guid": uuid4().bytes_le} if changed else {}
    operations: tuple[Operation, ...] = ()
    if not state.draft.is_empty:
        operations = script.operations(state.draft, state.image, fields, uuid4().bytes_le)
    changes = change_set(state.draft.image, state.image, operations, changed, _consent(state.taken))
    if operations and (failure := tried(changes, lambda after: worse(check_image(after), state.report))):
        return _without_steps(state, before, failure)
    return Plan(
        changes=changes,
        steps=tuple(state.steps),
        declined=_declined(state),
        unmended=tuple(_unmended(state)),
        before=before,
        after=state.report,
    )


def _consent(taken: Iterable[Repair]) -> str:
    """The most that somebody had to agree to."""
    given = {repair.consent for repair in taken}
    return next((consent for consent in (LOSSY, OFFERED) if consent in given), AUTO)


def _without_steps(state: _State, before: Report, failure: str) -> Plan:
    """A plan that does nothing, as what it was to do does not lead where it was to lead."""
    image = state.draft.image
    reason = f"tried in memory, the repairs do not work together: {failure}"
    for repair in state.taken:
        state.failed[_key(repair)] = Declined(repair, reason)
    begun_again = replace(state, draft=begun(image, state.draft.file_write_guid), image=image, report=before)
    return _finished(replace(begun_again, steps=[], taken=[], given_up=[]), before)


def _declined(state: _State) -> tuple[Declined, ...]:
    return (*state.declined.values(), *state.failed.values())


def _unmended(state: _State) -> Iterator[Unmended]:
    first: dict[str, Finding] = {}
    for finding in state.report.findings:
        first.setdefault(finding.rule, finding)
    for rule, finding in first.items():
        yield Unmended(finding, state.report.totals[rule], _why_not(state, finding))


def _why_not(state: _State, finding: Finding) -> str:
    rule, declared = finding.rule, finding.declaration
    if not state.wishes.keep(rule):
        return "left out by choice"
    names = given.of_rule(rule)
    names = tuple(name for name in names if name not in state.wishes.values)
    if names and finding.repair in ("no", "manual"):
        return f"if you know it, {given.missing(names)} --offer {rule}"
    if declined := [item.reason for item in _declined(state) if rule in item.repair.rules]:
        return declined[0]
    if finding.repair == "no":
        return "nothing can be derived from what the file still holds"
    if finding.repair == "manual":
        return declared.repair_how
    if rule in locator.OF_PARENT and not state.wishes.parents:
        return "needs the parent, if you vouch for it: --parent FILE"
    if not _is_settled(state):
        return "nothing else can be mended before it is known which header and which log count"
    return f"cannot be done safely here ({declared.repair_how})"
