"""The obligations of the specification: `clauses.yaml` as data, held against the rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formats.compiler.literals import Call, module, render
from formats.compiler.rulebook import Rule, Rulebook
from formats.compiler.schema import SchemaError, load_yaml, section, text, words

FILE = "clauses.yaml"
LEVELS = ("must", "should")
KINDS = ("rules", "writer", "unchecked")
BASES = ("spec", "derived")  # of the rules that must be named by a clause
_KEYS = ("section", "level", "text", *KINDS, "see")
_ID = re.compile(r"[A-Z]{3}-[0-9]{3}")
_SECTION = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True)
class Clause:
    """One obligation; see `support/clauses_records.py`."""

    section: str
    level: str
    text: str
    kind: str
    ids: tuple[str, ...]
    note: str
    see: tuple[str, ...]


def build(book: Rulebook, formats: Path) -> tuple[Clause, ...]:
    """Reads and checks the clauses.

    Raises:
        SchemaError: a key is missing or unknown, a rule is unknown, of another section or of the wrong scope, a clause
            stands twice, or a rule that the specification demands is named by none.
    """
    declared = load_yaml(formats / FILE)["clauses"]
    clauses = tuple(_clause(number, data) for number, data in enumerate(declared, 1))
    twice = [name for name, count in Counter((one.section, one.text) for one in clauses).items() if count > 1]
    if twice:
        raise SchemaError(f"{FILE}: section {twice[0][0]} says twice: {twice[0][1]}")
    for clause in clauses:
        _check(clause, book.rules)
    named = {rule for clause in clauses for rule in clause.ids}
    for rule in book.rules.values():
        if rule.data["severity"] in LEVELS and rule.data["basis"] in BASES and rule.id not in named:
            raise SchemaError(f"{FILE}: no clause names {rule.id}, which the specification demands")
    return clauses


def sections(value: str) -> frozenset[str]:
    """The numbers in the section of a rule: "2.1/2.5.1" names two, "2.5.1.1 <11>" one with a footnote."""
    return frozenset(part.split(" ")[0] for part in value.split("/") if _SECTION.fullmatch(part.split(" ")[0]))


def _clause(number: int, data: dict[str, Any]) -> Clause:
    where = f"{FILE}: clause {number}"
    unknown = set(data).difference(_KEYS)
    if unknown:
        raise SchemaError(f"{where}: unknown keys: {', '.join(sorted(unknown))}")
    kinds = [kind for kind in KINDS if kind in data]
    if len(kinds) != 1:
        raise SchemaError(f"{where}: needs exactly one of {', '.join(KINDS)}, has {', '.join(kinds) or 'none'}")
    made = str(data.get("section", "")), str(data.get("level", "")), text(data.get("text"))
    if not _SECTION.fullmatch(made[0]) or made[1] not in LEVELS or not made[2]:
        raise SchemaError(f"{where}: needs a section, a level ({' or '.join(LEVELS)}) and a text")
    kind = kinds[0]
    is_list = isinstance(data[kind], list)
    if kind != "writer" and is_list != (kind == "rules"):
        raise SchemaError(f"{where}: rules is a list of ids, unchecked the words of a reason")
    ids, note = (words(data[kind]), "") if is_list else ((), text(data[kind]))
    if not ids and not note:
        raise SchemaError(f"{where}: {kind} says nothing")
    return Clause(*made, kind, ids, note, words(data.get("see")))


def _check(clause: Clause, rules: dict[str, Rule]) -> None:
    where = f"{FILE}: section {clause.section}, {clause.text!r}"
    for name in (*clause.ids, *clause.see):
        if name not in rules:
            raise SchemaError(f"{where}: no rule is called {name}")
    for name in clause.ids:
        own = section(rules[name].data["section"])
        if not any(f"{one}.".startswith(f"{clause.section}.") for one in sections(own)):
            raise SchemaError(f"{where}: {name} is a rule of section {own}; name it under see")
        if (rules[name].data["scope"] == "writer") != (clause.kind == "writer"):
            raise SchemaError(f"{where}: {name} is of scope {rules[name].data['scope']}, not for {clause.kind}")
    if set(clause.ids) & set(clause.see):
        raise SchemaError(f"{where}: names a rule twice")


def emit_clauses(clauses: Iterable[Clause]) -> str:
    """`clauses.py`."""
    rows = tuple(Call("Clause", {key: value for key, value in vars(one).items() if value}) for one in clauses)
    body = f"CLAUSES: Final[tuple[Clause, ...]] = {render(rows)}\n"
    return module("What MS-VHDX demands, as plain data.", "clauses_records.py", body)
