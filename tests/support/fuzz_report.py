"""The record of a campaign as Markdown."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence

from tests.support.campaign import BLOCK, WHOLE_EVERY, Record
from tests.support.judged import GROWTH, SECONDS, SMALL
from vhdx_runtime import __version__


def report(records: Sequence[Record]) -> str:
    """What a campaign tried, how it ended and what it cost.

    Args:
        records: of all its blocks.
    """
    outcomes = sum((Counter(record.outcomes) for record in records), Counter[str]())
    seconds = sum(record.seconds for record in records)
    failures = [failure for record in records for failure in record.failures]
    slowest = max(records, key=lambda record: record.slowest)
    digests = Counter(record.digest for record in records)
    total = outcomes.total()
    lines = [
        "# Our own reader under fuzz",
        "",
        f"`make fuzz MUTANTS={len(records) * BLOCK}`: {total} mutants, blocks {records[0].block} to "
        f"{records[-1].block} of {BLOCK} seeds each.",
        "Each was opened and read (each rescue option now and then), checked, and inspected (the tree as `vhdx "
        f"inspect` prints it; of one in {WHOLE_EVERY} the whole tree, every byte accounted for).",
        "Mutants are made of healthy files of every kind and of four conformance cases a block, by the mutators of "
        "`vhdx_runtime/fuzz/`: fields and structures changed, checksums made right again.",
        f"All are at most {SMALL >> 20} MiB. Limits: {SECONDS:g} s of the processor for each use, {GROWTH} MiB more "
        "memory.",
        "",
        "| outcome | mutants |",
        "| --- | ---: |",
        *(f"| {name} | {number} |" for name, number in outcomes.most_common()),
        f"| **all** | **{total}** |",
        "",
        f"- Wrong (anything but a VhdxError, a contradiction, too dear): **{len(failures)}**",
        f"- Time: {seconds:.0f} s of one core, {1000 * seconds / max(1, total):.2f} ms a mutant, "
        f"{total / max(seconds, 1e-9):.0f} mutants/s",
        f"- Slowest mutant: {slowest.slowest:.2f} s in all (seed {slowest.slowest_seed})",
        f"- Largest growth of memory over a block's start: {max(record.mib for record in records):.0f} MiB",
        f"- vhdx-runtime {__version__}, {platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}; digest of the code: "
        + ", ".join(f"{name} ({number} blocks)" for name, number in digests.most_common()),
        "- One mutant again: `python -m tests.fuzz --seed N`",
        "",
    ]
    for failure in failures:
        lines += [f"## Seed {failure['seed']}", "", "```", failure["traceback"].rstrip(), "```", ""]
    return "\n".join(lines)
