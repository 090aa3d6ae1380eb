"""Fuzzing of our own reader: `make fuzz`.

    python -m tests.fuzz --seconds 60            Atheris where it is installed, else a campaign of mutants
    python -m tests.fuzz --mutants 1000000       a campaign of so many mutants; may be interrupted and taken up again
    python -m tests.fuzz --report                what that campaign found so far, as Markdown
    python -m tests.fuzz --seed 1234             judge one mutant of a campaign again
    python -m tests.fuzz --file crash.packed     judge one file again

Exit code 1: something other than a VhdxError escaped, or a file cost too much time or memory.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.support import campaign
from tests.support.campaign import Record
from tests.support.fuzz_report import report

FOLDER = campaign.ROOT / "fuzz-findings"
FAST = 100_000  # where the blocks of a short run start: behind those of any campaign that is counted


def work(folder: Path, mutants: int) -> list[Record]:
    """What one process of a campaign does."""
    found = []
    for record in campaign.run(folder, mutants):
        found.append(record)
        for failure in record.failures:
            print(f"seed {failure['seed']}: {failure['error']}", flush=True)
    return found


def count(folder: Path, mutants: int, workers: int) -> int:
    """Run a campaign of so many mutants, or what is left of it."""
    print(f"{mutants} mutants by {workers} processes, records in {folder}", flush=True)
    with ProcessPoolExecutor(workers) as pool:
        for run in [pool.submit(work, folder, mutants) for _ in range(workers)]:
            run.result()
    return ended(campaign.records(folder))


def short(first: int, seconds: float) -> list[Record]:
    """Blocks from one on, one after the other, until the time is over."""
    end, found = time.monotonic() + seconds, []
    while time.monotonic() < end:
        found.append(campaign.run_block(first + len(found), end))
    return found


def plain(seconds: float, first: int) -> int:
    """A campaign without Atheris, on all processors."""
    workers = os.cpu_count() or 1
    print(f"{seconds:g} s on {workers} processors, from seed {first * campaign.BLOCK}", flush=True)
    with ProcessPoolExecutor(workers) as pool:
        runs = [pool.submit(short, first + 10_000 * worker, seconds) for worker in range(workers)]
        return ended([record for run in runs for record in run.result()])


def ended(found: Iterable[Record]) -> int:
    """Say what was found, and how to see it again."""
    found = list(found)
    outcomes: dict[str, int] = {}
    for record in found:
        for name, number in record.outcomes.items():
            outcomes[name] = outcomes.get(name, 0) + number
    failures = [failure for record in found for failure in record.failures]
    print(f"{sum(outcomes.values())} mutants: " + ", ".join(f"{n} {name}" for name, n in sorted(outcomes.items())))
    for failure in failures:
        print(f"{failure['traceback']}\nagain: {sys.executable} -m tests.fuzz --seed {failure['seed']}")
    print(f"{len(failures)} wrong" if failures else "nothing but VhdxError escaped")
    return 1 if failures else 0


def main() -> int:
    """Do what the options say."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=FAST, help="number of the first block of a short run")
    parser.add_argument("--plain", action="store_true", help="without Atheris")
    parser.add_argument("--mutants", type=int, help="a counted campaign")
    parser.add_argument("--folder", type=Path, default=FOLDER / "campaign", help="of a counted campaign")
    parser.add_argument("--workers", type=int, default=1, help="processes of a counted campaign")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--file", type=Path)
    chosen = parser.parse_args()
    if chosen.report:
        found = campaign.records(chosen.folder)
        print(report(found) if found else f"{chosen.folder}: no records", end="")
        return 0 if found else 1
    if chosen.seed is not None:
        print(campaign.judged(chosen.seed))
        return 0
    if chosen.file is not None:
        from tests.support.fuzz_atheris import judged_file

        print(judged_file(chosen.file))
        return 0
    if chosen.mutants is not None:
        return count(chosen.folder, chosen.mutants, chosen.workers)
    if chosen.plain:
        return plain(chosen.seconds, chosen.first)
    if importlib.util.find_spec("atheris") is None:
        print(
            "ATHERIS IS NOT INSTALLED (pip install 'vhdx-runtime[fuzz]'): mutants without feedback instead", flush=True
        )
        return plain(chosen.seconds, chosen.first)
    from tests.support.fuzz_atheris import campaign as guided

    return guided(FOLDER, chosen.seconds)


if __name__ == "__main__":
    raise SystemExit(main())
