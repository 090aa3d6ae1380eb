"""What README.md shows is what happens: its commands and its Python are run, on two small images."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.support.modules import ROOT
from tests.support.patience import HANG
from tests.support.shown import BLOCK, COMMAND, fits
from vhdx_runtime.conformance import demo

README = ROOT / "README.md"
BLOCKS = BLOCK.findall(README.read_text())
COMMANDS = [
    match
    for language, text in BLOCKS
    if language == "console"
    for match in COMMAND.findall(text)
    if match[0][:4] == "vhdx"
]
PROGRAM = "\n".join(text for language, text in BLOCKS if language == "python")
PRINTED = "".join(text for language, text in BLOCKS if language == "text")

pytestmark = pytest.mark.xdist_group("readme")  # its commands build on one another


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with disk.vhdx, demo/demo.vhdx, and the first part of that as demo/cut.vhdx."""
    folder = tmp_path_factory.mktemp("readme")
    vhdx.create(folder / "disk.vhdx", size=1 << 30)
    with vhdx.open(folder / "disk.vhdx", mode="r+") as disk:
        disk.write_at(0, b"first")
    (folder / "demo").mkdir()
    path = demo.build().write(folder / "demo")
    (folder / "demo" / "cut.vhdx").write_bytes(path.read_bytes()[:8912896])
    return folder


def run(*arguments: str, folder: Path) -> str:
    environment = os.environ | {"COLUMNS": "120", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=HANG
    )
    return done.stdout + done.stderr


def test_there_are_examples() -> None:
    assert len(COMMANDS) >= 3
    assert PROGRAM
    assert PRINTED
    assert {language for language, _ in BLOCKS} == {"", "console", "python", "text"}


def test_what_is_typed_in_the_checkout_is_there() -> None:
    """Installing the checkout is tried in test_packaging.py; here, that the tasks of make are there."""
    lines = [re.split(r"\s{2,}|; ", line)[0] for language, text in BLOCKS if not language for line in text.splitlines()]
    assert {"pipx install .", "pip install .", "make demo"} <= set(lines)
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M)
    for line in lines:
        program, *arguments = line.split()
        assert program in ("pipx", "pip", "make")
        assert arguments == ["install", "."] if program != "make" else set(arguments) <= set(targets)


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_command_prints_what_the_readme_shows(command: str, shown: str, folder: Path) -> None:
    found = run("-c", "from vhdx_runtime.cli import main; main()", *shlex.split(command)[1:], folder=folder)
    assert fits(shown, found), found


def test_the_python_prints_what_the_readme_shows(folder: Path) -> None:
    found = run("-c", PROGRAM, folder=folder)
    assert fits(PRINTED, found), found


def test_what_is_said_to_be_stable_is_what_the_command_says(folder: Path) -> None:
    (said,) = re.findall(r"### What is stable\n(.*?)\n## ", README.read_text(), re.DOTALL)
    words = " ".join(said.split())
    program = "from vhdx_runtime.cli import main; main(prog_name='vhdx')"
    shown = run("-c", program, "info", "--json", "demo/demo.vhdx", folder=folder)
    assert f"`format_version`, now {json.loads(shown)['format_version']};" in words
    codes = re.findall(r"^ +([0-3])  (.*)$", run("-c", program, "--help", folder=folder), re.MULTILINE)
    assert [code for code, _ in codes] == list("0123")
    for code in (0, 2, 3):
        assert " ".join(codes[code]) in words
