"""`vhdx compare`: where two disks differ. Each may be a VHDX, a fixed VHD or a raw image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from ..codec.source import Source, open_source
from ..disk.image import load_image
from ..disk.virtual import VirtualDisk
from ..errors import VhdxError
from ..transfer.difference import Side, differences
from ..transfer.extents import Lost, of_disk, of_file
from ..transfer.form import format_of
from ..transfer.vhd import fixed_disk
from ..wording import counted
from .common import (
    FORMAT_VERSION,
    PATH,
    Failure,
    chain_options,
    emit,
    examples,
    hint_of,
    json_option,
    lost_record,
    shown,
    size_text,
    warn,
    warn_lost,
)
from .containers import warn_footer
from .images import accepted_record, opened
from .steps import NEXT

SAME = 0
DIFFERENT = 1
NOT_OPENED = 2
NOT_READ = 4

_FORMATS = click.Choice(["auto", "vhdx", "vhd", "raw"])
_EPILOG = """\b
Exit codes, those of qemu-img compare:
  0  the disks are the same
  1  they differ
  2  one of them could not be opened, or wrong usage
  4  one of them could not be read, or (--salvage, --without-parent) not all of it, and the rest is the same
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
    accepted: list[dict[str, Any]]
    disk: VirtualDisk | None = None

    def finish(self) -> None:
        """Take down, once all is read, what of it failed."""
        if self.disk is not None:
            self.lost.add_failures(self.disk)


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    count: int = 0
    bytes: int = 0


@click.command("compare", epilog=_EPILOG)
@click.argument("first", type=PATH, metavar="A")
@click.argument("second", type=PATH, metavar="B")
@click.option("--format-a", type=_FORMATS, default="auto", show_default=True, help="What A is.")
@click.option("--format-b", type=_FORMATS, default="auto", show_default=True, help="What B is.")
@click.option("--strict", is_flag=True, help="Disks of different sizes differ, even if the rest is zero.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing and stop at the first difference.")
@chain_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, first: str, second: str, **options: Any) -> None:
    """List the ranges in which the disks in A and B differ, in sectors of 512 bytes.

    With the format auto a file is a VHDX where anything in it says so, a fixed VHD where its footer says so and its
    name does not end as that of a raw image, otherwise a raw image. What both sides know to
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
        is_partial = bool(a.lost.count or b.lost.count)
        if resized and not options["quiet"]:
            warn(f"the disks have different sizes: {size_text(a.side.size)} and {size_text(b.side.size)}")
        for side in (a, b):
            warn_lost(side.lost)
    ctx.exit(DIFFERENT if _differ(found, resized, options) else NOT_READ if is_partial else SAME)


@contextmanager
def _open(path: str, format: str, options: dict[str, Any]) -> Iterator[_Opened]:
    lost = Lost()
    format = _told_format(path) if format == "auto" else format
    if format == "vhdx":
        with opened(path, options, NOT_OPENED) as disk:
            side = Side(disk.size, of_disk(disk, lost), disk.readinto_at)
            yield _Opened(path, "vhdx", side, lost, accepted_record(disk.chain), disk)
        return
    source = _source(path, fixed_disk if format == "vhd" else open_source)
    try:
        yield _Opened(path, format, Side(source.size, of_file(source), source.readinto_at), lost, [])
    finally:
        source.close()


def _source(path: str, open_file: Callable[[str], Source]) -> Source:
    try:
        return open_file(path)
    except VhdxError as error:
        raise Failure(str(error), NOT_OPENED, hint_of(error) or NEXT["of a VHD"]) from error


def _told_format(path: str) -> str:
    """What a file says itself that it is; what is neither a container nor a raw image is refused."""
    with load_image(_source(path, open_source)) as image:
        named = image.foreign
    if named is None or named.id == "stub":
        return "vhdx"
    if format_of(path) != "vhdx" and (named.is_raw or (named.id == "empty" and format_of(path) == "raw")):
        return "raw"
    if named.id != "vhd-fixed":
        raw = "--format-a or --format-b raw compares its bytes as they are"
        raise Failure(f"{path}: is no VHDX: it {named.text}", NOT_OPENED, f"{named.hint}; {raw}")
    if format_of(path) != "raw":
        return "vhd"
    warn_footer(path, "--format-a or --format-b vhd leaves it out")
    return "raw"


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
        _finish(a, b)
    elif options["as_json"]:
        emit(_json(a, b, parts, found, lambda: not _differ(found, resized, options)))
    else:
        click.echo(f"A: {shown(a.name)}, {a.format}, {size_text(a.side.size)}")
        click.echo(f"B: {shown(b.name)}, {b.format}, {size_text(b.side.size)}")
        emit(f"{start:#x} to {start + length:#x} differs, {size_text(length)}" for start, length in parts)
        is_partial = _finish(a, b)
        if found.count:
            click.echo(f"The disks differ: {size_text(found.bytes)} in {counted(found.count, 'range')}.")
        elif _differ(found, resized, options):
            click.echo("The disks differ in size only.")
        else:
            click.echo(f"The disks are the same{', as far as they can be read' if is_partial else ''}.")


def _finish(*sides: _Opened) -> bool:
    """Whether anything of the disks could not be had, once all is read."""
    for side in sides:
        side.finish()
    return any(side.lost.count for side in sides)


def _json(
    a: _Opened, b: _Opened, parts: Iterable[tuple[int, int]], found: _Found, is_same: Callable[[], bool]
) -> Iterator[str]:
    """The lines of the report; written while it is found, as there may be many differences."""
    import json

    def _record(side: _Opened) -> dict[str, Any]:
        return {"file": side.name, "format": side.format, "size": side.side.size, "accepted": side.accepted}

    yield f'{{"format_version": {FORMAT_VERSION},'
    yield f' "a": {json.dumps(_record(a))},'
    yield f' "b": {json.dumps(_record(b))},'
    yield ' "differences": ['
    pending = ""
    for start, length in parts:
        if pending:
            yield pending + ","
        pending = f'  {{"start": {start}, "length": {length}}}'
    yield f"{pending}],"
    is_partial = _finish(a, b)
    yield f' "lost": {json.dumps({"a": lost_record(a.lost), "b": lost_record(b.lost)})},'
    yield f' "bytes": {found.bytes}, "identical": {json.dumps(is_same() and not is_partial)}}}'
