"""All that speaks of a damaged disk says the same: map, read, convert, hash, compare, check, explain, inspect."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

import vhdx_runtime as vhdx
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Hide, Log, LogEntry, Recipe, expand_chain
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.inspect.bat import unreadable
from vhdx_runtime.inspect.explain_disk import explain
from vhdx_runtime.page.document import page
from vhdx_runtime.transfer import mapfile
from vhdx_runtime.transfer.copying import chunks, copy_sparse
from vhdx_runtime.transfer.difference import Side, differences
from vhdx_runtime.transfer.digest import digests, sparse_digest
from vhdx_runtime.transfer.extents import Lost, of_disk

KIB, MIB = 1 << 10, 1 << 20
Spans = list[tuple[int, int]]
SMALL = (Fill(0, 4096), Fill(900 * KIB, 4096))
BASE = Recipe("base", geometry=Geometry(virtual_disk_size=8 * MIB), bat=Bat((Block(1), Block(2), Block(6))))
CHILD = (Block(1, 7, SMALL, ((8, 16), (2000, 48))), Block(2, 2), Block(4, fills=SMALL), Block(6, 7, SMALL, ((0, 900),)))
WIDE = tuple(Block(number, (6, 3, 2, 6, 6)[number % 5], fills=SMALL) for number in range(0, 140, 3))
DIRTY = Log((LogEntry((Hide("bat"),)), LogEntry((Hide("payload[4]", 512 * KIB, 8 * KIB, "noise"),))))
TABLE_LOGGED = Log((LogEntry((Hide("bat"),)),))


def recipe(name: str, kind: Any, size: int, blocks: tuple[Block, ...], sector: int = 512, **more: Any) -> Recipe:
    order = more.pop("order", "ascending")
    return Recipe(name, geometry=Geometry(kind, size, logical_sector_size=sector), bat=Bat(blocks, order=order), **more)


RECIPES = {
    "dynamic": recipe("dynamic", "dynamic", 9 * MIB - 512, (Block(0), Block(4), Block(8))),
    "fixed": recipe("fixed", "fixed", 6 * MIB, (Block(1), Block(3))),
    "wide": recipe("wide", "dynamic", 140 * MIB, WIDE, order="scrambled"),
    "4096": recipe("4096", "dynamic", 8 * MIB, (Block(4), Block(7)), 4096),
    "dirty": recipe("dirty", "dynamic", 8 * MIB, (Block(0), Block(4)), log=DIRTY),
    "child": recipe("child", "differencing", 8 * MIB, CHILD, order="descending"),
    "dirty child": recipe("dirtychild", "differencing", 8 * MIB, CHILD, log=TABLE_LOGGED),
}
SEEDS = range(6)


def damaged(raw: bytes, at: random.Random) -> bytes:
    """One or two of: the file cut off, sectors of the table or of what lies behind it overwritten."""
    data = bytearray(raw)
    for _ in range(at.choice((1, 1, 2))):
        if at.random() < 0.5:
            del data[max(3 * MIB + 8, at.randrange(3 * MIB, len(raw) // 512 * 512, 512) + at.choice((-512, 0, 100))) :]
        else:
            start = 3 * MIB + at.choice((0, 1, 2, at.randrange(64))) * 512 + at.choice((0, MIB, 2 * MIB))
            filling = at.choice((b"\xff", b"BAD SECTOR ", b"\0", bytes(at.randrange(256) for _ in range(64))))
            size = at.choice((64, 512, 4096))
            data[start : start + size] = (filling * size)[: max(0, min(size, len(data) - start))]
    return bytes(data)


def spans(found: Iterable[tuple[int, int]]) -> Spans:
    """Ranges (start, end), joined."""
    result: Spans = []
    for start, end in sorted(found):
        if result and result[-1][1] >= start:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def listed(lost: Lost) -> Spans:
    assert lost.is_complete
    assert lost.count == len(lost.ranges)
    assert lost.bytes == sum(found.length for found in lost.ranges)
    return spans((found.virtual_offset, found.virtual_offset + found.length) for found in lost.ranges)


@contextmanager
def opened(child: bytes, parent: bytes) -> Iterator[vhdx.VirtualDisk]:
    with vhdx.open(child, parents=[parent] if parent else [], salvage=True) as disk:
        yield disk


def nothing(_: int) -> None:
    pass


def answers(child: bytes, parent: bytes) -> dict[str, Spans]:
    """What each of the tools says is lost."""
    found: dict[str, Spans] = {}
    for name in ("read", "convert", "hash", "sparse hash", "compare", "mapfile"):
        lost = Lost()
        with opened(child, parent) as disk, TemporaryFile() as out:
            if name == "read":
                for _ in chunks(disk, lost):
                    pass
            elif name in ("convert", "mapfile"):
                copy_sparse(disk, out.fileno(), lost, nothing)
            elif name == "hash":
                digests(disk, lost, nothing, ["md5"])
            elif name == "sparse hash":
                sparse_digest(disk, lost, nothing)
            else:
                other = Side(disk.size, iter(()), lambda _, buffer: None)
                list(differences(Side(disk.size, of_disk(disk, lost), disk.readinto_at), other, nothing))
            found[name] = listed(lost)
            if name == "mapfile":
                rows = [line.split() for line in mapfile.lines(disk, "test") if line.startswith("0x")][1:]
                ends = [(int(start, 16), int(start, 16) + int(size, 16), status) for start, size, status in rows]
                assert [start for start, _, _ in ends] == [0, *[end for _, end, _ in ends[:-1]]]
                assert ends[-1][1] == disk.size
                found[name] = spans((start, end) for start, end, status in ends if status == "-")
    with opened(child, parent) as disk:
        disk.read_at(0, disk.size)
        found["lost"] = spans((r.virtual_offset, r.virtual_offset + r.length) for r in disk.lost)
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", RECIPES)
def test_all_say_the_same_of_what_is_lost(name: str, seed: int) -> None:
    made = expand_chain((BASE, RECIPES[name])) if "child" in name else (None, *expand_chain((RECIPES[name],)))
    parent = made[0].to_bytes() if made[0] else b""
    raw = damaged(made[1].to_bytes(), random.Random(f"{name} {seed}"))
    try:
        disk = vhdx.open(raw, parents=[parent] if parent else [], salvage=True)
    except vhdx.VhdxError as error:
        pytest.skip(f"refused even with salvage: {error.rule}")
    with disk:
        mapped = spans((r.virtual_offset, r.virtual_offset + r.length) for r in disk.ranges() if r.kind == "unreadable")
        at = random.Random(seed)
        offsets = {0, disk.size - 1, *(at.randrange(disk.size) for _ in range(20))}
        offsets |= {edge for pair in mapped[:20] for edge in (pair[0], pair[1] - 1)}
        for offset in offsets:
            is_lost = any(start <= offset < end for start, end in mapped)
            assert (explain(disk, offset)["kind"] == "unreadable") == is_lost, hex(offset)
    for tool, said in answers(raw, parent).items():
        assert said == mapped, tool
    with load_image(BytesSource(raw), salvage=True) as image:
        report = check_image(image)
        assert report.lost.bytes == sum(end - start for start, end in mapped)
        assert spans((start, start + length) for start, length in report.lost.ranges) == mapped
        assert (report.state == "damaged") == bool(mapped)
        assert image.geometry is not None
        size = image.geometry.block_size
        for block in range(image.geometry.payload_blocks):
            touched = any(start < (block + 1) * size and end > block * size for start, end in mapped)
            assert bool(unreadable(image, block)) == touched, block
        if seed == 0:
            assert page(image).report.lost == report.lost


def test_the_damages_hit_something() -> None:
    """The property above says something only of images of which something is lost."""
    hit: dict[str, int] = {}
    for name in ("dynamic", "wide", "dirty", "child"):
        made = expand_chain((BASE, RECIPES[name]))[1] if "child" in name else expand_chain((RECIPES[name],))[0]
        for seed in SEEDS:
            with load_image(
                BytesSource(damaged(made.to_bytes(), random.Random(f"{name} {seed}"))), salvage=True
            ) as image:
                hit[name] = hit.get(name, 0) + bool(check_image(image).lost.bytes)
    assert all(count >= 2 for count in hit.values()), hit


def test_places_of_the_file_that_fail_are_in_every_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A medium with bad blocks: the structures are sound, reading some bytes fails."""
    made = expand_chain((RECIPES["dynamic"],))[0]
    path = made.write(tmp_path)
    bad = range(5 * MIB + 8192, 5 * MIB + 20 * KIB)  # in the second block of the file, block 4 of the disk
    real_pread = os.preadv

    def failing(fd: int, buffers: Any, offset: int) -> int:
        if any(offset < bad.stop and offset + len(buffer) > bad.start for buffer in buffers):
            raise OSError(5, "Input/output error")
        return real_pread(fd, buffers, offset)

    monkeypatch.setattr("vhdx_runtime.portable._preadv", failing)
    monkeypatch.setattr(
        "vhdx_runtime.codec.source.pread", lambda fd, size, offset: bytes(_read(failing, fd, size, offset))
    )
    monkeypatch.setattr("vhdx_runtime.portable._copy_file_range", None)
    monkeypatch.setattr("vhdx_runtime.portable.pread", lambda fd, size, offset: bytes(_read(failing, fd, size, offset)))
    wanted = [(4 * MIB + 8192, 4 * MIB + 20 * KIB)]
    with vhdx.open(path, salvage=True) as disk:
        lost = Lost()
        copy_sparse(disk, os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT), lost, nothing)
        assert listed(lost) == wanted
        assert lost.count == 1, "neighbours are joined"
        rows = [line for line in mapfile.lines(disk, "test") if line.endswith(" -")]
        assert rows == [f"{wanted[0][0]:#010x}  {12 * KIB:#010x}  -"]
    with vhdx.open(path, salvage=True) as disk:
        lost = Lost()
        digests(disk, lost, nothing, ["md5"])
        assert listed(lost) == wanted


def _read(failing: Any, fd: int, size: int, offset: int) -> bytes:
    buffer = bytearray(size)
    return bytes(buffer[: failing(fd, [memoryview(buffer)], offset)])
