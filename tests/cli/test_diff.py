"""`vhdx diff` accounts for every byte, says what the difference means, and ends with the codes of diff."""

from __future__ import annotations

import json
import random
import re
import shutil
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import vhdx_runtime as vhdx
from tests.attacks.amplifiers import KIB, File, sealed
from tests.cli.support import (
    BROKEN,
    DIRTY,
    HOSTILE,
    MIB,
    SAMPLE,
    TIB,
    make,
    make_chain,
    run,
    run_failing,
    run_json,
)
from tests.support.patience import assert_quick
from vhdx_runtime.conformance import Bat, Block, FieldOverride, Geometry, HeaderCopy, Recipe

EDITED = replace(SAMPLE, overrides=(FieldOverride("bat[2]", "state", 3), FieldOverride("header_2", "version", 2)))


def pair(tmp_path: Path, recipe: Recipe, changed: Recipe) -> tuple[Path, Path]:
    """Two files; the second is named "after"."""
    one = make(tmp_path, recipe).path
    before = one.rename(tmp_path / "before.vhdx")
    return before, make(tmp_path, changed).path.rename(tmp_path / "after.vhdx")


def naive(one: Path, other: Path) -> list[int]:
    a, b = one.read_bytes(), other.read_bytes()
    assert len(a) == len(b)
    return [at for at, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]


def test_edited_fields_are_named(tmp_path: Path) -> None:
    before, after = pair(tmp_path, SAMPLE, EDITED)
    report = run_json("diff", before, after, code=1)
    names = {name for change in report["changes"] for name in change["fields"]}
    assert names == {"bat[2].state", "header_2.version", "header_2.checksum"}
    assert report["bytes"] == sum(change["bytes"] for change in report["changes"]) == len(naive(before, after))
    assert report["table"]["states"] == [
        {"a": "PAYLOAD_BLOCK_FULLY_PRESENT", "b": "PAYLOAD_BLOCK_UNMAPPED", "entries": 1}
    ]
    assert {finding["structure"] for finding in report["findings"]["came"]} == {"header 2"}
    assert report["findings"]["went"] == []
    text = run("diff", before, after, code=1).stdout
    assert re.search(r"bat\[2\]  PAYLOAD_BLOCK_FULLY_PRESENT at (\d) MiB → PAYLOAD_BLOCK_UNMAPPED at \1 MiB\n", text)
    assert "header_2.version  1 → 2" in text


def test_the_ranges_are_the_bytes_that_differ(tmp_path: Path) -> None:
    before, after = pair(tmp_path, SAMPLE, EDITED)
    found = []
    for line in run("diff", "--ranges", before, after, code=1).stdout.splitlines():
        start, end = (int(word, 16) for word in line.split(" to "))
        found += range(start, end)
    assert found == naive(before, after)


@pytest.mark.parametrize("more", [(), ("--json",), ("--quiet",), ("--replayed",), ("--ranges",)])
def test_the_same_bytes_end_with_0(more: tuple[str, ...], tmp_path: Path) -> None:
    made = make(tmp_path, DIRTY).path
    shutil.copy(made, tmp_path / "copy.vhdx")
    shown = run("diff", *more, made, tmp_path / "copy.vhdx").stdout
    if "--json" in more:
        report = json.loads(shown)
        assert (report["identical"], report["bytes"], report["changes"]) == (True, 0, [])
    else:
        assert shown.endswith("" if more and more != ("--replayed",) else "No byte differs.\n")
        assert bool(shown) == (more in ((), ("--replayed",)))


def test_quiet_says_nothing(tmp_path: Path) -> None:
    assert run("diff", "-q", *pair(tmp_path, SAMPLE, EDITED), code=1).output == ""


def test_what_replay_changes(tmp_path: Path) -> None:
    made = make(tmp_path, DIRTY).path
    report = run_json("diff", "--before-replay", made, code=1)
    assert report["view"] == "before and after replay"
    assert {name.partition("[")[0] for change in report["changes"] for name in change["fields"]} == {"bat", "block"}
    assert report["guest"] is None
    clean = make(tmp_path, SAMPLE).path
    assert run("diff", "--before-replay", clean).stdout.endswith("Replay changes nothing.\n")


def test_a_dirty_file_and_the_same_one_replayed(tmp_path: Path) -> None:
    dirty = make(tmp_path, DIRTY).path
    clean = tmp_path / "clean.vhdx"
    shutil.copy(dirty, clean)
    run("repair", "--apply", clean)
    report = run_json("diff", dirty, clean, code=1)
    assert {"name": "log.state", "a": "replayed", "b": "clean"} in report["facts"]
    assert {"name": "log.entries[0].status", "a": "live", "b": "stale"} in report["facts"]
    assert report["guest"] == {"error": None, "ranges": []}
    replayed = run_json("diff", "--replayed", dirty, clean, code=1)
    objects = {change["path_a"].partition(".")[0] for change in replayed["changes"]}
    assert all(name.startswith(("header_", "log")) for name in objects), objects


def test_copies_that_differ(tmp_path: Path) -> None:
    recipe = replace(SAMPLE, overrides=(FieldOverride("region_table_2", "entries[0].length", 2 * MIB),))
    made = make(tmp_path, replace(recipe, headers=(HeaderCopy(7), HeaderCopy(8)))).path
    report = run_json("diff", "--copies", made, code=1)
    assert [change["path_b"] for change in report["changes"]] == [
        "header_2.checksum",
        "header_2.sequence_number",
        "region_table_2.header.checksum",
        "region_table_2.entries[0].length",
    ]
    assert (report["changes"][1]["value_a"], report["changes"][1]["value_b"]) == (7, 8)
    assert "sequence_number  7 → 8" in run("diff", "--copies", made, code=1).stdout


def test_blocks_that_have_moved_are_told_from_those_that_have_changed(tmp_path: Path) -> None:
    bat = Bat((Block(0), Block(2), Block(3)))
    recipe = Recipe(name="order", geometry=Geometry(virtual_disk_size=8 * MIB), bat=bat)
    before, after = pair(tmp_path, recipe, replace(recipe, bat=replace(bat, order="descending")))
    report = run_json("diff", "--contents", before, after, code=1)
    assert report["table"] == {"states": [], "moved": 2, "moved_same_bytes": 2}
    assert report["guest"]["ranges"] == []
    assert run_json("diff", before, after, code=1)["table"]["moved_same_bytes"] is None
    with after.open("r+b") as file:
        file.seek(run_json("explain", "--disk", 0, after)["file_offset"] + 9)
        file.write(b"other")
    report = run_json("diff", "--contents", before, after, code=1)
    assert report["table"]["moved_same_bytes"] == 1
    assert report["guest"]["ranges"] == [{"start": 0, "length": 512}]


def test_entries_in_a_row_are_one_line(tmp_path: Path) -> None:
    recipe = Recipe(name="rows", geometry=Geometry(virtual_disk_size=64 * MIB), bat=Bat(()))
    full = replace(recipe, bat=Bat(tuple(Block(number, fills=()) for number in range(50))))
    paths = pair(tmp_path, recipe, full)
    text = run("diff", *paths, code=1).stdout
    line = "bat[0..49]  50 entries: PAYLOAD_BLOCK_NOT_PRESENT → PAYLOAD_BLOCK_FULLY_PRESENT at 4 … 53 MiB\n"
    assert line in text
    found = [one for one in run_json("diff", *paths, code=1)["changes"] if one["entries"]]
    assert [(one["path_b"], one["entries"], one["value_a"], one["value_b"]) for one in found] == [
        ("bat[0..49]", 50, 0, 4 << 20 | 6)
    ]


def test_a_child_and_its_parent(tmp_path: Path) -> None:
    made = make_chain(tmp_path)
    report = run_json("diff", made["child"].path, made["middle"].path, code=1)
    assert report["guest"]["ranges"] == [
        {"start": one["start"], "length": one["length"]}
        for one in run_json("compare", made["child"].path, made["middle"].path, code=1)["differences"]
    ]


def test_a_disk_that_cannot_be_opened_is_said_and_the_rest_is_compared(tmp_path: Path) -> None:
    before, after = pair(tmp_path, SAMPLE, BROKEN)
    report = run_json("diff", before, after, code=1)
    assert report["guest"]["error"]
    assert report["changes"]
    assert "not compared" in run("diff", before, after, code=1).stdout


def test_what_salvage_leaves_out_is_not_called_the_same(tmp_path: Path) -> None:
    before, after = pair(tmp_path, BROKEN, replace(BROKEN, name="other"))
    report = run_json("diff", "--salvage", before, after, code=1)
    assert "could not be read" in report["guest"]["error"]
    assert "the disks are the same" not in run("diff", "--salvage", before, after, code=1).stdout


def test_what_is_no_vhdx_is_compared_all_the_same(tmp_path: Path) -> None:
    for name, raw in (("a.bin", b"a" * 5000), ("b.bin", b"a" * 4000 + b"b" * 2000)):
        (tmp_path / name).write_bytes(raw)
    report = run_json("diff", tmp_path / "a.bin", tmp_path / "b.bin", code=1)
    assert report["bytes"] == 2000


def test_text_of_strangers_is_shown_as_text(tmp_path: Path) -> None:
    before, after = pair(tmp_path, replace(SAMPLE, creator="plain"), replace(SAMPLE, creator=HOSTILE.creator))
    for output in (run("diff", before, after, code=1).output, run("diff", "--json", before, after, code=1).output):
        assert "creator" in output
        assert all(character == "\n" or character.isprintable() for character in output)


@pytest.mark.parametrize(
    "words",
    [("a",), ("--copies", "a", "b"), ("--copies", "--before-replay", "a"), ("--ranges", "--json", "a", "b")],
    ids=" ".join,
)
def test_misuse_ends_with_2(words: tuple[str, ...], tmp_path: Path) -> None:
    names = [make(tmp_path, SAMPLE).path if word == "a" else tmp_path / "b" if word == "b" else word for word in words]
    result = run("diff", *names, code=2)
    assert "hint: " in result.stderr


def test_a_missing_file_ends_with_2(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE).path
    assert run_failing("diff", made, tmp_path / "none.vhdx", code=2)["exit_code"] == 2


def test_one_entry_of_64_tib(tmp_path: Path) -> None:
    recipe = Recipe(name="huge", geometry=Geometry(virtual_disk_size=64 * TIB, block_size=MIB), bat=Bat((Block(0),)))
    before, after = pair(tmp_path, recipe, replace(recipe, bat=Bat((Block(0), Block(50_000_000)))))
    start = time.process_time()
    report = run_json("diff", before, after, code=1)
    assert_quick(time.process_time() - start, 4)
    assert [change["fields"] for change in report["changes"]] == [
        ["bat[50012207].state", "bat[50012207].file_offset_mb_low"],
        ["block[50000000]"],
    ]
    assert not report["findings"]["is_checked"]
    assert report["guest"]["ranges"] == [{"start": 50_000_000 * MIB, "length": MIB}]


def test_millions_of_entries_that_moved_cost_little(tmp_path: Path) -> None:
    """Of a table that is stored, 32 MiB of it, every word differs."""
    count = 1 << 22
    recipe = Recipe(name="huge", geometry=Geometry(virtual_disk_size=count * MIB, block_size=MIB), bat=Bat((Block(0),)))
    before, after = pair(tmp_path, recipe, replace(recipe, bat=Bat((Block(0, fills=()),))))
    with vhdx.open(before, without_parent=True) as disk:
        place, ratio = disk.images[0].bat.file_offset, disk.images[0].geometry.chunk_ratio
    numbers = np.arange(count, dtype="<u8")
    for path, first in ((before, 100), (after, 9_000_000)):
        with path.open("r+b") as file:
            file.seek(place)
            file.write(((numbers + np.uint64(first)) << np.uint64(20) | np.uint64(6)).tobytes())
    start = time.process_time()
    report = run_json("diff", "--no-guest", "--no-check", before, after, code=1)
    assert_quick(time.process_time() - start, 4)
    runs = [one for one in report["changes"] if one["entries"]]
    assert sum(one["entries"] for one in runs) == count
    assert len(runs) < 3 * count // ratio + count * 8 // MIB + 3
    assert report["table"]["moved"] == count


def metadata_entries(raw: bytearray, rng: random.Random) -> None:
    """A metadata table of 2047 entries, nearly all of them anything."""
    for number in range(5, 2047):
        item = struct.pack("<16sIIQ", rng.randbytes(16), 0x10000 + rng.randrange(0xE0000), rng.randrange(1, 100), 0)
        at = 2 * MIB + 32 + 32 * number
        raw[at : at + 32] = item
    struct.pack_into("<H", raw, 2 * MIB + 10, 2047)


def region_entries(raw: bytearray, rng: random.Random) -> None:
    """Two region tables of 2047 entries, nearly all of them anything."""
    for base in (192 * KIB, 256 * KIB):
        for number in range(2, 2047):
            place = 16 + rng.randrange(1 << 20) << 20
            struct.pack_into("<16sQII", raw, base + 16 + 32 * number, rng.randbytes(16), place, MIB, 0)
        struct.pack_into("<I", raw, base + 8, 2047)
        raw[base : base + 64 * KIB] = sealed(bytes(raw[base : base + 64 * KIB]))


@pytest.mark.parametrize("fill", [metadata_entries, region_entries])
def test_a_full_table_of_which_every_entry_differs_costs_little(
    fill: Callable[[bytearray, random.Random], None], tmp_path: Path
) -> None:
    plain = File(64 * MIB).write(tmp_path / "plain.vhdx", 4 * MIB).read_bytes()
    paths = []
    for seed in (1, 2):
        raw = bytearray(plain)
        fill(raw, random.Random(seed))
        paths.append(tmp_path / f"{seed}.vhdx")
        paths[-1].write_bytes(raw)
    start = time.process_time()
    report = run_json("diff", *paths, code=1)
    assert_quick(time.process_time() - start, 3)
    assert report["bytes"] == len(naive(*paths))
    assert len(report["changes"]) > 4000


@pytest.mark.parametrize("block", [MIB, 32 * MIB])
def test_blocks_that_lie_on_one_another_are_read_once(block: int, tmp_path: Path) -> None:
    """125,000 entries name one place, or 20,000 name 64 places of which each is in 32 blocks."""
    count, held = (20_000, 64 * MIB) if block > MIB else (125_000, MIB)
    file, place, data = File(count * block, block), 8 * MIB, random.Random(1).randbytes(held)
    paths = [file.write(tmp_path / f"{number}.vhdx", place) for number in (1, 2)]
    for path, start in zip(paths, (place, place + held), strict=True):
        raw = bytearray(path.read_bytes())
        words = (start + number % (held // MIB) * MIB | 6 for number in range(count))
        struct.pack_into(f"<{count}Q", raw, 3 * MIB, *words)
        raw += data * 2
        path.write_bytes(raw)
    start_time = time.process_time()
    report = run_json("diff", "--contents", "--no-guest", *paths, code=1)
    assert_quick(time.process_time() - start_time, 3)
    assert report["table"]["moved"] > count - 1000
    assert report["table"]["moved_same_bytes"] >= (report["table"]["moved"] if block == MIB else count // 64)


@pytest.mark.parametrize("words", [("diff", "{}", ""), ("diff", "{}", "{}", "--parent", ""), ("read", "{}", "-o", "")])
def test_an_empty_name_is_not_the_same_as_none(words: tuple[str, ...], tmp_path: Path) -> None:
    made = str(make(tmp_path, SAMPLE).path)
    assert "the name is empty" in run(*(word.format(made) for word in words), code=2).stderr


def test_copies_that_are_blank_alike_are_said_not_to_be_valid(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE).path
    assert re.search("  header_.  .* current: ", run("diff", "--copies", made, code=1).stdout)
    with made.open("r+b") as file:
        file.seek(64 * KIB)
        file.write(bytes(128 * KIB))
    said = run("diff", "--copies", made).stdout
    assert "  header_1        not valid\n  header_2        not valid\n" in said
    assert said.endswith("The copies are the same.\n")


def test_what_only_replay_gives_is_named_and_changes_are_told_from_lines(tmp_path: Path) -> None:
    short, long = make(tmp_path, SAMPLE).path, tmp_path / "long.vhdx"
    long.write_bytes(short.read_bytes() + bytes(range(1, 200)))
    assert re.search(r" 199  behind the end → \S", run("diff", "--no-check", short, long, code=1).stdout)
    dirty = make(tmp_path, DIRTY).path
    with dirty.open("r+b") as file:
        file.truncate(dirty.stat().st_size - 2 * MIB)
    said = run("diff", "--before-replay", dirty, code=1).stdout
    assert not re.search(r"\d +$", said, re.M)
    before, after = pair(tmp_path, SAMPLE, EDITED)
    assert "A change is of one field" not in run("diff", before, after, code=1).stdout
    assert "A change is of one field" in run("diff", "--limit", 1, before, after, code=1).stdout
