"""The `vhdx` command. Each command is a module of its own, loaded when it is asked for and not before.

Knows the names of the commands and how an error becomes one line and an exit code. Knows nothing of the format.
"""

from __future__ import annotations

import errno
import gc
import sys
from typing import Any, Final, NoReturn

import click

from .. import __version__
from ..errors import VhdxError
from .common import FOUND, Failure, shown
from .lazy import LazyGroup, Place

COMMANDS: Final = {
    "info": Place("vhdx_runtime.cli.info:command", "Say first what a person or a script needs to know of an image."),
    "inspect": Place("vhdx_runtime.cli.inspect:command", "Show every field and every byte of a file."),
    "explain": Place("vhdx_runtime.cli.explain:command", "Say what a byte of the file or of the disk is."),
    "check": Place("vhdx_runtime.cli.check:command", "Check images against every rule of the format."),
    "repair": Place("vhdx_runtime.cli.repair:command", "Mend what check finds, step by step, with a way back."),
    "book": Place("vhdx_runtime.cli.book:command", "Print the documentation of the layout: structures, fields, rules."),
    "rules": Place("vhdx_runtime.cli.rules:command", "List the rules of the format, or explain some."),
    "map": Place("vhdx_runtime.cli.map:command", "List the ranges of the disk and where their bytes are."),
    "read": Place("vhdx_runtime.cli.read:command", "Read bytes of the disk."),
    "convert": Place("vhdx_runtime.cli.convert:command", "Write the disk as a sparse raw image."),
    "hash": Place("vhdx_runtime.cli.hash:command", "Digest the disk: md5, sha1 and sha256 in one pass."),
    "compare": Place("vhdx_runtime.cli.compare:command", "List where two disks differ."),
    "conformance": Place("vhdx_runtime.cli.conformance:command", "Images that readers get wrong, and what is right."),
    "fuzz": Place("vhdx_runtime.cli.fuzz:command", "Images that break chosen rules, and tools for fuzzing with them."),
    "schema": Place("vhdx_runtime.cli.schema:command", "Print the JSON Schema of what a command prints with --json."),
    "completion": Place("vhdx_runtime.cli.completion:command", "Print what makes a shell complete vhdx."),
}

_EPILOG: Final = """\b
Exit codes:
  0  fine
  1  the file has findings that matter, or part of the disk could not be had
  2  wrong usage
  3  nothing could be opened
`compare` has codes of its own, those of qemu-img compare.

\b
Completion, for bash (zsh and fish alike):
  eval "$(vhdx completion bash)"        the same as _VHDX_COMPLETE=bash_source vhdx
"""


class _Commands(LazyGroup):
    """A group whose errors are one line each."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what goes wrong with a file becomes one line and an exit code."""
        try:
            return super().invoke(ctx)
        except Failure as error:
            _end(ctx, str(error), error.exit_code)
        except VhdxError as error:
            _end(ctx, str(error), FOUND)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of our output is gone: nobody is left to tell
                raise
            name = f"{error.filename}: " if error.filename else ""
            _end(ctx, f"{name}{error.strerror or error}", FOUND)


def _end(ctx: click.Context, message: str, exit_code: int) -> NoReturn:
    click.echo(f"vhdx: error: {shown(message)}", err=True)
    ctx.exit(exit_code)


@click.group(cls=_Commands, places=COMMANDS, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vhdx", message="%(prog)s %(version)s")
def main() -> None:
    """Read VHDX images correctly, and show every byte of them.

    Only `repair` changes an image, and only with --apply or --undo.
    """
    if not gc.get_freeze_count():
        gc.freeze()  # modules live to the end: to walk them in every collection takes a tenth of the time of `info`
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a name may hold characters that the terminal's encoding lacks
            reconfigure(errors="backslashreplace")


__all__ = ["COMMANDS", "main"]
