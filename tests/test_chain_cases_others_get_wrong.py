"""What some reader of VHDX gets wrong about differencing disks and their chains, each as a test.

Expected bytes come from the recipes' own models, one layered over another.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime as vhdx
from tests.support.reading import SparseFile, assert_reads, check_chain, check_chain_in_memory, write_chain
from vhdx_runtime.conformance import (
    NIL_GUID,
    Bat,
    Bitmap,
    Block,
    FieldOverride,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    ParentLocator,
    Recipe,
    Write,
    expand,
    expand_chain,
    locator_for,
    make_guid,
    standard_items,
)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BASE = Recipe("base", bat=Bat(tuple(Block(number) for number in range(4)), order="scrambled"))
RUNS = ((0, 1), (3, 2), (100, 1000), (2047, 1))
CHILD = Recipe("child", geometry=Geometry("differencing"), bat=Bat((Block(1, 7, sectors=RUNS), Block(2))))
LINK = ("parent_linkage", f"{{{BASE.data_write_guid}}}")
PATH = ("relative_path", ".\\base.vhdx")


def child_with(*pairs: tuple[str | bytes, str | bytes], **changes: Any) -> Recipe:
    return replace(CHILD, parent=ParentLocator(pairs), **changes)


def refusal(folder: Path, name: str = "child.vhdx", **options: Any) -> vhdx.ChainError:
    with pytest.raises(vhdx.ChainError) as caught:
        vhdx.open(folder / name, **options)
    return caught.value


def scattered_runs(seed: int, sectors: int) -> tuple[tuple[int, int], ...]:
    """Runs of set sectors that begin and end at any bit."""
    at, position, runs = random.Random(seed), 0, []
    while position < sectors:
        count = min(at.choice((1, 1, 2, 7, 8, 9, 63, 200)), sectors - position)
        runs.append((position, count))
        position += count + at.choice((1, 1, 3, 8, 15, 100))
    return tuple(runs)


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


def deep_chain(depth: int) -> list[Recipe]:
    """A base and `depth` children whose block sizes differ, and which each own other sectors."""
    sizes = (MIB, 4 * MIB, 2 * MIB, 8 * MIB, MIB, 16 * MIB)
    chain = [Recipe("layer0", geometry=Geometry(virtual_disk_size=15 * MIB), bat=Bat(tuple(map(Block, range(12)))))]
    for number in range(1, depth + 1):
        size = sizes[number % len(sizes)]
        per_block = size // 512
        runs = scattered_runs(number, min(per_block, 1500))
        blocks = (Block(0, 7, sectors=runs), *((Block(1, 2),) if number == 2 and size < 15 * MIB else ()))
        geometry = Geometry("differencing", 15 * MIB, size)
        chain.append(Recipe(f"layer{number}", geometry=geometry, bat=Bat(blocks)))
    return chain


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
        assert len(disk.chain) == 256
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
        assert len(disk.chain) == 5


def test_avhdx_is_but_a_name(tmp_path: Path) -> None:
    middle = replace(CHILD, name="middle", file_name="disk_4F0A.avhdx")
    top = replace(CHILD, name="top", file_name="disk_77.AVHDX", bat=Bat((Block(0, 7, sectors=((9, 9),)),)))
    check_chain([BASE, middle, top], tmp_path)


# Locators


VOLUME = "\\\\?\\Volume{12345678-9abc-def0-1234-56789abcdef0}\\disks\\base.vhdx"


@pytest.mark.parametrize(
    "pairs",
    [
        (LINK, PATH),
        (PATH, LINK),
        (LINK, ("relative_path", "base.vhdx")),
        (LINK, ("relative_path", ".\\sub\\..\\base.vhdx")),
        (LINK, PATH, ("parent_linkage2", f"{{{NIL_GUID}}}")),
        (("parent_linkage2", f"{{{NIL_GUID}}}"), PATH, LINK),
        (("parent_linkage", f"{{{make_guid('before the merge')}}}"), ("parent_linkage2", LINK[1]), PATH),
        (("parent_linkage", LINK[1].upper()), PATH),
        (("parent_linkage", LINK[1].strip("{}")), PATH),
        (LINK, PATH, ("their_key", "their value")),
        (LINK, ("relative_path", ".\\gone.vhdx"), ("absolute_win32_path", "C:\\disks\\base.vhdx")),
        (LINK, ("absolute_win32_path", "C:\\disks\\base.vhdx")),
        (LINK, ("absolute_win32_path", "\\\\?\\C:\\disks\\base.vhdx")),
        (LINK, ("volume_path", VOLUME)),
        (LINK, ("volume_path", "nonsense"), PATH),
        (LINK, ("relative_path", ".\\base.vhdx\0")),
    ],
    ids=lambda pairs: ",".join(str(key) for key, _ in pairs),
)
def test_every_way_to_name_a_parent_in_the_same_folder(pairs: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    check_chain([BASE, child_with(*pairs)], tmp_path)


def test_a_locator_as_hyper_v_writes_it(tmp_path: Path) -> None:
    check_chain([BASE, replace(CHILD, parent=locator_for(BASE, is_full=True))], tmp_path)


def test_a_name_beyond_ascii_leads_to_the_parent(tmp_path: Path) -> None:
    base = replace(BASE, file_name="Größe 日本 𝄞.vhdx")
    check_chain([base, CHILD], tmp_path)


def test_a_path_into_a_folder_below_leads_to_the_parent(tmp_path: Path) -> None:
    chain = write_chain([BASE, child_with(LINK, ("relative_path", ".\\old\\base.vhdx"))], tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "base.vhdx").rename(tmp_path / "old" / "base.vhdx")
    with vhdx.open(tmp_path / "child.vhdx") as disk:
        assert_reads(disk, chain[-1].expected)


def test_a_parent_in_another_folder_is_found_where_the_caller_says(tmp_path: Path) -> None:
    chain = write_chain([BASE, replace(CHILD, parent=locator_for(BASE, is_full=True))], tmp_path)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (tmp_path / "base.vhdx").rename(moved / "base.vhdx")
    refusal(tmp_path)
    refusal(tmp_path, parent_dirs=[tmp_path])
    for options in ({"parent_dirs": [moved]}, {"parent_dirs": [str(moved)]}, {"parents": [moved / "base.vhdx"]}):
        with vhdx.open(tmp_path / "child.vhdx", **options) as disk:  # type: ignore[arg-type]
            assert_reads(disk, chain[-1].expected)


def test_a_renamed_parent_is_found_where_the_caller_says(tmp_path: Path) -> None:
    chain = write_chain([BASE, CHILD], tmp_path)
    (tmp_path / "base.vhdx").rename(tmp_path / "renamed.vhdx")
    refusal(tmp_path)
    with vhdx.open(tmp_path / "child.vhdx", parents=[tmp_path / "renamed.vhdx"]) as disk:
        assert_reads(disk, chain[-1].expected)


def test_parents_may_be_named_in_any_order(tmp_path: Path) -> None:
    chain = write_chain(deep_chain(4), tmp_path)
    others = [(tmp_path / made.recipe.path).rename(tmp_path / f"x{n}") for n, made in enumerate(chain[:-1])]
    for order in (others, others[::-1], others[2:] + others[:2]):
        with vhdx.open(tmp_path / "layer4.vhdx", parents=order) as disk:
            assert_reads(disk, chain[-1].expected, count=10)


def test_a_missing_parent_is_an_error_and_the_child_can_still_be_inspected(tmp_path: Path) -> None:
    chain = write_chain([BASE, CHILD], tmp_path)
    (tmp_path / "base.vhdx").unlink()
    assert "base.vhdx" in str(refusal(tmp_path))
    with vhdx.open_image(tmp_path / "child.vhdx") as image:
        assert image.size == 4 * MIB
        assert image.locator is not None
        assert image.locator.get("relative_path") == ".\\base.vhdx"
    alone = expand(replace(CHILD, parent=locator_for(BASE))).expected
    with vhdx.open(tmp_path / "child.vhdx", without_parent=True) as disk:
        assert_reads(disk, alone)
        assert {piece.kind for piece in disk.ranges(0, disk.size)} == {"data", "missing"}
    assert chain[-1].expected.sha256() != alone.sha256()


@pytest.mark.parametrize("linkage", [make_guid("somebody else"), NIL_GUID])
def test_another_disk_under_the_parents_name_is_refused(linkage: str, tmp_path: Path) -> None:
    copies = tuple(replace(copy, data_write_guid=linkage) for copy in BASE.headers)
    write_chain([replace(BASE, headers=(copies[0], copies[1])), child_with(LINK, PATH)], tmp_path)
    assert refusal(tmp_path).rule == "CHN-002"
    assert refusal(tmp_path, parents=[tmp_path / "base.vhdx"]).rule == "CHN-002"


def test_nil_links_nothing(tmp_path: Path) -> None:
    copies = tuple(replace(copy, data_write_guid=NIL_GUID) for copy in BASE.headers)
    pairs = (("parent_linkage", f"{{{NIL_GUID}}}"), ("parent_linkage2", f"{{{NIL_GUID}}}"), PATH)
    write_chain([replace(BASE, headers=(copies[0], copies[1])), child_with(*pairs)], tmp_path)
    refusal(tmp_path)


def test_the_parents_current_header_speaks_for_it(tmp_path: Path) -> None:
    stale, current = HeaderCopy(1, data_write_guid=make_guid("old")), HeaderCopy(2)
    check_chain([replace(BASE, headers=(stale, current)), CHILD], tmp_path)
    other = replace(BASE, headers=(replace(current, sequence_number=3), stale))
    check_chain([other, CHILD], tmp_path)
    wrong = replace(BASE, headers=(replace(stale, sequence_number=3), current))
    write_chain([wrong, child_with(LINK, PATH)], tmp_path)
    assert refusal(tmp_path).rule == "CHN-002"


def test_a_candidate_that_does_not_match_is_passed_over(tmp_path: Path) -> None:
    pairs = (LINK, ("relative_path", ".\\wrong.vhdx"), ("absolute_win32_path", "C:\\disks\\base.vhdx"))
    chain = write_chain([BASE, child_with(*pairs)], tmp_path)
    shutil.copy(expand(replace(BASE, name="wrong")).write(tmp_path), tmp_path / "other.vhdx")
    with vhdx.open(tmp_path / "child.vhdx", parents=[tmp_path / "other.vhdx", tmp_path / "base.vhdx"]) as disk:
        assert_reads(disk, chain[-1].expected)
    with vhdx.open(tmp_path / "child.vhdx") as disk:
        assert_reads(disk, chain[-1].expected)


def test_a_file_that_is_its_own_parent_is_refused(tmp_path: Path) -> None:
    own = (("parent_linkage", f"{{{CHILD.data_write_guid}}}"), ("relative_path", ".\\child.vhdx"))
    expand(child_with(*own)).write(tmp_path)
    assert refusal(tmp_path).rule == "CHN-004"
    os.link(tmp_path / "child.vhdx", tmp_path / "twin.vhdx")
    expand(child_with(own[0], ("relative_path", ".\\twin.vhdx"))).write(tmp_path)
    (tmp_path / "twin.vhdx").unlink()
    os.link(tmp_path / "child.vhdx", tmp_path / "twin.vhdx")
    assert refusal(tmp_path).rule == "CHN-004"


def test_a_loop_of_two_is_refused(tmp_path: Path) -> None:
    other = replace(CHILD, name="other")
    for one, two in ((CHILD, other), (other, CHILD)):
        expand(replace(one, parent=locator_for(two))).write(tmp_path)
    assert refusal(tmp_path).rule == "CHN-004"


def test_sectors_of_another_size_below_are_refused(tmp_path: Path) -> None:
    base = replace(BASE, geometry=Geometry(logical_sector_size=4096))
    write_chain([base, CHILD], tmp_path)
    assert refusal(tmp_path).rule == "CHN-003"


def test_a_child_without_a_usable_locator_needs_a_parent_by_name(tmp_path: Path) -> None:
    items = tuple(item for item in standard_items(CHILD.geometry) if item.item_id != "parent_locator")
    broken = [
        replace(CHILD, metadata=Metadata(items=items)),
        replace(CHILD, overrides=(FieldOverride("parent_locator", "header.locator_type", make_guid("iSCSI")),)),
        child_with(PATH),
        child_with(),
    ]
    for recipe in broken:
        chain = write_chain([BASE, recipe], tmp_path)
        refusal(tmp_path)
        with vhdx.open(tmp_path / "child.vhdx", parents=[tmp_path / "base.vhdx"]) as disk:
            assert_reads(disk, chain[-1].expected, count=5)


def test_a_parent_locator_without_a_parent_is_ignored() -> None:
    content = Item("parent_locator", b"\xff" * 40, is_required=True)
    made = expand(replace(BASE, metadata=Metadata(extra=(content,))))
    with vhdx.open(made.to_bytes()) as disk:
        assert_reads(disk, made.expected)


def test_pairs_that_cannot_be_read_do_not_hide_the_others(tmp_path: Path) -> None:
    overrides = (
        FieldOverride("parent_locator", "entries[0].key_offset", 0),
        FieldOverride("parent_locator", "entries[1].value_offset", 0xFFFFFFFF),
        FieldOverride("parent_locator", "entries[2].value_length", 0),
        FieldOverride("parent_locator", "entries[3].key_length", 7),
    )
    bad = tuple((f"key{number}", "value") for number in range(4))
    check_chain([BASE, child_with(*bad, LINK, PATH, overrides=overrides)], tmp_path)


# Where a locator may lead


_opens: list[list[str]] = []


def _note_open(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opens and isinstance(arguments[0], str):
        _opens[-1].append(arguments[0])


@contextmanager
def watched_opens() -> Iterator[list[str]]:
    """Every path that is opened meanwhile. The hook itself cannot be taken away again, so it is installed once."""
    if not hasattr(watched_opens, "hook"):
        watched_opens.hook = _note_open  # type: ignore[attr-defined]
        sys.addaudithook(_note_open)
    _opens.append([])
    try:
        yield _opens[-1]
    finally:
        _opens.pop()


@pytest.mark.parametrize(
    "path",
    [
        "..\\outside\\base.vhdx",
        ".\\..\\outside\\base.vhdx",
        "sub\\..\\..\\outside\\base.vhdx",
        ".\\link\\base.vhdx",
        ".\\link.vhdx",
        "../outside/base.vhdx",
        "{outside}/base.vhdx",
        "{outside}\\base.vhdx",
        "\\\\server\\share\\base.vhdx",
        "//server/share/base.vhdx",
        "file://{outside}/base.vhdx",
        ".\\fifo",
        "\\dev\\zero",
        "/dev/zero",
        ".\\zero",
        "CON",
        ".",
        "..",
        "",
        ".\\child.vhdx:stream",
    ],
)
def test_a_locator_leads_to_nothing_outside_the_allowed_folders(path: str, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "sub").mkdir(parents=True)
    outside.mkdir()
    expand(BASE).write(outside)
    (inside / "link").symlink_to(outside)
    (inside / "link.vhdx").symlink_to(outside / "base.vhdx")
    (inside / "zero").symlink_to("/dev/zero")
    os.mkfifo(inside / "fifo")
    for key in ("relative_path", "absolute_win32_path", "volume_path"):
        child = expand(child_with(LINK, (key, path.format(outside=outside)))).write(inside)
        refusal(inside)  # whatever is imported late is imported now
        with watched_opens() as opened:
            refusal(inside)
        assert opened, "nothing was watched"
        assert {os.path.dirname(os.path.realpath(name)) for name in opened} == {str(inside)}
        with vhdx.open(child, parents=[outside / "base.vhdx"]) as disk:
            assert disk.read_at(0, 10) == expand(BASE).expected.read(0, 10), "the parent itself is fine"
