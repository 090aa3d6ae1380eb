"""Real images said again as recipes: what the recipe's guest must see is what the real guest saw.

The recipes are put together from the manifest and from plain bytes of the images, at the fixed places where Hyper-V
puts things; nothing of the package reads the real files here.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.conftest import RealImages
from vhdx_runtime.conformance import (
    Bat,
    Block,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Log,
    LogEntry,
    ParentLocator,
    Recipe,
    Write,
    expand_chain,
)

pytestmark = pytest.mark.images
MIB = 1 << 20
LOG, BAT = 1 * MIB, 3 * MIB
CHUNK_SECTORS = 1 << 23


def recipe(record: dict[str, Any], raw: bytes, table: bytes, log: Log | None = None) -> Recipe:
    """An image as a recipe. `table` holds the BAT entries as they are after replay."""
    disk = record["disk"]
    shape = Geometry(
        disk["type"],
        disk["virtual_size"],
        disk["block_size"],
        disk["logical_sector_size"],
        disk["physical_sector_size"],
        disk["virtual_disk_id"],
    )
    ratio = disk["chunk_ratio"]
    blocks = []
    for number in range(disk["payload_blocks"]):
        (entry,) = struct.unpack_from("<Q", table, 8 * (number + number // ratio))
        state, offset = entry & 7, entry >> 20
        if state not in (6, 7):
            blocks.append(Block(number, state))
            continue
        data = raw[offset * MIB : offset * MIB + disk["block_size"]]
        sectors = _set_runs(raw, table, disk, number) if state == 7 else ()
        blocks.append(Block(number, state, (Fill(0, len(data), data),), sectors, offset))
    locator = record.get("parent", {}).get("locator")
    return Recipe(
        name=record["id"],
        file_name=record["unpack_as"],
        creator=record["creator"],
        geometry=shape,
        headers=tuple(
            HeaderCopy(header["sequence_number"], header["file_write_guid"], header["data_write_guid"])
            for header in record["headers"]
        ),
        parent=ParentLocator(tuple(locator.items())) if locator else None,
        bat=Bat(tuple(blocks)),
        log=log or Log(),
    )


def _set_runs(raw: bytes, table: bytes, disk: dict[str, Any], block: int) -> tuple[tuple[int, int], ...]:
    """Runs of sectors of a block whose bit is set, looked at bit by bit."""
    chunk, inside = divmod(block, disk["chunk_ratio"])
    (entry,) = struct.unpack_from("<Q", table, 8 * (chunk * (disk["chunk_ratio"] + 1) + disk["chunk_ratio"]))
    bits = (entry >> 20) * MIB
    count = disk["block_size"] // disk["logical_sector_size"]
    runs: list[list[int]] = []
    for sector in range(count):
        bit = inside * count + sector
        if raw[bits + bit // 8] >> bit % 8 & 1:
            if runs and sum(runs[-1]) == sector:
                runs[-1][1] += 1
            else:
                runs.append([sector, 1])
    return tuple((start, length) for start, length in runs)


def logged(raw: bytes, entry: dict[str, Any]) -> bytes:
    """The sector that a log entry with one data descriptor carries."""
    start = LOG + entry["offset_in_log"]
    trailing, leading = raw[start + 68 : start + 72], raw[start + 72 : start + 80]
    return leading + raw[start + 4096 + 8 : start + 4096 + 4092] + trailing


def said_again(folder: Path, record: dict[str, Any], *recipes: Recipe) -> tuple[int, str]:
    """Size and digest of the disk that the recipes mean; what we read of their files is compared with it."""
    made = expand_chain(recipes)
    for one in made:
        one.write(folder)
    model = made[-1].expected
    with vhdx.open(folder / record["unpack_as"]) as disk:
        assert disk.read_at(0, 3 * MIB) == model.read(0, 3 * MIB)
        for offset in range(0, disk.size, 64 * MIB):
            assert disk.read_at(offset, 4 * MIB) == model.read(offset, min(4 * MIB, model.size - offset))
    return model.size, model.sha256()


def truth(record: dict[str, Any]) -> tuple[int, str]:
    return record["expected"]["raw_size"], record["expected"]["raw_sha256"]


def test_a_dynamic_disk_of_hyper_v(real_images: RealImages, tmp_path: Path) -> None:
    record = real_images.records["coreos-config2_base"]
    raw = real_images.path("coreos-config2_base").read_bytes()
    assert said_again(tmp_path, record, recipe(record, raw, raw[BAT : BAT + MIB])) == truth(record)


def test_a_disk_whose_table_is_in_the_log_only(real_images: RealImages, tmp_path: Path) -> None:
    record = real_images.records["discutils-vhdx-log-replay"]
    raw = real_images.path("discutils-vhdx-log-replay").read_bytes()
    assert raw[BAT : BAT + 4096] == bytes(4096)
    found = record["log"]["entries"]
    entries = tuple(
        LogEntry(
            (() if not entry["descriptors"] else (Write("bat", 0, logged(raw, entry)),))
            if entry is not found[-1]
            else (Hide("bat", 0, 4096, sparse=False),),
            sequence_number=entry["sequence_number"],
            position=entry["offset_in_log"],
            tail=entry["tail"],
        )
        for entry in found
    )
    table = logged(raw, found[-1]).ljust(MIB, b"\0")
    again = recipe(record, raw, table, Log(entries))
    assert said_again(tmp_path, record, again) == truth(record)
    with vhdx.open(tmp_path / record["unpack_as"]) as disk:
        active = [entry.sequence_number for entry in disk.image.log.active]
        assert active == [entry["sequence_number"] for entry in found[-2:]]


def test_a_differencing_disk_and_its_parent(real_images: RealImages, tmp_path: Path) -> None:
    records = [real_images.records[name] for name in ("dfvfs-fat-parent", "dfvfs-fat-differential")]
    raws = [real_images.path(record["id"]).read_bytes() for record in records]
    chain = [recipe(record, raw, raw[BAT : BAT + MIB]) for record, raw in zip(records, raws, strict=True)]
    assert said_again(tmp_path, records[-1], *chain) == truth(records[-1])
