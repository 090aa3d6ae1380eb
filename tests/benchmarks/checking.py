"""Checking: the largest table, a healthy disk of 1 TiB, a large log without entries; each in a process of its own."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.check.test_speed import GIB, TIB, measured, two_together, write, write_log
from vhdx_runtime.conformance import Geometry

from .images import MIB
from .measure import ROUNDS, Figure, Section, medians


def run(folder: Path) -> list[Section]:
    """Measure all of them."""
    full = write(folder, Geometry(virtual_disk_size=64 * TIB), scrambled=True)
    shared = write(_below(folder, "shared"), Geometry(virtual_disk_size=64 * TIB), scrambled=True, words=two_together)
    usual = write(_below(folder, "usual"), Geometry(virtual_disk_size=TIB, block_size=32 * MIB), scrambled=False)
    log = write_log(_below(folder, "log"), random.Random(0).randbytes(MIB))
    found = [_section("64 TiB in blocks of 1 MiB, all there, in scrambled order", full, 6.0, 1200.0)]
    found.append(_section("64 TiB in blocks of 1 MiB, two at each place, in scrambled order", shared, 15.0, 1200.0))
    found.append(_section("1 TiB in blocks of 32 MiB, all there", usual, 0.3, 256.0))
    section = _section("a log of 1 GiB of noise without entries", log, 1.0, 256.0)
    rate = log.stat().st_size / GIB / section.seconds["vhdx check"]
    section.figures.append(Figure("log scanned", "per second", rate, " GiB/s", at_least=1.0))
    for path in (full, shared, usual, log):
        path.unlink()
    return [*found, section]


def _below(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _section(title: str, path: Path, seconds: float, mib: float) -> Section:
    rounds: list[dict[str, Any]] = [measured(path) for _ in range(ROUNDS)]
    times = {"vhdx check": [one["seconds"] for one in rounds]}
    growth = max(one["mib"] for one in rounds)
    return Section(
        f"checking {title}",
        "Seconds of the processor and growth of memory at its peak, in a fresh process that has imported everything.",
        medians(times),
        times,
        [
            Figure("time", "to check", medians(times)["vhdx check"], " s", at_most=seconds),
            Figure("memory", "growth at the peak", growth, " MiB", at_most=mib),
        ],
    )
