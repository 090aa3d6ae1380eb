"""The truth on real images.

What other programs wrote opens, or is refused by the right rule, shows the true bytes and stays as it was.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import vhdx_runtime as vhdx
from tests.support.digests import disk_sha256, file_sha256, nonzero_64k_digest
from tests.support.yamls import load_yaml

if TYPE_CHECKING:
    from tests.conftest import RealImages

GIB = 1 << 30
WHOLE_AT_MOST = 2 * GIB
READABLE = ("readable", "readable_after_log_replay", "readable_with_parent")
OUTCOMES = {*READABLE, "must_refuse", "parent_missing"}
STATES = {0: "not_present", 1: "undefined", 2: "zero", 3: "unmapped", 6: "fully_present", 7: "partially_present"}
# A chain that the specification forbids: the child has 512-byte sectors, its parent 4096-byte ones. What tolerant
# readers agree on is read where the caller names the parent, and refused otherwise.
MIXED_SECTORS = "ft-4kn-diff512-64M"
pytestmark = pytest.mark.images


def manifest() -> dict[str, Any]:
    """The manifest, or one without images where it is absent."""
    path = Path(os.environ.get("VHDX_TEST_IMAGES") or ".") / "MANIFEST.yaml"
    if not path.is_file():
        return {"images": [], "cases": []}
    loaded: dict[str, Any] = load_yaml(path)
    return loaded


MANIFEST = manifest()
RECORDS = {record["id"]: record for record in MANIFEST["images"]}
ABSENT = [
    pytest.param("", marks=pytest.mark.skip("real images: VHDX_TEST_IMAGES names no folder with a MANIFEST.yaml"))
]


def ids(*outcomes: str) -> list[Any]:
    found = [name for name, record in RECORDS.items() if record["expected"]["outcome"] in outcomes]
    return found or ABSENT


def unpacked(real_images: RealImages, image_id: str) -> Path:
    """The image, its parents beside it."""
    for parent in RECORDS[image_id].get("parent", {}).get("chain", []):
        real_images.path(parent)
    return real_images.path(image_id)


def assert_untouched(path: Path, image_id: str) -> None:
    assert file_sha256(path) == RECORDS[image_id]["container"]["sha256"], f"{path.name} is not what it was"


def explicit_parents(real_images: RealImages, image_id: str) -> list[Path]:
    chain = RECORDS[image_id].get("parent", {}).get("chain", []) if image_id == MIXED_SECTORS else []
    return [real_images.path(parent) for parent in chain]


def test_every_outcome_of_the_manifest_is_known() -> None:
    if not RECORDS:
        pytest.skip("real images: VHDX_TEST_IMAGES names no folder with a MANIFEST.yaml")
    assert {record["expected"]["outcome"] for record in RECORDS.values()} <= OUTCOMES
    assert {case["name"] for case in MANIFEST["cases"]} <= {"wrong-parent", "missing-parent"}
    assert len(RECORDS) >= 30


@pytest.mark.parametrize("image_id", ids(*READABLE))
def test_the_guest_sees_the_true_bytes(image_id: str, real_images: RealImages) -> None:
    path, expected = unpacked(real_images, image_id), RECORDS[image_id]["expected"]
    with vhdx.open(path, parents=explicit_parents(real_images, image_id)) as disk:
        assert disk.size == expected["raw_size"]
        assert nonzero_64k_digest(disk) == (expected["nonzero_64k_digest"], expected["nonzero_64k_units"])
        if disk.size <= WHOLE_AT_MOST:
            assert disk_sha256(disk) == expected["raw_sha256"]
        assert (disk.image.log.state == "replayed") is (expected["outcome"] == "readable_after_log_replay")
    assert_untouched(path, image_id)


@pytest.mark.parametrize("image_id", ids("readable_after_log_replay"))
def test_a_log_is_left_out_on_request_only(image_id: str, real_images: RealImages) -> None:
    path, expected = unpacked(real_images, image_id), RECORDS[image_id]["expected"]
    with vhdx.open(path, log="ignore") as disk:
        assert disk_sha256(disk) == expected["raw_sha256_if_log_is_wrongly_ignored"] != expected["raw_sha256"]
    assert_untouched(path, image_id)


@pytest.mark.parametrize("image_id", ids("must_refuse"))
def test_a_log_that_is_announced_and_not_there_is_refused(image_id: str, real_images: RealImages) -> None:
    path, expected = unpacked(real_images, image_id), RECORDS[image_id]["expected"]
    with pytest.raises(vhdx.VhdxError) as caught:
        vhdx.open(path)
    assert caught.value.rule == "LOG-024"
    with vhdx.open(path, log="ignore") as disk:
        assert disk_sha256(disk) == expected["raw_sha256_if_log_is_ignored"]
    assert_untouched(path, image_id)


@pytest.mark.parametrize("image_id", ids("readable_with_parent", "parent_missing"))
def test_a_child_alone_is_what_it_holds_over_zeros(image_id: str, real_images: RealImages, tmp_path: Path) -> None:
    path = real_images.path(image_id)
    alone = tmp_path / path.name
    alone.symlink_to(path)  # the folder that counts is that of the file itself
    with vhdx.open(alone, without_parent=True) as disk:
        assert disk_sha256(disk) == RECORDS[image_id]["expected"]["raw_sha256_of_child_over_all_zero_parent"]
        assert "missing" in {piece.kind for piece in disk.ranges(0, disk.size)}
    assert_untouched(path, image_id)


@pytest.mark.parametrize("image_id", ids("parent_missing"))
def test_a_child_without_its_parent_is_refused_and_can_be_inspected(image_id: str, real_images: RealImages) -> None:
    assert_missing_parent_is_refused(real_images.path(image_id), image_id)


def assert_missing_parent_is_refused(path: Path, image_id: str) -> None:
    record = RECORDS[image_id]
    with pytest.raises(vhdx.ChainError):
        vhdx.open(path)
    with vhdx.open_image(path) as image:
        assert image.size == record["disk"]["virtual_size"]
        assert image.locator is not None
        for key, value in record["parent"]["locator"].items():
            assert image.locator.get(key) == value


@pytest.mark.parametrize("image_id", [MIXED_SECTORS] if MIXED_SECTORS in RECORDS else ABSENT)
def test_sectors_of_two_sizes_in_a_chain_are_refused_by_default(image_id: str, real_images: RealImages) -> None:
    with pytest.raises(vhdx.ChainError) as caught:
        vhdx.open(unpacked(real_images, image_id))
    assert caught.value.rule == "CHN-003"


@pytest.mark.parametrize("case", MANIFEST["cases"] or ABSENT, ids=lambda case: case["name"] if case else "none")
def test_a_case_of_the_manifest_is_refused(case: dict[str, str], real_images: RealImages, tmp_path: Path) -> None:
    child = tmp_path / RECORDS[case["child"]]["unpack_as"]
    shutil.copy(real_images.path(case["child"]), child)
    if "parent" in case:
        wanted = RECORDS[RECORDS[case["child"]]["parent"]["file_id"]]["unpack_as"]
        shutil.copy(real_images.path(case["parent"]), tmp_path / wanted)
        with pytest.raises(vhdx.ChainError) as caught:
            vhdx.open(child)
        assert caught.value.rule == "CHN-002"
        with pytest.raises(vhdx.ChainError) as caught:
            vhdx.open(child, parents=[tmp_path / wanted])
        assert caught.value.rule == "CHN-002"
    assert_missing_parent_is_refused(child, case["child"])


@pytest.mark.parametrize("image_id", ids(*OUTCOMES))
def test_the_container_is_what_the_manifest_says(image_id: str, real_images: RealImages) -> None:
    record = RECORDS[image_id]
    log = "ignore" if record["expected"]["outcome"] == "must_refuse" else "replay"
    with vhdx.open_image(unpacked(real_images, image_id), log=log) as image:
        assert_geometry(image, record)
        assert_headers(image, record)
        assert_log(image, record["log"])
        assert_regions_and_items(image, record)
        if record["expected"]["outcome"] not in ("readable_after_log_replay", "must_refuse"):
            assert_states(image, record["bat"])


def assert_geometry(image: vhdx.Image, record: dict[str, Any]) -> None:
    disk, geometry = record["disk"], image.geometry
    assert geometry is not None
    assert image.creator == record["creator"]
    assert geometry.disk_type == disk["type"]
    for name in ("block_size", "logical_sector_size", "physical_sector_size", "leave_block_allocated", "has_parent"):
        assert getattr(geometry, name) == disk[name], name
    assert (geometry.virtual_disk_size, geometry.chunk_ratio) == (disk["virtual_size"], disk["chunk_ratio"])
    assert geometry.payload_blocks == disk["payload_blocks"]


def guid_text(raw: bytes) -> str:
    groups = (raw[3::-1], raw[5:3:-1], raw[7:5:-1], raw[8:10], raw[10:])
    return "-".join(group.hex() for group in groups)


def assert_headers(image: vhdx.Image, record: dict[str, Any]) -> None:
    for copy, expected in zip(image.headers.copies, record["headers"], strict=True):
        fields = copy.placed.fields
        assert copy.placed.file_offset == expected["offset"]
        assert copy.valid is expected["valid"]
        for name in ("sequence_number", "version", "log_version", "log_offset", "log_length"):
            assert getattr(fields, name) == expected[name], name
        for name in ("file_write_guid", "data_write_guid", "log_guid"):
            assert guid_text(getattr(fields, name).raw) == expected[name], name
    assert image.headers.current is not None
    assert image.headers.current.placed.file_offset == record["current_header_offset"]


def assert_log(image: vhdx.Image, expected: dict[str, Any]) -> None:
    assert (image.log.state != "clean") is expected["dirty"]
    current = image.headers.current
    assert current is not None
    raw_guid = current.placed.fields.log_guid.raw
    entries = [entry for entry in image.log.entries(raw_guid) if not entry.broken] if expected["dirty"] else []
    assert len(entries) == expected["valid_entries_for_current_log_guid"]
    for found, entry in zip(entries, expected.get("entries", []), strict=True):
        assert (found.log_offset, found.length, found.tail) == (entry["offset_in_log"], entry["length"], entry["tail"])
        assert found.sequence_number == entry["sequence_number"]
    if sequence := expected.get("active_sequence"):
        active = image.log.active
        assert len(active) == sequence["entries"]
        assert active[0].sequence_number == sequence["first_sequence_number"]
        assert active[-1].sequence_number == sequence["last_sequence_number"]
        assert active[-1].flushed_file_offset == sequence["flushed_file_offset"]
        assert active[-1].last_file_offset == sequence["last_file_offset"]


def assert_regions_and_items(image: vhdx.Image, record: dict[str, Any]) -> None:
    found = [(entry.name, entry.file_offset, entry.length, entry.required) for entry in image.regions.entries]
    assert found == [(r["name"], r["offset"], r["length"], r["required"]) for r in record["regions"]]
    assert [copy.valid for copy in image.regions.copies] == record["region_tables_valid"]
    items = [(item.name, item.offset, item.length) for item in image.metadata.items]
    assert items == [(item["item"], item["offset"], item["length"]) for item in record["metadata_items"]]


def assert_states(image: vhdx.Image, expected: dict[str, Any]) -> None:
    geometry, bat = image.geometry, image.bat
    assert geometry is not None
    assert bat is not None
    payload = Counter(bat.word(geometry.payload_index(number)) & 7 for number in range(geometry.payload_blocks))
    assert {STATES[state]: count for state, count in payload.items()} == expected["payload_states"]
    if geometry.has_parent:
        bitmaps = Counter(bat.word(geometry.bitmap_index(chunk)) & 7 for chunk in range(geometry.bitmap_blocks))
        shown = {{0: "not_present", 6: "present"}[state]: count for state, count in bitmaps.items()}
        assert shown == expected["sector_bitmap_states"]
