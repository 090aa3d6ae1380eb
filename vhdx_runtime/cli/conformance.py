"""`vhdx conformance`: list, show, build and pack the conformance cases. `run` is a module of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .. import __version__
from ..wording import counted
from .common import PATH, USAGE, Failure, emit, emit_json, examples, json_option, shown
from .lazy import CommandPlace, LazyGroup
from .steps import NEXT

if TYPE_CHECKING:
    from ..conformance.cases import Case

_EPILOG: Final = examples(
    "vhdx conformance list",
    "vhdx conformance show header-1-zeroed",
    "vhdx conformance build cases/",
    "vhdx conformance pack vhdx-conformance.zip",
)


_HERE: Final = "vhdx_runtime.cli.conformance"
COMMANDS: Final = {
    "list": CommandPlace(f"{_HERE}:list_", "List the cases, all or those of some areas."),
    "show": CommandPlace(f"{_HERE}:show", "Show a case and the recipe of each of its files."),
    "build": CommandPlace(f"{_HERE}:build", "Build the images of the cases, all or those named."),
    "pack": CommandPlace(f"{_HERE}:pack_", "Write all cases into one small zip."),
    "run": CommandPlace("vhdx_runtime.cli.conformance_run:command", "Try readers on the cases."),
}


@click.group("conformance", cls=LazyGroup, places=COMMANDS, epilog=_EPILOG)
def command() -> None:
    """Images that readers get wrong or must refuse, and what is right for each."""


@click.command("list", epilog=examples("vhdx conformance list log-entries", "vhdx conformance list --json"))
@click.argument("areas", nargs=-1, metavar="[AREA]...")
@json_option
def list_(areas: tuple[str, ...], as_json: bool) -> None:
    """List the cases, all or those of some areas.

    Shown are id, what a reader must do, and title.
    """
    cases = _load(areas)
    if as_json:
        keys = ("id", "area", "expect", "title", "by")
        emit_json({"cases": [{key: getattr(case, key) for key in keys} for case in cases]})
        return
    width = max(len(case.id) for case in cases)
    emit(f"{case.id:<{width}}  {case.expect:<13}  {case.title}" for case in cases)


@click.command(epilog=examples("vhdx conformance show header-1-zeroed", "vhdx conformance show --json anchor-twice"))
@click.argument("name", metavar="ID")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a case and the recipe of each of its files."""
    from ..conformance.recipes import form_writer

    (case,) = _named([name])
    if as_json:
        import json

        emit(json.dumps(form_writer.plain_form(case), indent=2).splitlines())
    else:
        click.echo(f"# {case.source}\n{form_writer.dump(case)}", nl=False)


@click.command(epilog=examples("vhdx conformance build cases/", "vhdx conformance build one/ header-1-zeroed"))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.argument("names", nargs=-1, metavar="[ID]...")
@click.option(
    "--force", is_flag=True, help="Write into a folder that is not empty; files of the same name are replaced."
)
@json_option
def build(folder: Path, names: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Build the images of the cases, all or those named.

    Each case has a folder of its own in DIR. DIR/manifest.json says what is expected of each. A file is there whole or
    not at all.
    """
    from ..conformance.release import pack
    from .progress import progress

    chosen = _named(names) if names else _load(())
    if folder.exists() and any(folder.iterdir()) and not force:
        raise Failure(f"{folder}: is not empty", USAGE, NEXT["not empty"])
    with _recipes(), progress("building", pack.size(chosen)) as advance:
        pack.build(folder, chosen, __version__, advance)
    _say(chosen, {"folder": str(folder)}, as_json)


@click.command("pack", epilog=examples("vhdx conformance pack vhdx-conformance.zip"))
@click.argument("out", type=PATH, metavar="OUT.zip")
@click.option("--force", is_flag=True, help="Replace OUT.zip where it exists.")
@json_option
def pack_(out: str, force: bool, as_json: bool) -> None:
    """Write all cases into one small zip.

    It can be used without this program: packed images and two unpackers, expected answers, recipes.
    """
    from ..conformance.release import pack
    from .output import new_file
    from .progress import progress

    chosen = _load(())
    with _recipes(), new_file(out, force=force, inputs=()) as fd, progress("packing", pack.size(chosen)) as advance:
        pack.write(fd, chosen, __version__, advance)
    _say(chosen, {"file": out}, as_json)


def _say(cases: tuple[Case, ...], place: dict[str, str], as_json: bool) -> None:
    """How many cases were written, and where."""
    if as_json:
        emit_json({"cases": len(cases)} | place)
    else:
        click.echo(f"{counted(len(cases), 'case')} in {shown(*place.values())}")


def _load(areas: tuple[str, ...]) -> tuple[Case, ...]:
    """Cases of some areas, or of all.

    Raises:
        Failure: an area that does not exist, a case file that is wrong.
    """
    from ..conformance import cases

    known = cases.areas()
    strange = [area for area in areas if area not in known]
    if strange:
        raise Failure(f"no area is called {strange[0]}", USAGE, f"there are {', '.join(known)}")
    with _recipes():
        return cases.load_cases(areas)


@contextmanager
def _recipes() -> Iterator[None]:
    """A recipe or case that is wrong ends the command with one line."""
    from ..conformance import RecipeError

    try:
        yield
    except RecipeError as error:
        raise Failure(str(error), USAGE, NEXT["recipe"]) from error


def _named(names: Any) -> tuple[Case, ...]:
    import difflib

    found = {case.id: case for case in _load(())}
    for name in names:
        if name not in found:
            close = difflib.get_close_matches(name, found, 3)
            hint = f"there is {', '.join(close)}" if close else NEXT["case"]
            raise Failure(f"no case is called {name}", USAGE, hint)
    return tuple(found[name] for name in names)
