"""`vhdx map` covers the disk, says where the bytes are, and speaks the language of qemu-img map."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import BROKEN, CHAIN, DIRTY, LONE, MIB, SAMPLE, differencing, make, make_chain, run, run_json
from vhdx_runtime.conformance import Bat, Block, Fill, Recipe, expand_chain

QEMU_KEYS = {"start", "length", "depth", "present", "zero", "data", "compressed", "offset", "filename"}
Entry = dict[str, Any]


def covered(entries: list[Entry]) -> int:
    """Size of the disk that the entries cover without a gap."""
    position = 0
    for entry in entries:
        assert entry["start"] == position
        position += entry["length"]
    return position


@pytest.mark.parametrize("name", ["base", "middle", "child"])
def test_the_map_covers_the_disk_and_its_bytes_are_where_it_says(tmp_path: Path, name: str) -> None:
    made = make_chain(tmp_path)[name]
    entries = run_json("map", made.path)
    assert covered(entries) == len(made.disk)
    for entry in entries:
        assert entry.keys() <= QEMU_KEYS
        assert entry["data"] is not entry["zero"]
        expected = made.disk[entry["start"] : entry["start"] + entry["length"]]
        if entry["data"]:
            content = Path(entry["filename"]).read_bytes()
            assert content[entry["offset"] : entry["offset"] + entry["length"]] == expected
        else:
            assert not any(expected)


def test_bytes_that_the_log_supplies_have_no_place_in_the_file(tmp_path: Path) -> None:
    made = make(tmp_path, DIRTY)
    entries = run_json("map", made.path)
    assert covered(entries) == len(made.disk)
    supplied = [(entry["start"], entry["length"]) for entry in entries if entry.get("kind") == "log"]
    assert supplied == [(4096, 8192)]
    assert not any("offset" in entry for entry in entries if entry.get("kind") == "log")
    assert {entry["start"] for entry in entries if entry["zero"] and entry["present"]} == {2 * MIB}


def test_ranges_left_to_a_missing_parent_are_marked(tmp_path: Path) -> None:
    entries = run_json("map", "--without-parent", make_chain(tmp_path, "child")["child"].path)
    assert {entry.get("kind") for entry in entries} == {None, "missing"}
    assert all(entry["zero"] and not entry["present"] for entry in entries if entry.get("kind") == "missing")


def test_unreadable_ranges_are_marked_and_make_the_exit_code_1(tmp_path: Path) -> None:
    entries = run_json("map", make(tmp_path, BROKEN).path, code=1)
    marked = [(entry["start"], entry["length"]) for entry in entries if entry.get("kind") == "unreadable"]
    assert marked == [(1 * MIB, 2 * MIB), (6 * MIB, 1 * MIB)]


def test_the_table_has_a_line_for_each_range(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    lines = run("map", path).stdout.splitlines()
    entries = run_json("map", path)
    assert len(lines) == len(entries) + 2
    for line, entry in zip(lines[1:-1], entries, strict=True):
        words = line.split()
        assert [int(words[0], 16), int(words[1], 16)] == [entry["start"], entry["length"]]
        assert words[2] == ("data" if entry["data"] else "zero" if entry["present"] else "hole")
    assert lines[-1].startswith("in all: data 4 MiB")


def test_a_part_of_the_disk_can_be_mapped(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    entries = run_json("map", "--offset", "512K", "--length", "1MiB", made.path)
    assert entries[0]["start"] == 512 << 10
    assert sum(entry["length"] for entry in entries) == MIB


# Differential: what qemu-img says of a VHDX, and of QCOW2 files that hold the same.


def test_qemu_img_knows_every_key(tmp_path: Path, qemu_img: Callable[..., Any]) -> None:
    path = make(tmp_path, SAMPLE).path
    theirs = json.loads(qemu_img("map", "--output=json", path).stdout)
    ours = run_json("map", path)
    assert theirs[0].keys() <= ours[0].keys() <= QEMU_KEYS
    assert covered(theirs) == covered(ours)


def test_the_flags_mean_what_they_mean_for_a_qcow2_chain(tmp_path: Path, qemu_img: Callable[..., Any]) -> None:
    blocks = {
        "base": (Block(0), Block(1), Block(3, 2), Block(5), Block(6)),
        "child": (Block(1), Block(5, 2), Block(7)),
    }
    recipes = (
        Recipe(name="base", geometry=CHAIN[0].geometry, bat=Bat(blocks["base"])),
        differencing("child", *blocks["child"]),
    )
    for made in expand_chain(recipes):
        made.write(tmp_path)
    _write_qcow2(tmp_path / "base.qcow2", None, blocks["base"], qemu_img)
    _write_qcow2(tmp_path / "child.qcow2", "base.qcow2", blocks["child"], qemu_img)
    for name in ("base", "child"):
        theirs = json.loads(qemu_img("map", "--output=json", tmp_path / f"{name}.qcow2").stdout)
        assert _by_block(run_json("map", tmp_path / f"{name}.vhdx")) == _by_block(theirs), name


def test_a_parent_shorter_than_its_child_is_a_hole_behind_its_end(tmp_path: Path, qemu_img: Callable[..., Any]) -> None:
    for made in expand_chain((LONE, differencing("long", Block(5, fills=(Fill(0, 512),))))):
        made.write(tmp_path)
    _write_qcow2(tmp_path / "lone.qcow2", None, (Block(0),), qemu_img, MIB)
    _write_qcow2(tmp_path / "long.qcow2", "lone.qcow2", (Block(5),), qemu_img)
    theirs = _by_block(json.loads(qemu_img("map", "--output=json", tmp_path / "long.qcow2").stdout))
    ours = _by_block(run_json("map", tmp_path / "long.vhdx"))
    # Tolerated: qemu-img 7.2 counts what lies behind the parent's end as the child's (depth 0); here the file decides
    # whose end it is.
    assert [entry[1:] for entry in ours] == [entry[1:] for entry in theirs]


def _by_block(entries: list[Entry]) -> list[tuple[int, bool, bool, bool]]:
    """Depth, present, zero and data of every MiB."""
    return [
        (entry["depth"], entry["present"], entry["zero"], entry["data"])
        for entry in entries
        for _ in range(entry["length"] // MIB)
    ]


def _write_qcow2(
    path: Path, parent: str | None, blocks: tuple[Block, ...], qemu_img: Callable[..., Any], size: int = 8 * MIB
) -> None:
    program = shutil.which("qemu-io")
    if not program:
        pytest.skip("qemu-io: not installed (Debian: apt-get install qemu-utils)")
    behind = ("-b", parent, "-F", "qcow2") if parent else ()
    qemu_img("create", "-q", "-f", "qcow2", "-o", "cluster_size=1M", *behind, path, str(size))
    words = [f"write {'-z' if block.state == 2 else '-P 7'} {block.number}M 1M" for block in blocks]
    command = [program, "-f", "qcow2", *(part for word in words for part in ("-c", word)), str(path)]
    subprocess.run(command, check=True, capture_output=True)


def test_an_offset_behind_the_end_is_an_error_that_names_the_size(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    for words in (("--offset", "8M"), ("--offset", "1T"), ("--offset", "9M", "--picture")):
        error = run("map", *words, made.path, code=2).stderr
        assert f"{made.path}: --offset" in error
        assert "8 MiB (8388608 bytes)" in error
    assert run("map", "--offset", "8388607", made.path).stdout.count("0x7fffff") == 1
