"""The crash laboratory from the command line.

    python -m tests.crash --states 2000000 --workers 2     a campaign, or what is left of it
    python -m tests.crash --record FILE                    the same, going on with what that file records
    python -m tests.crash --report                         its record as Markdown
    python -m tests.crash --trial 1234                     one trial of a campaign again

Exit code 1: a state is not as it has to be.
"""

from __future__ import annotations

import argparse
import os
import sys
from multiprocessing import get_context
from pathlib import Path

from tests.crash.campaign import laboratory, records, run, total
from tests.crash.laboratory import Outcome
from tests.crash.report import report

RECORD = Path(__file__).resolve().parents[2] / "build" / "crash.jsonl"


def work(file: Path, states: int, first: int, step: int) -> None:
    """What one process of a campaign does."""
    for record in run(file, states, first, step):
        judged = sum(record.states.values())
        print(f"block {record.block}: {judged} states, {record.distinct} distinct; {record.seconds:.0f} s", flush=True)
        print(*record.findings, sep="\n", end="\n" if record.findings else "", flush=True)


def main() -> int:
    """Do what the options say."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__.partition("\n")[0])
    parser.add_argument("--states", type=int, default=20_000, help="how many distinct states")
    parser.add_argument("--record", type=Path, default=RECORD, help="the file with what was done")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--trial", type=int)
    chosen = parser.parse_args()
    if chosen.trial is not None:
        outcome = Outcome()
        here = laboratory()
        here.most = sys.maxsize
        here.trial(chosen.trial, outcome)
        print(*outcome.findings, f"{sum(outcome.states.values())} states", sep="\n")
        return 1 if outcome.findings else 0
    if not chosen.report:
        fork = get_context("fork")
        given = [(chosen.record, chosen.states, worker, chosen.workers) for worker in range(chosen.workers)]
        workers = [fork.Process(target=work, args=one) for one in given]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    found = total(records(chosen.record))
    if chosen.report:
        print(report(found), end="")
    return 1 if found.findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
