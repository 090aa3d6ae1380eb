"""`vhdx hash`: digests of the disk, and a record of how they came about."""

from __future__ import annotations

import sys
from typing import Any

import click

from .. import __version__
from ..disk import VirtualDisk
from .common import (
    FOUND,
    chain_options,
    emit,
    emit_json,
    examples,
    json_option,
    lost_record,
    opened,
    warn_lost,
)

_EPILOG = examples(
    "vhdx hash disk.vhdx",
    "vhdx hash --json disk.vhdx > disk.hashes.json",
    "vhdx hash --sparse-digest huge.vhdx",
)


@click.command("hash", epilog=_EPILOG)
@click.argument("image", type=click.Path())
@click.option("--sparse-digest", is_flag=True, help="Digest only the 64 KiB units that have a non-zero byte.")
@chain_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, image: str, sparse_digest: bool, as_json: bool, **options: Any) -> None:
    """Digest the disk in IMAGE: md5, sha1 and sha256 of all its bytes, in one pass.

    --sparse-digest is for disks too large for that: sha256 over all aligned 64 KiB units that have a non-zero byte,
    each as little-endian u64 offset followed by the unit's bytes. What is known to be zero is not read. Exits with 1
    when a part of the disk could not be had (--salvage, --without-parent); it counts as zeros.
    """
    from ..transfer.extents import Lost

    lost = Lost()
    with opened(image, options) as disk:
        digests = _digests(disk, lost, sparse_digest)
        record = _record(disk) | {"digests": digests, "unreadable": lost_record(lost)}
    if as_json:
        emit_json(record)
    else:
        emit(f"{name:<20}{value}" for name, value in record["digests"].items() if name != "nonzero_64k_definition")
        warn_lost(lost)
    ctx.exit(FOUND if lost.count else 0)


def _digests(disk: VirtualDisk, lost: Any, sparse: bool) -> dict[str, Any]:
    from ..transfer.digest import SPARSE_DEFINITION, digests, sparse_digest
    from .progress import progress

    with progress("hashing", disk.size) as advance:
        if not sparse:
            return dict(digests(disk, lost, advance))
        digest, units = sparse_digest(disk, lost, advance)
    return {
        "nonzero_64k_digest": digest,
        "nonzero_64k_units": units,
        "nonzero_64k_definition": SPARSE_DEFINITION,
    }


def _record(disk: VirtualDisk) -> dict[str, Any]:
    from datetime import UTC, datetime

    from ..summary import summarise

    known = summarise(disk.image, None)
    return {
        "source": {key: known[key] for key in ("file", "file_size", "virtual_disk_id", "data_write_guid")},
        "chain": [member.name for member in disk.chain],
        "log": disk.image.log.state,
        "virtual_size": disk.size,
        "version": f"vhdx {__version__}",
        "command": ["vhdx", *sys.argv[1:]],
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
