"""`vhdx completion`: the lines that make a shell complete the command."""

from __future__ import annotations

import click

from .common import examples

_EPILOG = examples(
    'eval "$(vhdx completion bash)"                        in ~/.bashrc',
    'eval "$(vhdx completion zsh)"                         in ~/.zshrc',
    "vhdx completion fish > ~/.config/fish/completions/vhdx.fish",
)


@click.command("completion", epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what makes SHELL complete vhdx; `_VHDX_COMPLETE=bash_source vhdx` prints the same."""
    from click.shell_completion import get_completion_class

    from . import main

    complete = get_completion_class(shell)
    if complete is not None:
        click.echo(complete(main, {}, "vhdx", "_VHDX_COMPLETE").source())
