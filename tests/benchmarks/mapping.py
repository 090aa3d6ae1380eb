"""Mapping a 64 TiB image whose BAT is full."""

from __future__ import annotations

import sys
from pathlib import Path

import vhdx_runtime as vhdx

from .images import TIB, full_64_tib
from .measure import Contender, Figure, Section, interleave, medians, process

RUN = 1024


def run(folder: Path) -> list[Section]:
    """Measure with the blocks in order, and in pieces that lie in reverse order."""
    return [
        _measure(folder, None, "in order", 1),
        _measure(folder, RUN, f"in {64 * TIB // (RUN << 20)} pieces, last one first", 64 * TIB // (RUN << 20)),
    ]


def _measure(folder: Path, run: int | None, title: str, pieces: int) -> Section:
    sample = full_64_tib(folder, "64tib.vhdx", run=run)
    command = Path(sys.executable).with_name("vhdx")

    def ranges() -> None:
        with vhdx.open(sample.path) as disk:
            covered, count = 0, 0
            for piece in disk.ranges(0, disk.size):
                covered += piece.length
                count += 1
        assert covered == sample.size, covered
        assert count >= pieces, count

    times = interleave(
        [
            Contender("ranges()", ranges),
            Contender("vhdx map --json", process(command, "map", "--json", sample.path)),
        ]
    )
    sample.path.unlink()
    seconds = medians(times)
    return Section(
        f"map of a 64 TiB image with a full BAT ({title})",
        "67,108,864 payload blocks of 1 MiB, all present: opened and mapped from end to end.",
        seconds,
        times,
        [
            Figure("ranges()", "time", seconds["ranges()"], " s", at_most=3.0),
            Figure("vhdx map --json", "time of the process", seconds["vhdx map --json"], " s", at_most=3.0),
        ],
    )
