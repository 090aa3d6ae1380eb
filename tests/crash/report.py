"""The record of a campaign as Markdown."""

from __future__ import annotations

import platform

from tests.crash.campaign import Record
from vhdx_runtime import __version__


def report(record: Record) -> str:
    """What a campaign tried, and what became of it.

    Args:
        record: of all its blocks.
    """
    judged = sum(record.states.values())
    lines = [
        "# The crash laboratory",
        "",
        f"`python -m tests.crash --states {record.distinct}`: {record.trials} sessions of the writer were recorded; "
        f"of the files that a crash may leave {judged} were judged, {record.distinct} of them distinct; `tests/crash/` "
        "says how.",
        "",
        "| | states |",
        "| --- | ---: |",
        *(f"| {_words(level)} | {count} |" for level, count in record.states.items()),
        f"| **judged** | **{judged}** |",
        f"| distinct, and not the file as it was | {record.distinct} |",
        f"| through the project's own open, check and read | {record.ours} |",
        "",
        f"- States that are not as they have to be: **{len(record.findings)}**",
        f"- Time: {record.seconds:.0f} s of one core, {judged / max(record.seconds, 1e-9):.0f} states a second",
        f"- vhdx-runtime {__version__}, {platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}; digest of the code: {record.digest}",
        "- One trial again: `python -m tests.crash --trial N`",
        *(f"- **{finding}**" for finding in record.findings),
        "",
    ]
    return "\n".join(lines)


def _words(level: str) -> str:
    return {
        "level 1": "of a session that starts from a sound file",
        "level 2": "of what opens such a state: its recovery, and what the guest does then",
        "level 3": "of what opens a state of that",
    }.get(level, level)
