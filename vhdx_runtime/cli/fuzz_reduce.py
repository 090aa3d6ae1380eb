"""`vhdx fuzz reduce`: a smaller image on which a command still fails."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..wording import counted
from .common import NOTHING_OPENED, USAGE, Failure, FileName, emit, emit_json, examples, json_option, shown, size_text
from .output import new_file
from .progress import counting
from .steps import NEXT

if TYPE_CHECKING:
    from ..fuzz.reduce.reduce import Reduced, Wish

_ENDING: Final = ".reduced.vhdx"


@click.command(
    "reduce",
    epilog=examples(
        "vhdx fuzz reduce crash.vhdx -- qemu-img convert -O raw {} /dev/null",
        "vhdx fuzz reduce hang.vhdx --timeout 2 -o small.vhdx -- ./mytool",
        "vhdx fuzz reduce odd.vhdx --exit-code 1 --stderr 'index out of range' -- python3 read.py {}",
    ),
)
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="IMAGE")
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND [ARG]...")
@click.option(
    "-o",
    "--output",
    type=FileName(dir_okay=False),
    metavar="FILE",
    help="The result; without it, IMAGE with .reduced.vhdx as its ending.",
)
@click.option("--force", is_flag=True, help="Replace the result where it exists.")
@click.option(
    "--exit-code",
    "code",
    type=int,
    metavar="N",
    help="The exit code that counts, negative for a signal; without it, that of the first run.",
)
@click.option("--stderr", "errors", metavar="REGEX", help="What standard error must match somewhere, besides.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10,
    show_default=True,
    help="Seconds for one run; a command that takes longer hangs, which counts as an ending.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=300,
    show_default=True,
    help="Seconds for all; then the smallest image so far is the result.",
)
@click.option(
    "--seal/--no-seal", default=True, show_default=True, help="Make checksums right again that a change made wrong."
)
@json_option
def command(
    image: Path, words: tuple[str, ...], output: str | None, force: bool, errors: str | None, as_json: bool, **rest: Any
) -> None:
    """Make IMAGE smaller, structure by structure, while COMMAND keeps failing on it.

    COMMAND runs on copies, whose path takes the place of {} in it, or comes last. Blocks, log entries, table entries
    and whole structures are left out, objects are moved down and the file is cut off, fields get their usual values or
    zero, and at last single bytes become zero: whatever leaves the exit code or signal as it was. IMAGE itself is never
    changed. Same image and command, same result, unless the time runs out.
    """  # fmt: skip
    from ..codec.source import FileSource
    from ..fuzz import sparse_copies
    from ..fuzz.reduce import reduce as reducing

    try:
        pattern = None if errors is None else re.compile(errors.encode())
    except re.error as error:
        raise click.BadParameter(str(error), param_hint="--stderr") from error
    wish = reducing.Wish(words, rest["code"], pattern, rest["timeout"], rest["seconds"], rest["seal"])
    target = output or str(image.with_suffix(_ENDING))
    with (
        closing(FileSource(str(image))) as source,
        new_file(target, force=force, inputs=[source]) as fd,
        sparse_copies.folder() as home,
    ):
        found, reduced = _reduced(image, wish, home)
        sparse_copies.copy_into(found, fd)
    if as_json:
        emit_json({"image": str(image), "output": target, **asdict(reduced)})
    else:
        emit(_lines(target, reduced))


def _reduced(image: Path, wish: Wish, home: Path) -> tuple[Path, Reduced]:
    from ..fuzz.reduce import reduce as reducing

    try:
        with counting("seconds, at most", int(wish.seconds)) as advance:
            return reducing.reduce_image(image, wish, home, advance)
    except reducing.NotFailing as error:
        raise Failure(f"{image}: {error}", USAGE, NEXT["not failing"]) from error
    except (FileNotFoundError, PermissionError) as error:
        name = wish.command[0]
        raise Failure(f"{name}: cannot be run: {error.strerror}", NOTHING_OPENED, NEXT["not run"]) from error


def _lines(target: str, reduced: Reduced) -> list[str]:
    before, after = reduced.before, reduced.after
    end = "" if reduced.is_complete else "; the time is up, more may be possible"
    return [
        f"{shown(target)}: the command still ends with {reduced.ending}",
        f"  length         {size_text(before.apparent)} -> {size_text(after.apparent)}",
        f"  data           {size_text(before.allocated)} -> {size_text(after.allocated)}",
        f"  bytes not zero {before.nonzero} -> {after.nonzero}",
        f"  {counted(reduced.runs, 'run')}, {counted(len(reduced.steps), 'step')}, {reduced.seconds:.1f} s{end}",
    ]
