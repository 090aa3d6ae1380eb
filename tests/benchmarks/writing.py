"""Writing a disk: in a row, over what is there, into new blocks, with and without a flush each."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import vhdx_runtime as vhdx
from vhdx_runtime.write.disk import open_writable
from vhdx_runtime.write.recording import Recording

from .measure import Contender, Figure, Section, interleave, medians, process, started

MIB = 1 << 20
PAGE = 4096
IN_A_ROW = 1024  # MiB
OVERWRITES = 100_000
ALLOCATED = 20_000
SCATTERED = 4096
MEMORY = """
import random, re, sys
import vhdx_runtime as vhdx
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) >> 10
before, at = peak(), random.Random(1)
with vhdx.open(sys.argv[1], mode="r+") as disk:
    for _ in range(int(sys.argv[2])):
        disk.write_at(at.randrange(disk.size >> 12) << 12, b"x" * 4096)
print(peak() - before)
"""


def run(folder: Path) -> list[Section]:
    """Measure the writable disk and `qemu-img bench`."""
    qemu_img = shutil.which("qemu-img")
    if not qemu_img:
        raise SystemExit("qemu-img is missing (Debian: apt-get install qemu-utils)")
    return [_in_a_row(folder, qemu_img), _over(folder, qemu_img), _new_blocks(folder, qemu_img)]


def _created(qemu_img: str, path: Path, size: str, block: str) -> Callable[[], None]:
    def create() -> None:
        path.unlink(missing_ok=True)
        started(qemu_img, "create", "-q", "-f", "vhdx", "-o", f"block_size={block}", path, size)

    return create


def _bench(qemu_img: str, path: Path, count: int, size: int, step: int) -> Callable[[], object]:
    options = ("-f", "vhdx", "-t", "writeback", "-d", "1", "-w", "-c", count, "-s", size, "-S", step)
    return process(qemu_img, "bench", *options, "--flush-interval", count, path)


def _in_a_row(folder: Path, qemu_img: str) -> Section:
    ours, theirs = folder / "ours.vhdx", folder / "theirs.vhdx"
    data = random.randbytes(MIB)

    def write() -> None:
        with vhdx.open(ours, mode="r+") as disk:
            for number in range(IN_A_ROW):
                disk.write_at(number * MIB, data)

    contenders = [
        Contender("vhdx_runtime", write, _created(qemu_img, ours, "2G", "32M")),
        Contender(
            "qemu-img bench", _bench(qemu_img, theirs, IN_A_ROW, MIB, MIB), _created(qemu_img, theirs, "2G", "32M")
        ),
    ]
    times = interleave(contenders)
    seconds = medians(times)
    ours.unlink()
    theirs.unlink()
    ratio = seconds["qemu-img bench"] / seconds["vhdx_runtime"]
    return Section(
        "write in a row",
        f"{IN_A_ROW} writes of 1 MiB into a new dynamic image with blocks of 32 MiB, then a flush and the end. Most of "
        "the time is the system's, for fresh pages of the file.",
        seconds,
        times,
        [Figure("vs qemu-img bench", "speed", ratio, " ×", at_least=1.0)],
    )


def _over(folder: Path, qemu_img: str) -> Section:
    path = folder / "over.vhdx"
    _created(qemu_img, path, "1G", "32M")()
    with vhdx.open(path, mode="r+") as disk:
        for number in range(1024):
            disk.write_at(number * MIB, random.randbytes(MIB))
    places = random.Random(1)
    offsets = [places.randrange(1 << 18) * PAGE for _ in range(OVERWRITES)]
    data = random.randbytes(PAGE)

    def write() -> None:
        with vhdx.open(path, mode="r+") as disk:
            for offset in offsets:
                disk.write_at(offset, data)

    step = 7919 * PAGE  # a prime number of pages: each write is in another block than the one before
    bench = _bench(qemu_img, path, OVERWRITES, PAGE, step)
    times = interleave([Contender("vhdx_runtime", write), Contender("qemu-img bench", bench)])
    path.unlink()
    seconds = medians(times)
    speed, ratio = OVERWRITES / seconds["vhdx_runtime"], seconds["qemu-img bench"] / seconds["vhdx_runtime"]
    return Section(
        "write over what is there",
        f"{OVERWRITES} writes of 4 KiB at random places of 1 GiB that is all there, one after the other, with opening "
        "and closing. qemu-img bench has no random places: it goes on by a step.",
        seconds,
        times,
        [
            Figure("writes", "speed", speed, "/s", at_least=150_000),
            Figure("vs qemu-img bench", "speed", ratio, " ×", at_least=1.2),
        ],
    )


def _new_blocks(folder: Path, qemu_img: str) -> Section:
    path = folder / "new.vhdx"
    data = random.randbytes(PAGE)

    def write(flushes: bool) -> None:
        with vhdx.open(path, mode="r+") as disk:
            for number in range(ALLOCATED):
                disk.write_at(number * MIB, data)
                if flushes:
                    disk.flush()

    create = _created(qemu_img, path, "64G", "1M")
    contenders = [
        Contender("new blocks", lambda: write(False), create),
        Contender("new blocks, each flushed", lambda: write(True), create),
    ]
    times = interleave(contenders)
    path.unlink()
    memory, flushes = _scattered(folder / "huge.vhdx"), _flushes()
    seconds = medians(times)
    plain, flushed = (ALLOCATED / seconds[contender.name] for contender in contenders)
    return Section(
        "write into new blocks",
        f"4 KiB into each of {ALLOCATED} blocks of 1 MiB that are not there yet, with opening and closing. Each flush "
        "is an entry of the log, one flush of the file, and the sector of the table. The memory is what a process "
        f"takes more once it opens a disk of 64 TiB and writes into {SCATTERED} blocks all over it.",
        seconds,
        times,
        [
            Figure("new blocks", "speed", plain, "/s", at_least=50_000),
            Figure("new blocks, each flushed", "speed", flushed, "/s", at_least=15_000),
            Figure("new blocks, each flushed", "flushes of the file", flushes, " each", at_most=1.05),
            Figure("blocks all over 64 TiB", "memory", memory, " MiB", at_most=64),
        ],
    )


def _scattered(path: Path) -> int:
    """MiB of memory that writing all over a large disk takes."""
    vhdx.create(path, size=64 << 40, block_size=MIB)
    taken = int(started(sys.executable, "-c", MEMORY, path, SCATTERED).stdout)
    path.unlink()
    return taken


def _flushes() -> float:
    """Flushes of the file for each flush of a disk into which a block was allocated."""
    made = Recording(b"")
    vhdx.create(made, size=1 << 30, block_size=MIB)
    target = Recording(made.content())
    with open_writable(target) as disk:
        for number in range(1000):
            disk.write_at(number * MIB, bytes(range(1, 256)))
            disk.flush()
    return sum(event.kind == "flush" for event in target.events) / 1000
