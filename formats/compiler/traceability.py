"""Where each rule is decided, proven and tested: derived from the code, the conformance cases and the tests themselves.

Reads Python as syntax trees and cases as plain YAML; imports neither, since both need what is being generated.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "vhdx_runtime"
TESTS = ROOT / "tests"
CASES = RUNTIME / "conformance" / "cases"
# What decides rules; the rest of the package shows them, mends what breaks them or makes files that do.
DECIDING = ("*.py", "codec/*.py", "semantics/**/*.py", "check/*.py")
SHOWING = {"summary.py"}
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

    def walk(node: ast.AST, function: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            inner = function
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{function}.{child.name}" if function else child.name
            if isinstance(child, ast.Constant) and isinstance(child.value, str) and _RULE.fullmatch(child.value):
                yield child.value, f"{name}:{function}" if function else name
            yield from walk(child, inner)

    yield from walk(ast.parse(path.read_text("utf-8"), str(path)), "")


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
