"""The record of a campaign as Markdown."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Sequence

from tests.damage.bases import of_recipes
from tests.damage.campaign import BLOCK, BOTH_EVERY, Record, files, quick
from tests.damage.real import of_images
from tests.damage.trial import LOST, REFUSED, RIGHT, WRONG
from tests.damage.unknowable import Unknowable
from vhdx_runtime import __version__

KINDS = (RIGHT, LOST, REFUSED, WRONG)


def report(records: Sequence[Record]) -> str:
    """What a campaign damaged, what became of it, and which classes of what nobody can know were met.

    Args:
        records: of all its blocks.
    """
    all_files = sum((files(record) for record in records), Counter[str]())
    classes, told = _sum(record.classes for record in records), _sum(record.told for record in records)
    salvaged = _sum(record.salvaged for record in records)
    seconds, total = sum(record.seconds for record in records), all_files.total()
    failures = [failure for record in records for failure in record.failures]
    lines = [
        "# The damage laboratory",
        "",
        f"`python -m tests.damage --images {len(records) * BLOCK}`: {total} damaged files, made of "
        f"{len(of_recipes())} sound files of recipes (two of three of the {len(quick())} quick to read) and of "
        f"{len(of_images())} real images ({sum(record.real for record in records)} files).",
        "Each was opened and every guest byte compared with the truth; where not all was right, with salvage as well "
        f"(of the others one in {BOTH_EVERY}). `tests/damage/` says how.",
        "",
        "| hit | files | " + " | ".join(KINDS) + " |",
        "| --- | ---: |" + " ---: |" * len(KINDS),
        *_rows(records, is_filling=False),
        _row("**all**", all_files),
        _row("**all, with salvage**", salvaged),
        "",
        "| filled with | files | " + " | ".join(KINDS) + " |",
        "| --- | ---: |" + " ---: |" * len(KINDS),
        *_rows(records, is_filling=True),
        "",
        "Silently wrong, by why nobody can know it; and in how many of these files `check` still finds something:",
        "",
        "| class | files | found by check | |",
        "| --- | ---: | ---: | --- |",
        *(f"| {one.name} | {classes[one.name]} | {told[one.name]} | {one.value} |" for one in Unknowable),
        "",
        f"- Silently wrong although the file holds evidence, or given up without need: **{len(failures)}**",
        f"- Time: {seconds:.0f} s of one core, {total / max(seconds, 1e-9):.0f} files a second",
        f"- vhdx-runtime {__version__}, {platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}; digest of the code: "
        + ", ".join(f"{name} ({n} blocks)" for name, n in Counter(record.digest for record in records).most_common()),
        "- One of them again: `python -m tests.damage --number N`",
        *(f"- **{failure}**" for failure in failures),
        "",
    ]
    return "\n".join(lines)


def _rows(records: Sequence[Record], *, is_filling: bool) -> list[str]:
    keys = {key for record in records for key in record.outcomes if key.startswith("filling: ") is is_filling}
    sums = {key: _sum(record.outcomes.get(key, {}) for record in records) for key in keys}
    return [_row(key.removeprefix("filling: "), sums[key]) for key in sorted(keys)]


def _row(name: str, counts: Counter[str]) -> str:
    return f"| {name} | {counts.total()} | " + " | ".join(str(counts[kind]) for kind in KINDS) + " |"


def _sum(counts: Iterable[dict[str, int]]) -> Counter[str]:
    return sum((Counter(one) for one in counts), Counter[str]())
