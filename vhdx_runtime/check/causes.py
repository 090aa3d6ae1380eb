"""Findings by what seems to be their cause: hundreds of places of one cause are one thing to tell.

A row of bad entries breaks several rules over and over, and everything behind a cut is outside the file. All stays in
the report; this says what to show of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ..findings import Finding

SHOWN: Final = 10  # findings of a rule in a structure that are shown one by one

_BEHIND_A_CUT: Final = ("BAT-006", "BAT-013", "BAT-015")


class Cause(NamedTuple):
    """Findings of one structure that belong together.

    Attributes:
        findings: to be shown; of many the first one.
        totals: rule id to the number of places, where not all are shown.
    """

    findings: Sequence[Finding]
    totals: Mapping[str, int]


def causes(findings: Sequence[Finding], totals: Mapping[str, int], is_cut: bool) -> Iterator[Cause]:
    """The findings of one structure by cause.

    Rules belong together where the places of one lie among those of another with more than `SHOWN`.
    """
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    owners: dict[str, str] = {}
    for rule, found in by_rule.items():
        if totals[rule] > SHOWN and rule not in owners:
            behind = is_cut and rule in _BEHIND_A_CUT
            others = (other for other in by_rule if other not in owners)
            owners |= {
                other: rule
                for other in list(others)
                if other == rule or (behind and other in _BEHIND_A_CUT) or _among(by_rule[other], found)
            }
    for rule, found in by_rule.items():
        owned = [other for other, owner in owners.items() if owner == rule]
        if owned:
            yield Cause(found[:1], {other: totals[other] for other in owned})
        elif rule not in owners:
            yield Cause(found, {})


def _among(findings: Sequence[Finding], others: Sequence[Finding]) -> bool:
    """True where all places lie between the first and the last place of others."""
    spots = [finding.place.file_offset or 0 for finding in others]
    return all(min(spots) <= (finding.place.file_offset or 0) <= max(spots) for finding in findings)


def totals_of(
    findings: Sequence[Finding], all_findings: Sequence[Finding], totals: Mapping[str, int]
) -> dict[str, int]:
    """The number of places in one structure by rule: what is counted only goes with the listed ones of its rule."""
    here, listed = (Counter(finding.rule for finding in some) for some in (findings, all_findings))
    return {rule: totals[rule] if count == listed[rule] else count for rule, count in here.items()}
