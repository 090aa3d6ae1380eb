"""The corpus: which images a profile consists of, their labels, and how they are written.

`generate` writes sparse images, or packed ones, with manifest.jsonl beside them; files of a chain stand together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from vhdx_format.layout import ITEMS
from vhdx_format.rules import RULES

from ... import __version__
from ...conformance.build import digests, sparse
from ...conformance.build.expand import Expanded
from ...conformance.recipes import form_writer
from ...conformance.recipes.recipe import Recipe
from ...errors import TakenFileError
from .. import sparse_copies
from ..engine.format import Edit
from ..mutate.packed import pack
from .bases import bases
from .entries import PROFILES, Entry, lookup, parents, table
from .fields import Fields
from .random_images import RANDOM_COUNT, by_name, random_entries
from .recipe_edits import RecipeChange
from .second import refusing
from .subject import make, reports, roots, window
from .verdicts import Expected, conditions, expected, is_dirty, judged

HEAVY: Final = 64 << 20
_MADE_UP: Final = (name for name, item in ITEMS.items() if item.default is not None)
_NEUTRAL: Final = ("file_identifier", *_MADE_UP, "parent_locator")
_NEUTRAL_FIELDS: Final = ("sequence_number", "file_write_guid", "data_write_guid", "reserved", "reserved2")
_READABLE: Final = ("valid", "needs-replay", "reader's-choice")
_HEAVY_FOLDER: Final = "heavy/"
_TINY: Final = "tiny"
_BY_CHECK: Final = "check"
_UNREADABLE: Final = "unreadable"
_SHOWN_EDITS: Final = 40
_SHOWN_BYTES: Final = 128


def label(entry: Entry, made: Expanded, *, is_sparse: bool = False, is_checked: bool = True) -> dict[str, Any]:
    """What the manifest says of an image.

    Args:
        entry: the image.
        made: the same, expanded.
        is_sparse: say the sparse digest of the file, whatever its size.
        is_checked: a random image is checked.
    """
    fields = Fields({root.target: root for root in roots(made)})
    edits = _edits(entry, made, fields)
    rules, right = _judged(entry, made, fields, [edit["path"] for edit in edits], is_checked=is_checked)
    flags = resource_flags(fields, made)
    said: dict[str, Any] = {"id": entry.id, "file": _file(entry, flags)}
    said |= digests.of_file(made.extents, made.length, is_sparse=is_sparse)
    said |= {"size": made.length, "allocated": sum(len(data) for _, data in made.extents)}
    said |= {"profile": entry.profile, "base": entry.base, "parent": entry.parent or None}
    said |= {"rules": list(rules), "deliberate": list(entry.deliberate)}
    said |= {"inherent": list(entry.inherent)}
    said |= {"neighbour_of": entry.neighbour_of or None, "edits": edits}
    said |= {"expected": {"verdict": right.verdict, "by": right.by or None, "section": right.section or None}}
    said |= {"guest": _guest(entry, made, right), "flags": flags, "seed": entry.seed, "version": __version__}
    return said | {"recipe": _recipe(entry, made.recipe)}


def _file(entry: Entry, flags: Sequence[str]) -> str:
    """Where an image is written: those that ask for much, and those that are tiny, have folders of their own."""
    folder = _HEAVY_FOLDER if flags else f"{_TINY}/" if entry.profile == _TINY else ""
    return folder + entry.file_name


def _recipe(entry: Entry, recipe: Recipe) -> Any:
    """The recipe in plain form; where its overrides alone are not the base's, they are all that is written out anew."""
    if any(isinstance(edit, RecipeChange) for edit in entry.edits):
        return form_writer.plain_form(recipe)
    overrides = form_writer.plain_form(Recipe(overrides=recipe.overrides))
    return _base_recipe(entry.base) | {"file_name": entry.file_name} | overrides


@cache
def _base_recipe(name: str) -> dict[str, Any]:
    found: dict[str, Any] = form_writer.plain_form(replace(bases()[name].recipe, file_name=name, overrides=()))
    return found


def _judged(
    entry: Entry, made: Expanded, fields: Fields, paths: list[str], *, is_checked: bool
) -> tuple[Sequence[str], Expected]:
    """The rules that an image breaks, as far as anybody looked, and what is right for it."""
    if entry.profile == "random":
        rule = refusing(fields, paths)
        refused = Expected("reject", rule, RULES[rule].section) if rule else None
        if not is_checked:
            return (), refused or Expected("unknown")
        rules, told = _checked(entry, made, fields)
        return rules, refused or told
    found: set[str] = set()
    for rule in entry.broken:
        found |= conditions(rule, fields, paths, made.length)
    return entry.broken, expected(entry.broken, found, is_dirty=is_dirty(fields))


def _checked(entry: Entry, made: Expanded, fields: Fields) -> tuple[Sequence[str], Expected]:
    """What a check finds in an image, and what that comes to."""
    if entry.parent:
        with sparse_copies.folder() as folder:
            for parent in parents(entry.parent).values():
                parent.write(folder)
            found = reports(made, folder)
    else:
        found = reports(made)
    rules = sorted({rule for report in found for rule in report.totals})
    verdicts = {finding.verdict for report in found for finding in report.findings}
    is_refused = found[0].state == _UNREADABLE
    return rules, Expected(judged(verdicts, rules, is_refused=is_refused, is_dirty=is_dirty(fields)), _BY_CHECK)


def _edits(entry: Entry, made: Expanded, fields: Fields) -> list[dict[str, Any]]:
    """Every field that is not as in the base, with what it held there and what it holds now."""
    before = _base_fields(entry.base)
    found = [_said(edit, entry) for edit in entry.edits if isinstance(edit, Edit)]
    if any(isinstance(edit, RecipeChange) for edit in entry.edits):
        now = fields.shown() | {"file.length": made.length, "file.parent": entry.parent}
        for path in [*before, *(path for path in now if path not in before)]:
            if before.get(path) != now.get(path) and len(found) < _SHOWN_EDITS:
                found.append({"path": path, "old": before.get(path), "new": now.get(path)})
    return found or list(_texts(entry, fields))


def _texts(entry: Entry, fields: Fields) -> Iterator[dict[str, Any]]:
    """Where objects differ outside their fields: in texts, and in what a change of the recipe alone says."""
    before = _base_numbers(entry.base).roots
    for name, root in fields.roots.items():
        old, new = before[name].raw if name in before else b"", root.raw
        first = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
        if first is not None:
            more = {"old": old[first : first + _SHOWN_BYTES].hex(), "new": new[first : first + _SHOWN_BYTES].hex()}
            yield {"path": f"{name}.bytes", "offset": first, **more}


def _said(edit: Edit, entry: Entry) -> dict[str, Any]:
    path = f"{edit.target}.{edit.path}"
    if isinstance(edit.value, bytes):
        old = _base_bytes(entry.base, edit.target, edit.offset or 0, len(edit.value))
        return {"path": path, "offset": edit.offset, "old": old.hex(), "new": edit.value.hex()}
    return {"path": path, "old": _base_numbers(entry.base).number(path), "new": edit.value}


@cache
def _base(name: str) -> Expanded:
    base = bases()[name]
    return make(base, (), parents(base.parent))


@cache
def _base_numbers(name: str) -> Fields:
    return Fields({root.target: root for root in roots(_base(name))})


@cache
def _base_fields(name: str) -> dict[str, Any]:
    return _base_numbers(name).shown() | {"file.length": _base(name).length, "file.parent": bases()[name].parent}


def _base_bytes(name: str, target: str, offset: int, length: int) -> bytes:
    if target == "file":
        return window(_base(name), offset, length)
    return _base_numbers(name).roots[target].raw[offset : offset + length]


def _guest(entry: Entry, made: Expanded, right: Expected) -> dict[str, Any] | None:
    """Size and digest of the disk; None where an edit could change it or nobody can say."""
    if right.verdict not in _READABLE or not all(_is_neutral(edit) for edit in entry.edits):
        return None
    if not any(isinstance(edit, RecipeChange) for edit in entry.edits):
        return dict(_base_guest(entry.base))
    return _of_model(made)


def _is_neutral(edit: Edit | RecipeChange) -> bool:
    """Whether the model knows of a change: of the recipe it does; of fields, those that no guest can notice."""
    if isinstance(edit, RecipeChange):
        return edit.path.startswith(("headers", "file_order", "metadata", "parent", "bat.order", "bat.spacing"))
    return edit.target.startswith(_NEUTRAL) or edit.path.rpartition(".")[2] in _NEUTRAL_FIELDS


@cache
def _base_guest(name: str) -> dict[str, Any]:
    return _of_model(_base(name))


def _of_model(made: Expanded) -> dict[str, Any]:
    model = made.expected
    if model.size > HEAVY:
        return {"size": model.size, "sparse_sha256": model.sparse_digest()}
    return {"size": model.size, **digests.of_guest(model)}


def resource_flags(fields: Fields, made: Expanded) -> list[str]:
    """What of an image asks a reader for more than 64 MiB, of memory or of writing."""
    asked: dict[str, Iterable[int | None]] = {
        "large-log": [fields.number(f"{name}.log_length") for name in ("header_1", "header_2")],
        "large-region": _entries(fields, "region_table_1", "length"),
        "large-item": _entries(fields, "metadata_table", "length"),
        "large-replay": [
            value for name in fields.roots if name.startswith("log[") for value in _of_log(fields, name, made)
        ],
        "large-file": [made.length],
    }
    return [flag for flag, values in asked.items() if any((value or 0) > HEAVY for value in values)]


def _entries(fields: Fields, table: str, field: str) -> list[int | None]:
    return [fields.number(f"{table}.entries[{index}].{field}") for index in range(8)]


def _of_log(fields: Fields, name: str, made: Expanded) -> list[int]:
    grown = (fields.number(f"{name}.header.last_file_offset") or 0) - made.length
    zeros = [fields.number(f"{name}.descriptors[{index}].zero.zero_length") or 0 for index in range(7)]
    return [grown, *zeros]


MANIFEST: Final = "manifest.jsonl"
SEEDS: Final = "seeds"
_UNPACKERS: Final = ("unpack.py", "unpack.c")
Advance = Callable[[int], None]


class Made(NamedTuple):
    """An image of the corpus: its entry, its bytes, its label."""

    entry: Entry
    image: Expanded
    label: dict[str, Any]


def choose(profiles: Sequence[str], rules: str = "*", *, seed: int = 0, count: int | None = None) -> list[Entry]:
    """The entries of some profiles.

    Args:
        profiles: names, or "all".
        rules: pattern for ids of rules; images that are about none of them are left out. "*": all images.
        seed: of the random images.
        count: how many random images, or None for `RANDOM_COUNT`.

    Returns:
        Entries in the order of the table, those that others are put over included.

    Raises:
        ValueError: no rule that can be broken matches the pattern.
    """
    wanted = set(PROFILES) if "all" in profiles else set(profiles)
    pattern = rules.upper()
    if not any(fnmatchcase(rule, pattern) for rule in RULES):
        raise ValueError(f"no rule is called {rules}")
    found = [entry for entry in (*table(), *_new(pattern)) if entry.profile in wanted]
    if "random" in wanted:
        found += random_entries(seed, RANDOM_COUNT if count is None else count)
    if pattern != "*":
        found = list(_about(found, pattern))
    return with_parents(found)


def _new(pattern: str) -> list[Entry]:
    """Images for rules that have been declared since the table was written; searched for here and now."""
    there = {rule for entry in table() for rule in entry.deliberate}
    rules = [rule.id for rule in RULES.values() if rule.provable.kind != "no" and rule.id not in there]
    rules = [rule for rule in rules if fnmatchcase(rule, pattern)]
    if not rules:
        return []
    from .search import entries

    with sparse_copies.folder() as folder:
        return list(entries(folder, rules, is_whole=False))


def _about(entries: Sequence[Entry], pattern: str) -> Iterator[Entry]:
    kept = {one.id for one in entries if any(fnmatchcase(rule, pattern) for rule in one.deliberate)}
    for entry in entries:
        if entry.id in kept or fnmatchcase(entry.neighbour_of.rpartition("-")[0].upper(), pattern):
            yield entry


def with_parents(entries: Iterable[Entry]) -> list[Entry]:
    """The entries, and before them those that they are put over."""
    chosen = list(entries)
    there = {entry.id for entry in chosen}
    missing = sorted({entry.parent for entry in chosen} - there - {""})
    return [lookup(name) or Entry(name, "valid", name) for name in missing] + chosen


def find(name: str) -> Entry | None:
    """The entry of an id, of the table or random; None where there is none."""
    return lookup(name) or by_name(name)


def made(entries: Iterable[Entry], *, is_sparse: bool = False, is_checked: bool = True) -> Iterator[Made]:
    """Entries expanded and labelled; of files that are alike the first only.

    Args:
        entries: the entries.
        is_sparse: labels say the sparse digests of files, whatever their sizes.
        is_checked: random images are checked, so that their labels are whole.
    """
    seen: set[tuple[str, int]] = set()
    for entry in entries:
        try:
            image = entry.expand()
        except ValueError:
            if entry.profile != "random":
                raise
            continue
        said = label(entry, image, is_sparse=is_sparse, is_checked=is_checked)
        digest = said.get("sha256") or said["sparse_sha256"], image.length
        if digest not in seen or entry.id in bases():
            seen.add(digest)
            yield Made(entry, image, said)


def write(folder: Path, images: Iterable[Made], *, is_packed: bool = False, advance: Advance = lambda _: None) -> int:
    """Write images and their manifest.

    Args:
        folder: where to; made where it does not exist.
        images: the images.
        is_packed: write them as packed seeds, into a folder of their own, and beside it what unpacks them.
        advance: is told how many images are done.

    Raises:
        TakenFileError: a folder in it is a symbolic link.
    """
    sparse_copies.place(folder, ".")
    lines = []
    for one in images:
        said = one.label
        if is_packed:
            said = said | _pack(folder, said, one.image)
        else:
            place = folder / said["file"]
            _make_below(folder, place.parent)
            sparse.save(place, one.image.extents, one.image.length)
        lines.append(json.dumps(said))
        advance(len(lines))
    if is_packed:
        _write_unpackers(folder, lines)
    text = "".join(f"{line}\n" for line in lines).encode()
    sparse.save(folder / MANIFEST, [(0, text)], len(text))
    return len(lines)


def _make_below(folder: Path, place: Path) -> None:
    """Make a folder in one that somebody named; a link in its place nobody named, and it is not followed."""
    for one in (place, *place.parents):
        if one == folder:
            break
        if one.is_symlink():
            raise TakenFileError(f"{one}: is a symbolic link", hint="remove the link, or name another folder")
    sparse_copies.place(place, ".")


def _pack(folder: Path, said: dict[str, Any], image: Expanded) -> dict[str, Any]:
    """Write an image as a seed, in a folder with nothing but seeds; what the manifest says of it."""
    name = f"{said['file']}.packed" if said["flags"] else f"{SEEDS}/{said['file'].removeprefix(f'{_TINY}/')}.packed"
    _make_below(folder, (folder / name).parent)
    data = pack(image.extents, image.length)
    sparse.save(folder / name, [(0, data)], len(data))
    return {"file": name, "image": said["file"], "packed": name, "packed_size": len(data)}


def _write_unpackers(folder: Path, lines: Iterable[str]) -> None:
    """Put beside packed images what unpacks them: `python3 unpack.py FOLDER` makes them all, or those named."""
    from ...conformance.build.pattern import noise

    source = resources.files("vhdx_runtime.conformance.release").joinpath("unpackers")
    labels = [json.loads(line) for line in lines]
    cases = [{"id": one["id"], "files": [{"image": one["image"], "packed": one["packed"]}]} for one in labels]
    files = {name: source.joinpath(name).read_bytes() for name in _UNPACKERS}
    files |= {"noise.bin": noise(), "manifest.json": json.dumps({"cases": cases}, indent=1).encode()}
    for name, data in files.items():
        sparse.save(folder / name, [(0, data)], len(data))
