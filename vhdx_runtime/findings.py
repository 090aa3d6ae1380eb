"""A finding: one rule that does not hold, where, what was found and what was expected."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from vhdx_format.rules import RULES, Rule

from .errors import ChainError, FormatError, IntegrityError, Place, UnsupportedError, VhdxError

SALVAGE: Final = "salvage"
"""Condition of a finding: the caller wants what is left of a damaged file."""

_CLASSES: dict[str, type[VhdxError]] = {
    "format": FormatError,
    "integrity": IntegrityError,
    "unsupported": UnsupportedError,
    "chain": ChainError,
}


# With one of these verdicts something is wrong with the file, the worst first; what has another is worth knowing.
WRONG: Final = ("refuse", "degrade", "ignore-object")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule.

    Attributes:
        rule: its id.
        place: structure, field and absolute file offset.
        found: what is there, in words.
        expected: what the rule asks for, in words; "" where `found` says all.
        verdict: refuse, degrade, ignore-object, warn or note, the conditions of this case applied.
        repair: no, auto, offered, manual or lossy, the conditions of this case applied.
    """

    rule: str
    place: Place
    found: str
    expected: str
    verdict: str
    repair: str

    @property
    def declaration(self) -> Rule:
        """The rule as declared in the schema or in formats/rules.yaml."""
        return RULES[self.rule]

    @property
    def section(self) -> str:
        """Section of MS-VHDX that the rule comes from, or "" for a rule from elsewhere."""
        return self.declaration.section

    @property
    def message(self) -> str:
        """One line: where, found, expected, rule, section."""
        source = f", MS-VHDX {self.section}" if self.section[:1].isdigit() else ""
        wanted = f", expected {self.expected}" if self.expected else ""
        return f"{self.place}: {self.found}{wanted} ({self.rule}{source})"

    @property
    def refuses_opening(self) -> bool:
        """A file for which this is found is not opened."""
        return self.verdict == "refuse" and self.declaration.stage == "open"

    @property
    def is_salvageable(self) -> bool:
        """It refuses, and does not when the caller wants what is left."""
        return self.verdict == "refuse" and SALVAGE in self.declaration.when

    def error(self, hint: str = "") -> VhdxError:
        """The error that says the same, and perhaps what to do next."""
        kind = _CLASSES[self.declaration.error or "integrity"]
        return kind(self.message, rule=self.rule, place=self.place, spec=self.section, hint=hint)


def make(rule: str, place: Place, found: str, expected: str, conditions: Collection[str] = ()) -> Finding:
    """Build a finding whose verdict and repair follow from what the rule declares.

    Args:
        rule: id of the broken rule.
        place: where it is broken.
        found: what is there.
        expected: what should be there.
        conditions: names of the conditions that hold, such as "log_guid_set"; the first one that the rule's `when`
            names decides the verdict, otherwise the rule's own verdict stands; likewise `repair_when` and the repair.
    """
    declared = RULES[rule]
    verdict = next((v for name, v in declared.when.items() if name in conditions), declared.verdict)
    return Finding(rule, place, found, expected, verdict, repair_of(rule, conditions))


def repair_of(rule: str, conditions: Collection[str]) -> str:
    """How a rule is mended under some conditions: no, auto, offered, manual or lossy."""
    declared = RULES[rule]
    return next((repair for name, repair in declared.repair_when.items() if name in conditions), declared.repair)


def salvaged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with the verdicts that they have when the caller wants what is left.

    >>> [f.verdict for f in salvaged([make("LOG-025", Place("log"), "", ""), make("LOG-024", Place("log"), "", "")])]
    ['degrade', 'refuse']
    """
    return tuple(replace(f, verdict=f.declaration.when[SALVAGE]) if f.is_salvageable else f for f in findings)


def first_refusing(findings: Iterable[Finding]) -> Finding | None:
    """The first finding of stage open whose verdict is refuse, or None."""
    return next((one for one in findings if one.refuses_opening), None)


def raise_first(findings: Iterable[Finding]) -> None:
    """Raise the error of the first finding of stage open whose verdict is refuse, if there is one.

    Raises:
        VhdxError: the class that the rule declares.
    """
    refusing = first_refusing(findings)
    if refusing:
        raise refusing.error()
