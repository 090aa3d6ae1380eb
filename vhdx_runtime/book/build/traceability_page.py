"""Writes the page that traces rules: from the specification's demands to rules, code, cases and tests."""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from vhdx_format.clauses import Clause
from vhdx_format.layout import ITEMS
from vhdx_format.rules import Rule

from formats.compiler.schema import SchemaError

from .pages import BookPage, Topic, code, link_to, section_text, table

ROOT = Path(__file__).resolve().parents[3]
RUNTIME = ROOT / "vhdx_runtime"
TESTS = ROOT / "tests"
CASES = RUNTIME / "conformance" / "cases"
# What decides rules; the rest of the package shows them, mends what breaks them or makes files that do.
DECIDING = ("*.py", "codec/*.py", "semantics/**/*.py", "disk/*.py", "check/*.py")
_ITEMS_LOOP = "semantics.metadata:_table_findings"  # goes over the items that are declared to be on every disk
SHOWING = {"summary.py", "mending.py"}
_RULE = re.compile(r"[A-Z]{3}-[0-9]{3}")
_NAME = re.compile(r"\{([a-z_][a-z0-9_]*)(?:\.([a-z_][a-z0-9_]*))?\}")


@dataclass(frozen=True)
class CaseRow:
    """A conformance case: its id, the rules that a check of it must report, and the number of its files."""

    id: str
    findings: tuple[str, ...]
    files: int


@dataclass
class Trace:
    """What is known of one rule: functions that name it, cases that break it, test modules that name it."""

    functions: list[str] = field(default_factory=list)
    cases: list[CaseRow] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)


def traces() -> dict[str, Trace]:
    """Everything about every rule that is named anywhere, by its id."""
    found: dict[str, Trace] = {}
    for pattern in DECIDING:
        for path in sorted(RUNTIME.glob(pattern)):
            if path.name not in SHOWING:
                for rule, function in _named(path):
                    _add(found.setdefault(rule, Trace()).functions, function)
    for item in ITEMS.values():
        if item.missing:
            _add(found.setdefault(item.missing, Trace()).functions, _ITEMS_LOOP)
    for case in cases():
        for rule in case.findings:
            found.setdefault(rule, Trace()).cases.append(case)
    for path in sorted(TESTS.rglob("*.py")):
        for rule in sorted(set(_RULE.findall(path.read_text("utf-8")))):
            _add(found.setdefault(rule, Trace()).tests, path.relative_to(TESTS).as_posix())
    return found


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def _named(path: Path) -> Iterator[tuple[str, str]]:
    """Every text in a module that is the id of a rule, with the function it stands in, or the module for a table."""
    name = ".".join(path.relative_to(RUNTIME).with_suffix("").parts)

    def _walk(node: ast.AST, function: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            inner = function
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{function}.{child.name}" if function else child.name
            if isinstance(child, ast.Constant) and isinstance(child.value, str) and _RULE.fullmatch(child.value):
                yield child.value, f"{name}:{function}" if function else name
            yield from _walk(child, inner)

    yield from _walk(ast.parse(path.read_text("utf-8"), str(path)), "")


@cache
def cases() -> tuple[CaseRow, ...]:
    """Every conformance case, with what it multiplies into, in the order of the files."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    rows = []
    for path in sorted(CASES.glob("*.yaml"), key=lambda path: path.stem):
        for entry in yaml.load(path.read_text("utf-8"), Loader=loader):
            rows += [_row(entry, values) for values in _combinations(entry)]
    return tuple(rows)


def _row(entry: dict[str, Any], values: dict[str, Any]) -> CaseRow:
    findings = entry.get("findings", [])
    if isinstance(findings, str):
        findings = _value(findings, values)
    named = [_value(one, values) for one in findings]
    name = _NAME.sub(lambda match: _text(match, values), entry["id"])
    return CaseRow(name, tuple(named), len(entry["files"]))


def _combinations(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    matrix = entry.get("matrix", {})
    for combination in itertools.product(*matrix.values()):
        values = dict(zip(matrix, combination, strict=True))
        if not any(all(_is(values[name], one[name]) for name in one) for one in entry.get("exclude", ())):
            yield values


def _is(value: Any, excluded: Any) -> bool:
    if isinstance(excluded, list) and not isinstance(value, list):
        return any(_is(value, one) for one in excluded)
    if isinstance(value, dict) and isinstance(excluded, str):
        value = value.get("id")
    return bool(value == excluded)


def _value(text: str, values: dict[str, Any]) -> Any:
    match = _NAME.fullmatch(text)
    if match is None:
        return text
    value = values[match[1]]
    return value[match[2]] if match[2] else value


def _text(match: re.Match[str], values: dict[str, Any]) -> str:
    value = _value(match[0], values)
    return str(value["id"] if isinstance(value, dict) else value)


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


def traceability_page(clauses: Iterable[Clause], rules: Mapping[str, Rule]) -> BookPage:
    """The page.

    Raises:
        SchemaError: no code decides a rule that a file can break, or no case breaks it.
    """
    clauses = tuple(clauses)
    found = traces()
    for rule in rules.values():
        _check(rule, found.get(rule.id, Trace()))
    levels, kinds = (Counter(getattr(one, key) for one in clauses) for key in ("level", "kind"))
    provable = sum(rule.provable.kind != "no" for rule in rules.values())
    parts = [_INTRODUCTION.format(**levels, **kinds), "\n## From the specification to rules\n\n"]
    parts.append(table(("Section", "Level", "Demand", "Kept by"), map(_clause_row, clauses)))
    parts += ["## From rules to code, cases and tests\n\n", _CASES.format(provable=provable, count=len(rules))]
    rows = [_rule_row(rule, found.get(rule.id, Trace())) for rule in rules.values()]
    parts.append(table(("Rule", "Decided by", "Cases", "Tests that name it"), rows))
    text = "".join(parts).rstrip() + "\n"
    return BookPage(PATH, "Traceability", "", text, [Topic("traceability", "chapter", "Traceability", PATH)])


def _check(rule: Rule, trace: Trace) -> None:
    if rule.kind == "function" and rule.scope != "writer" and not trace.functions and rule.id not in BY_OTHERS:
        raise SchemaError(f"{rule.id} is decided by no function of the code")
    if rule.provable.kind != "no" and not trace.cases:
        raise SchemaError(f"a file can break {rule.id}, but no conformance case does")


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
    return ", ".join(link_to(name, RULES, PATH, name.lower()) for name in ids)


def _rule_row(rule: Rule, trace: Trace) -> tuple[str, ...]:
    return f"{_rules([rule.id])} `{rule.slug}`", _decided(rule, trace), _cases(rule, trace), _tests(trace)


def _decided(rule: Rule, trace: Trace) -> str:
    if rule.scope == "writer":
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
        return f"*none:* {rule.provable.reason}"
    best = sorted(trace.cases, key=lambda case: (len(case.findings), case.files))[:SHOWN]
    more = len(trace.cases) - len(best)
    return code(case.id for case in best) + (f" and {more} more" if more else "")


def _tests(trace: Trace) -> str:
    every = ("conformance/test_cases.py", "check/test_conformance_cases.py", "check/test_real_images.py")
    return code(name.removesuffix(".py") for name in trace.tests if name not in every)
