"""The damage laboratory from the command line.

    python -m tests.damage --images 100000       a campaign, or what is left of it
    python -m tests.damage --report              its record as Markdown
    python -m tests.damage --number 1234         one damaged file of a campaign again

Exit code 1: a file is silently wrong although it holds evidence, or given up without need.
"""

from __future__ import annotations

import argparse
import gc
from multiprocessing import get_context
from pathlib import Path

from tests.damage.bases import of_recipes
from tests.damage.campaign import BLOCK, files, of_number, records, run
from tests.damage.real import of_images
from tests.damage.report import report
from tests.damage.trial import tried

FOLDER = Path(__file__).resolve().parents[2] / "build" / "damage"


def work(folder: Path, images: int, first: int, step: int) -> None:
    """What one process of a campaign does."""
    for record in run(folder, images, first, step):
        done = ", ".join(f"{number} {name}" for name, number in files(record).items())
        print(f"block {record.block} of {-(-images // BLOCK)}: {done}; {record.seconds:.0f} s", flush=True)
        print(*record.failures, sep="\n", end="\n" if record.failures else "", flush=True)


def main() -> int:
    """Do what the options say."""
    parser = argparse.ArgumentParser(prog="python -m tests.damage", description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=10_000, help="how many damaged files")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the records")
    parser.add_argument("--workers", type=int, default=1, help="processes; they hold the sound files in common")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--number", type=int)
    chosen = parser.parse_args()
    if chosen.number is not None:
        trial = tried(of_number(chosen.number))
        classes = ", ".join(reason.name for reason in trial.classes)
        print(trial.damage.words, trial.outcome, classes, trial.strict, trial.salvaged, sep="\n")
        return 0 if trial.is_as_it_should_be else 1
    if not chosen.report:
        of_recipes(), of_images()
        gc.freeze()
        fork = get_context("fork")
        given = [(chosen.folder, chosen.images, worker, chosen.workers) for worker in range(chosen.workers)]
        workers = [fork.Process(target=work, args=one) for one in given]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    found = records(chosen.folder)
    if chosen.report:
        print(report(found) if found else f"{chosen.folder}: no records", end="")
    return 1 if any(record.failures for record in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
