"""What a page holds: the table to the last entry, the schema's words, structures' bytes, and no text that is markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from pathlib import Path

import pytest

from tests.cli.support import TORN, run
from tests.page.support import (
    BREAKOUT,
    BROKEN,
    CHILD,
    DIRTY,
    HOSTILE,
    KIB,
    LONG,
    MIB,
    SCRIPT,
    facts_of,
    page_of,
    runs_of,
    unpacked,
    written,
)
from vhdx_runtime.conformance import Bat, Block, Geometry, Recipe

LAYOUT = Path(__file__).parents[2] / "generated" / "vhdx_format" / "layout.json"


def words(image: Path, count: int) -> list[int]:
    """The first entries of the table, by plain struct formats; the images here have it in the file itself."""
    data = image.read_bytes()
    regions = [struct.unpack_from("<16sQII", data, 192 * KIB + 16 + 32 * number) for number in range(2)]
    table = next(offset for guid, offset, _, _ in regions if guid[:4] == bytes.fromhex("6677c22d"))
    return list(struct.unpack_from(f"<{count}Q", data, table))


MANY = Recipe(
    name="many",
    geometry=Geometry(virtual_disk_size=200 * MIB),
    bat=Bat(
        (
            *(Block(number, fills=()) for number in (*range(40), *range(50, 90, 3), 120, 121, 125)),
            *(Block(100, 2), Block(101, 3), Block(102, 2)),
        ),
        order="scrambled",
    ),
)


@pytest.mark.parametrize(
    ("recipe", "entries"), [(MANY, 200), (CHILD, 4097), (BROKEN, 8)], ids=lambda one: str(one)[:12]
)
def test_the_runs_of_a_page_are_the_table(recipe: Recipe, entries: int, tmp_path: Path) -> None:
    image = written(tmp_path, recipe)
    step = facts_of(page_of(image, code=0 if recipe is MANY else 1))["geometry"]["block_size"] // MIB
    found: list[int] = []
    for first, length, low, place in runs_of(image.with_suffix(".html")):
        assert first == len(found)
        by = step if low & 7 >= 6 else 0
        found += [(place + number * by if place else 0) << 20 | low for number in range(length)]
    assert found == words(image, entries)


def test_what_replay_changes_in_the_table_is_listed_with_both_words(tmp_path: Path) -> None:
    image = written(tmp_path, DIRTY)
    facts = facts_of(page_of(image, code=1))
    assert {before for _, before, _ in facts["changes"]} == {"0x0"}
    changed = {index: int(after, 16) for index, _, after in facts["changes"]}
    assert sorted(changed) == [0, 1, 3, 4, 8, 15]
    assert {index: word & 7 for index, word in changed.items()} == {0: 6, 1: 6, 3: 6, 4: 6, 8: 2, 15: 6}


def test_structures_are_there_byte_by_byte_and_blocks_are_not(tmp_path: Path) -> None:
    image = written(tmp_path, DIRTY)
    page = page_of(image, code=1)
    facts, data, whole = facts_of(page), unpacked(page, "bytes"), image.read_bytes()
    at = 0
    for start, length in facts["bytes"]["file"]:
        assert data[at : at + length] == whole[start : start + length]
        at += length
    held = bytearray(len(whole))
    for start, length in facts["bytes"]["file"] + facts["bytes"]["zeros"]:
        held[start : start + length] = b"\1" * length
    assert all(held[: 2 * MIB]), "the header section and the log are in the page, or known to be zero"
    blocks = [int(after, 16) >> 20 for _, _, after in facts["changes"] if int(after, 16) & 7 == 6]
    assert len(blocks) == 5
    assert not any(any(held[place * MIB : (place + 1) * MIB]) for place in blocks)


def test_the_words_of_a_field_are_those_of_the_schema(tmp_path: Path) -> None:
    facts = facts_of(page_of(written(tmp_path, MANY)))
    structures = json.loads(LAYOUT.read_text())["structures"]
    shown = 0
    for name, said in facts["docs"].items():
        structure, _, field = name.partition(".")
        if not field or name == "bat_entry.fields":
            continue
        declared = next(one for one in structures[structure]["fields"] if one["id"] == field)
        assert said["doc"] == declared["doc"]
        shown += 1
    assert shown > 40


def test_the_findings_are_those_of_a_check(tmp_path: Path) -> None:
    image = written(tmp_path, BROKEN)
    facts = facts_of(page_of(image, code=1))
    checked = json.loads(run("check", image, "--json", code=1).stdout)["images"][0]
    keys = ("rule", "verdict", "file_offset", "field", "found", "expected")
    listed = [tuple(one[key] for key in keys) for one in facts["findings"]]
    assert [tuple(one[key] for key in keys) for one in checked["findings"]] == listed[: len(checked["findings"])]
    assert facts["conclusion"]["text"] == checked["conclusion"]
    assert {one["rule"] for one in facts["findings"]} <= facts["rules"].keys()


def test_the_policy_allows_its_own_style_and_script_and_nothing_else(tmp_path: Path) -> None:
    text = page_of(written(tmp_path, MANY)).read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("require-trusted-types-for") == "'script'"
    assert set(rules.values()) == {"'none'"}
    assert not re.search(r"https?://|@import|url\(|\bsrc=|\bhref=", text)


def test_text_from_the_image_is_nowhere_in_the_html(tmp_path: Path) -> None:
    image = written(tmp_path, HOSTILE)
    page = page_of(image, code=1)
    text = page.read_text()
    for hostile in (SCRIPT, BREAKOUT, "owned", "onerror", LONG[:40], "\u202e"):
        assert hostile not in text
    assert text.count("<script") == text.count("</script>") == 4
    facts = facts_of(page)
    assert SCRIPT in facts["summary"]["creator"]
    assert any(pair["value"] == LONG for pair in facts["summary"]["parent"]["names"])


def test_a_file_name_is_text(tmp_path: Path) -> None:
    image = written(tmp_path, TORN).rename(tmp_path / "<b>&\u202egnp.vhdx")
    page = tmp_path / "page.html"
    run("inspect", image, "--html", page, code=1)
    title = re.search(r"<title>(.*?)</title>", page.read_text())
    assert title
    assert title[1].endswith("&lt;b&gt;&amp;\\u202egnp.vhdx")
    assert facts_of(page)["file"]["name"] == str(image)


def test_a_page_replaces_no_file_unasked_and_never_the_image(tmp_path: Path) -> None:
    image = written(tmp_path, MANY)
    before = image.read_bytes()
    page = page_of(image)
    assert "exists" in run("inspect", image, "--html", page, code=2).stderr
    run("inspect", image, "--html", page, "--force")
    assert "is one of the files that are read" in run("inspect", image, "--html", image, "--force", code=2).stderr
    assert image.read_bytes() == before
    run("inspect", image, "header_1", "--html", page, "--force", code=2)
    run("inspect", image, "--json", "--html", page, "--force", code=2)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["many.html", "many.vhdx"]


@pytest.mark.parametrize(
    "content", [b"", b"vhdxfile", bytes(3 * MIB), b"\xff" * MIB], ids=["empty", "short", "zero", "noise"]
)
def test_a_file_that_is_no_vhdx_has_a_page_too(content: bytes, tmp_path: Path) -> None:
    image = tmp_path / "odd.vhdx"
    image.write_bytes(content)
    facts = facts_of(page_of(image, code=3))
    assert facts["conclusion"]["state"] == "unreadable"
    assert facts["runs"] is None


def test_each_part_of_the_script_fits_in_the_head_and_parses_no_html() -> None:
    parts = sorted((Path(__file__).parents[2] / "vhdx_runtime" / "page" / "assets").glob("*.js"))
    assert len(parts) > 10
    for part in parts:
        text = part.read_text()
        assert len(text.splitlines()) <= 300, part.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text), (
            part.name
        )
