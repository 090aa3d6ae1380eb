"""Reading the guest's bytes: from end to end, and at random."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pyvhdi
from dissect.hypervisor.disk.vhdx import VHDX

import vhdx_runtime as vhdx

from .images import MIB, Sample, scrambled
from .measure import Contender, Figure, Section, interleave, medians

STEP = 4 * MIB
PAGE = 4096
READS = 20_000
DATA_BLOCKS, EMPTY_BLOCKS = 2048, 128


def run(folder: Path) -> list[Section]:
    """Measure on a clean image, then at random on one whose log has to be replayed."""
    clean = scrambled(folder, "clean.vhdx", data_blocks=DATA_BLOCKS, empty_blocks=EMPTY_BLOCKS)
    sections = [_sequential(clean), _at_random(clean, "random 4 KiB reads", 2.0, 5.0)]
    clean.path.unlink()
    dirty = scrambled(folder, "dirty.vhdx", data_blocks=DATA_BLOCKS, empty_blocks=EMPTY_BLOCKS, with_log=True)
    sections.append(_at_random(dirty, "random 4 KiB reads through a replayed log", 1.0, None))
    dirty.path.unlink()
    return sections


def _open_peer(sample: Sample) -> pyvhdi.file:
    peer = pyvhdi.file()
    peer.open(str(sample.path))
    return peer


def _sequential(sample: Sample) -> Section:
    disk, peer, dissect = vhdx.open(sample.path), _open_peer(sample), VHDX(sample.path)
    buffer = bytearray(STEP)

    def ours() -> None:
        disk.seek(0)
        while disk.readinto(buffer):
            pass

    def pyvhdi_reads() -> None:
        peer.seek(0)
        while peer.read(STEP):
            pass

    def dissect_reads() -> None:
        dissect.seek(0)
        while dissect.read(STEP):
            pass

    _check(disk, sample)
    times = interleave(
        [Contender("vhdx_runtime", ours), Contender("pyvhdi", pyvhdi_reads), Contender("dissect", dissect_reads)]
    )
    seconds = medians(times)
    disk.close()
    peer.close()
    return Section(
        "sequential reads",
        f"The whole disk ({sample.size // MIB} MiB, {len(sample.blocks)} data blocks of 1 MiB in scrambled order) in "
        "steps of 4 MiB: `readinto` here, `read` there.",
        seconds,
        times,
        [
            Figure("vs pyvhdi", "speed", seconds["pyvhdi"] / seconds["vhdx_runtime"], " ×", at_least=1.0),
            Figure("vs dissect", "speed", seconds["dissect"] / seconds["vhdx_runtime"], " ×", at_least=1.5),
            Figure("throughput", "bytes", sample.size / seconds["vhdx_runtime"] / (1 << 30), " GiB/s"),
        ],
        ["dissect.hypervisor returns wrong bytes where a read crosses a block boundary; it is timed all the same."],
    )


def _at_random(sample: Sample, title: str, over_pyvhdi: float, over_dissect: float | None) -> Section:
    disk, peer, dissect = vhdx.open(sample.path), _open_peer(sample), VHDX(sample.path)
    chance = random.Random(42)
    offsets = [chance.randrange(sample.size // PAGE) * PAGE for _ in range(READS)]

    def ours() -> None:
        read_at = disk.read_at
        for offset in offsets:
            read_at(offset, PAGE)

    def pyvhdi_reads() -> None:
        read_at = peer.read_buffer_at_offset
        for offset in offsets:
            read_at(PAGE, offset)

    def dissect_reads() -> None:
        seek, read = dissect.seek, dissect.read
        for offset in offsets:
            seek(offset)
            read(PAGE)

    file = os.open(sample.path, os.O_RDONLY)

    def bare_reads() -> None:
        read = os.pread
        for offset in offsets:
            read(file, PAGE, offset)

    for offset in offsets[:500]:
        wanted = sample.expected(offset, PAGE)
        assert disk.read_at(offset, PAGE) == wanted == peer.read_buffer_at_offset(PAGE, offset), hex(offset)
    times = interleave(
        [
            Contender("vhdx_runtime", ours),
            Contender("pyvhdi", pyvhdi_reads),
            Contender("dissect", dissect_reads),
            Contender("os.pread", bare_reads),
        ]
    )
    seconds = medians(times)
    disk.close()
    peer.close()
    os.close(file)
    figures = [
        Figure("vs pyvhdi", "speed", seconds["pyvhdi"] / seconds["vhdx_runtime"], " ×", at_least=over_pyvhdi),
        Figure("vs dissect", "speed", seconds["dissect"] / seconds["vhdx_runtime"], " ×", at_least=over_dissect),
        Figure("vs os.pread", "speed", seconds["os.pread"] / seconds["vhdx_runtime"], " ×", at_least=0.8),
        Figure("per read", "time", seconds["vhdx_runtime"] / READS * 1e6, " µs"),
    ]
    return Section(
        title,
        f"{READS} aligned reads of 4 KiB with `read_at`, the same offsets for all. `os.pread` reads the file there and "
        "maps nothing: no reader that calls it can be faster.",
        seconds,
        times,
        figures,
    )


def _check(disk: vhdx.VirtualDisk, sample: Sample) -> None:
    """The bytes are right before their speed counts."""
    assert disk.size == sample.size
    for offset in range(MIB // 2, sample.size, 97 * MIB):
        length = min(3 * MIB + 512, sample.size - offset)
        assert disk.read_at(offset, length) == sample.expected(offset, length), hex(offset)
