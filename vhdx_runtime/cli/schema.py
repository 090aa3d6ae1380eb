"""`vhdx schema`: the JSON Schema of what a command prints with --json."""

from __future__ import annotations

import click

from .common import USAGE, Failure, examples
from .steps import NEXT


@click.command("schema", epilog=examples("vhdx schema info", "vhdx schema conformance list"))
@click.argument("words", nargs=-1, required=True, metavar="COMMAND")
def command(words: tuple[str, ...]) -> None:
    """Print the JSON Schema of what COMMAND prints with --json."""
    from importlib.resources import files

    folder = files(__package__).joinpath("schemas")
    name = "-".join(words)
    names = sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))
    if name not in names:
        raise Failure(f"no schema for {name}", USAGE, f"{NEXT['schema']}: {', '.join(names)}")
    click.echo(folder.joinpath(f"{name}.json").read_text(encoding="utf-8"), nl=False)
