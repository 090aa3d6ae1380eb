"""How much of the specification rules, writers and cases cover, for the last lines of a test run."""

from __future__ import annotations

from collections import Counter

from vhdx_format.clauses import CLAUSES
from vhdx_format.rules import RULES

from vhdx_runtime.book.build.traceability_page import cases


def coverage_line() -> str:
    """The demands of the specification by what became of them, and the provable rules that a case breaks."""
    levels, kinds = Counter(clause.level for clause in CLAUSES), Counter(clause.kind for clause in CLAUSES)
    provable = {rule.id for rule in RULES.values() if rule.provable.kind != "no"}
    proven = provable & {rule for case in cases() for rule in case.findings}
    return (
        f"clauses of MS-VHDX: {levels['must']} must, {levels['should']} should: {kinds['rules']} by rules, "
        f"{kinds['writer']} duties of writers, {kinds['unchecked']} not checkable; "
        f"provable rules with a case: {len(proven)}/{len(provable)}"
    )
