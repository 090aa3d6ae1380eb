"""`vhdx repair`: mend what check finds, step by step, so that it can be looked at before and taken back afterwards.

The only command that changes an image, with --apply or --undo.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Final

import click

from ..change import undo
from ..check import catalogue, table_size
from ..codec.source import open_source
from ..disk.image import Image, load_image
from ..errors import VhdxError
from ..repair import given
from ..repair.apply import Outcome, apply
from ..repair.plan import Plan, Wishes
from ..repair.planning import make_plan
from ..write.target import FileTarget
from .check import chosen, parted
from .common import (
    FOUND,
    NOTHING_OPENED,
    PATH,
    USAGE,
    Failure,
    emit,
    emit_json,
    examples,
    hint_of,
    json_option,
    parent_options,
    parse_size,
    say_hint,
    shown,
    size_text,
    warn,
)
from .images import note_use, require_vhdx
from .progress import progress
from .repair_text import hint, lines, record
from .steps import NEXT
from .stop import Stopped, stoppable

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
  3  the file could not be opened, or is not the one of the undo file
"""
)


@click.command("repair", epilog=_EPILOG)
@click.argument("image", type=PATH)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and write nothing (the default).")
@click.option("--apply", "is_applied", is_flag=True, help="Do it.")
@click.option("--undo", "undo_path", type=PATH, metavar="FILE",
              help="Alone: take back what FILE was written for. With --apply: the undo file to write; IMAGE.undo if "
              "not given.")  # fmt: skip
@click.option("--force", "is_forced", is_flag=True, help="With --undo alone: put back also sectors that cannot be read "
              "and those that hold something else.")  # fmt: skip
@click.option(
    "--offer",
    "offered",
    multiple=True,
    metavar="IDS",
    help="Agree to repairs of these: comma-separated ids or patterns.",
)
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="Say what the file does not any more; the "
              "plan says what it needs.")  # fmt: skip
@click.option("--lossy", is_flag=True, help="Agree to repairs that give something up; the plan says what.")
@click.option("--select", multiple=True, metavar="IDS", help="Mend only these: comma-separated ids or patterns.")
@click.option("--ignore", multiple=True, metavar="IDS", help="Leave these: comma-separated ids or patterns.")
@click.option("--chain", "with_chain", is_flag=True, help="Judge the link to the parent too.")
@click.option("--verbose", "-v", is_flag=True, help="Show every patch: offset, old and new bytes.")
@parent_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, image: str, **options: Any) -> None:
    """Mend what is wrong with IMAGE where it is safe.

    First the plan: each repair with the rules that it mends, and what is left and why. Repairs that lose nothing are
    planned by themselves; --offer and --lossy add others. With --apply the undo file is written first, then the image,
    in an order in which a crash does no harm; then everything is checked again and the bytes that the guest reads are
    compared, and if they are not what the plan said, the image is put back.

    A link to the parent is mended only towards the first file that --parent names.

    The image must be a regular file that nobody else uses. A symbolic link is followed; a block device is refused.
    """
    if options["only_plan"] and (options["is_applied"] or options["undo_path"]):
        raise Failure("--plan writes nothing, and --apply and --undo do", USAGE, NEXT["plan or apply"])
    is_undo = bool(options["undo_path"]) and not options["is_applied"]
    if options["is_forced"] and not is_undo:
        raise Failure("--force belongs to --undo alone", USAGE, NEXT["force alone"])
    if is_undo:
        _undo(image, options)
        return
    wishes = _wishes(options)
    if options["is_applied"]:
        _apply(ctx, image, wishes, options)
        return
    with _loaded(image) as loaded:
        plan = _planned(loaded, wishes)
        _show(plan, wishes, options)
        ctx.exit(_code(plan))


def _wishes(options: dict[str, Any]) -> Wishes:
    try:
        offered = set(catalogue.ids(parted(options["offered"]))) if options["offered"] else set()
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["rule"]) from error
    return Wishes(
        offered=offered,
        lossy=options["lossy"],
        keep=chosen(options["select"], options["ignore"]),
        parents=tuple(options["parents"]),
        parent_dirs=tuple(options["parent_dirs"]),
        with_chain=options["with_chain"],
        values=dict(map(_value, options["values"])),
    )


def _value(text: str) -> tuple[str, Any]:
    name, _, said = text.partition("=")
    try:
        try:
            number: int | None = parse_size(said)
        except ValueError:
            number = None
        return name, given.value(name, said, number)
    except ValueError as error:
        raise Failure(f"--set {text}: {error}", USAGE, NEXT["set"]) from error


@contextmanager
def _loaded(path: str) -> Iterator[Image]:
    try:
        source = open_source(path)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    note_use(source)
    with load_image(source) as image:
        require_vhdx(image)
        yield image


def _planned(image: Image, wishes: Wishes) -> Plan:
    total = table_size(image)
    with progress("checking", total) if total >= _LONG else nullcontext() as show:
        plan = make_plan(image, wishes, show)
    for name in wishes.values:
        without = replace(wishes, values={other: value for other, value in wishes.values.items() if other != name})
        if _summaries(make_plan(image, without)) == _summaries(plan):
            warn(f"--set {name} is of no use: nothing that is planned needs it")
    return plan


def _summaries(plan: Plan) -> list[str]:
    """What is planned and what is not, in words, which random identifiers do not change."""
    return [*(step.repair.summary for step in plan.steps), *(declined.repair.summary for declined in plan.declined)]


def _show(plan: Plan, wishes: Wishes, options: dict[str, Any]) -> None:
    if options["as_json"]:
        emit_json(record(plan, wishes))
    else:
        emit(lines(plan, verbose=options["verbose"]), wraps=True)
        if plan.changes.operations:
            click.echo("Nothing is written yet; --apply does all this.")
        say_hint(hint(plan, wishes))


def _code(plan: Plan) -> int:
    return FOUND if plan.after.is_serious else 0


def _apply(ctx: click.Context, path: str, wishes: Wishes, options: dict[str, Any]) -> None:
    try:
        target = FileTarget(path)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED, hint_of(error) or NEXT["target"]) from error
    with target, _loaded(path) as image:
        plan = _planned(image, wishes)
        undo_path = options["undo_path"] or path + _SUFFIX
        if not options["as_json"]:
            emit(lines(plan, verbose=options["verbose"]), wraps=True)
        if not plan.changes.operations:
            if options["as_json"]:
                emit_json(record(plan, wishes))
            else:
                say_hint(hint(plan, wishes))
            ctx.exit(_code(plan))
        if target.links > 1:
            warn(f"{path}: the file has {target.links} names, and changes under all of them")
        outcome = _carried_out(plan, target, undo_path)
        if options["as_json"]:
            done = {"mode": "apply", "undo_file": undo_path, "failure": outcome.failure}
            emit_json(record(plan, wishes) | done)
        elif not outcome.failure:
            click.echo(f"Done: {shown(_conclusion(plan, outcome))}")
            click.echo(f"To take it back: {undo.command(undo_path, path)}")
            say_hint(hint(plan, wishes))
        if outcome.failure:
            raise Failure(f"{path}: put back as it was: {outcome.failure}", FOUND, NEXT["put back"])
        ctx.exit(_code(plan))


def _conclusion(plan: Plan, outcome: Outcome) -> str:
    """What is to be said now. The plan looked at the parents, too, which the check after writing does not."""
    report = plan.after if outcome.report and outcome.report.state == plan.after.state else outcome.report
    return report.conclusion if report else ""


def _carried_out(plan: Plan, target: FileTarget, undo_path: str) -> Outcome:
    try:
        with (
            progress("writing", plan.changes.written) if plan.changes.written >= _LONG else nullcontext() as show,
            stoppable(),
        ):
            return apply(plan, target, undo_path, show)
    except FileExistsError as error:
        raise Failure(f"{undo_path}: exists", USAGE, NEXT["undo exists"]) from error
    except Stopped as stopped:
        raise Failure(
            f"{target.name}: {stopped}; the file is as it was", stopped.exit_code, NEXT["stopped"]
        ) from stopped
    except VhdxError as error:
        cause: BaseException | None = error.__cause__
        code = cause.exit_code if isinstance(cause, Stopped) else FOUND
        raise Failure(str(error), code, hint_of(error) or NEXT["put back"]) from error
    except OSError as error:
        text = f"{error.filename or undo_path}: {error.strerror or error}"
        raise Failure(f"{text}; nothing has changed", NOTHING_OPENED, NEXT["undo file"]) from error


def _undo(path: str, options: dict[str, Any]) -> None:
    undo_path = options["undo_path"]
    try:
        kept = undo.load(undo_path)
        target = FileTarget(path)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED, hint_of(error) or NEXT["target"]) from error
    with target:
        total = sum(end - start for start, end in kept.saved + kept.zeros)
        try:
            undo.require_own(kept, target)
            with progress("putting back", total) if total >= _LONG else nullcontext() as show, stoppable():
                written = undo.restore(kept, target, show, is_forced=options["is_forced"])
        except Stopped as stopped:
            again = undo.advice(undo_path, path)
            raise Failure(f"{path}: {stopped}; it is not put back in full", stopped.exit_code, again) from stopped
        except VhdxError as error:  # it is another file, or holds something else
            raise Failure(str(error), NOTHING_OPENED, hint_of(error)) from error
    kept.file.close()
    if options["as_json"]:
        emit_json({"file": path, "mode": "undo", "undo_file": undo_path, "written": written})
    elif written:
        click.echo(f"{shown(path)}: what the repair changed is as it was: {size_text(written)} put back.")
    else:
        click.echo(f"{shown(path)}: what the repair changed is as it was.")
