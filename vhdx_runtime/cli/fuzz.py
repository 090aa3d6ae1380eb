"""`vhdx fuzz`: labelled images from the schema, and what is done with them. Each command stands in a module of its own.

Knows the names of the commands; what they do stands in `fuzz/`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, NamedTuple

import click

from .common import examples


class _Place(NamedTuple):
    target: str
    summary: str


COMMANDS: Final = {
    "generate": _Place("vhdx_runtime.cli.fuzz_generate:generate", "Write a labelled corpus of images."),
    "reproduce": _Place("vhdx_runtime.cli.fuzz_generate:reproduce", "Write one image of the corpus again."),
    "dictionary": _Place("vhdx_runtime.cli.fuzz_mutate:dictionary", "Print a dictionary for afl-fuzz and libFuzzer."),
    "mutate": _Place("vhdx_runtime.cli.fuzz_mutate:mutate", "Write a changed copy of an image, its checksums right."),
    "judge": _Place(
        "vhdx_runtime.cli.fuzz_judge:judge", "Hold readers against a corpus, and sort their disagreements."
    ),
    "reduce": _Place("vhdx_runtime.cli.fuzz_reduce:command", "Make an image smaller while a command keeps failing."),
}


class _Commands(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in COMMANDS.items()])


@click.group("fuzz", cls=_Commands, epilog=examples("vhdx fuzz generate corpus/", "vhdx fuzz generate small/ --distil"))
def command() -> None:
    """Images that break chosen rules, each with a label that says what is right, and tools for fuzzing with them."""
