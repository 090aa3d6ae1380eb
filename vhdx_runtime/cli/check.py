"""`vhdx check`: everything that is wrong with images, by structure, and what it costs the reader.

Goes on where opening gives up, and never stops at the first finding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import click

from ..check import Guest, Report, catalogue, check_chain, check_image, check_in_chain, table_size
from ..codec.source import open_source
from ..disk.chain import load_chain
from ..disk.image import Image, load_image
from ..disk.summary import cut_record, describe, foreign_record, is_recognised, loss_record
from ..errors import VhdxError
from ..findings import Finding
from .check_text import lines
from .common import (
    FOUND,
    NOTHING_OPENED,
    PATH,
    USAGE,
    Failure,
    answer_in_json,
    emit,
    emit_json,
    examples,
    hint_of,
    image_options,
    json_option,
    say_hint,
    shown,
)
from .images import header_number, note_use, parents_named, warn_accepted
from .progress import progress
from .several import named, require_no_folder
from .steps import NEXT

_TEXT, _JSON, _SARIF = _FORMATS = ("text", "json", "sarif")
_LONG = 32 << 20  # bytes of table from which on progress is worth showing
_EPILOG = examples(
    "vhdx check disk.vhdx",
    "vhdx check --chain --parent-dir /disks child.avhdx",
    "vhdx check --ignore 'LAY-*,RGN-017' ./*.vhdx",
    "vhdx check --json disk.vhdx | jq '.images[].totals'",
    "vhdx check --format sarif ./*.vhdx > vhdx.sarif",
)


def _format(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    if value == _JSON:
        answer_in_json(ctx)
    return value


class _Checked(NamedTuple):
    """The reports on a named file and its parents, and whether anything says that it is a VHDX."""

    reports: list[Report]
    is_recognised: bool


@click.command("check", epilog=_EPILOG)
@click.argument("images", type=PATH, nargs=-1, required=True, metavar="IMAGE…")
@click.option(
    "--chain", "with_chain", is_flag=True, help="Check the parents too, not just whether they belong together."
)
@click.option("--select", multiple=True, metavar="IDS", help="Only these rules: comma-separated ids or patterns.")
@click.option("--ignore", multiple=True, metavar="IDS", help="Not these rules: comma-separated ids or patterns.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there is any finding, be it a note.")
@image_options
@click.option("--salvage", is_flag=True, help="Go on where only reading with --salvage does.")
@json_option
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    is_eager=True,
    callback=_format,
    help="Print text, JSON (as --json does), or SARIF 2.1.0 for programs that collect findings; text without it.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    images: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool,
    as_json: bool,
    form: str | None,
    **options: Any,
) -> None:
    """Check every IMAGE against every rule of the format.

    Judges what the file says after replay of its log, which happens in memory. Findings stand with the structure that
    breaks a rule; `vhdx rules ID` explains the rule. The last line of each image says whether it is healthy, usable,
    damaged (guest bytes cannot be read) or unreadable; a file that was cut off is said to be so first. The parents of a
    differencing image are looked for; they are checked with --chain only. No checksum
    covers the guest's own data: whether it is what the guest wrote, no check can tell. A folder stands for the .vhdx
    and .avhdx files in it. Exits with 1 when a finding matters, with 3 when a file is no VHDX or cannot be opened.
    """
    if as_json and form not in (None, _JSON):
        raise Failure(f"--json and --format {form} exclude one another", USAGE, NEXT["format of findings"])
    form = _JSON if as_json else form or _TEXT
    keep = chosen(select, ignore)
    files = named(images)
    found = [_checked(image, options) for image in files]
    opened = [one for one in found if isinstance(one, _Checked)]
    checked = [_Checked([report.only(keep) for report in one.reports], one.is_recognised) for one in opened]
    reports = [report for one in checked for report in one.reports]
    errors = [_error(path, one) for path, one in zip(files, found, strict=True) if not isinstance(one, _Checked)]
    _print(form, reports, errors)
    if len(checked) < len(files) or not all(one.is_recognised for one in checked):
        ctx.exit(NOTHING_OPENED)
    is_wrong = any(report.is_serious for report in reports)
    ctx.exit(FOUND if is_wrong or (strict and any(report.findings for report in reports)) else 0)


def _print(form: str, reports: list[Report], errors: list[dict[str, str]]) -> None:
    if form == _JSON:
        emit_json({"images": [_record(report) for report in reports], "errors": errors})
    elif form == _SARIF:
        import json

        from ..check.sarif import document

        emit([json.dumps(document(reports, [(one["file"], one["message"]) for one in errors]), indent=2)])
    else:
        emit(lines(reports, is_named=len(reports) + len(errors) > 1), wraps=True)
        for report in reports:
            say_hint(report.hint, report.name if len(reports) > 1 else "")


def chosen(select: tuple[str, ...], ignore: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a rule counts, as --select and --ignore say.

    Raises:
        Failure: one of them names no rule.
    """
    try:
        selected = set(catalogue.ids(parted(select)))
        ignored = set(catalogue.ids(parted(ignore))) if ignore else set()
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["rule"]) from error
    return lambda rule: rule in selected and rule not in ignored


def parted(lists: tuple[str, ...]) -> list[str]:
    """What stands between commas, in texts that an option gave."""
    return [pattern.strip() for text in lists for pattern in text.split(",") if pattern.strip()]


def _error(path: str, error: Failure | VhdxError) -> dict[str, str]:
    return {"file": path, "message": str(error), "hint": hint_of(error)}


def _checked(path: str, options: dict[str, Any]) -> _Checked | Failure | VhdxError:
    """Check one named file; the error, told on stderr too, where it cannot even be opened as a file."""
    try:
        require_no_folder(path)
        source = open_source(path)
    except (Failure, VhdxError) as error:
        click.echo(f"vhdx: error: {shown(str(error))}", err=True)
        say_hint(hint_of(error))
        return error
    note_use(source)
    try:
        number, salvage = header_number(options), options["salvage"]
        with load_image(source, log=options["log"], header=number, salvage=salvage) as image:
            return _Checked(_reports(image, options), is_recognised(image))
    except VhdxError as error:  # the system cannot read what opening needs
        source.close()
        return _Checked([Report(path, (), {}, failure=str(error))], False)


def _reports(image: Image, options: dict[str, Any]) -> list[Report]:
    if options["without_parent"]:
        with _progress([image]) as show:
            return [check_image(image, show)]
    chain = load_chain(image, **parents_named(options))
    warn_accepted(chain)
    try:
        if options["with_chain"] and not chain.error:
            with _progress(chain.images) as show:
                return check_chain(chain, show)
        with _progress([image]) as show:
            return [check_in_chain(chain, show)]
    finally:
        chain.close_parents()


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
        "parents": report.parents,
        "virtual_size": report.size,
        "cut": cut_record(report.cut),
        "findings": [_finding(finding) for finding in report.findings],
        "totals": report.totals,
        "hidden": report.hidden,
        "lost": _guest(report.lost),
        "doubtful": _guest(report.doubtful),
        "orphans": report.orphans._asdict(),
        "possible_loss": loss_record(report.possible_loss),
        "is_dirty": report.is_dirty,
        "foreign": foreign_record(report.foreign),
        "hint": report.hint,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    more = {"found": finding.found, "expected": finding.expected, "repair": finding.repair}
    return describe(finding) | more


def _guest(guest: Guest) -> dict[str, Any]:
    ranges = [{"start": start, "length": length} for start, length in guest.ranges]
    return {"bytes": guest.bytes, "is_complete": guest.is_complete, "ranges": ranges}
