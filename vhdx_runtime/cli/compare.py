"""`vhdx compare`: where two disks differ. Each may be a VHDX or a raw image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from ..codec.source import Source, open_source
from ..errors import VhdxError
from ..image import load_image
from ..summary import is_recognised
from ..transfer.difference import Side, differences
from ..transfer.extents import Lost, of_disk, of_file
from .common import (
    Failure,
    chain_options,
    emit,
    examples,
    json_option,
    lost_record,
    opened,
    shown,
    size_text,
    warn,
    warn_lost,
)

SAME = 0
DIFFERENT = 1
NOT_OPENED = 2
NOT_READ = 4

_FORMATS = click.Choice(["auto", "vhdx", "raw"])
_EPILOG = """\b
Exit codes, those of qemu-img compare:
  0  the disks are the same
  1  they differ
  2  one of them could not be opened, or wrong usage
  4  one of them could not be read
(3, an error while looking up allocation, is the same as 4 here and not used.)

""" + examples(
    "vhdx compare disk.vhdx disk.raw",
    "vhdx compare --quiet before.vhdx after.vhdx && echo same",
    "vhdx compare --format-b raw disk.vhdx /dev/sdb",
)


@dataclass(frozen=True, slots=True)
class _Opened:
    name: str
    format: str
    side: Side
    lost: Lost


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    count: int = 0
    bytes: int = 0


@click.command("compare", epilog=_EPILOG)
@click.argument("first", type=click.Path(), metavar="A")
@click.argument("second", type=click.Path(), metavar="B")
@click.option("--format-a", type=_FORMATS, default="auto", show_default=True, help="What A is.")
@click.option("--format-b", type=_FORMATS, default="auto", show_default=True, help="What B is.")
@click.option("--strict", is_flag=True, help="Disks of different sizes differ, even if the rest is zero.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing and stop at the first difference.")
@chain_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, first: str, second: str, **options: Any) -> None:
    """List the ranges in which the disks in A and B differ, in sectors of 512 bytes.

    With the format auto a file is a VHDX where anything in it says so, otherwise a raw image. What both sides know to
    be zero is not read. Disks of different sizes are the same if the rest of the longer one is zero; a warning says so.
    The options for parents, log and header hold for both.
    """
    from .progress import progress

    with _open(first, options["format_a"], options) as a, _open(second, options["format_b"], options) as b:
        longest, found = max(a.side.size, b.side.size), _Found()
        resized = a.side.size != b.side.size
        try:
            with progress("comparing", longest, prints=not options["quiet"]) as advance:
                parts = _counted(differences(a.side, b.side, advance), found)
                _print(a, b, parts, found, options)
        except VhdxError as error:
            raise Failure(str(error), NOT_READ) from error
        if resized and not options["quiet"]:
            warn(f"the disks have different sizes: {size_text(a.side.size)} and {size_text(b.side.size)}")
        for side in (a, b):
            warn_lost(side.lost)
    ctx.exit(DIFFERENT if _differ(found, resized, options) else SAME)


@contextmanager
def _open(path: str, format: str, options: dict[str, Any]) -> Iterator[_Opened]:
    lost = Lost()
    if format == "vhdx" or (format == "auto" and _says_vhdx(path)):
        with opened(path, options, NOT_OPENED) as disk:
            yield _Opened(path, "vhdx", Side(disk.size, of_disk(disk, lost), disk.readinto_at), lost)
        return
    source = _source(path)
    try:
        yield _Opened(path, "raw", Side(source.size, of_file(source), source.readinto_at), lost)
    finally:
        source.close()


def _source(path: str) -> Source:
    try:
        return open_source(path)
    except VhdxError as error:
        raise Failure(str(error), NOT_OPENED) from error


def _says_vhdx(path: str) -> bool:
    with load_image(_source(path)) as image:
        return is_recognised(image)


def _counted(parts: Iterable[tuple[int, int]], found: _Found) -> Iterator[tuple[int, int]]:
    for start, length in parts:
        found.count += 1
        found.bytes += length
        yield start, length


def _differ(found: _Found, resized: bool, options: dict[str, Any]) -> bool:
    return bool(found.count) or (resized and options["strict"])


def _print(a: _Opened, b: _Opened, parts: Iterator[tuple[int, int]], found: _Found, options: dict[str, Any]) -> None:
    resized = a.side.size != b.side.size
    if options["quiet"]:
        next(parts, None)
    elif options["as_json"]:
        emit(_json(a, b, parts, found, lambda: not _differ(found, resized, options)))
    else:
        click.echo(f"A: {shown(a.name)}, {a.format}, {size_text(a.side.size)}")
        click.echo(f"B: {shown(b.name)}, {b.format}, {size_text(b.side.size)}")
        emit(f"{start:#x} to {start + length:#x} differs, {size_text(length)}" for start, length in parts)
        if found.count:
            click.echo(f"The disks differ: {size_text(found.bytes)} in {found.count} range(s).")
        else:
            click.echo(
                "The disks differ in size only." if _differ(found, resized, options) else "The disks are the same."
            )


def _json(
    a: _Opened, b: _Opened, parts: Iterable[tuple[int, int]], found: _Found, is_same: Callable[[], bool]
) -> Iterator[str]:
    """The lines of the report; written while it is found, as there may be many differences."""
    import json

    def _record(side: _Opened) -> dict[str, Any]:
        return {"file": side.name, "format": side.format, "size": side.side.size}

    yield f'{{"a": {json.dumps(_record(a))},'
    yield f' "b": {json.dumps(_record(b))},'
    yield ' "differences": ['
    pending = ""
    for start, length in parts:
        if pending:
            yield pending + ","
        pending = f'  {{"start": {start}, "length": {length}}}'
    yield f"{pending}],"
    yield f' "lost": {json.dumps({"a": lost_record(a.lost), "b": lost_record(b.lost)})},'
    yield f' "bytes": {found.bytes}, "identical": {json.dumps(is_same())}}}'
