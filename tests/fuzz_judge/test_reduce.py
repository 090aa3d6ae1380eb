"""Reducing: the result is as small as the property allows, and still has it."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from crc32c import crc32c

import vhdx_runtime as vhdx
from tests.support.patience import slowness
from vhdx_runtime.conformance import (
    Bat,
    Block,
    BytesOverride,
    FieldOverride,
    Fill,
    Geometry,
    Hide,
    Log,
    LogEntry,
    Metadata,
    Recipe,
    Zeros,
    expand,
)
from vhdx_runtime.conformance.recipes.recipe import Item
from vhdx_runtime.fuzz.reduce import reduce
from vhdx_runtime.fuzz.reduce.reduce import NotFailing, Reduced, Wish, reduce_image

pytestmark = pytest.mark.slow

KIB, MIB, TIB = 1 << 10, 1 << 20, 1 << 40
MARK = b"the one that matters"
GREP = Wish(("grep", "-qa", MARK.decode(), "{}"), code=0)
RICH = Recipe(
    name="rich",
    geometry=Geometry(virtual_disk_size=10 * MIB),
    metadata=Metadata(extra=(Item("11111111-1111-1111-1111-111111111111", b"a user's item", is_user=True),)),
    bat=Bat(
        (
            Block(0, fills=(Fill(0, 70_000),)),
            Block(3, fills=(Fill(700 * KIB, len(MARK), MARK),)),
            Block(5, fills=(Fill(MIB - 9000, 9000),)),
        ),
        order="descending",
        spacing_mb=3,
    ),
    log=Log((LogEntry((Hide("metadata"),)), LogEntry((Zeros("payload[5]", 0, 8 * KIB),)))),
)
CALLS = Callable[[Path], int]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def write(folder: Path, recipe: Recipe) -> Path:
    return expand(recipe).write(folder)


def judged_by(monkeypatch: pytest.MonkeyPatch, has_property: Callable[[Path], bool]) -> Wish:
    """A wish whose command is a function of this process: it ends with 3 where the property is there."""

    def run(_: object, image: Path, __: float) -> reduce.Ending:
        return reduce.Ending(3 if has_property(image) else 0, b"")

    monkeypatch.setattr(reduce, "run", run)
    return Wish(("none",))


@pytest.mark.slow
def test_of_an_image_that_is_searched_for_a_text_only_the_text_is_left(tmp_path: Path, home: Path) -> None:
    image = write(tmp_path, RICH)
    before = image.read_bytes()
    result, told = reduce_image(image, GREP, home)
    data = result.read_bytes()
    assert data.strip(b"\0") == MARK
    assert data.endswith(MARK)
    assert told.after.nonzero == len(MARK) - MARK.count(0)
    assert told.is_complete
    assert told.before.apparent == len(before)
    assert told.runs < 200
    assert image.read_bytes() == before


@pytest.mark.slow
def test_the_same_image_and_command_give_the_same_result(tmp_path: Path) -> None:
    image = write(tmp_path, Recipe(bat=Bat((Block(1, fills=(Fill(5000, len(MARK), MARK),)),))))
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        result, told = reduce_image(image, GREP, tmp_path / name)
        found.append((result.read_bytes(), told.steps, told.runs))
    assert found[0] == found[1]


def opened_with_mark(image: Path) -> bool:
    """Our reader opens the image, and finds the mark in the disk."""
    try:
        with vhdx.open(image) as disk:
            return any(
                MARK in disk.read_at(piece.virtual_offset, piece.length)
                for piece in disk.ranges()
                if piece.kind in ("data", "log")
            )
    except vhdx.VhdxError:
        return False


def test_what_a_reader_needs_stays_and_nothing_else(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = write(tmp_path, RICH)
    assert opened_with_mark(image)
    result, told = reduce_image(image, judged_by(monkeypatch, opened_with_mark), home)
    assert opened_with_mark(result)
    data = result.read_bytes()
    assert MARK in data
    assert told.is_complete
    assert len(data) <= 5 * MIB, "header section, metadata, BAT and a block of 1 MiB"
    assert told.after.nonzero < 260
    assert b"a user's item" not in data
    assert b"loge" not in data
    assert data.count(b"head") == 1, "one header is enough"
    assert data.count(b"regi") == 1, "one region table is enough"
    (metadata,) = [at for at in range(0, len(data), MIB) if data.startswith(b"metadata", at)]
    assert struct.unpack_from("<H", data, metadata + 10)[0] == 3, "block size, disk size and sector size"


def crc_of_header_is_right(data: bytes) -> bool:
    """Header 1 has its signature and the right checksum."""
    header = data[64 * KIB : 68 * KIB]
    stored = struct.unpack_from("<I", header, 4)[0] if len(header) == 4096 else None
    return header[:4] == b"head" and stored == crc32c(header[:4] + bytes(4) + header[8:])


@pytest.mark.parametrize("seal", [True, False])
def test_checksums_follow_when_asked(seal: bool, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = write(tmp_path, Recipe())
    wish = judged_by(monkeypatch, lambda path: crc_of_header_is_right(path.read_bytes()))
    result, told = reduce_image(image, replace(wish, seal=seal), home)
    data = result.read_bytes()
    assert crc_of_header_is_right(data)
    assert len(data) == 68 * KIB
    used = len(data) - data.count(0)
    assert used == told.after.nonzero
    if seal:
        assert used <= 8, "signature and checksum"
    else:
        assert used > 40, "no byte can be changed by itself"


def test_a_checksum_that_was_wrong_stays_wrong(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(overrides=(FieldOverride("header_1", "checksum", 0x12345678, is_sealed=False),))

    def is_wrong(path: Path) -> bool:
        data = path.read_bytes()
        return data[64 * KIB :].startswith(b"head") and not crc_of_header_is_right(data)

    result, _ = reduce_image(write(tmp_path, recipe), judged_by(monkeypatch, is_wrong), home)
    assert is_wrong(result)
    assert result.read_bytes().strip(b"\0") == b"head"


def test_a_log_entry_that_matters_stays_and_the_others_go(tmp_path: Path, home: Path) -> None:
    log = Log(
        tuple(LogEntry((Hide("payload[0]", number * 4096, 4096, "noise"),), label=f"e{number}") for number in range(3))
    )
    blocks = (Block(0, fills=(Fill(4096 + 8, len(MARK), MARK),)),)
    image = write(tmp_path, Recipe(bat=Bat(blocks), log=log))
    assert image.read_bytes().count(MARK) == 1, "in the log only"
    result, _ = reduce_image(image, GREP, home)
    assert result.read_bytes().strip(b"\0") == MARK


def test_what_a_command_does_to_its_copy_is_not_kept(tmp_path: Path, home: Path) -> None:
    image = tmp_path / "x"
    image.write_bytes(b"the first, the one, the last")
    script = 'grep -qa \'the one\' "$1" || exit 0; printf spoiled >> "$1"; exit 3'
    result, told = reduce_image(image, Wish(("sh", "-c", script, "sh")), home)
    assert told.ending == "exit code 3"
    assert result.read_bytes() == bytes(11) + b"the one"


@pytest.mark.slow
def test_a_huge_sparse_image_is_handled(tmp_path: Path, home: Path) -> None:
    geometry = Geometry(virtual_disk_size=64 * TIB, block_size=256 * MIB)
    block = Block(200_000, fills=(Fill(3 * MIB, len(MARK), MARK),), file_offset_mb=1 << 20)
    image = write(tmp_path, Recipe(geometry=geometry, bat=Bat((Block(0, fills=(Fill(0, 50_000),)), block))))
    assert image.stat().st_size > TIB
    result, told = reduce_image(image, replace(GREP, code=None, command=("sh", "-c", SEARCH, "sh")), home)
    assert told.is_complete
    assert result.stat().st_size < 8 * MIB
    assert result.read_bytes().strip(b"\0") == MARK


# grep would read the holes: look where blocks may be.
SEARCH = (
    f'"{sys.executable}" -c "'
    "import os, sys; f = os.open(sys.argv[1], 0); p = 0; s = os.fstat(f).st_size; found = False\n"
    "while p < s:\n"
    "    try: p = os.lseek(f, p, os.SEEK_DATA)\n"
    "    except OSError: break\n"
    "    e = os.lseek(f, p, os.SEEK_HOLE); found |= b'the one that matters' in os.pread(f, e - p, p); p = e\n"
    'sys.exit(5 if found else 0)" "$1"'
)


def test_the_time_is_kept_and_what_was_reached_is_the_result(tmp_path: Path, home: Path) -> None:
    image = write(tmp_path, RICH)
    script = "sleep 0.05; grep -qa 'the one that matters' \"$1\" && exit 3; exit 0"
    result, told = reduce_image(image, Wish(("sh", "-c", script, "sh"), seconds=1.5 * slowness()), home)
    assert not told.is_complete
    assert len(told.steps) > 0
    assert MARK in result.read_bytes()


def test_an_endless_command_is_an_ending_too(tmp_path: Path, home: Path) -> None:
    image = tmp_path / "x"
    image.write_bytes(b"abcdefgh")
    script = 'grep -qa d "$1" && sleep 60; exit 0'
    result, told = reduce_image(image, Wish(("sh", "-c", script, "sh"), timeout=0.3 * slowness()), home)
    assert told.ending == "not done in time"
    assert result.read_bytes() == bytes(3) + b"d"


def test_standard_error_can_be_what_counts(tmp_path: Path, home: Path) -> None:
    image = tmp_path / "x"
    image.write_bytes(b"--a--b--")
    script = "grep -qa a \"$1\" && echo 'fatal: a' >&2; grep -qa b \"$1\" && echo 'fatal: b' >&2; exit 1"
    wish = Wish(("sh", "-c", script, "sh"), errors=re.compile(rb"fatal: b"))
    result, _ = reduce_image(image, wish, home)
    assert result.read_bytes() == bytes(5) + b"b"


@pytest.mark.parametrize(
    ("command", "more", "words"),
    [
        (("true",), {}, "the command succeeds on the image"),
        (("false",), {"code": 2}, "ends with exit code 1, and not in the way asked for"),
        (("sh", "-c", "kill -SEGV $$"), {"code": 1}, "ends with SIGSEGV, and not"),
        (("false",), {"errors": re.compile(b"fatal")}, "and not in the way asked for"),
    ],
)
def test_a_command_that_does_not_fail_so_is_said(
    command: tuple[str, ...], more: dict[str, object], words: str, tmp_path: Path, home: Path
) -> None:
    image = write(tmp_path, Recipe())
    with pytest.raises(NotFailing, match=re.escape(words)):
        reduce_image(image, replace(Wish(command), **more), home)


def test_a_signal_is_matched_as_such(tmp_path: Path, home: Path) -> None:
    image = tmp_path / "x"
    image.write_bytes(b"zzKzz")
    result, told = reduce_image(image, Wish(("sh", "-c", 'grep -qa K "$1" && kill -ABRT $$; exit 134', "sh")), home)
    assert (told.ending, result.read_bytes()) == ("SIGABRT", b"\0\0K")


@pytest.mark.slow
def test_data_move_down_and_the_file_is_cut(tmp_path: Path, home: Path) -> None:
    recipe = Recipe(bat=Bat((Block(1, fills=(Fill(0, len(MARK), MARK),)),), spacing_mb=40))
    image = write(tmp_path, recipe)
    assert image.stat().st_size > 44 * MIB
    result, _ = reduce_image(image, GREP, home)
    assert result.read_bytes() == bytes(MIB) + MARK


def test_noise_without_a_structure_is_reduced_all_the_same(tmp_path: Path, home: Path) -> None:
    recipe = Recipe(overrides=(BytesOverride("file", 0, b"\xff" * 66_000), BytesOverride("file", 12_345, MARK)))
    result, _ = reduce_image(write(tmp_path, recipe), GREP, home)
    assert result.read_bytes() == bytes(12_345) + MARK


def test_an_empty_file_is_no_trouble(tmp_path: Path, home: Path) -> None:
    (tmp_path / "empty").touch()
    result, told = reduce_image(tmp_path / "empty", Wish(("false",)), home)
    assert (result.read_bytes(), told.steps, told.is_complete) == (b"", (), True)
    assert isinstance(told, Reduced)
