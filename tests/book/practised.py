"""A page of the book, carried out: its commands and programs in order, in a folder with the files it names."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from click.testing import CliRunner

import vhdx_runtime as vhdx
from tests.support.patience import HANG
from tests.support.shown import BLOCK, COMMAND
from vhdx_runtime.cli import main
from vhdx_runtime.conformance import demo

MIB = 1 << 20
CUT_AT = 8912896


def prepare(folder: Path) -> None:
    """Make the files that pages call yours: disk.vhdx, dirty.vhdx and cut.vhdx."""
    vhdx.create(folder / "disk.vhdx", size=64 * MIB, block_size=MIB)
    with vhdx.open(folder / "disk.vhdx", mode="r+") as disk:
        disk.write_at(
            446, bytes.fromhex("8000000083000000") + (2048).to_bytes(4, "little") + (8192).to_bytes(4, "little")
        )
        disk.write_at(510, b"\x55\xaa")
        disk.write_at(5 * MIB, b"hello")
    made = demo.build().write(folder)
    data = made.read_bytes()
    made.rename(folder / "dirty.vhdx")
    (folder / "cut.vhdx").write_bytes(data[:CUT_AT])


def missing_programs(text: str) -> list[str]:
    """Programs that the page calls and this machine has not."""
    words = {command.split()[0] for language, block in BLOCK.findall(text) if language == "console"
             for command, _ in COMMAND.findall(block)}  # fmt: skip
    return sorted(word for word in words if word != "vhdx" and shutil.which(word) is None)


def carried_out(text: str) -> Iterator[tuple[str, str, str]]:
    """What is run, what the page shows of it, and what it printed; in the current folder."""
    names: dict[str, Any] = {"__name__": "__main__"}
    blocks = BLOCK.findall(text)
    for (language, block), (after, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "console":
            for command, below in COMMAND.findall(block):
                yield command, below, _printed(command)
        elif language == "python":
            with redirect_stdout(StringIO()) as printed:
                exec(compile(block, "<page>", "exec"), names)
            yield block, shown if after == "text" else "", printed.getvalue()


def _printed(command: str) -> str:
    words = shlex.split(command)
    if words[0] == "vhdx":
        environment = {"COLUMNS": "100", "NO_COLOR": "1"}
        return CliRunner().invoke(main, words[1:], prog_name="vhdx", env=environment).output
    done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=HANG, check=True)
    return done.stdout + done.stderr
