"""Run the benchmarks: `python -m tests.benchmarks [name …]`. All of them write a result file; some of them only print.

Exit code 1: a figure misses its target. 3: this machine cannot run them.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

NAMES = ("opening", "reading", "writing", "creating", "converting", "mapping", "checking")
MEMORY = Path("/dev/shm")
NEEDED = 12 << 30
RESULTS = Path(__file__).resolve().parent.parent / "results"


def main(chosen: Sequence[str]) -> int:
    """Run, print, and write what was asked for."""
    if reason := _unable(chosen):
        print(f"BENCHMARKS NOT RUN: {reason}", file=sys.stderr)
        return 3
    from . import report

    facts, sections = report.machine(), []
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="vhdx-bench-") as folder:
        for name in chosen or NAMES:
            print(f"… {name}", file=sys.stderr, flush=True)
            sections += importlib.import_module(f"{__package__}.{name}").run(Path(folder))
    print(report.markdown(facts, sections))
    if not chosen:
        for path in report.write(RESULTS, facts, sections):
            print(f"written: {path.relative_to(RESULTS.parent.parent)}", file=sys.stderr)
    missed = [
        f"{section.title}, {figure.name}" for section in sections for figure in section.figures if not figure.passed
    ]
    for miss in missed:
        print(f"TARGET MISSED: {miss}", file=sys.stderr)
    return 1 if missed else 0


def _unable(chosen: Sequence[str]) -> str:
    if unknown := set(chosen) - set(NAMES):
        return f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}"
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return f"{MEMORY} (tmpfs) is needed: other file systems do not hold 64 TiB files, and measure the disk"
    if shutil.disk_usage(MEMORY).free < NEEDED:
        return f"{MEMORY} has less than {NEEDED >> 30} GiB free"
    missing = [name for name in ("pyvhdi", "dissect.hypervisor") if not _found(name)]
    missing += [name for name in ("qemu-img",) if not shutil.which(name)]
    return f"missing: {', '.join(missing)} (make peers; Debian: qemu-utils)" if missing else ""


def _found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
