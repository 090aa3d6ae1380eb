"""`vhdx read`: bytes of the disk, to standard output or to a file."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..disk.virtual import VirtualDisk
from ..wording import agreeing
from .common import (
    FOUND,
    PATH,
    USAGE,
    Failure,
    chain_options,
    emit,
    emit_json,
    examples,
    json_option,
    lost_record,
    size_option,
    size_text,
    warn,
    warn_lost,
)
from .images import accepted_record, behind_end, opened
from .steps import NEXT

_IN_JSON_MAX = 16 << 20
_ROW = 16
_EPILOG = examples(
    "vhdx read --offset 0 --length 512 disk.vhdx | xxd",
    "vhdx read --offset 1M --length 0x10000 -o part.bin disk.vhdx",
    "vhdx read --offset 2048s --length 1s disk.vhdx | xxd",
    "vhdx read --length 512 --json disk.vhdx | jq -r .data | base64 -d",
)


@click.command("read", epilog=_EPILOG)
@click.argument("image", type=PATH)
@size_option("--offset", "Virtual offset to start from.", default="0")
@size_option("--length", "Number of bytes; the rest of the disk without it.")
@click.option("-o", "--output", type=PATH, help="File to write; - is standard output, also on a terminal.")
@click.option("--force", is_flag=True, help="Replace a file of that name.")
@chain_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, image: str, offset: int, length: int | None, **options: Any) -> None:
    """Read bytes of the disk in IMAGE.

    They go to standard output as they are, on a terminal as hexadecimal. With --json they are in the record, in
    base64, unless -o names a file. Sizes are numbers with K, M, G or T (times 1024) or s (sectors of 512 bytes), or
    hexadecimal with 0x. Exits with 1 when a part could not be read (--salvage, --without-parent); it reads as zeros.
    """
    from ..transfer.extents import Lost

    lost = Lost()
    with opened(image, options) as disk:
        if offset > disk.size:
            raise behind_end(disk, offset)
        count = disk.size - offset if length is None else min(length, disk.size - offset)
        if length is not None and count < length:
            warn(f"the disk ends at {disk.size:#x}: {agreeing(size_text(count), 'is', 'are')} read")
        _deliver(disk, lost, offset, count, options)
    warn_lost(lost)
    ctx.exit(FOUND if lost.count else 0)


def _deliver(disk: VirtualDisk, lost: Any, offset: int, count: int, options: dict[str, Any]) -> None:
    from ..transfer.copying import chunks
    from .output import write_stdout

    output, record = options["output"], {"file": disk.image.name, "offset": offset, "length": count}
    record["accepted"] = accepted_record(disk.chain)
    if output not in (None, "-"):
        _save(disk, lost, offset, count, output, options["force"])
        record["output"] = output
    elif options["as_json"]:
        if count > _IN_JSON_MAX:
            text = f"{agreeing(size_text(count), 'is', 'are')} too much for JSON, at most {size_text(_IN_JSON_MAX)}"
            raise Failure(text, USAGE, NEXT["too long for JSON"])
        record["data"] = _base64(b"".join(map(bytes, chunks(disk, lost, offset, count))))
    elif output is None and sys.stdout.isatty():
        _print_hexadecimal(disk, lost, offset, count)
    else:
        for chunk in chunks(disk, lost, offset, count):
            write_stdout(chunk)
    if options["as_json"]:
        emit_json(record | {"lost": lost_record(lost)}, err=output == "-")


def _save(disk: VirtualDisk, lost: Any, offset: int, count: int, output: str, force: bool) -> None:
    from ..transfer.copying import chunks
    from .output import new_file, write_all

    with new_file(output, force=force, inputs=[image.source for image in disk.images]) as fd:
        for chunk in chunks(disk, lost, offset, count):
            write_all(fd, chunk)


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode("ascii")


def _print_hexadecimal(disk: VirtualDisk, lost: Any, offset: int, count: int) -> None:
    from ..transfer.copying import chunks

    position = offset
    for chunk in chunks(disk, lost, offset, count):
        rows = range(0, len(chunk), _ROW)
        emit(f"{position + row:012x}  {chunk[row : row + _ROW].hex(' ')}" for row in rows)
        position += len(chunk)
