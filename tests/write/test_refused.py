"""Files that may be read and not written: each is refused, says what helps, and stays as it is."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.write.images import MIB
from vhdx_runtime.conformance import Bat, Block, HeaderCopy, Recipe, expand
from vhdx_runtime.write.target import FileTarget


def test_a_damaged_file_is_refused_with_what_mends_it_and_not_touched(tmp_path: Path) -> None:
    path = expand(Recipe("damaged", bat=Bat((Block(0), Block(1))))).write(tmp_path)
    os.truncate(path, path.stat().st_size - MIB)
    before = path.read_bytes()
    with pytest.raises(vhdx.VhdxError, match=r"cannot be written, as it is damaged: .*BAT-006") as caught:
        vhdx.open(path, mode="r+")
    assert caught.value.rule == "BAT-006"
    assert "vhdx convert --salvage" in caught.value.hint
    assert path.read_bytes() == before
    FileTarget(path).close()  # and the lock is given up


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"log_offset": 1 << 40}, "HDR-011.*repair"),
        ({"log_length": 0, "log_offset": 0}, "no room.*convert"),
        ({"sequence_number": (1 << 64) - 4}, "HDR-019.*convert"),
    ],
)
def test_a_file_whose_log_cannot_be_used_is_refused(change: Any, said: str, tmp_path: Path) -> None:
    headers = (HeaderCopy(1), HeaderCopy(2))
    path = expand(Recipe("log", headers=(headers[0], replace(headers[1], **change)))).write(tmp_path)
    vhdx.open(path).close()
    before = path.read_bytes()
    with pytest.raises(vhdx.VhdxError) as caught:
        vhdx.open(path, mode="r+")
    assert re.search(f"cannot be written.*{said}", f"{caught.value} {caught.value.hint}")
    assert path.read_bytes() == before


def test_the_error_has_the_hint_that_reading_gives(tmp_path: Path) -> None:
    whole = expand(Recipe("regions", bat=Bat((Block(0),)))).to_bytes()
    path = tmp_path / "regions.vhdx"
    path.write_bytes(whole[: 192 << 10] + bytes(128 << 10) + whole[320 << 10 :])
    hints = []
    for mode in ("r", "r+"):
        with pytest.raises(vhdx.VhdxError) as caught:
            vhdx.open(path, mode=mode)
        hints.append(caught.value.hint)
    assert hints[0]
    assert hints[0] == hints[1]
