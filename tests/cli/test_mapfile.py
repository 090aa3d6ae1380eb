"""What `convert --mapfile` writes, as GNU ddrescue reads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import (
    BROKEN,
    MIB,
    SAMPLE,
    SECTOR,
    make,
    run,
)


def ddrescuelog(*arguments: object) -> str:
    """Run GNU ddrescuelog, or skip."""
    program = shutil.which("ddrescuelog")
    if program is None:
        pytest.skip("mapfiles: ddrescuelog is not installed (Debian: apt-get install gddrescue)")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def test_the_mapfile_covers_the_disk_and_names_what_was_lost(tmp_path: Path) -> None:
    """The form is that of the manual of GNU ddrescue, "Mapfile structure"."""
    made, mapfile = make(tmp_path, BROKEN), tmp_path / "out.map"
    run("convert", "--salvage", "--mapfile", mapfile, made.path, tmp_path / "out.raw", code=1)
    lines = [line for line in mapfile.read_text().splitlines() if not line.startswith("#")]
    assert lines[0].split() == ["0x00000000", "+", "1"]
    rows = [(int(start, 0), int(size, 0), status) for start, size, status in map(str.split, lines[1:])]
    assert rows == [
        (0, MIB, "+"),
        (MIB, 2 * MIB, "-"),
        (3 * MIB, 3 * MIB, "+"),
        (6 * MIB, MIB, "-"),
        (7 * MIB, MIB, "+"),
    ]


def test_ddrescue_reads_the_mapfile(tmp_path: Path) -> None:
    made, mapfile = make(tmp_path, BROKEN), tmp_path / "out.map"
    run("convert", "--salvage", "--mapfile", mapfile, made.path, tmp_path / "out.raw", code=1)
    bad = {int(block) for block in ddrescuelog("-b", SECTOR, "-l-", mapfile).split()}
    assert bad == {at // SECTOR for start, end in ((1, 3), (6, 7)) for at in range(start * MIB, end * MIB, SECTOR)}
    run("convert", "--mapfile", tmp_path / "good.map", make(tmp_path, SAMPLE).path, tmp_path / "good.raw")
    assert ddrescuelog("-D", tmp_path / "good.map") == ""


def test_a_mapfile_is_made_like_any_new_file(tmp_path: Path) -> None:
    made, mapfile = make(tmp_path, SAMPLE), tmp_path / "out.map"
    mapfile.write_text("precious")
    out = tmp_path / "out.raw"
    assert "exists\nhint: `--force`" in run("convert", "--mapfile", mapfile, made.path, out, code=2).stderr
    assert "is the output, too" in run("convert", "--mapfile", out, made.path, out, code=2).stderr
    assert "one of the files that are read" in run("convert", "--mapfile", made.path, made.path, out, code=2).stderr
    assert (mapfile.read_text(), out.exists()) == ("precious", False)
    run("convert", "--mapfile", tmp_path / "failed.map", make(tmp_path, BROKEN).path, out, code=1)
    assert not (tmp_path / "failed.map").exists(), "without salvage nothing is written, and no map of it"
    run("convert", "--force", "--mapfile", mapfile, made.path, "-")
    assert mapfile.read_text().startswith("# Mapfile. Created by vhdx-runtime")
