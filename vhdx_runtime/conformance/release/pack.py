"""The packed release: every case in one small zip, for authors of readers in any language.

Holds the images in packed form, what each must give, the recipes, two unpackers and a README. Who uses it needs none
of our code. The same cases give the same bytes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

from ..build import digests, sparse
from ..build.expand import Expanded
from ..build.pattern import noise
from ..build.plan import make_plan
from ..cases import Case, write_files
from ..recipes import form_writer
from .packed_image import packed

Advance = Callable[[int], None]
NAME = "vhdx-conformance"
_TIME = (1980, 1, 1, 0, 0, 0)
_TOOLS = ("README.md", "unpack.py", "unpack.c")
_TEXT = ("title", "probes", "expect", "by", "reason")
_LISTS = ("sections", "rules", "findings")


def ignore(_: int) -> None:
    """Take no notice."""


def size(cases: Iterable[Case]) -> int:
    """How long the files of cases are together, in bytes.

    Raises:
        RecipeError: a file cannot be planned.
    """
    return sum(make_plan(recipe).length for case in cases for recipe in case.files)


def write(fd: int, cases: Iterable[Case], version: str, advance: Advance = ignore) -> None:
    """Write the release as a zip.

    Args:
        fd: of an empty file; it stays open.
        cases: the cases.
        version: of this package.
        advance: is told how many bytes of files are done.

    Raises:
        RecipeError: a case cannot be built.
    """
    with (
        open(fd, "w+b", closefd=False) as out,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for name in _TOOLS:
            _add(archive, name, resources.files(__package__).joinpath("unpackers", name).read_bytes())
        _add(archive, "noise.bin", noise())
        records, done = [], 0
        for case in cases:
            files = case.expand()
            records.append(record(case, files))
            _add(archive, f"recipes/{case.id}.yaml", form_writer.dump(case).encode())
            for made, listed in zip(files, records[-1]["files"], strict=True):
                listed["packed"] = f"images/{listed['image']}.packed"
                _add(archive, listed["packed"], packed(made.extents, made.length))
            done += sum(made.length for made in files)
            advance(done)
        _add(archive, "manifest.json", _json(manifest(records, version)))


def build(folder: Path, cases: Iterable[Case], version: str, advance: Advance = ignore) -> None:
    """Write the images of cases into folders of their own, and manifest.json beside them.

    Args:
        folder: made where it does not exist.
        cases: the cases.
        version: of this package.
        advance: is told how many bytes of files are done.

    Raises:
        RecipeError: a case cannot be built.
    """
    records, done = [], 0
    for case in cases:
        files = case.expand()
        (folder / case.id).mkdir(parents=True, exist_ok=True)
        write_files(files, folder / case.id)
        records.append(record(case, files))
        done += sum(made.length for made in files)
        advance(done)
    text = _json(manifest(records, version))
    sparse.save(folder / "manifest.json", [(0, text)], len(text))


def manifest(records: list[dict[str, Any]], version: str) -> dict[str, Any]:
    """What manifest.json says."""
    return {
        "suite": NAME,
        "version": version,
        "sparse_sha256": digests.DEFINITION,
        "noise_sha256": sha256(noise()).hexdigest(),
        "cases": records,
    }


def record(case: Case, files: tuple[Expanded, ...]) -> dict[str, Any]:
    """What manifest.json says of a case."""
    said: dict[str, Any] = {"id": case.id, "area": case.area}
    said |= {key: getattr(case, key) for key in _TEXT if getattr(case, key)}
    said |= {key: list(getattr(case, key)) for key in _LISTS}
    said |= {key: [list(one) for one in getattr(case, key)] for key in ("lost", "unspecified")}
    said["open"] = form_writer.plain_form(case.open)
    said["files"] = list(_files(case, files))
    said["opened"] = said["files"][-1]["image"]
    said["guest"] = _guest(case, files[-1])
    return said


def _files(case: Case, files: tuple[Expanded, ...]) -> Iterator[dict[str, Any]]:
    for made in files:
        name = f"{case.id}/{made.recipe.path}"
        yield {
            "image": name,
            "length": made.length,
            **digests.of_file(made.extents, made.length),
        }


def _guest(case: Case, opened: Expanded) -> dict[str, Any] | None:
    """Size and digest of the disk; None where nobody gets to see it."""
    if case.expect == "refuse":
        return None
    model = opened.expected
    return {"size": model.size, **digests.of_guest(model, case.not_compared)}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a file that says nothing of when and where it was made."""
    info = zipfile.ZipInfo(f"{NAME}/{name}", _TIME)
    info.create_system, info.external_attr, info.compress_type = 3, 0o644 << 16, zipfile.ZIP_DEFLATED
    archive.writestr(info, data)
