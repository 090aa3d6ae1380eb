"""The mutants of test_hostile.py, for as long as you like: `python -m tests.fuzz SECONDS [SEED]`.

Starts behind the seeds that the tests use, or at SEED, and prints the seed of whatever fails; the same seed gives the
same mutant again. Exit code 1: something other than a VhdxError escaped, or a mutant took too long.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.test_hostile import BATCH, BATCHES, judged, mutant, specimens


def campaign(start: int, step: int, seconds: float) -> tuple[Counter[str], list[str]]:
    """Try every `step`-th seed from `start` on until the time is over.

    Returns:
        How often each outcome was seen, and what failed.
    """
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    zoo = specimens()
    end = time.monotonic() + seconds
    seed = start
    while time.monotonic() < end:
        name, raw, places = zoo[seed % len(zoo)]
        try:
            outcomes[judged(name, raw, mutant(seed, raw, places), seed)] += 1
        except Exception:  # noqa: BLE001 - whatever escapes is the finding
            failures.append(f"seed {seed}\n{traceback.format_exc()}")
        seed += step
    return outcomes, failures


def main(seconds: float, first: int) -> int:
    """Run one campaign per processor, and report."""
    workers = os.cpu_count() or 1
    print(f"{seconds:g} s on {workers} processors, from seed {first}", flush=True)
    with ProcessPoolExecutor(workers) as pool:
        runs = [pool.submit(campaign, first + worker, workers, seconds) for worker in range(workers)]
        results = [run.result() for run in runs]
    outcomes = sum((result[0] for result in results), Counter[str]())
    failures = [failure for result in results for failure in result[1]]
    print(f"{outcomes.total()} mutants: " + ", ".join(f"{count} {name}" for name, count in outcomes.most_common()))
    print("\n".join(failures) or "nothing but VhdxError escaped")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else BATCHES * BATCH))
