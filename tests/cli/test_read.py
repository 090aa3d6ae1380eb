"""`vhdx read` gives the guest's bytes, to standard output, to a file, or in JSON."""

from __future__ import annotations

import base64
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import BROKEN, DIRTY, MIB, SAMPLE, listing, make, make_chain, run, run_json
from vhdx_runtime.cli.common import parse_size

COMMAND = [sys.executable, "-c", "from vhdx_runtime.cli import main; main(prog_name='vhdx')"]


def test_a_log_that_is_left_out_is_warned_of(tmp_path: Path) -> None:
    for recipe, count in ((DIRTY, 1), (SAMPLE, 0)):
        warned = run("read", "--log", "ignore", make(tmp_path, recipe).path).stderr
        assert warned.count("warning: ") == warned.count("the log is left out") == count


@pytest.mark.parametrize("recipe", [SAMPLE, DIRTY], ids=lambda recipe: recipe.name)
def test_any_range_is_what_the_guest_sees(tmp_path: Path, recipe: object) -> None:
    made = make(tmp_path, recipe)  # type: ignore[arg-type]
    chance = random.Random(11)
    for _ in range(30):
        offset = chance.randrange(len(made.disk))
        length = chance.choice((0, 1, 511, 4096, MIB + 3))
        expected = made.disk[offset : offset + length]
        assert run("read", "--offset", offset, "--length", length, made.path).stdout_bytes == expected


def test_without_offset_and_length_the_whole_disk_is_read(tmp_path: Path) -> None:
    made = make_chain(tmp_path)["child"]
    assert run("read", made.path).stdout_bytes == made.disk


def test_sizes_have_units(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    found = run("read", "--offset", "2M", "--length", "0x20000", made.path).stdout_bytes
    assert found == made.disk[2 * MIB : 2 * MIB + 0x20000]


def test_sectors_are_of_512_bytes(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    assert (
        run("read", "--offset", "4224s", "--length", "3S", made.path).stdout_bytes == made.disk[4224 * 512 : 4227 * 512]
    )
    assert run_json("explain", "--disk", "4224s", made.path)["virtual_offset"] == 4224 * 512
    assert run_json("explain", "--file", "6144s", made.path)["file_offset"] == 6144 * 512
    assert run_json("map", "--offset", "4096s", "--length", "2s", made.path)[0]["start"] == 4096 * 512


@pytest.mark.parametrize("text", ["", "K", "1sib", "s", "1.5", "-1", "1 KB/s", "0x", "12Q", "1 2", "1ib", "١"])
def test_what_is_no_size_is_wrong_usage(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)
    result = run("read", f"--length={text}", make(tmp_path, SAMPLE).path, code=2)
    assert "is not a size" in " ".join(result.stderr.split())


def test_a_range_past_the_end_is_cut_with_a_warning(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    result = run("read", "--offset", 8 * MIB - 5, "--length", 100, made.path)
    assert result.stdout_bytes == made.disk[-5:]
    assert "vhdx: warning: the disk ends at 0x800000" in result.stderr
    run("read", "--offset", 8 * MIB + 1, made.path, code=2)


def test_json_holds_the_bytes(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    found = run_json("read", "--offset", 10, "--length", 100, made.path)
    assert (found["offset"], found["length"]) == (10, 100)
    assert base64.b64decode(found["data"]) == made.disk[10:110]


def test_a_file_is_written_whole_and_never_replaced_unasked(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    out = tmp_path / "part.bin"
    found = run_json("read", "--offset", "1M", "--length", "3M", "-o", out, made.path)
    assert (found["output"], "data" in found) == (str(out), False)
    assert out.read_bytes() == made.disk[MIB : 4 * MIB]
    assert "exists\nhint: `--force` replaces it" in run("read", "--length", 1, "-o", out, made.path, code=2).stderr
    run("read", "--length", 1, "-o", out, "--force", made.path)
    assert out.read_bytes() == made.disk[:1]
    assert listing(tmp_path) == ["part.bin", "sample.vhdx"]


def test_an_unreadable_block_is_an_error_unless_salvaged(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    result = run("read", "--offset", "1M", "--length", 512, made.path, code=1)
    assert result.stdout_bytes == b""
    assert result.stderr.startswith(f"vhdx: error: {made.path}: bat[1] state")
    salvaged = run("read", "--salvage", made.path, code=1)
    assert salvaged.stdout_bytes == made.disk
    assert "3 MiB (3145728 bytes) in 2 ranges could not be read" in salvaged.stderr
    assert run_json("read", "--salvage", "--length", "2M", made.path, code=1)["lost"]["bytes"] == MIB
    run("read", "--salvage", "--length", "1M", made.path)


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    path = make(tmp_path, SAMPLE).path
    with subprocess.Popen([*COMMAND, "read", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize("flags", [[], ["-u"]], ids=["buffered", "unbuffered"])
def test_a_slow_reader_gets_every_byte(tmp_path: Path, flags: list[str]) -> None:
    made = make(tmp_path, SAMPLE)
    done = subprocess.run([COMMAND[0], *flags, *COMMAND[1:], "read", made.path], capture_output=True, check=True)
    assert done.stdout == made.disk
