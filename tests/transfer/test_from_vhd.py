"""A fixed VHD is read as the disk before its footer; a dynamic one, and a footer that is wrong, are refused."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import SAMPLE, make, run, run_json

MIB = 1 << 20
FLAT = random.Random(15).randbytes(70_000).ljust(2 * MIB, b"\0") + b"end of it".rjust(MIB, b"\0")


def footer(size: int, kind: int = 2) -> bytes:
    """The footer of a VHD, as its document has it: big-endian, with the complement of the sum of its bytes."""
    fields = struct.pack(
        ">8sIIQI4sI4sQQI", b"conectix", 2, 0x10000, (1 << 64) - 1, 1, b"tst ", 1, b"Wi2k", size, size, 0
    )
    bare = (fields + struct.pack(">I", kind) + bytes(4) + b"i" * 16).ljust(512, b"\0")
    return bare[:64] + struct.pack(">I", ~sum(bare) & 0xFFFFFFFF) + bare[68:]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", [("old.vhd",), ("--from", "vhd", "old.vhdx"), ("old.vhdx",)])
def test_a_fixed_vhd_is_converted_without_its_footer(folder: Path, words: tuple[str, ...]) -> None:
    (folder / words[-1]).write_bytes(FLAT + footer(len(FLAT)))
    for name in ("new.vhdx", "new.raw", "again.vhd"):
        record = run_json("convert", *words, name, "--verify")
        assert (record["source_format"], record["source_size"]) == ("vhd", len(FLAT))
    assert (folder / "new.raw").read_bytes() == FLAT == (folder / "again.vhd").read_bytes()[:-512]
    assert run("read", "new.vhdx", "-o", "-").stdout_bytes == FLAT


def test_a_fixed_vhd_is_compared_without_its_footer(folder: Path) -> None:
    (folder / "old.vhd").write_bytes(FLAT + footer(len(FLAT)))
    run("convert", "old.vhd", "new.vhdx")
    assert run_json("compare", "--strict", "old.vhd", "new.vhdx")["a"]["format"] == "vhd"
    assert run_json("compare", "--strict", "--format-b", "vhd", "new.vhdx", "old.vhd")["identical"]


def test_what_is_called_raw_keeps_its_last_sector(folder: Path) -> None:
    (folder / "disk.img").write_bytes(FLAT + footer(len(FLAT)))
    assert run_json("convert", "disk.img", "out.raw")["source_format"] == "raw"
    assert "ends with the footer of a VHD" in run("convert", "disk.img", "out.raw", "--force").stderr
    assert "ends with the footer of a VHD" in run("compare", "disk.img", "out.raw").stderr
    assert (folder / "out.raw").read_bytes() == (folder / "disk.img").read_bytes()


def test_a_vhdx_with_the_footer_of_a_vhd_behind_it_stays_one(folder: Path) -> None:
    made = make(folder, SAMPLE)
    with made.path.open("ab") as file:
        file.write(footer(made.path.stat().st_size))
    assert run_json("convert", made.path, "out.raw")["source_format"] == "vhdx"
    assert (folder / "out.raw").read_bytes() == made.disk


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (footer(len(FLAT), 3) + FLAT + footer(len(FLAT), 3), "is a dynamic VHD, or a child of one\nhint: `qemu-img"),
        (FLAT + footer(len(FLAT) + 512), "the footer says a disk of"),
        (FLAT + footer(len(FLAT))[:-1] + b"x", "expected 0x"),
        (FLAT, "no footer of a VHD stands at its end\nhint: "),
        (b"conectix", "no footer of a VHD stands at its end\nhint: "),
    ],
    ids=["dynamic", "other size", "checksum", "no footer", "too short"],
)
def test_what_is_no_fixed_vhd_is_refused_with_the_next_step(folder: Path, content: bytes, said: str) -> None:
    (folder / "old.vhd").write_bytes(content)
    for words, code in ((("convert", "--from", "vhd", "old.vhd", "new.vhdx"), 3),
                        (("compare", "--format-a", "vhd", "old.vhd", "old.vhd"), 2)):  # fmt: skip
        error = run(*words, code=code).stderr
        assert said in error
        assert "old.vhd: " in error
        assert "hint: " in error
    assert not (folder / "new.vhdx").exists()


def test_a_dynamic_vhd_is_refused_without_from_too(folder: Path) -> None:
    (folder / "old.vhd").write_bytes(footer(len(FLAT), 3) + FLAT + footer(len(FLAT), 3))
    assert (
        "hint: `qemu-img convert -f vpc -O vhdx old.vhd new.vhdx`" in run("convert", "old.vhd", "a.raw", code=3).stderr
    )


def test_a_fixed_vhd_of_qemu_is_read_as_qemu_reads_it(folder: Path, qemu_img: Callable[..., Any]) -> None:
    (folder / "in.raw").write_bytes(FLAT)
    qemu_img("convert", "-f", "raw", "-O", "vpc", "-o", "subformat=fixed", "in.raw", "old.vhd")
    run("convert", "old.vhd", "new.raw")
    qemu_img("convert", "-f", "vpc", "-O", "raw", "old.vhd", "theirs.raw")
    assert (folder / "new.raw").read_bytes() == (folder / "theirs.raw").read_bytes()
