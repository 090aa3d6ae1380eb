"""`vhdx create`: a new image."""

from __future__ import annotations

import os
from typing import Any

import click

from ..transfer.form import format_of
from ..wording import agreeing, counted
from .common import (
    NOTHING_OPENED,
    PATH,
    USAGE,
    Failure,
    emit_json,
    examples,
    json_option,
    short_size,
    shown,
    size_option,
    size_text,
    warn,
)
from .containers import container_options, container_sizes, say_sparse
from .steps import NEXT

_EPILOG = examples(
    "vhdx create disk.vhdx --size 10G",
    "vhdx create linux.vhdx --size 64T --block-size 1M",
    "vhdx create fixed.vhdx --size 64M --type fixed --allocate",
    "vhdx create native.vhdx --size 20G --logical-sector-size 4096",
    "vhdx create child.avhdx --parent disk.vhdx",
)


@click.command("create", epilog=_EPILOG)
@click.argument("output", type=PATH)
@size_option("--size", "Size of the disk; a child has its parent's where nothing is said.")
@click.option(
    "--type",
    type=click.Choice(["dynamic", "fixed", "differencing"]),
    help="dynamic: grows with what is written, the default. fixed: has all its room. differencing: holds what changes "
    "against a parent, the default with --parent.",
)
@click.option(
    "--parent",
    type=PATH,
    metavar="FILE",
    help="The image under a child; from then on nobody may write to it.",
)
@click.option(
    "--parent-dir",
    "parent_dirs",
    type=click.Path(exists=True, file_okay=False),
    multiple=True,
    metavar="DIR",
    help="Look for the parents of the parent here, too; may be given several times.",
)
@click.option(
    "--parent-path",
    "parent_paths",
    multiple=True,
    metavar="PATH",
    help="Where Windows will find the parent: C:\\disks\\disk.vhdx, or by volume. The relative path is always there.",
)
@container_options(of_children=True)
@click.option("--force", is_flag=True, help="Replace a file of that name.")
@json_option
def command(output: str, as_json: bool, **options: Any) -> None:
    """Make OUTPUT, a new image that is all zeros, or a child of another one.

    Defaults are Hyper-V's. The file is sparse where the file system can, and gets its name when it is complete and on
    its medium. Sizes are numbers with K, M, G or T, as 10G, 1.5G, 10GB or 10GiB: always times 1024, as qemu-img and
    PowerShell have it. A size that is no whole number of sectors is rounded up.
    """
    from .. import create
    from ..errors import ChainError, UnsupportedError, VhdxError
    from ..portable import stored_bytes
    from .output import ended_by_signals, taken_is_usage

    other = format_of(output)
    if other not in (None, "vhdx"):
        raise Failure(f"{output}: the name says {other}, and a VHDX is made here", USAGE, NEXT["name of a VHDX"])
    given = {name: options[name] for name in ("size", "type", "parent", "parent_dirs", "parent_paths", "force")}
    try:
        with ended_by_signals(), taken_is_usage():
            made = create(output, **given, **container_sizes(options))
    except (ValueError, UnsupportedError) as error:
        raise Failure(str(error), USAGE, NEXT["sizes"]) from error
    except ChainError as error:
        raise Failure(str(error), NOTHING_OPENED, NEXT["grandparent"]) from error
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    status = os.stat(output)
    record = {
        "file": output,
        "disk_type": made.geometry.disk_type,
        "virtual_size": made.geometry.virtual_disk_size,
        "block_size": made.geometry.block_size,
        "logical_sector_size": made.geometry.logical_sector_size,
        "physical_sector_size": made.geometry.physical_sector_size,
        "log_size": made.log_length,
        "file_size": status.st_size,
        "stored": stored_bytes(status),
        "parent": options["parent"],
    }
    if as_json:
        emit_json(record)
    else:
        blocks = f"blocks of {short_size(made.geometry.block_size)}"
        size = size_text(made.geometry.virtual_disk_size)
        click.echo(f"{shown(output)}: {made.geometry.disk_type}, {size}, {blocks}")
    _say_more(record, options["size"])


def _say_more(record: dict[str, Any], asked: int | None) -> None:
    """What the user did not ask for, or may stumble over, on stderr."""
    if asked not in (None, record["virtual_size"]):
        sector = record["logical_sector_size"]
        size = agreeing(counted(asked or 0, "byte"), "was", "were")
        to = f"{record['virtual_size']}, whole sectors of {sector} bytes"
        click.echo(f"vhdx: note: {size} rounded up to {to}", err=True)
    say_sparse(record["file"])
    if format_of(record["file"]) != "vhdx":
        warn(f"{record['file']}: a VHDX, though the name does not end in .vhdx; Hyper-V goes by that")
    if record["parent"]:
        home, other = (os.path.dirname(os.path.realpath(record[name])) for name in ("file", "parent"))
        if os.path.commonpath([home, other]) != home:
            click.echo(f"vhdx: note: to read it, name the parent's folder: --parent-dir {shown(other)}", err=True)
