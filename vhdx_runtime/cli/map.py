"""`vhdx map`: the ranges of the disk, as a table, a picture, or with the keys of `qemu-img map --output=json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

from ..codec.holes import data_ranges
from ..disk.attempts import MATCHES
from ..disk.ranges import LOG, MISSING, Range
from ..disk.virtual import VirtualDisk
from ..semantics.presence import DATA, HOLE, UNREADABLE, ZERO
from .common import (
    FOUND,
    PATH,
    USAGE,
    Failure,
    chain_options,
    emit,
    examples,
    json_option,
    shown,
    size_option,
    size_text,
)
from .images import behind_end, opened
from .steps import NEXT

_EPILOG = """\b
Kinds:
  data        in the file, at the file offset
  log         supplied by the replayed log, for that file offset
  zero        defined as zeros
  hole        stored nowhere in the chain: zeros
  missing     left to a parent that is not there (--without-parent)
  unreadable  the file does not say what is there

""" + examples(
    "vhdx map disk.vhdx",
    "vhdx map --picture disk.vhdx",
    "vhdx map --offset 1M --length 64K disk.vhdx",
    "vhdx map --json disk.vhdx | jq '[.[] | select(.data) | .length] | add'",
)

# present, zero, data: as qemu-img has them. What it has no word for is marked by a further key, "kind".
_FLAGS = {
    DATA: (True, False, True),
    LOG: (True, False, True),
    ZERO: (True, True, False),
    HOLE: (False, True, False),
    MISSING: (False, True, False),
    UNREADABLE: (True, False, True),
}
_MARKED = (LOG, MISSING, UNREADABLE)

# Not in the specification: how long a list may get without --limit. An entry of the table takes eight bytes, a range of
# sectors a sector that is there; more ranges than that come of blocks or sector bitmaps that lie on one another.
_LISTED = 100_000
_BYTES_OF_RANGE = 8


@click.command("map", epilog=_EPILOG)
@click.argument("image", type=PATH)
@size_option("--offset", "Virtual offset to start from, such as 1M, or 2048s for sectors of 512 bytes.", default="0")
@size_option("--length", "Length of the range; the rest of the disk without it.")
@click.option(
    "--picture", is_flag=True, help="Draw the disk, or the range, in as many cells as the terminal has room for."
)
@click.option("--limit", type=click.IntRange(min=0), help="List so many ranges and no more; 0 for all.")
@chain_options
@json_option
@click.pass_context
def command(
    ctx: click.Context, /, image: str, offset: int, length: int | None, as_json: bool, picture: bool, **options: Any
) -> None:
    """List the ranges of the disk in IMAGE and where their bytes are.

    With --json, the keys of `qemu-img map --output=json`; ranges of the kinds log, missing and unreadable have "kind",
    too, and those of a parent that was accepted "accepted". Depth 0 is IMAGE, 1 its parent. Exits with 1 when a range
    is unreadable. Without --limit the list ends with an error where it has more ranges than a sound file of that size.
    """
    if picture and as_json:
        raise Failure("--picture and --json exclude one another", USAGE, NEXT["picture and json"])
    totals: dict[str, int] = {}
    with opened(image, options) as disk:
        if offset >= disk.size > 0:
            raise behind_end(disk, offset)
        limit = options["limit"]
        ranges = disk.ranges(offset, length)
        if limit is None:
            ranges = _bounded(ranges, _most(disk), image)
        elif limit:
            ranges = _first(ranges, limit)
        ranges = _counted(ranges, totals)
        if picture:
            emit(_picture(ranges, offset, max(0, min(disk.size - offset, disk.size if length is None else length))))
        else:
            emit(_json(ranges, _doubtful_depth(disk)) if as_json else _table(ranges, totals))
    ctx.exit(FOUND if UNREADABLE in totals else 0)


def _picture(ranges: Iterable[Range], offset: int, length: int) -> Iterator[str]:
    from shutil import get_terminal_size

    from .picture import lines

    return lines(ranges, offset, length, get_terminal_size().columns)


def _most(disk: VirtualDisk) -> int:
    """As many ranges as a sound disk in files of this size can have, and some more."""
    parts = (part for image in disk.images for part in data_ranges(image.source, 0, image.source.size))
    return _LISTED + sum(end - start for start, end in parts) // _BYTES_OF_RANGE


def _bounded(ranges: Iterable[Range], most: int, image: str) -> Iterator[Range]:
    for number, found in enumerate(ranges):
        if number == most:
            why = "blocks may lie on one another, which `vhdx check` says"
            raise Failure(f"{image}: more than {most} ranges: {why}", FOUND, NEXT["ranges"])
        yield found


def _first(ranges: Iterable[Range], limit: int) -> Iterator[Range]:
    for number, found in enumerate(ranges):
        if number == limit:
            click.echo(f"vhdx: note: there are more ranges than {limit}; --limit 0 lists all", err=True)
            return
        yield found


def _counted(ranges: Iterable[Range], totals: dict[str, int]) -> Iterator[Range]:
    for found in ranges:
        totals[found.kind] = totals.get(found.kind, 0) + found.length
        yield found


def _table(ranges: Iterable[Range], totals: dict[str, int]) -> Iterator[str]:
    yield f"{'offset':>16} {'length':>16}  {'kind':<10} {'depth':>5} {'file offset':>16}  file"
    names: dict[str, str] = {}
    for found in ranges:
        place = f"{found.file_offset:#x}" if found.file_offset is not None else "-"
        name = names.setdefault(found.file, shown(found.file))
        yield (
            f"{found.virtual_offset:>#16x} {found.length:>#16x}  {found.kind:<10} {found.depth:>5} {place:>16}  {name}"
        )
    yield "in all: " + (", ".join(f"{kind} {size_text(size)}" for kind, size in totals.items()) or "nothing")


def _doubtful_depth(disk: VirtualDisk) -> int:
    """Depth from which on files answer that do not match, as the caller took them all the same."""
    states = [link.state for link in disk.chain.links]
    return next((depth for depth, state in enumerate(states, 1) if state != MATCHES), len(states) + 1)


def _json(ranges: Iterable[Range], doubtful: int) -> Iterator[str]:
    """The lines of a JSON array; put together by hand, as a large disk has many thousand."""
    import json

    opening = "["
    heads = {
        kind: f'"present": {_word(p)}, "zero": {_word(z)}, "data": {_word(d)}' for kind, (p, z, d) in _FLAGS.items()
    }
    names: dict[str, str] = {}
    pending = ""
    for found in ranges:
        if pending:
            yield pending + ","
        text = f'{opening}{{"start": {found.virtual_offset}, "length": {found.length}, "depth": {found.depth}, '
        text += f'{heads[found.kind]}, "compressed": false'
        if found.kind == DATA:
            name = names.get(found.file) or names.setdefault(found.file, json.dumps(found.file))
            text += f', "offset": {found.file_offset}, "filename": {name}'
        elif found.kind in _MARKED:
            text += f', "kind": "{found.kind}"'
        text += ', "accepted": true' if found.depth >= doubtful else ""
        pending, opening = text + "}", " "
    yield pending + "]" if pending else "[]"


def _word(value: bool) -> str:
    return "true" if value else "false"
