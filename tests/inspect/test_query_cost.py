"""Selecting and asking among millions of entries of the BAT, and of blocks that lie on one another: time and memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.inspect.measured import Cost, cost_of
from tests.inspect.support import MIB
from tests.support.extras import need
from tests.support.patience import assert_quick
from vhdx_runtime.conformance import Geometry, Recipe, expand

CHUNK_RATIO = 4096
TABLE = 3 * MIB
EVERY = 1_003
MEMORY = 220  # MiB, beside what the modules need; the whole program may take 256


def many(folder: Path, power: int) -> tuple[Path, int]:
    """A dynamic disk of 2^power blocks, of which one in five is present and a few are zero; the number of these."""
    path = expand(Recipe("many", geometry=Geometry(virtual_disk_size=MIB << power, block_size=MIB))).write(folder)
    count = (1 << power) + ((1 << power) - 1) // CHUNK_RATIO
    first = path.stat().st_size // MIB + 1
    zeros = 0
    with open(path, "r+b") as file:
        file.seek(TABLE)
        for start in range(0, count, 1 << 20):
            index = np.arange(start, min(count, start + (1 << 20)), dtype=np.uint64)
            block = index - index // np.uint64(CHUNK_RATIO + 1)
            words = np.where(
                block % np.uint64(5) == 0, (block // np.uint64(5) + np.uint64(first)) << np.uint64(20) | 6, 0
            )
            words[block % np.uint64(EVERY) == 7] = 2
            words[index % np.uint64(CHUNK_RATIO + 1) == CHUNK_RATIO] = 0
            zeros += int((words == 2).sum())
            file.write(words.astype("<u8").tobytes())
        file.truncate((first + ((1 << power) + 4) // 5) * MIB)
    return path, zeros


def assert_cheap(cost: Cost, lines: int, seconds: float) -> None:
    assert cost.lines == lines
    assert cost.mib < MEMORY, cost
    assert_quick(cost.seconds, seconds, str(cost))


def test_a_million_entries_are_gone_through_quickly(tmp_path: Path) -> None:
    path, zeros = many(tmp_path, 20)
    assert_cheap(cost_of("select", path, "state=ZERO"), zeros, 2)


def test_a_quarter_of_a_million_entries_are_asked_for_quickly(tmp_path: Path) -> None:
    need("jq")
    path, zeros = many(tmp_path, 18)
    assert_cheap(cost_of("query", path, ".bat.entries[] | select(.state == 2) | .index"), zeros, 4)


@pytest.mark.slow
def test_all_entries_of_64_tib_are_gone_through_in_half_a_minute(tmp_path: Path) -> None:
    path, zeros = many(tmp_path, 26)
    cost = cost_of("select", path, "state=ZERO")
    path.unlink()
    assert_cheap(cost, zeros, 30)


@pytest.mark.slow
def test_four_million_entries_are_asked_for_in_a_minute(tmp_path: Path) -> None:
    need("jq")
    path, zeros = many(tmp_path, 22)
    cost = cost_of("query", path, ".bat.entries[] | select(.state == 2) | .index")
    path.unlink()
    assert_cheap(cost, zeros, 60)


def pairs(folder: Path, power: int) -> Path:
    """A disk of 2^power blocks, of which the last half lies on the first, in reverse order."""
    path = expand(Recipe("pairs", geometry=Geometry(virtual_disk_size=MIB << power, block_size=MIB))).write(folder)
    first = path.stat().st_size // MIB
    index = np.arange((1 << power) + ((1 << power) - 1) // CHUNK_RATIO, dtype=np.uint64)
    block = index - index // np.uint64(CHUNK_RATIO + 1)
    place = np.minimum(block, np.uint64((1 << power) - 1) - block) + np.uint64(first)
    words = np.where(index % np.uint64(CHUNK_RATIO + 1) == CHUNK_RATIO, 0, place << np.uint64(20) | np.uint64(6))
    with open(path, "r+b") as file:
        file.seek(TABLE)
        file.write(words.astype("<u8").tobytes())
        file.truncate((first + (1 << power)) * MIB)
    return path


def assert_measured(folder: Path, power: int, seconds: float, mib: int) -> None:
    cost = cost_of("text", pairs(folder, power), f"block[{(1 << power) - 1}]")
    assert cost.mib < mib, cost
    assert_quick(cost.seconds, seconds, str(cost))


def test_the_owners_of_blocks_in_pairs_are_found_quickly(tmp_path: Path) -> None:
    assert_measured(tmp_path, 18, 1, 100)


@pytest.mark.slow
def test_the_owners_of_four_million_blocks_in_pairs_are_found_in_seconds(tmp_path: Path) -> None:
    assert_measured(tmp_path, 22, 5, 450)
