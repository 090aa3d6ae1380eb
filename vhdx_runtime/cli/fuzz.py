"""`vhdx fuzz`: labelled images from the schema, and what is done with them. A module for each command."""

from __future__ import annotations

from typing import Final

import click

from .common import examples
from .lazy import CommandPlace, LazyGroup

COMMANDS: Final = {
    "generate": CommandPlace("vhdx_runtime.cli.fuzz_generate:generate", "Write a labelled corpus of images."),
    "reproduce": CommandPlace("vhdx_runtime.cli.fuzz_generate:reproduce", "Write one image of the corpus again."),
    "dictionary": CommandPlace(
        "vhdx_runtime.cli.fuzz_mutate:dictionary", "Print a dictionary for afl-fuzz and libFuzzer."
    ),
    "mutate": CommandPlace(
        "vhdx_runtime.cli.fuzz_mutate:mutate", "Write a changed copy of an image, its checksums right."
    ),
    "unpack": CommandPlace("vhdx_runtime.cli.fuzz_mutate:unpack", "Write the image of a packed seed."),
    "judge": CommandPlace(
        "vhdx_runtime.cli.fuzz_judge:judge", "Hold readers against a corpus, and sort their disagreements."
    ),
    "reduce": CommandPlace(
        "vhdx_runtime.cli.fuzz_reduce:command", "Make an image smaller while a command keeps failing."
    ),
}


@click.group(
    "fuzz",
    cls=LazyGroup,
    places=COMMANDS,
    epilog=examples("vhdx fuzz generate corpus/", "vhdx fuzz generate small/ --distil"),
)
def command() -> None:
    """Images that break chosen rules, each with a label that says what is right, and tools for fuzzing with them."""
