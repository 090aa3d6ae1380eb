"""The `vhdx` command. Each command is a module of its own, loaded when it is asked for and not before."""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any, Final, NoReturn

import click

from .. import __version__
from ..errors import FileError, VhdxError, system_hint
from ..wording import path_word
from .common import (
    FOUND,
    NOTHING_OPENED,
    USAGE,
    Failure,
    Interrupted,
    answer_in_json,
    emit_failure,
    hint_of,
    say_hint,
    shown,
)
from .lazy import CommandPlace, LazyGroup

COMMANDS: Final = {
    "info": CommandPlace(
        "vhdx_runtime.cli.info:command", "Say first what a person or a script needs to know of an image."
    ),
    "inspect": CommandPlace("vhdx_runtime.cli.inspect:command", "Show every field and every byte of a file."),
    "explain": CommandPlace("vhdx_runtime.cli.explain:command", "Say what a byte of the file or of the disk is."),
    "check": CommandPlace("vhdx_runtime.cli.check:command", "Check images against every rule of the format."),
    "repair": CommandPlace("vhdx_runtime.cli.repair:command", "Mend what check finds, step by step, with a way back."),
    "book": CommandPlace(
        "vhdx_runtime.cli.book:command", "Print the documentation of the layout: structures, fields, rules."
    ),
    "rules": CommandPlace("vhdx_runtime.cli.rules:command", "List the rules of the format, or explain some."),
    "map": CommandPlace("vhdx_runtime.cli.map:command", "List the ranges of the disk and where their bytes are."),
    "read": CommandPlace("vhdx_runtime.cli.read:command", "Read bytes of the disk."),
    "create": CommandPlace(
        "vhdx_runtime.cli.create:command", "Make a new image: dynamic, fixed, or a child of another one."
    ),
    "convert": CommandPlace("vhdx_runtime.cli.convert:command", "Convert a disk between VHDX, fixed VHD and raw."),
    "hash": CommandPlace("vhdx_runtime.cli.hash:command", "Digest the disk: md5, sha1 and sha256 in one pass."),
    "compare": CommandPlace("vhdx_runtime.cli.compare:command", "List where two disks differ."),
    "diff": CommandPlace(
        "vhdx_runtime.cli.diff:command", "Say what differs between two files, by structure and field."
    ),
    "conformance": CommandPlace(
        "vhdx_runtime.cli.conformance:command", "Images that readers get wrong, and what is right."
    ),
    "fuzz": CommandPlace(
        "vhdx_runtime.cli.fuzz:command", "Images that break chosen rules, and tools for fuzzing with them."
    ),
    "schema": CommandPlace(
        "vhdx_runtime.cli.schema:command", "Print the JSON Schema of what a command prints with --json."
    ),
    "completion": CommandPlace("vhdx_runtime.cli.completion:command", "Print what makes a shell complete vhdx."),
}

_STREAMS: Final = ("stdin", "stdout", "stderr")
_OF_STREAMS: Final = (errno.EBADF, errno.ENOSPC)  # what writing to one that is closed, or whose disk is full, gives
_SIGPIPE: Final = 13  # as a shell sees it; Windows has none
_BY_SIGNAL: Final = 128  # what a shell adds to the number of the signal that ended a process

_HELP: Final[Any] = getattr(click.exceptions, "NoArgsIsHelpError", ())  # click < 8.2 prints help in another way

_EPILOG: Final = """\b
Exit codes:
  0  fine
  1  the file has findings that matter, or part of the disk could not be read
  2  wrong usage
  3  a file could not be opened or written, or is no VHDX
  130, 141, 143  ended by a signal: Ctrl-C, a reader of the output that is gone, kill
`compare` has codes of its own, those of qemu-img compare; `diff` those of diff.

\b
Names of files:
  With an asterisk the shell puts in names, and one that begins with - would
  be an option. Write ./* or -- * instead; an option that is also the name of
  a file in the current folder is refused.

\b
Completion, for bash (zsh and fish alike):
  eval "$(vhdx completion bash)"        the same as _VHDX_COMPLETE=bash_source vhdx
"""


class _Commands(LazyGroup):
    """A group whose errors are one line each."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse; an option that could as well be a file that the shell put in is refused."""
        try:
            words = [*takewhile(lambda word: word != "--", args[1] if len(args) > 1 else extra["args"])]
            _require_no_files(words)
            ctx = super().make_context(*args, **extra)
            if "--json" in words:  # click looks at no option of a command that is misused
                answer_in_json(ctx)
            return ctx
        except _HELP:
            raise
        except click.UsageError as error:
            _say(f"error: {_usage(error)}", error, _help_of(error))
            raise click.exceptions.Exit(USAGE) from error
        except KeyboardInterrupt as error:
            raise Interrupted(signal.SIGINT) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what goes wrong with a file becomes one line and an exit code."""
        try:
            return super().invoke(ctx)
        except _HELP:
            raise
        except click.UsageError as error:
            self._fail(ctx, error, _usage(error), _help_of(error), USAGE)
        except (Failure, VhdxError) as error:
            code = NOTHING_OPENED if isinstance(error, FileError) else FOUND
            self._fail(ctx, error, str(error), hint_of(error), getattr(error, "exit_code", code))
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of our output is gone: nobody is left to tell
                _give_up_stdout()
                raise Interrupted(_SIGPIPE) from error
            is_stream = not error.filename and error.errno in _OF_STREAMS
            name = f"{error.filename}: " if error.filename else "standard output: " if is_stream else ""
            if is_stream:
                _give_up_stdout()
            self._fail(ctx, error, f"{name}{error.strerror or error}", system_hint(error), NOTHING_OPENED)
        except (KeyboardInterrupt, Interrupted) as error:
            number = getattr(error, "number", signal.SIGINT)
            emit_failure(ctx, error, "interrupted", "", _BY_SIGNAL + number)
            _say("interrupted", error)
            raise Interrupted(number) from error

    def _fail(self, ctx: click.Context, error: Exception, message: str, hint: str, exit_code: int) -> NoReturn:
        emit_failure(ctx, error, message, hint, exit_code)
        _say(f"error: {message}", error, hint)
        if exit_code > _BY_SIGNAL:  # stopped by a signal, and to end by it: else a shell's loop goes on
            raise Interrupted(exit_code - _BY_SIGNAL) from error
        ctx.exit(exit_code)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the program; an interrupted one ends as one that the signal ended, so that a loop of the shell does."""
        _hold_streams()
        try:
            return super().main(*args, **options)
        except Interrupted as error:
            if error.number == signal.SIGINT and os.name != "nt":
                with suppress(OSError, ValueError):
                    sys.stdout.flush()
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.kill(os.getpid(), signal.SIGINT)
            sys.exit(_BY_SIGNAL + error.number)


def _give_up_stdout() -> None:
    """What waits to be written there fails again when Python ends, and would change the exit code."""
    with suppress(OSError, ValueError), io.FileIO(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _hold_streams() -> None:
    """Where standard streams are closed, take their numbers, so that no image gets one and nothing is lost unheard."""
    for number, name in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            held = os.open(os.devnull, os.O_RDONLY)  # to write there fails
            if held == number and getattr(sys, name) is None:
                raw = io.FileIO(held, "w" if number else "r", closefd=False)
                setattr(sys, name, io.TextIOWrapper(raw, encoding="utf-8", write_through=True))


def _usage(error: click.UsageError) -> str:
    """What is wrong with the words of a command line, as our own errors have it."""
    text = error.format_message()
    if isinstance(error, click.MissingParameter):  # its choices stand in lines of their own
        text = " ".join(text.split())
    return f"{text[:1].lower()}{text[1:].removesuffix('.')}"


def _help_of(error: click.UsageError) -> str:
    return f"`{error.ctx.command_path if error.ctx else 'vhdx'} --help` says how it is used"


def _require_no_files(words: Sequence[str]) -> None:
    """Refuse options that are names of files here too: a shell puts such names in for an asterisk."""
    for word in words:
        if word.startswith("-") and word != "-" and os.path.lexists(word):
            advice = f"for the file write {path_word(word)}, or -- before the names; for the option call from elsewhere"
            raise click.UsageError(f"{word}: an option, and the name of a file in this folder; {advice}")


def _say(message: str, error: BaseException, hint: str = "") -> None:
    """One line on stderr, with what was noted at the error on its way, and one that says what to do next."""
    click.echo(f"vhdx: {shown('; '.join([message, *getattr(error, '__notes__', ())]))}", err=True)
    say_hint(hint)


@click.group(cls=_Commands, places=COMMANDS, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vhdx", message="%(prog)s %(version)s")
def main() -> None:
    """Read and make VHDX images correctly, and show every byte of them.

    Only `repair` changes an image, and only with --apply or --undo. What is made gets its name when it is complete.
    """
    if not gc.get_freeze_count():
        gc.freeze()  # modules live to the end: to walk them in every collection takes a tenth of the time of `info`
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a name may hold characters that the terminal's encoding lacks
            reconfigure(errors="backslashreplace")


__all__ = ["COMMANDS", "main"]
