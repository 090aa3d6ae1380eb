"""The pages about using it are true: what they show is run, one block after the other, and found by its names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.book.practised import carried_out, missing_programs, prepare
from tests.book.support import PAGES
from tests.cli.support import run
from tests.support.extras import need
from tests.support.shown import fits
from vhdx_runtime.book import load

RUN = ("avhdx.md", "dirty-disks.md", "cut-files.md", "differences.md", "questions.md", "writing.md", "python.md")


@pytest.mark.parametrize("page", RUN)
def test_what_a_page_shows_is_what_happens(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGES[page]
    if missing := missing_programs(text):
        pytest.skip(f"book: {page} is not carried out, as these programs are missing: {', '.join(missing)}")
    if "--query" in text:
        need("jq")
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    count = 0
    for what, shown, found in carried_out(text):
        assert fits(shown, found), f"{what}\n{found}"
        count += 1
    assert count >= 3


def test_there_are_twenty_questions() -> None:
    assert PAGES["questions.md"].count("\n$ vhdx inspect ") >= 20


def test_in_python_shows_ten_things() -> None:
    assert PAGES["python.md"].count("\n## ") == 10


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("avhdx", "Checkpoints and .avhdx"),
        ("checkpoint", "Checkpoints and .avhdx"),
        ("snapshot", "Checkpoints and .avhdx"),
        ("dirty", "Dirty disks"),
        ("truncated", "Files that were cut off"),
        ("differences", "What changed"),
        ("diff", "What changed"),
        ("query", "Questions people ask of a file"),
        ("writing", "Writing safely"),
        ("python", "In Python"),
    ],
)
def test_a_page_is_found_by_what_people_call_it(name: str, title: str) -> None:
    assert [found.title for found in load().find(name)] == [title]
    assert title in run("book", name).stdout
