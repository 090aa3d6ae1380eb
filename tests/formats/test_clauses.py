"""Every demand of the specification has become something, and every rule can be followed to code, cases and tests."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from vhdx_format.clauses import CLAUSES
from vhdx_format.rules import RULES

from formats.compiler.schema import SchemaError
from tests.support.cases import all_cases
from tests.support.coverage import coverage_line
from tests.support.yamls import load_yaml
from vhdx_runtime.book.build import traceability_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "generated" / "book" / "traceability.md").read_text("utf-8")
DECLARED: list[dict[str, Any]] = load_yaml(ROOT / "formats" / "clauses.yaml")["clauses"]
# The sections of MS-VHDX that demand something.
SECTIONS = [
    "2", "2.1", "2.2", "2.2.1", "2.2.2", "2.2.2.1", "2.2.3", "2.2.3.1", "2.2.3.2", "2.3", "2.3.1", "2.3.1.1",
    "2.3.1.2", "2.3.1.3", "2.3.1.4", "2.3.2", "2.3.3", "2.4", "2.5", "2.5.1", "2.5.1.1", "2.5.1.2", "2.6", "2.6.1.1",
    "2.6.1.2", "2.6.2", "2.6.2.1", "2.6.2.2", "2.6.2.3", "2.6.2.4", "2.6.2.5", "2.6.2.6", "2.6.2.6.1", "2.6.2.6.2",
    "2.6.2.6.3",
]  # fmt: skip


def test_every_section_that_demands_something_has_its_clauses_in_order() -> None:
    assert list(dict.fromkeys(clause.section for clause in CLAUSES)) == SECTIONS
    named = {
        number for rule in RULES.values() for number in re.findall(r"[0-9](?:\.[0-9]+)*", rule.section.split("<")[0])
    }
    assert named <= set(SECTIONS)


def test_the_generated_clauses_are_the_declared_ones() -> None:
    assert len(CLAUSES) == len(DECLARED) > 150
    for clause, declared in zip(CLAUSES, DECLARED, strict=True):
        assert (clause.section, clause.level, clause.text) == tuple(
            declared[key] for key in ("section", "level", "text")
        )
        assert set(declared) - {"section", "level", "text", "see"} == {clause.kind}
        assert declared[clause.kind] in (list(clause.ids), clause.note)
        assert declared.get("see", []) == list(clause.see)


@pytest.mark.parametrize("severity", ["must", "should"])
def test_every_rule_that_the_specification_demands_is_named_by_a_clause(severity: str) -> None:
    named = {rule for clause in CLAUSES for rule in clause.ids}
    demanded = {rule.id for rule in RULES.values() if rule.severity == severity and rule.basis in ("spec", "derived")}
    assert len(demanded) > 5
    assert demanded - named == set()


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: f"{clause.section} {clause.text[:40]}")
def test_the_rules_of_a_clause_are_of_its_section(clause: Any) -> None:
    for rule in clause.ids:
        assert re.search(rf"(^|/){re.escape(clause.section)}(?![0-9])", RULES[rule].section), (
            rule,
            RULES[rule].section,
        )
        assert (RULES[rule].scope == "writer") == (clause.kind == "writer")
    assert bool(clause.ids) != bool(clause.note)
    assert set(clause.see) <= set(RULES)


def test_cases_are_found_as_the_library_multiplies_them() -> None:
    expected = [(case.id, tuple(case.findings), len(case.files)) for case in all_cases()]
    assert [(row.id, row.findings, row.files) for row in traceability_page.cases()] == expected


def test_every_rule_has_a_row_with_what_decides_it_and_a_case_that_breaks_it() -> None:
    rows = dict(re.findall(r"^\| \[([A-Z]{3}-\d{3})\]\S+ `[a-z0-9-]+` \| (.+)$", PAGE, re.MULTILINE))
    assert list(rows) == list(RULES)
    broken = {case.id: set(case.findings) for case in all_cases()}
    for name, row in rows.items():
        decided, shown = row.split(" | ")[:2]
        rule = RULES[name]
        if rule.scope == "writer":
            assert decided == "*a duty of writers*"
        elif rule.kind == "function" and rule.provable.kind != "no":
            assert re.match(r"`[a-z_.]+(:[A-Za-z_.]+)?`", decided), (name, decided)
        if rule.provable.kind != "no":
            examples = re.findall(r"`([a-z0-9-]+)`", shown)
            assert examples, name
            assert all(name in broken[example] for example in examples), name


def test_a_function_is_found_where_it_stands() -> None:
    found = traceability_page.traces()
    assert found["BAT-008"].functions == ["check.extents:ExtentCheck._clash"]
    assert found["FTI-007"].functions == ["semantics.reserved:header_section_tail"]
    assert "check/test_tables.py" in found["BAT-008"].tests
    decided_twice = {
        rule
        for rule in ("FTI-005", "FTI-007", "HDR-015", "HDR-016", "RGN-019", "BAT-018")
        if len(found[rule].functions) > 1
    }
    assert decided_twice == set()


def test_a_rule_without_code_or_case_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    traces = traceability_page.traces()
    assert "| Rule |" in traceability_page.traceability_page(CLAUSES, RULES).text
    monkeypatch.setattr(
        traceability_page,
        "traces",
        lambda: traces | {"BAT-008": traceability_page.Trace(cases=traces["BAT-008"].cases)},
    )
    with pytest.raises(SchemaError, match="BAT-008 is decided by no function"):
        traceability_page.traceability_page(CLAUSES, RULES)
    monkeypatch.setattr(traceability_page, "traces", lambda: traces | {"HDR-001": traceability_page.Trace()})
    with pytest.raises(SchemaError, match="can break HDR-001, but no conformance case does"):
        traceability_page.traceability_page(CLAUSES, RULES)


def test_the_last_lines_of_a_test_run_say_how_much_is_covered() -> None:
    kinds = Counter(next(key for key in ("rules", "writer", "unchecked") if key in one) for one in DECLARED)
    line = coverage_line()
    assert f"{kinds['rules']} by rules, {kinds['writer']} duties of writers, {kinds['unchecked']} not checkable" in line
    assert line.endswith("provable rules with a case: 154/154")
