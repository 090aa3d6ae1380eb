"""The images of a folder to hold readers against, each with its label where there is one.

Knows the manifest that `vhdx fuzz generate` writes, packed images, and folders of anybody's images without a manifest.
Opens no image.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from ..conformance.packed_image import MAGIC

MANIFEST: Final = "manifest.jsonl"
NO_RULE: Final = "none"
_NOT_IMAGES: Final = frozenset((".c", ".json", ".jsonl", ".md", ".py", ".txt", ".yaml", ".html", ".bin", ".dict"))
_UNKNOWN: Final = "unknown"
_DEPTH_MAX: Final = 64

Verdict = Literal["valid", "needs-replay", "open-but-damaged", "reject", "reader's-choice"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)


class CorpusError(ValueError):
    """A manifest that cannot be understood; the message names file and line."""


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
class Subject:
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


def load(folder: Path) -> tuple[Subject, ...]:
    """The images of a folder: what its manifest lists, else every file below it that could be one.

    Args:
        folder: the corpus, or one image.

    Returns:
        The images, in the order of the manifest, else by path.

    Raises:
        CorpusError: a manifest that is not of the form, or an image of it that is not there.
        OSError: the folder cannot be read.
    """
    manifest = folder / MANIFEST
    return tuple(_listed(folder, manifest)) if manifest.is_file() else tuple(_unlisted(folder))


def _listed(folder: Path, manifest: Path) -> Iterator[Subject]:
    records: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(manifest.read_text("utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            name, file = str(record["id"]), folder / record["file"]
            _verdict(record)
        except (KeyError, TypeError, ValueError) as error:
            raise CorpusError(f"{manifest}, line {number}: no label: {error}") from error
        if name in records:
            raise CorpusError(f"{manifest}, line {number}: two images are called {name}")
        if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
            raise CorpusError(f"{manifest}, line {number}: no image {record['file']}")
        records[name] = record
    for name, record in records.items():
        path = folder / record["file"]
        parents = tuple(folder / records[parent]["file"] for parent in _chain(name, records))
        yield Subject(name, path, is_packed(path), _label(record, records), parents)


def _verdict(record: Mapping[str, Any]) -> Verdict | None:
    said = record["expected"]["verdict"]
    found = next((one for one in VERDICTS if one == said), None)
    if found is None and said != _UNKNOWN:
        raise ValueError(f"verdict {said}, expected one of {', '.join(VERDICTS)}, {_UNKNOWN}")
    return found


def _label(record: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> Label | None:
    verdict = _verdict(record)
    if verdict is None:
        return None
    guest = record.get("guest") or {}
    digest = guest.get("sha256") or guest.get("sparse_sha256")
    return Label(verdict, _rule(record, records), guest.get("size"), digest, "sparse_sha256" in guest)


def _rule(record: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> str:
    if record.get("deliberate"):
        return str(record["deliberate"][0])
    if record["expected"].get("by"):
        return str(record["expected"]["by"])
    beside = records.get(record.get("neighbour_of") or "", {}).get("deliberate")
    return f"beside {beside[0]}" if beside else NO_RULE


def _chain(name: str, records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Ids of the parents, as far as the manifest has them."""
    for _ in range(_DEPTH_MAX):
        name = records[name].get("parent") or ""
        if name not in records:
            return
        yield name


def _unlisted(folder: Path) -> Iterator[Subject]:
    if folder.is_file():
        yield Subject(folder.name, folder, is_packed(folder), None)
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in name.parts)
        if path.is_file() and not is_hidden and path.suffix.lower() not in _NOT_IMAGES:
            yield Subject(name.as_posix(), path, is_packed(path), None)


def is_packed(path: Path) -> bool:
    """True for a packed image."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
