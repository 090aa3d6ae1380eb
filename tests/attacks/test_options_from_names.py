"""Files that are called like options, in a folder where somebody writes an asterisk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import BROKEN, DIRTY, make, run

NAMES = ["--ignore=*", "--ignore=HDR-001", "--apply", "--lossy", "-h", "--json", "--help", "--salvage", "--version",
         "--force", "-o", "--strict", "--without-parent"]  # fmt: skip


def globbed(folder: Path) -> list[str]:
    """What a shell puts in for an asterisk."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", ["check", "repair", "info", "convert"])
def test_a_file_called_like_an_option_is_taken_for_one(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make(tmp_path, DIRTY).path
    before = image.read_bytes()
    (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    error = run(command, *globbed(tmp_path), code=2).stderr
    assert f"{name}: an option, and the name of a file in this folder" in error
    assert "./" in error
    assert "--" in error
    assert image.read_bytes() == before
    assert globbed(tmp_path) == sorted([name, image.name])


def test_a_file_called_like_an_option_silences_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, BROKEN)
    (tmp_path / "--ignore=*").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    run("check", *globbed(tmp_path), code=2)
    run("check", *(f"./{name}" for name in globbed(tmp_path)), code=3)
    run("check", "--", *globbed(tmp_path), code=3)


def test_a_file_called_like_an_option_of_the_group_is_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "--version").touch()
    monkeypatch.chdir(tmp_path)
    assert "an option, and the name of a file" in run("--version", code=2).stderr


def test_a_dangling_link_called_like_an_option_is_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make(tmp_path, DIRTY).path
    (tmp_path / "--apply").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    assert "an option, and the name of a file" in run("repair", "--apply", image.name, code=2).stderr


def test_options_are_options_where_no_file_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make(tmp_path, DIRTY).path
    monkeypatch.chdir(tmp_path)
    run("repair", "--apply", image.name)
    assert run("info", "-h").stdout.startswith("Usage: ")


def test_help_and_readme_are_silent_about_it() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for text in (run("--help").stdout, readme):
        assert "./*" in text
        assert "-- *" in text
