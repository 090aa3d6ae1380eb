"""`vhdx check`: everything that is wrong with images, by structure, and what it costs the reader.

Prints what the package `check` found out. Goes on where opening gives up, and never stops at the first finding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click

from ..chain import open_chain
from ..check import Guest, Report, catalogue, check_chain, check_image, table_size, without_chain
from ..codec.source import open_source
from ..errors import VhdxError
from ..findings import Finding
from ..image import Image, load_image
from ..summary import describe, is_recognised
from .common import (
    FOUND,
    NOTHING_OPENED,
    USAGE,
    Failure,
    emit,
    emit_json,
    examples,
    header_number,
    image_options,
    json_option,
    shown,
    size_text,
)
from .progress import progress

_SHOWN = 10  # of each rule in a structure
_SHOWN_RANGES = 20
_LONG = 32 << 20  # bytes of table from which on progress is worth showing
_COLOURS = {"refuse": "red", "degrade": "red", "ignore-object": "yellow", "warn": "yellow"}
_STATES = {"healthy": "green", "usable": "yellow", "unreadable": "red"}
_NUMBER = re.compile(r"\[.*| (of block )?[0-9]+$")
_EPILOG = examples(
    "vhdx check disk.vhdx",
    "vhdx check --chain --parent-dir /disks child.avhdx",
    "vhdx check --ignore 'LAY-*,RGN-017' *.vhdx",
    "vhdx check --json disk.vhdx | jq '.images[].totals'",
)


class _Checked(NamedTuple):
    """The reports on a named file and its parents, and whether anything says that it is a VHDX."""

    reports: list[Report]
    is_recognised: bool


@click.command("check", epilog=_EPILOG)
@click.argument("images", type=click.Path(), nargs=-1, required=True, metavar="IMAGE…")
@click.option("--chain", "with_chain", is_flag=True, help="Check the parents too, and whether they belong together.")
@click.option("--select", multiple=True, metavar="IDS", help="Only these rules: ids or patterns, parted by commas.")
@click.option("--ignore", multiple=True, metavar="IDS", help="Not these rules: ids or patterns, parted by commas.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there is any finding, be it a note.")
@image_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    images: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Check every IMAGE against every rule of the format.

    Judges what the file says after replay of its log, which happens in memory. Findings stand with the structure that
    breaks a rule; `vhdx rules ID` explains the rule. The last line of each image says whether it is healthy, usable or
    unreadable. No checksum covers the guest's own data: whether it is what the guest wrote, no check can tell.
    """
    keep = chosen(select, ignore)
    found = [_checked(image, options) for image in images]
    checked = [_Checked([report.only(keep) for report in one.reports], one.is_recognised) for one in found if one]
    reports = [report for one in checked for report in one.reports]
    if as_json and checked:
        emit_json({"images": [_record(report) for report in reports]})
    else:
        emit(_lines(reports))
    if not any(one.is_recognised for one in checked):
        ctx.exit(NOTHING_OPENED)
    is_wrong = len(checked) < len(images) or any(report.is_serious for report in reports)
    ctx.exit(FOUND if is_wrong or (strict and any(report.findings for report in reports)) else 0)


def chosen(select: tuple[str, ...], ignore: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a rule counts, as --select and --ignore say.

    Raises:
        Failure: one of them names no rule.
    """
    try:
        selected = set(catalogue.ids(parted(select)))
        ignored = set(catalogue.ids(parted(ignore))) if ignore else set()
    except ValueError as error:
        raise Failure(str(error), USAGE) from error
    return lambda rule: rule in selected and rule not in ignored


def parted(lists: tuple[str, ...]) -> list[str]:
    """What stands between commas, in texts that an option gave."""
    return [pattern.strip() for text in lists for pattern in text.split(",") if pattern.strip()]


def _checked(path: str, options: dict[str, Any]) -> _Checked | None:
    """Check one named file; None, and a line on stderr, where it cannot even be opened as a file."""
    try:
        source = open_source(path)
    except VhdxError as error:
        click.echo(f"vhdx: error: {shown(str(error))}", err=True)
        return None
    try:
        with load_image(source, log=options["log"], header=header_number(options)) as image:
            return _Checked(_reports(image, options), is_recognised(image))
    except VhdxError as error:  # the system cannot read what opening needs
        source.close()
        return _Checked([Report(path, (), {}, failure=str(error))], False)


def _reports(image: Image, options: dict[str, Any]) -> list[Report]:
    has_parent = image.geometry is not None and image.geometry.has_parent
    if not options["with_chain"] or not has_parent or options["without_parent"]:
        with _progress([image]) as show:
            return [check_image(image, show)]
    try:
        chain = open_chain(image, parents=options["parents"], parent_dirs=options["parent_dirs"])
    except VhdxError as error:
        with _progress([image]) as show:
            return [without_chain(check_image(image, show), error)]
    try:
        with _progress(chain.images) as show:
            return check_chain(chain, show)
    finally:
        for parent in chain.images[1:]:
            parent.close()


def _progress(images: Any) -> Any:
    """Progress on stderr, where there is enough to do."""
    from contextlib import nullcontext

    total = sum(table_size(image) for image in images)
    return progress("checking", total) if total >= _LONG else nullcontext()


def _record(report: Report) -> dict[str, Any]:
    return {
        "file": report.name,
        "state": report.state,
        "conclusion": report.conclusion,
        "findings": [_finding(finding) for finding in report.findings],
        "totals": report.totals,
        "hidden": report.hidden,
        "lost": _guest(report.lost),
        "doubtful": _guest(report.doubtful),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    more = {"found": finding.found, "expected": finding.expected, "repair": finding.declaration.repair}
    return describe(finding) | more


def _guest(guest: Guest) -> dict[str, Any]:
    ranges = [{"start": start, "length": length} for start, length in guest.ranges]
    return {"bytes": guest.bytes, "is_complete": guest.is_complete, "ranges": ranges}


def _lines(reports: list[Report]) -> Iterator[str]:
    """Sections by file, then one line for each: its conclusion."""
    for report in reports:
        if len(reports) > 1 and report.findings:
            yield click.style(shown(report.name), bold=True)
        yield from _structures(report)
        yield from _ranges("cannot be read", report.lost)
        yield from _ranges("in doubt, as something else in the file claims its bytes too", report.doubtful)
    for report in reports:
        name = f"{shown(report.name)}: " if len(reports) > 1 else ""
        state, rest = report.state, shown(report.conclusion[len(report.state) :])
        yield f"{name}{click.style(state, fg=_STATES[state])}{rest}"


def _structures(report: Report) -> Iterator[str]:
    groups: dict[str, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(_NUMBER.sub("", finding.place.structure), []).append(finding)
    for name, findings in groups.items():
        yield click.style(shown(name), fg="cyan")
        printed: Counter[str] = Counter()
        for finding in findings:
            printed[finding.rule] += 1
            if printed[finding.rule] <= _SHOWN:
                yield from _finding_lines(finding)
        listed = Counter(finding.rule for finding in report.findings)
        for rule, count in printed.items():
            rest = max(0, count - _SHOWN) + (report.totals[rule] - listed[rule] if count == listed[rule] else 0)
            if rest:
                yield f"  … and {rest} more of {rule}, {report.totals[rule]} in all"


def _finding_lines(finding: Finding) -> Iterator[str]:
    place = finding.place
    offset = "" if place.file_offset is None else f"{place.file_offset:#x}"
    where = " ".join(part for part in (place.structure, place.field) if part)
    yield f"  {offset:<12}{shown(where)}: {shown(finding.found)}"
    yield f"              expected {shown(finding.expected)}"
    verdict = click.style(finding.verdict, fg=_COLOURS.get(finding.verdict))
    section = f"MS-VHDX {finding.section}" if finding.section[:1].isdigit() else "not in the specification"
    repair = finding.declaration.repair
    yield f"              {finding.rule} {verdict}, {section}, {'no repair' if repair == 'no' else f'repair: {repair}'}"


def _ranges(label: str, guest: Guest) -> Iterator[str]:
    if not guest.bytes:
        return
    yield f"guest bytes {label}: {size_text(guest.bytes)}"
    yield from (f"  {start:#x} to {start + length:#x}" for start, length in guest.ranges[:_SHOWN_RANGES])
    if len(guest.ranges) > _SHOWN_RANGES or not guest.is_complete:
        yield "  … and more; --json lists the first thousand"
