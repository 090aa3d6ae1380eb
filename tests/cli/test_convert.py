"""`vhdx convert` writes the guest's bytes, keeps holes, and never leaves or harms a file that it should not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import vhdx_runtime.transfer.copying as copying
from tests.cli.support import (
    BROKEN,
    CHAIN,
    DIRTY,
    HUGE,
    KIB,
    LONE,
    MIB,
    SAMPLE,
    TORN,
    differencing,
    listing,
    make,
    make_chain,
    run,
    run_json,
)
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Recipe, expand_chain

FIXED = Recipe(
    name="fixed", geometry=Geometry("fixed", 16 * MIB), bat=Bat((Block(3, fills=(Fill(100 * KIB, 64 * KIB),)),))
)
ODD = Recipe(name="odd", geometry=Geometry(virtual_disk_size=3 * MIB - 512), bat=Bat((Block(2),)))


def stored(path: Path) -> int:
    """Bytes that a file takes on its file system."""
    return path.stat().st_blocks * 512


@pytest.mark.parametrize("recipe", [SAMPLE, DIRTY, TORN, LONE, FIXED, ODD], ids=lambda recipe: recipe.name)
def test_the_raw_image_is_what_the_guest_sees(tmp_path: Path, recipe: Recipe) -> None:
    made = make(tmp_path, recipe)
    out = tmp_path / "out.raw"
    record = run_json("convert", made.path, out)
    assert out.read_bytes() == made.disk
    assert (record["virtual_size"], record["lost"]["count"]) == (len(made.disk), 0)
    assert run("convert", made.path, "-").stdout_bytes == made.disk


def test_a_chain_becomes_one_image(tmp_path: Path) -> None:
    made = make_chain(tmp_path)["child"]
    record = run_json("convert", made.path, tmp_path / "out.raw")
    assert (tmp_path / "out.raw").read_bytes() == made.disk
    assert [Path(name).name for name in record["chain"]] == ["child.vhdx", "middle.vhdx", "base.vhdx"]


def test_holes_stay_holes(tmp_path: Path) -> None:
    out = tmp_path / "out.raw"
    made = make(tmp_path, SAMPLE)
    run("convert", made.path, out)
    assert stored(out) <= 4 * MIB
    run("convert", "--force", make(tmp_path, FIXED).path, out)
    assert stored(out) <= stored(tmp_path / "fixed.vhdx") < MIB


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[Path]:
    """A folder whose file system allows files of 64 TiB; skips where there is none."""
    for parent in (str(tmp_path), "/dev/shm"):
        with suppress(OSError), TemporaryDirectory(dir=parent) as folder:
            probe = Path(folder, "probe")
            probe.touch()
            os.truncate(probe, 64 << 40)
            probe.unlink()
            yield Path(folder)
            return
    pytest.skip("files of 64 TiB: neither the temporary folder nor /dev/shm allows them (tmpfs and XFS do)")


def test_a_disk_of_64_tib_is_converted_as_fast_as_its_data(roomy: Path) -> None:
    out = roomy / "out.raw"
    start = time.perf_counter()
    record = run_json("convert", make(roomy, HUGE).path, out)
    assert time.perf_counter() - start < 5
    assert record["bytes_written"] < 200 * KIB
    with open(out, "rb") as file:
        file.seek(200_000 * 256 * MIB)
        assert any(file.read(1))


def test_an_existing_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    made = make(tmp_path, LONE)
    out = tmp_path / "out.raw"
    out.write_text("precious")
    assert "exists; --force replaces it" in run("convert", made.path, out, code=2).stderr
    assert out.read_text() == "precious"
    run("convert", "--force", made.path, out)
    assert out.read_bytes() == made.disk


@pytest.mark.parametrize("how", ["same", "hard link", "symbolic link", "parent", "link to the parent"])
def test_no_file_of_the_chain_is_ever_replaced(tmp_path: Path, how: str) -> None:
    made = make_chain(tmp_path)
    out = tmp_path / "out.raw"
    target = made["base" if "parent" in how else "child"].path
    if how == "hard link":
        os.link(target, out)
    elif "link" in how:
        out.symlink_to(target)
    else:
        out = target
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert "is one of the files that are read" in run("convert", "--force", made["child"].path, out, code=2).stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_only_a_regular_file_is_replaced(tmp_path: Path) -> None:
    made = make(tmp_path, LONE)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        assert "no regular file" in run("convert", "--force", made.path, tmp_path / name, code=2).stderr


def test_a_symbolic_link_keeps_pointing_to_the_new_image(tmp_path: Path) -> None:
    made = make(tmp_path, LONE)
    (tmp_path / "link").symlink_to("real.raw")
    run("convert", made.path, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real.raw").read_bytes() == made.disk


def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    assert run("convert", made.path, tmp_path / "out.raw", code=1).stderr.startswith("vhdx: error: bat[1] state")
    (tmp_path / "old.raw").write_text("precious")
    run("convert", "--force", made.path, tmp_path / "old.raw", code=1)
    assert (tmp_path / "old.raw").read_text() == "precious"
    assert listing(tmp_path) == ["broken.vhdx", "old.raw"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = run("convert", make(tmp_path, LONE).path, tmp_path / "no" / "out.raw", code=1)
    assert result.stderr.startswith("vhdx: error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP), (signal.SIGINT, 1)],
)
def test_an_interrupted_run_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    made = make(tmp_path, SAMPLE)
    seen: list[str] = []
    copy_range, lock = copying.copy_range, threading.Lock()

    def interrupt(*arguments: Any) -> int:
        with lock:
            if not seen:
                seen.extend(listing(tmp_path))
                os.kill(os.getpid(), number)
        return copy_range(*arguments)

    monkeypatch.setattr(copying, "copy_range", interrupt)
    before = signal.getsignal(number)
    run("convert", made.path, tmp_path / "out.raw", code=code)
    assert len(seen) == 2, "there was no unfinished file to leave behind"
    assert listing(tmp_path) == ["sample.vhdx"]
    assert signal.getsignal(number) == before


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(tmp_path, LONE)
    out = tmp_path / "out.raw"

    def interfere(*arguments: int) -> int:
        out.write_text("somebody else's")
        return arguments[-1]

    monkeypatch.setattr(copying, "copy_range", interfere)
    assert "exists" in run("convert", made.path, out, code=2).stderr
    assert (out.read_text(), listing(tmp_path)) == ("somebody else's", ["lone.vhdx", "out.raw"])


def test_without_hard_links_the_image_still_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    made = make(tmp_path, LONE)
    run("convert", made.path, tmp_path / "out.raw")
    assert (tmp_path / "out.raw").read_bytes() == made.disk
    assert listing(tmp_path) == ["lone.vhdx", "out.raw"]


def test_salvage_writes_what_is_there_and_lists_what_is_lost(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    out = tmp_path / "out.raw"
    lost = run_json("convert", "--salvage", made.path, out, code=1)["lost"]
    assert out.read_bytes() == made.disk
    assert [(part["start"], part["length"]) for part in lost["ranges"]] == [(MIB, 2 * MIB), (6 * MIB, MIB)]
    assert (lost["count"], lost["bytes"]) == (2, 3 * MIB)
    text = run("convert", "--salvage", "--force", made.path, out, code=1)
    assert "0x100000 to 0x300000: unreadable" in text.stderr
    assert run("convert", "--salvage", made.path, "-", code=1).stdout_bytes == made.disk


def test_without_parent_the_ranges_left_to_it_are_listed(tmp_path: Path) -> None:
    child = expand_chain((CHAIN[0], differencing("only", Block(2))))[1]
    path = child.write(tmp_path)
    assert "no parent found" in run("convert", path, tmp_path / "out.raw", code=3).stderr
    lost = run_json("convert", "--without-parent", path, tmp_path / "out.raw", code=1)["lost"]
    assert [(part["start"], part["length"], part["kind"]) for part in lost["ranges"]] == [
        (0, 2 * MIB, "missing"),
        (3 * MIB, 5 * MIB, "missing"),
    ]


def test_qemu_img_reads_the_same_disk(tmp_path: Path, qemu_img: Callable[..., Any]) -> None:
    for recipe in (SAMPLE, FIXED, LONE):
        made = make(tmp_path, recipe)
        out = tmp_path / f"{recipe.name}.raw"
        run("convert", made.path, out)
        compared = qemu_img("compare", "-f", "vhdx", "-F", "raw", made.path, out)
        assert compared.stdout == "Images are identical.\n"
