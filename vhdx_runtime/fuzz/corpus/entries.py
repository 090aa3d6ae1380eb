"""Entries of the corpus: how each image is made, and what the search found out about it.

The search is slow and its outcome is kept in `witnesses.jsonl`, one entry a line, written by
`python -m vhdx_runtime.fuzz.corpus.search`; everything else reads it from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from ...conformance.build.expand import Expanded
from .bases import bases
from .recipe_edits import AnyEdit, from_plain, parent_of, to_plain
from .subject import make

Profile = Literal["valid", "boundary", "single-fault", "pairwise", "random", "tiny"]
PROFILES: Final[tuple[Profile, ...]] = ("valid", "boundary", "single-fault", "pairwise", "random", "tiny")
TABLE: Final = "witnesses.jsonl"
_PARENT: Final = "parent"
_TINY: Final = "tiny"


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of the corpus.

    Attributes:
        id: unique, and the name of its file without ".vhdx".
        profile: what kind of image it is.
        base: name of the sound file that it is made from.
        edits: what is changed in that.
        broken: ids of the rules that it breaks, in order.
        deliberate: those of them that it is about; the others are inherent to the base or must fail along with these.
        neighbour_of: id of the image whose nearest legal neighbour it is.
        seed: of a random image.
    """

    id: str
    profile: Profile
    base: str
    edits: tuple[AnyEdit, ...] = ()
    broken: tuple[str, ...] = ()
    deliberate: tuple[str, ...] = ()
    neighbour_of: str = ""
    seed: int | None = None

    @property
    def file_name(self) -> str:
        """Name of its file, with the folder in which others look for it."""
        return bases()[self.id].recipe.path if self.id in bases() else f"{self.id}.vhdx"

    @property
    def inherent(self) -> tuple[str, ...]:
        """Of the rules that it breaks those that its base breaks, which is too small to hold to them."""
        base = (lookup(f"{_TINY}-{self.base}") or lookup(self.base)) if self.profile == _TINY else None
        return tuple(rule for rule in self.broken if base and rule in base.broken)

    @property
    def parent(self) -> str:
        """Id of the image that it is put over, "" for none."""
        return parent_of(self.edits, bases()[self.base].parent)

    def expand(self) -> Expanded:
        """Make the file.

        Raises:
            RecipeError: it cannot be made.
        """
        return make(bases()[self.base], self.edits, parents(self.parent), self.file_name)


def parents(name: str) -> Mapping[str, Expanded]:
    """The expanded base that a file is put over, by its name; none for ""."""
    return {name: _parent(name)} if name else {}


@cache
def _parent(name: str) -> Expanded:
    return make(bases()[name], (), {}, bases()[name].recipe.path)


def parent_names() -> list[str]:
    """Bases that others are put over."""
    return [name for name in bases() if name.startswith(_PARENT)]


def to_line(entry: Entry) -> str:
    """An entry as one line of the table."""
    said: dict[str, Any] = {"id": entry.id, "profile": entry.profile, "base": entry.base}
    said |= {"edits": to_plain(entry.edits), "broken": entry.broken, "deliberate": entry.deliberate}
    said |= {"neighbour_of": entry.neighbour_of} if entry.neighbour_of else {}
    return json.dumps(said, separators=(",", ":"))


def from_line(line: str) -> Entry:
    """An entry out of a line of the table."""
    said = json.loads(line)
    return Entry(
        said["id"],
        said["profile"],
        said["base"],
        from_plain(said["edits"]),
        tuple(said["broken"]),
        tuple(said["deliberate"]),
        said.get("neighbour_of", ""),
    )


def table() -> Iterator[Entry]:
    """The entries that the search found, in order."""
    yield from (from_line(line) for line in _lines())


def lookup(name: str) -> Entry | None:
    """One entry of the table, found without reading the others in full."""
    start = f'{{"id":"{name}",'
    return next((from_line(line) for line in _lines() if line.startswith(start)), None)


def _lines() -> Iterable[str]:
    file = resources.files(__package__).joinpath(TABLE)
    return file.read_text("utf-8").splitlines() if file.is_file() else ()
