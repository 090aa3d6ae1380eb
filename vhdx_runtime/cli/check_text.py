"""What `vhdx check` prints for people: findings by structure and cause, what the guest loses, and the conclusion."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from ..check import Guest, Report
from ..check.causes import causes, totals_of
from ..findings import Finding
from ..wording import counted, size_text
from .common import shown

_SHOWN_RANGES = 20
_COLOURS = {"refuse": "red", "degrade": "red", "ignore-object": "yellow", "warn": "yellow"}
_STATES = {"healthy": "green", "usable": "yellow", "damaged": "red", "unreadable": "red"}
_DIRTY = (
    "the file was not closed cleanly. What its log holds is read here from memory; Windows refuses to open the file "
    "read-only until that is written to its place"
)
_NUMBER = re.compile(r"\[.*| (of block )?[0-9]+$")


def lines(reports: list[Report], *, is_named: bool) -> Iterator[str]:
    """Sections by file, then one line for each: its conclusion."""
    for report in reports:
        if report.foreign:  # ten broken rules would say the same
            continue
        if is_named and (report.findings or report.cut or report.is_dirty):
            yield click.style(shown(report.name), bold=True)
        if report.cut:
            yield f"{click.style('cut off', fg='red')}: {report.cut.sentence}"
        if report.is_dirty and report.state != "unreadable":
            yield f"{click.style('dirty log', fg='yellow')}: {_DIRTY}"
        yield from _structures(report)
        if report.possible_loss:
            yield f"{click.style('possible loss', fg='red')} (degrade): {report.possible_loss.sentence}"
        yield from _ranges("cannot be read", report.lost)
        yield from _ranges("in doubt, as something else in the file claims its bytes too", report.doubtful)
    for report in reports:
        name = f"{shown(report.name)}: " if is_named or report.state == "unreadable" else ""
        state, rest = report.state, shown(report.conclusion[len(report.state) :])
        yield f"{name}{click.style(state, fg=_STATES[state])}{rest}"


def _structures(report: Report) -> Iterator[str]:
    groups: dict[str, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(_NUMBER.sub("", finding.place.structure), []).append(finding)
    for name, findings in groups.items():
        yield click.style(shown(name), fg="cyan")
        totals = totals_of(findings, report.findings, report.totals)
        for cause in causes(findings, totals, report.cut is not None):
            for finding in cause.findings:
                yield from _finding_lines(finding)
            if cause.totals:
                rules = ", ".join(f"{rule} in {counted(number, 'place')}" for rule, number in cause.totals.items())
                yield f"              and more like it, in all {rules}"


def _finding_lines(finding: Finding) -> Iterator[str]:
    place = finding.place
    offset = "" if place.file_offset is None else f"{place.file_offset:#x}"
    where = " ".join(part for part in (place.structure, place.field) if part)
    yield f"  {offset:<12}{shown(where)}: {shown(finding.found)}"
    if finding.expected:
        yield f"              expected {shown(finding.expected)}"
    verdict = click.style(finding.verdict, fg=_COLOURS.get(finding.verdict))
    section = f"MS-VHDX {finding.section}" if finding.section[:1].isdigit() else "not in the specification"
    repair = finding.repair
    yield f"              {finding.rule} {verdict}, {section}, {'no repair' if repair == 'no' else f'repair: {repair}'}"


def _ranges(label: str, guest: Guest) -> Iterator[str]:
    if not guest.bytes:
        return
    yield f"guest bytes {label}: {size_text(guest.bytes)}"
    yield from (f"  {start:#x} to {start + length:#x}" for start, length in guest.ranges[:_SHOWN_RANGES])
    if len(guest.ranges) > _SHOWN_RANGES or not guest.is_complete:
        yield "  … and more; --json lists the first thousand"
