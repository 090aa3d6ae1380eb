"""What the chapters say in numbers is so: their examples run, and their figures show what the recipes mean."""

from __future__ import annotations

import doctest
from pathlib import Path
from xml.etree import ElementTree

import pytest
from vhdx_format.rules import RULES

import vhdx_runtime.book
from tests.book.support import BOOK
from vhdx_runtime.book import scenes
from vhdx_runtime.book.build import samples
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk.image import load_image

CHAPTERS = sorted((Path(vhdx_runtime.book.__file__).parent / "semantics").glob("*.md"))
MIB = 1 << 20
# What a read of a payload block gives by MS-VHDX 2.5.1.1, and where it leaves it open, by VHDX readers: zeros.
READS = {
    "fixed": ["hole", "zero", "zero", "zero", "unreadable", "zero", "data", "data"],
    "dynamic": ["hole", "zero", "zero", "zero", "unreadable", "zero", "data", "data"],
    "differencing": ["parent", "zero", "zero", "zero", "unreadable", "zero", "data", "partial"],
}


def texts(figure: str) -> list[str]:
    """Every text of a figure."""
    root = ElementTree.fromstring((BOOK / figure).read_text("utf-8"))
    return [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_examples_of_a_chapter_run(path: Path) -> None:
    result = doctest.testfile(str(path), module_relative=False)
    assert result.attempted >= 5
    assert result.failed == 0


def test_there_is_a_chapter_for_each_idea() -> None:
    assert [path.stem for path in CHAPTERS] == ["bat", "bitmaps", "chains", "headers", "log"]


@pytest.mark.parametrize("disk_type", READS)
def test_the_states_are_drawn_as_the_specification_has_them(disk_type: str) -> None:
    found = samples.samples()["states"][disk_type]
    assert [one["kind"] for one in found] == READS[disk_type]
    must = [{rule for rule in one["rules"] if RULES[rule].severity == "must"} for one in found]
    partial = set() if disk_type == "differencing" else {"BAT-004"}
    assert must == [set(), set(), set(), set(), {"BAT-003"}, {"BAT-003"}, set(), partial]
    shown = texts(f"block-states-{disk_type}.svg")
    assert {"not_present", "fully_present", "zeros", "the block in this file"} <= set(shown)
    assert ("the parent's disk, same place" in shown) is (disk_type == "differencing")


def test_the_wrapped_log_is_drawn_as_its_recipe_has_it() -> None:
    image = load_image(open_source(scenes.journal().to_bytes()))
    ring = samples.ring(image)
    places = {one["sequence_number"]: (one["log_offset"], one["length"], one["role"]) for one in ring["entries"]}
    assert places == {
        70: (MIB - 8192, 4096, "before the tail"),
        71: (MIB - 4096, 8192, "tail"),
        72: (4096, 12288, "active"),
        73: (16384, 4096, "head"),
    }
    shown = texts("log-wrapped.svg")
    assert [shown.count(word) for word in ("loge", "data")] == [4, 3]
    assert {"0xfe000", "0xff000", "0x0", "0x4000", "70: before the tail", "73: head"} <= set(shown)
    assert f"Tail of the head: {MIB - 4096:#x}" in shown


def test_the_replay_is_drawn_as_its_recipe_has_it() -> None:
    image = load_image(open_source(scenes.journal().to_bytes()))
    steps = samples.steps(image)
    target = 2 * MIB + (512 << 10)
    assert steps["pages"] == [target, target + 4096, target + 8192, target + 12288, 3 * MIB]
    assert [(step["step"], step["pages"], step["size"] // MIB) for step in steps["steps"]] == [
        ("before", ["file"] * 5, 6),
        ("entry 71", ["zero"] * 4 + ["71"], 6),
        ("entry 72", ["zero", "72", "zero", "zero", "72"], 6),
        ("entry 73", ["zero", "72", "zero", "zero", "72"], 6),
        ("grown", ["zero", "72", "zero", "zero", "72"], 7),
    ]
    shown = texts("log-replay.svg")
    assert shown.count("zeros") == 4 + 3 * 3
    assert shown.count("from entry 72") == 3 * 2
    assert "7 MiB" in shown


def test_the_file_map_shows_every_mib_of_its_file() -> None:
    shown = samples.samples()["file_map"]
    made = scenes.chain()[1]
    places = sorted([offset, length] for offset, length in made.plan.extents.values())
    places += [[offset, MIB] for offset in (*made.plan.bitmap.values(), *made.plan.payload.values())]
    assert sorted(places) == [[offset, length] for _, offset, length in shown["owners"]]
    assert shown["length"] == made.length
