"""`vhdx info` says what is so: healthy and damaged files, logs, parents, hostile names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import CHAIN, DIRTY, HOSTILE, MIB, SAMPLE, TORN, make, make_chain, run, run_json
from vhdx_runtime.conformance import BytesOverride, HeaderCopy, Recipe


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
    "cut short": replace(SAMPLE, file_length=(1 << 16) + 100),
    "cut in the identifier": replace(SAMPLE, file_length=12),
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
    assert result.stderr.count("\n") == 1


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
