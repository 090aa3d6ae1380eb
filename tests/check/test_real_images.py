"""What a check says of images that others wrote, each finding with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.test_real_images import RECORDS
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.wording import counted

if TYPE_CHECKING:
    from tests.conftest import RealImages

pytestmark = pytest.mark.images

# QEMU leaves the Required bit clear in the entries of both regions, and lets the first block begin at the next multiple
# of its own block size, or of 4 MiB: what is between is free.
QEMU = {"RGN-017": 2, "LAY-004": 1}

# Rule to number of places. An image that is not here has no findings.
FINDINGS: dict[str, dict[str, int]] = {
    # QEMU 5.2 wrote BAT entries one place too far behind (mended in April 2023): a stray value in the unused part.
    "dfvfs-ext2": QEMU | {"BAT-018": 1},
    # Windows writes absolute paths without \\?\, and sets the bits of a whole 4 KiB of bitmap for a disk of 4 MiB.
    "dfvfs-fat-differential": {"PLC-018": 1, "SBM-002": 1},
    "dissect-differencing": {"PLC-018": 1},
    # This writer marks blocks as partially present although all their sectors are.
    "ft-diff2-24M": {"SBM-003": 1},
    # This writer takes entry 0 for a bitmap's, and fills the unused part of the table; see the manifest. The block that
    # it does not name lies unused in the file.
    "ft-fixed-16M": {"BAT-016": 1, "LAY-004": 1, "BAT-018": 1},
    # This writer puts the Required bit at a wrong offset.
    "nv-100G": {"RGN-017": 2},
    "q-convert-ext4-40M": QEMU,
    "q-dirty-a-64M": QEMU,
    "q-dirty-log2M-bs2M-256M": QEMU,
    "q-dyn-3T": QEMU,
    "q-dyn-bs1M-128M": QEMU,
    "q-dyn-bszoff-32M": QEMU,
    "q-dyn-default-64M": QEMU,
    "q-dyn-log8M-32M": QEMU,
    "q-dyn-oddsize": QEMU,
    # "Fixed" by QEMU: full length, but entries of blocks that were never written stay ZERO. 12 of 16 were not.
    "q-fixed-bs1M-16M": QEMU | {"BAT-016": 12},
    # Must be refused: LogGuid is set and no entry carries it. Free space is not judged then.
    "q-logguid-no-entries-64M": {"LOG-024": 1, "RGN-017": 2},
    # Disk2vhd: both headers alike, 512 bytes behind the last block.
    "qemu-test-disk2vhd": {"HDR-004": 1, "LAY-003": 1, "LAY-004": 1},
}
REFUSED = {"q-logguid-no-entries-64M"}
WARNED = {"qemu-test-disk2vhd"}  # its headers are alike


@pytest.mark.parametrize("image_id", sorted(RECORDS) or [pytest.param("", marks=pytest.mark.skip("no real images"))])
def test_a_real_image_yields_what_its_writer_is_known_for(image_id: str, real_images: RealImages) -> None:
    with load_image(open_source(real_images.path(image_id))) as image:
        report = check_image(image)
    assert report.totals == FINDINGS.get(image_id, {})
    assert (report.state == "unreadable") == (image_id in REFUSED)
    assert report.lost.bytes == report.doubtful.bytes == 0
    assert (report.cut, report.possible_loss, report.orphans.blocks) == (None, None, 0)
    many = f" in {sum(report.totals.values())} places" if sum(report.totals.values()) > 9 else ""
    number = len(report.totals) if many else sum(report.totals.values())
    notes = f"healthy, {counted(number, 'note')}{many}" if report.totals else "healthy"
    if image_id not in REFUSED | WARNED:
        assert report.conclusion.partition(";")[0] == notes


def test_the_list_names_images_that_are_there() -> None:
    if not RECORDS:
        pytest.skip("real images: VHDX_TEST_IMAGES names no folder with a MANIFEST.yaml")
    assert set(FINDINGS) <= set(RECORDS)
