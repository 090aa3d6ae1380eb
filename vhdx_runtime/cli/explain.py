"""`vhdx explain`: what a byte of the file is, or where a byte of the disk comes from."""

from __future__ import annotations

from typing import Any

import click

from ..codec.source import open_source
from ..disk.image import load_image
from ..errors import VhdxError
from ..inspect import explain_disk, explain_file, explain_text
from ..semantics.presence import UNREADABLE
from . import book
from .common import (
    FOUND,
    NOTHING_OPENED,
    PATH,
    USAGE,
    Failure,
    emit,
    emit_json,
    examples,
    image_options,
    json_option,
    size_option,
)
from .images import accepted_record, header_number, opened, say_foreign
from .steps import NEXT

_EPILOG = examples(
    "vhdx explain --file 0x300008 disk.vhdx",
    "vhdx explain --disk 1M --parent-dir /disks child.avhdx",
    "vhdx explain --disk 2048s disk.vhdx",
    "vhdx explain --file 0x20030 --doc disk.vhdx",
    "vhdx explain --disk 0 --json disk.vhdx | jq .file_offset",
)


@click.command("explain", epilog=_EPILOG)
@click.argument("image", type=PATH)
@size_option("--file", "Explain the byte at this file offset, such as 0x300008, 1M, or 2048s for sectors of 512 bytes.")
@size_option("--disk", "Explain the byte at this offset of the virtual disk.")
@click.option("--doc", is_flag=True, help="Add what the book of the format says of the field, or of the block's state.")
@image_options
@json_option
@click.pass_context
def command(
    ctx: click.Context, /, image: str, file: int | None, disk: int | None, doc: bool, as_json: bool, **options: Any
) -> None:
    """Say what one byte of the file IMAGE, or of the disk in it, is.

    A byte of the file: the structure, field and bits that it belongs to, their value, the rules that speak of them, and
    the byte of the disk if it holds one. A byte of the disk: its block, the BAT entry, the log entry that supplied it,
    the bit of the sector bitmap, and the file of the chain that has the byte. Exits with 1 when a byte of the disk
    cannot be read, with 3 where the file is no VHDX.
    """
    if (file is None) == (disk is None):
        raise Failure("give either --file or --disk", USAGE, NEXT["file or disk"])
    if file is not None:
        record, is_foreign = _of_file(image, file, options)
        _emit(record, explain_text.of_file, as_json, _fields(record) if doc else None)
        ctx.exit(NOTHING_OPENED if is_foreign else 0)
    record = _of_disk(image, disk or 0, options)
    _emit(record, explain_text.of_disk, as_json, _states(record) if doc else None)
    ctx.exit(FOUND if record["kind"] == UNREADABLE else 0)


def _of_file(image: str, offset: int, options: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What the byte is, and whether the file is no VHDX."""
    try:
        source = open_source(image)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    with load_image(source, log=options["log"], header=header_number(options)) as loaded:
        say_foreign(loaded)
        try:
            return explain_file.explain(loaded, offset), loaded.foreign is not None
        except ValueError as error:
            raise Failure(f"{image}: {error}", USAGE, NEXT["offset"]) from error


def _of_disk(image: str, offset: int, options: dict[str, Any]) -> dict[str, Any]:
    with opened(image, options | {"salvage": True}) as disk:
        try:
            return explain_disk.explain(disk, offset) | {"accepted": accepted_record(disk.chain)}
        except ValueError as error:
            raise Failure(f"{image}: {error}", USAGE, NEXT["offset"]) from error


def _fields(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Names in the book of the field, or of the bits, that a byte of the file belongs to."""
    leaf = record["nodes"][-1]
    structure, field = leaf.get("structure", ""), leaf.get("field", "")
    if record["bits"]:
        return [(f"{structure}.{bit['name']}", "field") for bit in record["bits"]]
    return [(f"{structure}.{field}", "field")] if field else [(structure, "structure")]


def _states(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Names in the book of the states on the way to a byte of the disk."""
    entries = [entry for step in record["steps"] for entry in (step["entry"], (step["bitmap"] or {}).get("entry"))]
    return [(entry["state_name"], "value") for entry in entries if entry]


def _emit(record: dict[str, Any], text: Any, as_json: bool, names: list[tuple[str, str]] | None) -> None:
    found = book.documentation(names) if names is not None else []
    if as_json:
        emit_json(record | ({"doc": [book.record(one) for one in found]} if names is not None else {}))
        return
    emit(text(record), wraps=True)
    book.show(found, "")
