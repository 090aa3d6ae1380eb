"""How a plan comes about: planner after planner, each on what the file reads like after the ones before.

Every repair is tried in memory and the outcome checked and compared before it is taken: one that claims to lose nothing
and changes a byte of the disk, or makes a file unreadable that is not, is turned down. Writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias
from uuid import uuid4

from vhdx_format.layout import HEADER_SECTION_SIZE
from vhdx_format.rules import RULES

from ..chain import open_chain
from ..check import Report, check_image, without_chain
from ..codec.overlay import merge_ranges
from ..codec.source import Readable, open_source
from ..errors import IntegrityError, VhdxError
from ..findings import Finding
from ..image import Image, load_image
from ..write.operation import Operation, touched
from ..write.patch import overlapping
from . import bat, bitmaps, headers, layout, locator, log, metadata, regions, script
from .draft import Draft, begun, joined, loaded
from .effects import headers_at_last, step
from .guest import differences, is_open
from .identity import fingerprint, stamp
from .plan import LOSSY, OFFERED, Declined, Plan, Planner, Repair, Step, Unmended

FIRST: Final[tuple[Planner, ...]] = (log.repairs, headers.repairs)
"""The planners that settle which header and which log count."""

REST: Final[tuple[Planner, ...]] = (
    regions.repairs,
    layout.repairs,
    metadata.repairs,
    bat.repairs,
    bitmaps.repairs,
)
"""The planners that look at what is behind them."""

_ROUNDS: Final = 16  # of all planners; each takes up what the ones before made possible
_CALLS: Final = 64  # of one planner in a round: repairs of one structure that cannot be taken together


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
    """

    offered: Collection[str] = frozenset()
    lossy: bool = False
    keep: Callable[[str], bool] = lambda rule: True
    parents: tuple[Readable, ...] = ()
    parent_dirs: tuple[str | os.PathLike[str], ...] = ()
    with_chain: bool = False


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
        FormatError: the system cannot read the file, or a file named as parent.
    """
    wishes = wishes or Wishes()
    parent = load_image(open_source(wishes.parents[0])) if wishes.parents else None
    try:
        before = _checked(image, wishes, progress)
        state = _State(wishes, progress, parent, begun(image, uuid4().bytes_le), image, before)
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
    yield from FIRST
    if _is_settled(state.image):
        yield from REST
        yield partial(_linked, state.parent)


def _linked(parent: Image | None, image: Image, report: Report) -> Iterator[Repair]:
    return locator.repairs(image, report, parent)


def _is_settled(image: Image) -> bool:
    """Whether the file means what it says as it stands: it has a current header and no log to replay."""
    current = image.headers.current
    if current is None or image.view.size < HEADER_SECTION_SIZE:
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
    if repair.consent == OFFERED and not set(repair.rules) & set(wishes.offered):
        state.declined[key] = Declined(repair, f"needs consent: --offer {','.join(repair.rules)}")
        return False
    if repair.consent == LOSSY and not wishes.lossy:
        state.declined[key] = Declined(repair, "gives something up: --lossy")
        return False
    return True


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
    if (report.refused or report.failure) and not (state.report.refused or state.report.failure):
        return _turned_down(state, repairs, f"would leave a file that cannot be read: {report.conclusion}")
    state.steps += [step(state.image, repair) for repair in repairs]
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
    for parent in chain.images[1:]:
        parent.close()
    return report.joined(chain.findings)


def _finished(state: _State, before: Report) -> Plan:
    changed = tuple(merge_ranges(state.given_up))
    changes = {"data_write_guid": uuid4().bytes_le} if changed else {}
    operations: tuple[Operation, ...] = ()
    if not state.draft.is_empty:
        operations = script.operations(state.draft, state.image, changes, uuid4().bytes_le)
    image = state.draft.image
    return Plan(
        image=image,
        preview=state.image,
        steps=tuple(state.steps),
        declined=_declined(state),
        unmended=tuple(_unmended(state)),
        before=before,
        after=state.report,
        operations=operations,
        headers=headers_at_last(image.source, operations),
        changed=changed,
        is_comparable=is_open(image),
        digest=fingerprint(image.source, touched(operations, image.source.size)),
        stamp=stamp(image.source),
    )


def _declined(state: _State) -> tuple[Declined, ...]:
    return (*state.declined.values(), *state.failed.values())


def _unmended(state: _State) -> Iterator[Unmended]:
    first: dict[str, Finding] = {}
    for finding in state.report.findings:
        first.setdefault(finding.rule, finding)
    for rule, finding in first.items():
        yield Unmended(finding, state.report.totals[rule], _why_not(state, rule))


def _why_not(state: _State, rule: str) -> str:
    declared = RULES[rule]
    if not state.wishes.keep(rule):
        return "left out by choice"
    if declared.repair == "no":
        return "nothing can be derived from what the file still holds"
    if declared.repair == "manual":
        return declared.repair_how
    declined = [item.reason for item in _declined(state) if rule in item.repair.rules]
    if declined:
        return declined[0]
    if not _is_settled(state.image):
        return "nothing else can be mended before it is known which header and which log count"
    return f"cannot be done safely here ({declared.repair_how})"
