"""Headers, region tables, the first MiB, or the metadata table are lost: what can be derived is offered, exactly."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest
from vhdx_format.rules import RULES

from tests.cli.support import run
from tests.conftest import RealImages
from tests.repair.support import planned
from tests.support.sampling import sampled
from vhdx_runtime.change.guest import differences
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource, open_source
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Hide, Log, LogEntry, Recipe, expand
from vhdx_runtime.conformance.recipes.recipe import Recipe as AnyRecipe
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.apply import apply
from vhdx_runtime.repair.plan import Plan, Wishes
from vhdx_runtime.write.recording import Recording

KIB, MIB = 1 << 10, 1 << 20
EVERY = Wishes(offered=frozenset(RULES))
BLOCKS = Bat((Block(0), Block(1, fills=(Fill(0, 5000),)), Block(3)))
METADATA = 2 * MIB  # of these recipes, and of the images made by Hyper-V and DiscUtils
LOST = {
    "headers": (64 * KIB, 192 * KIB),
    "region tables": (192 * KIB, 320 * KIB),
    "both": (64 * KIB, 320 * KIB),
    "first MiB": (0, MIB),
    "metadata table": (METADATA, METADATA + 64 * KIB),
    "a sector of it": (METADATA, METADATA + 512),
}
RECIPES = {
    "dynamic": Recipe(bat=BLOCKS),
    "4096": Recipe(bat=BLOCKS, geometry=Geometry(logical_sector_size=4096, physical_sector_size=4096)),
    "fixed": Recipe(geometry=Geometry(disk_type="fixed"), bat=Bat(tuple(Block(n) for n in range(4)))),
    "large blocks": Recipe(bat=BLOCKS, geometry=Geometry(virtual_disk_size=256 * MIB, block_size=32 * MIB)),
}
REAL = ("coreos-config2_base", "discutils-swap", "q-dyn-bs1M-128M", "q-fixed-bs1M-16M", "dfvfs-ext2", "ft-base-24M")


def wiped(data: bytes, start: int, end: int) -> bytes:
    return data[:start] + bytes(end - start) + data[end:]


def mended(data: bytes, undo_path: Path, wanted: Wishes = EVERY) -> tuple[Plan, Recording]:
    plan, recording = planned(BytesSource(data), wanted), Recording(data)
    assert plan.changes.operations, [item.reason for item in plan.unmended]
    assert not apply(plan, recording, undo_path).failure
    return plan, recording


def expected(recipe: AnyRecipe) -> tuple[bytes, bytes]:
    made = expand(recipe)
    return made.to_bytes(), made.expected.read(0, made.expected.size)


@pytest.mark.parametrize("name", sampled(RECIPES, "dynamic", "4096"))
@pytest.mark.parametrize("lost", LOST)
def test_what_is_lost_is_made_anew_and_the_disk_is_that_of_the_model(name: str, lost: str, tmp_path: Path) -> None:
    data, disk = expected(RECIPES[name])
    damaged = wiped(data, *LOST[lost])
    assert not planned(BytesSource(damaged)).changes.operations, "nothing is made up without consent"
    _, recording = mended(damaged, tmp_path / "undo")
    image = load_image(recording)
    assert not check_image(image).refused
    assert image.mapping is not None
    for piece in image.mapping.pieces(0, image.size):
        raw = image.view.read_at(piece.file_offset, piece.length) if piece.kind == "data" else bytes(piece.length)
        assert piece.kind != "unreadable"
        assert raw == disk[piece.virtual_offset : piece.virtual_offset + piece.length]
    assert image.regions.get("bat") is not None
    assert recording.read_at(192 * KIB, 64 * KIB)[:4] == b"regi"


@pytest.mark.parametrize("lost", LOST)
def test_files_of_other_writers_read_as_they_did(lost: str, real_images: RealImages, tmp_path: Path) -> None:
    for name in REAL:
        path = next(real_images.path(one) for one in real_images.records if name in (one, real_images.path(one).stem))
        data = path.read_bytes()
        sound = load_image(BytesSource(data))
        start, end = LOST[lost]
        region = sound.regions.get("metadata")
        assert region is not None
        move = region.file_offset - METADATA if start >= METADATA else 0
        _, recording = mended(wiped(data, start + move, end + move), tmp_path / name)
        found = differences(sound, load_image(recording), [(0, len(data))])
        assert (found.changed, found.gained, found.is_known) == ((), (), True), name


def test_a_log_that_may_be_needed_is_asked_for_and_taken(tmp_path: Path) -> None:
    data, disk = expected(Recipe(bat=BLOCKS, log=Log((LogEntry((Hide("bat"),)),))))
    damaged = wiped(data, *LOST["headers"])
    plan = planned(BytesSource(damaged), EVERY)
    assert not plan.changes.operations
    (reason,) = {item.reason for item in plan.declined}
    guid = data[64 * KIB + 48 : 64 * KIB + 64]
    assert "say which log counts: --set log_guid=" in reason
    _, recording = mended(damaged, tmp_path / "undo", Wishes(offered=EVERY.offered, values={"log_guid": guid}))
    image = load_image(recording)
    assert image.log.state == "replayed"
    assert image.mapping is not None
    (piece, *_) = image.mapping.pieces(0, MIB)
    assert image.view.read_at(piece.file_offset, MIB) == disk[:MIB]


def test_a_log_that_new_headers_name_is_told_of_and_a_second_repair_writes_it(tmp_path: Path) -> None:
    data, disk = expected(Recipe(bat=BLOCKS, log=Log((LogEntry((Hide("bat"),)),))))
    path = write(tmp_path, wiped(data, *LOST["headers"]))
    guid = UUID(bytes_le=data[64 * KIB + 48 : 64 * KIB + 64])
    said = run("repair", "--apply", "--offer", "HDR-*", "--set", f"log_guid={guid}", path).stdout
    assert "a second repair writes it into the file" in said
    again = run("repair", "--apply", "--undo", tmp_path / "undo", path).stdout
    assert "log: 1 entry replayed into the file" in again
    assert "a second repair" not in again
    assert run("read", "--log", "ignore", path).stdout_bytes == disk


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "disk.vhdx"
    path.write_bytes(data)
    return path


def test_without_items_one_line_says_what_is_needed_and_takes_it(tmp_path: Path) -> None:
    data, disk = expected(RECIPES["dynamic"])
    path = write(tmp_path, wiped(data, METADATA, 3 * MIB))
    text = run("repair", "--offer", "*", path, code=3 if not data else 1).output
    assert "--set block_size=… --set virtual_disk_size=… --set logical_sector_size=…" in text
    said = ("--set", f"virtual_disk_size={len(disk)}", "--set", "logical_sector_size=512")
    block = load_image(BytesSource(data)).geometry
    assert block is not None
    said += ("--set", f"block_size={block.block_size}")
    assert "of no use" not in run("repair", "--apply", "--offer", "MDT-*,ITM-*", *said, path).stderr
    assert run("read", path).stdout_bytes == disk
    assert "--set block_size is of no use" in run("repair", *said, path).stderr


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("block_size=3M", "ITM-003"),
        ("block_size=512", "ITM-002"),
        ("virtual_disk_size=0", "ITM-009"),
        ("virtual_disk_size=65T", "ITM-008"),
        ("logical_sector_size=520", "ITM-013"),
        ("bat_region=12345", "RGN-008"),
        ("sector=512", "nothing that can be set"),
        ("log_guid=x", "badly formed"),
        ("block_size=many", "no number"),
    ],
)
def test_what_is_said_is_held_against_the_rules(said: str, why: str, tmp_path: Path) -> None:
    path = write(tmp_path, expected(RECIPES["dynamic"])[0])
    assert why in run("repair", "--set", said, path, code=2).output


def test_an_empty_table_is_not_taken_where_data_belongs_to_nothing(tmp_path: Path) -> None:
    data, _ = expected(RECIPES["dynamic"])
    table = 3 * MIB
    damaged = wiped(data[:table] + b"text" * (MIB // 4) + data[table + MIB :], *LOST["region tables"])
    path = write(tmp_path, damaged)
    with load_image(open_source(path)) as image:
        plan = planned(image.source, EVERY)
    assert not plan.changes.operations
    assert any("--set bat_region=" in item.reason for item in plan.declined)


def broken_items(data: bytes) -> bytes:
    """An image whose items are all zeros; its table of them is as it was."""
    start = METADATA + 64 * KIB
    return wiped(data, start, start + 40)


def test_values_of_broken_items_are_asked_for_and_taken(tmp_path: Path) -> None:
    data, disk = expected(RECIPES["dynamic"])
    geometry = load_image(BytesSource(data)).geometry
    assert geometry is not None
    path = write(tmp_path, broken_items(data))
    asked = run("repair", path, code=1).stderr
    for name in ("block_size", "virtual_disk_size", "logical_sector_size"):
        assert f"--set {name}=…" in asked
    said = [f"block_size={geometry.block_size}", f"virtual_disk_size={len(disk)}"]
    said += [f"logical_sector_size={geometry.logical_sector_size}", "log_guid=nil"]
    words = [word for one in said for word in ("--set", one)]
    told = run("repair", "--apply", "--offer", "ITM-*", *words, path).stderr
    assert re.findall("--set (\\w+) is of no use", told) == ["log_guid"]
    assert run("read", path).stdout_bytes == disk


def test_entries_that_a_wrong_size_leaves_over_are_not_cleared(tmp_path: Path) -> None:
    data, disk = expected(RECIPES["dynamic"])
    geometry = load_image(BytesSource(data)).geometry
    assert geometry is not None
    path = write(tmp_path, broken_items(data))
    wrong = ["--set", f"block_size={geometry.block_size}", "--set", f"virtual_disk_size={geometry.block_size}"]
    wrong += ["--set", f"logical_sector_size={geometry.logical_sector_size}"]
    said = run("repair", "--apply", "--offer", "ITM-*", *wrong, path).stdout
    assert "look at the disk first" in said
    right = ["--set", f"virtual_disk_size={len(disk)}"]
    assert "of no use" in run("repair", "--offer", "ITM-*", *right, path).stderr  # the file says a size now
    assert "needs consent: --offer BAT-018" in run("repair", path).stdout  # and later neither
    table = 3 * MIB
    assert path.read_bytes()[table : table + 256] == data[table : table + 256]


def test_what_is_said_of_one_item_stays_in_the_hint_for_the_others(tmp_path: Path) -> None:
    data, _ = expected(RECIPES["dynamic"])
    path = write(tmp_path, broken_items(data))
    asked = run("repair", "--set", "block_size=1M", path, code=1).stderr
    assert f"--set block_size={MIB} " in asked
    assert "--set virtual_disk_size=…" in asked


def test_a_value_that_breaks_what_it_is_to_mend_is_not_put_in(tmp_path: Path) -> None:
    odd = Recipe("odd", geometry=Geometry(virtual_disk_size=8 * MIB + 100))
    path = write(tmp_path, expand(odd).to_bytes())
    assert "ITM-007" in run("check", path, code=1).stdout
    said = run("repair", "--offer", "ITM-007", "--set", f"virtual_disk_size={8 * MIB + 7}", path, code=1).stdout
    assert "what you say does not keep ITM-007 either" in said
    assert "Nothing is planned" in said
    run("repair", "--apply", "--offer", "ITM-007", "--set", f"virtual_disk_size={8 * MIB}", path)
    assert run("check", path).stdout.startswith("healthy")
