"""`vhdx convert`: a disk from one form into another, as a file or as a stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click

from ..codec.source import FileSource, Source
from ..disk.summary import left_out
from ..disk.virtual import VirtualDisk
from ..errors import UnsupportedError, VhdxError
from ..wording import agreeing
from .amplified import warn_amplified
from .common import (
    FOUND,
    NOTHING_OPENED,
    PATH,
    USAGE,
    Failure,
    chain_options,
    emit_json,
    examples,
    hint_of,
    json_option,
    lost_record,
    short_size,
    shown,
    size_option,
    size_text,
    warn,
    warn_lost,
)
from .containers import container_options, container_sizes, say_sparse, warn_footer
from .images import accepted_record, doubts_of, opened
from .steps import NEXT

if TYPE_CHECKING:
    from ..transfer.extents import Lost
    from ..transfer.form import Converted, ResultForm
    from ..transfer.origin import Origin
    from ..write.target import DescriptorTarget

_EPILOG = examples(
    "vhdx convert disk.vhdx disk.raw",
    "vhdx convert disk.raw new.vhdx --verify",
    "vhdx convert disk.raw small.vhdx --block-size 1M",
    "vhdx convert disk.vhdx azure.vhd",
    "vhdx convert azure.vhd back.vhdx",
    "vhdx convert --parent-dir /disks child.avhdx flat.vhdx",
    "vhdx convert disk.vhdx - | zstd > disk.raw.zst",
    "ssh host dd if=/dev/vda | vhdx convert - host.vhdx --size 20G",
    "vhdx convert --salvage --json damaged.vhdx saved.raw > lost.json",
    "vhdx convert --salvage --mapfile saved.map damaged.vhdx saved.img; ddrescuelog -t saved.map",
)
_OF_CONTAINERS: Final = ("parent_dirs", "parents", "accept_parents", "without_parent", "header", "salvage", "mapfile")
_PIPE: Final = "-"


@dataclass(frozen=True, slots=True)
class _Input:
    """What is converted.

    Attributes:
        origin: its bytes.
        format: "vhdx", "vhd" or "raw".
        disk: the disk, where it is one of a container.
        sources: the files that are read.
        lost: what could not be had of it.
    """

    origin: Origin
    format: str
    disk: VirtualDisk | None
    sources: list[Source]
    lost: Lost


@click.command("convert", epilog=_EPILOG)
@click.argument("image", type=click.Path(allow_dash=True, readable=False))
@click.argument("output", type=click.Path(allow_dash=True, readable=False))
@click.option("--format", type=click.Choice(["vhdx", "vhd", "raw"]),
              help="What to make. Without it, what the ending of OUTPUT says; raw for -.")  # fmt: skip
@click.option("--from", "source_format", type=click.Choice(["vhdx", "vhd", "raw"]),
              help="What IMAGE is; of VHD only fixed ones. Without it raw for - and where its name ends in .raw, .img, "
              ".dd, .bin, .iso or .ima, VHD where only its footer says what it is, else VHDX.")  # fmt: skip
@click.option("--type", type=click.Choice(["dynamic", "fixed"]), help="Of a VHDX. Default dynamic; a VHD is fixed.")
@size_option("--size", "Bytes that standard input will give, where it is a pipe.")
@container_options(of_children=False)
@click.option("--verify", is_flag=True, help="Read the result back, and compare what the guest sees.")
@click.option("--force", is_flag=True, help="Replace a file of that name.")
@click.option(
    "--mapfile",
    type=PATH,
    metavar="FILE",
    help="Write there, as GNU ddrescue does, what is sound.",
)
@chain_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, image: str, output: str, as_json: bool, **options: Any) -> None:
    """Write the disk in IMAGE, a VHDX, a fixed VHD or a raw image, as OUTPUT, one of these. For either one - is a pipe.

    A child is flattened. What is zero stays a hole. OUTPUT gets its name when it is complete and on its medium; a run
    that fails or is interrupted says how far it came, and leaves nothing. With - the report (--json) goes to stderr,
    and a VHDX must be fixed. A new VHDX has new identifiers. Exits with 1 when a part of the disk could not be had
    (--salvage, --without-parent): it is listed, and zero in OUTPUT; and when a part is in doubt, of which a warning
    tells; but not for a parent that you accepted. In the mapfile, positions are those on the disk; "+" is sound, "-"
    could not be had.
    """
    form = _form(output, options)
    mapfile = options["mapfile"]
    if mapfile and os.path.realpath(mapfile) == os.path.realpath(output):
        raise Failure(f"{mapfile}: is the output, too", USAGE, NEXT["same output"])
    with _input(image, options) as given, _mapfile(mapfile, given.disk, options["force"]):
        form = _fitting(given, form, in_one_pass=output == _PIPE)
        stored = warn_amplified(given.disk) if given.disk else None
        made, digest = _stream(given, form) if output == _PIPE else _save(given, form, output, options)
        record = _record(given, form, output, made) | {"bytes_stored": stored, "verified": digest}
    _report(record, given.lost, as_json, err=output == _PIPE)
    if form.format != "raw" and output != _PIPE:
        say_sparse(output)
    ctx.exit(FOUND if given.lost.count or record["doubts"] else 0)


def _form(output: str, options: Mapping[str, Any]) -> ResultForm:
    """What to make, as far as the options and the name say it."""
    from ..transfer.form import ResultForm, format_of

    found = options["format"] or ("raw" if output == _PIPE else format_of(output))
    if found is None:
        raise Failure(f"{output}: the name does not say what to make", USAGE, NEXT["format"])
    sizes = container_sizes(options)
    wrong = [name for name, value in (sizes | {"type": options["type"]}).items() if value and name != "allocate"]
    if found != "vhdx" and wrong and wrong != ["type"]:
        raise Failure(
            f"--{wrong[0].replace('_', '-')} is for VHDX, and {output} is to be {found}", USAGE, NEXT["of a container"]
        )
    if output == _PIPE and (options["verify"] or options["allocate"]):
        option = "verify" if options["verify"] else "allocate"
        raise Failure(f"--{option} needs a file: what went into a pipe is gone", USAGE, NEXT["into a pipe"])
    if found == "vhd" and options["type"] == "dynamic":
        raise Failure("--type dynamic: a VHD is made fixed only", USAGE, NEXT["fixed VHD"])
    return ResultForm(found, options["type"] or ("fixed" if found == "vhd" else "dynamic"), **sizes)


@contextmanager
def _input(image: str, options: Mapping[str, Any]) -> Iterator[_Input]:
    """Open what is to be converted."""
    from ..transfer import origin as origins
    from ..transfer.extents import Lost

    lost = Lost()
    source_format = _source_format(image, options)
    if source_format != "vhdx":
        wrong = next((name for name in _OF_CONTAINERS if options[name]), "")
        if wrong or options["log"] != "replay":
            name = wrong.replace("_", "-") or "log"
            said = f"--{name} is for images in VHDX, and {image} is {source_format}"
            raise Failure(said, USAGE, NEXT["of an image"])
        with _flat(image, source_format, options["size"]) as (origin, sources):
            is_told = bool(options["source_format"]) or source_format == "vhd"
            guarded = origin if is_told else origins.refusing_containers(origin)
            try:
                yield _Input(guarded, source_format, None, sources, lost)
            except origins.NoRawImageError as error:
                raise Failure(str(error), NOTHING_OPENED, hint_of(error)) from error
        return
    if options["size"] is not None:
        raise Failure("--size is for standard input: a file says itself how long it is", USAGE, NEXT["size of a pipe"])
    with opened(image, options) as disk:
        sources = [member.source for member in disk.images]
        yield _Input(origins.of_virtual_disk(disk, lost), source_format, disk, sources, lost)


def _source_format(image: str, options: Mapping[str, Any]) -> str:
    """What the input is: "vhdx", "vhd" or "raw"."""
    from ..transfer.form import format_of
    from ..transfer.vhd import is_fixed

    given: str | None = options["source_format"]
    if image == _PIPE and given in ("vhdx", "vhd"):
        raise Failure(f"a {given.upper()} cannot be read from a pipe", USAGE, NEXT["a pipe"])
    if given is None and (image == _PIPE or format_of(image) == "raw"):
        if image != _PIPE and is_fixed(image):
            warn_footer(image, "--from vhd leaves it out")
        return "raw"
    return given or ("vhd" if is_fixed(image) else "vhdx")


@contextmanager
def _flat(image: str, source_format: str, size: int | None) -> Iterator[tuple[Origin, list[Source]]]:
    from ..transfer import origin as origins
    from ..transfer.vhd import fixed_disk

    source: FileSource | None = None
    try:
        if image == _PIPE:
            stdin = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
            origin = origins.of_file_object(stdin, size, "standard input")
        elif size is not None:
            raise ValueError("--size is for standard input: a file says itself how long it is")
        else:
            source = FileSource(image) if source_format == "raw" else fixed_disk(image)
            origin = origins.of_raw(source)
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["possible"]) from error
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED, hint_of(error) or NEXT["of a VHD"]) from error
    try:
        yield origin, [source] if source else []
    finally:
        if source:
            source.close()


def _fitting(given: _Input, form: ResultForm, in_one_pass: bool) -> ResultForm:
    """What to make, with what the input says; refused before anything is written where it cannot be made."""
    if form.format == "raw":
        return form
    from ..transfer.convert import require_possible

    if form.logical_sector_size is None and given.disk is not None and given.disk.image.geometry:
        form = replace(form, logical_sector_size=given.disk.image.geometry.logical_sector_size)
    try:
        require_possible(given.origin, form, in_one_pass=in_one_pass)
    except (ValueError, UnsupportedError) as error:
        raise Failure(str(error), USAGE, NEXT["possible"]) from error
    return form


@contextmanager
def _mapfile(path: str | None, disk: VirtualDisk | None, force: bool) -> Iterator[None]:
    """Write the mapfile, where one is asked for, once all else is done."""
    if path is None or disk is None:
        yield
        return
    from .. import __version__
    from ..transfer.mapfile import lines
    from .output import new_file, write_all

    with new_file(path, force=force, inputs=[image.source for image in disk.images]) as fd:
        yield
        for line in lines(disk, f"vhdx-runtime {__version__}"):
            write_all(fd, f"{line}\n".encode("ascii"))


def _save(given: _Input, form: ResultForm, output: str, options: Mapping[str, Any]) -> tuple[Converted, str | None]:
    from ..write.target import DescriptorTarget
    from .output import new_file

    with new_file(output, force=options["force"], inputs=given.sources) as fd:
        out = DescriptorTarget(fd, output)
        with _told(given, "nothing of it is left") as advance:
            made = _written(given, form, out, advance)
        return made, _verified(given, made, form, out) if options["verify"] else None


def _written(given: _Input, form: ResultForm, out: DescriptorTarget, advance: Callable[[int], object]) -> Converted:
    if given.disk is None or form.format != "raw" or form.allocate or out.fd is None:
        from ..transfer.convert import save

        return save(given.origin, out, form, advance)
    from ..transfer.copying import copy_sparse  # as it is stored: nothing is compared with zero
    from ..transfer.form import Converted

    return Converted(given.disk.size, given.disk.size, copy_sparse(given.disk, out.fd, given.lost, advance))


def _verified(given: _Input, made: Converted, form: ResultForm, out: DescriptorTarget) -> str:
    from ..transfer.convert import require_same
    from .progress import progress

    with progress("verifying", 2 * made.size) as advance:
        return require_same(given.origin, made.size, out, form, advance)


def _stream(given: _Input, form: ResultForm) -> tuple[Converted, None]:
    from ..transfer.convert import pieces
    from .output import write_stdout

    made, parts = pieces(given.origin, form)
    written = 0
    with _told(given, "the rest is missing") as advance:
        for part in parts:
            write_stdout(part)
            written += len(part)
            advance(min(written, made.virtual_size))
    return replace(made, size=made.size or written, virtual_size=made.virtual_size or written, written=written), None


@contextmanager
def _told(given: _Input, left: str) -> Iterator[Callable[[int], None]]:
    """Show how far a run has come, and say it where the run fails or is interrupted."""
    from .progress import progress

    reached, size = 0, given.origin.size
    with progress("converting", size or 0) as show:

        def _advance(done: int) -> None:
            nonlocal reached
            reached = done
            show(done)

        try:
            yield _advance
        except BaseException as error:
            of = f" of {size_text(size)}" if size else ""
            error.add_note(f"ended after {size_text(reached)}{of}, {left}")
            raise


def _record(given: _Input, form: ResultForm, output: str, made: Converted) -> dict[str, Any]:
    disk, is_container = given.disk, form.format == "vhdx"
    return {
        "file": given.origin.name,
        "source_format": given.format,
        "source_size": made.size,
        "output": output,
        "format": form.format,
        "disk_type": form.disk_type if form.format != "raw" else None,
        "block_size": form.layout(made.size).geometry.block_size if is_container else None,
        "virtual_size": made.virtual_size,
        "left_out": 0 if disk is None else left_out(disk.image),
        "bytes_written": made.written,
        "chain": [given.origin.name] if disk is None else [member.name for member in disk.images],
        "accepted": [] if disk is None else accepted_record(disk.chain),
        "log": None if disk is None else disk.image.log.state,
        "doubts": [] if disk is None else doubts_of(disk),
        "lost": lost_record(given.lost),
    }


def _report(record: dict[str, Any], lost: Lost, as_json: bool, err: bool) -> None:
    if record["left_out"] and not (as_json and err):
        text = f"{size_text(record['left_out'])} at the end of the disk"
        warn(f"{agreeing(text, 'was', 'were')} left out: no whole sector")
    if as_json:
        emit_json(record, err=err)
        return
    name = "standard output" if record["output"] == _PIPE else shown(record["output"])
    what = "" if record["format"] == "raw" else f"{record['disk_type']} {record['format'].upper()}, "
    size, written = size_text(record["virtual_size"]), size_text(record["bytes_written"])
    verified = ", read back and the same" if record["verified"] else ""
    click.echo(f"{name}: {what}{size}, {written} written{verified}", err=err)
    added = record["virtual_size"] - record["source_size"]
    if added:
        click.echo(
            f"vhdx: note: {agreeing(f'{short_size(added)} of zeros', 'was', 'were')} added, to whole sectors or MiB",
            err=True,
        )
    warn_lost(lost)
