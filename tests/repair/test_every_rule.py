"""Every rule that is declared repairable has a repair that works, can be undone, and survives a crash at any moment."""

from __future__ import annotations

from pathlib import Path

import pytest
from vhdx_format.rules import RULES

import vhdx_runtime as vhdx
from tests.repair.support import (
    COMMIT,
    LOSES,
    REPAIRABLE,
    broken_rules,
    cases_of,
    current_header,
    digest,
    planned,
    smallest,
    wishes,
)
from tests.support.sampling import sampled
from vhdx_runtime.change import undo
from vhdx_runtime.change.change_set import LOSSY
from vhdx_runtime.codec.source import FileSource
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.repair.plan import Plan
from vhdx_runtime.write.recording import Recording, crashes
from vhdx_runtime.write.target import FileTarget

READ_MAX = 64 << 20
TRIED = 3
# These give a file the DataWriteGuid that it does not have: that is the repair.
SETS_THE_GUID = ("HDR-003", "HDR-018")


def is_mended(plan: Plan, rule: str) -> bool:
    """Whether the plan takes a broken rule away."""
    if rule == COMMIT:
        return any(step.repair.commits_log for step in plan.steps)
    return rule in plan.before.totals and rule not in plan.after.totals


def disk_of(path: Path) -> bytes:
    """What the guest reads of a small disk; b"" of one that cannot be read in full."""
    try:
        with vhdx.open(path, without_parent=True) as disk:
            return disk.read_at(0, disk.size) if disk.size <= READ_MAX else b""
    except vhdx.VhdxError:
        return b""


def test_the_declared_rules_are_those_that_are_tried() -> None:
    assert len(REPAIRABLE) >= 50
    assert not [rule for rule in REPAIRABLE if RULES[rule].provable.kind == "no" and rule != COMMIT]


@pytest.mark.parametrize("rule", sampled(sorted(REPAIRABLE), *sorted(REPAIRABLE)[::2]))
def test_a_repairable_rule_is_repaired_and_taken_back(rule: str, tmp_path: Path) -> None:
    mended = 0
    for tried, case in enumerate(smallest(cases_of(rule))):
        folder = tmp_path / case.id
        folder.mkdir()
        mended += holds_after_apply_and_undo(case, rule, folder)
        if tried >= TRIED and mended:
            break
    assert mended, f"{rule} is declared {REPAIRABLE[rule]}, but none of its cases is repaired"


def holds_after_apply_and_undo(case: Case, rule: str, folder: Path) -> bool:
    """Plan, apply, check, undo on a real file; False where the plan leaves the rule and says why."""
    built = case.build(folder)
    path, wanted = built.opened, wishes([rule], case, built)
    plan = planned(path, wanted)
    if not is_mended(plan, rule):
        left = {item.finding.rule: item.reason for item in plan.unmended}
        assert rule not in plan.before.totals or left[rule], f"{case.id}: left without a reason"
        return False
    before, disk, header = digest(path), disk_of(path), current_header(FileSource(path))
    with FileTarget(path) as target:
        outcome = apply(plan, target, folder / "undo")
        assert not outcome.failure, case.id
        after = current_header(target)
        assert rule not in broken_rules(path, wanted), case.id
        assert not any(after["log"]), case.id
        if plan.changes.changed:
            assert rule in LOSES, case.id
            assert after["data"] != header["data"], case.id
        else:
            assert disk in (b"", disk_of(path)), case.id
            assert not header or rule in SETS_THE_GUID or after["data"] == header["data"], case.id
        undo.restore(undo.load(folder / "undo"), target)
    assert digest(path) == before, case.id
    plan.changes.image.close()
    return True


@pytest.mark.parametrize("rule", sorted({rule for rule, repair in REPAIRABLE.items() if repair == "auto"} - LOSES))
def test_a_rule_that_is_declared_auto_is_never_mended_with_a_loss(rule: str, tmp_path: Path) -> None:
    for case in smallest(cases_of(rule)):
        folder = tmp_path / case.id
        folder.mkdir()
        built = case.build(folder)
        plan = planned(built.opened, wishes([rule], case, built))
        told = [*(step.repair for step in plan.steps), *(item.repair for item in plan.declined)]
        assert not [repair.summary for repair in told if rule in repair.rules and repair.consent == LOSSY], case.id
        plan.changes.image.close()


@pytest.mark.parametrize("rule", sampled(sorted(REPAIRABLE), *sorted(REPAIRABLE)[::4]))
def test_a_repair_cut_off_at_any_write_is_taken_back_by_the_undo_file(rule: str, tmp_path: Path) -> None:
    plan = shortest_plan(rule, tmp_path)
    recording = Recording(plan.changes.image.source)
    assert not apply(plan, recording, tmp_path / "undo").failure
    kept, left = undo.load(tmp_path / "undo"), list(crashes(plan.changes.image.source, recording.events))
    assert len(left) > sum(event.kind != "flush" for event in recording.events) > 1
    for label, file in left:
        undo.restore(kept, file)
        assert not file.changed(), label


def shortest_plan(rule: str, folder: Path) -> Plan:
    """Of the plans for some cases that mend a rule, one that writes least."""
    found: list[Plan] = []
    for case in smallest(cases_of(rule)):
        (folder / case.id).mkdir()
        built = case.build(folder / case.id)
        plan = planned(built.opened, wishes([rule], case, built))
        if is_mended(plan, rule):
            found.append(plan)
            if len(found) >= TRIED:
                break
    return min(found, key=lambda plan: plan.changes.written)
