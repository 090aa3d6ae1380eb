"""`vhdx info`: what a person or a script needs to know first.

Damaged files and children without their parents are described as far as that goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from ..codec.source import open_source
from ..disk.image import Image, load_image
from ..disk.summary import ITEM_KEYS, is_wrong, summarise
from ..disk.usage import allocation_record, host_record
from ..errors import VhdxError
from ..findings import first_refusing
from ..wording import counted
from .common import FOUND, NOTHING_OPENED, PATH, Failure, chain_options, examples, json_option, quoted, shown, size_text
from .images import chain_of, header_number, note_use
from .several import answer

_COLOURS = {"refuse": "red", "degrade": "red", "ignore-object": "yellow", "warn": "yellow"}
_STATES = {
    "changed": "found, but changed since the child was made",
    "unusable": "found, but cannot be used",
    "accepted": "accepted, although changed since the child was made",
    "unverified": "taken as named; the child does not say by what to recognise it",
}
_DIFFERING = ("changed", "accepted")
_NAMED = {"virtual_disk_id": "disk id"}
_EPILOG = examples(
    "vhdx info disk.vhdx",
    "vhdx info --parent-dir /disks child.avhdx",
    "vhdx info --json disk.vhdx | jq .virtual_size",
    "vhdx info --count-zeros disk.vhdx",
    "vhdx info --json /disks | jq -r '.images[].creator'",
)


@click.command("info", epilog=_EPILOG)
@click.argument("images", type=PATH, nargs=-1, required=True, metavar="IMAGE…")
@chain_options
@click.option("--count-zeros", is_flag=True, help="Read the blocks that are stored; count those that hold only zeros.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there is any finding, be it a note.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, images: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Say first what a person or a script needs to know of every IMAGE.

    Type, sizes, creator, which header is current and why, what the log asks for, and where the parent is. A file is
    fragmented by the share of its blocks, all but the first, that do not lie right behind the one before. Works for
    damaged files and without the parent, too. A folder stands for the .vhdx and .avhdx files in it. Exits with 1 when a
    finding says that something is wrong with a file, with 3 when one is no VHDX or cannot be opened.
    """
    ctx.exit(answer(images, lambda image: _work(image, options), _lines, as_json=as_json))


def _work(image: str, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """What is said of a file, and the exit code."""
    number, salvage = header_number(options), options["salvage"]
    try:
        source = open_source(image)
        note_use(source)
        with load_image(source, log=options["log"], header=number, salvage=salvage) as loaded:
            record = summarise(loaded, chain_of(loaded, options))
            record["allocation"] = allocation_record(loaded, count_zeros=options["count_zeros"])
            record["host"] = host_record(source)
            record["hint"] = record["hint"] or _hint(loaded)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    is_found = _is_less(record) or is_wrong(record["findings"], strict=options["strict"])
    return record, NOTHING_OPENED if record["foreign"] else FOUND if is_found else 0


def _hint(image: Image) -> str:
    """What to do next about a file that is refused, or cut off."""
    refusing = first_refusing(image.findings)
    if image.foreign or not (refusing or image.glance.cut):
        return ""
    rule, repair = (refusing.rule, refusing.repair) if refusing else ("BAT-006", "no")
    return image.advice(rule, repair, as_command=True)


def _lines(record: dict[str, Any]) -> Iterator[str]:
    if record["foreign"]:
        text = f"{record['file']}: is no VHDX: it {record['foreign']['text']}"
        raise Failure(text, NOTHING_OPENED, record["foreign"]["hint"])

    def _line(name: str, value: str) -> str:
        return f"{name:<18}{value}"

    if record["cut"]:
        yield _line(click.style(f"{'cut off':<18}", fg="red"), record["cut"]["text"])
    yield _line("file", shown(record["file"]))
    yield _line("file size", size_text(record["file_size"]))
    yield from _host(record["host"], _line)
    yield _line("disk type", record["disk_type"] or "unknown")
    for key in ("virtual_size", "block_size"):
        yield _line(key.replace("_", " "), "unknown" if record[key] is None else size_text(record[key]))
        stored = record["stored_virtual_size"]
        if key == "virtual_size" and stored != record[key] and stored is not None:
            yield _line("  as stored", f"{size_text(stored)}, no whole number of sectors")
    yield _line("sector size", _sectors(record))
    yield from _allocation(record, _line)
    yield _line("creator", quoted(record["creator"]) or "unknown")
    for key in ITEM_KEYS:
        if key != "stored_virtual_size":  # said beside the size that the guest sees
            value = "unknown" if record[key] is None else str(record[key])
            yield _line(_NAMED.get(key, key.replace("_", " ")), value)
    for name in ("data write", "file write"):
        yield _line(f"{name} GUID", record[f"{name.replace(' ', '_')}_guid"] or "unknown")
    headers = record["headers"]
    yield _line("current header", f"{headers['current'] or 'none'} ({shown(headers['reason'])})")
    yield _line("log", _log(record["log"]))
    yield from _parent(record["parent"], _line)
    if not (record["findings"] or _is_less(record)):
        yield _line("findings", "none")
    yield from _findings(record["findings"], _line)
    yield from _table(record, _line)
    if record["possible_loss"]:
        yield _line(click.style(f"{'possible loss':<18}", fg="red"), record["possible_loss"]["text"])


def _is_less(record: dict[str, Any]) -> bool:
    """Whether part of the disk is lost, or seems to be."""
    table = record["table"]
    return bool(record["cut"] or record["possible_loss"] or (table and table["unreadable"]))


def _table(record: dict[str, Any], line: Any) -> Iterator[str]:
    """How much of the table was looked at, and what of it says nothing."""
    table = record["table"]
    if table and record["cut"] is None and table["looked_at"] < table["entries"]:
        looked = f"{table['looked_at']} of {table['entries']} entries looked at; vhdx check looks at all"
        yield line("table", looked)
    if table and table["unreadable"]:
        text = (
            f"{table['unreadable']} of {table['looked_at']} entries of the table say nothing, as reserved bits are "
            "set; their blocks cannot be read, and vhdx map lists them"
        )
        yield line(click.style(f"{'unreadable':<18}", fg="red"), text)


def _host(host: dict[str, Any], line: Any) -> Iterator[str]:
    """Size on the host, and what is against attaching such a file on Windows."""
    refused = [word for word in ("sparse", "compressed") if host[word]]
    parts = [] if host["stored"] is None else [size_text(host["stored"])]
    parts += [f"{' and '.join(refused)} here; Windows attaches no such file"] if refused else []
    if parts:
        yield line("size on host", ", ".join(parts))


def _allocation(record: dict[str, Any], line: Any) -> Iterator[str]:
    """What the blocks take up in the file."""
    allocation, table = record["allocation"], record["table"]
    if allocation is None or table is None:
        return
    blocks, runs = allocation["blocks"], allocation["runs"]
    least = "at least " if allocation["looked_at"] < table["entries"] else ""
    text = f"{least}{counted(blocks, 'block')}, {size_text(allocation['bytes'])}"
    fragmented = f", in {counted(runs, 'run')}, {allocation['fragmentation_percent']} % fragmented"
    yield line("allocated", text + fragmented if blocks else text)
    if allocation["zero_blocks"] is not None:
        yield line("only zeros", f"{least}{counted(allocation['zero_blocks'], 'block')} of these")
    if allocation["smallest_file_size"] is not None:
        zeros = "; --count-zeros looks for blocks that hold only zeros and may go"
        if allocation["zero_blocks"] is not None:
            zeros = ", without the blocks that hold only zeros"
        more = zeros if blocks and record["disk_type"] != "fixed" else ""
        yield line("smallest file", size_text(allocation["smallest_file_size"]) + more)


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
    entries = counted(replay["entries"], "entry", "entries")
    sectors = counted(replay["sectors_written"], "sector", "sectors")
    gone = f", {size_text(replay['bytes_missing'])} of it cut off and unknown" if replay["bytes_missing"] else ""
    return (
        f"dirty, {place}; replayed in memory only: {entries}, {numbers}, "
        f"{sectors} written, {size_text(replay['bytes_zeroed'])} zeroed, "
        f"file grows by {size_text(replay['file_growth'])}{gone}"
    )


def _parent(parent: dict[str, Any] | None, line: Any) -> Iterator[str]:
    if parent is None:
        return
    links = parent["chain"]
    depth = len(links) + (parent["state"] == "not found")
    where = f", at depth {depth}" if depth > 1 and parent["state"] in ("changed", "unusable", "not found") else ""
    yield line("parent", _STATES.get(parent["state"], parent["state"]) + where)
    for depth, link in enumerate(links, 1):
        guid = f", DataWriteGuid {link['data_write_guid']}" if link["state"] in _DIFFERING else ""
        state = "" if link["state"] == "matches" else f", {link['state']}{guid}"
        yield line(f"  depth {depth}", f"{shown(link['path'] or link['file'])} (by {link['found_by']}{state})")
    for pair in parent["names"]:
        yield line("  locator", f"{quoted(pair['key'] or '')} = {quoted(pair['value'] or '')}")


def _findings(findings: list[dict[str, Any]], line: Any) -> Iterator[str]:
    for number, finding in enumerate(findings):
        verdict = click.style(finding["verdict"], fg=_COLOURS.get(finding["verdict"]))
        yield line("" if number else "findings", f"{verdict}: {shown(finding['message'])}")
