"""A campaign: mutants of many files, in blocks of seeds, each block judged by one process and recorded in a file.

Any number of processes may work at one campaign: each takes the next block that nobody has. The seed says everything
about a mutant, so a campaign can be interrupted, taken up again, and any mutant of it made once more.
"""

from __future__ import annotations

import gc
import json
import os
import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.cases import all_cases
from tests.support.judged import EVERY, SMALL, fresh_peak, judge, parent, peak
from tests.support.patience import patiently
from tests.support.specimens import SPECIMENS
from vhdx_runtime.conformance import RecipeError, expand
from vhdx_runtime.fuzz.mutate.mutate import Specimen, changed, specimen

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
BLOCK = 1000
CASES_A_BLOCK = 4
CASE_LENGTH = 8 * MIB
WHOLE_EVERY = 2 * EVERY  # of so many mutants one is shown whole; that costs five times the rest
LIKELY = {"differencing": 1, "dirty child": 2}  # sector bitmaps cost most
USUALLY = 3


@dataclass
class Record:
    """What became of a block of seeds."""

    block: int
    digest: str
    outcomes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_seed: int = -1
    mib: float = 0.0
    failures: list[dict[str, Any]] = field(default_factory=list)


@lru_cache(1)
def specimens(block: int) -> list[tuple[str, bytearray, Specimen]]:
    """The files that the mutants of a block are made of: some always, some that change from block to block."""
    found = [(name, expand(recipe).to_bytes()) for name, recipe in SPECIMENS.items()]
    cases = all_cases()
    at = random.Random(f"block {block}")
    while len(found) < len(SPECIMENS) + CASES_A_BLOCK:
        case = at.choice(cases)
        try:
            made = case.expand()[-1]
        except RecipeError:
            continue
        if made.length <= CASE_LENGTH:
            found.append((case.id, made.to_bytes()))
    return [(name, bytearray(raw), specimen(raw)) for name, raw in found]


@contextmanager
def mutant(seed: int) -> Iterator[tuple[str, memoryview]]:
    """The mutant of a seed, and what it is made of."""
    zoo = specimens(seed // BLOCK)
    at = random.Random(f"choice {seed}")
    weights = [LIKELY.get(name, USUALLY) for name, _, _ in zoo]
    (name, buffer, base), (_, _, donor) = at.choices(zoo, weights, k=2)
    with changed(buffer, base, donor, seed, SMALL) as view:
        yield name, view


def judged(seed: int) -> str:
    """Judge one mutant; raises AssertionError where something is wrong."""
    number = seed * EVERY + (seed % WHOLE_EVERY != 0)
    with mutant(seed) as (name, view):
        return patiently(lambda: judge(name, view, number))


def run_block(block: int, end: float = float("inf")) -> Record:
    """Judge the mutants of a block, until the time is over."""
    record = Record(block, digest())
    outcomes: Counter[str] = Counter()
    specimens(block), parent()
    gc.collect()
    gc.freeze()
    base, start = fresh_peak(), time.process_time()
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        if time.monotonic() >= end:
            break
        before = time.process_time()
        try:
            outcomes[judged(seed)] += 1
        except AssertionError as error:
            outcomes["wrong"] += 1
            record.failures.append({"seed": seed, "error": str(error), "traceback": traceback.format_exc()[-4000:]})
        seconds = time.process_time() - before
        if seconds > record.slowest:
            record.slowest, record.slowest_seed = seconds, seed
        record.mib = max(record.mib, peak() - base)
    gc.unfreeze()
    record.seconds = time.process_time() - start
    record.outcomes = dict(outcomes)
    return record


def run(folder: Path, mutants: int, end: float = float("inf")) -> Iterator[Record]:
    """Take blocks that nobody has, until all are done or the time is over; a record a block, also in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for block in range(-(-mutants // BLOCK)):
        done, claim = folder / f"{block:06}.json", folder / f"{block:06}.claim"
        if time.monotonic() >= end:
            return
        if done.exists() or not _claimed(claim):
            continue
        record = run_block(block)
        part = claim.with_suffix(".part")
        part.write_text(json.dumps(asdict(record)))
        part.replace(done)
        claim.unlink()
        yield record


def records(folder: Path) -> list[Record]:
    """The records that are there, in order."""
    return [Record(**json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def _claimed(claim: Path) -> bool:
    """Whether this process may have the block: nobody has it, or who had it is gone."""
    with suppress(FileExistsError), claim.open("x") as file:
        file.write(str(os.getpid()))
        return True
    with suppress(ValueError, FileNotFoundError):
        owner = int(claim.read_text())
        with suppress(PermissionError):
            try:
                os.kill(owner, 0)
            except ProcessLookupError:
                claim.write_text(str(os.getpid()))
                return True
    return False


@lru_cache(1)
def digest() -> str:
    """Of the code that is judged: every module and schema output, so that a record says what it speaks of."""
    total = sha256()
    for top in ("vhdx_runtime", "generated/vhdx_format"):
        for path in sorted((ROOT / top).rglob("*.py")):
            total.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return total.hexdigest()[:12]
