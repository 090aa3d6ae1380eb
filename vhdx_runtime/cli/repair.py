"""`vhdx repair`: mend what check finds, step by step, so that it can be looked at before and taken back afterwards.

Prints what the package `repair` plans and does. The only command that changes an image, with --apply or --undo.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final

import click

from ..check import catalogue, table_size
from ..codec.source import open_source
from ..errors import VhdxError
from ..image import Image, load_image
from ..repair import apply, undo
from ..repair.plan import Plan
from ..repair.planning import Wishes, make_plan
from ..summary import is_recognised
from ..write.target import FileTarget
from .check import chosen, parted
from .common import (
    FOUND,
    NOTHING_OPENED,
    USAGE,
    Failure,
    emit,
    emit_json,
    examples,
    json_option,
    parent_options,
    shown,
    size_text,
    warn,
)
from .progress import progress
from .repair_text import lines, record

_LONG: Final = 32 << 20  # bytes from which on progress is worth showing
_SUFFIX: Final = ".undo"
_EPILOG: Final = (
    examples(
        "vhdx repair disk.vhdx                            what would be done, and what not, and why",
        "vhdx repair --apply disk.vhdx                    do it; disk.vhdx.undo is written first",
        "vhdx repair --undo disk.vhdx.undo disk.vhdx      take it back, byte for byte",
        "vhdx repair --offer LOG-024 disk.vhdx            with a repair that needs consent",
        "vhdx repair --lossy --select 'BAT-*' disk.vhdx   with those that give something up",
    )
    + """

\b
Exit codes:
  0  nothing that matters is wrong with the file, or will be once the plan is applied
  1  something that matters is left, or the file was put back as it was
  2  wrong usage
  3  the file could not be opened
"""
)


@click.command("repair", epilog=_EPILOG)
@click.argument("image", type=click.Path())
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and write nothing (the default).")
@click.option("--apply", "is_applied", is_flag=True, help="Do it.")
@click.option("--undo", "undo_path", type=click.Path(), metavar="FILE",
              help="Alone: take back what FILE was written for. With --apply: the undo file to write; IMAGE.undo if "
              "not given.")  # fmt: skip
@click.option("--offer", "offered", multiple=True, metavar="IDS", help="Agree to repairs of these: ids or patterns.")
@click.option("--lossy", is_flag=True, help="Agree to repairs that give something up; the plan says what.")
@click.option("--select", multiple=True, metavar="IDS", help="Mend only these: ids or patterns, parted by commas.")
@click.option("--ignore", multiple=True, metavar="IDS", help="Leave these: ids or patterns, parted by commas.")
@click.option("--chain", "with_chain", is_flag=True, help="Judge the link to the parent too.")
@click.option("--verbose", "-v", is_flag=True, help="Show every patch: offset, old and new bytes.")
@parent_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, image: str, **options: Any) -> None:
    """Mend what is wrong with IMAGE, as far as that can be done without a doubt.

    First the plan: each repair with the rules that it mends, and what is left and why. Repairs that lose nothing are
    planned by themselves; --offer and --lossy add others. With --apply the undo file is written first, then the image,
    in an order in which a crash does no harm; then everything is checked again and the bytes that the guest reads are
    compared, and if they are not what the plan said, the image is put back.

    A link to the parent is mended only towards the first file that --parent names.

    The image must be a regular file that nobody else uses. A symbolic link is followed; a block device is refused.
    """
    if options["only_plan"] and (options["is_applied"] or options["undo_path"]):
        raise Failure("--plan writes nothing; leave it out, or leave out --apply and --undo", USAGE)
    if options["undo_path"] and not options["is_applied"]:
        _undo(image, options["undo_path"], options["as_json"])
        return
    wishes = _wishes(options)
    if options["is_applied"]:
        _apply(ctx, image, wishes, options)
        return
    with _loaded(image) as loaded:
        plan = _planned(loaded, wishes)
        _show(plan, options)
        ctx.exit(_code(plan))


def _wishes(options: dict[str, Any]) -> Wishes:
    try:
        offered = set(catalogue.ids(parted(options["offered"]))) if options["offered"] else set()
    except ValueError as error:
        raise Failure(str(error), USAGE) from error
    return Wishes(
        offered=offered,
        lossy=options["lossy"],
        keep=chosen(options["select"], options["ignore"]),
        parents=tuple(options["parents"]),
        parent_dirs=tuple(options["parent_dirs"]),
        with_chain=options["with_chain"],
    )


@contextmanager
def _loaded(path: str) -> Iterator[Image]:
    try:
        source = open_source(path)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    with load_image(source) as image:
        yield image


def _planned(image: Image, wishes: Wishes) -> Plan:
    total = table_size(image)
    with progress("checking", total) if total >= _LONG else nullcontext() as show:
        return make_plan(image, wishes, show)


def _show(plan: Plan, options: dict[str, Any]) -> None:
    if options["as_json"]:
        emit_json(record(plan))
    else:
        emit(lines(plan, verbose=options["verbose"]))
        if plan.operations:
            click.echo("Nothing is written yet; --apply does all this.")


def _code(plan: Plan) -> int:
    if not is_recognised(plan.preview):
        return NOTHING_OPENED
    return FOUND if plan.after.is_serious else 0


def _apply(ctx: click.Context, path: str, wishes: Wishes, options: dict[str, Any]) -> None:
    try:
        target = FileTarget(path)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    with target, _loaded(path) as image:
        plan = _planned(image, wishes)
        undo_path = options["undo_path"] or path + _SUFFIX
        if not options["as_json"]:
            emit(lines(plan, verbose=options["verbose"]))
        if not plan.operations:
            if options["as_json"]:
                emit_json(record(plan))
            ctx.exit(_code(plan))
        if target.links > 1:
            warn(f"{path}: the file has {target.links} names, and changes under all of them")
        outcome = _carried_out(plan, target, undo_path)
        if options["as_json"]:
            emit_json(record(plan) | {"mode": "apply", "undo_file": undo_path, "failure": outcome.failure})
        elif not outcome.failure:
            click.echo(f"Done: {shown(outcome.report.conclusion if outcome.report else '')}")
            click.echo(f"To take it back: vhdx repair --undo {shown(undo_path)} {shown(path)}")
        if outcome.failure:
            raise Failure(f"{path}: put back as it was: {outcome.failure}", FOUND)
        ctx.exit(_code(plan))


def _carried_out(plan: Plan, target: FileTarget, undo_path: str) -> apply.Outcome:
    try:
        with progress("writing", plan.written) if plan.written >= _LONG else nullcontext() as show:
            return apply.apply(plan, target, undo_path, show)
    except FileExistsError as error:
        raise Failure(f"{undo_path}: exists; it may be needed, so name another one with --undo", USAGE) from error


def _undo(path: str, undo_path: str, as_json: bool) -> None:
    try:
        kept = undo.load(undo_path)
        target = FileTarget(path)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    with target:
        total = sum(end - start for start, end in kept.saved + kept.zeros)
        with progress("putting back", total) if total >= _LONG else nullcontext() as show:
            written = undo.restore(kept, target, show)
    kept.file.close()
    if as_json:
        emit_json({"file": path, "mode": "undo", "undo_file": undo_path, "written": written})
    elif written:
        click.echo(f"{shown(path)} is as it was: {size_text(written)} put back.")
    else:
        click.echo(f"{shown(path)} is as it was.")
