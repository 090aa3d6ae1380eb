"""`vhdx hash`: digests of the disk, and a record of how they came about."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any, Final

import click

from .. import __version__
from ..codec.source import open_source
from ..disk.virtual import VirtualDisk
from ..errors import VhdxError
from .common import (
    FOUND,
    NOTHING_OPENED,
    PATH,
    USAGE,
    Failure,
    chain_options,
    examples,
    json_option,
    lost_record,
    shown,
    warn_lost,
)
from .images import accepted_record, doubts_of, opened
from .several import answer, named
from .steps import NEXT

_DEFINITION: Final = "nonzero_64k_definition"
_EPILOG = examples(
    "vhdx hash disk.vhdx",
    "vhdx hash --json disk.vhdx > disk.hashes.json",
    "vhdx hash --algorithm sha512 --algorithm blake2b disk.vhdx",
    "vhdx hash --container --algorithm sha256 disk.vhdx",
    "vhdx hash --sparse-digest huge.vhdx",
    "vhdx hash /disks child.avhdx",
)


@click.command("hash", epilog=_EPILOG)
@click.argument("images", type=PATH, nargs=-1, required=True, metavar="IMAGE…")
@click.option("--algorithm", "algorithms", multiple=True, metavar="NAME",
              help="One of hashlib's, such as sha512; may be given several times. Default md5, sha1, sha256.",
              )  # fmt: skip
@click.option("--container", is_flag=True, help="Digest the file as it is, whatever it holds, and not the disk in it.")
@click.option("--sparse-digest", is_flag=True, help="Digest only the 64 KiB units that have a non-zero byte.")
@chain_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, images: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Digest the disk in every IMAGE: md5, sha1 and sha256 of all its bytes, in one pass.

    --sparse-digest is for disks too large for that: sha256 over all aligned 64 KiB units that have a non-zero byte,
    each as little-endian u64 offset followed by the unit's bytes. What is known to be zero is not read. A folder stands
    for the .vhdx and .avhdx files in it. Exits with 1 when a part of a disk could not be read (--salvage,
    --without-parent); it is treated as zeros.
    """
    _require_sane(options)
    is_one = named(images) == list(images[:1])

    def _work(image: str) -> tuple[dict[str, Any], int]:
        return _of_file(image, options) if options["container"] else _of_disk(image, options, as_json)

    def _lines(record: dict[str, Any]) -> list[str]:
        lines = [f"{name:<20}{value}" for name, value in record["digests"].items() if name != _DEFINITION]
        return lines if is_one else [f"{'file':<20}{shown(record['source']['file'])}", *lines]

    ctx.exit(answer(images, _work, _lines, as_json=as_json))


def _require_sane(options: dict[str, Any]) -> None:
    from ..transfer.digest import fixed_algorithms

    if options["sparse_digest"] and (options["container"] or options["algorithms"]):
        raise Failure("--sparse-digest is of the disk, by sha256", USAGE, NEXT["sparse digest"])
    known = fixed_algorithms()
    strange = [name for name in options["algorithms"] if name not in known]
    if strange:
        raise Failure(f"no algorithm is called {strange[0]}", USAGE, f"there are {', '.join(known)}")


def _of_disk(image: str, options: dict[str, Any], as_json: bool) -> tuple[dict[str, Any], int]:
    """What is said of the disk in an image, and the exit code."""
    from ..disk.summary import summarise
    from ..transfer.extents import Lost

    lost = Lost()
    with opened(image, options) as disk:
        digests = _digests(disk, lost, options)
        known = summarise(disk.image, None)
        record = {
            "of": "disk",
            "source": {key: known[key] for key in ("file", "file_size", "virtual_disk_id", "data_write_guid")},
            "chain": [member.name for member in disk.images],
            "accepted": accepted_record(disk.chain),
            "log": disk.image.log.state,
            "virtual_size": disk.size,
            "doubts": doubts_of(disk),
        }
    if not as_json:
        warn_lost(lost)
    is_less = lost.count or record["doubts"]
    return record | _run() | {"digests": digests, "unreadable": lost_record(lost)}, FOUND if is_less else 0


def _of_file(image: str, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """What is said of a file as it is, whatever it holds, and the exit code."""
    from ..transfer.digest import ALGORITHMS, file_digests
    from ..transfer.extents import Lost
    from .progress import progress

    try:
        source = open_source(image)
        with closing(source), progress("hashing", source.size) as advance:
            digests = file_digests(source, advance, options["algorithms"] or ALGORITHMS)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    record = {
        "of": "container",
        "source": {"file": source.name, "file_size": source.size, "virtual_disk_id": None, "data_write_guid": None},
        "chain": [source.name],
        "accepted": [],
        "log": None,
        "virtual_size": None,
        "doubts": [],
    }
    return record | _run() | {"digests": digests, "unreadable": lost_record(Lost())}, 0


def _digests(disk: VirtualDisk, lost: Any, options: dict[str, Any]) -> dict[str, Any]:
    from ..transfer.digest import ALGORITHMS, SPARSE_DEFINITION, digests, sparse_digest
    from .progress import progress

    with progress("hashing", disk.size) as advance:
        if not options["sparse_digest"]:
            return dict(digests(disk, lost, advance, options["algorithms"] or ALGORITHMS))
        digest, units = sparse_digest(disk, lost, advance)
    return {"nonzero_64k_digest": digest, "nonzero_64k_units": units, _DEFINITION: SPARSE_DEFINITION}


def _run() -> dict[str, Any]:
    """How the digests came about."""
    from datetime import UTC, datetime

    return {
        "version": f"vhdx {__version__}",
        "command": ["vhdx", *sys.argv[1:]],
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
