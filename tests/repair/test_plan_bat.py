"""The planner of the block allocation table against an obvious definition, entry by entry; and at its largest."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.check.test_speed import TIB, memory, write
from tests.repair.planners import settled
from tests.support.cases import all_cases
from tests.support.patience import AS_USERS, assert_quick
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.conformance import Bat, Block, Geometry, Recipe, expand
from vhdx_runtime.disk.image import Image, load_image
from vhdx_runtime.repair.plan import Repair
from vhdx_runtime.repair.planners import bat, bat_apart
from vhdx_runtime.repair.planners.bat_patches import changed_entries, cleared_entries
from vhdx_runtime.repair.planning import make_plan

__all__ = ["memory"]  # a fixture

MIB = 1 << 20
TABLE = 3 * MIB
FRONT = 4  # MiB of header section, log, metadata and table
END = 20  # MiB
SIZE = 2  # MiB of a block
BLOCKS = 6

ENTRIES = st.builds(
    lambda state, reserved, offset: offset << 20 | reserved << 3 | state,
    st.integers(0, 7),
    st.sampled_from((0, 0, 1, 1 << 16)),
    st.integers(0, 24),
)


def image_of(words: list[int]) -> Image:
    """A dynamic disk of six blocks of 2 MiB in a file of 20 MiB, with these entries."""
    geometry = Geometry(virtual_disk_size=BLOCKS * SIZE * MIB, block_size=SIZE * MIB)
    data = bytearray(expand(Recipe("table", geometry=geometry)).to_bytes().ljust(END * MIB, b"\0"))
    data[TABLE : TABLE + 8 * BLOCKS] = np.array(words, "<u8").tobytes()
    return load_image(BytesSource(bytes(data)))


def planned(image: Image, consent: str) -> list[Repair]:
    return [repair for repair in bat.repairs(image, check_image(image)) if repair.consent == consent]


def patched(words: list[int], repairs: list[Repair]) -> list[int]:
    raw = bytearray(np.array(words, "<u8").tobytes())
    for patch in (patch for repair in repairs for patch in repair.patches):
        raw[patch.file_offset - TABLE : patch.end - TABLE] = patch.data
    return [int(word) for word in np.frombuffer(raw, "<u8")]


def overlap(one: int, two: int) -> bool:
    return one < two + SIZE and two < one + SIZE


def entry_by_entry(words: list[int]) -> list[int]:
    """What mending without a loss makes of a table without parent."""
    state, place = [word & 7 for word in words], [word >> 20 for word in words]
    is_cut = any(at and at + SIZE > END for at, kind in zip(place, state, strict=True) if kind in (6, 7))
    present = [at for at, kind in zip(place, state, strict=True) if kind in (6, 7) and at]
    kept = [at for at, kind in zip(place, state, strict=True) if kind in (1, 3) and at]
    wanted, before = [], set()
    for word, kind, at in zip(words, state, place, strict=True):
        if word >> 3 & 0x1FFFF and (kind < 6 or not 0 < at <= END - SIZE):
            wanted.append(word)  # reserved bits where they leave nothing to read
            continue
        if kind in (0, 2):
            at = 0
        if kind in (1, 3) and at:
            on_other = any(overlap(at, other) for other in present) or any(at - SIZE < other < at for other in kept)
            is_left = is_cut and at + SIZE > END  # what only the cut makes wrong
            if not is_left and (at < FRONT or at + SIZE > END or on_other or at in before):
                at = 0
            before.add(at)
        wanted.append(at << 20 | {5: 3, 7: 6}.get(kind, kind))
    return wanted


@given(st.lists(ENTRIES, min_size=BLOCKS, max_size=BLOCKS))
def test_without_a_loss_a_table_becomes_what_each_entry_by_itself_says(words: list[int]) -> None:
    assert patched(words, planned(image_of(words), "auto")) == entry_by_entry(words)


@given(st.lists(st.sampled_from((0, *range(FRONT, END - SIZE + 1))), min_size=BLOCKS, max_size=BLOCKS))
def test_of_blocks_that_overlap_and_are_too_much_to_copy_enough_are_given_up_and_no_others(places: list[int]) -> None:
    words = [at << 20 | 6 if at else 0 for at in places]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bat_apart, "_BLOCKS", 0)
        after = patched(words, planned(image_of(words), "lossy"))
    assert all(word in (2, words[number]) for number, word in enumerate(after))
    left = [word >> 20 for word in after if word & 7 == 6]
    assert not any(overlap(one, two) for number, one in enumerate(left) for two in left[number + 1 :])
    for number, word in enumerate(after):
        others = [at for other, at in enumerate(places) if at and other != number]
        assert word == words[number] or any(overlap(places[number], at) for at in others)


GIVEN_UP = {  # case: the guest bytes that read as zeros afterwards, in MiB
    "present-at-offset-0-dynamic": [(1, 2)],
    "state-4-dynamic-512-first": [(0, 1)],
    "block-outside-by-16tib": [(4, 6)],
    "block-partly-on-the-rear": [(2, 4)],
    "bitmap-on-the-bat": [(0, 1)],
    "bitmap-nowhere-at-0": [(1, 2)],
}


@pytest.mark.parametrize("case_id", sorted(GIVEN_UP))
def test_what_is_given_up_is_said_exactly_and_reads_as_zeros(case_id: str, tmp_path: Path) -> None:
    case = next(case for case in all_cases() if case.id == case_id)
    outcome = settled(case, tmp_path, "bat", ("lossy",))
    said = [f"{start * MIB:#x} to {end * MIB:#x}" for start, end in GIVEN_UP[case_id]]
    assert [repair.loses.split(",")[0] for repair in outcome.repairs] == [f"guest bytes {said[0]}"]
    mapping = outcome.mended.mapping
    assert mapping is not None
    for start, end in GIVEN_UP[case_id]:
        assert {piece.kind for piece in mapping.pieces(start * MIB, (end - start) * MIB)} == {"zero"}
    assert not {"BAT-003", "BAT-005", "BAT-006", "BAT-007", "BAT-008", "BAT-009"} & set(outcome.after.totals)


def test_a_bitmap_that_no_block_needs_makes_way_for_a_block() -> None:
    geometry = Geometry(disk_type="differencing", virtual_disk_size=4 * MIB)
    child = Recipe("child", geometry=geometry, bat=Bat(blocks=(Block(0),)))
    data = bytearray(expand(child, expand(Recipe("base"))).to_bytes())
    data[TABLE + 8 * 4096 : TABLE + 8 * 4097] = data[TABLE : TABLE + 8]
    (repair,) = planned(load_image(BytesSource(bytes(data))), "auto")
    assert not repair.loses
    assert [(patch.file_offset, patch.data) for patch in repair.patches] == [(TABLE + 8 * 4096, bytes(8))]


def test_a_plan_tells_of_what_is_still_declined_when_all_else_is_mended() -> None:
    words = [6 | FRONT << 20, FRONT << 20, 6 | 1 << 20, 0, 0, 0]  # an offset without use for one; a block on the log
    image = image_of(words)
    assert {"BAT-007", "BAT-009", "BAT-014"} <= check_image(image).totals.keys()
    plan = make_plan(image)
    assert [step.repair.rules for step in plan.steps] == [("BAT-014",)]
    assert [item.repair.rules for item in plan.declined] == [("BAT-009",)]


@given(st.lists(st.booleans(), max_size=3000), st.integers(0, 5))
def test_patches_of_entries_turn_the_old_table_into_the_new_one(changes: list[bool], start: int) -> None:
    old = np.arange(1, len(changes) + 1, dtype="<u8")
    new = np.where(changes, old + np.uint64(7), old).astype("<u8")
    raw = bytearray(8 * start) + bytearray(old.tobytes())
    patches = list(changed_entries(0, start, old, new))
    for patch in patches:
        raw[patch.file_offset : patch.end] = patch.data
    assert raw[8 * start :] == new.tobytes()
    assert len(patches) <= 65 + len(changes) // 512
    assert all(one.end < two.file_offset for one, two in pairwise(patches))


def test_few_changes_are_written_entry_by_entry() -> None:
    old = np.arange(1000, dtype="<u8")
    new = old.copy()
    new[[3, 4, 900]] = 0
    assert [(patch.file_offset, len(patch.data)) for patch in changed_entries(0, 0, old, new)] == [(24, 16), (7200, 8)]
    assert [(patch.file_offset, len(patch.data)) for patch in cleared_entries(0, np.array([1, 3]))] == [(8, 8), (24, 8)]


PROGRAM = """
import json, sys, time
from pathlib import Path
import numpy
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.planners import bat, bat_apart as bat_moved
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
with load_image(open_source(sys.argv[1])) as image:
    report = check_image(image)
    Path("/proc/self/clear_refs").write_text("5")
    before, start = status("VmRSS"), time.process_time()
    repairs = list(bat.repairs(image, report))
    seconds, mib = time.process_time() - start, status("VmHWM") - before
patches = [len(repair.patches) for repair in repairs]
print(json.dumps({"totals": report.totals, "seconds": seconds, "mib": mib, "patches": patches,
                  "rules": [repair.rules for repair in repairs]}))
"""


@pytest.mark.slow
def test_all_entries_of_64_tib_are_planned_in_6_seconds_and_1200_mib(memory: Path) -> None:
    path = write(memory, Geometry(virtual_disk_size=64 * TIB), scrambled=False)
    table = np.memmap(path, dtype="<u8", mode="r+", offset=TABLE, shape=(67_125_247,))
    table |= np.where(np.arange(len(table)) % 4097 == 4096, 0, 9).astype("<u8")  # reserved bit 3, and state 7
    table.flush()
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, env=AS_USERS)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["totals"] == {"BAT-002": 1 << 26, "BAT-004": 1 << 26}
    assert found["rules"] == [["BAT-002", "BAT-004"]]
    assert found["patches"][0] < 1 << 16
    assert_quick(found["seconds"], 6)
    assert found["mib"] <= 1200
