"""`vhdx info` says what is so: healthy and damaged files, logs, parents, hostile names."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.cli.support import CHAIN, DIRTY, HOSTILE, MIB, SAMPLE, TORN, UNEVEN, make, make_chain, run, run_json
from tests.support.patience import assert_quick
from vhdx_runtime.conformance import Bat, Block, BytesOverride, Geometry, HeaderCopy, Hide, Log, LogEntry, Recipe
from vhdx_runtime.wording import size_text


def test_info_says_what_the_recipe_says(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    found = run_json("info", made.path)
    assert found["file"] == str(made.path)
    assert found["file_size"] == made.path.stat().st_size
    assert (found["disk_type"], found["virtual_size"], found["block_size"]) == ("dynamic", 8 * MIB, MIB)
    assert (found["logical_sector_size"], found["physical_sector_size"]) == (512, 4096)
    assert found["creator"] == SAMPLE.creator
    assert found["data_write_guid"] == SAMPLE.data_write_guid
    assert (found["headers"]["current"], found["headers"]["reason"]) == (2, "larger sequence number, 2 over 1")
    assert (found["log"]["state"], found["log"]["replay"]) == ("clean", None)
    assert (found["parent"], found["findings"]) == (None, [])


def test_info_prints_the_same_for_people(tmp_path: Path) -> None:
    text = run("info", make(tmp_path, SAMPLE).path).stdout
    for part in ("sample.vhdx", "dynamic", "8 MiB (8388608 bytes)", "2 (larger sequence number, 2 over 1)", "clean"):
        assert part in text


def test_info_says_what_replay_would_do(tmp_path: Path) -> None:
    made = make(tmp_path, DIRTY)
    before = made.path.read_bytes()
    log = run_json("info", made.path)["log"]
    assert log["state"] == "replayed"
    replay = log["replay"]
    assert (replay["entries"], replay["first_sequence_number"], replay["last_sequence_number"]) == (2, 9, 10)
    assert (replay["sectors_written"], replay["bytes_zeroed"], replay["file_growth"]) == (1 + 2, 16 << 10, 0)
    text = run("info", made.path).stdout
    assert "dirty" in text
    assert "2 entries, sequence numbers 9 to 10" in text
    assert made.path.read_bytes() == before


def test_info_can_leave_the_log_alone(tmp_path: Path) -> None:
    assert run_json("info", "--log", "ignore", make(tmp_path, DIRTY).path)["log"]["state"] == "ignored"


def test_info_names_a_torn_header_and_exits_with_1(tmp_path: Path) -> None:
    found = run_json("info", make(tmp_path, TORN).path, code=1)
    assert found["headers"]["current"] == 1
    assert [copy["valid"] for copy in found["headers"]["copies"]] == [True, False]
    assert "HDR-002" in [finding["rule"] for finding in found["findings"]]


FILLERS = {"0xFF": b"\xff" * 512, "text": b"The quick brown fox jumps over the lazy dog, and 0123456789 abc. " * 8}


@pytest.mark.parametrize("name", FILLERS)
def test_info_counts_the_entries_that_say_nothing(tmp_path: Path, name: str) -> None:
    made = make(
        tmp_path, Recipe("wide", geometry=Geometry(virtual_disk_size=100 * MIB), bat=Bat((Block(0), Block(99))))
    )
    data = bytearray(made.path.read_bytes())
    data[3 * MIB : 3 * MIB + 512] = FILLERS[name][:512]
    made.path.write_bytes(data)
    assert run_json("info", made.path, code=1)["table"] == {"entries": 100, "looked_at": 100, "unreadable": 64}
    assert "64 of 100 entries of the table say nothing" in run("info", made.path, code=1).stdout
    entries = run_json("map", made.path, code=1)
    assert [(one["start"], one["length"]) for one in entries if one.get("kind") == "unreadable"] == [(0, 64 * MIB)]


USED = Recipe(
    name="used",
    geometry=Geometry(virtual_disk_size=40 * MIB),
    bat=Bat((Block(0), Block(1), Block(2, fills=()), Block(7), Block(9, state=2), Block(30, fills=()))),
)


def test_info_counts_blocks_runs_and_on_request_zeros(tmp_path: Path) -> None:
    made = make(tmp_path, USED)
    found = run_json("info", made.path)["allocation"]
    # header section, log, two regions, five blocks; in the file they lie in the order of the disk
    smallest = made.path.stat().st_size
    assert found == {
        "looked_at": 40,
        "blocks": 5,
        "bytes": 5 * MIB,
        "zero_blocks": None,
        "runs": 1,
        "fragmentation_percent": 0,
        "smallest_file_size": smallest,
    }
    counted = run_json("info", "--count-zeros", made.path)["allocation"]
    assert (counted["zero_blocks"], counted["smallest_file_size"]) == (2, smallest - 2 * MIB)
    text = run("info", "--count-zeros", made.path).stdout
    assert "2 blocks of these" in text
    assert f"{size_text(smallest - 2 * MIB)}, without the blocks that hold only zeros\n" in text
    assert f"{size_text(smallest)}; --count-zeros looks" in run("info", made.path).stdout


@pytest.mark.parametrize(
    ("order", "percent"),
    [((0, 1, 2, 3, 4), 0), ((0, 1, 3, 2, 4), 75), ((4, 3, 2, 1, 0), 100), ((0, 1, 2, 4, 3), 50), ((0,), 0), ((), 0)],
)
def test_a_disk_is_fragmented_by_the_blocks_that_do_not_follow_the_one_before(
    tmp_path: Path, order: tuple[int, ...], percent: int
) -> None:
    """The blocks of the disk are written one after the other, so that they lie in the file in that order."""
    path = tmp_path / "new.vhdx"
    vhdx.create(path, size=8 * MIB, block_size=MIB)
    with vhdx.open(path, mode="r+") as disk:
        for number in order:
            disk.write_at(number * MIB, b"x")
    assert run_json("info", path)["allocation"]["fragmentation_percent"] == percent


def test_a_run_is_what_lies_one_behind_another(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    raw = path.read_bytes()[3 * MIB : 3 * MIB + 64]  # the table, eight entries
    words = [int.from_bytes(raw[at : at + 8], "little") for at in range(0, 64, 8)]
    stored = [word >> 20 for word in words if word & 7 == 6]
    breaks = sum(second != first + 1 for first, second in pairwise(stored))
    assert len(stored) == 4
    assert breaks > 0
    assert run_json("info", path)["allocation"]["runs"] == 1 + breaks


def test_zeros_are_counted_as_the_log_leaves_them(tmp_path: Path) -> None:
    hidden = Recipe(
        name="hidden",
        bat=Bat((Block(0, fills=()), Block(2, fills=()))),
        log=Log((LogEntry((Hide("payload[0]", 4096, 4096, "noise", sparse=False),)),)),
    )
    made = make(tmp_path, hidden)
    assert made.disk.count(0) == len(made.disk)
    assert run_json("info", "--count-zeros", made.path)["allocation"]["zero_blocks"] == 2
    before = run_json("info", "--count-zeros", "--log", "ignore", made.path)["allocation"]
    assert before["zero_blocks"] == 1


def test_what_a_cut_took_is_not_counted_as_zeros(tmp_path: Path) -> None:
    made = make(tmp_path, USED)
    with made.path.open("r+b") as file:
        file.truncate(made.path.stat().st_size - 4096)
    found = run_json("info", "--count-zeros", made.path, code=1)["allocation"]
    assert (found["blocks"], found["zero_blocks"]) == (5, 1)


def test_info_says_what_the_file_takes_up_on_its_host(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    path.write_bytes(path.read_bytes())
    os.sync()
    host = run_json("info", path)["host"]
    assert host["stored"] == path.stat().st_blocks * 512
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + 64 * MIB)
    assert run_json("info", path)["host"]["sparse"] is True
    assert "Windows attaches no such file" in run("info", path).stdout


def test_the_table_of_a_huge_disk_is_looked_at_in_part(tmp_path: Path) -> None:
    wide = Recipe(
        name="wide",
        geometry=Geometry(virtual_disk_size=16 << 40, block_size=MIB),
        bat=Bat((Block(0), Block(9_000_000))),
    )
    made = make(tmp_path, wide)
    start = time.process_time()
    found = run_json("info", "--count-zeros", made.path)["allocation"]
    assert_quick(time.process_time() - start, 2)
    assert (found["looked_at"], found["blocks"], found["smallest_file_size"]) == (100_000, 1, None)
    assert "at least 1 block" in run("info", made.path).stdout


def test_info_takes_the_header_that_is_asked_for(tmp_path: Path) -> None:
    assert run_json("info", "--header", "1", make(tmp_path, SAMPLE).path)["headers"]["current"] == 1


def test_info_follows_the_chain(tmp_path: Path) -> None:
    made = make_chain(tmp_path)
    parent = run_json("info", made["child"].path)["parent"]
    assert parent["found"] is True
    assert [Path(link["path"]).name for link in parent["chain"]] == ["middle.vhdx", "base.vhdx"]
    assert parent["linkage"] == [CHAIN[1].data_write_guid]


def test_info_describes_a_child_without_its_parent(tmp_path: Path) -> None:
    found = run_json("info", make_chain(tmp_path, "child")["child"].path, code=1)
    assert (found["disk_type"], found["virtual_size"], found["parent"]["found"]) == ("differencing", 8 * MIB, False)
    assert {"key": "parent_linkage", "value": f"{{{CHAIN[1].data_write_guid}}}"} in found["parent"]["names"]
    assert [finding["verdict"] for finding in found["findings"] if finding["rule"].startswith("CHN")] == ["refuse"]
    assert run_json("info", "--without-parent", found["file"])["parent"]["found"] is None


def test_info_finds_parents_where_it_is_told_to_look(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    made = make_chain(tmp_path, "child") | make_chain(away, "middle", "base")
    assert run_json("info", "--parent-dir", away, made["child"].path)["parent"]["found"] is True
    named = ("--parent", made["base"].path, "--parent", made["middle"].path)
    links = run_json("info", *named, made["child"].path)["parent"]["chain"]
    assert [link["found_by"] for link in links] == ["explicit", "explicit"]


DAMAGED = {
    "signature": replace(SAMPLE, overrides=(BytesOverride("file", 0, b"not a vh"),)),
    "both headers": Recipe(headers=(HeaderCopy(1, damage="zeroed"), HeaderCopy(2, damage="bad_checksum"))),
    "metadata": replace(SAMPLE, overrides=(BytesOverride("metadata_table", 0, bytes(8)),)),
    "cut short": replace(SAMPLE, file_length=(1 << 17) + 100),
}


@pytest.mark.parametrize("recipe", DAMAGED.values(), ids=DAMAGED.keys())
def test_info_says_what_can_be_known_of_a_damaged_file(tmp_path: Path, recipe: Recipe) -> None:
    path = make(tmp_path, recipe).path
    found = run_json("info", path, code=1)
    assert "refuse" in [finding["verdict"] for finding in found["findings"]]
    assert "refuse" in run("info", path, code=1).stdout


def test_what_is_no_vhdx_at_all_was_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("nothing of the kind")
    result = run("info", path, code=3)
    assert result.stdout == ""
    assert result.stderr.startswith(f"vhdx: error: {path}: is no VHDX")
    assert "FTI-001" in [finding["rule"] for finding in run_json("info", path, code=3)["findings"]]


@pytest.mark.parametrize("name", ["nowhere.vhdx", "."])
def test_what_cannot_be_opened_is_one_line_and_3(tmp_path: Path, name: str) -> None:
    result = run("info", tmp_path / name, code=3)
    assert result.stdout == ""
    assert result.stderr.startswith("vhdx: error: ")
    assert "\nhint: " in result.stderr
    assert result.stderr.count("\n") == 2


def test_strict_makes_any_finding_matter(tmp_path: Path) -> None:
    same = Recipe(name="same", headers=(HeaderCopy(1), HeaderCopy(1)))
    path = make(tmp_path, same).path
    findings = run_json("info", path)["findings"]
    assert [finding["verdict"] for finding in findings] == ["warn"]
    run("info", "--strict", path, code=1)


def test_names_from_the_file_never_reach_the_terminal_as_they_are(tmp_path: Path) -> None:
    made = make(tmp_path, HOSTILE)
    strange = made.path.rename(tmp_path / "na\nme\x1b[31m\udcff.vhdx")
    result = run("info", strange, code=1)
    assert all(line.isprintable() for line in result.output.splitlines())
    assert "\\x1b[2Jme" in result.stdout
    assert "\\u202egnp.vhdx" in result.stdout
    assert "na\\nme\\x1b[31m\\udcff.vhdx" in result.stdout
    assert all(line.isprintable() for line in run("map", strange, code=3).output.splitlines())


def test_json_keeps_names_as_they_are(tmp_path: Path) -> None:
    found = run_json("info", make(tmp_path, HOSTILE).path, code=1)
    assert found["creator"] == "\x1b[2Jme"
    assert found["parent"]["names"][1]["value"] == "evil\x1b]0;owned\x07\u202egnp.vhdx"


@pytest.mark.images
def test_every_real_image_is_described_as_the_manifest_does(real_images: Any) -> None:
    for name, record in real_images.records.items():
        code = 1 if record["expected"]["outcome"] == "must_refuse" else 0
        found = run_json("info", "--without-parent", real_images.path(name), code=code)
        disk = record["disk"]
        assert found["disk_type"] == disk["type"], name
        assert found["virtual_size"] == disk["virtual_size"], name
        assert found["block_size"] == disk["block_size"], name
        assert found["logical_sector_size"] == disk["logical_sector_size"], name
        assert found["physical_sector_size"] == disk["physical_sector_size"], name
        assert found["virtual_disk_id"] == disk["virtual_disk_id"], name
        assert found["creator"].rstrip() == str(record["creator"]).rstrip(), name
        current = found["headers"]["current"]
        assert found["headers"]["copies"][current - 1]["file_offset"] == record["current_header_offset"], name
        assert (found["log"]["state"] != "clean") is record["log"]["dirty"], name


def test_a_size_that_is_no_whole_number_of_sectors_is_shown_as_stored(tmp_path: Path) -> None:
    path = make(tmp_path, UNEVEN).path
    found = run_json("info", path, code=1)
    assert (found["virtual_size"], found["stored_virtual_size"]) == (2_000_000_000 - 1024, 2_000_000_000)
    assert "as stored       1.86 GiB (2000000000 bytes), no whole number of sectors" in run("info", path, code=1).stdout
    assert "as stored" not in run("info", make(tmp_path, SAMPLE).path).stdout
