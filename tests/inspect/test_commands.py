"""`vhdx inspect` and `vhdx explain`: output, JSON and its schema, exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.cli.support import DIRTY, HOSTILE, SAMPLE, TORN, make, make_chain, run, run_json
from tests.inspect.support import MIB, SPECIMENS, made
from vhdx_runtime.cli import main

EVIL = "\x1b]0;owned\x07\u202e"


def flat(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("children", ()):
        yield from flat(child)


@pytest.mark.parametrize("name", SPECIMENS)
def test_the_json_of_a_specimen_follows_the_schema_and_is_the_file(name: str, tmp_path: Path) -> None:
    path = made(name).write(tmp_path)
    result = CliRunner().invoke(main, ["inspect", "--json", "--doc", str(path)])
    value = json.loads(result.stdout)
    code = int(any(node["verdict"] in ("refuse", "degrade", "ignore-object") for node in findings(value)))
    assert result.exit_code == code
    run_json("inspect", path, code=code)
    leaves = [node for node in flat(value) if "children" not in node]
    extents = sorted(extent for leaf in leaves for extent in leaf["extents"] or ())
    position = 0
    for start, length in extents:
        assert start == position
        position += length
    assert position == path.stat().st_size


def findings(value: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for node in flat(value) for finding in node.get("findings", ())]


def test_depth_leaves_children_out_and_says_so(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    whole = run_json("inspect", path)
    assert "children_left_out" not in json.dumps(whole)
    top = run_json("inspect", path, "--depth", "1")
    assert [child["path"] for child in top["children"]] == [child["path"] for child in whole["children"]]
    assert all(child.get("children_left_out") for child in top["children"] if child["path"] == "header_1")
    assert run_json("inspect", path, "--depth", "0")["children_left_out"]
    assert run_json("inspect", path, "header_1.version")["value"] == 1


def test_raw_writes_the_bytes_and_nothing_else(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    raw = path.read_bytes()
    for address, start, length in (
        ("header_1", 0x10000, 4096),
        ("file_identifier.signature", 0, 8),
        ("region_table_2", 0x40000, 65536),
        ("metadata", 2 * MIB, MIB),
        ("block[0]", int.from_bytes(raw[3 * MIB : 3 * MIB + 8], "little") >> 20 << 20, MIB),
        ("", 0, len(raw)),
    ):
        assert run("inspect", "--raw", path, address).stdout_bytes == raw[start : start + length], address
    assert "has no bytes of its own" in run("inspect", "--raw", path, "blocks", code=2).stderr
    assert "--raw and --json exclude" in run("inspect", "--raw", "--json", path, "header_1", code=2).stderr


def test_raw_is_what_a_read_finds_after_replay(tmp_path: Path) -> None:
    path = make(tmp_path, DIRTY).path
    raw = path.read_bytes()
    replayed = run("inspect", "--raw", path, "bat[0]").stdout_bytes
    assert raw[3 * MIB : 3 * MIB + 8] == bytes(8) != replayed
    assert run("inspect", "--raw", "--log", "ignore", path, "bat[0]").stdout_bytes == bytes(8)
    assert run("inspect", "--raw", path, "log").stdout_bytes == raw[MIB : 2 * MIB]


def test_exit_codes(tmp_path: Path) -> None:
    sample, torn = make(tmp_path, SAMPLE).path, make(tmp_path, TORN).path
    assert run("inspect", sample)
    run("inspect", sample, "--strict")
    assert "HDR-002" in run("inspect", torn, code=1).stdout
    run("inspect", torn, "header_1", code=1)
    run("inspect", tmp_path / "absent", code=3)
    run("inspect", tmp_path, code=3)
    text = tmp_path / "text"
    text.write_bytes(b"ten bytes!")
    assert "FTI-001" in run("inspect", text, code=3).stdout
    unknown = run("inspect", sample, "header_1.nonsense", code=2).stderr
    assert "nothing in header_1 is called 'nonsense'\nhint: header_1 has signature, checksum" in unknown
    for wrong, hint in (
        ("header1", "is it header_1? the file has"),
        ("bat[99999999]", "it has 8 entries, 0 to 7"),
    ):
        assert f"hint: {hint}" in run("inspect", sample, wrong, code=2).stderr
    broken = make_chain(tmp_path, "child")["child"].path
    run("explain", broken, "--disk", "0", code=3)
    run("explain", broken, "--disk", "0", "--without-parent")
    run("explain", sample, code=2)
    run("explain", sample, "--file", "0", "--disk", "0", code=2)
    run("explain", sample, "--file", "1T", code=2)
    run("explain", sample, "--disk", "8M", code=2)


def test_the_tree_for_people_can_be_cut_and_commented(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    whole = run("inspect", path).stdout
    assert "0x10008           8      sequence_number  1" in whole
    plain = run("inspect", path, "header_1", "--no-offsets").stdout.splitlines()
    assert plain[2] == '  signature  "head"  [68 65 61 64]'
    assert "0x10008" not in "\n".join(plain)
    short = run("inspect", path, "header_1", "--limit", "2").stdout
    assert "and more; the first 2 are shown" in short
    assert "sequence_number" not in short
    assert "# " in run("inspect", path, "header_1", "--doc").stdout
    assert "\x1b" not in whole


def test_text_from_the_file_is_escaped(tmp_path: Path) -> None:
    path = make(tmp_path, HOSTILE).path
    for arguments in (("inspect", path, "--depth", "6"), ("inspect", path, "parent_locator", "--depth", "3")):
        output = CliRunner().invoke(main, [str(part) for part in arguments]).output
        assert "\x1b" not in output
        assert "\u202e" not in output
        assert "\\x1b" in output
    place = json.loads(run("inspect", path, "parent_locator.relative_path", "--json").stdout)
    assert EVIL in place["value"]
    text = run("explain", path, "--file", place["offset"]).output
    assert "\x1b" not in text
    assert "\\x1b]0;owned" in text


def test_explain_follows_its_schema(tmp_path: Path) -> None:
    made_up = make_chain(tmp_path)
    child = made_up["child"].path
    for offset in ("0", "1M", "1048577", "2M", "3M", "5M", "7M"):
        run_json("explain", child, "--disk", offset)
        run_json("explain", child, "--disk", offset, "--without-parent")
    for offset in ("0", "64K", "196640", "1M", "2M", "3M", "4M", "0x400001", "5M"):
        run_json("explain", child, "--file", offset)
    dirty = make(tmp_path, DIRTY).path
    for offset in ("1M", "0x101000", "0x101009", "3M", "4M", "0x401000"):
        run_json("explain", dirty, "--file", offset)
    run_json("explain", dirty, "--disk", "4K")
    found = run_json("explain", child, "--disk", "1M", "--parent-dir", tmp_path)
    assert [step["depth"] for step in found["steps"]] == list(range(found["depth"] + 1))


def test_an_unreadable_byte_is_1(tmp_path: Path) -> None:
    path = made("overlapping blocks").write(tmp_path)
    assert "BAT-006" in run("explain", path, "--disk", "3M", code=1).stdout
