"""A file that was cut off is named so, first, with what the recipe says of it; `info`, `check` and reading agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.cli.support import make, run, run_json
from vhdx_runtime.conformance import Bat, Block, Geometry, Hide, Log, LogEntry, Recipe, expand, expand_chain
from vhdx_runtime.wording import size_text

MIB = 1 << 20
STORED = (0, 3, 4, 9, 11)
ENDS = sorted({*range(4, 10), 4.5, 5.25, 8 + 511 / 2048, 8 + 1 / 2048, 9 - 1 / 256})


def places(order: str) -> dict[int, int]:
    """Log at 1 MiB, metadata at 2, table at 3, then the blocks in their order."""
    numbers = STORED if order == "ascending" else tuple(reversed(STORED))
    return {number: (4 + at) * MIB for at, number in enumerate(numbers)}


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("end_mb", ENDS)
def test_a_cut_is_told_first_and_alike_everywhere(order: str, end_mb: float, tmp_path: Path) -> None:
    end = int(end_mb * MIB)
    blocks = tuple(Block(number) for number in STORED)
    path = make(
        tmp_path, Recipe("cut", geometry=Geometry(virtual_disk_size=12 * MIB), bat=Bat(blocks, order=order))
    ).path  # type: ignore[arg-type]
    with path.open("r+b") as file:
        file.truncate(end)
    if end == 9 * MIB:
        assert run_json("check", path)["images"][0]["cut"] is None
        assert run_json("info", path)["cut"] is None
        return
    where = places(order)
    whole = sum(place + MIB <= end for place in where.values())
    lost = sum(min(MIB, max(0, place + MIB - end)) for place in where.values())
    sentence = f"the file ends at {size_text(end)}; its structures need at least {size_text(9 * MIB)}; "
    sentence += f"{whole} of 5 blocks {'is' if whole == 1 else 'are'} whole"
    report, info = run_json("check", path, code=1)["images"][0], run_json("info", path, code=1)
    assert report["cut"] == info["cut"]
    assert (info["cut"]["text"], info["cut"]["whole_blocks"], info["cut"]["blocks"]) == (sentence, whole, 5)
    assert (report["state"], report["lost"]["bytes"]) == ("damaged", lost)
    assert report["conclusion"].startswith(f"damaged: {lost} of {12 * MIB} guest bytes cannot be read")
    assert run("check", path, code=1).stdout.startswith(f"cut off: {sentence}\n")
    assert run("info", path, code=1).stdout.startswith(f"cut off           {sentence}\n")
    failed = run("convert", path, tmp_path / "out.raw", code=1).stderr
    assert sentence in failed
    assert "`--salvage` reads what is left and lists what is lost" in failed


@pytest.mark.parametrize("end", [MIB // 2, MIB, 3 * MIB // 2, 2 * MIB, 3 * MIB])
def test_a_cut_through_the_structures_is_told_first_too(end: int, tmp_path: Path) -> None:
    """Header section at 0, log at 1 MiB, metadata at 2, table at 3: what the regions claim is known without them."""
    path = make(tmp_path, Recipe("cut", geometry=Geometry(virtual_disk_size=12 * MIB), bat=Bat((Block(0),)))).path
    with path.open("r+b") as file:
        file.truncate(end)
    sentence = f"the file ends at {size_text(end)}; its structures need at least {size_text(4 * MIB)}"
    assert run("check", path, code=1).stdout.startswith(f"cut off: {sentence}")
    assert run("info", path, code=1).stdout.startswith(f"cut off           {sentence}")
    assert "findings          none" not in run("info", path, code=1).stdout
    with pytest.raises(vhdx.VhdxError, match="the file ends at"):
        vhdx.open(path).read_at(0, 1)


def test_hundreds_of_blocks_behind_a_cut_are_one_finding(tmp_path: Path) -> None:
    blocks = tuple(Block(number, fills=()) for number in range(300)) + tuple(
        Block(number, 3, anchored=True) for number in range(300, 400)
    )
    path = make(tmp_path, Recipe("many", geometry=Geometry(virtual_disk_size=400 * MIB), bat=Bat(blocks))).path
    with path.open("r+b") as file:
        file.truncate(5 * MIB)
    text = run("check", path, code=1).stdout
    assert text.count("BAT-0") == 3
    assert "and more like it, in all BAT-006 in 299 places, BAT-015 in 100 places" in text
    assert run_json("check", path, code=1)["images"][0]["totals"]["BAT-006"] == 299


def test_a_sector_of_text_in_the_table_is_one_finding(tmp_path: Path) -> None:
    """512 bytes of text are 64 entries, each with reserved bits set."""
    path = make(
        tmp_path, Recipe("text", geometry=Geometry(virtual_disk_size=2048 * MIB), bat=Bat((Block(0, fills=()),)))
    ).path
    with path.open("r+b") as file:
        file.seek(3 * MIB + 512)
        file.write(b"TECTORELDAMAGED!"[:16] * 32)
    text = run("check", path, code=1).stdout
    assert len(re.findall(r"^  0x.*bat\[", text, re.M)) == 1
    assert "BAT-002 in 64 places" in text
    assert text.splitlines()[-1].startswith(f"damaged: {64 * MIB} of {2048 * MIB} guest bytes cannot be read")


def test_the_unused_end_of_the_last_block_is_no_loss(tmp_path: Path) -> None:
    geometry = Geometry(virtual_disk_size=3 * MIB - 512 * 1024)
    path = make(tmp_path, Recipe("short", geometry=geometry, bat=Bat((Block(2),)))).path
    with path.open("r+b") as file:
        file.truncate(4 * MIB + 512 * 1024)
    report = run_json("check", path)["images"][0]
    assert (report["state"], report["cut"], report["lost"]["bytes"]) == ("usable", None, 0)


def test_an_entry_that_names_a_place_beyond_all_reason_is_no_cut(tmp_path: Path) -> None:
    path = make(
        tmp_path, Recipe("wild", bat=Bat((Block(0), Block(1, file_offset_mb=1 << 20))), file_length=6 * MIB)
    ).path
    report = run_json("check", path, code=1)["images"][0]
    assert (report["state"], report["cut"]) == ("damaged", None)


def test_a_bitmap_behind_the_end_is_named_too(tmp_path: Path) -> None:
    base = Recipe("base", geometry=Geometry(virtual_disk_size=8 * MIB), bat=Bat((Block(1),)))
    bat = Bat((Block(1, 7, sectors=((8, 16),)),), order="descending")  # the bitmap behind the block
    child = Recipe("child", geometry=Geometry("differencing", 8 * MIB), bat=bat)
    path = expand_chain((base, child))[1].write(tmp_path)
    with path.open("r+b") as file:
        file.truncate(5 * MIB + 4096)
    report = run_json("check", path, code=1)["images"][0]
    assert report["cut"]["needed_size"] == 6 * MIB
    assert report["lost"]["ranges"] == [{"start": MIB, "length": MIB}]


def test_a_file_shorter_than_its_log_says_is_named_and_checked_on_request(tmp_path: Path) -> None:
    recipe = Recipe("dirty", bat=Bat((Block(0), Block(2))), log=Log((LogEntry((Hide("bat"),)),)))
    path = make(tmp_path, recipe).path
    with path.open("r+b") as file:
        file.truncate(5 * MIB)
    sentence = f"the file ends at {size_text(5 * MIB)}; its structures need at least {size_text(6 * MIB)}; "
    sentence += "1 of 2 blocks is whole"
    refused = run_json("check", path, code=1)["images"][0]
    assert (refused["state"], refused["cut"]["text"]) == ("unreadable", sentence)
    assert "--salvage" in refused["hint"]
    report = run_json("check", "--salvage", path, code=1)["images"][0]
    assert (report["state"], report["totals"]) == ("damaged", {"LOG-025": 1})
    assert report["lost"]["ranges"] == [{"start": 2 * MIB, "length": MIB}]
    info = run_json("info", path, code=1)
    assert (info["cut"]["text"], info["log"]["replay"]["bytes_missing"]) == (sentence, MIB)
    assert sentence in run("convert", path, tmp_path / "out.raw", code=3).stderr


@pytest.mark.parametrize("blocks", [[0], [0, 200_000]])
def test_a_glance_at_a_huge_table_says_how_far_it_looked(blocks: list[int], tmp_path: Path) -> None:
    made = expand(
        Recipe(
            "huge",
            geometry=Geometry(virtual_disk_size=64 << 40, block_size=256 * MIB),
            bat=Bat(tuple(Block(number, fills=()) for number in blocks)),
        )
    )
    path = made.write(tmp_path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 256 * MIB)
    code = int(blocks == [0])
    info = run_json("info", path, code=code)
    assert info["table"]["looked_at"] < info["table"]["entries"]
    assert (info["cut"] is not None) == (blocks == [0])
    assert f"{info['table']['looked_at']} of {info['table']['entries']} entries" in run("info", path, code=code).stdout
    assert run_json("check", path, code=1)["images"][0]["cut"]["blocks"] == len(blocks)


def test_reading_what_is_there_needs_no_salvage(tmp_path: Path) -> None:
    made = expand(Recipe("part", bat=Bat((Block(0), Block(2)))))
    with vhdx.open(made.to_bytes()[: 5 * MIB + 4096]) as disk:
        assert disk.read_at(0, 2 * MIB) == made.expected.read(0, 2 * MIB)
        assert disk.read_at(2 * MIB, 4096) == made.expected.read(2 * MIB, 4096)
        with pytest.raises(vhdx.IntegrityError, match=r"^<bytes>: the file ends at .*BAT-006") as caught:
            disk.read_at(2 * MIB, 4097)
        assert "`salvage=True`" in caught.value.hint
