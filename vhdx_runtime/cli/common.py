"""What the commands share: options, exit codes, sizes as people write them, and text that is safe to print."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ..errors import MissingFileError
from ..wording import counted
from ..wording import quoted as quoted
from ..wording import short_size as short_size
from ..wording import shown as shown
from ..wording import size_text as size_text
from .steps import NEXT

if TYPE_CHECKING:
    from ..transfer.extents import Lost

FOUND: Final = 1
USAGE: Final = 2
NOTHING_OPENED: Final = 3
FORMAT_VERSION: Final = 1
"""Of the JSON: raised when a key goes or means something else, not when one is added."""


class FileName(click.Path):
    """The name of a file. An empty one, of a variable that is not set say, is not the same as none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse an empty one."""
        if value == "":
            self.fail("the name is empty", param, ctx)
        return super().convert(value, param, ctx)


PATH: Final = FileName(readable=False)
"""A name; whether it can be read, opening it says, with the exit code of that."""

_PIPE: Final = "-"

# What is noted of a run, by name, in the context of click.
_JSON: Final = "vhdx.json"
_PRINTED: Final = "vhdx.printed"

_F = TypeVar("_F", bound=Callable[..., Any])
_SIZE: Final = re.compile(
    r"(?P<hexadecimal>0x[0-9a-f]+)|(?P<count>[0-9]+)(?:\.(?P<part>[0-9]+)(?=\s*[kmgts]))?\s*"
    r"(?:(?P<unit>[kmgt])(?:i?b)?|(?P<sectors>s)|b)?",
    re.I,
)
_SHIFTS: Final = {"": 0, "s": 9, "k": 10, "m": 20, "g": 30, "t": 40}
_WORDS: Final = re.compile(r" +|[^ ]+")
_LABEL: Final = re.compile(r" *(?:0x[0-9a-f]+ +|[^ ].{,20}?  +|- |[0-9]+\. )?")
_LINES_AT_ONCE: Final = 4096
_SHOWN_LOST: Final = 20


class Failure(Exception):
    """Ends a command with one line on stderr, and a second one that says what to do next where that is known.

    Attributes:
        exit_code: of the process.
        hint: what to do next, "" to have it of the error that was the cause.
    """

    def __init__(self, message: str, exit_code: int, hint: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.hint = hint


def hint_of(error: BaseException | None) -> str:
    """What to do next, as an error or its cause says it; "" where nobody does."""
    for one in (error, error and error.__cause__):
        if isinstance(one, MissingFileError) and one.filename == _PIPE:
            return NEXT["a pipe"]
        if said := getattr(one, "hint" if isinstance(one, Failure) else "next_step", ""):
            return str(said)
    return ""


def say_hint(hint: str, name: str = "") -> None:
    """One line on stderr that says what to do next, if anything, and perhaps about which of several files."""
    if hint:
        click.echo(f"hint: {shown(f'{name}: {hint}' if name else hint)}", err=True)


class Interrupted(BaseException):
    """Ends a command because a signal came.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def parse_size(text: str) -> int:
    """A number of bytes as people write it; a sector is one of 512 bytes, as dd and fdisk count them.

    Units are powers of 1024 however they are written: G is that for qemu-img, and GB for PowerShell, where Hyper-V's
    users write it. A part of a unit is rounded to whole bytes.

    >>> [parse_size(text) for text in ("4096", "0x1000", "64K", "1MiB", "2 gib", "2GB", "1.5g", "0.1K", "2048s")]
    [4096, 4096, 65536, 1048576, 2147483648, 2147483648, 1610612736, 102, 1048576]

    Raises:
        ValueError: it is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not a size; write 4096, 0x1000, 64K, 64KiB, 1.5G, 10GB (times 1024, as every unit), or 2048s "
            "for sectors of 512 bytes"
        )
    if match["hexadecimal"]:
        return int(match["hexadecimal"], 16)
    part = match["part"] or ""
    shift = _SHIFTS[(match["unit"] or match["sectors"] or "").lower()]
    scale: int = 10 ** len(part)
    return ((int(match["count"] + part) << shift + 1) // scale + 1) // 2


def size_option(name: str, help: str, default: str | None = None) -> Callable[[_F], _F]:
    """An option that takes a number of bytes."""
    return click.option(name, type=_size, default=default, metavar="SIZE", help=help)


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def emit(lines: Iterable[str], *, wraps: bool = False) -> None:
    """Print lines, many at once: one by one, a map of a large disk would take minutes.

    Args:
        lines: what is printed.
        wraps: lines that are wider than the terminal go on in the next one, below their text.
    """
    if wraps and sys.stdout.isatty():
        width = get_terminal_size().columns
        lines = (part for line in lines for part in wrapped(line, width))
    _note_printed()
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) >= _LINES_AT_ONCE:
            click.echo("\n".join(batch))
            batch.clear()
    if batch:
        click.echo("\n".join(batch))


def wrapped(line: str, width: int) -> Iterator[str]:
    r"""A line, parted between words where it is wider than the terminal; what follows a label stays in its column.

    >>> print("\n".join(wrapped("log       clean, and so on", 20)))
    log       clean, and
              so on
    """
    plain = click.unstyle(line)
    label = _LABEL.match(plain)
    indent = len(label[0]) if label and len(label[0]) <= width // 2 else 2
    parts, used = [""], 0
    for word in _WORDS.findall(line):
        length = len(click.unstyle(word))
        if used + length > width and used > indent and not word.isspace():
            parts[-1] = parts[-1].rstrip(" ")
            parts.append(" " * indent)
            used = indent
        parts[-1] += word
        used += length
    yield from parts


def emit_json(value: Any, *, err: bool = False) -> None:
    """Print a value as JSON, in ASCII; a dictionary says of which version its keys are."""
    import json

    _note_printed()
    versioned = {"format_version": FORMAT_VERSION} | value if isinstance(value, dict) else value
    click.echo(json.dumps(versioned, indent=2), err=err)


def answer_in_json(ctx: click.Context) -> None:
    """Have a failure told as JSON, too.

    Args:
        ctx: of the program, or of the command, whose options say where its answer goes.
    """
    ctx.meta[_JSON] = ctx


def emit_failure(ctx: click.Context, error: BaseException, message: str, hint: str, exit_code: int) -> None:
    """Print a failure as JSON, where --json was given and nothing has been printed yet.

    Args:
        ctx: of the program.
        error: what went wrong.
        message: the same in one line.
        hint: what to do next, or "".
        exit_code: of the process.
    """
    asked = ctx.meta.get(_JSON)
    if asked and not ctx.meta.get(_PRINTED):
        rule = getattr(error, "rule", None) or getattr(error.__cause__, "rule", None)
        told = {"message": message, "hint": hint, "rule": rule, "exit_code": exit_code}
        emit_json({"error": told}, err=asked.params.get("output") == "-")


def _note_printed() -> None:
    ctx = click.get_current_context(silent=True)
    if ctx is not None:
        ctx.meta[_PRINTED] = True


def warn(message: str) -> None:
    """One line on stderr."""
    click.echo(f"vhdx: warning: {shown(message)}", err=True)


def examples(*lines: str) -> str:
    """The epilogue of a command's help."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def lost_record(lost: Lost) -> dict[str, Any]:
    """What could not be read, for JSON: `ranges` are the first ones only where there are very many."""
    ranges = [{"start": r.virtual_offset, "length": r.length, "kind": r.kind, "file": r.file} for r in lost.ranges]
    return {"count": lost.count, "bytes": lost.bytes, "is_complete": lost.is_complete, "ranges": ranges}


def warn_lost(lost: Lost) -> None:
    """What could not be read, on stderr, for people."""
    if lost.count:
        warn(f"{size_text(lost.bytes)} in {counted(lost.count, 'range')} could not be read; treated as zeros:")
        lines = [
            f"  {r.virtual_offset:#x} to {r.virtual_offset + r.length:#x}: {r.kind}" for r in lost.ranges[:_SHOWN_LOST]
        ]
        more = lost.count - len(lines)
        click.echo("\n".join([*lines, *([f"  … and {more} more; --json lists them"] if more else [])]), err=True)


def _asked_for(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    if value:
        answer_in_json(ctx)
    return value


json_option = click.option("--json", "as_json", is_flag=True, is_eager=True, callback=_asked_for,
                           help="Print JSON; `vhdx schema` describes it.")  # fmt: skip

_OPEN_OPTIONS: Final = (
    click.option("--log", type=click.Choice(["replay", "ignore"]), default="replay", show_default=True,
                 help="Replay the log in memory, or read the file as if it had none."),
    click.option("--header", type=click.Choice(["1", "2"]), help="Take this header, whatever its state."),
)  # fmt: skip
_PARENT_OPTIONS: Final = (
    click.option("--parent-dir", "parent_dirs", type=click.Path(exists=True, file_okay=False), multiple=True,
                 metavar="DIR", help="Look for parents here too, whatever their names; may be given several times."),
    click.option("--parent", "parents", type=PATH, multiple=True, metavar="FILE",
                 help="A file that is a parent at whatever depth; may be given several times."),
    click.option("--accept-parent", "accept_parents", type=PATH, multiple=True, metavar="FILE",
                 help="Take this parent although it has changed since the child was made; may be given several times."),
    click.option("--without-parent", is_flag=True, help="Look for no parent; what is left to it reads as zeros."),
)  # fmt: skip
_SALVAGE_OPTIONS: Final = (
    click.option("--salvage", is_flag=True, help="What cannot be read counts as zeros and is listed."),
)


def parent_options(command: _F) -> _F:
    """Add the options that say where parents are, for a command that never does without them."""
    return _added(command, _PARENT_OPTIONS[:2])


def image_options(command: _F) -> _F:
    """Add the options with which a chain is opened, without --salvage."""
    return _added(command, _PARENT_OPTIONS + _OPEN_OPTIONS)


def chain_options(command: _F) -> _F:
    """Add the options with which a chain is opened; `opened` takes them."""
    return _added(command, _PARENT_OPTIONS + _OPEN_OPTIONS + _SALVAGE_OPTIONS)


def _added(command: _F, options: tuple[Callable[[_F], _F], ...]) -> _F:
    for option in reversed(options):
        command = option(command)
    return command
