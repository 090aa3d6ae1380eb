"""Orphaned data: alone a note; beside a blank sector of the table, or behind a cut, a possible loss. No false alarm."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.cli.support import run, run_json
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Recipe, expand

MIB = 1 << 20
TABLE = 3 * MIB  # log, metadata, table, then the blocks, in ascending order
SECTOR = 64  # entries of a sector of 512 bytes
BLOCKS = 640
FULL = Recipe(
    name="full",
    geometry=Geometry(virtual_disk_size=BLOCKS * MIB),
    bat=Bat(tuple(Block(number, fills=(Fill(0, 4096),)) for number in range(BLOCKS))),
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return expand(FULL).write(tmp_path_factory.mktemp("full"))


def with_entries(path: Path, entries: dict[int, int]) -> Path:
    """The file with other entries in its table; in place, as it is large."""
    with path.open("r+b") as file:
        for index, word in enumerate([(4 + number) << 20 | 6 for number in range(BLOCKS)]):
            file.seek(TABLE + 8 * index)
            file.write(struct.pack("<Q", entries.get(index, word)))
    return path


RANDOM = random.Random(12)
RELEASED = {
    "the first": range(100),
    "the last": range(BLOCKS - 300, BLOCKS),
    "the middle": range(200, 500),
    "every second": range(0, BLOCKS, 2),
    "all but every tenth": [number for number in range(BLOCKS) if number % 10],
    "all": range(BLOCKS),
    "all but the first": range(1, BLOCKS),
    "all but the last": range(BLOCKS - 1),
    "as many as a sector has, not a sector": range(100, 164),
    "a sector and the entry before it": range(SECTOR - 1, 2 * SECTOR),
    "a sector and the entry behind it": range(SECTOR, 2 * SECTOR + 1),
    "all of a sector but one": range(SECTOR, 2 * SECTOR - 1),
    "many, by chance": sorted(RANDOM.sample(range(BLOCKS), 400)),
    "one": [7],
}


@pytest.mark.parametrize("state", [0, 1, 2, 3])
@pytest.mark.parametrize("order", RELEASED)
def test_released_blocks_whose_data_stay_are_a_note(order: str, state: int, full: Path) -> None:
    """As a writer does that forgets their places. (Hyper-V keeps them in states 1 and 3; see below.)"""
    released = list(RELEASED[order])
    path = with_entries(full, dict.fromkeys(released, state))
    found = run_json("check", path)["images"][0]
    assert (found["state"], found["possible_loss"], found["cut"]) == ("healthy", None, None)
    assert found["totals"] == {"LAY-004": 1}
    assert found["orphans"]["blocks"] == len(released)
    assert found["orphans"]["file_offset"] == (4 + released[0]) * MIB
    info = run_json("info", path)
    assert (info["possible_loss"], info["cut"]) == (None, None)


@pytest.mark.parametrize("state", [2, 3])
def test_a_whole_sector_of_released_blocks_says_so_itself(state: int, full: Path) -> None:
    """States 1 to 3 are what a release leaves; a lost sector is blank."""
    for kept in (0, 1):
        entries = {number: (4 + number) * MIB * kept | state for number in range(SECTOR, 2 * SECTOR)}
        assert run_json("check", with_entries(full, entries))["images"][0]["possible_loss"] is None


@pytest.mark.parametrize(
    ("first", "stop"), [(SECTOR, 2 * SECTOR), (0, SECTOR), (128, 320), (0, 512), (BLOCKS - 128, BLOCKS - 64)]
)
def test_blank_sectors_between_used_ones_and_data_to_fill_them_are_a_possible_loss(
    first: int, stop: int, full: Path
) -> None:
    """The same as a release of exactly these blocks into state 0 by a writer that forgets their places."""
    path = with_entries(full, dict.fromkeys(range(first, stop), 0))
    for found in (run_json("check", path, code=1)["images"][0], run_json("info", path, code=1)):
        loss = found["possible_loss"]
        assert (loss["reason"], loss["first_entry"], loss["entries"]) == ("blank sectors", first, stop - first)
        assert (loss["orphans"]["file_offset"], loss["orphans"]["blocks"]) == ((4 + first) * MIB, stop - first)
    check, info = run("check", path, code=1).stdout, run("info", path, code=1).stdout
    assert check.splitlines()[-1].startswith("usable, 1 finding, 1 note, possible loss of ")
    for text in (check, info):
        assert f"{stop - first} entries of the table from bat[{first}] on are blank" in text


def test_a_blank_sector_without_data_to_fill_it_is_nothing(full: Path) -> None:
    path = with_entries(full, dict.fromkeys(range(SECTOR, 2 * SECTOR), 0))
    with path.open("r+b") as file:
        for number in range(SECTOR, 2 * SECTOR - 1):
            file.seek((4 + number) * MIB)
            file.write(bytes(4096))
    try:
        found = run_json("check", path)["images"][0]
        assert (found["state"], found["possible_loss"], found["orphans"]["blocks"]) == ("healthy", None, 1)
    finally:
        path.unlink()
        expand(FULL).write(path.parent)


@pytest.mark.parametrize("entries", [0, 512, 639])
def test_orphans_behind_a_cut_of_the_table_are_a_possible_loss(entries: int, tmp_path: Path) -> None:
    recipe = Recipe(
        name="behind", geometry=FULL.geometry, bat=FULL.bat, file_order=("log", "metadata", "blocks", "bat")
    )
    path = expand(recipe).write(tmp_path)
    table = (3 + BLOCKS) * MIB
    with path.open("r+b") as file:
        file.truncate(table + 8 * entries)
    for found in (run_json("check", path, code=1)["images"][0], run_json("info", path, code=1)):
        loss, cut = found["possible_loss"], found["cut"]
        assert (loss["reason"], loss["first_entry"], loss["entries"]) == ("cut table", entries, BLOCKS - entries)
        assert loss["orphans"]["blocks"] == BLOCKS - entries
        assert (cut["whole_blocks"], cut["blocks"], cut["entries"]) == (entries, entries, entries)
    lost = run_json("check", path, code=1)["images"][0]["lost"]
    assert lost["ranges"] == [{"start": entries * MIB, "length": (BLOCKS - entries) * MIB}]


def blank_sector(path: Path) -> None:
    with_entries(path, dict.fromkeys(range(SECTOR, 2 * SECTOR), 0))


def test_whatever_gives_out_bytes_tells_of_a_possible_loss_and_nothing_writes_over_it(
    full: Path, tmp_path: Path
) -> None:
    blank_sector(full)
    for command, more, code in (("hash", (), 1), ("convert", (tmp_path / "out.raw",), 1), ("read", ("--length", 1), 0)):
        said = run(command, full, *more, code=code).stderr
        assert "possible loss: 64 entries of the table from bat[64] on are blank" in said
        assert f"`vhdx check {full}` says where" in said
    assert len(run_json("hash", full, code=1)["doubts"]) == 1
    hint = f"hint: write nothing to the file, which alone holds the data that belong to nothing; `vhdx convert {full}"
    assert hint in run("check", full, code=1).stderr
    with pytest.raises(vhdx.IntegrityError, match="parts of its disk seem to be lost") as caught:
        vhdx.open(full, mode="r+")
    assert "salvage" in caught.value.hint
    with_entries(full, {})
    assert run_json("hash", full)["doubts"] == []


def test_blocks_that_share_their_bytes_are_told_of(full: Path, tmp_path: Path) -> None:
    for word, count in (((4 + 7) << 20 | 6, 2), (3 << 20 | 6, 1)):  # where block 7 lies; where the table lies
        with_entries(full, {5: word})
        said = run("convert", full, tmp_path / f"{count}.raw", code=1).stderr
        assert f"{count} block{'s lie' if count > 1 else ' lies'} where something else of the file lies" in said
        assert run_json("check", full, code=1)["images"][0]["doubtful"]["bytes"] == count * MIB
    with_entries(full, {})


def test_an_empty_disk_in_a_file_that_is_full_of_data_is_remarked_on(full: Path) -> None:
    with_entries(full, dict.fromkeys(range(BLOCKS), 0))
    said = run("hash", full).stderr
    assert "note" in said
    assert f"no block of the disk is stored, and {BLOCKS} MiB" in said
    with_entries(full, {})


def test_orphaned_data_is_counted_alike_whatever_the_host_stores(tmp_path: Path) -> None:
    made = expand(Recipe("some", geometry=Geometry(virtual_disk_size=8 * MIB), bat=Bat((Block(0), Block(3)))))
    whole = bytearray(made.to_bytes())
    whole[TABLE : TABLE + 64] = bytes(64)
    start = len(whole) - 2 * MIB
    whole[start:] = bytes(2 * MIB)
    whole[start + 32768 : start + 32768 + 100] = bytes([1]) * 100
    whole[start + MIB : start + MIB + 12] = bytes([2]) * 12
    (tmp_path / "full.vhdx").write_bytes(whole)
    with (tmp_path / "sparse.vhdx").open("wb") as file:
        for place in range(0, len(whole), 4096):
            if any(part := whole[place : place + 4096]):
                file.seek(place)
                file.write(part)
        file.truncate(len(whole))
    found = {name: vhdx.check(tmp_path / f"{name}.vhdx").orphans for name in ("full", "sparse")}
    assert found["full"] == found["sparse"]
    assert found["full"].bytes == 2 * MIB
