"""File systems live on a disk that is written; what makes, fills and checks them knows nothing of VHDX."""

from __future__ import annotations

import filecmp
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support.extras import ROOT, need
from tests.support.patience import HANG
from vhdx_runtime.transfer.convert import convert

pytestmark = pytest.mark.slow
NAME = "disk"  # as `tests/support/fuse_disk.py` shows it
MIB = 1 << 20
SIZE = 512 * MIB  # xfs takes no fewer than 300 MiB
# Of each file system: what makes it in a file, mounts it from there, and looks whether it is clean.
SYSTEMS = {
    "ext4": (["mkfs.ext4", "-q"], ["mount", "-o", "loop,discard"], ["e2fsck", "-fn"], "e2fsprogs"),
    "xfs": (["mkfs.xfs", "-q"], ["mount", "-o", "loop,discard"], ["xfs_repair", "-n"], "xfsprogs"),
    "ntfs": (["mkntfs", "-Q", "-F", "-q"], ["ntfs-3g"], ["ntfsfix", "-n"], "ntfs-3g"),
}


def run(*command: object) -> None:
    """Run a program, and show what it says where it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=HANG)
    assert not done.returncode, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"


def unmount(folder: Path) -> bool:
    """Unmount a folder. What a process of its own had mounted from there may keep it busy for a while."""
    end = time.monotonic() + HANG
    while subprocess.run(["umount", folder], capture_output=True).returncode and time.monotonic() < end:
        time.sleep(0.05)
    return not os.path.ismount(folder)


def require(*programs: str, package: str) -> None:
    """Skip where this machine cannot do it."""
    need("mfusepy")
    if not hasattr(os, "geteuid") or os.geteuid() or not Path("/dev/fuse").exists():
        pytest.skip("file systems on a disk: only root mounts them, and /dev/fuse is needed")
    if missing := [name for name in ("losetup", *programs) if not shutil.which(name)]:
        pytest.skip(f"{', '.join(missing)}: not installed (Debian: apt-get install {package} mount)")
    if subprocess.run(["losetup", "-f"], capture_output=True).returncode:
        pytest.skip("file systems on a disk: there are no loop devices here")


@contextmanager
def shown(image: Path, folder: Path, *parents: Path) -> Iterator[Path]:
    """The disk of an image as a file, to be written, until it is unmounted and closed."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.support.fuse_disk", image, folder, *parents]
    with subprocess.Popen([*map(str, command)], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + HANG
        while not os.path.ismount(folder):
            assert time.monotonic() < end, "FUSE takes too long"
            if process.poll() is not None:
                reason = process.communicate()[1].strip().rpartition("\n")[2]
                pytest.skip(f"FUSE: nothing can be mounted here: {reason}")
            time.sleep(0.02)
        try:
            yield folder / NAME
        finally:
            if not unmount(folder):
                process.kill()
            errors = process.communicate(timeout=HANG)[1]
    assert not process.returncode, errors


@contextmanager
def mounted(mount: list[str], file: Path, folder: Path) -> Iterator[Path]:
    """The file system in a file."""
    folder.mkdir(exist_ok=True)
    run(*mount, file, folder)
    try:
        yield folder
    finally:
        assert unmount(folder), f"{folder} stays busy"


def tree(folder: Path, seed: int) -> Path:
    """Folders of files of many sizes, some with holes."""
    draw = random.Random(seed)
    for number in range(60):
        path = folder / f"{number % 7}" / f"{number % 3}" / f"file {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            file.write(draw.randbytes(draw.choice((0, 1, 511, 4096, 70_000))))
            if number % 10 == 0:
                file.seek(3 * MIB)
                file.write(draw.randbytes(3 * MIB))
    return folder


def same(one: Path, other: Path) -> bool:
    """Whether two trees hold the same files with the same bytes."""
    names = [sorted(str(path.relative_to(top)) for path in top.rglob("*")) for top in (one, other)]
    files = [name for name in names[0] if (one / name).is_file()]
    return names[0] == names[1] and filecmp.cmpfiles(one, other, files, shallow=False)[0] == files


@pytest.mark.parametrize("kind", ["dynamic", "fixed", "differencing"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_file_system_lives_on_a_disk(tmp_path: Path, qemu_img: Callable[..., Any], system: str, kind: str) -> None:
    make, mount, check, package = SYSTEMS[system]
    require(make[0], mount[0], check[0], package=package)
    first, second = tree(tmp_path / "first", 1), tree(tmp_path / "second", 2)
    image, base, fuse, top = (tmp_path / name for name in ("disk.vhdx", "base.vhdx", "fuse", "mount"))
    under = [base] if kind == "differencing" else []
    begun = base if under else image  # the one in which the file system is made
    vhdx.create(begun, size=SIZE, type="dynamic" if under else kind, block_size=2 * MIB)
    with shown(begun, fuse) as file:
        run(*make, file)
        with mounted(mount, file, top):
            shutil.copytree(second, top / "old")
    if under:
        vhdx.create(image, parent=base)
    before = begun.read_bytes()
    with shown(image, fuse, *under) as file:
        with mounted(mount, file, top):
            shutil.copytree(first, top / "new")
        with mounted(mount, file, top):  # from the disk, not from memory
            assert same(first, top / "new")
            shutil.rmtree(top / "old")
            shutil.copytree(second, top / "again")
    with shown(image, fuse, *under) as file:
        run(*check, file)
        with mounted(mount, file, top):
            shutil.copytree(top / "new", tmp_path / "out")
    assert same(first, tmp_path / "out")
    assert (begun.read_bytes() == before) is bool(under), "a parent stays as it is, and nothing else does"
    report = vhdx.check(image)
    assert report.state == "healthy", report.findings
    assert {one.rule for one in report.findings} <= {"LAY-004"}, "blocks that were trimmed leave free space, no more"
    if under:  # qemu-img knows no parents
        with vhdx.open(image) as disk:
            convert(disk, tmp_path / "whole.vhdx")
    qemu_img("convert", "-f", "vhdx", "-O", "raw", tmp_path / "whole.vhdx" if under else image, tmp_path / "raw")
    run(*check, tmp_path / "raw")
    with mounted(mount, tmp_path / "raw", top):
        assert same(first, top / "new")
        assert same(second, top / "again")
