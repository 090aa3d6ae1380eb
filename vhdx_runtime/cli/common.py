"""What the commands share: options, exit codes, sizes as people write them, and text that is safe to print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from .. import VirtualDisk
from .. import open as open_disk
from ..errors import VhdxError

if TYPE_CHECKING:
    from ..transfer.extents import Lost

FOUND: Final = 1
USAGE: Final = 2
NOTHING_OPENED: Final = 3

_F = TypeVar("_F", bound=Callable[..., Any])
_SIZE: Final = re.compile(r"(?P<hexadecimal>0x[0-9a-f]+)|(?P<count>[0-9]+)\s*(?P<unit>[kmgt]?)(?:(?<=[kmgt])ib)?", re.I)
_SHIFTS: Final = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_UNIT_NAMES: Final = ("KiB", "MiB", "GiB", "TiB")
_LINES_AT_ONCE: Final = 4096
_SHOWN_LOST: Final = 20


class Failure(Exception):
    """Ends a command with one line on stderr.

    Attributes:
        exit_code: of the process.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def parse_size(text: str) -> int:
    """A number of bytes as people write it.

    >>> [parse_size(text) for text in ("4096", "0x1000", "64K", "1MiB", "2 gib")]
    [4096, 4096, 65536, 1048576, 2147483648]

    Raises:
        ValueError: it is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size; write 4096, 0x1000, 64K, 64KiB, 1M, 2G or 1T")
    if match["hexadecimal"]:
        return int(match["hexadecimal"], 16)
    return int(match["count"]) << _SHIFTS[match["unit"].lower()]


def size_text(size: int) -> str:
    """A number of bytes for people, exact.

    >>> size_text(1000), size_text(6 << 20), size_text(3 << 19)
    ('1000 bytes', '6 MiB (6291456 bytes)', '1536 KiB (1572864 bytes)')
    """
    count, name = size, ""
    for unit in _UNIT_NAMES:
        if count % 1024 or not count:
            break
        count, name = count // 1024, unit
    return f"{count} {name} ({size} bytes)" if name else f"{size} bytes"


def shown(text: str) -> str:
    r"""Text that came from a file or a file name, safe to print: what is not printable is escaped.

    >>> print(shown("disk\x1b[2J\u202e.vhdx"))
    disk\x1b[2J\u202e.vhdx
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def size_option(name: str, help: str, default: str | None = None) -> Callable[[_F], _F]:
    """An option that takes a number of bytes."""
    return click.option(name, type=_size, default=default, metavar="SIZE", help=help)


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def emit(lines: Iterable[str]) -> None:
    """Print lines, many at once: one by one, a map of a large disk would take minutes."""
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) >= _LINES_AT_ONCE:
            click.echo("\n".join(batch))
            batch.clear()
    if batch:
        click.echo("\n".join(batch))


def emit_json(value: Any, *, err: bool = False) -> None:
    """Print a value as JSON, in ASCII."""
    import json

    click.echo(json.dumps(value, indent=2), err=err)


def warn(message: str) -> None:
    """One line on stderr."""
    click.echo(f"vhdx: warning: {shown(message)}", err=True)


def examples(*lines: str) -> str:
    """The epilogue of a command's help."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def lost_record(lost: Lost) -> dict[str, Any]:
    """What could not be had, for JSON: `ranges` are the first ones only where there are very many."""
    ranges = [{"start": r.virtual_offset, "length": r.length, "kind": r.kind, "file": r.file} for r in lost.ranges]
    return {"count": lost.count, "bytes": lost.bytes, "ranges": ranges}


def warn_lost(lost: Lost) -> None:
    """What could not be had, on stderr, for people."""
    if lost.count:
        warn(f"{size_text(lost.bytes)} in {lost.count} range(s) could not be had and count as zeros:")
        lines = [
            f"  {r.virtual_offset:#x} to {r.virtual_offset + r.length:#x}: {r.kind}" for r in lost.ranges[:_SHOWN_LOST]
        ]
        more = lost.count - len(lines)
        click.echo("\n".join([*lines, *([f"  … and {more} more; --json lists them"] if more else [])]), err=True)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON; `vhdx schema` describes it.")

_OPEN_OPTIONS: Final = (
    click.option("--log", type=click.Choice(["replay", "ignore"]), default="replay", show_default=True,
                 help="Replay the log in memory, or read the file as if it had none."),
    click.option("--header", type=click.Choice(["1", "2"]), help="Take this header, whatever its state."),
)  # fmt: skip
_PARENT_OPTIONS: Final = (
    click.option("--parent-dir", "parent_dirs", type=click.Path(), multiple=True, metavar="DIR",
                 help="Look for parents here too; may be given several times."),
    click.option("--parent", "parents", type=click.Path(), multiple=True, metavar="FILE",
                 help="A file that is a parent at whatever depth; may be given several times."),
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


def header_number(options: Mapping[str, Any]) -> int | None:
    """The header that --header names."""
    return int(options["header"]) if options["header"] else None


@contextmanager
def opened(image: str, options: Mapping[str, Any], failed: int = NOTHING_OPENED) -> Iterator[VirtualDisk]:
    """Open an image and its parents as the options say; the command fails with the given code where that fails."""
    try:
        disk = open_disk(
            image,
            parents=options["parents"],
            parent_dirs=options["parent_dirs"],
            log=options["log"],
            header=header_number(options),
            without_parent=options["without_parent"],
            salvage=options.get("salvage", False),
        )
    except VhdxError as error:
        raise Failure(str(error), failed) from error
    with disk:
        yield disk
