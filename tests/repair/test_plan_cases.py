"""Each planner on every case that breaks one of its rules: mended, with nothing else broken, or left for a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repair.planners import Outcome, planners_of, settled, unlike
from tests.repair.support import COMMIT, REPAIRABLE, current_header
from tests.support.cases import all_cases
from tests.support.sampling import sampled
from vhdx_runtime.codec.source import FileSource
from vhdx_runtime.conformance.cases import Case

MIB = 1 << 20

# What may come to light by a repair: space that nobody uses any more, and a block of a fixed file that is zero.
UNCOVERED = {"LAY-004", "BAT-016"}

# What no planner mends, and why not.
CUT = "the file ends before the places of its own headers or tables"
TWO_HEADERS = "two valid headers with one number: somebody must say which one counts"
LOST_LOG = "the log is in use and part of it is not there"
NO_TYPE = "keys of another type mean nothing"
OF_PARENT = "the fault is the parent's, which is repaired by itself"
NO_IDENTITY = "the parent has no DataWriteGuid that a child could name"
NOT_HERE = "what is named lies outside the file altogether"
LEFT: dict[tuple[str, str], str] = {
    ("file-empty", "FTI-001"): CUT,
    ("file-empty", "HDR-002"): CUT,
    ("file-empty", "HDR-003"): CUT,
    ("file-empty", "RGN-002"): CUT,
    ("file-empty", "RGN-003"): CUT,
    ("file-ends-behind-its-signature", "LAY-003"): CUT,
    ("file-ends-behind-its-signature", "HDR-002"): CUT,
    ("file-ends-behind-its-signature", "HDR-003"): CUT,
    ("file-ends-behind-its-signature", "RGN-002"): CUT,
    ("file-ends-behind-its-signature", "RGN-003"): CUT,
    ("file-ends-inside-header-2", "LAY-003"): CUT,
    ("file-ends-inside-header-2", "HDR-002"): CUT,
    ("file-ends-inside-header-2", "HDR-005"): CUT,
    ("file-ends-inside-header-2", "RGN-002"): CUT,
    ("file-ends-inside-header-2", "RGN-003"): CUT,
    ("file-ends-behind-the-region-tables", "LAY-003"): CUT,
    ("file-ends-behind-the-region-tables", "RGN-012"): CUT,
    ("file-ends-before-1-mib", "LAY-003"): CUT,
    ("file-ends-before-1-mib", "RGN-012"): CUT,
    ("headers-tie-but-differ-in-data-write-guid", "HDR-004"): TWO_HEADERS,
    ("headers-tie-but-differ-in-log-guid", "HDR-004"): TWO_HEADERS,
    ("log-version-1-with-a-log", "HDR-007"): "a log of a version that nobody knows may be needed",
    ("log-up-to-2-64-in-use", "HDR-011"): LOST_LOG,
    ("log-cut-off-in-use", "HDR-011"): LOST_LOG,
    ("metadata-table-count-0", "ITM-010"): "without block size and disk size the file stays unreadable",
    ("metadata-table-count-0", "ITM-014"): "without block size and disk size the file stays unreadable",
    ("region-metadata-wraps-to-0", "RGN-012"): NOT_HERE,
    ("region-bat-wraps-to-0", "RGN-012"): NOT_HERE,
    ("region-unknown-wraps-to-0", "RGN-012"): NOT_HERE,
    ("bitmap-none-set", "SBM-003"): "the block holds data, so that its bits may be lost",
    ("locator-type-unknown-parent-named", "CHN-002"): NO_TYPE,
    ("chain-nil-linkage", "CHN-002"): NO_IDENTITY,
    ("chain-nil-linkage2", "CHN-002"): NO_IDENTITY,
    ("chain-parent-damaged", "HDR-003"): OF_PARENT,
    ("chain-parent-block-cut-off", "BAT-006"): OF_PARENT,
}
GROUPS = 16


def broken_by(case: Case) -> list[str]:
    """The rules of a case that somebody should mend."""
    return [rule for rule in case.findings if rule in REPAIRABLE and rule != COMMIT]


CASES = [case for case in all_cases() if broken_by(case)]
PAIRS = [(name, case) for case in CASES for name in planners_of(broken_by(case))]


def problems(case: Case, folder: Path) -> Iterator[str]:
    """What is wrong with what the planners make of a case."""
    mended: set[str] = set()
    for name in planners_of(broken_by(case)):
        (folder / name).mkdir()
        outcome = settled(case, folder / name, name)
        done = f"{name} did {[repair.summary for repair in outcome.repairs]}"
        mended |= {rule for rule in outcome.before.totals if rule not in outcome.after.totals}
        mended |= {"CHN-002"} if names_its_parent(case, folder / name, outcome) else set()
        new = set(outcome.after.totals) - set(outcome.before.totals) - UNCOVERED
        if new and not outcome.before.refused:
            yield f"{done}, new: {sorted(new)}"
        outcome.image.close()
    for rule in broken_by(case):
        is_left = (case.id, rule) in LEFT
        if is_left == (rule in mended):
            yield f"{rule} is {'mended, though listed as left' if is_left else 'left'}"


def names_its_parent(case: Case, folder: Path, outcome: Outcome) -> bool:
    """Whether the locator holds the DataWriteGuid of the file before the last, and did not do so before."""
    if len(case.files) < 2 or outcome.mended.locator is None:
        return False
    guid = current_header(FileSource(folder / case.files[-2].path)).get("data")
    held = [image.locator.linkage if image.locator else () for image in (outcome.image, outcome.mended)]
    return guid not in held[0] and guid in held[1]


@pytest.mark.parametrize("group", sampled(range(GROUPS), 0, 5, 10, 15))
def test_planners_mend_what_a_case_breaks_and_break_nothing_else(group: int, tmp_path: Path) -> None:
    wrong = []
    for case in CASES[group::GROUPS]:
        (tmp_path / case.id).mkdir()
        wrong += [f"{case.id}: {said}" for said in problems(case, tmp_path / case.id)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("group", sampled(range(GROUPS), 0, 5, 10, 15))
def test_without_a_loss_the_disk_is_what_the_recipe_means(group: int, tmp_path: Path) -> None:
    compared = 0
    for name, case in PAIRS[group::GROUPS]:
        if case.expect != "read" or any(rule in ("BAT-008", "BAT-009") for rule in case.findings):
            continue
        folder = tmp_path / f"{name}-{case.id}"
        folder.mkdir()
        outcome = settled(case, folder, name, ("auto", "offered"))
        if outcome.repairs and outcome.mended.mapping is not None:
            assert unlike(outcome.mended, case.expand()[-1].expected) == [], f"{case.id}, {name}"
            compared += 1
        outcome.image.close()
    assert compared > 2


@pytest.mark.parametrize("group", sampled(range(GROUPS), 0, 5, 10, 15))
def test_patches_lie_in_tables_and_never_in_blocks_headers_or_log(group: int, tmp_path: Path) -> None:
    seen = 0
    for name, case in PAIRS[group::GROUPS]:
        folder = tmp_path / f"{name}-{case.id}"
        folder.mkdir()
        outcome = settled(case, folder, name)
        plan, block_size = case.expand()[-1].plan, case.files[-1].geometry.block_size
        taken = [(place, place + block_size) for place in plan.payload.values() if place >= 4 * MIB]
        taken += [(64 << 10, 192 << 10), plan.extents.get("log", (0, 0))]
        is_shared = {"BAT-007", "BAT-008", "BAT-009"} & set(outcome.before.totals)
        for patch in (patch for repair in outcome.repairs for patch in repair.patches):
            seen += 1
            inside = [span for span in taken if span[0] < patch.end and patch.file_offset < span[1]]
            assert is_shared or not inside, f"{case.id}, {name}: {patch.file_offset:#x} in {inside}"
        outcome.image.close()
    assert seen > 3


def test_the_list_of_what_is_left_has_no_idle_entry() -> None:
    broken = {(case.id, rule) for case in CASES for rule in broken_by(case)}
    assert broken >= set(LEFT)
    assert {rule for _, rule in broken - set(LEFT)} == set(REPAIRABLE) - {COMMIT}
