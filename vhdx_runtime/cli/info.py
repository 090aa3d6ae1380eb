"""`vhdx info`: what a person or a script needs to know first.

Prints what `summary` collected; imports nothing that takes time. Damaged files and children without their parents are
described as far as that goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from ..chain import Chain, open_chain
from ..codec.source import open_source
from ..errors import VhdxError
from ..image import Image, load_image
from ..summary import is_recognised, is_wrong, summarise
from .common import (
    FOUND,
    NOTHING_OPENED,
    Failure,
    chain_options,
    emit,
    emit_json,
    examples,
    header_number,
    json_option,
    shown,
    size_text,
)

_COLOURS = {"refuse": "red", "degrade": "red", "ignore-object": "yellow", "warn": "yellow"}
_EPILOG = examples(
    "vhdx info disk.vhdx",
    "vhdx info --parent-dir /disks child.avhdx",
    "vhdx info --json disk.vhdx | jq .virtual_size",
)


@click.command("info", epilog=_EPILOG)
@click.argument("image", type=click.Path())
@chain_options
@click.option("--strict", is_flag=True, help="Exit with 1 when there is any finding, be it a note.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, image: str, as_json: bool, strict: bool, **options: Any) -> None:
    """Say first what a person or a script needs to know of IMAGE.

    Type, sizes, creator, which header is current and why, what the log asks for, and where the parent is. Works for
    damaged files and without the parent, too. Exits with 1 when a finding says that something is wrong with the file,
    with 3 when it is no VHDX or cannot be opened.
    """
    try:
        source = open_source(image)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    with load_image(source, log=options["log"], header=header_number(options)) as loaded:
        record = summarise(loaded, _chain(loaded, options))
        recognised = is_recognised(loaded)
    if as_json:
        emit_json(record)
    elif recognised:
        emit(_lines(record))
    if not recognised:
        raise Failure(f"{image}: is no VHDX: no signature, no valid header, no valid region table", NOTHING_OPENED)
    ctx.exit(FOUND if is_wrong(record["findings"], strict=strict) else 0)


def _chain(image: Image, options: dict[str, Any]) -> Chain | VhdxError | None:
    """The chain, its parents closed again, or why there is none."""
    if image.geometry is None or not image.geometry.has_parent or options["without_parent"]:
        return None
    try:
        chain = open_chain(image, parents=options["parents"], parent_dirs=options["parent_dirs"])
    except VhdxError as error:
        return error
    for parent in chain.images[1:]:
        parent.close()
    return chain


def _lines(record: dict[str, Any]) -> Iterator[str]:
    def _line(name: str, value: str) -> str:
        return f"{name:<18}{value}"

    yield _line("file", shown(record["file"]))
    yield _line("file size", size_text(record["file_size"]))
    yield _line("disk type", record["disk_type"] or "unknown")
    for key in ("virtual_size", "block_size"):
        yield _line(key.replace("_", " "), "unknown" if record[key] is None else size_text(record[key]))
    yield _line("sector size", _sectors(record))
    yield _line("creator", shown(record["creator"]) or "unknown")
    for name, key in (("disk id", "virtual_disk_id"), ("data write GUID", "data_write_guid")):
        yield _line(name, record[key] or "unknown")
    headers = record["headers"]
    yield _line("current header", f"{headers['current'] or 'none'} ({shown(headers['reason'])})")
    yield _line("log", _log(record["log"]))
    yield from _parent(record["parent"], _line)
    yield from _findings(record["findings"], _line)


def _sectors(record: dict[str, Any]) -> str:
    if record["logical_sector_size"] is None:
        return "unknown"
    return f"{record['logical_sector_size']} bytes logical, {record['physical_sector_size']} bytes physical"


def _log(log: dict[str, Any]) -> str:
    place = f"{size_text(log['length'])} at {log['file_offset']:#x}"
    if log["state"] == "clean":
        return f"clean, {place}"
    if log["state"] == "ignored":
        return f"ignored as asked for, {place}"
    replay = log["replay"]
    if replay is None:
        return f"cannot be replayed, {place}" if log["length"] else "unknown"
    first, last = replay["first_sequence_number"], replay["last_sequence_number"]
    numbers = f"sequence number {first}" if first == last else f"sequence numbers {first} to {last}"
    entries = _counted(replay["entries"], "entry", "entries")
    sectors = _counted(replay["sectors_written"], "sector", "sectors")
    return (
        f"dirty, {place}; replayed in memory only: {entries}, {numbers}, "
        f"{sectors} written, {size_text(replay['bytes_zeroed'])} zeroed, "
        f"file grows by {size_text(replay['file_growth'])}"
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _parent(parent: dict[str, Any] | None, line: Any) -> Iterator[str]:
    if parent is None:
        return
    yield line("parent", "found" if parent["found"] else "not looked for" if parent["found"] is None else "not found")
    for depth, link in enumerate(parent["chain"], 1):
        yield line(f"  depth {depth}", f"{shown(link['path'] or link['file'])} (by {link['found_by']})")
    for pair in parent["names"]:
        yield line("  locator", f"{shown(pair['key'] or '')} = {shown(pair['value'] or '')}")


def _findings(findings: list[dict[str, Any]], line: Any) -> Iterator[str]:
    if not findings:
        yield line("findings", "none")
    for number, finding in enumerate(findings):
        verdict = click.style(finding["verdict"], fg=_COLOURS.get(finding["verdict"]))
        yield line("" if number else "findings", f"{verdict}: {shown(finding['message'])}")
