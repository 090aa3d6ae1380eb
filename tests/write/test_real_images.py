"""What other programs made is written: every real image that opens, at random places, against what it read before."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import vhdx_runtime as vhdx
from tests.test_real_images import ids, unpacked

if TYPE_CHECKING:
    from tests.conftest import RealImages

pytestmark = pytest.mark.images
MIXED_SECTORS = "ft-4kn-diff512-64M"  # its parent must be named, and then it is refused for its sectors
QEMU_CANNOT = ("differencing", 4096)  # a type and a sector size that qemu does not open


@pytest.mark.parametrize(
    "image_id",
    [one for one in ids("readable", "readable_after_log_replay", "readable_with_parent") if one != MIXED_SECTORS],
)
def test_a_real_image_is_written(image_id: str, real_images: RealImages, tmp_path: Path, qemu_img: Any) -> None:
    original = unpacked(real_images, image_id)
    path = tmp_path / original.name
    shutil.copy(original, path)
    path.chmod(0o644)
    chance = random.Random(image_id)
    folders = [original.parent]
    written: list[tuple[int, bytes]] = []
    with vhdx.open(path, mode="r+", parent_dirs=folders) as disk:
        for _ in range(40):
            offset = chance.randrange(disk.size)
            length = min(disk.size - offset, chance.choice((1, 512, 4096, 100_000, 3 << 20)))
            if chance.random() < 0.2:
                disk.zero(offset, length)
                written.append((offset, bytes(length)))
            else:
                written.append((offset, chance.randbytes(length)))
                disk.write_at(*written[-1])
            if chance.random() < 0.2:
                disk.flush()
    with vhdx.open(original, parent_dirs=folders) as before, vhdx.open(path, parent_dirs=folders) as after:
        for offset in [max(0, offset - chance.randrange(5000)) for offset, _ in written]:
            expected = bytearray(before.read_at(offset, 200_000))
            for start, data in written:
                low, high = max(offset, start), min(offset + len(expected), start + len(data))
                if low < high:
                    expected[low - offset : high - offset] = data[low - start : high - start]
            assert after.read_at(offset, 200_000) == expected
        geometry = after.image.geometry
    assert geometry
    if not {geometry.disk_type, geometry.logical_sector_size} & set(QEMU_CANNOT):
        assert not qemu_img("check", path).returncode
