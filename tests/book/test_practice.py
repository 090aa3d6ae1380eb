"""The files about readers and writers are refused when they speak of what is not there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from vhdx_format.layout import STRUCTURES
from vhdx_format.rules import RULES

from formats.compiler.schema import SchemaError
from vhdx_runtime.book.build import chapters, emit, practice

DATA = emit.HAND / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def test_the_files_are_of_their_form() -> None:
    found = practice.load(DATA, dict.fromkeys(RULES), STRUCTURES)
    assert (len(found.divergences), len(found.pitfalls)) == (47, 32)
    covered = {name for one in (*found.divergences, *found.writers) for name in one["structures"]}
    assert {"header", "region_table", "log_entry", "bat_entry", "metadata_table", "parent_locator"} <= covered


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("divergences.yaml", "rules: [HDR-004]", "rules: [HDR-404]", "HDR-404"),
        ("divergences.yaml", "by: image", "by: hearsay", "hearsay"),
        ("divergences.yaml", "- id: D-02", "- id: D-01", "twice"),
        ("pitfalls.yaml", "structures: [header]", "structures: [superblock]", "superblock"),
        ("writers.yaml", "writer: QEMU, does", "writer: QEMU, dose", "dose"),
    ],
)
def test_a_file_that_is_not_is_refused(folder: Path, file: str, old: str, new: str, named: str) -> None:
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SchemaError, match=named):
        practice.load(folder, dict.fromkeys(RULES), STRUCTURES)


def test_a_chapter_needs_a_title() -> None:
    with pytest.raises(SchemaError, match=r"empty\.md does not begin with a title"):
        chapters.finished("empty.md", "no title\n")
    page = chapters.finished("some.md", "# A title\n\nText.\n")
    assert (page.title, [topic.name for topic in page.topics]) == ("A title", ["some"])


def test_a_comment_on_a_field_that_is_not_there_is_refused() -> None:
    data = {"constants": {}, "structures": {"header": {"fields": [{"id": "checksum"}], "orig_ids": ()}}, "guids": {}}
    with pytest.raises(SchemaError, match=r"nothing is called header\.cheksum"):
        chapters.qemu_page(data, [{"about": "", "gives": "", "holds": "", "at": "header.cheksum"}])
