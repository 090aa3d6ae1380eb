"""The real images as bases, those of a size that can be held in memory.

The truth is what the second reader of `plain` makes of the sound file, and only where it has the digest that the
manifest states. A log that waits is first carried out by qemu-img, on a copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.conftest import IMAGES_VARIABLE, RealImages
from tests.damage import plain
from tests.damage.bases import Base
from tests.damage.truth import Truth, of_pieces

MIB = 1 << 20
LARGEST = 40 * MIB  # of a file
READABLE = ("readable", "readable_after_log_replay", "readable_with_parent")
MIXED_SECTORS = "ft-4kn-diff512-64M"  # a child of other sectors than its parent: refused by the specification


@cache
def of_images() -> tuple[Base, ...]:
    """All that can be had; () where VHDX_TEST_IMAGES names no images."""
    folder = os.environ.get(IMAGES_VARIABLE)
    if not folder or not Path(folder, "MANIFEST.yaml").is_file():
        return ()
    with tempfile.TemporaryDirectory() as scratch:
        images = RealImages(Path(folder).resolve(), Path(scratch))
        wanted = [name for name, record in images.records.items() if _is_wanted(name, record)]
        found = [_base(images, name) for name in wanted]
    return tuple(base for base in found if base is not None)


def _is_wanted(name: str, record: dict[str, Any]) -> bool:
    is_readable = record["expected"]["outcome"] in READABLE and name != MIXED_SECTORS
    return is_readable and record["container"]["size"] <= LARGEST


def _base(images: RealImages, name: str) -> Base | None:
    record, path = images.records[name], images.path(name)
    raw = path.read_bytes()
    home = _replayed(path) if record["log"]["dirty"] else raw
    if home is None:
        return None
    below = [images.path(parent) for parent in record.get("parent", {}).get("chain", [])]
    disk, table, metadata = _structures(home)
    truth = _truth(home, [parent.read_bytes() for parent in below])
    if truth.digest != record["expected"]["nonzero_64k_digest"]:
        raise AssertionError(f"{name}: the second reader does not give what the manifest says")
    entries = plain.slot_of(disk, (disk.blocks - 1) // disk.ratio) + 1
    words = {index: word for index in range(entries) if (word := plain.word(home, table, index))}
    parents = tuple(parent.read_bytes() for parent in below)
    return Base(name, bytearray(raw), truth, words, disk, table, metadata, b"", parents)


def _replayed(path: Path) -> bytes | None:
    """The file once qemu-img has carried out its log; None where there is no qemu-img."""
    program = shutil.which("qemu-img")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, path.name)
        shutil.copyfile(path, copy)
        subprocess.run([program, "check", "-q", "-r", "all", copy], check=False, capture_output=True)
        return copy.read_bytes()


def _structures(raw: bytes) -> tuple[plain.Shape, int, tuple[int, int]]:
    regions = plain.regions(raw)
    start, end = regions[plain.METADATA]
    disk = plain.shape(raw[start:end])
    assert disk is not None
    return disk, regions[plain.BAT][0], (start, end)


def _truth(raw: bytes, below: list[bytes]) -> Truth:
    disk, table, _ = _structures(raw)
    if not disk.has_parent:
        return of_pieces(disk.size, plain.disk_pieces(raw, table, disk))
    parent = _truth(below[0], below[1:]).whole()
    return of_pieces(disk.size, plain.disk_pieces(raw, table, disk, parent))
