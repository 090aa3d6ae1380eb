"""Cost is at most a + b times the bytes that are really there: every command on files that make much of little.

What gives the bytes of the disk, to a digest, a file or a comparison, may cost so much more for each GiB of them; and
what plans a copy, for each GiB that the plan says it would copy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import vhdx_runtime as vhdx
from tests.attacks import amplifiers
from tests.attacks.amplifiers import AMPLIFIERS, MIB
from tests.cli.support import run, run_json
from tests.support.judged import fresh_peak, peak
from tests.support.patience import AS_USERS, HANG, assert_quick, patiently
from tests.support.sampling import sampled
from vhdx_runtime.check import catalogue
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.conformance import Recipe, expand
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.repair.plan import Wishes
from vhdx_runtime.repair.planning import make_plan

SECONDS, SECONDS_A_MIB = 4.0, 0.1  # of the processor
MEMORY, MEMORY_A_MIB = 64, 4  # MiB beside what starting takes
SECONDS_A_GIB = 8.0  # of what is given
SECONDS_A_GIB_PLANNED = 0.3
OF_GROWTH, OF_GROWTH_A_MIB = 3.0, 0.05  # to plan for a file without region tables that a log made grow
MEASURED = """
import sys
{first}
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM:")).split()[1]) / 1024
before = peak()
try:
    {then}
finally:
    import json, time
    print(json.dumps([time.process_time(), peak() - before]), file=sys.stderr)
"""
COMMAND = MEASURED.format(first="from vhdx_runtime.cli import main", then='main(prog_name="vhdx")')
COMMANDS: dict[str, tuple[str, ...]] = {
    "info": ("info", "--without-parent", "{image}"),
    "search": ("info", "{image}"),
    "check": ("check", "--without-parent", "{image}"),
    "inspect": ("inspect", "{image}"),
    "page": ("inspect", "--force", "--html", "{out}", "{image}"),
    "map": ("map", "--without-parent", "{image}"),
    "picture": ("map", "--picture", "--without-parent", "{image}"),
    "explain": ("explain", "--disk", "0", "--without-parent", "{image}"),
    "repair": ("repair", "{image}"),
    "read": ("read", "--force", "--length", "1M", "-o", "{out}", "--without-parent", "{image}"),
    "compare": ("compare", "--quiet", "--without-parent", "{image}", "{image}"),
    "diff": ("diff", "--without-parent", "{image}", "{other}"),
    "before": ("diff", "--json", "--before-replay", "{image}"),
    "hash": ("hash", "--without-parent", "{image}"),
    "sparse": ("hash", "--sparse-digest", "--without-parent", "{image}"),
    "raw": ("convert", "--force", "--without-parent", "--format", "raw", "{image}", "{out}"),
    "vhdx": ("convert", "--force", "--without-parent", "--format", "vhdx", "{image}", "{out}"),
    "vhd": ("convert", "--force", "--without-parent", "--format", "vhd", "{image}", "{out}"),
    "lossy": ("repair", "--lossy", "{image}"),
    "offer": ("repair", "--offer", "*", "{image}"),
    "both": ("repair", "--offer", "*", "--lossy", "{image}"),
}
LIBRARY: dict[str, str] = {
    "vhdx.open": "sum(len(disk.read_at(at, 4 << 20)) for at in range(0, min(disk.size, 1 << 29), 4 << 20))",
    "disk.ranges": "sum(1 for _ in islice(disk.ranges(), 100_000))",
    "sparse_digest": "sparse_digest(disk, Lost(), int)",
    "check_image": "check_image(image)",
    "tree": "list(islice(record.lines(tree(image), depth=3, doc=False, seen=repr), 20_000))",
    "make_plan": "make_plan(image)",
    "make_plan of all": "make_plan(image, Wishes(offered=set(catalogue.ids(['*'])), lossy=True))",
}
IMPORTS = """
from contextlib import suppress
from itertools import islice
import vhdx_runtime as vhdx
from vhdx_runtime.check import catalogue, check_image
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk.image import load_image
from vhdx_runtime.inspect import record, tree
from vhdx_runtime.repair.plan import Wishes
from vhdx_runtime.repair.planning import make_plan
from vhdx_runtime.transfer.digest import sparse_digest
from vhdx_runtime.transfer.extents import Lost
"""
OF_DISK = "with suppress(vhdx.VhdxError), vhdx.open(sys.argv[1], without_parent=True) as disk: {}"
OF_IMAGE = "with load_image(open_source(sys.argv[1])) as image: {}"
GIVING = ("compare", "hash", "sparse", "raw", "vhdx", "vhd", "vhdx.open", "sparse_digest")
PLANNING = ("offer", "both", "make_plan of all")
HALF: dict[Callable[..., Path], Callable[[Path], Path]] = {
    amplifiers.one_bitmap: partial(amplifiers.one_bitmap, blocks=512),
    amplifiers.entries_on_one_block: partial(amplifiers.entries_on_one_block, count=512),
}  # of which half a GiB is given
COPIED = {amplifiers.one_bitmap: 4, amplifiers.eight_chunks_on_one_bitmap: 32, amplifiers.entries_on_one_block: 3}
ACROSS_CHUNKS = ("check", "map", "inspect", "repair", "both")  # of eight chunks; one shows the same of the rest
LEFT_OUT = [
    *((amplifiers.eight_chunks_on_one_bitmap, name) for name in [*COMMANDS, *LIBRARY] if name not in ACROSS_CHUNKS),
    (amplifiers.claim_of_64_tib, "hash"),  # of 64 TiB of zeros, by definition; there is --sparse-digest
    (amplifiers.page_of_each_mib_of_the_table, "hash"),
]
PAIRS = [(make, name) for make in AMPLIFIERS for name in [*COMMANDS, *LIBRARY] if (make, name) not in LEFT_OUT]
IN_SHORT = [
    (amplifiers.growth_by_the_log, "repair"),
    (amplifiers.one_bitmap, "map"),
    (amplifiers.page_of_each_mib_of_the_table, "repair"),
    (amplifiers.one_bitmap, "page"),
    (amplifiers.claim_of_64_tib, "map"),
    (amplifiers.case_variants, "search"),
    (amplifiers.entries_on_one_block, "repair"),
    (amplifiers.entries_on_one_block, "offer"),
    (amplifiers.entries_on_one_block, "make_plan of all"),
    (amplifiers.one_bitmap, "sparse"),
    (amplifiers.one_bitmap, "diff"),
]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory of a process: no /proc/self/status here")
@pytest.mark.parametrize(
    ("make", "name"),
    [pair if pair in IN_SHORT else pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS],
    ids=[f"{make.__name__}-{name}" for make, name in PAIRS],
)
def test_a_command_costs_no_more_than_the_bytes_that_are_there(
    make: Callable[[Path], Path], name: str, tmp_path: Path
) -> None:
    given = 0.5 if name in GIVING and make in HALF else 0
    image = (HALF[make] if given else make)(tmp_path / "x.vhdx")
    if name in COMMANDS:
        names = {"image": image, "out": tmp_path / "out", "other": tmp_path / "other.vhdx"}
        names["other"].write_bytes(expand(Recipe()).to_bytes())
        words = [COMMAND, *(word.format(**names) for word in COMMANDS[name])]
    else:
        use = (OF_DISK if "disk" in LIBRARY[name] else OF_IMAGE).format(LIBRARY[name])
        words = [MEASURED.format(first=IMPORTS, then=use), str(image)]
    stored = os.stat(image).st_blocks * 512 / MIB * (2 if name == "compare" else 1)  # it opens the file twice
    planned = COPIED.get(make, 0) if name in PLANNING else 0
    allowed = SECONDS + SECONDS_A_MIB * stored + SECONDS_A_GIB * given + SECONDS_A_GIB_PLANNED * planned
    patiently(lambda: measured(words, allowed, MEMORY + MEMORY_A_MIB * stored))


def measured(words: list[str], seconds: float, memory: float) -> str:
    """Run a program; fails where it takes more of the processor, or of memory in MiB, than this."""
    command = [sys.executable, "-c", *words]
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=HANG, env=AS_USERS
    )
    assert done.returncode in (0, 1, 2, 3, 4), done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    took, grown = json.loads(done.stderr.splitlines()[-1])
    assert_quick(took, seconds)
    assert grown <= memory
    return ""


@pytest.mark.parametrize("stored", [0, 64])
@pytest.mark.parametrize(
    "last", [4 << 30, *(pytest.param(last, marks=pytest.mark.slow) for last in (1 << 40, 60 << 40))]
)
def test_a_plan_for_what_a_log_made_grow_costs_no_more_than_what_is_stored(
    last: int, stored: int, tmp_path: Path
) -> None:
    """Without region tables all of the file is searched, but for what is growth alone."""
    path = amplifiers.growth_by_the_log(tmp_path / "x.vhdx", last, stored)
    for wishes in (Wishes(), Wishes(offered=set(catalogue.ids(["*"])), lossy=True)):
        before, start = fresh_peak(), time.process_time()
        with load_image(open_source(path)) as image:
            plan = make_plan(image, wishes)
        took = time.process_time() - start
        assert plan.before.findings
        assert_quick(took, OF_GROWTH + OF_GROWTH_A_MIB * stored)
        assert peak() - before <= MEMORY + MEMORY_A_MIB * stored


def test_a_disk_that_gives_more_than_its_file_holds_is_written_without_a_word(tmp_path: Path) -> None:
    image = amplifiers.entries_on_one_block(tmp_path / "x.vhdx", 20)
    result = run("convert", "--format", "raw", image, tmp_path / "out", code=1)
    assert "more is written than the files hold" in result.stderr
    said = run_json("convert", "--force", "--format", "raw", image, tmp_path / "out", code=1)
    assert said["bytes_written"] == 20 * MIB > said["bytes_stored"]


def test_a_sound_disk_is_taken_for_one_that_gives_more_than_its_file_holds(tmp_path: Path) -> None:
    image = amplifiers.entries_on_one_block(tmp_path / "x.vhdx", 1)
    assert run("convert", "--format", "raw", image, tmp_path / "out").stderr == ""


def test_a_repair_copies_more_than_the_file_holds_without_a_word(tmp_path: Path) -> None:
    image = amplifiers.entries_on_one_block(tmp_path / "x.vhdx", 20)
    assert "would copy 19 MiB (19922944 bytes), more than the" in run("repair", image, code=1).output
    assert "That is more than the" in run("repair", "--offer", "*", image).output
    assert run_json("repair", image, code=1)["stored"] < 2 * MIB


def test_a_region_table_is_found_in_a_file_that_a_log_made_grow(tmp_path: Path) -> None:
    """What is only growth is empty, and what is stored is still found."""
    file = amplifiers.File(8 * MIB, is_dirty=True)
    del file.parts[192 << 10], file.parts[256 << 10]
    file.table((4 * MIB | amplifiers.PRESENT).to_bytes(8, "little"))
    file.parts[4 * MIB] = b"\xaa" * MIB
    file.entries((1, [amplifiers.zero(1, 5 * MIB, 4096)], 4000 * MIB))
    image = file.write(tmp_path / "x.vhdx", 6 * MIB)
    assert "BAT at 0x300000 (the only one with entries that make sense)" in run("repair", "--offer", "*", image).output


@pytest.mark.parametrize("chunks", sampled([1, 8], 1))
def test_a_read_of_shared_blocks_is_right(chunks: int, tmp_path: Path) -> None:
    with vhdx.open(amplifiers.one_bitmap(tmp_path / "x.vhdx", chunks), without_parent=True) as disk:
        expected = (b"\xaa" * 512 + bytes(512)) * 8
        assert disk.read_at(disk.size - MIB, 8192) == disk.read_at(3 * MIB, 8192) == expected
