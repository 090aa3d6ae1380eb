"""Labels: what manifest.jsonl says of each image, from how it was made and from the declarations of the rules.

No reader is asked. What a guest must see comes from the recipe's flat model, and only where no edit could change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, Final

from .. import __version__
from ..conformance import digests, form_writer
from ..conformance.expand import Expanded
from ..conformance.recipe import Recipe
from .bases import bases
from .change import Change
from .container import make, roots, window
from .engine.format import Edit
from .entries import Entry, parents
from .fields import Fields
from .verdicts import Expected, conditions, expected, is_dirty

HEAVY: Final = 64 << 20
_NEUTRAL: Final = ("file_identifier", "virtual_disk_id", "physical_sector_size", "parent_locator")
_NEUTRAL_FIELDS: Final = ("sequence_number", "file_write_guid", "data_write_guid", "reserved", "reserved2")
_READABLE: Final = ("valid", "needs-replay", "reader's-choice")
_SHOWN_EDITS: Final = 40
_SHOWN_BYTES: Final = 128


def label(entry: Entry, made: Expanded, *, is_sparse: bool = False) -> dict[str, Any]:
    """What the manifest says of an image.

    Args:
        entry: the image.
        made: the same, expanded.
        is_sparse: say the sparse digest of the file, whatever its size.
    """
    fields = Fields({root.target: root for root in roots(made)})
    edits = _edits(entry, made, fields)
    right = _expected(entry, fields, [edit["path"] for edit in edits], made.length)
    flags = resource_flags(fields, made)
    said: dict[str, Any] = {"id": entry.id, "file": f"heavy/{entry.file_name}" if flags else entry.file_name}
    said |= digests.of_file(made.extents, made.length, is_sparse=is_sparse)
    said |= {"size": made.length, "allocated": sum(len(data) for _, data in made.extents)}
    said |= {"profile": entry.profile, "base": entry.base, "parent": entry.parent or None}
    said |= {"rules": list(entry.broken), "deliberate": list(entry.deliberate)}
    said |= {"neighbour_of": entry.neighbour_of or None, "edits": edits}
    said |= {"expected": {"verdict": right.verdict, "by": right.by or None, "section": right.section or None}}
    said |= {"guest": _guest(entry, made, right), "flags": flags, "seed": entry.seed, "version": __version__}
    return said | {"recipe": _recipe(entry, made.recipe)}


def _recipe(entry: Entry, recipe: Recipe) -> Any:
    """The recipe in plain form; where its overrides alone are not the base's, they are all that is written out anew."""
    if any(isinstance(edit, Change) for edit in entry.edits):
        return form_writer.plain_form(recipe)
    overrides = form_writer.plain_form(Recipe(overrides=recipe.overrides))
    return _base_recipe(entry.base) | {"file_name": entry.file_name} | overrides


@cache
def _base_recipe(name: str) -> dict[str, Any]:
    found: dict[str, Any] = form_writer.plain_form(replace(bases()[name].recipe, file_name=name, overrides=()))
    return found


def _expected(entry: Entry, fields: Fields, paths: list[str], length: int) -> Expected:
    if entry.profile == "random":
        return Expected("unknown")
    found: set[str] = set()
    for rule in entry.broken:
        found |= conditions(rule, fields, paths, length)
    return expected(entry.broken, found, is_dirty=is_dirty(fields))


def _edits(entry: Entry, made: Expanded, fields: Fields) -> list[dict[str, Any]]:
    """Every field that is not as in the base, with what it held there and what it holds now."""
    before = _base_fields(entry.base)
    found = [_said(edit, entry) for edit in entry.edits if isinstance(edit, Edit)]
    if any(isinstance(edit, Change) for edit in entry.edits):
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
    if not any(isinstance(edit, Change) for edit in entry.edits):
        return dict(_base_guest(entry.base))
    return _of_model(made)


def _is_neutral(edit: Edit | Change) -> bool:
    """Whether the model knows of a change: of the recipe it does; of fields, those that no guest can notice."""
    if isinstance(edit, Change):
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
    """What of an image asks a reader for more than 64 MiB, of memory or of writing.

    Args:
        fields: those of the file.
        made: the file.
    """
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
