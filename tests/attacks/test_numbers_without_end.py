"""Numbers past all bounds, standard streams that are not there, and lists without an end: a clear error, or nothing."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from vhdx_format.layout import PACKED_LITERAL, PACKED_MAGIC

import vhdx_runtime as vhdx
from tests.attacks.amplifiers import MIB, one_bitmap
from tests.cli.support import SAMPLE, Made, make, run
from tests.support.patience import HANG, assert_quick

ENDLESS = 10**20
VHDX = [sys.executable, "-c", 'from vhdx_runtime.cli import main; main(prog_name="vhdx")']

posix = pytest.mark.skipif(os.name == "nt", reason="closed streams as a POSIX shell makes them")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make(tmp_path, SAMPLE)


@pytest.mark.parametrize("words", [("--depth", ENDLESS), ("--limit", ENDLESS), ("--depth", ENDLESS, "--json")])
def test_a_tree_is_shown_to_a_depth_without_end(words: tuple[object, ...], made: Made) -> None:
    assert "header_1" in run("inspect", *words, made.path, "header_1").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("map", "--offset", ENDLESS), "is behind the end of the disk"),
        (("map", "--limit", ENDLESS), "in all:"),
        (("map", "--length", f"{ENDLESS}T"), "in all:"),
        (("explain", "--disk", ENDLESS), "there is none at"),
        (("explain", "--file", ENDLESS), "there is none at"),
        (("read", "--offset", ENDLESS), "is behind the end of the disk"),
        (("repair", "--set", f"bat_region={ENDLESS}"), "does not fit into the 8 bytes of the field"),
    ],
)
def test_an_integer_past_two_to_the_63_is_taken_for_what_it_is(
    words: tuple[object, ...], said: str, made: Made
) -> None:
    from click.testing import CliRunner

    from vhdx_runtime.cli import main

    result = CliRunner().invoke(main, [*map(str, words), str(made.path)], prog_name="vhdx")
    assert isinstance(result.exception, SystemExit | None)
    assert said in result.output


def closed(words: list[str], *streams: int) -> tuple[int, str]:
    """Run a command with some streams closed; its exit code and what it said on stderr."""
    shell = "exec " + '"$@" ' + " ".join(f"{number}>&-" for number in streams)
    done = subprocess.run(["sh", "-c", shell, "sh", *VHDX, *words], stderr=subprocess.PIPE, text=True, timeout=HANG)
    return done.returncode, done.stderr


@posix
@pytest.mark.parametrize("command", ["info", "map", "read"])
def test_standard_output_is_closed(command: str, made: Made) -> None:
    assert closed([command, str(made.path)], 1) == (3, "vhdx: error: standard output: Bad file descriptor\n")


@posix
def test_an_image_gets_the_number_of_a_closed_stream_and_is_written_to(made: Made) -> None:
    before = made.path.read_bytes()
    code, said = closed(["repair", "--apply", "--offer", "*", str(made.path)], 1)
    assert (code, "Bad file descriptor" in said) == (3, True)
    assert made.path.read_bytes() == before


@posix
def test_errors_have_nowhere_to_go(made: Made) -> None:
    assert closed(["convert", str(made.path), str(made.path) + ".raw"], 0, 2)[0] == 0
    assert Path(f"{made.path}.raw").read_bytes() == made.disk


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full: not here")
def test_the_disk_of_standard_output_is_full(made: Made) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*VHDX, "map", str(made.path)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=HANG
        )
    assert done.returncode == 3
    assert done.stderr.startswith("vhdx: error: standard output: No space left on device\nhint: ")


def test_a_list_of_ranges_ends_although_blocks_share_a_bitmap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = one_bitmap(tmp_path / "x.vhdx")
    result = run("map", "--limit", 100, "--json", "--without-parent", image)
    assert len(json.loads(result.stdout)) == 100
    assert "there are more ranges than 100" in result.stderr
    monkeypatch.setattr("vhdx_runtime.cli.map._most", lambda disk: 100)
    said = run("map", "--without-parent", image, code=1).output
    assert "more than 100 ranges" in said
    assert said.count("\n") < 110
    result = run("map", "--json", "--without-parent", image, code=1)
    with pytest.raises(json.JSONDecodeError):  # a part of a list must not be taken for the list
        json.loads(result.stdout)


def test_a_list_of_ranges_can_be_left_at_any_time(tmp_path: Path) -> None:
    with vhdx.open(one_bitmap(tmp_path / "x.vhdx"), without_parent=True) as disk:
        ranges = disk.ranges(0, ENDLESS)
        assert next(ranges).length == 512
        ranges.close()  # type: ignore[attr-defined]
        assert list(disk.ranges(ENDLESS, ENDLESS)) == []
        assert len(list(disk.ranges(0, MIB))) == 2048


@pytest.mark.parametrize(
    "words", [("--query", ".bat.entries[{}]"), ("--select", "bat[{}]"), ("--select", "block[1..{}]"), ("bat[{}]",)]
)
def test_an_index_has_more_digits_than_python_reads(words: tuple[str, ...], made: Made) -> None:
    said = run("inspect", made.path, *(word.format("9" * 5000) for word in words), code=2).stderr
    assert "digits" in said or "nothing in the file is called" in said
    assert "4300" not in said


def test_a_seed_of_16_bytes_claims_a_tebibyte(tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    seed.write_bytes(PACKED_MAGIC + (1 << 40).to_bytes(8, "little"))
    said = run("fuzz", "unpack", seed, tmp_path / "out", "--max-size", "1T").output
    assert said.startswith(f"{tmp_path / 'out'}: 1 TiB")
    made = (tmp_path / "out").stat()
    assert (made.st_size, getattr(made, "st_blocks", 0) < 64) == (1 << 40, True)


def test_a_run_of_zeros_over_another_one_is_written(tmp_path: Path) -> None:
    runs = b"".join(PACKED_LITERAL + struct.pack("<QQ", 4, len(data)) + data for data in (b"sixsix", bytes(4)))
    (tmp_path / "seed").write_bytes(PACKED_MAGIC + struct.pack("<Q", 12) + runs)
    run("fuzz", "unpack", tmp_path / "seed", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == bytes(8) + b"ix" + bytes(2)


@posix
@pytest.mark.parametrize("name", ["/dev/zero", "folder", "fifo"])
def test_a_seed_is_no_regular_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    assert run("fuzz", "unpack", tmp_path / name, tmp_path / "out", code=3).stderr.startswith("vhdx: error: ")


def test_a_pattern_of_stars_is_matched_in_time(made: Made) -> None:
    start = time.process_time()
    said = run("inspect", made.path, "--select", "*" * 28 + "x*e" * 9 + "!", code=2).stderr
    assert "nothing has an address like" in said
    assert_quick(time.process_time() - start, 2)
