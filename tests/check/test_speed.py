"""What a check of large tables and logs costs: seconds of the processor and memory, in a process of its own."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.patience import AS_USERS, assert_quick
from tests.support.sampling import sampled
from vhdx_runtime.conformance import Geometry, Log, Recipe, expand

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
MEMORY = Path("/dev/shm")
ROOM = 3 * GIB
MANY = 1 << 22  # entries; of 2^26, as many as there can be, a check may take 1200 MiB
Words = Any  # 64-bit numbers in an array
PROGRAM = """
import json, sys, time
from pathlib import Path
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk.image import load_image
import numpy
def peak():
    return next(int(l.split()[1]) for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM"))
before, start = peak(), time.process_time()
with load_image(open_source(sys.argv[1])) as image:
    report = check_image(image)
seconds = time.process_time() - start
mib = (peak() - before) / 1024
print(json.dumps({"seconds": seconds, "mib": mib, "totals": report.totals, "lost": report.lost.bytes}))
"""


def one_after_another(numbers: Words, first: int, step: int) -> Words:
    """Entries of blocks that are all in the file, with places of their own from a MiB on."""
    return (numbers * np.uint64(step) + np.uint64(first)) << np.uint64(20) | np.uint64(6)


def two_together(numbers: Words, first: int, step: int) -> Words:
    """The same with two blocks at each place."""
    return one_after_another(numbers // np.uint64(2), first, step)


def kept_together(numbers: Words, first: int, step: int) -> Words:
    """Entries of unmapped blocks, two of which keep each place."""
    return two_together(numbers, first, step) ^ np.uint64(5)


def half_far_away(numbers: Words, first: int, step: int) -> Words:
    """Entries of which every second names a place far behind the end of the file."""
    far = np.uint64(1 << 60) * (numbers % np.uint64(2))
    return one_after_another(numbers, first, step) | far


HOSTILE: dict[str, tuple[Callable[[Words, int, int], Words], int, dict[str, float]]] = {
    "all at one place": (
        lambda n, first, _: one_after_another(n * np.uint64(0), first, 1),
        1,
        {"BAT-007": 0, "BAT-008": 1},
    ),
    "two at each place": (two_together, 1, {"BAT-007": 0.5, "BAT-008": 0.5}),
    "each half on the next": (lambda n, first, _: one_after_another(n, first, 1), 2, {"BAT-008": 1}),
    "no such state": (lambda n, *at: one_after_another(n, *at) ^ np.uint64(2), 1, {"BAT-003": 1}),
    "all far away": (lambda n, first, step: one_after_another(n, first + (1 << 40), step), 1, {"BAT-006": 1}),
    "every second far away": (half_far_away, 1, {"BAT-006": 0.5}),
    "reserved bits": (lambda n, *at: one_after_another(n, *at) | np.uint64(0xFFFF8), 1, {"BAT-002": 1}),
    "kept places, two of each": (kept_together, 1, {"BAT-007": 0.5, "BAT-015": 0.5}),
}  # what entries say, the size of a block in MiB, and how many findings an entry yields


def write(
    folder: Path,
    geometry: Geometry,
    *,
    scrambled: bool,
    words: Callable[[Words, int, int], Words] = one_after_another,
) -> Path:
    """A sparse file all of whose blocks are in it, in order or not; with other words, a hostile one."""
    made = expand(Recipe("large", geometry=geometry))
    path = made.write(folder)
    ratio = (1 << 23) * geometry.logical_sector_size // geometry.block_size
    blocks, step, first = (
        geometry.virtual_disk_size // geometry.block_size,
        geometry.block_size // MIB,
        made.length // MIB,
    )
    places = np.arange(blocks, dtype=np.uint64)
    if scrambled:
        np.random.default_rng(1).shuffle(places)
    with open(path, "r+b") as file:
        file.truncate((first + blocks * step) * MIB)
        file.seek(made.plan.extents["bat"][0])
        for start in range(0, blocks, ratio):
            entries = words(places[start : start + ratio], first, step).astype("<u8").tobytes()
            file.write(entries + bytes(8 * (start + ratio < blocks)))
    return path


def write_log(folder: Path, unit: bytes) -> Path:
    """A file whose log of 1 GiB is said to hold something, and repeats a MiB of bytes that are no entry."""
    made = expand(Recipe("log", log=Log(length=GIB, is_dirty=True)))
    path = made.write(folder)
    with open(path, "r+b") as file:
        file.seek(made.plan.extents["log"][0])
        for _ in range(GIB // MIB):
            file.write(unit)
    return path


def measured(path: Path) -> dict[str, Any]:
    """Check a file: `seconds` of the processor, `mib` of memory at its peak, `totals` and bytes `lost`."""
    command = [sys.executable, "-c", PROGRAM, str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2], env=AS_USERS
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory with room for tables of half a GiB; skips where there is none."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        pytest.skip(f"large tables: {MEMORY} is not there, or has less than {ROOM // GIB} GiB")
    if not Path("/proc/self/status").exists():
        pytest.skip("memory and time of a process: no /proc/self/status here")
    folder = MEMORY / f"vhdx-check-{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
def test_a_full_disk_of_64_tib_is_checked_in_6_seconds_and_1200_mib(memory: Path) -> None:
    found = measured(write(memory, Geometry(virtual_disk_size=64 * TIB), scrambled=True))
    assert (found["totals"], found["lost"]) == ({}, 0)
    assert_quick(found["seconds"], 6)
    assert found["mib"] <= 1200


@pytest.mark.parametrize("name", sampled(HOSTILE, "two at each place"))
def test_a_hostile_table_takes_18_bytes_of_memory_for_an_entry_and_4_seconds_at_most(name: str, memory: Path) -> None:
    words, block, findings = HOSTILE[name]
    geometry = Geometry(virtual_disk_size=(block * MIB) * MANY, block_size=block * MIB)
    found = measured(write(memory, geometry, scrambled=False, words=words))
    found["totals"].pop("LAY-004", None)  # of what nobody claims, there is some
    assert found["totals"].keys() == findings.keys()
    assert all(abs(found["totals"][rule] - share * MANY) <= 1 for rule, share in findings.items())
    assert found["mib"] <= 1200 * MANY / (1 << 26)
    assert_quick(found["seconds"], 4)


def test_a_healthy_disk_of_1_tib_is_checked_in_a_third_of_a_second(tmp_path: Path) -> None:
    geometry = Geometry(virtual_disk_size=TIB, block_size=32 * MIB)
    try:
        path = write(tmp_path, geometry, scrambled=False)
    except OSError as error:
        pytest.skip(f"sparse files of 1 TiB: {error}")
    found = measured(path)
    assert (found["totals"], found["lost"]) == ({}, 0)
    assert_quick(found["seconds"], 0.3)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [bytes(MIB), random.Random(0).randbytes(MIB)], ids=["zeros", "noise"])
def test_a_gib_of_log_without_entries_is_scanned_in_a_second(unit: bytes, memory: Path) -> None:
    found = measured(write_log(memory, unit))
    assert found["totals"] == {"LOG-024": 1}
    assert_quick(found["seconds"], 1)
    assert found["mib"] <= 50
