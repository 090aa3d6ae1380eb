"""The cases: recipes with what a reader must make of them, as the files in `cases/` declare them.

Judges nothing and reads no VHDX.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vhdx_format.rules import RULES

from .build.expand import Expanded, expand
from .build.model import GuestModel
from .recipes import form, matrix
from .recipes.form_nodes import Where, compose, elements, line_of, pairs, scalar, text_of
from .recipes.recipe import Recipe, RecipeError, is_plain_name

if TYPE_CHECKING:
    from yaml.nodes import Node

Expectation = Literal["read", "read-degraded", "refuse", "either"]
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SECTION = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True, slots=True)
class Opening:
    """How a reader is called: parents by file name, folders to search, and what the user asks for."""

    parents: tuple[str, ...] = ()
    parent_dirs: tuple[str, ...] = ()
    log: Literal["replay", "ignore"] = "replay"
    header: int | None = None
    without_parent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        id: unique among all cases.
        title: what the file is.
        probes: what it finds out about a reader, and why that matters.
        sections: of MS-VHDX.
        rules: ids of the rules that it is about.
        findings: ids of exactly the rules that a full check must report.
        expect: "read" (every byte as the model says), "read-degraded" (all but `lost`), "refuse", or "either" (read or
            refused, the specification leaves it open).
        by: refuse: the rule that is the reason.
        reason: either, unspecified: why.
        lost: ranges (virtual offset, length in bytes) that nobody can read.
        unspecified: ranges whose bytes the specification leaves open; the model has what a reader should give there,
            or, of a file that may be refused, anything.
        open: how a reader is called.
        over: name of a file → name of the file that its reads are delegated to, null for none; a differencing file that
            is not named is over the file before it.
        files: recipes; the last is the file to open.
        area: name of the file in `cases/`.
        source: file and line.
        entry: number of the declaration in its area; the cases of one matrix share it.
    """

    id: str
    title: str
    probes: str
    sections: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    expect: Expectation
    by: str = ""
    reason: str = ""
    lost: tuple[tuple[int, int], ...] = ()
    unspecified: tuple[tuple[int, int], ...] = ()
    open: Opening = field(default_factory=Opening)
    over: Mapping[str, str | None] = field(default_factory=dict)
    files: tuple[Recipe, ...]
    area: str = field(default="", metadata={"form": False})
    source: str = field(default="", metadata={"form": False})
    entry: int = field(default=0, metadata={"form": False})

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """The recipes, the one to open last."""
        return self.files

    @property
    def not_compared(self) -> tuple[tuple[int, int], ...]:
        """Ranges of the disk whose bytes say nothing about a reader."""
        return (*self.lost, *self.unspecified)

    def expand(self) -> tuple[Expanded, ...]:
        """Make the files, the one to open last.

        Raises:
            RecipeError: one cannot be built; the message names case, file and line.
        """
        made: dict[str, Expanded] = {}
        before: Expanded | None = None
        for recipe in self.files:
            parent = self._parent(recipe, made, before)
            try:
                before = made[recipe.path] = expand(recipe, parent)
            except RecipeError as error:
                raise RecipeError(f"{self.source}: {self.id}, {recipe.path}: {error}") from error
        return tuple(made.values())

    def _parent(self, recipe: Recipe, made: dict[str, Expanded], before: Expanded | None) -> Expanded | None:
        if recipe.path in self.over:
            name = self.over[recipe.path]
            return None if name is None else made[name]
        return before if recipe.geometry.disk_type == "differencing" else None

    def build(self, folder: Path) -> Built:
        """Write the files into a folder that exists; a file appears whole or not at all.

        Raises:
            RecipeError: a file cannot be built.
        """
        return write_files(self.expand(), folder)


@dataclass(frozen=True, slots=True)
class Built:
    """Files of a case on disk, the one to open, and what its guest must see."""

    paths: tuple[Path, ...]
    opened: Path
    expected: GuestModel


def write_files(files: tuple[Expanded, ...], folder: Path) -> Built:
    """Write the files of a case into a folder that exists."""
    paths = []
    for made in files:
        (folder / made.recipe.path).parent.mkdir(parents=True, exist_ok=True)
        paths.append(made.write(folder))
    return Built(tuple(paths), paths[-1], files[-1].expected)


def digest(files: Iterable[Expanded]) -> str:
    """sha256 over lengths and bytes of files, without their names: equal for cases that are alike."""
    found = sha256()
    for made in files:
        found.update(b"%d/%d;" % (made.length, len(made.extents)))
        for offset, data in made.extents:
            found.update(b"%d/%d:" % (offset, len(data)))
            found.update(data)
    return found.hexdigest()


def areas() -> tuple[str, ...]:
    """Names of the case files that come with the package, sorted."""
    folder = resources.files(__package__).joinpath("cases")
    return tuple(sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")))


def load_cases(names: Iterable[str] = ()) -> tuple[Case, ...]:
    """Load the cases of some areas, or of all.

    Raises:
        FormError: a file is not of the form, or an id is there twice.
    """
    folder = resources.files(__package__).joinpath("cases")
    found: list[Case] = []
    for area in tuple(names) or areas():
        text = folder.joinpath(f"{area}.yaml").read_text("utf-8")
        found += read_cases(text, f"cases/{area}.yaml", area)
    seen: dict[str, Case] = {}
    for case in found:
        if case.id in seen:
            raise RecipeError(f"{case.source}: the id {case.id} is there twice, see {seen[case.id].source}")
        seen[case.id] = case
    return tuple(found)


def read_cases(text: str, file: str, area: str = "") -> Iterator[Case]:
    """Read the cases of one file.

    Raises:
        FormError: it is not of the form.
    """
    root = compose(text, file)
    for entry, node in enumerate(elements(root, Where(file))):
        place = Where(file, _path(node, entry))
        for single in matrix.multiply(node, place):
            named = Where(file, "")
            case = form.convert(Case, single, named)
            _verify(case, single, named)
            yield replace(case, area=area, source=f"{file}:{line_of(node)}", entry=entry)


def _path(node: Node, entry: int) -> str:
    pairs(node, Where("", f"[{entry}]"))
    return next((scalar(value) or "" for key, value in node.value if text_of(key) == "id"), f"[{entry}]")


def _verify(case: Case, node: Node, where: Where) -> None:
    """What the annotations cannot say about a case."""
    for key, problem in _problems(case):
        found = next((value for name, value in pairs(node, where) if text_of(name) == key), node)
        raise where.key(key).error(found, f"{problem} (case {case.id})")


def _problems(case: Case) -> Iterator[tuple[str, str]]:
    if not _ID.fullmatch(case.id):
        yield "id", f"expected small letters, digits and hyphens, found {case.id}"
    if not case.title.strip() or not case.probes.strip():
        yield "probes", "title and probes must say something"
    for key, ids in (("rules", case.rules), ("findings", case.findings), ("by", (case.by,) if case.by else ())):
        for rule in ids:
            if rule not in RULES:
                yield key, f"no rule is called {rule}"
        if len(set(ids)) != len(ids):
            yield key, "a rule is there twice"
    for section in case.sections:
        if not _SECTION.fullmatch(section):
            yield "sections", f"expected a section of MS-VHDX, found {section}"
    if (case.expect == "refuse" and not case.by) or (case.by and case.expect not in ("refuse", "either")):
        yield "by", "names the rule by which a file is refused: needed by refuse, allowed by either"
    if bool(case.reason) != (case.expect == "either" or bool(case.unspecified)):
        yield "reason", "says why the specification leaves it open: needed by either and unspecified, and only there"
    if case.unspecified and case.expect == "refuse":
        yield "unspecified", "lists bytes that are left open: not where the file is refused"
    if bool(case.lost) != (case.expect == "read-degraded"):
        yield "lost", "lists what cannot be read: needed by read-degraded, and only there"
    yield from _file_problems(case)


def _file_problems(case: Case) -> Iterator[tuple[str, str]]:
    if not case.files:
        yield "files", "a case needs a file"
    names = [recipe.path for recipe in case.files]
    for index, name in enumerate(names):
        if not is_plain_name(name):
            yield "files", f"expected a plain relative file name, found {name!r}"
        if name in names[:index]:
            yield "files", f"two files are called {name}: give each a name"
        if name in case.over and case.over[name] is not None and case.over[name] not in names[:index]:
            yield "over", f"no file before {name} is called {case.over[name]}"
    for name in case.over:
        if name not in names:
            yield "over", f"no file is called {name}"
