"""`info`, `hash` and `check` of several files and folders: an answer for each, and the worst exit code."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.cli.support import BROKEN, LONE, SAMPLE, TORN, make, run, run_json

COMMANDS = ["info", "hash", "check"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images under names of VHDX, and files that a folder does not stand for."""
    there = tmp_path / "disks"
    there.mkdir()
    make(there, SAMPLE)
    make(there, LONE).path.rename(there / "checkpoint.AVHDX")
    (there / "set.vhds").write_bytes(bytes(512))
    (there / "notes.txt").write_text("nothing of the kind")
    (there / "below").mkdir()
    make(there / "below", TORN)
    return there


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_stands_for_the_images_in_it(folder: Path, name: str) -> None:
    found = run_json(name, folder)
    files = [image["source"]["file"] if name == "hash" else image["file"] for image in found["images"]]
    assert files == [str(folder / "checkpoint.AVHDX"), str(folder / "sample.vhdx")]
    assert found["errors"] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_one_that_fails_is_a_row_and_the_worst_code_counts(folder: Path, name: str) -> None:
    good, gone = folder / "sample.vhdx", folder / "gone.vhdx"
    found = run_json(name, gone, good, code=3)
    assert [error["file"] for error in found["errors"]] == [str(gone)]
    assert found["errors"][0]["hint"]
    assert len(found["images"]) == 1
    text = run(name, good, gone, folder / "notes.txt", code=3).output
    for path in (good, gone, folder / "notes.txt"):
        assert str(path) in text or (name == "check" and path == good)
    assert text.count("\nhint: ") >= 2


def test_a_finding_is_worse_than_none_and_better_than_nothing_opened(tmp_path: Path) -> None:
    good, torn, broken = (make(tmp_path, recipe).path for recipe in (SAMPLE, TORN, BROKEN))
    run("info", good, good)
    run("info", good, torn, good, code=1)
    run("info", tmp_path / "gone", good, torn, code=3)
    run("hash", good, broken, code=1)
    run("check", broken, tmp_path / "gone", good, code=3)


def test_each_disk_has_its_own_digests(tmp_path: Path) -> None:
    made = [make(tmp_path, recipe) for recipe in (SAMPLE, LONE)]
    digests = [image["digests"]["sha256"] for image in run_json("hash", *(one.path for one in made))["images"]]
    assert digests == [hashlib.sha256(one.disk).hexdigest() for one in made]
    lines = run("hash", *(one.path for one in made)).stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("file ")] == [str(one.path) for one in made]


@pytest.mark.parametrize("name", ["info", "hash"])
def test_one_file_stays_one_object(tmp_path: Path, name: str) -> None:
    assert "images" not in run_json(name, make(tmp_path, SAMPLE).path)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_without_images_says_so_and_the_others_are_looked_at(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    assert "no file whose name ends in .vhdx" in run(name, tmp_path / "empty", code=3).stderr
    found = run_json(name, tmp_path / "empty", folder / "sample.vhdx", code=3)
    assert [error["file"] for error in found["errors"]] == [str(tmp_path / "empty")]
    assert len(found["images"]) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_whether_a_file_can_be_read_opening_it_says(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, SAMPLE).path
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    assert run(name, path).exit_code == 0
