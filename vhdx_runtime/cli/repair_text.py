"""A plan of repairs for people, and as plain values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, Final

import click

from ..change.change_set import OFFERED
from ..check.report import PARENTS_IGNORED
from ..codec.decode import guid_text
from ..codec.holes import data_ranges
from ..disk.attempts import name_of
from ..disk.foreign import file_word
from ..disk.image import WHOLE_FILE
from ..disk.summary import describe
from ..repair import given
from ..repair.plan import ASKED, Declined, Plan, Repair, Step, Wishes
from ..wording import agreeing, counted, path_word
from ..write.patch import Patch
from .common import shown, size_text

_SHOWN_BYTES: Final = 32  # of a patch; --json has all
_NAMELESS: Final = re.compile("(?<!parent) FILE(?=[ `])")  # what the file will be has no name yet
_COLOURS: Final = {"auto": "green", "offered": "yellow", "lossy": "red"}


def lines(plan: Plan, *, verbose: bool) -> Iterator[str]:
    """A plan for people.

    Args:
        plan: what is planned.
        verbose: show every patch.
    """
    if not plan.steps:
        yield "Nothing is planned."
    for number, step in enumerate(plan.steps, 1):
        yield from _repair_lines(f"{number}. ", step.repair)
        yield from _effect(step, verbose=verbose)
    if plan.changes.headers:
        size = size_text(sum(len(patch.data) for patch, _ in plan.changes.headers))
        yield f"Both headers are written again; {agreeing(f'{size} of them', 'changes', 'change')}."
    if verbose:
        yield from (_patch_line(patch, old) for patch, old in plan.changes.headers)
    if plan.declined:
        yield "Not done:"
    for declined in plan.declined:
        yield from _repair_lines("- ", declined.repair)
        copied = sum(move.length for move in declined.repair.moves)
        if copied > _stored(plan):
            yield f"   would copy {size_text(copied)}, more than the {size_text(_stored(plan))} that the file holds"
        yield f"   {shown(declined.reason)}"
    if plan.unmended:
        yield "What is left:"
    for left in plan.unmended:
        places = f", and {counted(left.count - 1, 'more place', 'more places')}" if left.count > 1 else ""
        yield f"- {shown(left.finding.message)}{places}"
        yield f"   {shown(left.reason)}"
    if plan.changes.changed:
        size = size_text(sum(end - start for start, end in plan.changes.changed))
        yield f"What the guest reads changes: {size} of the disk."
    elif plan.steps and not plan.changes.is_comparable:
        yield "What the guest reads cannot be compared: nothing of the disk can be read now."
    if plan.changes.operations:
        written = agreeing(size_text(plan.changes.written), "is", "are")
        yield f"In all {written} written; what goes through the log is written twice."
        if sum(move.length for step in plan.steps for move in step.repair.moves) > _stored(plan):
            yield f"That is more than the {size_text(_stored(plan))} that the file holds."
    yield f"Now {shown(plan.before.conclusion)}"
    if plan.steps:
        yield f"Then {shown(plan.after.conclusion)}"
    if plan.leaves_log:
        yield "Its log is replayed in memory then, whenever it is read; a second repair writes it into the file."


def hint(plan: Plan, wishes: Wishes) -> str:
    """What to do next where something is left once the plan is applied, or was not looked at.

    Args:
        plan: what is planned.
        wishes: what it was made for.
    """
    word = file_word(plan.changes.image.source)
    asked = [one.repair for one in plan.declined if one.repair.consent == OFFERED and one.reason.startswith(ASKED)]
    wanted = dict.fromkeys(rule for repair in asked for rule in repair.asks or repair.rules)
    refusing = [left.finding.rule for left in plan.unmended if left.finding.refuses_opening]
    unsaid = [rule for rule in refusing if given.of_rule(rule)]
    if names := dict.fromkeys(name for rule in unsaid for name in given.of_rule(rule) if name not in wishes.values):
        said = "".join(f"{option} " for option in _options(wishes))
        return f"if you know it, {given.missing(names)} {said}--offer {','.join(unsaid)}"
    offered = dict.fromkeys(sorted(wishes.offered))
    if plan.after.is_serious and wanted and not wanted.keys() <= offered.keys():
        again = "".join(f"{option} " for option in _options(wishes))
        more = f"`vhdx repair {again}--offer {','.join(offered | wanted)} {word}` plans what needs your consent, too"
        return f"{WHOLE_FILE}; {more}" if plan.before.cut else more
    if plan.after.parents == PARENTS_IGNORED:
        return f"`vhdx repair --chain {word}` judges the link to the parent, too"
    return _NAMELESS.sub(lambda _: f" {word}", plan.after.hint)


def _options(wishes: Wishes) -> Iterator[str]:
    """The options for the same wishes, but for --offer."""
    yield from ["--chain"] * wishes.with_chain + ["--lossy"] * wishes.lossy
    yield from (f"--parent {path_word(name_of(parent))}" for parent in wishes.parents)
    yield from (f"--parent-dir {path_word(os.fsdecode(folder))}" for folder in wishes.parent_dirs)
    for name, value in wishes.values.items():
        yield f"--set {name}={guid_text(value) if isinstance(value, bytes) else value}"


def _stored(plan: Plan) -> int:
    """Bytes that the file holds, without holes."""
    source = plan.changes.image.source
    return sum(end - start for start, end in data_ranges(source, 0, source.size))


def _repair_lines(mark: str, repair: Repair) -> Iterator[str]:
    consent = click.style(repair.consent, fg=_COLOURS[repair.consent])
    yield f"{mark}{shown(repair.summary)}"
    yield f"   {', '.join(_rule_text(rule) for rule in repair.rules)}: {consent}"
    if repair.loses:
        yield f"   gives up: {shown(repair.loses)}"


def _rule_text(rule: str) -> str:
    from ..check import catalogue

    section = catalogue.record(rule)["section"]
    return f"{rule} (MS-VHDX {section})" if section[:1].isdigit() else rule


def _effect(step: Step, *, verbose: bool) -> Iterator[str]:
    repair = step.repair
    count = len(step.patches)
    if count:
        size = sum(len(patch.data) for patch in step.patches)
        yield f"   {size_text(size)} in {counted(count, 'patch', 'patches')}"
    if repair.moves:
        size = sum(move.length for move in repair.moves)
        yield f"   {agreeing(size_text(size), 'is', 'are')} copied to {repair.moves[0].target:#x} and what follows"
    if repair.new_size is not None:
        yield f"   the file is made {size_text(repair.new_size)} long"
    if not verbose:
        return
    for name, value in repair.header.items():
        yield f"   header {name}: {_value(value)}"
    yield from (f"   {move.source:#x} -> {move.target:#x}: {size_text(move.length)}" for move in repair.moves)
    yield from (_patch_line(patch, old) for patch, old in zip(step.patches, step.old, strict=True))


def _patch_line(patch: Patch, old: bytes) -> str:
    return f"   {patch.file_offset:#x}: {_hex(old)} -> {_hex(patch.data)}"


def _hex(data: bytes) -> str:
    rest = f"… ({len(data)} bytes)" if len(data) > _SHOWN_BYTES else ""
    return data[:_SHOWN_BYTES].hex(" ", 8) + rest


def _value(value: Any) -> str | int:
    return value.hex() if isinstance(value, bytes) else int(value)


def record(plan: Plan, wishes: Wishes) -> dict[str, Any]:
    """A plan as plain values; bytes in hex, offsets and lengths in bytes."""
    return {
        "file": plan.changes.image.name,
        "mode": "plan",
        "digest": plan.changes.digest,
        "before": plan.before.conclusion,
        "after": plan.after.conclusion,
        "repairs": [_step_record(step) for step in plan.steps],
        "headers": [_patch_record(patch, old) for patch, old in plan.changes.headers],
        "declined": [_declined_record(declined) for declined in plan.declined],
        "unmended": [describe(left.finding) | {"count": left.count, "reason": left.reason} for left in plan.unmended],
        "changed": [{"start": start, "length": end - start} for start, end in plan.changes.changed],
        "is_comparable": plan.changes.is_comparable,
        "written": plan.changes.written,
        "stored": _stored(plan),
        "leaves_log": plan.leaves_log,
        "hint": hint(plan, wishes),
    }


def _step_record(step: Step) -> dict[str, Any]:
    patches = [_patch_record(patch, old) for patch, old in zip(step.patches, step.old, strict=True)]
    return _repair_record(step.repair) | {"patches": patches}


def _patch_record(patch: Patch, old: bytes) -> dict[str, Any]:
    return {"file_offset": patch.file_offset, "old": old.hex(), "new": patch.data.hex()}


def _declined_record(declined: Declined) -> dict[str, Any]:
    return _repair_record(declined.repair) | {"reason": declined.reason}


def _repair_record(repair: Repair) -> dict[str, Any]:
    return {
        "rules": list(repair.rules),
        "summary": repair.summary,
        "consent": repair.consent,
        "loses": repair.loses,
        "header": {name: _value(value) for name, value in repair.header.items()},
        "needs_header_update": repair.needs_header_update or bool(repair.header),
        "commits_log": repair.commits_log,
        "new_size": repair.new_size,
        "moves": [{"from": move.source, "to": move.target, "length": move.length} for move in repair.moves],
    }
