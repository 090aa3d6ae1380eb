"""Every conformance case yields exactly the findings that it lists, and every provable rule stands in one."""

from __future__ import annotations

from pathlib import Path

import pytest
from vhdx_format.rules import RULES

from tests.support.cases import all_cases
from tests.support.sampling import sampled
from vhdx_runtime.check import Report, check_chain, check_image, without_chain
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.disk.chain import open_chain
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.errors import VhdxError

CASES = all_cases()
GROUPS = 24
SHORTENED = {  # cut off, but nothing of the disk is lost, or the file is refused
    "file-ends-behind-the-region-tables", "file-ends-before-1-mib",
    "region-bat-slack-cut-off", "region-metadata-cut-off", "log-cut-off-in-use",
    "log-flushed-file-offset-larger-than-the-file", "bitmap-cut-off",
}  # fmt: skip
PROVABLE = sorted(rule.id for rule in RULES.values() if rule.provable.kind != "no")


def reports(case: Case, folder: Path) -> tuple[list[Report], VhdxError | None]:
    """Check a case with its chain; the error where the chain cannot be opened."""
    source = open_source(case.build(folder).opened)
    with load_image(source, log=case.open.log, header=case.open.header) as image:
        try:
            chain = open_chain(
                image,
                parents=[folder / name for name in case.open.parents],
                parent_dirs=[folder / name for name in case.open.parent_dirs],
                without_parent=case.open.without_parent,
            )
        except VhdxError as error:
            return [without_chain(check_image(image), error)], error
        found = check_chain(chain)
        for parent in chain.images[1:]:
            parent.close()
        return found, None


def problem(case: Case, folder: Path) -> str:
    """What a check says that the case does not, or the other way round."""
    found, error = reports(case, folder)
    ids = {rule for report in found for rule in report.totals}
    if ids != set(case.findings):
        return f"missing {sorted(set(case.findings) - ids)}, too many {sorted(ids - set(case.findings))}"
    first = found[0]
    if case.expect == "refuse" and first.state != "unreadable":
        return f"{first.conclusion}, must be refused"
    if case.expect in ("read", "read-degraded") and error is None and first.state == "unreadable":
        return first.conclusion
    lost = sum(report.lost.bytes for report in found)
    if case.expect == "read" and lost:
        return f"{lost} bytes are said to be lost"
    if any(report.possible_loss or (report.cut and case.id not in SHORTENED and not lost) for report in found):
        return f"false alarm: {first.cut}, {first.possible_loss}"
    if case.expect == "read-degraded" and len(found) == 1:
        expected = joined(case.lost)
        if first.lost.is_complete and list(first.lost.ranges) != expected:
            return f"lost are {first.lost.ranges[:5]}, expected {expected[:5]}"
        if first.lost.bytes != sum(length for _, length in expected):
            return f"{first.lost.bytes} bytes are lost, expected {expected[:5]}"
    return ""


def joined(ranges: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """The same bytes with neighbours joined."""
    result: list[tuple[int, int]] = []
    for start, length in sorted(ranges):
        if result and sum(result[-1]) >= start:
            result[-1] = (result[-1][0], max(sum(result[-1]), start + length) - result[-1][0])
        else:
            result.append((start, length))
    return result


@pytest.mark.parametrize("group", sampled(range(GROUPS), *range(1, GROUPS, 3)))
def test_every_case_yields_exactly_its_findings(group: int, tmp_path: Path) -> None:
    wrong = []
    for case in CASES[group::GROUPS]:
        folder = tmp_path / case.id
        folder.mkdir()
        if said := problem(case, folder):
            wrong.append(f"{case.source}: {case.id}: {said}")
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_file() or path.is_symlink():
                path.unlink()
    assert not wrong, "\n".join(wrong)


def test_there_are_cases_and_provable_rules() -> None:
    assert len(CASES) > 600
    assert len(PROVABLE) > 140


@pytest.mark.parametrize("rule", PROVABLE)
def test_a_provable_rule_stands_in_the_findings_of_a_case(rule: str) -> None:
    assert any(rule in case.findings for case in CASES), f"no case breaks {rule}"


def test_healthy_cases_of_every_type_have_no_findings() -> None:
    types = {case.files[-1].geometry.disk_type for case in CASES if not case.findings and case.expect == "read"}
    assert types == {"fixed", "dynamic", "differencing"}
