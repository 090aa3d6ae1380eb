"""Converting from and into pipes: what needs a size, what needs a file, and that nothing is left."""

from __future__ import annotations

import os
from pathlib import Path

from tests.cli.support import MIB, SAMPLE, listing, make, run
from tests.cli.test_convert import program


def test_pipes_on_both_sides(tmp_path: Path) -> None:
    flat = os.urandom(3 * MIB) + bytes(2 * MIB) + b"end"
    words = ("convert", "-", "-", "--format", "vhdx", "--type", "fixed", "--size", len(flat))
    done = program(*words, input=flat)
    assert done.returncode == 0, done.stderr
    (tmp_path / "out.vhdx").write_bytes(done.stdout)
    assert run("check", tmp_path / "out.vhdx").stdout == "healthy\n"
    assert run("read", tmp_path / "out.vhdx", "-o", "-").stdout_bytes[: len(flat)] == flat
    to_file = program("convert", "-", tmp_path / "two.vhdx", "--size", len(flat), "--verify", input=flat)
    assert b"read back and the same" in to_file.stdout, to_file.stderr
    for part in (flat, b"abc"):
        through = program("convert", "-", "-", input=part)
        assert (through.returncode, through.stdout, b"added" in through.stderr) == (0, part, False), through.stderr
    vhd = program("convert", tmp_path / "two.vhdx", "-", "--format", "vhd").stdout
    assert (len(vhd), vhd[: len(flat)]) == (6 * MIB + 512, flat)


def test_a_pipe_needs_a_size_that_is_right(tmp_path: Path) -> None:
    out = tmp_path / "out.vhdx"
    for size, said in (((), b"size is missing"), ((4,), b"has more than"), ((6,), b"has only 5 of the 6 bytes")):
        done = program("convert", "-", out, *(("--size", *size) if size else ()), input=b"12345")
        assert done.returncode == (1 if size else 2)
        assert said in done.stderr
        assert b"Traceback" not in done.stderr
    assert listing(tmp_path) == []


def test_a_file_on_standard_input_says_itself_how_long_it_is(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * MIB)
    with open(tmp_path / "in", "rb") as file:
        assert program("convert", "-", tmp_path / "out.vhdx", stdin=file).returncode == 0
    assert run("read", tmp_path / "out.vhdx", "-o", "-").stdout_bytes == b"x" * MIB


def test_what_needs_a_file_is_refused_for_a_pipe(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    for option in ("--verify", "--allocate"):
        assert "needs a file" in run("convert", made.path, "-", option, code=2).stderr
