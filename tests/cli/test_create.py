"""`vhdx create`: options, what it prints, and that its examples run as they stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.support import MIB, SAMPLE, TIB, listing, make, run, run_json
from vhdx_runtime import __version__
from vhdx_runtime.cli.convert import _EPILOG as OF_CONVERT
from vhdx_runtime.cli.create import _EPILOG as OF_CREATE


def examples(epilog: str) -> list[str]:
    """The command lines of an epilogue."""
    return [line.strip() for line in epilog.splitlines() if line.startswith("  ")]


def test_the_examples_of_the_help_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = examples(OF_CREATE)
    assert len(lines) >= 5
    for line in lines:
        run(*line.split()[1:])
        assert "healthy" in run("check", line.split()[2]).stdout
    assert listing(tmp_path) == sorted(line.split()[2] for line in lines)


def test_the_examples_of_convert_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that need no other program and no folder of somebody's."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path, SAMPLE).path.rename("disk.vhdx")
    lines = [line for line in examples(OF_CONVERT) if not set(line) & set("|>;") and "/disks" not in line]
    assert len(lines) >= 4
    for line in lines:
        run(*line.split()[1:])


def test_a_dynamic_image_of_64_tib_takes_next_to_no_room(tmp_path: Path) -> None:
    record = run_json("create", tmp_path / "huge.vhdx", "--size", "64T")
    assert record["virtual_size"] == 64 * TIB
    assert record["block_size"] == 32 * MIB
    assert record["stored"] < 4 * MIB


def test_every_option_arrives(tmp_path: Path) -> None:
    words = (
        "--size 20M --type fixed --block-size 4M --logical-sector-size 4096 --physical-sector-size 4096 --log-size 2M"
    )
    record = run_json("create", tmp_path / "new", *words.split(), "--allocate", "--creator", "somebody")
    wanted = {
        "disk_type": "fixed",
        "virtual_size": 20 * MIB,
        "block_size": 4 * MIB,
        "logical_sector_size": 4096,
        "physical_sector_size": 4096,
        "log_size": 2 * MIB,
    }
    assert {name: record[name] for name in wanted} == wanted
    assert record["stored"] >= record["file_size"]
    info = run_json("info", tmp_path / "new")
    assert info["creator"] == "somebody"
    run("create", tmp_path / "other", "--size", "5M", "--block-state", "zero")
    assert run_json("info", tmp_path / "other")["creator"] == f"vhdx-runtime {__version__}"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--size", "1Q"], 2, "is not a size"),
        ([], 2, "size is missing"),
        (["--type", "differencing", "--size", "1M"], 2, "needs a parent"),
        (["--parent", "nowhere.vhdx"], 3, "nowhere.vhdx"),
        (["--parent", "sample.vhdx", "--logical-sector-size", "4096"], 2, "sectors of 512 bytes"),
        (["--parent", "sample.vhdx", "--parent-path", "vm/base.vhdx"], 2, "no absolute Windows path"),
    ],
)
def test_wrong_usage_is_one_line_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, SAMPLE)
    assert said in run("create", "new.vhdx", *words, code=code).stderr
    assert listing(tmp_path) == ["sample.vhdx"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    stderr = run("create", tmp_path / "no" / "new.vhdx", "--size", "1M", code=3).stderr
    assert stderr.startswith(f"vhdx: error: {tmp_path}/no/new.vhdx: ")


def test_a_hint_is_given_where_the_host_file_is_sparse(tmp_path: Path) -> None:
    assert "Hyper-V" in run("create", tmp_path / "sparse", "--size", "1G").stderr
    assert run("create", tmp_path / "full.vhdx", "--size", "1M", "--allocate").stderr == ""


def test_a_child_elsewhere_says_how_it_is_read(tmp_path: Path) -> None:
    base = make(tmp_path, SAMPLE)
    (tmp_path / "children").mkdir()
    out = tmp_path / "children" / "new.avhdx"
    said = run("create", out, "--parent", base.path).stderr
    assert f"--parent-dir {tmp_path}" in said
    assert run("read", "--parent-dir", tmp_path, out, "-o", "-").stdout_bytes == base.disk
    assert "--parent-dir" not in run("create", tmp_path / "near.avhdx", "--parent", base.path).stderr
    assert os.path.exists(out)


@pytest.mark.parametrize("name", ["CON.vhdx", "nul", "a\nb.vhdx", "...", " "])
def test_a_child_of_a_parent_that_it_could_not_find_is_not_made(tmp_path: Path, name: str) -> None:
    run("create", tmp_path / name, "--size", "1M")
    assert "rename the parent" in run("create", tmp_path / "c.vhdx", "--parent", tmp_path / name, code=3).stderr
    assert not (tmp_path / "c.vhdx").exists()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10GB", 10 << 30),  # as PowerShell has it, and whoever uses Hyper-V
        ("1.5G", 3 << 29),  # as qemu-img has it
        ("10 GiB", 10 << 30),
        ("512M", 512 << 20),
        ("512mb", 512 << 20),
        ("2048s", 1 << 20),
        ("0.5T", 1 << 39),
        ("4096B", 4096),
    ],
)
def test_sizes_are_taken_as_people_write_them(tmp_path: Path, text: str, size: int) -> None:
    assert run_json("create", tmp_path / "new.vhdx", "--size", text)["virtual_size"] == size


@pytest.mark.parametrize("text", ["1.5", "10Gb/s", "1,5G", "G", "-1G", "1e9", "10 G B", "1.G", ".5G", "10XB"])
def test_what_is_no_size_is_refused_with_how_one_is_written(tmp_path: Path, text: str) -> None:
    error = run("create", tmp_path / "new.vhdx", f"--size={text}", code=2).stderr
    assert "is not a size; write 4096" in error
    assert "hint: " in error
    assert not (tmp_path / "new.vhdx").exists()


def test_a_name_that_does_not_say_vhdx_is_warned_of(tmp_path: Path) -> None:
    assert "does not end in .vhdx" in run("create", tmp_path / "a.txt", "--size", "1M").stderr
    for name in ("a.vhdx", "A.VHDX", "a.avhdx"):
        assert "warning" not in run("create", tmp_path / name, "--size", "1M", "--force").stderr


@pytest.mark.parametrize("name", ["a.raw", "a.img", "a.vhd", "A.VHD"])
def test_a_name_of_another_format_makes_no_vhdx(tmp_path: Path, name: str) -> None:
    error = run("create", tmp_path / name, "--size", "1M", code=2).stderr
    assert "and a VHDX is made here" in error
    assert "hint: end it in .vhdx" in error
    assert listing(tmp_path) == []


def test_what_makes_a_vhdx_says_that_it_is_sparse_and_how_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "in.raw").write_bytes(bytes(8 * MIB))
    for words in (("create", "one.vhdx", "--size", "8M", "--type", "fixed"), ("convert", "in.raw", "two.vhdx")):
        words = tuple(str(tmp_path / word) if "." in word else word for word in words)
        if run_json(*words).get("stored", 0) is None:
            pytest.skip("the file system does not say what it stores")
        assert "note: the file is sparse" in run(*words, "--force").stderr
        assert "sparse" not in run(*words, "--force", "--allocate").stderr


def test_the_help_of_convert_speaks_of_no_children() -> None:
    options = run("convert", "--help").stdout.partition("Options:")[2]
    assert "Default 4096." in options
    assert "a child has its parent's" not in " ".join(options.split())
    assert "a child has its parent's" in " ".join(run("create", "--help").stdout.split())
