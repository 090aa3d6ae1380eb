"""What some reader of VHDX gets wrong about differencing disks and their chains, each as a test.

Expected bytes come from the recipes' own models, one layered over another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.support.children import BASE, CHILD, MIB, RUNS, deep_chain, refusal, scattered_runs
from tests.support.reading import SparseFile, assert_reads, check_chain, check_chain_in_memory, write_chain
from vhdx_runtime.conformance import (
    Bat,
    Bitmap,
    Block,
    FieldOverride,
    Fill,
    Geometry,
    Hide,
    Log,
    LogEntry,
    Recipe,
    Write,
    expand_chain,
)

# Sector bitmaps and states


@pytest.mark.parametrize("sector", [512, 4096])
@pytest.mark.parametrize("state", [0, 1, 2, 3, 5, 6, 7])
def test_every_block_state_over_a_parent(state: int, sector: int) -> None:
    runs = ((1, 2), (77, 9)) if state == 7 else ()
    blocks = (Block(0), Block(1, state, sectors=runs), Block(2, state, sectors=runs, anchored=True))
    base = replace(BASE, geometry=Geometry(logical_sector_size=sector))
    child = replace(CHILD, geometry=Geometry("differencing", logical_sector_size=sector), bat=Bat(blocks))
    check_chain_in_memory([base, child])


@pytest.mark.parametrize("sector", [512, 4096])
@pytest.mark.parametrize("seed", range(4))
def test_bitmaps_with_runs_that_begin_at_any_bit(seed: int, sector: int) -> None:
    geometry = Geometry("differencing", logical_sector_size=sector)
    blocks = tuple(Block(n, 7, sectors=scattered_runs(seed * 9 + n, MIB // sector)) for n in range(4))
    child = replace(CHILD, geometry=geometry, bat=Bat(blocks, order="scrambled", seed=seed))
    check_chain_in_memory([replace(BASE, geometry=Geometry(logical_sector_size=sector)), child])


def test_the_bitmap_of_a_fully_present_block_is_not_asked() -> None:
    check_chain_in_memory([BASE, replace(CHILD, bat=Bat((Block(0), Block(1, sectors=((5, 3),)))))])


def test_bits_of_blocks_in_other_states_mean_nothing() -> None:
    bits = Bitmap(0, sectors=((0, 4 * 2048),))
    check_chain_in_memory([BASE, replace(CHILD, bat=Bat((Block(1, 2), Block(2, 3, anchored=True)), (bits,)))])


@pytest.mark.parametrize("sector", [512, 4096])
def test_the_second_bitmap_serves_the_second_chunk(sector: int) -> None:
    ratio = 8 * sector  # blocks of 1 MiB in a chunk of 2^23 sectors
    size = (2 * ratio + 1) * MIB
    part = (Fill(0, 4096), Fill(MIB // 2, 9000))
    numbers = (0, ratio - 1, ratio, ratio + 1, 2 * ratio - 1, 2 * ratio)
    blocks = tuple(Block(n, fills=part) for n in numbers)
    base = Recipe("base", geometry=Geometry(virtual_disk_size=size, logical_sector_size=sector), bat=Bat(blocks))
    half = MIB // 2 // sector
    blocks = tuple(Block(n, 7, fills=part, sectors=((n % 3, 1), (half, 1), (half + 2, 9))) for n in numbers)
    geometry = Geometry("differencing", size, logical_sector_size=sector)
    check_chain_in_memory([base, replace(CHILD, geometry=geometry, bat=Bat(blocks, order="scrambled"))])


def test_a_partially_present_block_without_its_bitmap_is_lost_alone(tmp_path: Path) -> None:
    chain = write_chain([BASE, replace(CHILD, bat=replace(CHILD.bat, bitmaps=(Bitmap(0, state=0),)))], tmp_path)
    model = chain[-1].expected
    with vhdx.open(tmp_path / "child.vhdx") as disk:
        assert disk.read_at(0, MIB) == model.read(0, MIB)
        assert disk.read_at(2 * MIB, 2 * MIB) == model.read(2 * MIB, 2 * MIB)
        with pytest.raises(vhdx.IntegrityError) as caught:
            disk.read_at(MIB, 512)
        assert caught.value.rule == "BAT-012"
    with vhdx.open(tmp_path / "child.vhdx", salvage=True) as disk:
        assert_reads(disk, model)
        assert {piece.virtual_offset // MIB for piece in disk.lost} == {1}


def test_leave_block_allocated_does_not_stop_a_file_from_having_a_parent() -> None:
    override = FieldOverride("file_parameters", "leave_block_allocated", 1)
    check_chain_in_memory([BASE, replace(CHILD, overrides=(override,))])


# Chains


@pytest.mark.parametrize("depth", [1, 4, 6])
def test_a_deep_chain_of_differing_block_sizes(depth: int, tmp_path: Path) -> None:
    check_chain(deep_chain(depth), tmp_path)


def test_a_chain_ends_after_256_files(tmp_path: Path) -> None:
    blocks = (Block(0, fills=(Fill(0, 700),)),)
    chain = [Recipe("layer0", geometry=Geometry(virtual_disk_size=MIB), bat=Bat(blocks))]
    for number in range(1, 257):
        bat = Bat((Block(0, 7, fills=(Fill(0, MIB),), sectors=((number, 1),)),)) if number % 50 == 0 else Bat()
        chain.append(Recipe(f"layer{number}", geometry=Geometry("differencing", MIB), bat=bat))
    made = write_chain(chain, tmp_path)
    with vhdx.open(tmp_path / "layer255.vhdx") as disk:
        assert len(disk.images) == 256
        assert disk.read_at(0, MIB) == made[255].expected.read(0, MIB)
    assert refusal(tmp_path, "layer256.vhdx").rule == "CHN-004"


@pytest.mark.parametrize("sizes", [(2, 6), (6, 2), (7, 3, 7), (3, 7, 5, 7), (1, 8, 2, 8)])
def test_past_the_end_of_a_shorter_layer_are_zeros(sizes: Sequence[int]) -> None:
    chain = []
    for number, size in enumerate(sizes):
        geometry = Geometry("differencing" if number else "dynamic", size * MIB + 512)
        chain.append(Recipe(f"layer{number}", geometry=geometry, bat=Bat((Block(number % 2),) if number else ())))
    chain[0] = replace(chain[0], bat=Bat(tuple(Block(number) for number in range(sizes[0] + 1))))
    check_chain_in_memory(chain)


def test_a_dirty_parent_is_replayed_in_memory(tmp_path: Path) -> None:
    base = replace(BASE, log=Log((LogEntry((Write("bat", 0, b"\x55" * 4096),)), LogEntry((Hide("bat"),), tail="self"))))
    child = replace(CHILD, log=Log((LogEntry((Hide("bitmap[0]"), Hide("bat"), Hide("metadata")), split=1),)))
    base = replace(base, log=Log((LogEntry((Hide("bat"),)),)))
    write_chain([base, child], tmp_path)
    before = (tmp_path / "base.vhdx").read_bytes()
    check_chain([base, child], tmp_path)
    assert (tmp_path / "base.vhdx").read_bytes() == before


def test_a_log_grows_a_file_by_its_sector_bitmap() -> None:
    log = Log((LogEntry((Hide("bitmap[0]"), Hide("bat"))),))
    blocks = (Block(1, 7, sectors=RUNS, file_offset_mb=4), Block(2, file_offset_mb=5))
    child = replace(CHILD, log=log, bat=Bat(blocks, (Bitmap(0, file_offset_mb=6),)), file_length=6 * MIB)
    check_chain_in_memory([BASE, child])


def test_files_of_a_chain_may_be_bytes_or_file_objects() -> None:
    chain = expand_chain(deep_chain(4))
    others = [SparseFile(made) if number % 2 else made.to_bytes() for number, made in enumerate(chain[:-1])]
    with vhdx.open(chain[-1].to_bytes(), parents=others) as disk:  # type: ignore[arg-type]
        assert_reads(disk, chain[-1].expected)
        assert len(disk.images) == 5


def test_avhdx_is_but_a_name(tmp_path: Path) -> None:
    middle = replace(CHILD, name="middle", file_name="disk_4F0A.avhdx")
    top = replace(CHILD, name="top", file_name="disk_77.AVHDX", bat=Bat((Block(0, 7, sectors=((9, 9),)),)))
    check_chain([BASE, middle, top], tmp_path)
