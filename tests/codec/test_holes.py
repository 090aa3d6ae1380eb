"""Data and holes of sparse files and of what has no holes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support.patience import assert_quick
from vhdx_runtime.codec.holes import data_ranges
from vhdx_runtime.codec.source import BytesSource, FileSource
from vhdx_runtime.semantics.log.entries import LogArea, candidates

MIB = 1 << 20


def sparse(path: Path, size: int, parts: dict[int, bytes]) -> FileSource:
    with open(path, "wb") as file:
        file.truncate(size)
        for offset, data in parts.items():
            os.pwrite(file.fileno(), data, offset)
    return FileSource(path)


def test_bytes_are_all_data() -> None:
    assert list(data_ranges(BytesSource(bytes(100), "bytes"), 10, 1000)) == [(10, 100)]


def test_what_lies_outside_the_data_ranges_is_zero(tmp_path: Path) -> None:
    source = sparse(tmp_path / "a", 8 * MIB, {MIB: b"x" * 5000, 5 * MIB + 4096: b"y"})
    flat = source.read_at(0, 8 * MIB)
    position = 0
    for start, end in [*data_ranges(source, 0, 8 * MIB), (8 * MIB, 8 * MIB)]:
        assert flat[position:start] == bytes(start - position)
        position = end
    source.close()


@pytest.mark.parametrize("start", [0, MIB - 8192, MIB, MIB + 4096])
def test_candidates_are_found_wherever_the_data_begins(tmp_path: Path, start: int) -> None:
    places = [MIB, MIB + 4096, 3 * MIB + 8192, 6 * MIB - 4096]
    source = sparse(tmp_path / "a", 6 * MIB, dict.fromkeys(places, b"loge"))
    area = LogArea(source, start, 6 * MIB - start)
    assert [position + start for position, _ in candidates(area)] == [place for place in places if place >= start]
    source.close()


def test_a_log_of_a_tebibyte_of_holes_costs_nothing(tmp_path: Path) -> None:
    source = sparse(tmp_path / "a", 1 << 40, {1 << 39: b"loge"})
    if sum(end - start for start, end in data_ranges(source, 0, 1 << 40)) > 1 << 30:
        pytest.skip("this file system does not tell its holes")
    begun = time.process_time()
    assert [position for position, _ in candidates(LogArea(source, 0, 1 << 40))] == [1 << 39]
    assert_quick(time.process_time() - begun, 1)
    source.close()
