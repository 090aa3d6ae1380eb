"""Writes the page that traces rules: from the specification's demands to rules, code, cases and tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from formats.compiler.book.pages import NOTE, code, link, section_text, table
from formats.compiler.clauses import Clause
from formats.compiler.rulebook import Rule, Rulebook
from formats.compiler.schema import SchemaError
from formats.compiler.traceability import Trace, traces

PATH = "traceability.md"
RULES = "rules.md"
SHOWN = 3
# Rules that no function names, since what breaks them breaks one of these too; `provable` of the rule says it in words.
BY_OTHERS = {"LAY-001", "LAY-002"}
_INTRODUCTION = """# Traceability

What the specification demands, and what became of it: {must} clauses that say *must* and {should} that say *should*.
{rules} of them are judged by rules, {writer} bind programs that write, {unchecked} cannot be checked, and the reason
stands beside them. Then every rule: what decides it, and the conformance cases and test modules that hold it to that.

The texts are ours, in the order of MS-VHDX 8.0. All of this is derived: clauses from `formats/clauses.yaml`, functions
from the syntax trees of the code, cases from what they say a check must report, tests from the ids that they name.
"""
_CASES = """A file can break {provable} of the {count} rules; each of these has a conformance case, of which the
plainest stand here. `tests/conformance/test_cases.py` demands that and reads every case with the library,
`tests/check/test_conformance_cases.py` compares the ids that a check of every case reports with those that the case
lists, and `tests/check/test_real_images.py` with what is known of real images; these three name every such rule and are
left out of the rows.

"""


def emit_traceability(clauses: Iterable[Clause], book: Rulebook) -> str:
    """The page.

    Raises:
        SchemaError: no code decides a rule that a file can break, or no case breaks it.
    """
    clauses = tuple(clauses)
    found = traces()
    for rule in book.rules.values():
        _check(rule, found.get(rule.id, Trace()))
    levels, kinds = (Counter(getattr(one, key) for one in clauses) for key in ("level", "kind"))
    provable = sum(is_provable(rule) for rule in book.rules.values())
    parts = [NOTE, _INTRODUCTION.format(**levels, **kinds), "\n## From the specification to rules\n\n"]
    parts.append(table(("Section", "Level", "Demand", "Kept by"), map(_clause_row, clauses)))
    parts += ["## From rules to code, cases and tests\n\n", _CASES.format(provable=provable, count=len(book.rules))]
    rows = [_rule_row(rule, found.get(rule.id, Trace())) for rule in book.rules.values()]
    parts.append(table(("Rule", "Decided by", "Cases", "Tests that name it"), rows))
    return "".join(parts).rstrip() + "\n"


def is_provable(rule: Rule) -> bool:
    """True where a file can show that the rule is broken."""
    declared = rule.data["provable"]
    return isinstance(declared, str) or "no" not in declared


def _check(rule: Rule, trace: Trace) -> None:
    if rule.kind == "function" and rule.data["scope"] != "writer" and not trace.functions and rule.id not in BY_OTHERS:
        raise SchemaError(f"{rule.where}: {rule.id} is decided by no function of the code")
    if is_provable(rule) and not trace.cases:
        raise SchemaError(f"{rule.where}: a file can break {rule.id}, but no conformance case does")


def _clause_row(clause: Clause) -> tuple[str, ...]:
    see = f"see also {_rules(clause.see)}" if clause.see else ""
    if clause.kind == "rules":
        kept = _rules(clause.ids)
    elif clause.kind == "writer":
        kept = f"*a duty of writers:* {_rules(clause.ids) or clause.note}"
    else:
        kept = f"*not checkable:* {clause.note}"
    return section_text(clause.section), clause.level, clause.text, "; ".join(filter(None, (kept.rstrip("."), see)))


def _rules(ids: Iterable[str]) -> str:
    return ", ".join(link(name, RULES, PATH, name.lower()) for name in ids)


def _rule_row(rule: Rule, trace: Trace) -> tuple[str, ...]:
    return f"{_rules([rule.id])} `{rule.data['slug']}`", _decided(rule, trace), _cases(rule, trace), _tests(trace)


def _decided(rule: Rule, trace: Trace) -> str:
    if rule.data["scope"] == "writer":
        return "*a duty of writers*"
    if rule.instances:
        return f"schema: {code(rule.instances)}"
    if rule.kind == "zero":
        return f"schema: zero bytes in `{rule.structure}.{rule.fields[0]}`"
    if rule.kind == "checksum":
        return f"schema: checksum of `{rule.structure}`"
    return code(trace.functions) or "*the rules of each object*"


def _cases(rule: Rule, trace: Trace) -> str:
    if not trace.cases:
        return f"*none:* {_reason(rule)}"
    best = sorted(trace.cases, key=lambda case: (len(case.findings), case.files))[:SHOWN]
    more = len(trace.cases) - len(best)
    return code(case.id for case in best) + (f" and {more} more" if more else "")


def _reason(rule: Rule) -> str:
    declared = rule.data["provable"]
    return " ".join(str(declared["no"]).split()) if isinstance(declared, dict) and "no" in declared else ""


def _tests(trace: Trace) -> str:
    every = ("conformance/test_cases.py", "check/test_conformance_cases.py", "check/test_real_images.py")
    return code(name.removesuffix(".py") for name in trace.tests if name not in every)
