"""Transcripts of inspect and explain: line 1 is the command, the rest what it prints; --update-golden rewrites them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.support import DIRTY, SAMPLE, TORN, make, make_chain
from tests.inspect.support import made
from vhdx_runtime.cli import main

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))
LINES = 150


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the transcripts were made in, with the images that they speak of."""
    for recipe in (SAMPLE, DIRTY, TORN):
        make(tmp_path, recipe)
    for name in ("wrapped", "torn", "overlapping blocks"):
        (tmp_path / f"{name.replace(' ', '_')}_specimen.vhdx").write_bytes(made(name).to_bytes())
    (tmp_path / "ten_bytes").write_bytes(b"ten bytes!")
    make_chain(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def test_there_are_transcripts() -> None:
    assert len(GOLDEN) >= 10


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_command_prints_what_it_printed(path: Path, folder: Path, update_golden: bool) -> None:
    expected = path.read_text(encoding="utf-8")
    command = expected.splitlines()[0]
    result = CliRunner().invoke(main, shlex.split(command.removeprefix("$ "))[1:], prog_name="vhdx")
    text = result.output.replace(str(folder.resolve()), "FOLDER").replace(str(folder), "FOLDER")
    found = f"{command}\n{text}" + (f"[exit code {result.exit_code}]\n" if result.exit_code else "")
    assert len(found.splitlines()) <= LINES, "too long for anybody to review"
    if update_golden:
        path.write_text(found, encoding="utf-8")
        return
    assert found == expected, "if this is meant, run pytest with --update-golden and read the diff"
