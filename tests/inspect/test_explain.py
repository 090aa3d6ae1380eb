"""Explaining a byte: against typed numbers, against the ranges of the disk, and against the whole tree."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.inspect.support import MIB, SECTOR, SPECIMENS, assert_partition, loaded, made, zoo
from tests.support.mutators import applied, mutant
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Hide, Log, LogEntry, Recipe, Zeros, expand_chain
from vhdx_runtime.inspect import explain_disk, explain_file, tree
from vhdx_runtime.inspect.node import trail

BASE = Recipe("base", bat=Bat((Block(0, fills=(Fill(0, MIB, b"B"),)), Block(1, fills=(Fill(0, MIB, b"b"),)))))
CHILD = Recipe(
    "child",
    geometry=Geometry("differencing"),
    bat=Bat((Block(0, 7, fills=(Fill(0, 8192, b"C"),), sectors=((2, 3),)), Block(2, 2))),
    log=Log((LogEntry((Hide("bat"),), sequence_number=7), LogEntry((Hide("bitmap[0]", 0, SECTOR),)))),
)

OPENING = sorted(SPECIMENS.keys() - {"no header", "no region table", "overlapping regions", "torn"})


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A child whose BAT and sector bitmap are only in its log, and its parent beside it."""
    folder = tmp_path_factory.mktemp("chain")
    for one in expand_chain((BASE, CHILD)):
        path = one.write(folder)
    return path


def test_a_sector_of_the_child_is_followed_to_its_byte(chain: Path) -> None:
    with vhdx.open(chain) as disk:
        found = explain_disk.explain(disk, 2 * 512 + 5)
    assert (found["kind"], found["depth"], found["file_offset"]) == ("data", 0, 5 * MIB + 2 * 512 + 5)
    assert found["byte"] == ord("C")
    (step,) = found["steps"]
    assert (step["block"], step["offset_in_block"], step["answer"]) == (0, 1029, "data")
    entry = step["entry"]
    assert (entry["index"], entry["file_offset"], entry["word"]) == (0, 3 * MIB, 0x500007)
    assert (entry["state"], entry["state_name"]) == (7, "PAYLOAD_BLOCK_PARTIALLY_PRESENT")
    assert (entry["file_offset_mb"], entry["block_file_offset"]) == (5, 0x500000)
    origin = entry["from_log"]
    assert (origin["kind"], origin["entry"], origin["path"]) == (
        "data",
        "log.entries[0]",
        "log.entries[0].descriptors[0]",
    )
    assert (origin["sequence_number"], origin["log_offset"], origin["file_offset"]) == (7, 0, MIB)
    bitmap = step["bitmap"]
    assert (bitmap["chunk"], bitmap["sector"], bitmap["file_offset"], bitmap["bit"]) == (0, 2, 4 * MIB, 2)
    assert bitmap["value"] == 1
    assert bitmap["entry"]["index"] == 4096
    assert bitmap["from_log"]["sequence_number"] == 8


def test_a_sector_of_the_parent_is_followed_through_the_child(chain: Path) -> None:
    with vhdx.open(chain) as disk:
        found = explain_disk.explain(disk, 6 * 512)
        assert [step["answer"] for step in found["steps"]] == ["parent", "data"]
        assert found["steps"][0]["bitmap"]["value"] == 0
        assert (found["kind"], found["depth"], found["file_offset"]) == ("data", 1, 4 * MIB + 6 * 512)
        assert found["found_in"].endswith("base.vhdx")
        assert found["byte"] == ord("B")
        assert found["steps"][1]["entry"]["word"] == 0x400006
        assert found["steps"][1]["entry"]["from_log"] is None
        zero = explain_disk.explain(disk, 2 * MIB)
        assert (zero["kind"], zero["file_offset"], len(zero["steps"])) == ("zero", None, 1)
        hole = explain_disk.explain(disk, 3 * MIB + 9)
        assert (hole["kind"], hole["depth"]) == ("hole", 1)
        assert [step["answer"] for step in hole["steps"]] == ["parent", "hole"]


def test_without_the_parent_the_byte_is_missing(chain: Path) -> None:
    with vhdx.open(chain, without_parent=True) as disk:
        found = explain_disk.explain(disk, 6 * 512)
    assert (found["kind"], found["depth"], [step["answer"] for step in found["steps"]]) == ("missing", 0, ["parent"])


def test_a_byte_set_to_zero_by_the_log_names_the_descriptor() -> None:
    recipe = Recipe(
        bat=Bat((Block(0),)),
        log=Log((LogEntry((Hide("bat"), Zeros("payload[0]", SECTOR, SECTOR)), sequence_number=3),)),
    )
    raw = vhdx_bytes(recipe)
    with vhdx.open(raw) as disk:
        found = explain_disk.explain(disk, SECTOR)
        assert (found["kind"], found["byte"]) == ("zero", 0)
        assert found["steps"][0]["data_from_log"]["path"] == "log.entries[0].descriptors[1]"
    with loaded(raw) as image:
        byte = explain_file.explain(image, 4 * MIB + SECTOR)
        assert byte["from_log"]["kind"] == "zero"
        assert byte["from_log"]["path"] == "log.entries[0].descriptors[1]"
        assert byte["byte_after_replay"] == 0 != byte["byte"]
        assert explain_file.explain(image, 4 * MIB)["from_log"] is None


def vhdx_bytes(*recipes: Recipe) -> bytes:
    return expand_chain(recipes)[-1].to_bytes()


@pytest.mark.parametrize(
    ("kind", "state", "offset"),
    [("unreadable", 4, 1), ("unreadable", 6, 900 << 20), ("zero", 5, 0), ("zero", 3, 1 << 20)],
)
def test_a_byte_that_cannot_be_read_says_why(kind: str, state: int, offset: int) -> None:
    recipe = Recipe(bat=Bat((Block(1, state, file_offset_mb=offset >> 20),)), file_length=8 * MIB)
    with vhdx.open(vhdx_bytes(recipe), salvage=True) as disk:
        found = explain_disk.explain(disk, MIB)
    assert found["kind"] == kind
    assert bool(found["steps"][0]["reason"]) == (kind == "unreadable")
    if state == 6 and kind == "unreadable":
        assert found["byte"] is None


@pytest.mark.parametrize("name", OPENING)
def test_every_byte_of_the_disk_is_where_the_ranges_say(name: str) -> None:
    chance = random.Random(name)
    with vhdx.open(made(name).to_bytes(), without_parent=True, salvage=True) as disk:
        places = {chance.randrange(disk.size) for _ in range(25)} | {0, disk.size - 1, 3 * 512 - 1, 3 * 512, MIB}
        for place in places:
            found = explain_disk.explain(disk, place)
            (piece,) = disk.ranges(place, 1)
            assert (found["kind"], found["depth"], found["file_offset"]) == (piece.kind, piece.depth, piece.file_offset)
            if piece.kind != "unreadable":
                assert bytes([found["byte"]]) == disk.read_at(place, 1)
            if piece.kind == "data" and piece.file_offset is not None:
                back = explain_file.explain(disk.image, piece.file_offset)
                assert {"virtual_offset": place, "block": place // MIB, "is_read": True} in back["guests"]


def test_blocks_over_one_byte_are_all_named() -> None:
    with loaded(made("overlapping blocks").to_bytes()) as image:
        found = explain_file.explain(image, 4 * MIB + 5)
        inside = explain_file.explain(image, 3 * MIB)
    assert found["path"] == "block[0]"
    assert [guest["virtual_offset"] for guest in found["guests"]] == [5, MIB + 5]
    assert inside["path"] == "bat[0]"
    assert inside["guests"] == [{"virtual_offset": 2 * MIB, "block": 2, "is_read": True}]


def test_a_byte_that_the_parent_answers_for_is_not_read_from_here() -> None:
    with loaded(made("differencing").to_bytes()) as image:
        (own,) = explain_file.explain(image, 5 * MIB + 2 * 512)["guests"]
        (left,) = explain_file.explain(image, 5 * MIB + 5 * 512)["guests"]
    assert (own["is_read"], left["is_read"]) == (True, False)


FILE_CASES: list[tuple[str, int, str, dict[str, Any]]] = [
    ("dynamic", 0, "file_identifier.signature", {"offset_in_node": 0, "byte": ord("v")}),
    ("dynamic", 0x20043, "header_2.version", {"offset_in_node": 1}),
    ("dynamic", 0x11000, "header_1_padding", {}),
    ("dynamic", 0x30000 + 16 + 5, "region_table_1.entries[0].guid", {"offset_in_node": 5}),
    ("dynamic", 3 * MIB + 2, "bat[0]", {"about": {"kind": "payload", "number": 0}}),
    ("dynamic", 4 * MIB + 77, "block[0]", {"guests": [{"virtual_offset": 77, "block": 0, "is_read": True}]}),
    ("dynamic", 5 * MIB + 77, "block[2]", {"guests": [{"virtual_offset": 2 * MIB + 77, "block": 2, "is_read": True}]}),
    ("dynamic", 3 * MIB + 4 * 8, "bat.slack", {}),
    ("differencing", 3 * MIB + 4096 * 8, "bat[4096]", {"about": {"kind": "sector_bitmap", "number": 0}}),
    ("differencing", 3 * MIB + 5 * 8, "bat[3..4095]", {}),
    ("differencing", 4 * MIB + 1, "bitmap[0].block[0]",
     {"about": {"kind": "sectors", "virtual_offset": 8 * 512, "length": 8 * 512}}),
    ("spaced", 1024 * 1024, "metadata.table.header.signature", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "offset", "path", "more"), FILE_CASES)
def test_a_byte_of_the_file_is_explained(name: str, offset: int, path: str, more: dict[str, Any]) -> None:
    with loaded(made(name).to_bytes()) as image:
        found = explain_file.explain(image, offset)
    leaf = found["nodes"][-1]
    if ".." not in path:
        assert found["path"] == path
    assert sum(length for start, length in leaf["extents"] if start <= offset < start + length) > 0
    for key, value in more.items():
        assert found[key] == value


def test_the_bits_of_a_byte_and_their_rules() -> None:
    with loaded(made("dynamic").to_bytes()) as image:
        low, middle, high = (explain_file.explain(image, 3 * MIB + place) for place in (0, 2, 7))
    assert [bit["name"] for bit in low["bits"]] == ["state", "reserved"]
    assert [bit["name"] for bit in middle["bits"]] == ["reserved", "file_offset_mb_low"]
    assert [bit["name"] for bit in high["bits"]] == ["file_offset_mb_high"]
    rules = {rule["id"]: rule["is_broken"] for rule in low["rules"]}
    assert rules["BAT-002"] is False
    assert rules["BAT-003"] is False
    assert "BAT-010" not in rules, "it speaks of sector bitmap entries"
    assert {rule["id"]: rule["is_broken"] for rule in high["rules"]}["BAT-007"] is None


def test_a_broken_rule_is_named_at_its_byte() -> None:
    raw = bytearray(made("dynamic").to_bytes())
    raw[0x10044] ^= 1
    with loaded(bytes(raw)) as image:
        found = explain_file.explain(image, 0x10004)
        assert {rule["id"]: rule["is_broken"] for rule in found["rules"]}["HDR-002"] is True
        stale = explain_file.explain(image, 0x10048)
        assert {rule["id"]: rule["is_broken"] for rule in stale["rules"]}["HDR-009"] is None


def test_bytes_of_the_log_name_what_they_update() -> None:
    raw = vhdx_bytes(BASE, CHILD)
    with loaded(raw) as image:
        sector = MIB + SECTOR
        assert raw[sector : sector + 4] == b"data"
        found = explain_file.explain(image, sector + 8 + 3)
        assert found["path"] == "log.entries[0].data_sectors[0].data"
        assert found["about"] == {"kind": "update", "file_offset": 3 * MIB + 8 + 3, "status": "live"}
        assert explain_file.explain(image, sector + 5)["about"] is None


def test_every_leaf_is_found_from_its_bytes() -> None:
    for name in SPECIMENS:
        with loaded(made(name).to_bytes()) as image:
            root = tree(image)
            for leaf in assert_partition(image):
                for start, length in leaf.extents or ():
                    for place in {start, start + length - 1}:
                        found = trail(root, place)
                        assert found, (name, leaf.path, hex(place))
                        same = found[-1].path == leaf.path or leaf.kind in ("run", "payload", "kept", "bitmap_bits")
                        assert same, (leaf.path, found[-1].path)


def test_every_byte_of_mutants_can_be_explained() -> None:
    specimens = [(name, bytearray(raw), places) for name, raw, places in zoo()]
    for seed in range(100_000, 100_120):
        name, raw, places = specimens[seed % len(specimens)]
        damage = mutant(seed, raw, places)
        chance = random.Random(seed)
        with applied(raw, damage) as damaged, loaded(damaged) as image:
            for _ in range(4 if image.source.size else 0):
                place = chance.choice((chance.choice(places).offset, chance.randrange(len(raw)))) % image.source.size
                found = explain_file.explain(image, place)
                assert found["byte"] == damaged[place], f"seed {seed}, a mutant of {name}: {damage.words}"


@pytest.mark.parametrize("offset", [-1, 4 * MIB, 1 << 70])
def test_a_byte_that_is_not_there_is_a_value_error(offset: int) -> None:
    raw = made("dynamic").to_bytes()
    with vhdx.open(raw) as disk, pytest.raises(ValueError, match="4194304 bytes"):
        explain_disk.explain(disk, offset)
    with loaded(raw) as image, pytest.raises(ValueError, match="there is none"):
        explain_file.explain(image, offset if offset != 4 * MIB else len(raw))
