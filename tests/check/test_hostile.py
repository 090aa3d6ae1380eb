"""A check never raises, whatever a file says, and costs little where little is there."""

from __future__ import annotations

import random
import struct

import pytest

from tests.check.test_tables import lost_ranges
from tests.support.judged import SMALL, checked, timed
from tests.support.specimens import SPECIMENS
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Bat, Geometry, Recipe, expand, locator_for
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.errors import FormatError

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_check_of_a_file_that_ends_anywhere_never_raises(name: str) -> None:
    raw = expand(SPECIMENS[name]).to_bytes()
    at = random.Random(name)
    usable = 0
    lengths = [0, 1, 7, 8, 519, 65535, 65536, 69632, 196608, 262144, 327680, MIB - 1, MIB, 2 * MIB, 3 * MIB + 8]
    for length in [*lengths, *(at.randrange(len(raw)) for _ in range(25))]:
        report = checked(raw[:length])
        assert report.totals, f"{length} bytes of {len(raw)}"
        if report.state in ("usable", "damaged"):
            with load_image(BytesSource(raw[:length])) as image:
                assert report.lost.bytes == sum(size for _, size in lost_ranges(image)), f"{length} bytes"
            assert (report.state == "damaged") == (report.lost.bytes > 0)
            usable += 1
    assert usable > 2 or name.startswith("dirty"), "what a log was written over is refused when it is shorter"


def test_a_check_of_random_bytes_never_raises() -> None:
    at = random.Random(0)
    for length in (1, 512, 70_000, 400_000, 2 * MIB):
        assert checked(at.randbytes(length)).state == "unreadable"


class Failing(BytesSource):
    """A medium that cannot be read from some offset on."""

    __slots__ = ("bad",)

    def read_at(self, offset: int, length: int) -> bytes:
        if offset + length > self.bad:
            raise FormatError(f"cannot be read at {offset:#x}: Input/output error")
        return super().read_at(offset, length)


def test_a_medium_that_fails_makes_the_file_unreadable_and_raises_nothing() -> None:
    made = expand(SPECIMENS["dynamic"])
    source = Failing(made.to_bytes())
    source.bad = made.length
    with load_image(source) as image:
        source.bad = made.plan.extents["bat"][0]
        report = check_image(image)
    assert report.state == "unreadable"
    assert "Input/output error" in report.conclusion
    assert report.is_serious


def table(geometry: Geometry, words: list[int], count: int, bitmaps: tuple[bytes, ...] = ()) -> bytes:
    """A file whose whole table repeats some words, with bitmaps in the last MiB."""
    recipe = Recipe(geometry=geometry, bat=Bat(()), file_order=("log", "metadata", "bat", "blocks"))
    if geometry.disk_type == "differencing":
        recipe = Recipe(geometry=geometry, bat=Bat(()), parent=locator_for(Recipe("base", geometry=geometry)))
    made = expand(recipe)
    raw = bytearray(made.to_bytes())
    start, length = made.plan.extents["bat"]
    held = min(count, length // 8)
    raw[start : start + 8 * held] = struct.pack(f"<{len(words)}Q", *words) * (held // len(words)) + bytes(
        8 * (held % len(words))
    )
    raw.extend(b"".join(bitmap.ljust(MIB, bitmap[:1]) for bitmap in bitmaps))
    return bytes(raw)


HUGE = Geometry("differencing", 64 * TIB, block_size=256 * MIB)  # 16 blocks in a chunk
FLAT = Geometry(virtual_disk_size=TIB)
BITMAP_PLACE = 6 * MIB  # behind a table of 3 MiB
FAR = 1 << 50


def chunk_words(payload: int, bitmap: int) -> list[int]:
    return [payload] * 16 + [bitmap]


HOSTILE = {
    "every block at the same place": table(FLAT, [5 * MIB | 6], 1 << 21),
    "every block far outside": table(FLAT, [FAR | 6], 1 << 20),
    "every second block far outside": table(FLAT, [FAR | 6, 0], 1 << 20),
    "every block in the log": table(FLAT, [MIB | 6], 1 << 20),
    "reserved states": table(FLAT, [0xFFFFFFFFFFFFFFFC, 4, 0xFFFFF], 1 << 20),
    "kept places on one another": table(FLAT, [9 * MIB | 1, 9 * MIB | 3], 1 << 20),
    "partial blocks, one bitmap for all": table(
        HUGE, chunk_words(FAR | 7, BITMAP_PLACE | 6), 1 << 20, (b"\x55", b"\xff")
    ),
    "partial blocks without bitmaps": table(HUGE, chunk_words(8 * MIB | 7, 0), 1 << 20),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_table_in_a_small_file_costs_little(name: str) -> None:
    raw = HOSTILE[name]
    assert len(raw) <= SMALL
    report = timed("check", lambda: checked(raw), 0.4)  # none takes a fifth of a second
    assert report.state == ("damaged" if report.lost.bytes else "usable")
    assert report.is_serious or name.startswith("kept")
    assert sum(report.totals.values()) > 1000 or "without bitmaps" in name
    assert len(report.findings) < 1000


def test_of_a_hostile_bitmap_every_set_bit_is_counted() -> None:
    report = checked(HOSTILE["partial blocks, one bitmap for all"])
    assert report.lost.bytes == 64 * TIB // 2
    assert report.lost.ranges[:2] == ((0, 512), (1024, 512))
    assert not report.lost.is_complete


def test_where_all_blocks_share_their_bytes_the_whole_disk_is_in_doubt() -> None:
    report = checked(HOSTILE["every block at the same place"])
    assert report.totals["BAT-007"] == 1
    assert report.totals["BAT-008"] == TIB // MIB + 255 - 1, (
        "blocks, and entries between them that say they are bitmaps"
    )
    assert report.doubtful.bytes == TIB
    assert report.doubtful.ranges == ((0, TIB),)
