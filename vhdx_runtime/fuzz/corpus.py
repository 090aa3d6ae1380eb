"""The corpus: which images a profile consists of, their labels, and how they are written.

`generate` writes sparse images, or packed ones, with manifest.jsonl beside them; files of a chain stand together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from vhdx_format.rules import RULES

from ..conformance import sparse
from ..conformance.expand import Expanded
from . import scratch
from .bases import bases
from .entries import PROFILES, Entry, lookup, table
from .labels import label
from .rand import by_name, random_entries

MANIFEST: Final = "manifest.jsonl"
RANDOM_COUNT: Final = 16
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

    with scratch.folder() as folder:
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
    return [Entry(name, "valid", name) for name in missing] + chosen


def find(name: str) -> Entry | None:
    """The entry of an id, of the table or random; None where there is none."""
    return lookup(name) or by_name(name)


def made(entries: Iterable[Entry], *, is_sparse: bool = False) -> Iterator[Made]:
    """Entries expanded and labelled; of files that are alike the first only.

    Args:
        entries: the entries.
        is_sparse: labels say the sparse digests of files, whatever their sizes.
    """
    seen: set[tuple[str, int]] = set()
    for entry in entries:
        try:
            image = entry.expand()
        except ValueError:
            if entry.profile != "random":
                raise
            continue
        said = label(entry, image, is_sparse=is_sparse)
        digest = said.get("sha256") or said["sparse_sha256"], image.length
        if digest not in seen or entry.id in bases():
            seen.add(digest)
            yield Made(entry, image, said)


def write(folder: Path, images: Iterable[Made], *, is_packed: bool = False, advance: Advance = lambda _: None) -> int:
    """Write images and their manifest.

    Args:
        folder: where to; made where it does not exist.
        images: the images.
        is_packed: write them in the packed form of the conformance suite, with what unpacks them.
        advance: is told how many images are done.

    Returns:
        How many images were written.
    """
    scratch.place(folder, ".")
    lines = []
    for one in images:
        place = folder / one.label["file"]
        scratch.place(place.parent, ".")
        said = one.label
        if is_packed:
            said = said | {"packed": f"{said['file']}.packed", "packed_size": _pack(place, one.image)}
        else:
            sparse.save(place, one.image.extents, one.image.length)
        lines.append(json.dumps(said))
        advance(len(lines))
    if is_packed:
        _write_unpackers(folder, lines)
    text = "".join(f"{line}\n" for line in lines).encode()
    sparse.save(folder / MANIFEST, [(0, text)], len(text))
    return len(lines)


def _pack(place: Path, image: Expanded) -> int:
    from ..conformance.packed_image import packed

    data = packed(image.extents, image.length)
    sparse.save(place.with_name(f"{place.name}.packed"), [(0, data)], len(data))
    return len(data)


def _write_unpackers(folder: Path, lines: Iterable[str]) -> None:
    """Put beside packed images what unpacks them: `python3 unpack.py FOLDER` makes them all, or those named."""
    from ..conformance.pattern import noise

    source = resources.files("vhdx_runtime.conformance").joinpath("unpackers")
    labels = [json.loads(line) for line in lines]
    cases = [{"id": one["id"], "files": [{"image": one["file"], "packed": one["packed"]}]} for one in labels]
    files = {name: source.joinpath(name).read_bytes() for name in _UNPACKERS}
    files |= {"noise.bin": noise(), "manifest.json": json.dumps({"cases": cases}, indent=1).encode()}
    for name, data in files.items():
        sparse.save(folder / name, [(0, data)], len(data))
