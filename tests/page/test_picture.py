"""`vhdx map --picture` draws what the recipe says, in the width that there is, and hides nothing in a cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import HUGE, run
from tests.page.support import BROKEN, CHILD, KIB, MIB, written
from vhdx_runtime.cli import picture
from vhdx_runtime.conformance import Bat, Block, Geometry, Recipe
from vhdx_runtime.disk.ranges import Range


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def drawn(text: str) -> list[str]:
    """The cells of each row."""
    return [line[16:] for line in text.splitlines() if line[:14].strip().startswith("0x")]


def test_blocks_are_where_the_recipe_puts_them(tmp_path: Path) -> None:
    recipe = Recipe(
        name="four", geometry=Geometry(virtual_disk_size=4 * MIB), bat=Bat((Block(0), Block(2, 2), Block(3)))
    )
    output = run("map", "--picture", written(tmp_path, recipe)).stdout
    assert "4 KiB (4096 bytes) a cell" in output
    assert drawn(output) == ["█" * 64] * 4 + ["·" * 64] * 4 + ["░" * 64] * 4 + ["█" * 64] * 4
    assert "\033" not in output


@pytest.mark.parametrize(("columns", "cells"), [(40, 16), (79, 32), (80, 64), (100, 64), (150, 128), (10, 8)])
def test_a_picture_fits_the_width(columns: int, cells: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = drawn(run("map", "--picture", written(tmp_path, BROKEN), code=1).stdout)
    assert {len(row) for row in rows} == {cells}
    assert len(rows) <= 16


def test_a_cell_with_an_unreadable_byte_says_so() -> None:
    ranges = [
        Range(0, 8188, "data", "x", 0, 0),
        Range(8188, 4, "unreadable", "x", None, 0),
        Range(8192, 1024, "data", "x", 0, 0),
        Range(9216, 3072, "hole", "x", None, 0),
        Range(12288, 1, "zero", "x", None, 0),
        Range(12289, 4095, "hole", "x", None, 0),
        Range(16384, 4095, "log", "x", 0, 0),
        Range(20479, 1, "hole", "x", None, 0),
    ]
    (row,) = drawn("\n".join(picture.lines(ranges, 0, 20480, 80)))
    assert row == "\033[34m█\033[0m\033[31m✗\033[0m\033[36m▂\033[0m\033[32m▒\033[0m\033[36m▇\033[0m"


def test_a_disk_of_64_tib_is_a_page_and_its_two_blocks_are_seen(tmp_path: Path) -> None:
    output = run("map", "--picture", written(tmp_path, HUGE)).stdout
    rows = drawn(output)
    assert len(rows) == 16
    assert "64 GiB (68719476736 bytes) a cell" in output
    assert "".join(rows).count("▁") == 2
    assert rows[0][0] == "▁"
    assert "".join(rows)[200_000 * 256 * MIB // (64 << 30)] == "▁"


def test_a_range_can_be_drawn_by_itself(tmp_path: Path) -> None:
    output = run(
        "map", "--picture", "--offset", "1M", "--length", "2M", "--without-parent", written(tmp_path, CHILD)
    ).stdout
    assert output.splitlines()[1].split()[0] == "0x100000"
    assert len("".join(drawn(output))) == 2 * MIB // (4 * KIB)
    assert "?" in drawn(output)[0]
    assert set("".join(drawn(output)[4:])) == {"█"}


def test_a_picture_is_not_json(tmp_path: Path) -> None:
    assert "--json" in run("map", "--picture", "--json", written(tmp_path, BROKEN), code=2).stderr
