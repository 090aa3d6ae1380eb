"""Transcripts: line 1 is the command, the rest what it prints. `make golden` rewrites them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.support import BROKEN, DIRTY, HOSTILE, LONE, SAMPLE, TORN, make, make_chain, make_changed
from vhdx_runtime.cli import main

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))
LINES = 150
VARYING = [
    (re.compile(r'"time": "[^"]*"'), '"time": "TIME"'),
    (re.compile(r'"stored": [0-9]+'), '"stored": STORED'),
    (re.compile(r'"sparse": (true|false)'), '"sparse": SPARSE'),
    (re.compile(r"^size on host .*", re.MULTILINE), "size on host      STORED"),
    (re.compile(r'"version": "vhdx [^"]*"'), '"version": "VERSION"'),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the transcripts were made in, with the images that they speak of."""
    for recipe in (SAMPLE, DIRTY, BROKEN, TORN, LONE, HOSTILE):
        make(tmp_path, recipe)
    made = make_chain(tmp_path)
    (tmp_path / "lost").mkdir()
    (tmp_path / "changed").mkdir()
    make_changed(tmp_path / "changed")[1].path.rename(tmp_path / "changed" / "checkpoint.avhdx")
    (tmp_path / "lost" / "child.vhdx").write_bytes(made["child"].path.read_bytes())
    (tmp_path / "changed.raw").write_bytes(bytes(5000) + b"x" + bytes((8 << 20) - 5001))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def transcript(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a command; its exit code stands at the end where it is not 0."""
    words = shlex.split(command.removeprefix("$ "))
    monkeypatch.setattr("sys.argv", words)
    result = CliRunner().invoke(main, words[1:], prog_name="vhdx")
    text = result.output.replace(str(folder.resolve()), "FOLDER").replace(str(folder), "FOLDER")
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    ending = f"[exit code {result.exit_code}]\n" if result.exit_code else ""
    return f"{command}\n{text}{ending}"


def test_there_are_transcripts() -> None:
    assert len(GOLDEN) >= 10


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_command_prints_what_it_printed(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    expected = path.read_text(encoding="utf-8")
    found = transcript(expected.splitlines()[0], folder, monkeypatch)
    assert len(found.splitlines()) <= LINES, "too long for anybody to review"
    if update_golden:
        path.write_text(found, encoding="utf-8")
        return
    assert found == expected, "if this is meant, run `make golden` and read the diff"
