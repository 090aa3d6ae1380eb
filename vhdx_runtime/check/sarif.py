"""Reports as SARIF 2.1.0, for programs that collect what checkers find.

Knows which of our words is which of that format; judges nothing. Texts of strangers stay text: they have neither links
nor placeholders in them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from vhdx_format.layout import STRUCTURES
from vhdx_format.rules import RULES

from ..findings import WRONG, Finding
from ..version import __version__
from ..wording import shown
from . import catalogue
from .report import Report

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
SPECIFICATION: Final = "https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/"
_LEVELS: Final = {"warn": "warning", "note": "note"} | dict.fromkeys(WRONG, "error")
_LINK: Final = re.compile(r"\[(?=[^\]]*\]\()")
_PLACEHOLDER: Final = re.compile(r"\{(\d+)\}")
_SERIOUS: Final = "degrade"


def document(reports: Sequence[Report], errors: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """One run over some files.

    Args:
        reports: on the files, parents among them.
        errors: files that could not be opened, each with the reason.

    Returns:
        A SARIF log: a result for each finding, with the rules of the catalogue that a file can break.
    """
    rules = [rule for rule in catalogue.ids() if RULES[rule].scope != catalogue.UNDECIDABLE]
    numbers = {rule: number for number, rule in enumerate(rules)}
    failures = [*errors, *((report.name, report.failure) for report in reports if report.failure)]
    run = {
        "tool": {"driver": {"name": "vhdx", "version": __version__, "rules": [_rule(rule) for rule in rules]}},
        "invocations": [_invocation(failures, [*_left_out(reports)])],
        "artifacts": [_artifact(report) for report in reports],
        "results": [result for at, report in enumerate(reports) for result in _results(report, at, numbers)],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def uri(name: str) -> str:
    """The name of a file as a URI; relative where the name is.

    >>> uri("a b#c.vhdx"), uri("c:d.vhdx")
    ('a%20b%23c.vhdx', 'c%3Ad.vhdx')
    """
    path = PurePath(name)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))


def plain(text: str) -> str:
    r"""A text in which no reader of SARIF finds a link or a placeholder.

    >>> print(plain("bat[7] [here](https://example.org) {0}"))
    bat[7] \[here](https://example.org) {{0}}
    """
    return _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub(r"\\[", shown(text)))


def _message(text: str) -> dict[str, str]:
    return {"text": plain(text)}


def _rule(name: str) -> dict[str, Any]:
    known = catalogue.record(name)
    section = f"MS-VHDX {known['section']}" if known["section"][:1].isdigit() else "not in the specification"
    said = [f"{section}.", known["reader"], *(f"{step}." for step in known["next"])]
    return {
        "id": name,
        "name": known["slug"],
        "shortDescription": {"text": known["text"]},
        "helpUri": SPECIFICATION,
        "help": {"text": " ".join(text for text in said if text)},
        "defaultConfiguration": {"level": _LEVELS[known["verdict"]]},
        "properties": {"section": known["section"], "severity": known["severity"], "verdict": known["verdict"]},
    }


def _left_out(reports: Sequence[Report]) -> Iterator[tuple[str, str]]:
    """Reports that count more findings than they list."""
    for report in reports:
        more = sum(report.totals.values()) - len(report.findings)
        if more > 0 and not report.foreign:
            yield report.name, f"{more} more findings of the same rules are not listed; `totals` counts them"


def _invocation(failures: Sequence[tuple[str, str]], remarks: Sequence[tuple[str, str]]) -> dict[str, Any]:
    told = [
        {
            "level": level,
            "message": _message(text),
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(name)}}}],
        }
        for level, texts in (("error", failures), ("note", remarks))
        for name, text in texts
    ]
    return {"executionSuccessful": not failures, "toolExecutionNotifications": told}


def _artifact(report: Report) -> dict[str, Any]:
    said = {
        "state": report.state,
        "conclusion": shown(report.conclusion),
        "totals": {} if report.foreign else report.totals,
    }
    return {"location": {"uri": uri(report.name)}, "properties": said}


def _results(report: Report, at: int, numbers: dict[str, int]) -> Iterator[dict[str, Any]]:
    """The findings of one file, and what is wrong with it without breaking a rule."""
    if report.foreign:  # ten broken rules would say the same
        yield _result(f"is no VHDX: it {report.foreign.text}", WRONG[0], report.name, at)
        return
    for finding in report.findings:
        wanted = f", expected {finding.expected}" if finding.expected else ""
        made = _result(f"{finding.place}: {finding.found}{wanted}", finding.verdict, report.name, at)
        made["properties"]["repair"] = finding.repair
        made["ruleId"] = finding.rule
        if finding.rule in numbers:
            made["ruleIndex"] = numbers[finding.rule]
        if finding.place.file_offset is not None:
            made["locations"][0]["physicalLocation"]["region"] = _region(finding)
        yield made
    if report.cut:
        yield _result(f"cut off: {report.cut.sentence}", _SERIOUS, report.name, at)
    if report.possible_loss:
        yield _result(f"possible loss: {report.possible_loss.sentence}", _SERIOUS, report.name, at)


def _result(text: str, verdict: str, name: str, at: int) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": uri(name), "index": at}}}
    return {
        "level": _LEVELS[verdict],
        "message": _message(text),
        "locations": [location],
        "properties": {"verdict": verdict},
    }


def _region(finding: Finding) -> dict[str, int]:
    """Where a finding is: the field or the structure, and its first byte where how long that is nobody says."""
    declared, field = STRUCTURES.get(finding.declaration.structure), finding.place.field
    length = None
    if declared is not None:
        sizes = [item.size for item in declared.fields if item.id == field or item.id.startswith(f"{field}_")]
        length = next(iter(sizes), None) if field else declared.size
    return {"byteOffset": finding.place.file_offset or 0, "byteLength": length or 1}
