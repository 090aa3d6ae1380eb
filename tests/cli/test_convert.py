"""`vhdx convert` writes the guest's bytes, keeps holes, and never leaves or harms a file that it should not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
    UNEVEN,
    differencing,
    listing,
    make,
    make_chain,
    run,
    run_json,
)
from tests.support.patience import HANG, assert_quick
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Recipe, expand_chain
from vhdx_runtime.write import newfile

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
    start = time.process_time()
    record = run_json("convert", make(roomy, HUGE).path, out)
    assert_quick(time.process_time() - start, 5)
    assert record["bytes_written"] < 200 * KIB
    with open(out, "rb") as file:
        file.seek(200_000 * 256 * MIB)
        assert any(file.read(1))


def test_an_existing_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    made = make(tmp_path, LONE)
    out = tmp_path / "out.raw"
    out.write_text("precious")
    assert "exists\nhint: `--force` replaces it" in run("convert", made.path, out, code=2).stderr
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
    (tmp_path / "folder.raw").mkdir()
    os.mkfifo(tmp_path / "pipe.raw")
    for name in ("folder.raw", "pipe.raw"):
        assert "no regular file" in run("convert", "--force", made.path, tmp_path / name, code=2).stderr


def test_a_symbolic_link_keeps_pointing_to_the_new_image(tmp_path: Path) -> None:
    made = make(tmp_path, LONE)
    (tmp_path / "link.raw").symlink_to("real.raw")
    (tmp_path / "real.raw").write_text("old")
    run("convert", "--force", made.path, tmp_path / "link.raw")
    assert (tmp_path / "link.raw").is_symlink()
    assert (tmp_path / "real.raw").read_bytes() == made.disk


def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    error = run("convert", made.path, tmp_path / "out.raw", code=1).stderr
    assert error.startswith(f"vhdx: error: {made.path}: bat[1] state")
    (tmp_path / "old.raw").write_text("precious")
    run("convert", "--force", made.path, tmp_path / "old.raw", code=1)
    assert (tmp_path / "old.raw").read_text() == "precious"
    assert listing(tmp_path) == ["broken.vhdx", "old.raw"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = run("convert", make(tmp_path, LONE).path, tmp_path / "no" / "out.raw", code=3)
    assert result.stderr.startswith("vhdx: error: ")
    assert "\nhint: " in result.stderr
    assert result.stderr.count("\n") == 2


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP)],
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

    monkeypatch.setattr(newfile, "_NAMELESS", 0)
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
    def refuse(*_: object, **__: object) -> None:
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


# The mapfile


# To other formats, and from raw.


def program(*words: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own: it needs real pipes."""
    code = 'from vhdx_runtime.cli import main; main(prog_name="vhdx")'
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, timeout=HANG, **options)


def test_the_ending_of_the_name_says_what_is_made(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    run("convert", made.path, tmp_path / "out.VHD")
    footed = (tmp_path / "out.VHD").read_bytes()
    assert (footed[:-512], footed[-512:-504]) == (made.disk, b"conectix")
    record = run_json("convert", made.path, tmp_path / "out.vhdx", "--verify")
    assert (record["format"], record["disk_type"], record["block_size"]) == ("vhdx", "dynamic", 32 * MIB)
    assert (
        run_json("hash", "--sparse-digest", tmp_path / "out.vhdx")["digests"]["nonzero_64k_digest"]
        == record["verified"]
    )
    run("convert", made.path, tmp_path / "odd.name", "--format", "raw")
    assert (tmp_path / "odd.name").read_bytes() == made.disk
    for name in ("out.qcow2", "out.vmdk", "out"):
        assert "--format raw" in run("convert", made.path, tmp_path / name, code=2).stderr


def test_a_raw_image_is_known_by_its_ending_or_named_as_one(tmp_path: Path) -> None:
    flat = b"raw" * 500_000
    for name in ("in.img", "in.data"):
        (tmp_path / name).write_bytes(flat)
    run("convert", tmp_path / "in.img", tmp_path / "one.vhdx")
    assert "--from raw" in run("convert", tmp_path / "in.data", tmp_path / "two.vhdx", code=3).stderr
    run("convert", "--from", "raw", tmp_path / "in.data", tmp_path / "two.vhdx")
    for name in ("one.vhdx", "two.vhdx"):
        assert run("read", tmp_path / name, "-o", "-").stdout_bytes == flat.ljust(1_500_160, b"\0")


def test_a_container_that_is_called_raw_is_not_guessed_at(tmp_path: Path) -> None:
    made = make(tmp_path, SAMPLE)
    evil = made.path.rename(tmp_path / "evil.img")
    error = run("convert", evil, tmp_path / "out.vhdx", code=3).stderr
    assert "--from vhdx" in error
    assert listing(tmp_path) == ["evil.img"]
    run("convert", "--from", "vhdx", evil, tmp_path / "out.raw")
    assert (tmp_path / "out.raw").read_bytes() == made.disk
    run("convert", "--from", "raw", evil, tmp_path / "nested.vhdx")
    assert run("read", tmp_path / "nested.vhdx", "-o", "-").stdout_bytes == evil.read_bytes()


def test_a_vhdx_is_made_of_what_can_be_salvaged(tmp_path: Path) -> None:
    made = make(tmp_path, BROKEN)
    record = run_json("convert", "--salvage", made.path, tmp_path / "out.vhdx", code=1)
    assert record["lost"]["bytes"] == 3 * MIB
    assert run("read", tmp_path / "out.vhdx", "-o", "-").stdout_bytes == made.disk


def test_sectors_of_the_source_are_kept(tmp_path: Path) -> None:
    native = Recipe(name="native", geometry=Geometry(virtual_disk_size=8 * MIB, logical_sector_size=4096))
    made = make(tmp_path, native)
    run("convert", made.path, tmp_path / "out.vhdx")
    assert run_json("info", tmp_path / "out.vhdx")["logical_sector_size"] == 4096
    assert "sectors of 4096 bytes" in run("convert", made.path, tmp_path / "out.vhd", code=2).stderr


def test_a_file_that_may_not_grow_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    """A limit of the process stands in for a full disk: the system refuses in the middle of the copy."""
    resource = pytest.importorskip("resource", reason="limits of a process: this system has none")
    (tmp_path / "in.raw").write_bytes(os.urandom(8 * MIB))
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6 * MIB, 6 * MIB))}
    for name in ("out.vhdx", "out.vhd", "copy.raw"):
        done = program("convert", tmp_path / "in.raw", tmp_path / name, "--force", **limited)
        assert done.returncode == 3
        assert done.stderr.decode().startswith(f"vhdx: error: {tmp_path / name}: ")
        assert b"nothing of it is left" in done.stderr
        assert listing(tmp_path) == ["in.raw"]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_a_run_that_is_ended_leaves_no_file_with_a_name(tmp_path: Path, name: str) -> None:
    code = 'from vhdx_runtime.cli import main; main(prog_name="vhdx")'
    feeding = subprocess.Popen(
        [sys.executable, "-c", code, "convert", "-", str(tmp_path / "out.vhdx"), "--size", "1G"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert feeding.stdin
    feeding.stdin.write(os.urandom(8 * MIB))  # a pipe holds far less: most of it has been taken
    feeding.stdin.flush()
    feeding.send_signal(getattr(signal, name))
    _, said = feeding.communicate()
    assert listing(tmp_path) == []
    assert name == "SIGKILL" or b"ended after" in said


def test_what_makes_up_no_whole_sector_is_said_to_be_left_out(tmp_path: Path) -> None:
    made = make(tmp_path, UNEVEN)
    out = tmp_path / "out.raw"
    told = run("convert", made.path, out).stderr
    assert "1 KiB (1024 bytes) at the end of the disk was left out" in told
    assert out.stat().st_size == 2_000_000_000 - 1024
    record = run_json("convert", "--force", made.path, out)
    assert (record["virtual_size"], record["left_out"]) == (2_000_000_000 - 1024, 1024)
    assert run_json("convert", "--force", make(tmp_path, LONE).path, out)["left_out"] == 0


def test_an_empty_input_makes_no_vhd(tmp_path: Path) -> None:
    (tmp_path / "e.raw").write_bytes(b"")
    for name in ("e.vhd", "e.vhdx"):
        assert "no disk has no bytes" in run("convert", tmp_path / "e.raw", tmp_path / name, code=2).stderr
    assert listing(tmp_path) == ["e.raw"]


def test_reading_back_costs_nothing_where_nothing_is_stored(tmp_path: Path) -> None:
    run("create", tmp_path / "s.vhdx", "--size", "8T")
    start = time.process_time()
    run("convert", tmp_path / "s.vhdx", tmp_path / "s.raw", "--verify")
    assert_quick(time.process_time() - start, 3)
