"""The images of a folder to hold readers against, each with its label where there is one.

Opens no image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ...conformance.release.packed_image import MAGIC
from .. import sparse_copies
from ..manifest import VERDICTS, CorpusError, Line, Verdict, lines

MANIFEST: Final = "manifest.jsonl"
NO_RULE: Final = "none"
_NOT_IMAGES: Final = frozenset((".c", ".json", ".jsonl", ".md", ".py", ".txt", ".yaml", ".html", ".bin", ".dict"))
_DEPTH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Label:
    """What is right for an image.

    Attributes:
        verdict: what a correct reader does.
        rule: what the image is about: the rule that it breaks on purpose, else the one that decides, "beside" and the
            rule that its like breaks, or "none".
        virtual_size: of the disk in bytes, None where it is not defined.
        guest: digest of the disk, hexadecimal, None where it is not defined.
        is_sparse: the digest is over the 64 KiB units that are not zero, each behind its offset.
    """

    verdict: Verdict
    rule: str = NO_RULE
    virtual_size: int | None = None
    guest: str | None = None
    is_sparse: bool = False


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """One image of a corpus.

    Attributes:
        id: its label's id, else its path in the folder.
        path: of the file.
        is_packed: the file is a packed image.
        label: None where nothing is said of it.
        parents: files of the parents that the manifest names, the nearest first.
    """

    id: str
    path: Path
    is_packed: bool
    label: Label | None
    parents: tuple[Path, ...] = ()


def load(folder: Path) -> tuple[JudgedImage, ...]:
    """The images of a folder: what its manifest lists, else every file below it that could be one.

    Returns:
        The images, in the order of the manifest, else by path.

    Raises:
        CorpusError: a manifest that is not of the form, an image of it that is not there, or a damaged packed image.
        OSError: the folder cannot be read.
    """
    manifest = folder / MANIFEST
    return tuple(_listed(folder, manifest)) if manifest.is_file() else tuple(_unlisted(folder))


def _listed(folder: Path, manifest: Path) -> Iterator[JudgedImage]:
    found: dict[str, Line] = {}
    for line in lines(manifest):
        if line.id in found:
            raise CorpusError(f"{manifest}, line {line.number}: two images are called {line.id}")
        if line.packed and not (folder / line.file).exists():
            line = replace(line, file=line.packed)
        if not _is_inside(folder / line.file, folder) or not (folder / line.file).is_file():
            raise CorpusError(f"{manifest}, line {line.number}: no image {line.file}")
        found[line.id] = line
    for line in found.values():
        parents = tuple(folder / parent.file for parent in _chain(line, found))
        yield _subject(line.id, folder / line.file, _label(line, found), parents)


def _is_inside(path: Path, folder: Path) -> bool:
    """True where a path, with its symbolic links resolved, stays in a folder."""
    return path.resolve().is_relative_to(folder.resolve())


def _subject(name: str, path: Path, label: Label | None, parents: tuple[Path, ...] = ()) -> JudgedImage:
    """An image; a packed one is checked to its end."""
    if is_it := is_packed(path):
        sparse_copies.require_packed(path)
    return JudgedImage(name, path, is_it, label, parents)


def _label(line: Line, found: Mapping[str, Line]) -> Label | None:
    if line.verdict is None:
        return None
    return Label(line.verdict, _rule(line, found), line.size, line.guest, line.is_sparse)


def _rule(line: Line, found: Mapping[str, Line]) -> str:
    beside = found[line.neighbour_of].deliberate if line.neighbour_of in found else ""
    return line.deliberate or line.by or (f"beside {beside}" if beside else NO_RULE)


def _chain(line: Line, found: Mapping[str, Line]) -> Iterator[Line]:
    """The parents, as far as the manifest has them."""
    for _ in range(_DEPTH_MAX):
        if line.parent not in found:
            return
        line = found[line.parent]
        yield line


def _unlisted(folder: Path) -> Iterator[JudgedImage]:
    if folder.is_file():
        yield _subject(folder.name, folder, None)
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in name.parts)
        is_image = not is_hidden and path.suffix.lower() not in _NOT_IMAGES
        if is_image and path.is_file() and _is_inside(path, folder):  # a link of a stranger may lead to any file
            yield _subject(name.as_posix(), path, None)


def is_packed(path: Path) -> bool:
    """True for a packed image."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


__all__ = ["MANIFEST", "NO_RULE", "VERDICTS", "CorpusError", "JudgedImage", "Label", "Verdict", "is_packed", "load"]
