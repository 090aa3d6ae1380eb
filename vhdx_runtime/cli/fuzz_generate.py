"""`vhdx fuzz generate` and `reproduce`: write a labelled corpus, or one image of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..wording import agreeing, counted
from .common import PATH, USAGE, Failure, FileName, emit_json, examples, json_option, shown, warn
from .steps import NEXT

if TYPE_CHECKING:
    from ..fuzz.corpus.corpus import Made

_PROFILES = ("valid", "boundary", "single-fault", "pairwise", "random", "tiny", "all")


@click.command(
    epilog=examples(
        "vhdx fuzz generate corpus/",
        "vhdx fuzz generate seeds/ --distil --packed",
        "vhdx fuzz generate log/ --profile single-fault --rules 'LOG-*'",
        "vhdx fuzz generate random/ --profile random --seed 7 --count 1000 --digest sparse --unchecked",
    )
)
@click.argument("out", type=FileName(file_okay=False, path_type=Path), metavar="OUT")
@click.option("--profile", type=click.Choice(_PROFILES), default="all", show_default=True, help="Which images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random images.")
@click.option("--count", type=click.IntRange(min=0), default=None, help="How many random images; without it, 16.")
@click.option("--rules", default="*", metavar="GLOB", help="Only images about rules of this pattern.")
@click.option(
    "--digest",
    type=click.Choice(("whole", "sparse")),
    default="whole",
    show_default=True,
    help="In the manifest: of all bytes of a file, or quicker, of what is not zero.",
)
@click.option("--unchecked", is_flag=True, help="Random images: leave open what only a check can tell; quicker.")
@click.option("--distil", is_flag=True, help="Only 128 small images that differ most, the most different first.")
@click.option("--packed", is_flag=True, help="Write seeds of a few KB into OUT/seeds, and what unpacks them.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
@json_option
def generate(out: Path, force: bool, as_json: bool, **options: Any) -> None:
    """Write a labelled corpus of images into OUT.

    Every image is a sparse file; OUT/manifest.jsonl says of each what was changed in it, which rules it breaks and what
    a reader must make of it. Images that ask a reader for more than 64 MiB stand in OUT/heavy. Same seed, same bytes.
    """
    from ..fuzz.corpus import corpus, distil
    from .output import taken_is_usage
    from .progress import counting

    if out.exists() and any(out.iterdir()) and not force:
        raise Failure(f"{out}: is not empty", USAGE, NEXT["not empty"])
    with _failures():
        entries = corpus.choose((options["profile"],), options["rules"], seed=options["seed"], count=options["count"])
        if not entries:
            raise Failure(f"no such image is about {options['rules']}", USAGE, NEXT["no image about"])
        is_sparse = options["digest"] == "sparse"
        images: Iterable[corpus.Made] = corpus.made(entries, is_sparse=is_sparse, is_checked=not options["unchecked"])
        dropped: list[str] = []
        if options["distil"]:
            images, dropped = distil.distil(images)
        parents = set[str]()
        if options["profile"] not in ("valid", "all"):
            parents = {one.parent for one in entries} & {one.id for one in entries if one.profile == "valid"}
        made = _Progress()
        with counting("images", len(entries)) as advance, taken_is_usage(), _told(made, out):
            images = made.noting(images, parents)
            corpus.write(out, images, is_packed=options["packed"], advance=advance)
    if as_json:
        emit_json({"images": made.images, "parents": made.parents, "folder": str(out), "dropped_rules": dropped})
        return
    click.echo(f"{made.text} in {shown(str(out))}")
    if dropped:
        click.echo(f"{agreeing(counted(len(dropped), 'rule'), 'has', 'have')} no image here: {', '.join(dropped)}")


@dataclass(slots=True)
class _Progress:
    """How many images were made, and how many parents of images that are none of those that were asked for."""

    images: int = 0
    parents: int = 0

    def noting(self, found: Iterable[Made], parents: Collection[str]) -> Iterator[Made]:
        """The same images, counted."""
        for one in found:
            yield one
            if one.entry.id in parents:
                self.parents += 1
            else:
                self.images += 1

    @property
    def text(self) -> str:
        """For people."""
        more = f" and {counted(self.parents, 'parent')}" if self.parents else ""
        return counted(self.images, "image") + more


@contextmanager
def _told(made: _Progress, out: Path) -> Iterator[None]:
    """Say what is left of a run that is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        warn(f"{out}: has {made.text} so far, and no manifest of them; --force writes it all again")
        raise


@click.command(epilog=examples("vhdx fuzz reproduce hdr-006-1", "vhdx fuzz reproduce random-7-12 --output x.vhdx"))
@click.argument("name", metavar="ID")
@click.option("--output", "-o", type=PATH, metavar="FILE", help="Where to; ID.vhdx without it.")
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@json_option
def reproduce(name: str, output: str | None, force: bool, as_json: bool) -> None:
    """Write one image of the corpus again, the same to the byte.

    A file with a parent looks for it under the name that the corpus gives it.
    """
    from ..conformance.build import sparse
    from ..fuzz.corpus import entries, random_images

    entry = entries.lookup(name) or random_images.by_name(name)
    if entry is None:
        raise Failure(f"no image is called {name}", USAGE, NEXT["fuzz image"])
    target = Path(output or entry.file_name)
    if os.path.lexists(target) and not force:
        raise Failure(f"{target}: exists", USAGE, NEXT["exists"])
    with _failures():
        image = entry.expand()
    sparse.save(target, image.extents, image.length)
    if as_json:
        emit_json({"id": name, "file": str(target), "file_size": image.length})
    else:
        click.echo(shown(str(target)))


@contextmanager
def _failures() -> Iterator[None]:
    """What cannot be made ends the command with one line."""
    try:
        yield
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["fuzz wish"]) from error
