"""`vhdx conformance run`: readers in front of the cases, and the scoreboard of how they did."""

from __future__ import annotations

import fnmatch
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from ..wording import counted
from .common import FOUND, NOTHING_OPENED, USAGE, Failure, FileName, emit, emit_json, examples, json_option, shown
from .progress import counting
from .steps import NEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..conformance.cases import Case
    from ..conformance.judge.runner import FoundReader

_OURS: Final = "vhdx-runtime"
_EPILOG: Final = examples(
    "vhdx conformance run",
    "vhdx conformance run --reader vhdx-runtime --case 'log-*'",
    "vhdx conformance run --reader 'command mytool=./mytool raw {image} {out}'",
    "vhdx conformance run --html scoreboard.html --markdown scoreboard.md --json > scoreboard.json",
)


@click.command("run", epilog=_EPILOG)
@click.option("--reader", "names", multiple=True, metavar="NAME", help="A reader; without it, all that are there.")
@click.option("--case", "patterns", multiple=True, metavar="GLOB", help="Only cases whose id matches.")
@click.option("--jobs", type=click.IntRange(1), help="Cases at the same time; without it, one for each processor.")
@click.option(
    "--seconds", type=click.FloatRange(1), default=30, show_default=True, help="Time for a reader on an image."
)
@click.option("--html", type=FileName(dir_okay=False), help="Write the scoreboard as a page for browsers.")
@click.option("--markdown", type=FileName(dir_okay=False), help="Write the scoreboard as Markdown.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    patterns: tuple[str, ...],
    jobs: int | None,
    seconds: float,
    html: str | None,
    markdown: str | None,
    as_json: bool,
) -> None:
    """Put readers in front of the cases and say who is right.

    A NAME is vhdx-runtime, qemu-img, qemu-img-repair, qemu-nbd, pyvhdi, dissect, 7zip or binary-refinery, or "command"
    and a command line with {image} for the file to read and {out} for the raw file to write (without {out}, raw bytes
    on standard output). Exits with 1 when a reader that was named (without --reader: vhdx-runtime) is not right.
    """
    from ..conformance.judge import runner, scoreboard
    from ..conformance.judge.worker import Limits

    cases, found = _cases(patterns), find_readers(names)
    present = [name for name, one in found if not one.absent]
    start = time.monotonic()
    with signals_as_exceptions(), counting("cases", len(cases)) as advance:
        given = list(runner.run(cases, present, jobs=jobs or 0, limits=Limits(seconds), advance=advance))
    record = scoreboard.record([one for _, one in found], given, _version(), time.monotonic() - start)
    _write(record, cases, html, markdown)
    if as_json:
        emit_json(record)
    else:
        _print(record, {one.reader.name for name, one in found if name in names or name == _OURS})
    judged = [reader for reader in record["readers"] if names or reader["name"] == _OURS]
    ctx.exit(FOUND if any(reader["right"] < reader["judged"] or reader["absent"] for reader in judged) else 0)


def _cases(patterns: Sequence[str]) -> tuple[Case, ...]:
    from ..conformance import RecipeError
    from ..conformance.cases import load_cases

    try:
        cases = load_cases()
    except RecipeError as error:
        raise Failure(str(error), USAGE, NEXT["recipe"]) from error
    chosen = tuple(case for case in cases if not patterns or any(fnmatch.fnmatch(case.id, p) for p in patterns))
    if not chosen:
        raise Failure(f"no case matches {' or '.join(patterns)}", USAGE, NEXT["case"])
    return chosen


def find_readers(names: Sequence[str]) -> list[tuple[str, FoundReader]]:
    """The readers that were asked for, all where none was, and what of them is there.

    Raises:
        Failure: no reader is called that, two have the same name, or none can be run here.
    """
    if not hasattr(os, "fork"):
        raise Failure("readers run in forks of a process, and this system has none", NOTHING_OPENED, NEXT["no fork"])
    from ..conformance.judge import runner
    from ..conformance.readers import READERS

    wanted = list(dict.fromkeys(names)) or list(READERS)
    try:
        found = list(zip(wanted, runner.survey(wanted), strict=True))
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["reader"]) from error
    known = [one.reader.name for _, one in found]
    if len(set(known)) < len(known):
        raise Failure("two readers have the same name", USAGE, NEXT["reader names"])
    if all(one.absent for _, one in found):
        absent = "; ".join(f"{one.reader.name} is absent: {one.absent}" for _, one in found)
        raise Failure(absent, NOTHING_OPENED, NEXT["no reader"])
    return found


def _version() -> str:
    from .. import __version__

    return __version__


def _write(record: dict[str, Any], cases: Sequence[Case], html: str | None, markdown: str | None) -> None:
    from ..conformance.judge import scoreboard, scoreboard_html
    from ..conformance.recipes import form_writer

    texts = []
    if html is not None:
        texts.append((html, scoreboard_html.page(record, {case.id: form_writer.dump(case) for case in cases})))
    if markdown is not None:
        texts.append((markdown, scoreboard.markdown(record)))
    for path, text in texts:
        write_new(path, text.encode())


def write_new(path: str, data: bytes) -> None:
    """Write a file, there whole or not at all; one of that name is replaced."""
    from .output import new_file

    with new_file(path, force=True, inputs=()) as fd:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]


def _print(record: dict[str, Any], told: set[str]) -> None:
    """Totals of every reader, and of some each case that they get wrong."""
    lines = []
    for row in record["cases"]:
        for name, result in row["results"].items():
            if name in told and result["outcome"] not in ("pass", "partly", "skipped"):
                lines.append(f"{row['id']}: {shown(name)}: {result['outcome']}: {shown(result['detail'])}")
                lines += [f"    {shown(result['command'])}"] if result["command"] else []
    width = max(len(reader["title"]) for reader in record["readers"])
    for reader in record["readers"]:
        totals = ", ".join(f"{count} {kind}" for kind, count in reader["totals"].items())
        share = (
            f"absent: {shown(reader['absent'])}"
            if reader["absent"]
            else f"{reader['right']} of {reader['judged']} right"
        )
        lines.append(f"{shown(reader['title']):<{width}}  {share}" + (f"  ({totals})" if totals else ""))
    emit([*lines, f"{counted(len(record['cases']), 'case')} in {record['seconds']:g} s"])


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """Have the signal that ends a process end it through the `finally` clauses: readers run, and files lie about."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
