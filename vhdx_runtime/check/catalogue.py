"""The catalogue of all rules as plain values: names, text, lists and dictionaries."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

from vhdx_format.clauses import CLAUSES
from vhdx_format.layout import STRUCTURES
from vhdx_format.rules import RULES, STEPS, Rule, Step

UNDECIDABLE: Final = "writer"


def ids(patterns: Iterable[str] = ()) -> list[str]:
    """Rules that match any of some patterns, in the order of the catalogue.

    Args:
        patterns: ids, in which `*`, `?` and `[…]` stand for others; none of them for all rules.

    Raises:
        ValueError: a pattern that no rule matches.

    >>> ids(["lay-00[12]", "WRT-001"])
    ['LAY-001', 'LAY-002', 'WRT-001']
    """
    wanted = [pattern.upper() for pattern in patterns]
    for pattern in wanted:
        if not any(fnmatchcase(rule, pattern) for rule in RULES):
            raise ValueError(f"no rule is called {pattern}")
    return [rule for rule in RULES if not wanted or any(fnmatchcase(rule, pattern) for pattern in wanted)]


def record(rule_id: str) -> dict[str, Any]:
    """One rule.

    Returns:
        What the schemas declare of it; `is_decidable` is False where no file can show that it is broken, as it binds
        a program while it writes.
    """
    rule = RULES[rule_id]
    return {
        "id": rule.id,
        "slug": rule.slug,
        "text": rule.text,
        "section": rule.section,
        "severity": rule.severity,
        "basis": rule.basis,
        "scope": rule.scope,
        "stage": rule.stage,
        "structure": rule.structure,
        "fields": list(rule.fields),
        "applies": list(rule.applies),
        "verdict": rule.verdict,
        "conditions": dict(rule.when),
        "counts_as": rule.counts_as,
        "error": rule.error,
        "reader": rule.reader,
        "next": [_step(STEPS[name], rule_id) for name in rule.next],
        "repair": rule.repair,
        "repair_how": rule.repair_how,
        "is_decidable": rule.scope != UNDECIDABLE,
        "declared": _declared(rule),
        "clauses": _clauses(rule_id),
        "provable": {"kind": rule.provable.kind, "with": list(rule.provable.ids), "reason": rule.provable.reason},
    }


def _step(step: Step, rule_id: str) -> str:
    """What can be done next, with the first of its options."""
    option = f"`{step.options[0]}`" if step.options else ""
    return step.text.replace("{option}", option).replace("{rule}", rule_id).replace("{file}", "FILE")


def _clauses(rule_id: str) -> list[dict[str, str]]:
    """What the specification demands that the rule watches over; `section` of MS-VHDX, `text` in our own words."""
    return [
        {"section": clause.section, "level": clause.level, "text": clause.text}
        for clause in CLAUSES
        if rule_id in (*clause.ids, *clause.see)
    ]


def _declared(rule: Rule) -> dict[str, Any]:
    """Where a rule is declared, and what decides it."""
    structure = STRUCTURES.get(rule.structure)
    in_schema = structure is not None and rule.kind != "function"
    file = f"formats/{structure.schema}.ksy" if structure is not None and in_schema else "formats/rules.yaml"
    return {"kind": rule.kind, "file": file, "instances": list(rule.instances), "why": rule.why}
