"""Blocks of which a file holds every other sector, over parents of the same kind: read as wholes, right in each sector.

The files are made with the literals of `tests.attacks.amplifiers`; what is expected comes from the bits and bytes that
they are made of.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

import vhdx_runtime as vhdx
from tests.attacks.amplifiers import MIB, PARTIAL, PRESENT, File
from tests.support.digests import nonzero_64k_digest
from vhdx_runtime.transfer import extents
from vhdx_runtime.transfer.digest import sparse_digest

SECTOR = 512
PER_BLOCK = MIB // SECTOR
SIZE = 4 * MIB - 5 * SECTOR
LINKAGE = f"{{{UUID(bytes_le=b'd' * 16)}}}"
OUTSIDE = 64 * MIB  # a place that no file has


@dataclass
class Layer:
    """One file of a chain: for each sector of the disk whether it holds it, and its bytes."""

    bits: list[bool] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)


def bits_of(block: int, at: random.Random) -> list[bool]:
    """Sectors of a block: every other one, any, a few in a row, or none."""
    if block == 0:
        return [number % 2 == 0 for number in range(PER_BLOCK)]
    if block == 2:
        return [300 <= number < 900 for number in range(PER_BLOCK)]
    return [at.random() < 0.4 for _ in range(PER_BLOCK)]


def layer(path: Path, parent: str, at: random.Random) -> Layer:
    """Write a differencing file whose blocks are all partially present."""
    found = Layer([bit for block in range(4) for bit in bits_of(block, at)], bytearray(at.randbytes(4 * MIB)))
    file = File(SIZE, pairs=(("parent_linkage", LINKAGE), ("relative_path", parent)))
    words = [(5 + block) * MIB | PARTIAL for block in range(4)]
    file.table(struct.pack("<4Q", *words).ljust(8 * 4096, b"\0") + struct.pack("<Q", 4 * MIB | PRESENT))
    file.parts[4 * MIB] = sum(bit << number for number, bit in enumerate(found.bits)).to_bytes(MIB, "little")
    file.parts[5 * MIB] = bytes(found.data)
    file.write(path, 9 * MIB)
    return found


def base(path: Path, at: random.Random, *, lost: int | None = None) -> bytearray:
    """Write a file with two blocks and two that are nowhere; one of them may lie where no file is."""
    file, disk = File(SIZE), bytearray(4 * MIB)
    words = [0, 4 * MIB | PRESENT, 5 * MIB | PRESENT, 0]
    file.parts[4 * MIB] = disk[MIB : 2 * MIB] = at.randbytes(MIB)
    file.parts[5 * MIB] = disk[2 * MIB : 3 * MIB] = at.randbytes(MIB)
    if lost is not None:
        words[lost] = OUTSIDE | PRESENT
    file.table(struct.pack("<4Q", *words))
    file.write(path, 6 * MIB)
    return disk


def over(disk: bytearray, layer: Layer) -> bytearray:
    """What the guest sees, sector by sector."""
    disk = bytearray(disk)
    for number, bit in enumerate(layer.bits):
        if bit:
            disk[number * SECTOR : (number + 1) * SECTOR] = layer.data[number * SECTOR : (number + 1) * SECTOR]
    return disk


@pytest.mark.parametrize("seed", [1, 2])
def test_every_read_of_three_layers_gives_the_bytes_of_the_model(seed: int, tmp_path: Path) -> None:
    at = random.Random(seed)
    disk = base(tmp_path / "base.vhdx", at)
    for name, parent in (("middle.vhdx", "base.vhdx"), ("top.vhdx", "middle.vhdx")):
        disk = over(disk, layer(tmp_path / name, parent, at))
    expected = bytes(disk[:SIZE])
    with vhdx.open(tmp_path / "top.vhdx") as found:
        assert found.read_at(0, SIZE) == expected
        for _ in range(60):
            offset, length = at.randrange(SIZE), at.choice([1, 511, 5000, 40_000, 300_000])
            assert found.read_at(offset, length) == expected[offset : offset + length], (seed, offset, length)
        kinds = {piece.kind for piece in found.ranges(coarse=True)}
        assert "partial" in kinds
        assert "partial" not in {piece.kind for piece in found.ranges()}
        lost = extents.Lost()
        assert sparse_digest(found, lost, int) == nonzero_64k_digest(found)
        assert not lost.count


def test_ranges_that_are_not_coarse_are_those_of_the_bits(tmp_path: Path) -> None:
    top = layer(tmp_path / "top.vhdx", "gone.vhdx", random.Random(3))
    with vhdx.open(tmp_path / "top.vhdx", without_parent=True) as disk:
        for piece in disk.ranges():
            first, last = piece.virtual_offset // SECTOR, (piece.virtual_offset + piece.length) // SECTOR
            assert set(top.bits[first:last]) == {piece.kind == "data"}


@pytest.mark.parametrize("kept", [100_000, 1000])
def test_what_is_missing_without_a_parent_is_counted_to_the_byte(
    kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = layer(tmp_path / "top.vhdx", "gone.vhdx", random.Random(4))
    monkeypatch.setattr(extents, "LOST_KEPT", kept)
    bits = top.bits[: SIZE // SECTOR]
    starts = [number for number, bit in enumerate(bits) if not bit and (not number or bits[number - 1])]
    with vhdx.open(tmp_path / "top.vhdx", without_parent=True) as disk:
        lost = extents.Lost()
        found = list(extents.of_disk(disk, lost))
        assert sum(extent.length for extent in found) >= sum(bits) * SECTOR
        assert disk.read_at(0, SIZE) == bytes(over(bytearray(4 * MIB), top)[:SIZE])
    assert lost.bytes == bits.count(False) * SECTOR
    assert [piece.virtual_offset // SECTOR for piece in lost.ranges] == starts[:kept]
    assert len(starts) <= lost.count <= len(starts) + 4  # a run may count once in each of two blocks
    assert lost.is_complete == (kept >= len(starts))


def test_a_block_that_is_lost_below_is_lost_where_the_file_does_not_hold_it(tmp_path: Path) -> None:
    at = random.Random(5)
    disk = base(tmp_path / "base.vhdx", at, lost=1)
    top = layer(tmp_path / "top.vhdx", "base.vhdx", at)
    expected = over(disk, top)
    inside = range(PER_BLOCK, 2 * PER_BLOCK)
    gone = [number for number in inside if not top.bits[number]]
    for number in gone:
        expected[number * SECTOR : (number + 1) * SECTOR] = bytes(SECTOR)
    with vhdx.open(tmp_path / "top.vhdx") as found:
        assert found.read_at(0, MIB) == expected[:MIB]
        assert found.read_at(2 * MIB, MIB) == expected[2 * MIB : 3 * MIB]
        held = next(number for number in inside if top.bits[number])
        assert found.read_at(held * SECTOR, SECTOR) == expected[held * SECTOR : (held + 1) * SECTOR]
        with pytest.raises(vhdx.VhdxError, match="BAT-006"):
            found.read_at(MIB, MIB)
    with vhdx.open(tmp_path / "top.vhdx", salvage=True) as found:
        assert found.read_at(0, SIZE) == expected[:SIZE]
        listed = [
            at
            for piece in found.lost
            for at in range(piece.virtual_offset, piece.virtual_offset + piece.length, SECTOR)
        ]
        assert listed == [number * SECTOR for number in gone]
