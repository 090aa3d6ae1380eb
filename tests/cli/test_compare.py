"""`vhdx compare` finds every difference, reads nothing for nothing, and ends with the codes of qemu-img compare."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import (
    BROKEN,
    DIRTY,
    HUGE,
    LONE,
    MIB,
    SAMPLE,
    Made,
    make,
    make_chain,
    run,
    run_json,
    unlike,
)
from tests.support.patience import assert_quick
from vhdx_runtime.codec.source import FileSource
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Recipe

OTHER = replace(
    SAMPLE,
    name="other",
    bat=Bat((Block(0), Block(2, fills=(Fill(0, 512), Fill(MIB - 100, 100))), Block(4, 2), Block(7, fills=()))),
)


def raw(made: Made, **changes: bytes) -> Path:
    """The disk as a raw image, with other bytes at the offsets `at_N`."""
    disk = bytearray(made.disk)
    for name, data in changes.items():
        offset = int(name.removeprefix("at_"))
        disk[offset : offset + len(data)] = data
    path = made.path.with_suffix(".raw")
    path.write_bytes(disk)
    return path


def found(report: Any) -> list[tuple[int, int]]:
    return [(part["start"], part["length"]) for part in report["differences"]]


def test_differences_are_those_of_the_flat_disks(tmp_path: Path) -> None:
    one, other = make(tmp_path, SAMPLE), make(tmp_path, OTHER)
    report = run_json("compare", one.path, other.path, code=1)
    expected = unlike(one.disk, other.disk)
    assert len(expected) > 3
    assert found(report) == expected
    assert (report["identical"], report["bytes"]) == (False, sum(length for _, length in expected))
    lines = run("compare", one.path, other.path, code=1).stdout.splitlines()
    assert len(lines) == 2 + len(expected) + 1


def test_members_of_a_chain_are_compared_through_the_chain(tmp_path: Path) -> None:
    made = make_chain(tmp_path)
    report = run_json("compare", made["base"].path, made["child"].path, code=1)
    assert found(report) == unlike(made["base"].disk, made["child"].disk)


@pytest.mark.parametrize("recipe", [SAMPLE, DIRTY, LONE], ids=lambda recipe: recipe.name)
def test_an_image_is_the_same_as_its_raw_copy(tmp_path: Path, recipe: Recipe) -> None:
    made = make(tmp_path, recipe)
    report = run_json("compare", made.path, raw(made))
    assert (report["identical"], report["differences"]) == (True, [])
    assert [report[side]["format"] for side in "ab"] == ["vhdx", "raw"]
    assert "The disks are the same." in run("compare", made.path, made.path.with_suffix(".raw")).stdout


@pytest.mark.parametrize("offset", [0, 511, 512, MIB - 1, 3 * MIB + 77, 8 * MIB - 1])
def test_a_single_byte_is_found_anywhere(tmp_path: Path, offset: int) -> None:
    made = make(tmp_path, SAMPLE)
    other = bytes([made.disk[offset] ^ 1])
    path = raw(made, **{f"at_{offset}": other})
    for pair in ((made.path, path), (path, made.path)):
        assert found(run_json("compare", *pair, code=1)) == [(offset // 512 * 512, 512)]


def test_what_both_take_from_the_same_place_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_chain(tmp_path)
    read: list[tuple[int, int]] = []
    genuine = FileSource.readinto_at

    def noted(self: FileSource, offset: int, buffer: memoryview) -> int:
        read.append((offset, len(buffer)))
        return genuine(self, offset, buffer)

    run("compare", made["child"].path, made["child"].path)
    monkeypatch.setattr(FileSource, "readinto_at", noted)
    run("compare", made["child"].path, made["child"].path)
    assert read == []
    run("compare", made["child"].path, made["middle"].path, code=1)
    assert sum(length for _, length in read) <= 2 * (MIB + 49 * 512)


def test_zeros_of_64_tib_are_not_read(tmp_path: Path) -> None:
    one = make(tmp_path, HUGE).path
    other = make(
        tmp_path, replace(HUGE, name="huger", bat=Bat((*HUGE.bat.blocks, Block(100_000, fills=(Fill(5, 1),)))))
    ).path
    start = time.process_time()
    report = run_json("compare", one, other, code=1)
    assert_quick(time.process_time() - start, 5)
    starts = [start for start, _ in found(report)]
    assert 100_000 * HUGE.geometry.block_size in starts


def test_different_sizes_are_the_same_if_the_rest_is_zero(tmp_path: Path) -> None:
    made = make(tmp_path, LONE)
    longer = raw(made)
    longer.write_bytes(made.disk + bytes(4096))
    for pair in ((made.path, longer), (longer, made.path)):
        result = run("compare", *pair)
        assert "vhdx: warning: the disks have different sizes" in result.stderr
        assert run_json("compare", "--strict", *pair, code=1)["identical"] is False
        assert "differ in size only" in run("compare", "--strict", *pair, code=1).stdout
    longer.write_bytes(made.disk + bytes(4096) + b"x")
    assert found(run_json("compare", made.path, longer, code=1)) == [(MIB + 4096, 1)]


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    one, other = make(tmp_path, SAMPLE).path, make(tmp_path, OTHER).path
    assert run("compare", "-q", one, other, code=1).output == ""
    assert run("compare", "-q", one, one).output == ""


def test_the_format_can_be_named(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    as_raw = run_json("compare", "--format-a", "raw", "--format-b", "raw", made.path, made.path)
    assert as_raw["a"]["size"] == made.path.stat().st_size
    run("compare", "--format-b", "vhdx", made.path, raw(made), code=2)


def test_a_vhdx_whose_signature_is_gone_is_no_raw_image(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    spoilt = bytearray(made.path.read_bytes())
    spoilt[:8] = bytes(8)
    (tmp_path / "spoilt").write_bytes(spoilt)
    assert "FTI-001" in run("compare", made.path, tmp_path / "spoilt", code=2).stderr


def test_what_cannot_be_opened_is_2_and_what_cannot_be_read_is_4(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    assert run("compare", made.path, tmp_path / "nowhere", code=2).stderr.startswith("vhdx: error: ")
    error = run("compare", made.path, raw(made), code=4).stderr
    assert error.startswith(f"vhdx: error: {made.path}: bat[1] state")
    (tmp_path / "zeros.raw").write_bytes(
        made.disk[:MIB] + bytes(2 * MIB) + made.disk[3 * MIB : 6 * MIB] + bytes(MIB) + made.disk[7 * MIB :]
    )
    report = run_json("compare", "--salvage", made.path, tmp_path / "zeros.raw", code=4)
    assert (report["bytes"], report["identical"]) == (0, False), "what nobody can read is not the same as zeros"
    report = run_json("compare", "--salvage", made.path, made.path.with_suffix(".raw"), code=4)
    assert (report["lost"]["a"]["bytes"], report["lost"]["b"]["bytes"]) == (3 * MIB, 0)


def test_qemu_img_ends_with_the_same_code(tmp_path: Path, qemu_img: Callable[..., Any]) -> None:
    one, other = make(tmp_path, SAMPLE), make(tmp_path, OTHER)
    longer = tmp_path / "longer.raw"
    longer.write_bytes(one.disk + bytes(MIB))
    nowhere = tmp_path / "nowhere.raw"
    cases = [
        (one.path, raw(one)), (one.path, raw(other)), (one.path, other.path), (one.path, longer), (longer, one.path),
        (one.path, nowhere),
    ]  # fmt: skip
    for first, second in cases:
        formats = [word for flag, path in (("-f", first), ("-F", second)) for word in (flag, path.suffix[1:])]
        theirs = qemu_img("compare", *formats, first, second, check=False)
        run("compare", first, second, code=theirs.returncode)
    assert qemu_img("compare", "-s", "-f", "raw", "-F", "raw", raw(one), longer, check=False).returncode == 1
    run("compare", "--strict", raw(one), longer, code=1)


def test_an_empty_file_is_a_raw_image_of_no_size(tmp_path: Path) -> None:
    empty = tmp_path / "empty.raw"
    empty.touch()
    zeros = make(tmp_path, Recipe(name="zeros", geometry=Geometry(virtual_disk_size=MIB)))
    assert run_json("compare", empty, zeros.path)["identical"] is True


def test_what_is_neither_a_container_nor_a_raw_image_is_not_compared_as_one(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    for name, content, word in (("empty.vhdx", b"", "empty"), ("packed.vhdx", b"\x1f\x8b\x08" * 99, "gzip")):
        (tmp_path / name).write_bytes(content)
        assert word in run("compare", "-q", tmp_path / name, made.path, code=2).stderr
    (tmp_path / "empty.raw").write_bytes(b"")
    run("compare", "-q", tmp_path / "empty.raw", made.path, code=1)
    run("compare", "-q", "--format-a", "raw", tmp_path / "packed.vhdx", made.path, code=1)
