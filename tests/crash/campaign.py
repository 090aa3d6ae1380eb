"""Many trials, in blocks; each block is a line of a file, so that a campaign can be taken up again."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.crash.laboratory import Laboratory, Outcome
from tests.crash.ours import judged
from tests.crash.writer import Failing, opened
from tests.support.campaign import digest
from vhdx_runtime.write.recording import Recording

BLOCK = 100
OURS_IN_CAMPAIGN = 9  # one state in so many, and the last one of each session


@dataclass
class Record:
    """What became of a block of trials.

    Attributes:
        block: its number.
        digest: of the code that was judged.
        trials: how many.
        states: how many were judged, by level.
        distinct: how many of them were different files, none of them the file as it was.
        ours: how many went through the project's own open, check and read.
        seconds: of one core.
        findings: what is wrong, with the number of the trial.
    """

    block: int
    digest: str
    trials: int = BLOCK
    states: dict[str, int] = field(default_factory=dict)
    distinct: int = 0
    ours: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)


def laboratory(ours: int = OURS_IN_CAMPAIGN) -> Laboratory:
    """The laboratory of the writer under test; the project judges one state in `ours`, too."""
    return Laboratory(opened, Recording, Failing, judged, ours)


def run_block(block: int) -> Record:
    """Do the trials of a block."""
    start, outcome = time.process_time(), Outcome()
    here = laboratory()
    for number in range(block * BLOCK, (block + 1) * BLOCK):
        here.trial(number, outcome)
    return Record(
        block,
        digest(),
        BLOCK,
        dict(outcome.states),
        len(outcome.keys),
        outcome.ours,
        time.process_time() - start,
        outcome.findings,
    )


def run(file: Path, states: int, first: int = 0, step: int = 1) -> Iterator[Record]:
    """Do blocks that are not recorded yet, every `step`-th from `first` on, until there are enough distinct states."""
    file.parent.mkdir(parents=True, exist_ok=True)
    block = first
    while total(found := records(file)).distinct < states:
        if all(record.block != block for record in found):
            record = run_block(block)
            with file.open("a", buffering=1 << 20) as out:  # one write, as other processes add lines too
                out.write(f"{json.dumps(asdict(record))}\n")
            yield record
        block += step


def records(file: Path) -> list[Record]:
    """The records that are there, in order."""
    lines = file.read_text().splitlines() if file.exists() else []
    return sorted((Record(**json.loads(line)) for line in lines), key=lambda record: record.block)


def total(found: list[Record]) -> Record:
    """All records in one."""
    states = sum((Counter(one.states) for one in found), Counter[str]())
    return Record(
        -1,
        ", ".join(f"{name} ({n} blocks)" for name, n in Counter(one.digest for one in found).most_common()),
        sum(one.trials for one in found),
        dict(sorted(states.items())),
        sum(one.distinct for one in found),
        sum(one.ours for one in found),
        sum(one.seconds for one in found),
        [finding for one in found for finding in one.findings],
    )
