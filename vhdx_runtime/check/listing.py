"""Findings that may come by the million, kept by the dozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..findings import Finding

LISTED = 50


class Listing:
    """Findings in the order in which they came, at most `LISTED` of a rule, and the number of all.

    Attributes:
        findings: those listed.
        totals: rule id to the number of places where the rule does not hold.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.totals: Counter[str] = Counter()

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings one by one."""
        for finding in findings:
            if self.totals[finding.rule] < LISTED:
                self.findings.append(finding)
            self.totals[finding.rule] += 1

    def room(self, rule: str) -> int:
        """How many more findings of a rule would be listed."""
        return max(0, LISTED - self.totals[rule])

    def count(self, rule: str, more: int) -> None:
        """Count places of a rule that are not listed."""
        if more > 0:
            self.totals[rule] += more
