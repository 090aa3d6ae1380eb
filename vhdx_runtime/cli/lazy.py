"""A group of commands, each loaded when it is asked for and not before."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from .common import USAGE, Failure


class CommandPlace(NamedTuple):
    """Where a command stands, as "module:name", and what `--help` says of it in one line."""

    target: str
    summary: str


class LazyGroup(click.Group):
    """A group that imports a command when it is needed.

    Args:
        places: the commands by name, in the order in which they are listed.
    """

    def __init__(self, *args: Any, places: Mapping[str, CommandPlace], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of the table."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words name.

        Raises:
            Failure: there is none; it names those that are called much alike.
        """
        if args[0] not in self._places and args[0][:1].isalnum() and not ctx.resilient_parsing:
            import difflib

            close = difflib.get_close_matches(args[0], self._places, 3)
            hint = f"there is {', '.join(close)}" if close else f"`{ctx.command_path} --help` lists the commands"
            raise Failure(f"no command is called {args[0]}", USAGE, hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in self._places.items()])
