"""What mutants of a mutator of its own found, each by name, and a few of them afresh; `mutants` judges thousands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.attacks import mutants
from tests.attacks.amplifiers import MIB, File

HERE = Path(__file__).parent
NAMED_AT_LEAST = 60


@pytest.mark.parametrize("offset", [(1 << 64) - MIB, 1 << 63, 1 << 62, 1 << 44, 5 * MIB])
def test_a_log_far_behind_the_end_is_written_to(offset: int, tmp_path: Path) -> None:
    """Nobody reads a log that no header needs; whoever writes would make the file grow to it, or overflow."""
    path = File(8 * MIB, log=(offset, MIB)).write(tmp_path / "x.vhdx", 5 * MIB)
    before = path.read_bytes()
    with pytest.raises(vhdx.IntegrityError, match="cannot be written"):
        vhdx.open(path, mode="r+")
    assert path.read_bytes() == before


def test_some_mutants_are_taken_all_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutants.main(0, 30, []) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("seed ")]
    assert lines == []


def test_a_reader_sees_what_was_tried() -> None:
    """Each test of this folder is an attack with a name."""
    texts = (path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    names = [name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)]
    assert len(set(names)) == len(names) >= NAMED_AT_LEAST
