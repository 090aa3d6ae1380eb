"""`vhdx convert`: the disk as a sparse raw image, or as a stream."""

from __future__ import annotations

from typing import Any

import click

from ..disk import VirtualDisk
from .common import (
    FOUND,
    chain_options,
    emit_json,
    examples,
    json_option,
    lost_record,
    opened,
    shown,
    size_text,
    warn_lost,
)

_EPILOG = examples(
    "vhdx convert disk.vhdx disk.raw",
    "vhdx convert --parent-dir /disks child.avhdx disk.raw",
    "vhdx convert disk.vhdx - | zstd > disk.raw.zst",
    "vhdx convert --salvage --json damaged.vhdx disk.raw > lost.json",
)


@click.command("convert", epilog=_EPILOG)
@click.argument("image", type=click.Path())
@click.argument("output", type=click.Path(allow_dash=True))
@click.option("--force", is_flag=True, help="Replace a file of that name.")
@chain_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, image: str, output: str, force: bool, as_json: bool, **options: Any) -> None:
    """Write the disk in IMAGE as the raw image OUTPUT, or to standard output (-).

    What is zero stays a hole. OUTPUT gets its name when it is complete; a run that fails or is interrupted leaves
    nothing. With - the report (--json) goes to stderr. Exits with 1 when a part of the disk could not be had
    (--salvage, --without-parent): it is listed, and zero in OUTPUT.
    """
    from ..transfer.extents import Lost

    lost = Lost()
    with opened(image, options) as disk:
        written = _stream(disk, lost) if output == "-" else _save(disk, lost, output, force)
        record: dict[str, Any] = {
            "file": disk.image.name,
            "output": output,
            "virtual_size": disk.size,
            "bytes_written": written,
            "chain": [member.name for member in disk.chain],
            "log": disk.image.log.state,
            "lost": lost_record(lost),
        }
    if as_json:
        emit_json(record, err=output == "-")
    else:
        name = "standard output" if output == "-" else shown(output)
        click.echo(f"{name}: {size_text(record['virtual_size'])}, {size_text(written)} written", err=output == "-")
        warn_lost(lost)
    ctx.exit(FOUND if lost.count else 0)


def _save(disk: VirtualDisk, lost: Any, output: str, force: bool) -> int:
    from ..transfer.copying import copy_sparse
    from .output import new_file
    from .progress import progress

    inputs = {image.source.identity for image in disk.chain}
    with new_file(output, force=force, inputs=inputs) as fd, progress("converting", disk.size) as advance:
        return copy_sparse(disk, fd, lost, advance)


def _stream(disk: VirtualDisk, lost: Any) -> int:
    from ..transfer.copying import chunks
    from .output import write_stdout
    from .progress import progress

    written = 0
    with progress("converting", disk.size) as advance:
        for chunk in chunks(disk, lost):
            write_stdout(chunk)
            written += len(chunk)
            advance(written)
    return written
