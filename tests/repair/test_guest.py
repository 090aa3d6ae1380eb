"""The comparison of two states of a disk finds exactly what reading all of both finds."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vhdx_runtime as vhdx
from tests.repair.support import FileOver
from tests.support.patience import assert_quick
from vhdx_runtime.change import guest
from vhdx_runtime.change.guest import blocks_at, differences
from vhdx_runtime.codec.overlay import Overlay, Page
from vhdx_runtime.codec.source import BytesSource, FileSource
from vhdx_runtime.conformance import Bat, Block, Geometry, ParentLocator, Recipe, expand
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.write.recording import Recording

KIB, MIB = 1 << 10, 1 << 20
TABLE, BLOCKS = 3 * MIB, 4 * MIB
SECTOR = 512
DISK = Recipe(bat=Bat((Block(0), Block(1), Block(2))))
CHILD = Recipe(
    geometry=Geometry("differencing"),
    parent=ParentLocator(()),
    bat=Bat((Block(0, 7, sectors=((3, 5), (64, 100))), Block(1), Block(2, 2))),
)


def flat(made: bytes) -> list[bytes | None]:
    """The disk by sectors, each by its own read: None where it cannot be read."""
    found: list[bytes | None] = []
    with vhdx.open(made, without_parent=True) as disk:
        for offset in range(0, disk.size, SECTOR):
            try:
                found.append(disk.read_at(offset, SECTOR))
            except vhdx.VhdxError:
                found.append(None)
    return found


def sectors(ranges: tuple[tuple[int, int], ...]) -> set[int]:
    """Numbers of the sectors of some ranges."""
    return {number for start, end in ranges for number in range(start // SECTOR, -(-end // SECTOR))}


@pytest.mark.parametrize("seed", range(12))
def test_what_changed_is_what_reads_otherwise(seed: int) -> None:
    at, data = random.Random(seed), expand(DISK).to_bytes()
    after = Recording(data)
    for _ in range(3):
        index = at.randrange(4)
        word = at.choice([0, 2, 3, 4, 6, BLOCKS | 6, BLOCKS + MIB | 6, BLOCKS + 3 * MIB | 6, BLOCKS | 7 | 8])
        after.write_at(TABLE + 8 * index, word.to_bytes(8, "little"))
        after.write_at(BLOCKS + at.randrange(0, 3 * MIB, 256), at.randbytes(at.choice([1, 600, 5000])))
    touched = [(event.offset, event.offset + len(event.data)) for event in after.events]
    found = differences(load_image(BytesSource(data)), load_image(after), touched)
    old, new = flat(data), flat(after.content())
    assert sectors(found.changed) == {n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a not in (None, b)}
    assert sectors(found.gained) == {n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a is None != b}


def test_a_bit_of_a_sector_bitmap_decides_one_sector() -> None:
    data = expand(CHILD).to_bytes()
    word = int.from_bytes(data[TABLE + 8 * 4096 : TABLE + 8 * 4097], "little")
    assert word & 7 == 6
    place = (word & ~0xFFFFF) + 1
    after = Recording(data)
    after.write_at(place, bytes([data[place] | 0x80]))
    found = differences(load_image(BytesSource(data)), load_image(after), [(place, place + 1)])
    assert found.changed == ((15 * SECTOR, 16 * SECTOR),)


def test_a_cut_off_block_cannot_be_read_any_more() -> None:
    data = expand(DISK).to_bytes()
    after = Recording(data)
    after.resize(BLOCKS + 2 * MIB + 4 * KIB)
    found = differences(load_image(BytesSource(data)), load_image(after), [])
    assert found.changed == ((2 * MIB + 4 * KIB, 3 * MIB),)
    back = differences(load_image(after), load_image(BytesSource(data)), [(after.size, len(data))])
    assert back.gained == found.changed
    assert not back.changed


@pytest.mark.parametrize("state", [2, 4])
def test_of_a_block_in_a_sparse_file_the_sectors_that_hold_anything_change(state: int, tmp_path: Path) -> None:
    made = expand(DISK)
    path = tmp_path / "sparse.vhdx"
    with path.open("wb") as file:
        file.write(made.to_bytes()[:BLOCKS])
        file.truncate(made.length)
        for start, size in ((BLOCKS + 5, 1), (BLOCKS + MIB + 70 * KIB, 600), (BLOCKS + 2 * MIB - 1, 1)):
            file.seek(start)
            file.write(b"\x01" * size)
    with load_image(FileSource(path)) as before:
        page = Page(before.source.read_at(TABLE, 8) + bytes([state]) + bytes(4087), 0, b"", (0, 0))
        after = load_image(Overlay(before.source, {TABLE // 4096: page}, [], made.length))
        found = differences(before, after, [(TABLE, TABLE + 4096)])
        back = differences(after, before, [(TABLE, TABLE + 4096)])
    if state == 4:
        assert found.changed == back.gained == ((MIB, 2 * MIB),)
    else:
        held = ((MIB + 70 * KIB, MIB + 71 * KIB), (2 * MIB - SECTOR, 2 * MIB))
        assert found.changed == back.changed == held


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 9))
def test_marks_in_a_row_are_one_run(marks: list[bool], step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guest, "_ENTRIES", step)
        found = list(guest._runs(np.array(marks, dtype=bool)))
    assert [at for start, end in found for at in range(start, end)] == [at for at, mark in enumerate(marks) if mark]
    assert all(one[1] < two[0] for one, two in pairwise(found))


def test_a_disk_that_cannot_be_opened_is_not_compared() -> None:
    data = expand(DISK).to_bytes()
    broken = load_image(BytesSource(bytes(MIB)))
    assert not differences(broken, load_image(BytesSource(data)), []).is_known
    assert differences(load_image(BytesSource(data)), broken, []).changed == ((0, 4 * MIB),)


def test_the_blocks_at_a_place_of_the_file_are_found_by_any_byte_of_theirs() -> None:
    image = load_image(BytesSource(expand(DISK).to_bytes()))
    for place, expected in (
        ((BLOCKS - 1, BLOCKS), []),
        ((BLOCKS, BLOCKS + 1), [(0, MIB)]),
        ((BLOCKS + MIB - 1, BLOCKS + MIB + 1), [(0, 2 * MIB)]),
        ((BLOCKS + 3 * MIB - 1, BLOCKS + 9 * MIB), [(2 * MIB, 3 * MIB)]),
        ((0, BLOCKS), []),
    ):
        assert blocks_at(image, [place]) == expected


def test_a_disk_of_64_tib_is_compared_in_seconds() -> None:
    recipe = Recipe(geometry=Geometry(virtual_disk_size=64 << 40), bat=Bat((Block(5), Block(60_000_000))))
    from tests.support.reading import SparseFile
    from vhdx_runtime.codec.source import open_source

    made = expand(recipe)
    before, after = (load_image(open_source(SparseFile(made))) for _ in range(2))  # type: ignore[arg-type]
    start = process_time()
    found = differences(before, after, [(TABLE, TABLE + 4096)])
    assert not found.changed
    assert_quick(process_time() - start, 10)
    assert FileOver(before.source).seek(0, 2) == made.length
