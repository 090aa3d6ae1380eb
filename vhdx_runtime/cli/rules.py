"""`vhdx rules`: the catalogue of all rules, and what there is to say of one.

An example is looked for among the conformance cases, where PyYAML is there to read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from ..check import catalogue
from ..wording import counted
from .common import USAGE, Failure, emit, emit_json, examples, json_option
from .steps import NEXT

_WIDTH = 100
_COLUMNS = ("id", "severity", "verdict", "stage", "scope", "repair", "section", "slug")
_KINDS = {
    "instance": "schema, as a boolean instance that must hold",
    "checksum": "schema, as a checksum",
    "zero": "schema, as a field whose bytes must all be zero",
    "function": "function, as no schema can say it",
}
_BASES = {
    "spec": "the specification says so",
    "derived": "it follows from what the specification says",
    "impl": "implementations agree on it; the specification does not say so",
}
_NOT_DECIDABLE = "no: it binds a program while it writes; a file at rest does not show it"
_EPILOG = examples("vhdx rules", "vhdx rules 'HDR-*'", "vhdx rules BAT-008", "vhdx rules --json | jq '.rules[].id'")


@click.command("rules", epilog=_EPILOG)
@click.argument("ids", nargs=-1, metavar="[ID]…")
@json_option
def command(ids: tuple[str, ...], as_json: bool) -> None:
    """Print the catalogue of rules, or explain the rules ID.

    In ID, `*` and `?` stand for other characters; the rules that match are listed. Each rule is explained: what it
    asks for, by which section, what a reader does about it, where it is declared, and a conformance case that breaks
    it.
    """
    try:
        wanted = catalogue.ids(ids)
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["rule"]) from error
    records = [catalogue.record(rule) for rule in wanted]
    is_explained = bool(ids) and not any(set(pattern) & set("*?[") for pattern in ids)
    if is_explained:
        found = _examples(wanted)
        records = [record | {"example": found.get(record["id"])} for record in records]
    if as_json:
        emit_json({"rules": records})
    elif is_explained:
        for number, record in enumerate(records):
            emit([*([""] if number else []), *_explanation(record)])
    else:
        emit(_table(records))


def _table(records: list[dict[str, Any]]) -> Iterator[str]:
    rows = [list(_COLUMNS)]
    for record in records:
        shown = record if record["is_decidable"] else record | {"stage": "writer", "verdict": "-"}
        rows.append([str(shown[name]) or "-" for name in _COLUMNS])
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    silent = sum(not record["is_decidable"] for record in records)
    yield counted(len(records), "rule") + (
        f"; {silent} of stage writer, which no file can show to be broken" if silent else ""
    )


def _explanation(record: dict[str, Any]) -> Iterator[str]:
    yield f"{record['id']} {record['slug']}"
    yield from _wrapped("", record["text"])
    yield ""
    declared = record["declared"]
    yield from _wrapped("section", f"MS-VHDX {record['section']}" if record["section"][:1].isdigit() else "none")
    yield from _wrapped("severity", f"{record['severity']}; {_BASES[record['basis']]}")
    yield from _wrapped("about", f"{record['structure']}: {', '.join(record['fields'])}")
    yield from _wrapped(
        "scope", record["scope"] + (f"; only for {_words(record['applies'])}" if record["applies"] else "")
    )
    if record["is_decidable"]:
        yield from _wrapped("stage", record["stage"])
        yield from _wrapped("verdict", _verdict(record))
    else:
        yield from _wrapped("decidable", _NOT_DECIDABLE)
    if record["counts_as"]:
        yield from _wrapped("counts as", f"{record['counts_as']}, where nothing else is left of what it is about")
    yield from _wrapped("reader", record["reader"])
    for number, step in enumerate(record["next"]):
        yield from _wrapped("or" if number else "next", step)
    yield from _wrapped("repair", " ".join(part for part in (f"{record['repair']}.", record["repair_how"]) if part))
    if record["is_decidable"]:
        yield from _wrapped("decided by", ". ".join(filter(None, (_KINDS[declared["kind"]], declared["why"]))))
        yield from _wrapped("declared in", ", ".join([declared["file"], *declared["instances"]]))
        yield from _wrapped("example", _example(record))
    for number, clause in enumerate(record["clauses"]):
        text = f"MS-VHDX {clause['section']}, {clause['level']}: {clause['text']}"
        yield from _wrapped("demands" if not number else "…", text)


def _verdict(record: dict[str, Any]) -> str:
    conditions = [f"{verdict} where {_words([name])}" for name, verdict in record["conditions"].items()]
    return "; ".join([record["verdict"], *conditions])


def _words(names: list[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


def _example(record: dict[str, Any]) -> str:
    if record["example"]:
        return f"conformance case {record['example']['id']}: {record['example']['title']}"
    return record["provable"]["reason"] or "none at hand"


def _wrapped(label: str, text: str) -> Iterator[str]:
    from textwrap import wrap

    indent = " " * 2 if not label else " " * 15
    lines = wrap(text, _WIDTH, initial_indent=f"  {label:<13}" if label else indent, subsequent_indent=indent)
    yield from lines or [f"  {label}"]


def _examples(wanted: list[str]) -> dict[str, dict[str, str]]:
    """For each rule the case that breaks it and least else; none where the cases cannot be read."""
    try:
        from ..conformance.cases import load_cases

        cases = load_cases()
    except ImportError:  # PyYAML is not there
        return {}
    found = {}
    for rule in wanted:
        breaking = [case for case in cases if rule in case.findings]
        if breaking:
            best = min(breaking, key=lambda case: (len(case.findings), len(case.files)))
            found[rule] = {"id": best.id, "title": best.title}
    return found
