"""`vhdx_runtime.check`: what it answers, that it stays the function, and costs readers nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.cli.support import BROKEN, SAMPLE, make

MIB = 1 << 20


def test_a_sound_file_is_healthy_and_a_broken_one_says_what_is_lost(tmp_path: Path) -> None:
    assert vhdx.check(make(tmp_path, SAMPLE).path).state == "healthy"
    report = vhdx.check(make(tmp_path, BROKEN).path)
    assert (report.state, report.lost.bytes) == ("damaged", 3 * MIB)  # three blocks have a state that is reserved
    assert {finding.rule for finding in report.findings} >= {"BAT-003"}


def test_what_is_wrong_with_a_file_is_in_the_report_and_a_file_that_is_not_there_raises(tmp_path: Path) -> None:
    assert vhdx.check(b"not a disk").state == "unreadable"
    with pytest.raises(vhdx.FileError):
        vhdx.check(tmp_path / "absent.vhdx")


def test_parents_are_found_beside_the_child_and_where_one_says(tmp_path: Path) -> None:
    vhdx.create(tmp_path / "base.vhdx", size=4 * MIB)
    vhdx.create(tmp_path / "child.avhdx", parent=tmp_path / "base.vhdx")
    assert vhdx.check(tmp_path / "child.avhdx").state == "healthy"
    (tmp_path / "away").mkdir()
    (tmp_path / "base.vhdx").rename(tmp_path / "away" / "base.vhdx")
    assert vhdx.check(tmp_path / "child.avhdx").state == "unreadable"
    assert vhdx.check(tmp_path / "child.avhdx", parent_dirs=[tmp_path / "away"]).state == "healthy"


def test_it_stays_a_function_and_loads_what_checks_only_when_called() -> None:
    program = (
        "import sys, vhdx_runtime as v; loaded = {*sys.modules}; v.check(b''); v.check(b'')\n"
        "import vhdx_runtime.check.report; from vhdx_runtime.check import Report, ranges\n"
        "print(callable(v.check), 'vhdx_runtime.check.report' in loaded, Report.__name__, ranges.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "True False Report vhdx_runtime.check.ranges\n"


def test_a_disk_has_the_name_and_the_mode_that_it_was_opened_with(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhdx"
    vhdx.create(path, size=4 * MIB)
    with vhdx.open(path) as disk, vhdx.open(path.read_bytes()) as other:
        assert (disk.name, disk.mode, other.mode) == (str(path), "r", "r")
    with vhdx.open(path, mode="r+") as disk:
        assert (disk.name, disk.mode) == (str(path), "r+")
    assert disk.name == str(path)  # also when closed


def test_the_help_names_everything_that_is_public() -> None:
    assert vhdx.__doc__ is not None
    for name in ("open", "check", "create", "open_image", "VirtualDisk", "VhdxError", "salvage", "hint"):
        assert f"`{name}" in vhdx.__doc__, name
