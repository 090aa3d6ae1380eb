"""What README.md shows is what happens: its commands and its Python are run, on the image of `make demo`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from vhdx_runtime.conformance import demo

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README.read_text(), re.M | re.S)
COMMANDS = [
    (match[1], match[2])
    for language, text in BLOCKS
    if language == "console"
    for match in re.finditer(r"^\$ (vhdx .*)\n((?:(?!\$ ).*\n)*)", text, re.M)
]
PROGRAM = "\n".join(text for language, text in BLOCKS if language == "python")
PRINTED = "".join(text for language, text in BLOCKS if language == "text")
ANY_LINES = "…"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with demo/demo.vhdx in it."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "demo").mkdir()
    demo.build().write(folder / "demo")
    return folder


def run(*arguments: str, folder: Path) -> str:
    environment = os.environ | {"COLUMNS": "120", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=60
    )
    return done.stdout + done.stderr


def fits(shown: str, found: str) -> bool:
    """Whether `found` is what is shown; a line with only "…" stands for any lines, and "…" in a line for any text."""
    escaped = re.sub(r"[\[*?]", r"[\g<0>]", shown).replace(ANY_LINES, "*")
    return fnmatchcase(found, escaped)


def test_there_are_examples() -> None:
    assert len(COMMANDS) >= 3
    assert PROGRAM
    assert PRINTED


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_command_prints_what_the_readme_shows(command: str, shown: str, folder: Path) -> None:
    found = run("-c", "from vhdx_runtime.cli import main; main()", *shlex.split(command)[1:], folder=folder)
    assert fits(shown, found), found


def test_the_python_prints_what_the_readme_shows(folder: Path) -> None:
    found = run("-c", PROGRAM, folder=folder)
    assert fits(PRINTED, found), found
