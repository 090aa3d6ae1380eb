"""What people read: sizes to grasp with the bytes behind, plurals that agree, lines as wide as the terminal."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from tests.cli.support import BROKEN, DIRTY, TORN, make, run
from vhdx_runtime.cli import main
from vhdx_runtime.cli.common import wrapped
from vhdx_runtime.wording import short_size, size_text

UNITS = {"byte": 0, "bytes": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}
PROGRAM = "from vhdx_runtime.cli import main; main(prog_name='vhdx')"


@given(st.integers(0, 1 << 50))
@example(1023)
@example(1024)
@example((1 << 20) - 1)
@example((1 << 30) - 1)
@example(2500511326208)
def test_a_size_is_near_and_its_bytes_stand_behind(size: int) -> None:
    number, unit = short_size(size).split(" ")
    assert abs(Fraction(number) * (1 << UNITS[unit]) - size) <= Fraction(1 << UNITS[unit], 200)
    assert Fraction(number) <= 1024 or unit == "TiB"
    assert (unit == "byte") is (size == 1)
    assert size_text(size) == (short_size(size) if size < 1024 else f"{short_size(size)} ({size} bytes)")


def test_no_text_leaves_the_plural_to_the_reader(tmp_path: Path) -> None:
    for recipe in (BROKEN, DIRTY, TORN):
        path = make(tmp_path, recipe).path
        for command in ("check", "info", "repair", "map", "hash"):
            said = CliRunner().invoke(main, [command, str(path)], prog_name="vhdx").output
            assert said
            assert "(s)" not in said
            assert not re.search(r"\b1 (bytes|ranges|entries|sectors|findings|notes|blocks|patches|places)\b", said)


@given(st.lists(st.text("abcx()", min_size=1, max_size=12), min_size=1, max_size=40), st.integers(30, 90))
def test_a_wrapped_line_keeps_its_words_and_its_width(words: list[str], width: int) -> None:
    line = f"findings          {click.style('warn', fg='red')}: {' '.join(words)}"
    parts = list(wrapped(line, width))
    assert " ".join(" ".join(parts).split()) == " ".join(line.split())
    assert all(len(click.unstyle(part)) <= width for part in parts)
    assert all(part.startswith("  ") for part in parts[1:])


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals: this system has none")
@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize("command", ["check", "info"])
def test_output_wraps_at_the_width_of_the_terminal(tmp_path: Path, command: str, columns: int) -> None:
    import fcntl
    import pty
    import termios

    path = make(tmp_path, TORN).path
    os.sync()  # some file systems say only then how much a file takes
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, command, path.name],
        cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    os.close(theirs)
    lines = click.unstyle(_all_of(ours)).splitlines()
    process.wait()
    piped = run(command, path, code=1).stdout
    assert max(map(len, piped.splitlines())) > columns or columns == 100
    assert max(map(len, lines)) <= columns
    joined = " ".join(" ".join(lines).split())
    assert joined == " ".join(piped.replace(str(path), path.name).split())


def _all_of(fd: int) -> str:
    said = b""
    while True:
        try:
            part = os.read(fd, 1 << 16)
        except OSError:  # how Linux tells that the other end is closed
            part = b""
        if not part:
            os.close(fd)
            return said.decode()
        said += part
