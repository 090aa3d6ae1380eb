"""Files that qemu-img can read hold, for qemu-img, exactly the bytes of the recipe's model."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from vhdx_runtime.conformance import (
    Bat,
    Block,
    ExtraRegion,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    Recipe,
    RegionTables,
    Write,
    Zeros,
    expand,
    make_guid,
)

MIB = 1 << 20
QemuImg = Callable[..., subprocess.CompletedProcess[str]]
SCATTERED = (
    Block(0),
    Block(1, fills=(Fill(512, 70000), Fill(500 << 10, 3, b"end"))),
    Block(3, state=2),
    Block(5, state=3, anchored=True),
    Block(6, state=1),
    Block(7),
    Block(9, fills=(Fill(0, 1),)),
)

CLEAN = {
    "empty": Recipe(),
    "one-sector disk": Recipe(geometry=Geometry(virtual_disk_size=512), bat=Bat((Block(0),))),
    "scrambled blocks": Recipe(
        geometry=Geometry(virtual_disk_size=10 * MIB), bat=Bat(SCATTERED, order="scrambled", spacing_mb=1)
    ),
    "descending blocks of 2 MiB": Recipe(
        geometry=Geometry(virtual_disk_size=21 * MIB - 512, block_size=2 * MIB), bat=Bat(SCATTERED, order="descending")
    ),
    "fixed": Recipe(geometry=Geometry("fixed", 5 * MIB + 1024), bat=Bat((Block(0), Block(5)))),
    "second chunk": Recipe(
        geometry=Geometry(virtual_disk_size=(4 << 30) + 3 * MIB),
        bat=Bat((Block(4095, fills=(Fill(0, 9000),)), Block(4096), Block(4098, fills=(Fill(MIB - 9000, 9000),)))),
    ),
    "blocks before the regions": Recipe(
        geometry=Geometry(virtual_disk_size=10 * MIB),
        bat=Bat(SCATTERED),
        file_order=("blocks", "bat", "metadata", "log"),
        regions=RegionTables(order=("metadata", "bat"), extra=(ExtraRegion(make_guid("other"), content=b"other"),)),
    ),
    "items in another order": Recipe(
        bat=Bat((Block(2),)), metadata=Metadata(data_order=(4, 2, 0), gap=13), headers=(HeaderCopy(9), HeaderCopy(8))
    ),
    "header 1 zeroed": Recipe(bat=Bat((Block(2),)), headers=(HeaderCopy(9, damage="zeroed"), HeaderCopy(8))),
    "header 2 torn": Recipe(bat=Bat((Block(2),)), headers=(HeaderCopy(3), HeaderCopy(4, damage="torn"))),
}

ONLY_LOGGED = LogEntry((Hide("bat"),))
DIRTY = {
    "BAT only in the log": Recipe(bat=Bat((Block(0), Block(2))), log=Log((ONLY_LOGGED,))),
    "BAT over old bytes": Recipe(bat=Bat((Block(0), Block(2))), log=Log((LogEntry((Hide("bat", stale="noise"),)),))),
    "metadata and region table in the log": Recipe(
        bat=Bat((Block(1),)), log=Log((LogEntry((Hide("metadata"), Hide("region_table_1"), Hide("bat")), split=1),))
    ),
    "run that wraps": Recipe(
        bat=Bat((Block(0), Block(2))),
        log=Log(
            (
                LogEntry((Write("metadata", 128 << 10, b"x" * 8192),), position=MIB - 16384, sequence_number=70),
                LogEntry((Zeros("metadata", 128 << 10, 8192),)),
                ONLY_LOGGED,
            )
        ),
    ),
    "entry that wraps": Recipe(
        bat=Bat((Block(0), Block(2))),
        log=Log((LogEntry((Hide("metadata"), Hide("bat")), position=MIB - 4096, sequence_number=1 << 40),)),
    ),
    "zeros, then data": Recipe(
        bat=Bat((Block(0), Block(2))), log=Log((LogEntry((Zeros("bat", 0, MIB), Hide("bat", stale="noise"))),))
    ),
}


def converted(qemu_img: QemuImg, path: Path) -> str:
    raw = path.with_suffix(".raw")
    qemu_img("convert", "-f", "vhdx", "-O", "raw", path, raw)
    digest = sha256()
    with raw.open("rb") as file:
        while part := file.read(1 << 22):
            digest.update(part)
    raw.unlink()
    return digest.hexdigest()


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_file_converts_to_the_model(name: str, qemu_img: QemuImg, tmp_path: Path) -> None:
    made = expand(CLEAN[name])
    path = made.write(tmp_path)
    qemu_img("check", "-f", "vhdx", path)
    if made.expected.size > 1 << 30:
        raw = path.with_suffix(".raw")
        qemu_img("convert", "-f", "vhdx", "-O", "raw", path, raw)
        with raw.open("rb") as file:
            for offset, end in made.expected.candidates():
                file.seek(max(offset - 5000, 0))
                assert file.read(end - offset + 9000) == made.expected.read(max(offset - 5000, 0), end - offset + 9000)
    else:
        assert converted(qemu_img, path) == made.expected.sha256()


@pytest.mark.parametrize("name", DIRTY)
def test_a_dirty_file_converts_to_the_model_once_repaired(name: str, qemu_img: QemuImg, tmp_path: Path) -> None:
    made = expand(DIRTY[name])
    path = made.write(tmp_path)
    qemu_img("check", "-f", "vhdx", "-r", "all", path)
    assert converted(qemu_img, path) == made.expected.sha256()


def test_an_item_that_nobody_knows_is_refused_when_required(qemu_img: QemuImg, tmp_path: Path) -> None:
    for is_required, code in ((True, 1), (False, 0)):
        item = Item(make_guid("unknown"), b"12345", is_required=is_required)
        path = expand(Recipe(metadata=Metadata(extra=(item,)))).write(tmp_path)
        assert qemu_img("info", "-f", "vhdx", path, check=False).returncode == code
